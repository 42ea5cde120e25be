"""Evaluates a part of a run's data anew, and keeps what is found with the run."""

from __future__ import annotations

from engine.datasets.base import Progress
from engine.errors import WorkspaceError
from engine.events.results import RunEvaluated
from engine.inference.evaluation.anomalies import evaluate_part
from engine.inference.evaluation.evaluation import Evaluation
from engine.inference.evaluation.predictions import Predictions
from engine.service.results.opened_run import OpenedRun


def evaluate_part_of(
    run: OpenedRun, part: str | None, progress: Progress
) -> tuple[Evaluation, Predictions]:
    """Asks the model of a run about a part of its data.

    Raises:
        DescentError: The run has no model, its data is gone, or it has no such part.
    """
    part, rows = run.rows(part, progress)
    outputs = run.predict(rows, progress)
    examples = run.prepared(progress).examples
    preprocessing = run.contract.preprocessing
    return (
        evaluate_part(part, rows, outputs, examples, preprocessing),
        Predictions.of(part, rows, outputs, examples, preprocessing),
    )


def evaluate_run(run: OpenedRun, part: str | None, progress: Progress) -> RunEvaluated:
    """Evaluates a part and keeps its predictions; that of the test part is the run's evaluation.

    Raises:
        WorkspaceError: The run has no model, or what was found cannot be written.
        DatasetError: Its data is gone, or has changed.
    """
    evaluation, predictions = evaluate_part_of(run, part, progress)
    if run.change:
        # Its parts may hold what the model learnt from: no numbers to be kept as the run's.
        raise WorkspaceError(run.change.text, "Bring the data back as it was, or train anew.")
    predictions.save(run.folder)
    old = Evaluation.load(run.folder)
    if evaluation.part == "test" or old is None or old.part == evaluation.part:
        loss = old.metrics.get("loss") if old is not None else None
        if loss is not None:
            evaluation = evaluation.with_metrics({**evaluation.metrics, "loss": loss})
        evaluation.save(run.folder)
    return RunEvaluated(run.record.id, evaluation.part)
