"""Decisions: one side is better, the difference does not matter, or more is needed.

"Better" is said where the interval of the difference leaves 0, but not where it lies wholly within
what does not matter (the region of practical equivalence: Kruschke 2018, Advances in Methods and
Practices in Psychological Science 1:270; as two one-sided tests: Schuirmann 1987, Journal of
Pharmacokinetics and Biopharmaceutics 15:657). Several comparisons at once keep their level
together (Holm 1979, Scandinavian Journal of Statistics 6:65).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from engine.inference.comparing.differences import Difference
from engine.inference.comparing.effort import Effort, quantile
from engine.inference.comparing.proportions import Range
from engine.inference.evaluation.analysis import IN_UNITS, LOWER_IS_BETTER

ALPHA = 0.05
ROPE = 0.01
"""What does not matter: 1 point of a share; of a number, 1 % of the reference's error."""


class Verdict(StrEnum):
    """What a comparison says."""

    FIRST = "first_is_better"
    SECOND = "second_is_better"
    SAME = "no_difference"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class Decision:
    """What is said of two sides.

    Attributes:
        verdict: Which of the four.
        difference: The first side's metric less the second's.
        interval: Of the difference; 0 is in it where that is undecided.
        level: How surely the interval holds; more than 95 % where several are compared.
        rope: Up to where a difference does not matter, in the unit of the metric.
        effort: What would decide; None where it is decided.
    """

    verdict: Verdict
    difference: float
    interval: Range
    level: float
    rope: float
    effort: Effort | None = None


def rope_of(metric: str, reference: float, share: float = ROPE) -> float:
    """Up to where a difference does not matter, in the unit of the metric.

    Args:
        metric: By name.
        reference: Of the first side, to which errors in a unit are set in relation.
        share: Points of a share, of 1; of an error in a unit, that part of the reference's.
    """
    return share * abs(reference) if is_in_unit(metric) else share


def is_in_unit(metric: str) -> bool:
    """A metric has a unit of its own, and is no share."""
    return metric in IN_UNITS


def decide(
    differences: Sequence[Difference], metric: str, ropes: Sequence[float], alpha: float = ALPHA
) -> list[Decision]:
    """Decides on several comparisons at once.

    Args:
        differences: Of each pair of sides.
        metric: What they are of; by its name it is known whether less is better.
        ropes: Of each, up to where it does not matter; above 0.
        alpha: How often at most anything is called better that is not, in all of them together.
    """
    decided: dict[int, Decision] = {}
    left = list(range(len(differences)))
    while left:
        level = alpha / len(left)
        sure = [place for place in left if differences[place].is_sure(level)]
        for place in sure or left:
            decided[place] = _decision(differences[place], metric, ropes[place], level)
        if not sure:
            break
        left = [place for place in left if place not in sure]
    return [decided[place] for place in range(len(differences))]


def _decision(found: Difference, metric: str, rope: float, alpha: float) -> Decision:
    low, high = interval = found.interval(alpha)
    effort = None
    if -rope <= low and high <= rope:
        verdict = Verdict.SAME
    elif found.is_sure(alpha):
        is_first = (found.value > 0) != (metric in LOWER_IS_BETTER)
        verdict = Verdict.FIRST if is_first else Verdict.SECOND
    else:
        verdict = Verdict.UNDECIDED
        # A test may be less sure than the interval beside it, which then has to reach to 0.
        interval = min(low, 0.0), max(high, 0.0)
        # Of a difference that is seen, as much as is likely to be there; then what would tell a
        # small one from none, or from one that matters.
        size = abs(found.value)
        seen = size - quantile(0.2, math.inf) * found.error
        effort = found.effort((max(rope, seen), max(size, rope - size)), alpha)
    return Decision(verdict, found.value, interval, 1 - alpha, rope, effort)
