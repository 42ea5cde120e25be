"""The difference of two sides in a metric, and how sure it is: of two models, and of many seeds.

A side is what is compared: one trained model, or one way to train, of which there are several
models with other seeds. A difference is always the first side's metric less the second's.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from engine.inference.comparing.effort import Effort, quantile, reach_of, seeds_needed
from engine.inference.comparing.influence import Influence
from engine.inference.comparing.looks import level_at
from engine.inference.comparing.proportions import PairedCounts, Range
from engine.inference.evaluation.intervals import Resampled

Floats = npt.NDArray[np.float64]


class Difference(Protocol):
    """What can be decided on."""

    @property
    def value(self) -> float:
        """The first side's metric less the second's."""

    @property
    def error(self) -> float:
        """Its standard error; infinite where it is not known yet."""

    def interval(self, alpha: float) -> Range:
        """What holds the true difference but for `alpha`, however often one looks."""

    def is_sure(self, alpha: float) -> bool:
        """It is not 0, at that level."""

    def effort(self, targets: Sequence[float], alpha: float) -> Effort:
        """What it takes to find a difference as large as the first of these targets.

        Where there is as much already, as large as the next, which is smaller.
        """


def _leaves_zero(interval: Range) -> bool:
    return interval[0] > 0 or interval[1] < 0


@dataclass(frozen=True)
class OfShares:
    """Of two models in the share of examples that they are right about, each for itself."""

    counts: PairedCounts

    @property
    def value(self) -> float:
        return self.counts.difference

    @property
    def error(self) -> float:
        one, two, n = self.counts.only_first, self.counts.only_second, self.counts.n
        return math.sqrt(max(1.0, one + two - (one - two) ** 2 / n)) / n

    @property
    def p(self) -> float:
        """Of McNemar's exact test."""
        return self.counts.p

    def interval(self, alpha: float) -> Range:
        return self.counts.interval(1 - alpha)

    def is_sure(self, alpha: float) -> bool:
        """The test and the interval say so: they are not made of the same numbers."""
        return self.p <= alpha and _leaves_zero(self.interval(alpha))

    def effort(self, targets: Sequence[float], alpha: float) -> Effort:
        return _effort_of_models(self.error, self.counts.n, targets, alpha)


@dataclass(frozen=True, eq=False)
class OfMetrics:
    """Of two models in any metric: drawn anew together, BCa.

    Attributes:
        value: The difference itself.
        drawn: The same as examples, or groups of them, are drawn anew, by its first place.
        n_examples: Of which they are.
    """

    value: float
    drawn: Resampled
    n_examples: int

    @property
    def error(self) -> float:
        without = self.drawn.jackknife[:, 0]
        without = without[np.isfinite(without)]
        n = len(without)
        if n < 2:
            return math.inf
        return float(np.sqrt((n - 1) / n * np.sum((without - without.mean()) ** 2)))

    @property
    def p(self) -> float:
        """Of the difference in standard errors of the jackknife, by Student's distribution."""
        from scipy.special import stdtr

        if not 0 < self.error < math.inf:
            return 1.0
        return 2 * float(stdtr(len(self.drawn.jackknife) - 1, -abs(self.value) / self.error))

    def interval(self, alpha: float) -> Range:
        low, high = self.drawn.bca(0, 1 - alpha)
        off = self.value - float(self.drawn.value[0])  # of areas by bins
        return low + off, high + off

    def is_sure(self, alpha: float) -> bool:
        return self.p <= alpha and _leaves_zero(self.interval(alpha))

    def effort(self, targets: Sequence[float], alpha: float) -> Effort:
        return _effort_of_models(self.error, self.n_examples, targets, alpha)


def _effort_of_models(error: float, n: int, targets: Sequence[float], alpha: float) -> Effort:
    """Of single models: more examples decide which is better, more seeds which way to train."""
    if not math.isfinite(error):
        return Effort(None)
    for target in targets:
        n_examples = math.ceil(n * (reach_of(alpha) * error / target) ** 2)
        if n_examples > n:
            break
    n_seeds = seeds_needed(target, 0.0, error**2, 2, alpha)
    return Effort(n_seeds, max(n_examples, n + 1), is_least=True)


@dataclass(frozen=True)
class OfSeeds:
    """Of two ways to train, each tried with several seeds.

    What is seen is the true difference, and what the test examples add to it, the same for all
    seeds, and what each seed adds. The first is known by its variance over examples, the second by
    its spread over seeds, of which there are few: the half widths of both are joined as the root
    of the sum of their squares, which holds at least as often as it says (Banerjee 1961, Sankhyā A
    23:359). Examples and seeds as two things drawn: Gallas 2006, Academic Radiology 13:353; Owen
    2007, Annals of Applied Statistics 1:386.

    Attributes:
        value: The difference of the means over seeds.
        shared: Its variance that stays however many seeds there are.
        shared_df: Degrees of freedom of that.
        each: Variance that one seed of each side adds.
        varying: Variance of the difference that all seeds so far leave.
        varying_df: Degrees of freedom of that.
        n_seeds: Of the side that has fewer.
        df_each: Degrees of freedom that each further seed adds.
        n_examples: Test examples of each.
        looks_early: Somebody may have looked after each seed.
    """

    value: float
    shared: float
    shared_df: float
    each: float
    varying: float
    varying_df: float
    n_seeds: int
    df_each: int
    n_examples: int
    looks_early: bool = True

    @property
    def error(self) -> float:
        return math.sqrt(self.shared + self.varying) if self.varying_df > 0 else math.inf

    def interval(self, alpha: float) -> Range:
        ratio = self.shared / self.each if self.each > 0 else math.inf
        level = level_at(self.n_seeds, alpha, ratio) if self.looks_early else alpha
        fixed, free = quantile(level, self.shared_df), quantile(level, self.varying_df)
        if math.isinf(fixed) or math.isinf(free):
            return -math.inf, math.inf
        half = math.sqrt(fixed**2 * self.shared + free**2 * self.varying)
        return self.value - half, self.value + half

    def is_sure(self, alpha: float) -> bool:
        return _leaves_zero(self.interval(alpha))

    def effort(self, targets: Sequence[float], alpha: float) -> Effort:
        for target in targets:
            n_seeds = seeds_needed(target, self.shared, self.each, self.df_each, alpha)
            if n_seeds is None or n_seeds > self.n_seeds:
                break
        if n_seeds is not None:
            return Effort(max(n_seeds, self.n_seeds + 1), is_least=self.varying_df <= 0)
        # Half of what may vary is left to the seeds.
        n = 2 * self.n_examples * self.shared * (reach_of(alpha) / target) ** 2
        return Effort(None, max(self.n_examples + 1, math.ceil(n)))


def of_seeds(
    first: Influence, second: Influence, n_examples: int, *, is_paired: bool = False
) -> OfSeeds:
    """Of several seeds of each side, all of them on the same test examples.

    Args:
        first, second: Of the models of each side.
        n_examples: How many examples there are.
        is_paired: The sides have the same seeds in the same order, and seeds share more than
            chance, such as first weights. It halves the degrees of freedom; without it seeds
            are compared as free ones (Welch 1947, Biometrika 34:28).

    Raises:
        ValueError: Pairs are asked for, and the sides have other numbers of seeds.
    """
    if is_paired:
        if len(first.values) != len(second.values):
            raise ValueError("Pairs need as many seeds of one side as of the other.")
        first = Influence(first.values - second.values, first.pulls - second.pulls)
        second = Influence(np.zeros(0), np.zeros((0, first.pulls.shape[1])))
    n_units = first.pulls.shape[1]
    sides = [side for side in (first, second) if len(side.values)]
    parts = [_spread(side) for side in sides]
    shared = sum(common for common, _ in parts)
    if not is_paired:
        shared -= 2.0 * float((first.pulls @ second.pulls.T).mean())
    numbers = [len(side.values) for side in sides]
    each = sum(variance for _, variance in parts)
    shares = [variance / n for (_, variance), n in zip(parts, numbers, strict=True)]
    varying = sum(shares)
    known = sum(share**2 / (n - 1) for share, n in zip(shares, numbers, strict=True) if n > 1)
    fewest = min(numbers)
    df = 0.0 if fewest < 2 else varying**2 / known if known > 0 else float(sum(numbers) - 2)
    value = float(first.values.mean() - (0.0 if is_paired else second.values.mean()))
    return OfSeeds(
        value,
        max(0.0, shared),
        float(n_units - 1),
        each,
        varying,
        df,
        fewest,
        1 if is_paired else 2,
        n_examples,
    )


def _spread(side: Influence) -> tuple[float, float]:
    """Of one side: covariance of two seeds by the examples they share, and variance of one seed.

    The variance is not taken below the part of the examples' noise that each seed has for itself:
    of few seeds the spread may be small by luck. Of one seed, all noise is taken for its own.
    """
    n = len(side.values)
    products = side.pulls @ side.pulls.T
    own = float(np.trace(products)) / n
    if n < 2:
        return 0.0, own
    common = (float(products.sum()) - n * own) / (n * (n - 1))
    return common, max(float(side.values.var(ddof=1)), own - common)


def of_splits(
    differences: Floats,
    n_train: float,
    n_test: float,
    noise: float = 0.0,
    *,
    looks_early: bool = True,
) -> OfSeeds:
    """Of folds, or of seeds that each divide the data anew: the corrected resampled t-test.

    Nadeau and Bengio 2003, Machine Learning 52:239: what is learnt from overlaps, so that the
    variance of the mean is not 1 / k of that of one, but 1 / k + n_test / n_train. As in
    `of_seeds`, it is not taken below what the examples of a test part do by themselves: three
    divisions may say the same by luck.

    Args:
        differences: Of each division, both sides tested on the same examples, (divisions,).
        n_train, n_test: How many examples are learnt from and tested on, in each.
        noise: Variance of one difference over the examples of its test part; 0: unknown.
        looks_early: False for the folds of one division, which are looked at once.
    """
    k, ratio = len(differences), n_test / n_train
    # Test parts are drawn from the same examples, without putting any back.
    own = noise * n_train / (n_train + n_test)
    variance = max(own, float(differences.var(ddof=1)) if k > 1 else 0.0)
    return OfSeeds(
        float(differences.mean()),
        ratio * variance,
        float(k - 1),
        variance,
        variance / k,
        float(k - 1),
        k,
        1,
        round(n_test),
        looks_early,
    )
