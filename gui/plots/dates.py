"""Ticks and labels of an axis of moments, given as seconds since 1970 (UTC)."""

from __future__ import annotations

from typing import Final

import numpy as np

_DAY: Final = 86_400.0
_UNITS: Final = (
    ("Y", 365.2425 * _DAY, (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)),
    ("M", 30.437 * _DAY, (1, 3, 6)),
    ("D", _DAY, (1, 2, 5, 10)),
    ("h", 3_600.0, (1, 3, 6, 12)),
    ("m", 60.0, (1, 5, 15, 30)),
    ("s", 1.0, (1, 5, 15, 30)),
)
_FORMATS: Final = {"Y": "%Y", "M": "%Y-%m", "D": "%m-%d", "h": "%d. %H:%M", "m": "%H:%M"}
FIRST_DATE: Final = 3e7
"""Times up to here count something else, such as rows: a year after 1970 holds no data."""


def are_dates(times: np.ndarray[tuple[int], np.dtype[np.float64]]) -> bool:
    """Whether times, (points,), are moments rather than the numbers of rows."""
    return bool(len(times)) and bool(times.max() > FIRST_DATE or times.min() < 0)


def date_ticks(low: float, high: float, n_wanted: float) -> list[tuple[float, list[float]]]:
    """Returns ticks where years, months, days, hours or minutes begin.

    Args:
        low, high: Ends of the axis.
        n_wanted: At most so many.

    Returns:
        The distance of ticks, with where they are, as pyqtgraph takes it.
    """
    rough = (high - low) / max(1.0, n_wanted)
    unit, step, spacing = "Y", 1000, 1000 * _UNITS[0][1]
    for name, seconds, steps in _UNITS:
        for count in steps:
            if rough <= count * seconds < spacing:
                unit, step, spacing = name, count, count * seconds
    start = np.datetime64(int(low), "s").astype(f"datetime64[{unit}]").astype(np.int64)
    end = np.datetime64(int(high), "s").astype(f"datetime64[{unit}]").astype(np.int64)
    # Years count from 1970 here, and are read from year 0.
    shift = 1970 % step if unit == "Y" else 0
    first = -(-(start + shift) // step) * step - shift
    places = np.arange(first, end + 1, step).astype(f"datetime64[{unit}]")
    moments = places.astype("datetime64[s]").astype(np.float64).tolist()
    return [(spacing, [moment for moment in moments if low <= moment <= high])]


def date_text(moment: float, spacing: float) -> str:
    """Returns the label of a tick, as precise as its distance to the next asks for."""
    unit = next((name for name, seconds, _ in _UNITS if spacing >= 0.99 * seconds), "s")
    when = np.datetime64(int(moment), "s").item()
    return str(when.strftime(_FORMATS.get(unit, "%H:%M:%S")))
