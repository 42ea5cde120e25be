"""Curves: what rules ask of them, with their noise in view."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engine.inference.advice.evidence import Evidence, Floats

_MAX_WINDOWS = 60
_EXAMPLES_IN_WINDOW = 64


def median_of_three(values: Floats) -> Floats:
    """Each value with its neighbours' median, so that one odd epoch says nothing; same length."""
    if len(values) < 3:
        return values.copy()
    padded = np.concatenate([values[:1], values, values[-1:]])
    return np.asarray(np.median(np.stack([padded[:-2], padded[1:-1], padded[2:]]), axis=0))


def noise_of(values: Floats) -> float:
    """Standard deviation of what is up and down from epoch to epoch, from second differences.

    A curve that bends slowly has none. The median makes it robust: 1.4826 is that of the normal
    distribution, and the variance of a second difference is six times that of the values.
    """
    if len(values) < 5:
        return 0.0
    second = np.abs(np.diff(values, 2))
    return float(1.4826 * np.median(second) / np.sqrt(6))


def step_windows(evidence: Evidence) -> Floats:
    """Mean losses of at most 60 stretches of steps, each of some hundred examples; (windows,).

    Values that are no numbers are taken as they are: a mean with them is none either.
    """
    batch = evidence.spec.training.batch_size or 1
    least = -(-_EXAMPLES_IN_WINDOW // batch)
    return evidence.losses.windows(max(least, -(-evidence.losses.n // _MAX_WINDOWS)))


def share_falling(values: npt.NDArray[np.float64]) -> float:
    """In which share of the steps a curve falls."""
    return float(np.mean(np.diff(values) < 0)) if len(values) > 1 else 0.0
