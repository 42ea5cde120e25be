"""Reads everything that is known of a stored run's result. In the thread of the store."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from engine.errors import DescentError, WorkspaceError
from engine.inference.contract import Contract
from engine.inference.evaluation.analysing import kept_analysis
from engine.inference.evaluation.analysis import Analysis
from engine.inference.evaluation.evaluation import Evaluation
from engine.inference.evaluation.predictions import Predictions, file_name
from engine.inference.evaluation.scored import ScoredExamples
from engine.runs.store import RunStore
from gui.state.run_result import RunResult

LARGE_BYTES: Final = 48 << 20
"""More takes so long to read that the page is shown before."""


def read_result(store: RunStore, run: str) -> RunResult:
    """Reads what is known of a run; damaged predictions take only themselves away.

    Raises:
        DescentError: There is no such run, or its evaluation is damaged.
    """
    record = store.get(run)
    folder = store.folder(record.id)
    evaluation = Evaluation.load(folder)
    flow, changes = tuple(store.flow(record.id)), tuple(store.changes(record.id))
    found = ExamplesRead()
    is_large = evaluation is not None and _size(folder, evaluation.part) > LARGE_BYTES
    if evaluation is not None and not is_large:
        found = read_examples(folder, evaluation.part)
    return RunResult(
        run,
        record,
        evaluation,
        flow,
        changes,
        found.scored.predictions if found.scored is not None else None,
        found.scored,
        found.analysis,
        _kind_of(folder),
        found.lacking,
        is_large,
    )


@dataclass(frozen=True, eq=False)
class ExamplesRead:
    """What a model says of each example of a part, and what is known of that.

    Attributes:
        scored: None: it was not kept.
        analysis: None: it was not made yet.
        lacking: Why it cannot be read; empty: it can.
    """

    scored: ScoredExamples | None = None
    analysis: Analysis | None = None
    lacking: str = ""


def read_examples(folder: Path, part: str) -> ExamplesRead:
    """Reads what a model says of the examples of a part; damage is told in words."""
    try:
        scored = read_scored(folder, part)
    except WorkspaceError as error:
        return ExamplesRead(lacking=error.message)
    if scored is None:
        return ExamplesRead()
    return ExamplesRead(scored, kept_analysis(folder, scored.predictions))


def read_scored(folder: Path, part: str) -> ScoredExamples | None:
    """Reads what a model says of the examples of a part; None where that was not kept.

    Raises:
        WorkspaceError: The file is damaged, or was written by a newer Descent.
    """
    predictions = Predictions.load(folder, part)
    return None if predictions is None else ScoredExamples.of(predictions)


def _kind_of(folder: Path) -> str:
    """What one example is; empty where the run has no sound contract."""
    try:
        return Contract.load(folder).signature.kind.value
    except DescentError:
        return ""


def _size(folder: Path, part: str) -> int:
    """Bytes of the predictions of a part; 0 where there are none."""
    try:
        return (folder / file_name(part)).stat().st_size
    except OSError:
        return 0
