"""Evaluation of anomaly scores, and of a part of any data. Needs no TensorFlow."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from engine.datasets.anomaly import unusual_mask
from engine.datasets.base import AnyArray, Examples, IndexArray
from engine.errors import DatasetError
from engine.inference.evaluation.evaluation import (
    MAX_ROWS,
    MAX_TEXTS,
    Evaluation,
    UnusualExample,
    check_finite,
    compact,
    evaluate_predictions,
)
from engine.inference.evaluation.labels import evaluate_labels
from engine.preprocessing import Preprocessing
from engine.preprocessing.targets import AnomalyTargets, LabelTargets
from engine.spec.signature import Task

MAX_SHOWN = 100
"""How many of the most unusual examples are named."""


def evaluate_part(
    part: str,
    rows: IndexArray,
    outputs: AnyArray,
    examples: Examples,
    preprocessing: Preprocessing,
) -> Evaluation:
    """Compares what a model says of a part of the data with what is known of it.

    Args:
        part: Which part of the data it is.
        rows: Its examples, (n,).
        outputs: Predictions for them in the target's own terms, (n, …).
        examples: All of the data.
        preprocessing: Of the model; for anomalies it knows the threshold.

    Raises:
        DatasetError: The part holds no examples.
        TrainingError: An output is not a finite number.
    """
    targets = preprocessing.targets
    if isinstance(targets, LabelTargets):
        return evaluate_labels(part, rows, outputs, examples, targets)
    if not isinstance(targets, AnomalyTargets):
        evaluation = evaluate_predictions(
            part,
            examples.y[rows],
            outputs,
            examples.output,
            examples.target_name,
            examples.class_names,
        )
        if examples.task is not Task.TRANSLATION:
            return evaluation
        return evaluation.with_sources(examples.x[rows[:MAX_TEXTS]])
    return _evaluate_scores(part, rows, outputs, examples, targets)


def _evaluate_scores(
    part: str, rows: IndexArray, outputs: AnyArray, examples: Examples, targets: AnomalyTargets
) -> Evaluation:
    """Compares scores, (n, 1), with what is known of the examples; see `evaluate_part`."""
    if not len(rows):
        raise DatasetError(
            f"The {part} part holds no examples. Received: 0.", f"Make the {part} part larger."
        )
    check_finite(outputs)
    scores = outputs.reshape(len(rows)).astype(np.float64)
    limit = math.inf if targets.threshold is None else targets.threshold
    mask = unusual_mask(examples, rows)
    highest = np.argsort(-scores, kind="stable")[:MAX_SHOWN]
    shown = np.unique(np.linspace(0, len(rows) - 1, min(len(rows), MAX_ROWS)).astype(np.int64))
    known = np.full(len(rows), -1.0) if mask is None else mask.astype(np.float64)
    return Evaluation(
        part=part,
        n_samples=len(rows),
        metrics=anomaly_metrics(scores, mask, limit),
        target_name=examples.target_name,
        y_true=compact(known[shown]),
        y_pred=compact(scores[shown]),
        threshold=limit,
        threshold_by=targets.chosen_by,
        averages={} if mask is None else dict.fromkeys(("precision", "recall"), "binary"),
        most_unusual=tuple(
            UnusualExample(
                examples.name_of(int(rows[place])),
                float(scores[place]),
                examples.class_names[int(examples.y[rows[place]])] if examples.has_classes else "",
                None if mask is None else bool(mask[place]),
            )
            for place in highest.tolist()
        ),
    )


def anomaly_metrics(
    scores: npt.NDArray[np.float64], is_unusual: AnyArray | None, threshold: float
) -> dict[str, float]:
    """What scores are worth, by scikit-learn's names where it has one.

    Args:
        scores: (n,), high for what is unusual.
        is_unusual: What is known, (n,) bool; None: nothing.
        threshold: Above it an example is called unusual.

    Returns:
        ``roc_auc``: the chance that an unusual example has a higher score than a usual one, and
        ``average_precision``; ``recall``: share of the unusual ones that are above the threshold,
        ``precision``: share of unusual ones among those above it, ``false_alarm_rate``: share of
        the usual ones above it. NaN where the part holds only one of both kinds. Always
        ``share_above_threshold`` and ``mean_score``.
    """
    from sklearn import metrics as sk

    above = scores > threshold
    found: dict[str, float] = {}
    if is_unusual is not None:
        has_both = bool(is_unusual.any() and not is_unusual.all())
        nan = math.nan
        found["roc_auc"] = float(sk.roc_auc_score(is_unusual, scores)) if has_both else nan
        found["average_precision"] = (
            float(sk.average_precision_score(is_unusual, scores)) if has_both else nan
        )
        found["recall"] = float(above[is_unusual].mean()) if is_unusual.any() else nan
        found["precision"] = float(is_unusual[above].mean()) if above.any() else 0.0
        found["false_alarm_rate"] = nan if is_unusual.all() else float(above[~is_unusual].mean())
    found["share_above_threshold"] = float(above.mean())
    found["mean_score"] = float(scores.mean())
    return found
