"""What predicted numbers and scores of anomaly are worth, with intervals; conformal intervals."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from engine.datasets.base import AnyArray
from engine.inference.evaluation.by_example import evenly, stretches
from engine.inference.evaluation.intervals import Floats, Resampling, ratio
from engine.inference.evaluation.measured import Measured, mean_of
from engine.inference.evaluation.predictions import Predictions, are_finite
from engine.inference.evaluation.scores import bins_of, resampled_areas, ties_of
from engine.inference.evaluation.studentised import error_ranges

CONFORMAL_LEVELS = (0.8, 0.9, 0.95)
_MOST_SUMS = 6_000_000


def measure_numbers(predictions: Predictions, measured: Measured) -> None:
    """Adds the errors of `Evaluation` and the median error; of several numbers, their mean."""
    truth, outputs = predictions.truth, predictions.outputs
    n, n_values = truth.shape
    resampling = measured.resampling
    if resampling.n_units * 4 * n_values > _MOST_SUMS:
        resampling = Resampling(n, predictions.clusters, 500, 400)
    middle = truth.mean(axis=0, dtype=np.float64)

    def values_of(some: slice) -> AnyArray:
        errors, centred = outputs[some] - truth[some], truth[some] - middle
        counted = np.ones((len(errors), 1))
        return np.concatenate([errors**2, np.abs(errors), centred, centred**2, counted], axis=1)

    names = ["mean_squared_error", "root_mean_squared_error", "mean_absolute_error", "r2_score"]
    sums = resampling.sums_of(values_of, 4 * n_values + 1)
    found = resampling.resampled(sums, _number_means)
    measured.add(names, found, ranges=error_ranges(resampling, sums, measured.level))
    if n < 2:
        measured.set("r2_score", math.nan, (math.nan, math.nan), "")
    _measure_median(predictions, measured)


def _measure_median(predictions: Predictions, measured: Measured) -> None:
    kept, resampling = evenly(*predictions.truth.shape), measured.resampling
    sizes = np.abs(predictions.outputs[kept] - predictions.truth[kept])
    if len(kept) < len(predictions):
        groups = predictions.clusters
        resampling = Resampling(len(kept), None if groups is None else groups[kept])
    bins = bins_of(ties_of(sizes.ravel())).reshape(sizes.shape)
    middles = _medians_of_bins(sizes.ravel(), bins.ravel())
    counts = resampling.counts(bins, len(middles))
    median = resampling.resampled(counts, lambda sums: _medians(sums, middles))
    measured.add(["median_absolute_error"], median, [float(np.median(sizes))])


def _number_means(sums: Floats) -> Floats:
    """Squared, root of squared and absolute error and R², (…, 4), each a mean over the numbers."""
    squared, absolute, total, of_squares = np.split(sums[..., :-1], 4, axis=-1)
    n = sums[..., -1:]
    mean_squared = ratio(squared, n, np.nan)
    spread = of_squares - ratio(total**2, n, np.nan)
    # As scikit-learn: of a constant nothing can be explained, unless all is right.
    nothing = np.where(squared <= 1e-12, 1.0, 0.0)
    constant = spread <= 1e-12 * np.maximum(of_squares, 1e-300)
    r2 = np.where(constant, nothing, 1.0 - ratio(squared, spread, np.nan))
    return np.stack(
        [
            mean_squared.mean(axis=-1),
            np.sqrt(mean_squared).mean(axis=-1),
            ratio(absolute, n, np.nan).mean(axis=-1),
            r2.mean(axis=-1),
        ],
        axis=-1,
    )


def _medians_of_bins(values: AnyArray, bins: AnyArray) -> Floats:
    """A value that stands for each bin, (bins,): their mean."""
    counts = np.bincount(bins)
    return ratio(np.bincount(bins, values), counts)


def _medians(sums: Floats, middles: Floats) -> Floats:
    """The median of values counted by bins, (…, 1)."""
    below = np.cumsum(sums, axis=-1)
    half = below[..., -1:] / 2
    place = np.minimum((below < half).sum(axis=-1), len(middles) - 1)
    return np.asarray(middles[place][..., np.newaxis])


def measure_steps(predictions: Predictions) -> dict[str, list[float]]:
    """Errors at each step of the horizon, (horizon,) by metric."""
    n, n_steps = predictions.truth.shape
    sizes, squares = np.zeros(n_steps), np.zeros(n_steps)
    for some in stretches(n, n_steps):
        errors = np.asarray(predictions.outputs[some] - predictions.truth[some], np.float64)
        sizes += np.abs(errors).sum(axis=0)
        squares += (errors**2).sum(axis=0)
    return {
        "mean_absolute_error": (sizes / n).tolist(),
        "root_mean_squared_error": np.sqrt(squares / n).tolist(),
    }


def conformal(validation: Predictions, test: Predictions) -> list[dict[str, Any]]:
    """Prediction intervals from the errors of the validation part, JSON-ready.

    Split conformal prediction (Lei et al. 2018, JASA 113:1094): with new examples like those of
    the validation part, prediction ± `half_width` holds the truth as often as `level` says.

    Returns:
        For each level: half a width for each number, None where the part is too small to say;
        how many examples it rests on; and the share of the test part it holds, with its interval.
    """
    known = np.flatnonzero(are_finite(validation))
    n, n_values = len(known), validation.truth.shape[1]
    places = {level: math.ceil((n + 1) * level) - 1 for level in CONFORMAL_LEVELS}
    widths = np.full((len(places), n_values), np.nan)
    held = np.zeros((len(places), len(test)))
    for value in range(n_values):  # one after the other: of many, all errors need not be held
        errors = np.abs(validation.outputs[known, value] - validation.truth[known, value])
        errors.sort()
        seen = np.abs(test.outputs[:, value] - test.truth[:, value])
        for number, place in enumerate(places.values()):
            if place < n:
                widths[number, value] = errors[place]
                held[number] += seen <= errors[place]
    measured = Measured(Resampling(len(test), test.clusters))
    # Of several numbers of one example each counts as a part of it.
    every = np.full((len(test), len(places)), float(n_values))
    measured.add_shares([str(level) for level in places], held.T, every)
    return [
        {
            "level": level,
            "half_width": widths[number].tolist() if place < n else None,
            "n": n,
            "coverage": measured.metrics[str(level)] if place < n else None,
            "coverage_interval": list(measured.intervals[str(level)]) if place < n else None,
        }
        for number, (level, place) in enumerate(places.items())
    ]


def measure_anomalies(predictions: Predictions, measured: Measured) -> None:
    """Adds the metrics of `anomaly_metrics`, as far as the truth is known."""
    scores, truth = predictions.outputs, predictions.truth
    above, n = scores > predictions.thresholds[0], len(scores)
    every = np.ones(n)
    if not (truth < 0).any():
        is_unusual = truth == 1
        if is_unusual.any() and not is_unusual.all():
            found, exact = resampled_areas(measured.resampling, scores, is_unusual)
            few = float(min(is_unusual.sum(), n - is_unusual.sum()))
            measured.add_rare(["roc_auc", "average_precision"], found, exact.tolist(), few)
        else:
            for name in ("roc_auc", "average_precision"):
                measured.set(name, math.nan, (math.nan, math.nan), "")
        hits = np.stack([above & is_unusual, above & is_unusual, above & ~is_unusual], axis=1)
        counted = np.stack([is_unusual, above, ~is_unusual], axis=1)
        measured.add_shares(["recall", "precision", "false_alarm_rate"], hits, counted)
        if not above.any():  # as scikit-learn, and `anomaly_metrics`
            measured.set("precision", 0.0, (math.nan, math.nan), "")
    measured.add_shares(["share_above_threshold"], above[:, np.newaxis], every[:, np.newaxis])
    sums = measured.resampling.sums(np.stack([scores, every], axis=1))
    measured.add(["mean_score"], measured.resampling.resampled(sums, mean_of))
