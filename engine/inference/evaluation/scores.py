"""Areas under curves as sums over bins of scores, so that they can be drawn anew quickly."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engine.datasets.base import AnyArray
from engine.inference.evaluation.intervals import Floats, Resampled, Resampling, ratio

MAX_BINS = 512
N_CALIBRATION_BINS = 15


def ties_of(scores: AnyArray) -> npt.NDArray[np.int64]:
    """A number for each score, (n,), rising from 0; equal scores have the same."""
    order = np.argsort(scores, kind="stable")
    rises = np.diff(scores[order]) > 0
    numbers = np.zeros(len(scores), np.int64)
    numbers[order[1:]] = np.cumsum(rises)
    return numbers


def bins_of(ties: AnyArray, max_bins: int = MAX_BINS) -> npt.NDArray[np.int64]:
    """The bin of each score, (n,), rising: each value its own, or bins of equal mass.

    Args:
        ties: As `ties_of` numbers them.
        max_bins: There are no more.
    """
    if ties.max() < max_bins:
        return ties.astype(np.int64)
    counts = np.bincount(ties)
    first = np.cumsum(counts) - counts
    return (first * max_bins // len(ties))[ties]


def areas(sums: Floats) -> Floats:
    """Area under the ROC curve and average precision, (…, 2).

    As scikit-learn's `roc_auc_score` and `average_precision_score`; NaN where there is one kind.

    Args:
        sums: Negative examples of each bin of scores, rising, then positive ones, (…, 2 · bins).
    """
    negative, positive = np.split(sums, 2, axis=-1)
    n_negative, n_positive = negative.sum(axis=-1), positive.sum(axis=-1)
    below = np.cumsum(negative, axis=-1) - negative / 2
    area = ratio((positive * below).sum(axis=-1), n_negative * n_positive, np.nan)
    # From the highest score down: how many are found, and how many are called so.
    found = np.cumsum(positive[..., ::-1], axis=-1)
    called = found + np.cumsum(negative[..., ::-1], axis=-1)
    steps = positive[..., ::-1] * ratio(found, called)
    average = ratio(steps.sum(axis=-1), n_positive, np.nan)
    average = np.where(n_negative > 0, average, np.nan)
    return np.stack([area, average], axis=-1)


def resampled_areas(
    resampling: Resampling, scores: AnyArray, is_positive: AnyArray, max_bins: int = MAX_BINS
) -> tuple[Resampled, Floats]:
    """Both `areas` of scores, (n,), drawn anew by bins; and themselves, of each score, (2,)."""
    ties = ties_of(scores)
    n_ties = int(ties.max()) + 1
    exact = areas(np.bincount(ties + n_ties * is_positive, minlength=2 * n_ties).astype(float))
    bins = bins_of(ties, max_bins)
    n_bins = int(bins.max()) + 1
    counts = resampling.counts(bins + n_bins * is_positive, 2 * n_bins)
    return resampling.resampled(counts, areas), exact


def calibration_bins(confidence: AnyArray) -> npt.NDArray[np.int64]:
    """The bin of each confidence, (n,): 15 of equal mass, equal confidences in the same.

    Bins of equal mass bias the error least (Roelofs et al. 2022, https://arxiv.org/abs/2012.08668).
    """
    return bins_of(ties_of(confidence), N_CALIBRATION_BINS)


def calibration_error(sums: Floats) -> Floats:
    """Expected calibration error, (…, 1), of sums of confidence, hits and examples, (…, 3 · bins).

    The mean distance of a bin's confidence and its share of hits, weighted by its examples
    (Guo et al. 2017, https://arxiv.org/abs/1706.04599).
    """
    confidence, hits, n = np.split(sums, 3, axis=-1)
    return np.asarray(
        ratio(np.abs(confidence - hits).sum(axis=-1, keepdims=True), n.sum(axis=-1, keepdims=True))
    )


def calibration_sums(
    resampling: Resampling, confidence: AnyArray, is_hit: AnyArray, bins: AnyArray
) -> Floats:
    """What `calibration_error` is made of, by unit, (units, 3 · bins)."""
    n_bins = int(bins.max()) + 1
    codes = resampling.unit_of * n_bins + bins
    size = resampling.n_units * n_bins
    parts = [
        np.bincount(codes, weights, size).reshape(resampling.n_units, n_bins)
        for weights in (confidence, is_hit, np.ones(len(bins)))
    ]
    return np.concatenate(parts, axis=1)
