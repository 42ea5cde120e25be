"""What classes and labels are worth, with intervals: shares, means, areas, calibration."""

from __future__ import annotations

import numpy as np

from engine.datasets.base import AnyArray
from engine.inference.evaluation.by_example import evenly
from engine.inference.evaluation.intervals import Floats, Resampled, Resampling, ratio
from engine.inference.evaluation.measured import Measured, mean_of
from engine.inference.evaluation.predictions import Predictions
from engine.inference.evaluation.scores import (
    calibration_bins,
    calibration_error,
    calibration_sums,
    resampled_areas,
)

TOP_K = 5
MANY_CLASSES = 50
"""With more, areas are drawn anew less often and by coarser bins."""
_CHUNK_ROWS = 20_000


def measure_classes(predictions: Predictions, measured: Measured, with_areas: bool = True) -> None:
    """Adds the metrics of `Evaluation` and those of the probabilities.

    Args:
        predictions: Of classes.
        measured: Is added to.
        with_areas: The areas under the curves, too: most of the work.
    """
    resampling = measured.resampling
    truth, predicted = predictions.truth, predictions.predicted
    n_classes = predictions.outputs.shape[1]
    is_right = truth == predicted
    counts = np.ones((len(truth), 1))
    measured.add_shares(["accuracy"], is_right[:, np.newaxis], counts)
    n = float(resampling.n_units if resampling.is_grouped else len(truth))
    coded = resampling
    if n_classes > MANY_CLASSES and resampling.n_units * n_classes > 200_000:
        coded = Resampling(len(truth), predictions.clusters, 500, 400)
    sums = _class_sums(predictions, coded)
    names = ["balanced_accuracy", "precision", "recall", "f1_score"]
    measured.add(names, coded.resampled(sums, _class_means), n_counted=n)
    losses = np.stack([predictions.losses, np.ones(len(truth))], axis=1)
    measured.add(["log_loss"], resampling.resampled(resampling.sums(losses), mean_of))
    _measure_top(predictions, measured)
    _measure_calibration(predictions, measured, is_right)
    if with_areas:
        _measure_areas(predictions, measured)


def _class_means(sums: Floats) -> Floats:
    """Means over classes, (…, 4), of hits, examples and predictions by class, (…, 3 · classes)."""
    hits, n_true, n_said = np.split(sums, 3, axis=-1)
    present, occurs = n_true > 0, (n_true > 0) | (n_said > 0)
    recall, precision = ratio(hits, n_true), ratio(hits, n_said)
    f1 = ratio(2 * hits, n_true + n_said)
    n_present, n_occur = present.sum(axis=-1), occurs.sum(axis=-1)
    return np.stack(
        [
            ratio(recall.sum(axis=-1), n_present, np.nan),
            ratio(precision.sum(axis=-1), n_occur, np.nan),
            ratio(recall.sum(axis=-1), n_occur, np.nan),
            ratio(f1.sum(axis=-1), n_occur, np.nan),
        ],
        axis=-1,
    )


def ranks_of_truth(outputs: AnyArray, truth: AnyArray) -> AnyArray:
    """How many classes are likelier than the true one, (n,); of equal ones the first is."""
    ranks = np.zeros(len(truth), np.int64)
    classes = np.arange(outputs.shape[1])
    for start in range(0, len(truth), _CHUNK_ROWS):
        part = outputs[start : start + _CHUNK_ROWS]
        true = truth[start : start + _CHUNK_ROWS, np.newaxis]
        own = np.take_along_axis(part, true, axis=1)
        ranks[start : start + len(part)] = ((part > own) | ((part == own) & (classes < true))).sum(
            axis=1
        )
    return ranks


def _measure_top(predictions: Predictions, measured: Measured) -> None:
    if predictions.outputs.shape[1] <= TOP_K:
        return
    is_among = ranks_of_truth(predictions.outputs, predictions.truth) < TOP_K
    name = f"top_{TOP_K}_accuracy"
    measured.add_shares([name], is_among[:, np.newaxis], np.ones((len(is_among), 1)))


def _measure_calibration(predictions: Predictions, measured: Measured, is_right: AnyArray) -> None:
    confidence = predictions.outputs.max(axis=1).astype(np.float64)
    bins = calibration_bins(confidence)
    sums = calibration_sums(measured.resampling, confidence, is_right, bins)
    found = measured.resampling.resampled(sums, calibration_error)
    method = "grouped bootstrap" if measured.resampling.is_grouped else "bootstrap"
    interval = found.of_noise(0, measured.level)
    measured.set("expected_calibration_error", float(found.value[0]), interval, method)


def _measure_areas(predictions: Predictions, measured: Measured) -> None:
    truth, outputs = predictions.truth, predictions.outputs
    n_classes = outputs.shape[1]
    if n_classes == 2:
        _add_areas(measured, measured.resampling, outputs[:, 1:], (truth == 1)[:, np.newaxis], "")
        return
    kept = evenly(len(truth), n_classes)
    present = np.flatnonzero(np.bincount(truth, minlength=n_classes))
    is_class = truth[kept, np.newaxis] == present
    _add_macro(predictions, measured, outputs[kept][:, present], is_class, kept)


def _add_macro(
    predictions: Predictions,
    measured: Measured,
    scores: AnyArray,
    is_positive: AnyArray,
    kept: AnyArray,
) -> None:
    """Adds means over classes or labels of both areas."""
    resampling = measured.resampling
    if scores.shape[1] > 3 or len(kept) < len(predictions):
        # Many curves: each is drawn anew less finely.
        groups = predictions.clusters
        few = (500, 400) if scores.shape[1] <= MANY_CLASSES else (250, 200)
        resampling = Resampling(len(kept), None if groups is None else groups[kept], *few)
    _add_areas(measured, resampling, scores, is_positive, "_macro")


def _add_areas(
    measured: Measured,
    resampling: Resampling,
    scores: AnyArray,
    is_positive: AnyArray,
    ending: str,
) -> None:
    """Adds both areas; of several columns the means over those that hold both kinds."""
    n_positive = is_positive.sum(axis=0)
    both = np.flatnonzero((n_positive > 0) & (n_positive < len(is_positive)))
    names = [f"roc_auc{ending}", f"average_precision{ending}"]
    if not len(both):
        for name in names:
            measured.set(name, float("nan"), (float("nan"), float("nan")), "")
        return
    bins = 512 if len(both) <= 3 else 128
    found = [
        resampled_areas(resampling, scores[:, column], is_positive[:, column], bins)
        for column in both
    ]
    exact = np.mean([areas for _, areas in found], axis=0)
    drawn = _mean_of_areas([item for item, _ in found])
    few = np.median(np.minimum(n_positive, len(is_positive) - n_positive)[both])
    measured.add_rare(names, drawn, exact.tolist(), float(few))


def _mean_of_areas(drawn: list[Resampled]) -> Resampled:
    """The mean over columns; in draws, over those that still hold both kinds."""
    if len(drawn) == 1:
        return drawn[0]
    return Resampled(
        *(
            _mean_known(np.stack([getattr(item, name) for item in drawn]))
            for name in ("value", "replicates", "jackknife")
        )
    )


def _mean_known(values: Floats) -> Floats:
    """Means over the first axis of what is known; NaN where nothing is."""
    known = np.isfinite(values)
    return ratio(np.where(known, values, 0.0).sum(axis=0), known.sum(axis=0), np.nan)


def measure_labels(predictions: Predictions, measured: Measured, with_areas: bool = True) -> None:
    """Adds the metrics of labels, by the names of `evaluate_labels`."""
    truth, resampling = predictions.truth, measured.resampling
    n, n_labels = truth.shape

    def values_of(some: slice) -> AnyArray:
        true, said = truth[some] > 0, predictions.outputs[some] > predictions.thresholds
        is_right = true == said
        whole = [is_right.all(axis=1), is_right.mean(axis=1), np.ones(len(true))]
        return np.concatenate([true & said, true, said, np.stack(whole, axis=1)], axis=1)

    sums = resampling.sums_of(values_of, 3 * n_labels + 3)
    measured.add_share_sums(["subset_accuracy"], sums[:, [-3, -1]])
    found = resampling.resampled(np.delete(sums, -3, axis=1), _label_means)
    n_true = sums[:, n_labels : 2 * n_labels].sum(axis=0)
    # Means over labels are of as few as have a label: most are rare.
    few = float(np.median(n_true[n_true > 0])) if n_true.any() else 1.0
    names = ["f1_macro", "precision_macro", "recall_macro"]
    measured.add_rare(names, found, found.value[:3].tolist(), few)
    n_units = float(resampling.n_units if resampling.is_grouped else n)
    measured.add(["", "", "", "f1_micro", "binary_accuracy"], found, n_counted=n_units)
    if with_areas:
        kept = evenly(n, n_labels)
        _add_macro(predictions, measured, predictions.outputs[kept], truth[kept] > 0, kept)


def _label_means(sums: Floats) -> Floats:
    hits, n_true, n_said = np.split(sums[..., :-2], 3, axis=-1)
    occurs = (n_true > 0) | (n_said > 0)
    n_occur = occurs.sum(axis=-1)
    means = [
        ratio(values.sum(axis=-1), n_occur, np.nan)
        for values in (
            ratio(2 * hits, n_true + n_said),
            ratio(hits, n_said),
            ratio(hits, n_true),
        )
    ]
    micro = ratio(2 * hits.sum(axis=-1), (n_true + n_said).sum(axis=-1))
    return np.stack([*means, micro, ratio(sums[..., -2], sums[..., -1])], axis=-1)


def class_intervals(predictions: Predictions) -> list[dict[str, object]]:
    """Recall and precision of each class or label with their intervals, JSON-ready.

    Wilson's; where the split keeps groups together, and of forecasts, the grouped bootstrap.
    """
    measured = Measured(_coarse(predictions))
    n_names = len(predictions.class_names)
    sums = _class_sums(predictions, measured.resampling)
    hits, n_true, n_said = np.split(sums, 3, axis=1)
    places = [str(place) for place in range(n_names)]
    found: dict[str, list[list[float] | None]] = {}
    for name, counts in (("recall", n_true), ("precision", n_said)):
        measured.add_share_sums(places, np.concatenate([hits, counts], axis=1))
        found[name] = [
            list(measured.intervals[place]) if count else None
            for place, count in zip(places, counts.sum(axis=0), strict=True)
        ]
    supports = n_true.sum(axis=0).astype(int).tolist()
    return [
        {"name": name, "support": support, "recall": recall, "precision": precision}
        for name, support, recall, precision in zip(
            predictions.class_names, supports, found["recall"], found["precision"], strict=True
        )
    ]


def _coarse(predictions: Predictions) -> Resampling:
    """Draws examples anew as finely as sums for each class can be held."""
    n, width = len(predictions), len(predictions.class_names)
    if predictions.clusters is None:
        return Resampling(n, max_units=1, n_replicates=1)  # Wilson's need none
    return Resampling(n, predictions.clusters, *((500, 400) if width > MANY_CLASSES else ()))


def _class_sums(predictions: Predictions, resampling: Resampling) -> Floats:
    """Hits, examples and predictions by class or label of each unit, (units, 3 · classes)."""
    truth, n_classes = predictions.truth, len(predictions.class_names)
    if truth.ndim == 2:

        def values_of(some: slice) -> AnyArray:
            true, said = truth[some] > 0, predictions.outputs[some] > predictions.thresholds
            return np.concatenate([true & said, true, said], axis=1)

        return resampling.sums_of(values_of, 3 * n_classes)
    said = predictions.predicted
    hits = np.where(truth == said, truth, -1)
    return np.concatenate(
        [resampling.counts(codes, n_classes) for codes in (hits, truth, said)], axis=1
    )
