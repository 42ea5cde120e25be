"""What there is to see of data: columns, series and distributions, as plain numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from engine.events.profile import ColumnProfile, Distribution


def distribution(name: str, values: Any, unit: str = "", bins: int = 20) -> Distribution:
    """Counts values, (n,), in equal bins."""
    counts, edges = histogram(np.asarray(values, np.float64), bins)
    return Distribution(name, unit, edges, counts)


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
