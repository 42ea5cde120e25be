"""Analyses a part of a run's data: what is quick first, then simple models and groups.

Whatever is made is written at once, so that who looks sees as much as there is.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from engine.datasets.base import Progress
from engine.errors import Cancelled, DescentError, WorkspaceError
from engine.events.analysing import RunAnalysed
from engine.inference.baselines.comparing import fit_baselines
from engine.inference.evaluation.analysing import analyse, kept_analysis
from engine.inference.evaluation.analysis import Analysis
from engine.inference.evaluation.evaluation import Evaluation
from engine.inference.evaluation.predictions import Predictions, finite
from engine.inference.groups.attributes import attributes_of
from engine.inference.groups.searching import find_groups
from engine.service.results.evaluating import evaluate_part_of, evaluate_run
from engine.service.results.future import with_future
from engine.service.results.judging import findings_of_run
from engine.service.results.opened_run import OpenedRun
from engine.service.results.returns import has_environment, with_returns

logger = logging.getLogger(__name__)

_NEEDED = "Simple models and groups need the data"
# Of outputs, between a model that was trained just now and the same model read from its file.
_ROUNDING = 1e-4


def analyse_run(
    run: OpenedRun, part: str | None, progress: Progress, anew: bool = False
) -> RunAnalysed:
    """Makes what is missing of the analysis of a part, and keeps it with the run.

    Args:
        run: The run.
        part: Which part; None: the one its evaluation is of, else the test part.
        progress: Told how far it is.
        anew: Make everything again.

    Raises:
        WorkspaceError: The run has no model, or what was found cannot be written.
        DatasetError: It has no predictions yet, and its data is gone, or has changed.
        Cancelled: Someone asked to stop.
    """
    predictions = predictions_of(run, part, progress)
    analysis = None if anew else kept_analysis(run.folder, predictions)
    if analysis is None:
        progress("Analysing", 0, 0)
        analysis = analyse(predictions, _validation(run, predictions))
        analysis.save(run.folder)
    if not analysis.is_complete:
        analysis = completed(run, analysis, predictions, progress)
        analysis.save(run.folder)
    return RunAnalysed(run.record.id, analysis.part)


def analysis_now(run: OpenedRun, predictions: Predictions, progress: Progress) -> Analysis:
    """The whole analysis of predictions that were just made; kept with the run, if it can be.

    Args:
        run: The run.
        predictions: What its model says of a part.
        progress: Told how far it is.

    Raises:
        Cancelled: Someone asked to stop.
    """
    is_kept = not run.change and not run.record.state.is_active
    if is_kept:
        predictions = _kept_or_new(run, predictions)
    analysis = kept_analysis(run.folder, predictions) if is_kept else None
    if analysis is None:
        analysis = analyse(predictions, _validation(run, predictions))
    if not analysis.is_complete:
        analysis = completed(run, analysis, predictions, progress)
        if is_kept:
            _written(analysis.save, run)
    return analysis


def _kept_or_new(run: OpenedRun, predictions: Predictions) -> Predictions:
    """Those the run keeps, where these differ from them by rounding only; else these, kept now."""
    try:
        kept = Predictions.load(run.folder, predictions.part)
    except DescentError:
        kept = None  # damaged: these take their place
    if kept is not None and _are_alike(kept, predictions):
        return kept
    _written(predictions.save, run)
    return predictions


def _are_alike(first: Predictions, second: Predictions) -> bool:
    if not (np.array_equal(first.rows, second.rows) and np.array_equal(first.truth, second.truth)):
        return False
    if first.outputs.dtype == object:
        return np.array_equal(first.outputs, second.outputs)
    scale = float(np.nanmax(np.abs(first.outputs), initial=0.0))
    return first.outputs.shape == second.outputs.shape and np.allclose(
        first.outputs, second.outputs, rtol=0.0, atol=_ROUNDING * scale, equal_nan=True
    )


def _written(save: Callable[[Path], None], run: OpenedRun) -> None:
    """Writes what can be made again; where that fails, what is known is told all the same."""
    try:
        save(run.folder)
    except WorkspaceError as error:
        logger.warning("%s", error.message)


def predictions_of(run: OpenedRun, part: str | None, progress: Progress) -> Predictions:
    """What the model says of a part: as it was kept, else made and kept now.

    Raises:
        WorkspaceError: The run has no model, or what was found cannot be written.
        DatasetError: Its data is gone, or has changed.
        Cancelled: Someone asked to stop.
    """
    if part is None:
        evaluation = Evaluation.load(run.folder)
        part = evaluation.part if evaluation is not None else None
    found = Predictions.load(run.folder, part) if part is not None else None
    if found is None:
        part = evaluate_run(run, part, progress).part
        found = Predictions.load(run.folder, part)
    if found is None:  # somebody else removed it meanwhile
        found = evaluate_part_of(run, part, progress)[1]
    return found


def completed(
    run: OpenedRun, analysis: Analysis, predictions: Predictions, progress: Progress
) -> Analysis:
    """An analysis with what needs the data: simple models; and what is to be said of it.

    Where the data is gone or has changed, that is told in its notes, and the rest holds.

    Raises:
        Cancelled: Someone asked to stop.
    """
    problem = _data_problem(run, progress)
    if problem:
        notes = [*_standing(analysis), problem]
        analysis = replace(analysis, extra={**analysis.extra, "notes": notes})
    else:
        analysis = replace(analysis, extra={**analysis.extra, "notes": _standing(analysis)})
        analysis = _with_groups(run, analysis, predictions, progress)
        analysis = _with_baselines(run, analysis, predictions, progress)
        analysis = with_future(run, analysis)
        if has_environment(run):
            analysis = with_returns(run, analysis, progress)
    return _concluded(run, analysis, predictions, progress)


def _concluded(
    run: OpenedRun, analysis: Analysis, predictions: Predictions, progress: Progress
) -> Analysis:
    """An analysis with all that the run has to say of itself, which rests on all the rest."""
    findings = findings_of_run(
        run,
        predictions,
        _validation(run, predictions),
        analysis.baselines,
        analysis.main_metric,
        progress,
    )
    return replace(analysis, findings=findings)


def _validation(run: OpenedRun, predictions: Predictions) -> Predictions | None:
    if predictions.part == "validation":
        return None
    try:
        return Predictions.load(run.folder, "validation")
    except DescentError:
        return None  # damaged: all but what rests on it can be said


def _standing(analysis: Analysis) -> list[str]:
    """Notes that hold whether the data is there or not."""
    return [note for note in analysis.extra.get("notes", ()) if not note.startswith(_NEEDED)]


def _data_problem(run: OpenedRun, progress: Progress) -> str:
    """Why nothing can be learnt from the run's data any more; empty: it can."""
    try:
        run.prepared(progress)
    except Cancelled:
        raise
    except DescentError as error:
        return f"{_NEEDED}. {error.message}"
    if run.change:
        return f"{_NEEDED} as it was. {run.change.text}"
    return ""


def _with_groups(
    run: OpenedRun, analysis: Analysis, predictions: Predictions, progress: Progress
) -> Analysis:
    examples = run.prepared(progress).examples
    predictions = finite(predictions)
    source = Path(run.record.spec.data.source)
    attributes = attributes_of(examples, predictions.rows, source, progress)
    groups, n_tried = find_groups(predictions, attributes)
    return replace(analysis, groups=groups, n_tried=n_tried)


def _with_baselines(
    run: OpenedRun, analysis: Analysis, predictions: Predictions, progress: Progress
) -> Analysis:
    prepared = run.prepared(progress)
    found = fit_baselines(
        predictions,
        prepared.examples,
        prepared.parts,
        run.contract.preprocessing,
        progress,
        run.record.spec.anomaly.threshold,
    )
    extra = dict(analysis.extra)
    if found.skills is not None:
        extra["skill"] = found.skills
    return replace(
        analysis,
        baselines=found.scores,
        curves=(*analysis.curves, *found.curves),
        extra=extra,
    )
