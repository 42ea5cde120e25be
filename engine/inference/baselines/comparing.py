"""Fits simple models and compares a run's own with them, example by example."""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np

from engine.datasets.base import AnyArray, Examples, IndexArray, Progress, silent
from engine.datasets.split import Parts
from engine.errors import Cancelled, DescentError
from engine.inference.baselines import BASELINES
from engine.inference.baselines.base import Baseline, Lesson, Predict
from engine.inference.evaluation.analysing import horizon_curve, main_metric, measure, with_outputs
from engine.inference.evaluation.analysis import BaselineScore, Curve
from engine.inference.evaluation.measured import Measured
from engine.inference.evaluation.predictions import Predictions, chosen, finite
from engine.preprocessing import Preprocessing
from engine.preprocessing.score_threshold import choose_threshold
from engine.preprocessing.targets import LabelTargets
from engine.spec.signature import Output, Task

logger = logging.getLogger(__name__)

_NICENESS = 10
BUDGET_S = 90.0
"""So long all simple models together may learn; each but the first gets an equal share of it."""
MAX_ASKED = 100_000
"""They are asked about at most so many examples, drawn evenly; the run's own is compared there."""


@dataclass(frozen=True, eq=False)
class Comparison:
    """What simple models reach.

    Attributes:
        scores: From the simplest model on.
        curves: Of forecasts, the error of each at each step.
        skills: Of numbers: 1 less the model's squared error over that of each simple model; above
            0 the run's own is better.
    """

    scores: tuple[BaselineScore, ...] = ()
    curves: tuple[Curve, ...] = ()
    skills: dict[str, float] | None = None


def fit_baselines(
    predictions: Predictions,
    examples: Examples,
    parts: Parts,
    preprocessing: Preprocessing,
    progress: Progress = silent,
    unusual_share: float | None = None,
    budget_s: float = BUDGET_S,
) -> Comparison:
    """Fits every simple model that applies, and measures it as the run's own was.

    Args:
        predictions: Of the run's own model, for the part on which they are compared.
        examples: All of the data.
        parts: What is learnt from, and what settings are chosen by.
        preprocessing: Of the run's own model.
        progress: Told which is being fitted.
        unusual_share: Of anomalies: the share of the training part below the threshold; None: it
            is chosen as that of the run's own model.
        budget_s: Seconds for all together; none is begun after it, but the first.

    Raises:
        Cancelled: Someone asked to stop.
    """
    main = main_metric(predictions)
    predictions = finite(predictions)
    if not main or not len(predictions) or not len(parts.train):
        return Comparison()
    if len(predictions) > MAX_ASKED:
        places = np.linspace(0, len(predictions) - 1, MAX_ASKED).astype(np.int64)
        predictions = chosen(predictions, places)
    wanted = [it for kind in BASELINES if (it := kind()).applies(examples)]

    def lesson_of(deadline: float) -> Lesson:
        return Lesson(
            examples, parts.train, parts.validation, preprocessing, deadline, parts.unusual
        )

    with ThreadPoolExecutor(1, "baselines", _yield_to_others) as executor:
        fitting = executor.submit(
            _compare, predictions, wanted, lesson_of, main, progress, unusual_share, budget_s
        )
        return fitting.result()


def _compare(
    predictions: Predictions,
    wanted: Sequence[Baseline],
    lesson_of: Callable[[float], Lesson],
    main: str,
    progress: Progress,
    unusual_share: float | None,
    budget_s: float,
) -> Comparison:
    """Fits one after another; runs in a thread of its own, which yields to others."""
    from threadpoolctl import threadpool_limits

    scores: list[BaselineScore] = []
    curves: list[Curve] = []
    skills: dict[str, float] = {}
    # Half of the machine is left to whoever trains meanwhile.
    with threadpool_limits(max(1, (os.cpu_count() or 2) // 2)):
        own = measure(predictions, with_areas=predictions.is_anomaly)
        ends_at = time.monotonic() + budget_s
        for place, baseline in enumerate(wanted):
            progress("Fitting simple models", place, len(wanted))
            left = max(0.0, ends_at - time.monotonic())
            lesson = lesson_of(time.monotonic() + left / (len(wanted) - place))
            score, found = _scored(baseline, lesson, predictions, own, main, unusual_share)
            scores.append(score)
            if found is None or predictions.is_anomaly or predictions.output is not Output.NUMBERS:
                continue
            if (error := score.metrics["mean_squared_error"]) > 0:
                skills[score.name] = 1.0 - own.metrics["mean_squared_error"] / error
            if predictions.task is Task.FORECASTING and predictions.truth.shape[1] > 1:
                curves.append(horizon_curve(score.name, found))
    return Comparison(tuple(scores), tuple(curves), skills or None)


def _yield_to_others() -> None:
    """Lets this thread run when nobody else wants to, where threads have priorities (Linux)."""
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)


def _scored(
    baseline: Baseline,
    lesson: Lesson,
    predictions: Predictions,
    own: Measured,
    main: str,
    unusual_share: float | None,
) -> tuple[BaselineScore, Predictions | None]:
    """What one simple model reaches, and what it says; None where it could not be fitted."""
    begun = time.monotonic()
    try:
        predict = baseline.fit(lesson)
        seconds = time.monotonic() - begun
        found = _predictions(predict, lesson, predictions, unusual_share)
        if len(finite(found)) < len(found):
            raise ValueError("what it predicts is no finite number")
        measured = measure(found, own.resampling, with_areas=predictions.is_anomaly)
    except Cancelled:
        raise
    except (DescentError, ValueError, MemoryError, ArithmeticError, OSError) as error:
        logger.warning("The baseline %s failed", baseline.name, exc_info=True)
        reason = f"It could not be fitted: {str(error).rstrip('.') or type(error).__name__}."
        return BaselineScore(baseline.name, baseline.title, problem=reason), None
    score = BaselineScore(
        baseline.name,
        baseline.title,
        measured.metrics,
        measured.intervals,
        seconds,
        own.difference(measured, main),
        note="; ".join(lesson.notes),
    )
    return score, found


def _predictions(
    predict: Predict, lesson: Lesson, predictions: Predictions, unusual_share: float | None
) -> Predictions:
    """What a simple model says of the same examples, with thresholds of its own."""
    found = with_outputs(predictions, predict(predictions.rows))
    if predictions.is_anomaly:
        learnt, held_out, known = (
            predict(_some(part)) if len(part) else np.zeros(0)
            for part in (lesson.train, lesson.validation, lesson.unusual)
        )
        threshold = choose_threshold(learnt, held_out, known, unusual_share)
        return replace(
            with_outputs(predictions, found.outputs.reshape(len(predictions))),
            thresholds=np.array([threshold.value]),
        )
    if predictions.output is Output.LABELS:
        targets = LabelTargets.even(len(predictions.class_names))
        rows = _some(lesson.validation)
        if len(rows):
            targets = targets.learnt(predict(rows), lesson.examples.y[rows])
        return replace(found, thresholds=np.asarray(targets.thresholds, np.float64))
    return found


def _some(rows: IndexArray, most: int = 20_000) -> AnyArray:
    return rows[:: max(1, -(-len(rows) // most))]
