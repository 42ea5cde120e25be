"""A linear forecast that is computed, not learnt: ridge regression, its strength chosen by data.

NumPy only; imported by workers only.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.architectures.known_examples import LastValue
from engine.preprocessing.scaling import FloatArray

# How fast steps fade that are farther back: one k steps back weighs k to minus this. Litterman
# 1986, "Forecasting with Bayesian vector autoregressions", has 1.
_DECAYS = (0.0, 1.0, 2.0)
# Per example. The smallest is a little above what rounding to float32 leaves of what is 0.
_STRENGTHS = np.logspace(-13.0, 3.0, 33)
# How much of its last change a series that moves on makes again, step after step. Gardner and
# McKenzie 1985, "Forecasting trends in time series".
_DAMPING = 0.5
# Weights count this many times in cross-validation, which believes too much of few examples (Kim
# and Gu 2004, "Smoothing spline Gaussian regression").
_CAUTION = 1.4
# Windows overlap: so much of an example is new in each.
_NEW = 0.5
# What weighs less than this beside the best is left out of the mean.
_LEAST = 1e-3


class Moments:
    """What least squares need to know of examples, however many: a triangle (Golub 1965).

    Args:
        n_features: Numbers of an example.
        n_targets: Numbers that are predicted.
    """

    def __init__(self, n_features: int, n_targets: int) -> None:
        self.n = 0
        self._triangle: FloatArray = np.zeros((0, 1 + n_features + n_targets))

    def add(self, x: FloatArray, y: FloatArray) -> None:
        """Takes note of examples: (n, features) and (n, targets)."""
        self.n += len(x)
        rows = np.column_stack([np.ones(len(x)), x, y])
        triangle: Any = np.linalg.qr(np.vstack([self._triangle, rows]), mode="r")
        self._triangle = triangle

    @property
    def means(self) -> FloatArray:
        """Of features and targets, (features + targets,)."""
        found: FloatArray = self._triangle[0, 1:] / self._triangle[0, 0]
        return found

    def around(self, means: FloatArray) -> FloatArray:
        """A matrix as good as all examples minus `means`: its products with itself are the same.

        Returns:
            (at most 1 + features + targets, features + targets).
        """
        moved: FloatArray = self._triangle[:, 1:] - self._triangle[:, :1] * means
        return moved


@dataclass(frozen=True)
class LinearForecast:
    """Weights of a window's numbers, (features, targets), and what is added, (targets,).

    Attributes:
        weights, bias: As said.
    """

    weights: FloatArray
    bias: FloatArray


def fit_forecast(
    train: Moments, validation: Moments, shape: tuple[int, int], last: LastValue | None
) -> LinearForecast | None:
    """The mean of the ridge regressions (Hoerl and Kennard 1970) that forecast well.

    Weights are pulled to one of three ends: to the mean of the targets or, where the last value is
    known, to that value, as is right for series that wander, or to where the series goes if it
    moves on, less and less. In the last two cases the features are differences from each channel's
    last value (Zeng et al. 2023, N-Linear), in the second also these values themselves. Steps may
    fade the farther back they are. All of these are tried, with strengths over many powers of ten,
    and judged by generalized cross-validation on the training part (Golub, Heath and Wahba 1979)
    and by the error on the validation part, each weighted by its examples. The better one is, the
    more it counts in the mean, as Akaike weights have it (Burnham and Anderson 2002): of few
    examples the best says little, and a mean of many errs less.

    Args:
        train: Of what is fitted.
        validation: Of what is only judged by; may be empty.
        shape: Steps and channels of a window, whose numbers are the features, step by step.
        last: None where targets do not continue the window.

    Returns:
        None where examples are too few to say anything, or not finite.
    """
    n_features = math.prod(shape)
    if train.n < 2:
        return None
    means = train.means
    rows, held = train.around(means), validation.around(means)
    if not (np.isfinite(rows).all() and np.isfinite(held).all()):
        return None
    ways: list[tuple[_Ridge, FloatArray, FloatArray]] = []
    for features, pull in _ends(shape, means.size - n_features, last):
        # What is left to be explained, once the end is taken off.
        change = np.eye(means.size)
        change[:n_features, n_features:] -= pull
        x, y = np.split(rows @ change, [n_features], axis=1)
        x_held, y_held = np.split(held @ change, [n_features], axis=1)
        way = _Ridge(x @ features, y, x_held @ features, y_held, train.n, validation.n)
        ways.append((way, features, pull))
    shares = _shares(np.array([way.errors for way, _, _ in ways]), _NEW * (train.n + validation.n))
    if not shares.any():
        return None
    weights = np.zeros((n_features, means.size - n_features))
    for (way, features, pull), of_strengths in zip(ways, shares, strict=True):
        for place, share in enumerate(of_strengths):
            if share:
                weights += share * (features @ way.weights(place) + pull)
    return LinearForecast(weights, means[n_features:] - means[:n_features] @ weights)


def _shares(errors: FloatArray, n: float) -> FloatArray:
    """How much each regression counts, of their squared errors over n examples; 1 in all.

    Where one makes no error at all, it alone counts; where all are infinite, none does.
    """
    if not np.isfinite(errors).any():
        return np.zeros(errors.shape)
    smallest = max(float(errors.min()), float(np.finfo(np.float64).tiny))
    likely: FloatArray = (np.maximum(errors, smallest) / smallest) ** (-0.5 * n)
    likely[likely < _LEAST] = 0.0
    shares: FloatArray = likely / likely.sum()
    return shares


def _ends(
    shape: tuple[int, int], n_targets: int, last: LastValue | None
) -> Iterator[tuple[FloatArray, FloatArray]]:
    """What weights may be pulled to: features made of a window's numbers, and the end's weights.

    Yields:
        (numbers, features) and (numbers, targets).
    """
    n_steps, n_channels = shape
    size = n_steps * n_channels
    plain, nowhere = np.eye(size), np.zeros((size, n_targets))
    back = np.repeat(np.arange(n_steps, 0, -1.0), n_channels)
    ends = [(plain, nowhere)]
    if last is not None:
        to_last = nowhere.copy()
        to_last[size - n_channels + last.channel] = last.slope
        levels = plain.copy()
        for channel in range(n_channels):
            levels[size - n_channels + channel, channel : size - n_channels : n_channels] = -1.0
        differences = levels.copy()
        differences[:, size - n_channels :] = 0.0
        ends += [(levels, to_last), (differences, to_last)]
        if n_steps > 1:
            moving = to_last.copy()
            gained = np.cumsum(_DAMPING ** np.arange(1.0, n_targets + 1.0)) * last.slope
            moving[size - n_channels + last.channel] += gained
            moving[size - 2 * n_channels + last.channel] -= gained
            ends.append((differences, moving))
    for features, pull in ends:
        for decay in _DECAYS:
            yield features * back**-decay, pull


class _Ridge:
    """One regression with every strength.

    Args:
        x, y: As good as the training part, centred.
        x_held, y_held: As good as the validation part, centred alike.
        n_train, n_held: Their examples.

    Attributes:
        errors: Expected squared error of each strength, summed over all examples, (strengths,).
    """

    def __init__(
        self,
        x: FloatArray,
        y: FloatArray,
        x_held: FloatArray,
        y_held: FloatArray,
        n_train: int,
        n_held: int,
    ) -> None:
        left, self._values, self._right = np.linalg.svd(x, full_matrices=False)
        self._along = left.T @ y
        self._penalties = _STRENGTHS * n_train
        total = (y**2).sum()
        along = (self._along**2).sum(axis=1)
        given = x_held @ self._right.T
        self.errors = np.full(len(_STRENGTHS), np.inf)
        for place, penalty in enumerate(self._penalties):
            kept = self._values**2 / (self._values**2 + penalty)
            freedom = 1.0 - _CAUTION * (kept.sum() + 1.0) / n_train
            if freedom <= 0.0:
                continue
            missed = max(0.0, float(total - ((2.0 * kept - kept**2) * along).sum()))
            held = ((given @ self._scaled(place) - y_held) ** 2).sum() if n_held else 0.0
            self.errors[place] = missed / freedom**2 + held

    def weights(self, place: int) -> FloatArray:
        """Of the strength at a place, (features, targets)."""
        found: FloatArray = self._right.T @ self._scaled(place)
        return found

    def _scaled(self, place: int) -> FloatArray:
        squares = self._values**2 + self._penalties[place]
        scaled: FloatArray = (self._values / squares)[:, np.newaxis] * self._along
        return scaled
