"""95 % intervals: Wilson's for shares, BCa bootstrap for what is made of sums over examples.

What a metric is made of is summed over units first: single examples, whole groups where a split
kept groups together, or blocks drawn at random where there are more than some thousand. Units are
drawn anew, not examples, so that a million examples cost as much as some thousand.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from engine.datasets.base import AnyArray

Floats = npt.NDArray[np.float64]
Measure = Callable[[Floats], Floats]
"""Metrics, (…, metrics), of sums, (…, sums)."""

LEVEL = 0.95
MAX_UNITS = 2_000
N_REPLICATES = 1_000
# As many numbers are held at once while replicates are computed.
_CHUNK_VALUES = 4_000_000
_FEWEST_BEYOND = 5


def wilson(hits: float, total: float, level: float = LEVEL) -> tuple[float, float]:
    """The interval of a share that does not leave 0 to 1 (Wilson 1927, JASA 22:209).

    Args:
        hits: How many of them are; need not be whole.
        total: How many there are; none: NaN.
        level: How surely it holds the true share.
    """
    from scipy.special import ndtri

    if total <= 0:
        return float("nan"), float("nan")
    z = float(ndtri(0.5 + level / 2))
    share, spread = hits / total, z * z / total
    middle = (share + spread / 2) / (1 + spread)
    half = z / (1 + spread) * np.sqrt(share * (1 - share) / total + spread / (4 * total))
    # Rounding must not part the end from the share itself.
    return float(max(0.0, min(share, middle - half))), float(min(1.0, max(share, middle + half)))


@dataclass(frozen=True, eq=False)
class Resampled:
    """Metrics on the examples as they are, drawn anew, and without one unit after another.

    Attributes:
        value: (metrics,).
        replicates: (replicates, metrics).
        jackknife: (units, metrics).
    """

    value: Floats
    replicates: Floats
    jackknife: Floats

    def __sub__(self, other: Resampled) -> Resampled:
        """The difference of two on the same units: paired, so that what both find hard cancels."""
        return Resampled(
            self.value - other.value,
            self.replicates - other.replicates,
            self.jackknife - other.jackknife,
        )

    def bca(self, place: int, level: float = LEVEL) -> tuple[float, float]:
        """The interval of a metric, corrected for bias and skew (Efron 1987, JASA 82:171).

        Draws of few units spread less than the metric does: their quantiles are taken farther
        out, as Student's are (Hesterberg 2015, American Statistician 69:371, "expanded").
        """
        from scipy.special import ndtr, ndtri

        value, draws = self.value[place], self.replicates[:, place]
        draws, without = draws[np.isfinite(draws)], self.jackknife[:, place]
        if not len(draws) or not np.isfinite(value):
            return float("nan"), float("nan")
        without = without[np.isfinite(without)]
        if (1 - level) / 2 * len(draws) < _FEWEST_BEYOND:
            # No draws tell how far so rare an end may lie.
            half = float(self._reach(level) * draws.std())
            return float(value - half), float(value + half)
        # Of draws that equal the value, one half counts as below it.
        below = np.mean(draws < value) + np.mean(draws == value) / 2
        z0 = ndtri(np.clip(below, 1 / (2 * len(draws)), 1 - 1 / (2 * len(draws))))
        pulls = without.mean() - without if len(without) else np.zeros(1)
        spread = float(np.sum(pulls**2))
        skew = float(np.sum(pulls**3)) / (6 * spread**1.5) if spread > 1e-200 else 0.0
        skew = skew if np.isfinite(skew) else 0.0
        reach = self._reach(level)
        z = z0 + np.array([-reach, reach])
        shares = ndtr(z0 + z / np.maximum(1 - skew * z, 0.1))
        low, high = np.quantile(draws, shares)
        return float(min(low, high)), float(max(low, high))

    def logit(
        self, place: int, exact: float, n_counted: float, level: float = LEVEL
    ) -> tuple[float, float]:
        """The interval of what lies from 0 to 1 and rests on few: the jackknife's, of logits.

        Draws hold examples twice, which makes areas look larger than they are; the jackknife's
        standard error does not mind (DeLong et al. 1988 and Pepe 2003 take the same scale).

        Args:
            place: Which metric.
            exact: The area itself, where `value` has it by bins only.
            n_counted: Examples of the rarer kind: they decide.
            level: How surely it holds.

        Returns:
            The interval; nothing but the area itself where no scale has it, at 0 and 1.
        """
        from scipy.special import expit, logit, stdtrit

        without = self.jackknife[:, place]
        without = without[np.isfinite(without)]
        n = len(without)
        if n < 2 or not 0.0 < exact < 1.0:
            return exact, exact
        error = float(np.sqrt((n - 1) / n * np.sum((without - without.mean()) ** 2)))
        reach = stdtrit(max(1.0, min(n, n_counted) - 1), (1 + level) / 2)
        half = reach * error / (exact * (1 - exact))
        return float(expit(logit(exact) - half)), float(expit(logit(exact) + half))

    def _reach(self, level: float) -> float:
        """How many standard deviations of the draws an interval reaches to either side."""
        from scipy.special import ndtri, stdtrit

        n = len(self.jackknife)
        if n < 2:
            return float(ndtri((1 + level) / 2))
        return float(np.sqrt(n / (n - 1)) * stdtrit(n - 1, (1 + level) / 2))

    def of_noise(self, place: int, level: float = LEVEL) -> tuple[float, float]:
        """The interval of a metric, from 0, that noise makes larger, as it does a distance.

        Draws hold noise twice: that of the examples, and that of drawing, which is told by how far
        they lie above the value. The lower end is without both, the upper one without the draws'
        alone, as examples may hold less noise than most do; the value itself is always held.
        """
        value, draws = float(self.value[place]), self.replicates[:, place]
        draws = draws[np.isfinite(draws)]
        if not len(draws):
            return float("nan"), float("nan")
        low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
        noise = max(0.0, float(draws.mean()) - value)
        return min(value, max(0.0, float(low) - 2 * noise)), max(value, float(high) - noise)


class Resampling:
    """Draws examples anew by their units, always the same way.

    Args:
        n_samples: How many examples there are.
        groups: The group of each, (n_samples,); None: each stands for itself.
        max_units: More are joined to so many blocks, at random.
        n_replicates: How often they are drawn anew.
        seed: Decides what is drawn.
    """

    def __init__(
        self,
        n_samples: int,
        groups: AnyArray | None = None,
        max_units: int = MAX_UNITS,
        n_replicates: int = N_REPLICATES,
        seed: int = 0,
    ) -> None:
        rng = np.random.default_rng(seed)
        self.is_grouped = groups is not None
        own = np.arange(n_samples) if groups is None else np.unique(groups, return_inverse=True)[1]
        n_own = int(own.max()) + 1 if n_samples else 0
        self.n_units = min(n_own, max_units)
        if n_own > max_units:
            own = (rng.permutation(n_own) % max_units)[own]
        self.unit_of: npt.NDArray[np.int64] = own.astype(np.int64)
        self._n_replicates = n_replicates
        self._rng = rng

    @cached_property
    def weights(self) -> npt.NDArray[np.float32]:
        """How often each unit is drawn, (replicates, units)."""
        shape, n = (self._n_replicates, self.n_units), self.n_units
        drawn = self._rng.integers(0, n, shape) + n * np.arange(shape[0])[:, np.newaxis]
        counts = np.bincount(drawn.ravel(), minlength=shape[0] * n)
        return counts.reshape(shape).astype(np.float32)

    def sums(self, values: AnyArray) -> Floats:
        """Sums over the examples of each unit, (units, sums), of values, (n_samples, sums)."""
        columns = [np.bincount(self.unit_of, column, self.n_units) for column in values.T]
        return np.stack(columns, axis=1) if columns else np.zeros((self.n_units, 0))

    def sums_of(self, values_of: Callable[[slice], AnyArray], n_columns: int) -> Floats:
        """The same of values that are made a stretch at a time, so that they need not all be held.

        Args:
            values_of: Makes those of some examples, (n_some, n_columns).
            n_columns: How many sums there are.
        """
        n, width = len(self.unit_of), self.n_units
        found = np.zeros((width, n_columns))
        step = max(1, _CHUNK_VALUES // max(1, n_columns))
        for start in range(0, n, step):
            some = slice(start, start + step)
            units = self.unit_of[some]
            for place, column in enumerate(values_of(some).T):
                found[:, place] += np.bincount(units, column, width)
        return found

    def counts(self, codes: AnyArray, n_codes: int) -> Floats:
        """How many examples of each unit have each code, (units, n_codes); below 0: none.

        Args:
            codes: One each, (n_samples,), or several, (n_samples, …).
            n_codes: They are below this.
        """
        units = self.unit_of.reshape(-1, *[1] * (codes.ndim - 1))
        flat = (units * n_codes + codes)[codes >= 0]
        found = np.bincount(flat, minlength=self.n_units * n_codes)
        return found.reshape(self.n_units, n_codes).astype(np.float64)

    def resampled(self, sums: Floats, measure: Measure) -> Resampled:
        """What becomes of a measure as units are drawn anew.

        Args:
            sums: Of each unit, (units, sums).
            measure: Makes metrics of sums.
        """
        total = sums.sum(axis=0)
        step = max(1, _CHUNK_VALUES // max(1, sums.shape[1]))
        return Resampled(
            measure(total),
            np.concatenate(
                [
                    measure(self.weights[start : start + step].astype(np.float64) @ sums)
                    for start in range(0, self._n_replicates, step)
                ]
            ),
            np.concatenate(
                [
                    measure(total - sums[start : start + step])
                    for start in range(0, self.n_units, step)
                ]
            ),
        )


def ratio(above: AnyArray, below: AnyArray, otherwise: float = 0.0) -> Floats:
    """One by the other, (…), and something else where there is nothing to divide by."""
    divisor = np.where(below > 0, below, 1.0)
    found: Floats = np.where(below > 0, above / divisor, otherwise)
    return found
