"""Makes an `Analysis` of predictions: intervals, curves and what one kind of output alone has.

Needs neither the model nor the data. Baselines and groups, which do, are added by others.

`Analysis.extra` holds, where it applies:

- ``notes``: sentences that people should read, such as what was left out.
- ``n``: how many examples it is of.
- ``classes``: of each class or label, recall and precision with their intervals.
- ``class_order``: class indices, those that are confused beside each other.
- ``thresholds``: by class or label, rows of threshold and counts; see `threshold_table`.
- ``calibration_bins``: ``equal mass``.
- ``conformal``: prediction intervals; see `number_measures.conformal`.
- ``horizon``: errors at each step, by metric; ``skill``: by baseline, see `skills`.
- ``future``: of each series, what is expected after its end; see `engine.service.results.future`.
- ``returns``: of episodes that the policy played, where its environment is there.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from engine.datasets.base import AnyArray
from engine.errors import WorkspaceError
from engine.inference.evaluation.analysis import Analysis, Curve
from engine.inference.evaluation.by_example import evenly
from engine.inference.evaluation.class_measures import (
    class_intervals,
    measure_classes,
    measure_labels,
)
from engine.inference.evaluation.class_order import class_order, confusion_of
from engine.inference.evaluation.curves import (
    calibration_curve,
    residual_curve,
    threshold_curves,
    threshold_table,
    top_k_curve,
)
from engine.inference.evaluation.intervals import LEVEL, Resampling
from engine.inference.evaluation.measured import Measured
from engine.inference.evaluation.number_measures import (
    conformal,
    measure_anomalies,
    measure_numbers,
    measure_steps,
)
from engine.inference.evaluation.predictions import Predictions, finite
from engine.inference.evaluation.text_measures import measure_texts
from engine.spec.signature import Output, Task

logger = logging.getLogger(__name__)

FEW = 30
"""With fewer examples, intervals other than Wilson's are narrower than the doubt."""


def main_metric(predictions: Predictions) -> str:
    """By what models for such predictions are compared; empty: there is nothing to compare by."""
    if predictions.is_anomaly:
        return "" if (predictions.truth < 0).any() else "roc_auc"
    return {
        Output.CLASSES: "accuracy",
        Output.LABELS: "f1_macro",
        Output.NUMBERS: "root_mean_squared_error",
        Output.TOKENS: "character_error_rate",
    }[predictions.output]


def measure(
    predictions: Predictions,
    resampling: Resampling | None = None,
    with_areas: bool = True,
    level: float = LEVEL,
) -> Measured:
    """Metrics of predictions with their intervals.

    Args:
        predictions: All finite; at least one.
        resampling: That of what they are compared with; None: one of their own.
        with_areas: The areas under curves, too, which take the most time.
        level: How surely each interval holds.
    """
    resampling = resampling or Resampling(len(predictions), predictions.clusters)
    measured = Measured(resampling, level=level)
    if predictions.is_anomaly:
        measure_anomalies(predictions, measured)
        return measured
    match predictions.output:
        case Output.CLASSES:
            measure_classes(predictions, measured, with_areas)
        case Output.LABELS:
            measure_labels(predictions, measured, with_areas)
        case Output.NUMBERS:
            measure_numbers(predictions, measured)
        case Output.TOKENS:
            measure_texts(predictions, measured)
    return measured


def analyse(predictions: Predictions, validation: Predictions | None = None) -> Analysis:
    """Says how sure the numbers of predictions are, and draws their curves.

    Args:
        predictions: Of the part; those that are not finite are left out, and that is told.
        validation: Of the validation part, from which prediction intervals of numbers are learnt;
            None: there is none.
    """
    from threadpoolctl import threadpool_limits

    notes: list[str] = []
    digest, n_kept = predictions.digest, len(predictions)
    predictions = finite(predictions)
    n = len(predictions)
    if n < n_kept:
        notes.append(
            f"{n_kept - n:,} of {n_kept:,} predictions are no finite numbers and were left out."
        )
    if predictions.n_all > n_kept:
        notes.append(
            f"{n_kept:,} of {predictions.n_all:,} examples were kept, drawn evenly; intervals are "
            "of those."
        )
    extra: dict[str, Any] = {"n": n, "notes": notes}
    main = main_metric(predictions)
    if not n:
        return Analysis(predictions.part, main, extra=extra, source=digest)
    # Small products: threads would wait for each other more than they help. And squares of what is
    # near the largest numbers are infinite.
    with threadpool_limits(1, user_api="blas"), np.errstate(over="ignore", invalid="ignore"):
        measured = measure(predictions)
        curves, more = _of_output(predictions, validation)
    if predictions.outputs.dtype != object:
        n_drawn = len(evenly(n, predictions.outputs[0].size))
        what = "Areas and their curves are" if predictions.class_names else "The median error is"
        if n_drawn < n:
            notes.append(f"{what} of {n_drawn:,} examples, drawn evenly.")
    if n < FEW:
        notes.append(f"With {n} examples the intervals are rough.")
    return Analysis(
        predictions.part,
        main,
        measured.intervals,
        measured.methods,
        measured.metrics,
        tuple(curves),
        extra={**extra, **more},
        source=digest,
    )


def kept_analysis(folder: Path, predictions: Predictions) -> Analysis | None:
    """The analysis that lies in a run's folder; None where there is none of these predictions.

    One that is damaged is as good as none: it can be made anew.
    """
    try:
        found = Analysis.load(folder, predictions.part)
    except WorkspaceError as error:
        logger.warning("%s", error.message)
        return None
    return found if found is not None and found.source == predictions.digest else None


def _of_output(
    predictions: Predictions, validation: Predictions | None
) -> tuple[list[Curve], dict[str, Any]]:
    """Curves, and what one kind of output alone has."""
    if predictions.is_anomaly:
        return threshold_curves(predictions), {"thresholds": threshold_table(predictions)}
    match predictions.output:
        case Output.CLASSES | Output.LABELS:
            return _of_classes(predictions)
        case Output.NUMBERS:
            more: dict[str, Any] = {}
            curves = [residual_curve(predictions)]
            if validation is not None and len(validation) and predictions.part == "test":
                more["conformal"] = conformal(validation, predictions)
            if predictions.task is Task.FORECASTING and predictions.truth.shape[1] > 1:
                more["horizon"] = measure_steps(predictions)
                curves += [horizon_curve("", predictions)]
            return curves, more
        case Output.TOKENS:
            return [], {}


def _of_classes(predictions: Predictions) -> tuple[list[Curve], dict[str, Any]]:
    curves = [*threshold_curves(predictions), calibration_curve(predictions)]
    more: dict[str, Any] = {
        "classes": class_intervals(predictions),
        "thresholds": threshold_table(predictions),
        "calibration_bins": "equal mass",
    }
    if predictions.output is Output.CLASSES:
        n_classes = predictions.outputs.shape[1]
        curves.append(top_k_curve(predictions))
        confusion = confusion_of(predictions.truth, predictions.predicted, n_classes)
        more["class_order"] = class_order(confusion)
    return curves, more


def horizon_curve(name: str, predictions: Predictions) -> Curve:
    """The mean absolute error at each step of the horizon: x the step, from 1."""
    errors = np.array(measure_steps(predictions)["mean_absolute_error"])
    return Curve("horizon", name, np.arange(1.0, len(errors) + 1), errors)


def with_outputs(predictions: Predictions, outputs: AnyArray) -> Predictions:
    """The same examples as another model sees them."""
    return replace(predictions, outputs=outputs)
