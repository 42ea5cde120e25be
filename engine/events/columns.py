"""What is asked of the columns of a run's data, to choose examples by them and draw over them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from engine.events.results import ResultAnswer, ResultCommand


@dataclass(frozen=True)
class ReadColumn(ResultCommand):
    """Read one column for every example of a part. Answered by `ColumnRead`.

    Attributes:
        part: ``test``, ``validation`` or ``train``.
        column: Its name; empty: only which columns there are.
    """

    is_quick: ClassVar[bool] = True

    part: str = "test"
    column: str = ""


@dataclass(frozen=True, eq=False)
class ColumnRead(ResultAnswer):
    """A column of the data, as numbers or as categories.

    Attributes:
        part: Of which examples.
        column: Its name; empty where none was asked for.
        columns: Every column that can be asked for.
        rows: Which examples of the data, (n,).
        numbers: What each has, NaN in gaps, (n,); for categories the index in `categories`, -1 in
            gaps.
        categories: What stands in it, the most frequent first; empty: it holds numbers.
    """

    part: str
    column: str
    columns: tuple[str, ...]
    rows: npt.NDArray[np.int64]
    numbers: npt.NDArray[np.float64]
    categories: tuple[str, ...] = ()
