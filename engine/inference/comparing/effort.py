"""How much more it takes until a comparison decides."""

from __future__ import annotations

import math
from dataclasses import dataclass

from engine.inference.comparing.looks import FIRST_LOOK, level_at

POWER = 0.9
"""How often what is promised is enough."""
MOST_SEEDS = 200


@dataclass(frozen=True)
class Effort:
    """What would decide.

    Attributes:
        n_seeds: Seeds that each side needs in all, so that a difference as large as what is looked
            for is found in 9 of 10; None: seeds alone do not do it.
        n_examples: Test examples needed in all, where seeds alone do not do it, or where two
            single models are compared; None: those there are will do.
        is_least: How much seeds differ is not known yet: it takes at least as much.
    """

    n_seeds: int | None
    n_examples: int | None = None
    is_least: bool = False


def quantile(level: float, df: float) -> float:
    """Student's quantile of a two-sided level; without degrees of freedom infinite."""
    from scipy.special import ndtri, stdtrit

    if level <= 0 or df <= 0:
        return math.inf
    return float(-ndtri(level / 2)) if math.isinf(df) else float(-stdtrit(df, level / 2))


def reach_of(alpha: float) -> float:
    """Standard errors that a difference must be large to be found by a single look."""
    return quantile(alpha, math.inf) + quantile(2 * (1 - POWER), math.inf)


def seeds_needed(
    target: float, shared: float, each: float, df_each: int, alpha: float
) -> int | None:
    """Seeds of each side that find a difference, looking after each.

    Args:
        target: The difference.
        shared: Variance of the difference that no seed takes away.
        each: Variance that one seed of each side adds.
        df_each: Degrees of freedom that each further seed adds: 1 of pairs, 2 of free ones.
        alpha: The level of all looks together.
    """
    sure = quantile(2 * (1 - POWER), math.inf)
    if (quantile(alpha, math.inf) + sure) * math.sqrt(shared) >= target:
        return None
    for n in range(FIRST_LOOK, MOST_SEEDS + 1):
        level = level_at(n, alpha, shared / each if each > 0 else math.inf)
        z, t = quantile(level, math.inf), quantile(level, df_each * (n - 1))
        half = math.sqrt(z * z * shared + t * t * each / n)
        if half + sure * math.sqrt(shared + each / n) <= target:
            return n
    return None
