"""Reads everything that is known of a stored run's result. In the thread of the store."""

from __future__ import annotations

from pathlib import Path

from engine.errors import DescentError, WorkspaceError
from engine.inference.contract import Contract
from engine.inference.evaluation.analysing import kept_analysis
from engine.inference.evaluation.evaluation import Evaluation
from engine.inference.evaluation.predictions import Predictions
from engine.inference.evaluation.scored import ScoredExamples
from engine.runs.store import RunStore
from gui.state.run_repository import RunResult


def read_result(store: RunStore, run: str) -> RunResult:
    """Reads what is known of a run; damaged predictions take only themselves away.

    Raises:
        DescentError: There is no such run, or its evaluation is damaged.
    """
    record = store.get(run)
    folder = store.folder(record.id)
    evaluation = Evaluation.load(folder)
    flow, changes = tuple(store.flow(record.id)), tuple(store.changes(record.id))
    scored, analysis, lacking = None, None, ""
    if evaluation is not None:
        try:
            scored = read_scored(folder, evaluation.part)
            analysis = kept_analysis(folder, scored.predictions) if scored is not None else None
        except WorkspaceError as error:
            lacking = error.message
    return RunResult(
        run,
        record,
        evaluation,
        flow,
        changes,
        scored.predictions if scored is not None else None,
        scored,
        analysis,
        kind=_kind_of(folder),
        lacking=lacking,
    )


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
