"""Doubt: 95 % intervals of what the rules compare, made quickly and with flat memory.

Neighbours in a series, and examples of one group, are alike: intervals are made from means of
blocks, not of examples, where that is so.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.inference.evaluation import intervals
from engine.inference.evaluation.predictions import Predictions
from engine.spec.signature import Task

Floats = npt.NDArray[np.float64]

Z = 1.959963984540054
_N_BLOCKS = 20
_MAX_BLOCKS = 2_000
_N_DRAWS = 400


@dataclass(frozen=True)
class Interval:
    """A number with its 95 % interval."""

    value: float
    low: float
    high: float

    @property
    def half_width(self) -> float:
        """Half of what lies between its ends."""
        return (self.high - self.low) / 2


def wilson(n_right: float, n: float) -> Interval:
    """A share with its interval; of none, all shares are possible."""
    if not n:
        return Interval(float("nan"), 0.0, 1.0)
    return Interval(n_right / n, *intervals.wilson(n_right, n))


def blocks_of(part: Predictions) -> npt.NDArray[np.int64]:
    """Which block each example is in, (n,): its group, a stretch of its series, or itself."""
    n = len(part)
    if part.groups is not None and len(np.unique(part.groups)) > 1:
        return np.asarray(part.groups, np.int64)
    order = np.empty(n, np.int64)
    if part.task is Task.FORECASTING:
        order[np.argsort(part.rows, kind="stable")] = np.arange(n)
        return np.asarray(order * min(n, _N_BLOCKS) // n, np.int64)
    order[:] = np.arange(n)
    return order if n <= _MAX_BLOCKS else order % _MAX_BLOCKS


def _sums(values: Floats, blocks: npt.NDArray[np.int64]) -> Floats:
    return np.bincount(blocks, values).astype(np.float64)


def mean_of(values: Floats, blocks: npt.NDArray[np.int64]) -> Interval:
    """The mean of values, (n,), with its interval from the sums of blocks (ratio estimator)."""
    from scipy.special import stdtrit

    n = len(values)
    if not n:
        return Interval(float("nan"), -np.inf, np.inf)
    mean = float(values.mean())
    sizes = np.bincount(blocks)
    sizes, sums = sizes[sizes > 0], _sums(values, blocks)[np.bincount(blocks) > 0]
    k = len(sizes)
    if k < 2:
        return Interval(mean, -np.inf, np.inf)
    error = float(np.sqrt(k / (k - 1) * np.sum((sums - mean * sizes) ** 2)) / n)
    reach = float(stdtrit(k - 1, 0.975)) * error
    return Interval(mean, mean - reach, mean + reach)


def z_of(values: Floats, blocks: npt.NDArray[np.int64]) -> float:
    """How many standard errors a mean is above 0; of values that are all alike: 0."""
    found = mean_of(values, blocks)
    if not np.isfinite(found.half_width) or found.half_width <= 1e-12 * abs(found.value) + 1e-300:
        return 0.0
    return Z * found.value / found.half_width


def skill_of(errors: Floats, base: Floats, blocks: npt.NDArray[np.int64]) -> Interval:
    """1 - sum(errors) / sum(base), by how much errors are smaller than those of a baseline, (n,).

    The interval is of the percentile bootstrap over blocks, drawn with a fixed seed.
    """
    theirs = _sums(base, blocks)
    ours = _sums(errors, blocks)
    is_there = np.bincount(blocks) > 0
    ours, theirs = ours[is_there], theirs[is_there]
    total = theirs.sum()
    if total <= 0 or len(ours) < 2:
        return Interval(float("nan"), -np.inf, np.inf)
    generator = np.random.default_rng(0)
    drawn = generator.multinomial(len(ours), np.full(len(ours), 1 / len(ours)), _N_DRAWS)
    below = drawn @ theirs
    skills = 1 - (drawn @ ours)[below > 0] / below[below > 0]
    low, high = np.quantile(skills, (0.025, 0.975))
    return Interval(float(1 - ours.sum() / total), float(low), float(high))


def area_under_roc(above: Floats, below: Floats) -> Interval:
    """How often one of `above`, (n,), is larger than one of `below`, (m,), ties as halves.

    The interval is that of Hanley, J. A. and McNeil, B. J. (1982), "The meaning and use of the
    area under a receiver operating characteristic (ROC) curve".
    """
    ordered = np.sort(below)
    wins = np.searchsorted(ordered, above, "left") + np.searchsorted(ordered, above, "right")
    n, m = len(above), len(below)
    area = float(wins.mean() / (2 * m))
    first, second = area / (2 - area), 2 * area**2 / (1 + area)
    spread = area * (1 - area) + (n - 1) * (first - area**2) + (m - 1) * (second - area**2)
    half = Z * float(np.sqrt(max(spread, 0.0) / (n * m)))
    return Interval(area, max(0.0, area - half), min(1.0, area + half))
