"""FolderRun: a run as its folder alone tells of it, for when the database does not."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from engine.errors import DescentError
from engine.events.run_events import EpochEnded, RunState, SettingChanged
from engine.files.bounded import DAMAGED, parse_object, read_whole
from engine.inference.evaluation.evaluation import Evaluation
from engine.runs.run_file import RunHistory, read_history, read_run_file
from engine.runs.run_folders import SPEC_FILE
from engine.training.checkpoint import find_checkpoint
from engine.training.progress import Progress

MODEL_FILE = "model.keras"
FOUND_AGAIN = "Found again from its folder."


@dataclass(frozen=True)
class FolderRun:
    """A run as its folder tells of it.

    Attributes:
        values: Columns of the table `runs`.
        epochs: The epochs that were recorded, the first first.
        changes: What was changed while it was trained.
        is_exact: It was written as the database had it; else it is made of what the run left.
    """

    values: Mapping[str, Any]
    epochs: tuple[EpochEnded, ...]
    changes: tuple[SettingChanged, ...]
    is_exact: bool


def read_folder(folder: Path) -> FolderRun | None:
    """Reads the folder of a run; None: it does not say enough to be one."""
    run = folder.name
    history = read_history(run, folder)
    progress = _progress(folder)
    if progress is not None:
        _fill(run, history, progress)
    epochs = tuple(epoch for _, epoch in sorted(history.epochs.items()))
    values = read_run_file(folder)
    is_exact = values is not None
    if values is None:
        values = _from_what_is_left(folder, progress)
    if values is None:
        return None
    if epochs and epochs[-1].epoch > (values.get("epochs_done") or 0):
        values = {**values, **_from_epochs(epochs)}
    return FolderRun(values, epochs, tuple(history.changes), is_exact)


def _progress(folder: Path) -> Progress | None:
    """How far the run was at its newest whole checkpoint."""
    try:
        found = find_checkpoint(folder / "checkpoints").checkpoint
    except DescentError:
        return None
    return found.progress if found is not None else None


def _fill(run: str, history: RunHistory, progress: Progress) -> None:
    """Takes what the history lacks from a checkpoint, which knows the metrics of each epoch."""
    n_done = len(progress.history)
    for epoch, metrics in enumerate(progress.history, start=1):
        if epoch not in history.epochs:
            history.epochs[epoch] = EpochEnded(
                run,
                epoch=epoch,
                step=round(progress.step * epoch / max(n_done, progress.epoch - 1, 1)),
                metrics=metrics,
                duration_s=progress.elapsed_s / n_done,
                elapsed_s=progress.elapsed_s * epoch / n_done,
                samples_per_s=0.0,
                is_best=epoch == progress.best_epoch,
            )


def _from_epochs(epochs: tuple[EpochEnded, ...]) -> dict[str, Any]:
    """What the last epochs say of a run whose row was written before them."""
    last = epochs[-1]
    best = [epoch.epoch for epoch in epochs if epoch.is_best]
    return {
        "epochs_done": last.epoch,
        "metrics": json.dumps(last.metrics),
        "duration_s": last.elapsed_s,
        "best_epoch": best[-1] if best else None,
    }


def _from_what_is_left(folder: Path, progress: Progress | None) -> dict[str, Any] | None:
    """The row of a run whose folder an older version wrote, or whose ``run.json`` is damaged."""
    try:
        text = read_whole(folder / SPEC_FILE).decode("utf-8")
        spec = parse_object(text)
        source, model = str(spec["data"]["source"]), str(spec["model"]["name"])
        planned = int(spec["training"]["epochs"])
    except DAMAGED:
        return None
    title = Path(source).stem or source
    created = datetime.strptime(folder.name[:15], "%Y%m%d-%H%M%S").astimezone(UTC)
    has_model = (folder / MODEL_FILE).is_file()
    is_over = progress is not None and progress.is_over
    state = RunState.INTERRUPTED
    if has_model:
        state = RunState.FINISHED if is_over else RunState.STOPPED
    return {
        "id": folder.name,
        "name": f"{title} · {model}",
        "state": state.value,
        "reason": FOUND_AGAIN,
        "created_at": created.isoformat(),
        "ended_at": created.isoformat(),
        "spec": text,
        "dataset_title": title,
        "model_title": model,
        "epochs_planned": progress.epochs if progress is not None else planned,
        "epochs_done": 0,
        "duration_s": progress.elapsed_s if progress is not None else 0.0,
        "metrics": json.dumps(_final_metrics(folder, spec, progress)),
        "best_epoch": (progress.best_epoch or None) if progress is not None else None,
        "owner_pid": 0,
        "owner_started_s": 0.0,
    }


def _final_metrics(folder: Path, spec: Mapping[str, Any], progress: Progress | None) -> Any:
    """What the run ended with: those of the epoch whose weights it kept, and of the test part."""
    metrics: dict[str, float] = {}
    if progress is not None and progress.history:
        keeps_best = spec["training"].get("keep", "best") == "best" and progress.best_epoch
        kept = progress.best_epoch if keeps_best else len(progress.history)
        metrics = dict(progress.history[kept - 1])
    try:
        evaluation = Evaluation.load(folder)
    except DescentError:
        return metrics
    if evaluation is not None:
        metrics |= {f"test_{name}": value for name, value in evaluation.metrics.items()}
    return metrics
