"""Two shares of the same examples: McNemar's test, and an interval of the paired difference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from engine.datasets.base import AnyArray
from engine.inference.evaluation.intervals import LEVEL, wilson

Range = tuple[float, float]


@dataclass(frozen=True)
class PairedCounts:
    """How many examples two models are right about.

    Attributes:
        both: Both are.
        only_first: The first alone.
        only_second: The second alone.
        neither: Neither is.
    """

    both: int
    only_first: int
    only_second: int
    neither: int

    @classmethod
    def of(cls, first: AnyArray, second: AnyArray) -> Self:
        """Counts them.

        Args:
            first: Whether the first model is right about each example, (n,).
            second: The same of the second, in the same order, (n,).
        """
        first, second = np.asarray(first, bool), np.asarray(second, bool)
        counts = (first & second, first & ~second, ~first & second, ~first & ~second)
        return cls(*(int(which.sum()) for which in counts))

    @property
    def n(self) -> int:
        """How many examples there are."""
        return self.both + self.only_first + self.only_second + self.neither

    @property
    def difference(self) -> float:
        """The first model's share less the second's."""
        return (self.only_first - self.only_second) / self.n

    @property
    def p(self) -> float:
        """The two-sided p-value of McNemar's exact test (McNemar 1947, Psychometrika 12:153).

        It is wrong at most as often as it says. The mid-p would find a little more, and is wrong
        now and then in more than 5 of 100 (Fagerland, Lydersen and Laake 2013, BMC Medical
        Research Methodology 13:91).
        """
        from scipy.stats import binom

        fewer, n = min(self.only_first, self.only_second), self.only_first + self.only_second
        return min(1.0, 2.0 * float(binom.cdf(fewer, n, 0.5)))

    def interval(self, level: float = LEVEL) -> Range:
        """Of the difference: Newcombe 1998, Statistics in Medicine 17:2635, method 10.

        Wilson's intervals of both shares, joined with the correlation of the two.
        """
        first, second = self.both + self.only_first, self.both + self.only_second
        share, other = first / self.n, second / self.n
        low, high = wilson(first, self.n, level)
        other_low, other_high = wilson(second, self.n, level)
        phi = self._correlation()

        def joined(one: float, two: float) -> float:
            return float(np.sqrt(max(0.0, one**2 - 2.0 * phi * one * two + two**2)))

        down = joined(share - low, other_high - other)
        up = joined(high - share, other - other_low)
        return max(-1.0, share - other - down), min(1.0, share - other + up)

    def _correlation(self) -> float:
        """Phi, corrected for continuity where it is above 0, as Newcombe does."""
        first, second = self.both + self.only_first, self.both + self.only_second
        below = float(first) * (self.n - first) * second * (self.n - second)
        if below <= 0:
            return 0.0
        above = float(self.both * self.neither - self.only_first * self.only_second)
        if above > 0:
            above = max(0.0, above - self.n / 2)
        return float(above / np.sqrt(below))
