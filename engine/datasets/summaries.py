"""What there is to see of data: columns, series and distributions, as plain numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Distribution:
    """How a quantity of the examples is distributed, such as the length of texts.

    Attributes:
        name: What is counted.
        unit: Its unit; may be empty.
        edges: Edges of the bins, (bins + 1,).
        counts: Examples in each bin, (bins,).
    """

    name: str
    unit: str
    edges: npt.NDArray[np.float64]
    counts: npt.NDArray[np.int64]

    @classmethod
    def of(cls, name: str, values: Any, unit: str = "", bins: int = 20) -> Distribution:
        """Counts values, (n,), in equal bins."""
        counts, edges = histogram(np.asarray(values, np.float64), bins)
        return cls(name, unit, edges, counts)


@dataclass(frozen=True)
class ColumnProfile:
    """One column of a table, the target included.

    Attributes:
        name: Column name.
        minimum, maximum, mean, deviation: In the column's own unit; NaN where it has no numbers.
        histogram: Counts in 20 equal bins from minimum to maximum, (bins,); empty likewise.
        type: What it holds, by the names of `engine.spec.run_spec.ColumnType`.
        n_missing: Cells that hold nothing.
        n_distinct: Different values.
        values: The most frequent values with their counts, where it holds categories.
        gaps: What stands in for a missing value, by the names of `GapStrategy`.
        is_used: The model sees it, or predicts it.
    """

    name: str
    minimum: float
    maximum: float
    mean: float
    deviation: float
    histogram: npt.NDArray[np.int64]
    type: str = "number"
    n_missing: int = 0
    n_distinct: int = 0
    values: tuple[tuple[str, int], ...] = ()
    gaps: str = "auto"
    is_used: bool = True


@dataclass(frozen=True)
class Trace:
    """A series as it is drawn.

    Attributes:
        name: Its column.
        times: Seconds since 1970, or the number of the row, (points,).
        values: In its own unit, NaN in gaps, (points,); thinned out where they are many.
        ends: Times at which the training and the validation part end.
    """

    name: str
    times: npt.NDArray[np.float64]
    values: npt.NDArray[np.float64]
    ends: tuple[float, ...] = ()


def column_profile(name: str, values: npt.NDArray[Any], **more: Any) -> ColumnProfile:
    """Describes a column of numbers, (n,), NaN in gaps; `more` are further fields."""
    gaps = np.isnan(values := values.astype(np.float64))
    known = values[~gaps]
    if not len(known):
        nothing = np.zeros(0, np.int64)
        nan = float("nan")
        return ColumnProfile(name, nan, nan, nan, nan, nothing, n_missing=len(values), **more)
    return ColumnProfile(
        name=name,
        minimum=float(known.min()),
        maximum=float(known.max()),
        mean=float(known.mean()),
        deviation=float(known.std()),
        histogram=histogram(known)[0],
        n_missing=int(gaps.sum()),
        **more,
    )


def histogram(
    values: npt.NDArray[np.float64],
    bins: int = 20,
    limits: tuple[float, float] | None = None,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Counts finite values, (n,), in equal bins: counts, (bins,), and edges, (bins + 1,).

    Large values that lie too close together for so many bins all come into the middle one.

    Args:
        values: What is counted; at least one.
        bins: How many bins.
        limits: Lower and upper edge; None: those of the values.
    """
    try:
        counts, edges = np.histogram(values, bins, limits)
    except ValueError:
        middle = float(values[0])
        counts = np.zeros(bins, np.int64)
        counts[bins // 2] = len(values)
        width = max(1.0, abs(middle) * 1e-6)
        edges = np.linspace(middle - width, middle + width, bins + 1)
    return counts.astype(np.int64), edges
