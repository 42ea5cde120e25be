"""An exponential moving average that starts without a bias to zero and takes values in chunks."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_BLOCK = 32


class MovingAverage:
    """Average of all values so far, in which each older value counts less by a constant factor.

    The weights are those of Adam's moments (Kingma and Ba, 2015, section 3): dividing by
    ``1 - strength ** n`` takes away the pull to zero of the first values. Values that are not
    finite give none and change nothing.

    Args:
        strength: The factor, from 0 to below 1.
    """

    def __init__(self, strength: float) -> None:
        if not 0 <= strength < 1:
            raise ValueError(f"strength must be from 0 to below 1. Received: {strength}")
        self.strength = strength
        self._sum = 0.0
        self._n = 0

    def extend(self, values: npt.NDArray[np.floating]) -> npt.NDArray[np.float32]:
        """Returns the average after each of some new values, (values,); NaN where not finite."""
        averages = np.full(len(values), np.nan, np.float32)
        finite = np.isfinite(values)
        used = values[finite].astype(np.float64)
        if len(used) == 0:
            return averages
        sums = _decayed_sums((1 - self.strength) * used, self.strength, self._sum)
        counts = self._n + 1 + np.arange(len(used))
        averages[finite] = sums / (1 - self.strength**counts)
        self._sum = float(sums[-1])
        self._n += len(used)
        return averages


def _decayed_sums(
    values: npt.NDArray[np.float64], factor: float, start: float
) -> npt.NDArray[np.float64]:
    """Returns ``s[t] = factor * s[t - 1] + values[t]`` with ``s[-1] = start``.

    Block by block as a matrix product, the carries between blocks by the same rule: without a
    Python loop over the values, and without dividing by powers that underflow.
    """
    n = len(values)
    powers = factor ** np.arange(1, _BLOCK + 1, dtype=np.float64)
    if n <= _BLOCK:
        return _triangle(factor, n) @ values + start * powers[:n]
    n_blocks = -(-n // _BLOCK)
    blocks = np.zeros((n_blocks, _BLOCK))
    blocks.reshape(-1)[:n] = values
    sums = blocks @ _triangle(factor, _BLOCK).T
    carries = _decayed_sums(sums[:, -1].copy(), factor**_BLOCK, start)
    sums += np.concatenate(([start], carries[:-1]))[:, None] * powers
    return sums.reshape(-1)[:n]


def _triangle(factor: float, n: int) -> npt.NDArray[np.float64]:
    distance = np.subtract.outer(np.arange(n), np.arange(n))
    return np.where(distance >= 0, factor ** np.maximum(distance, 0), 0.0)
