"""Numbers that look wrong: errors that are large beside those of examples like them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_MAD_TO_DEVIATION = 1.4826  # of a normal distribution
_NEIGHBOURS = 101
_LEAST_SHARE = 0.2


def residual_scores(truth: Floats, predicted: Floats) -> tuple[Floats, Floats]:
    """How well each number agrees with what is predicted out of sample.

    An error counts in units of the typical error of examples for which about the same is
    predicted (their median absolute error), as expensive houses are harder to tell than cheap
    ones. Where several numbers are predicted, the worst counts.

    Args:
        truth, predicted: (n, n_values).

    Returns:
        Scores from 1, agrees, to 0, (n,); and the largest error in typical deviations, (n,).
    """
    errors = predicted - truth
    errors = errors - np.median(errors, axis=0)
    units = [
        np.abs(errors[:, place]) / _typical(np.abs(errors[:, place]), predicted[:, place])
        for place in range(errors.shape[1])
    ]
    worst = np.max(units, axis=0)
    return 1.0 / (1.0 + worst), worst


def _typical(sizes: Floats, predicted: Floats) -> Floats:
    """The deviation of errors around each prediction, (n,), never far below that of all."""
    overall = _MAD_TO_DEVIATION * float(np.median(sizes))
    if overall <= 0.0:
        overall = float(sizes.mean()) or 1.0
    n = len(sizes)
    order = np.argsort(predicted, kind="stable")
    width = min(_NEIGHBOURS, n)
    if width < 3:
        return np.full(n, overall)
    windows = np.lib.stride_tricks.sliding_window_view(sizes[order], width)
    medians = np.median(windows, axis=1) * _MAD_TO_DEVIATION
    first = np.clip(np.arange(n) - width // 2, 0, n - width)
    local = np.empty(n)
    local[order] = medians[first]
    return np.maximum(local, _LEAST_SHARE * overall)


def far_off(worst: Floats) -> npt.NDArray[np.bool_]:
    """Which errors no normal distribution of so many explains, (n,).

    Args:
        worst: Of each example, in typical deviations.
    """
    from scipy.stats import norm

    # Twice: a mixture of scales has longer tails than each of its parts.
    limit = 2.0 * float(norm.isf(0.5 / max(len(worst), 1)))
    return np.asarray(worst > limit)
