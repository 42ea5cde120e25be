"""Whether what is stored of a run in several places agrees: a changed digit is told, not believed.

The database has a run's numbers, and so have its evaluation and its checkpoints, which are written
under digests.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from engine.errors import WorkspaceError
from engine.events.run_events import EpochEnded
from engine.files.bounded import DAMAGED, parse_object, read_whole
from engine.inference.evaluation.evaluation import Evaluation
from engine.runs.record import RunRecord
from engine.training.checkpoint import number_of, read_manifest

KIND: Final = "numbers_disagree"
"""By which programs know the finding."""
_TEST: Final = "test_"
_MAX_BYTES: Final = 1 << 30

Metrics = Mapping[str, float]


def disagreements(
    record: RunRecord, epochs: Sequence[EpochEnded], folder: Path
) -> list[dict[str, Any]]:
    """Finds the numbers of a run that are others elsewhere.

    Args:
        record: The run.
        epochs: Its epochs, as they are stored.
        folder: Its files.

    Returns:
        Findings as JSON values, each with its kind, a sentence and the numbers; empty: all agrees,
        as far as there is something to compare with.
    """
    history = _history(folder / "checkpoints")
    problems = [*_of_test(record, folder), *_of_epochs(epochs, history)]
    shown = {name: value for name, value in record.metrics.items() if not name.startswith(_TEST)}
    if history and len(history) >= record.epochs_done:
        known = [history[-1]] if record.best_epoch is None else history
        problems += [
            _finding(f"{name} is {value!r}, which no epoch of its checkpoint has", name, value)
            for name, value in shown.items()
            if not any(_same(metrics.get(name), value) for metrics in known)
        ]
    return problems


def disputed_test_metrics(record: RunRecord, folder: Path) -> list[dict[str, Any]]:
    """As `disagreements`, of what was measured on the test part alone; quick."""
    return _of_test(record, folder)


def _of_test(record: RunRecord, folder: Path) -> list[dict[str, Any]]:
    measured = {
        name.removeprefix(_TEST): value
        for name, value in record.metrics.items()
        if name.startswith(_TEST)
    }
    if not measured:
        return []
    try:
        evaluation = Evaluation.load(folder)
    except WorkspaceError as error:
        return [_finding(f"whether its test metrics are right is not known: {error.message}")]
    if evaluation is None:
        return []
    return [
        _finding(
            f"{_TEST}{name} is {value!r} in the database and "
            f"{evaluation.metrics.get(name)!r} in its evaluation",
            f"{_TEST}{name}",
            value,
        )
        for name, value in measured.items()
        if not _same(evaluation.metrics.get(name), value)
    ]


def _of_epochs(epochs: Sequence[EpochEnded], history: Sequence[Metrics]) -> list[dict[str, Any]]:
    stored_epochs = {epoch.epoch for epoch in epochs}
    found = [
        _finding(f"epoch {number} is in its checkpoint and not in the database")
        for number in range(1, len(history) + 1)
        if number not in stored_epochs
    ]
    for epoch in epochs:
        if not 0 < epoch.epoch <= len(history):
            continue
        stored = history[epoch.epoch - 1]
        for name in {**stored, **epoch.metrics}:
            value = epoch.metrics.get(name)
            if not _same(stored.get(name), value):
                text = (
                    f"{name} of epoch {epoch.epoch} is {value!r} in the database and "
                    f"{stored.get(name)!r} in its checkpoint"
                )
                found.append(_finding(text, name, value))
    return found


def _history(folder: Path) -> list[dict[str, Any]]:
    """The metrics of each epoch, as the newest checkpoint whose progress is whole has them."""
    for path in sorted(folder.glob("checkpoint-*"), key=number_of, reverse=True):
        try:
            content = read_whole(path / "progress.json", _MAX_BYTES)
            if hashlib.sha256(content).hexdigest() != read_manifest(path)["progress.json"]:
                continue
            training = parse_object(content)["training"]
            return [dict(metrics) for metrics in training["history"]]
        except DAMAGED:
            continue
    return []


def _same(first: Any, second: Any) -> bool:
    """Equal; what is not finite has no one way to be written."""
    if all(isinstance(value, float) and not math.isfinite(value) for value in (first, second)):
        return True
    return bool(first == second)


def _finding(text: str, name: str = "", value: Any = None) -> dict[str, Any]:
    sentence = f"What is stored of this run does not agree: {text.rstrip('.')}."
    evidence = {"metric": name, "value": value} if name else {}
    return {"kind": KIND, "text": sentence, "evidence": evidence}
