"""Which examples only one of two sides gets right; of numbers, which one is closer to the truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.datasets.base import AnyArray, IndexArray
from engine.inference.evaluation.predictions import Predictions


@dataclass(frozen=True, eq=False)
class WhoIsRight:
    """Examples by who is right about them.

    Attributes:
        only_first, only_second: Rows of the data.
        n_both, n_neither: How many others there are; of numbers, that are as close as each other
            and 0.
        is_closeness: There is no right and wrong: it is told who is closer.
    """

    only_first: IndexArray
    only_second: IndexArray
    n_both: int
    n_neither: int
    is_closeness: bool


def who_is_right(first: Sequence[Predictions], second: Sequence[Predictions]) -> WhoIsRight:
    """Of two sides on the same examples; of several models of a side, what most of them say.

    Args:
        first, second: Of each model of a side.
    """
    rows = first[0].rows
    right = [[it.is_right for it in side] for side in (first, second)]
    if any(it is None for side in right for it in side):
        one, two = (np.mean([it.losses for it in side], axis=0) for side in (first, second))
        closer, farther = np.flatnonzero(one < two), np.flatnonzero(one > two)
        n_alike = len(rows) - len(closer) - len(farther)
        return WhoIsRight(rows[closer], rows[farther], n_alike, 0, True)
    one, two = (_most(side) for side in right)
    return WhoIsRight(
        rows[np.flatnonzero(one & ~two)],
        rows[np.flatnonzero(~one & two)],
        int((one & two).sum()),
        int((~one & ~two).sum()),
        False,
    )


def _most(right: Sequence[AnyArray | None]) -> AnyArray:
    return np.asarray(np.mean([np.asarray(it) for it in right], axis=0) > 0.5)
