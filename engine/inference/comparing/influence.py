"""A metric of several models on the same examples, and what each example does to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.inference.evaluation.analysing import measure
from engine.inference.evaluation.intervals import Resampling
from engine.inference.evaluation.measured import Measured
from engine.inference.evaluation.predictions import Predictions

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Influence:
    """A metric of several models.

    Attributes:
        values: Of each model, (models,).
        pulls: What each unit adds to each value by being drawn, (models, units): the sum of its
            squares is the variance of the value over examples, and the sum of products of two
            models' their covariance. Units are examples, or whole groups.
    """

    values: Floats
    pulls: Floats

    @classmethod
    def of_means(cls, scores: Floats) -> Influence:
        """Of means over examples that stand each for itself, of scores, (models, examples)."""
        n = scores.shape[1]
        values = scores.mean(axis=1)
        pulls = (scores - values[:, np.newaxis]) / np.sqrt(n * max(1, n - 1))
        return cls(values, pulls)

    @classmethod
    def of_measured(cls, measured: Sequence[Measured], metric: str) -> Influence:
        """By the jackknife (Efron and Stein 1981, Annals of Statistics 9:586)."""
        values = np.array([it.metrics[metric] for it in measured])
        rows = []
        for it in measured:
            found, place = it.resampled[metric]
            without = found.jackknife[:, place]
            n = len(without)
            rows.append(np.sqrt((n - 1) / n) * (np.nanmean(without) - without))
        return cls(values, np.nan_to_num(np.stack(rows)))


def measured_together(predictions: Sequence[Predictions], metric: str) -> list[Measured]:
    """Measures models whose examples are drawn anew together, groups as a whole.

    Args:
        predictions: Of each model, on the same examples in the same order.
        metric: What must be among the metrics.
    """
    resampling = Resampling(len(predictions[0]), predictions[0].clusters)
    found = [measure(it, resampling, with_areas=False) for it in predictions]
    if all(metric in it.metrics for it in found):
        return found
    return [measure(it, resampling) for it in predictions]
