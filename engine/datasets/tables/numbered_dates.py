"""Dates that are written as numbers, such as 20240131 and Unix time, or by the calendar.

Each way has a name, which stands for it where others are named by how `pandas.to_datetime` writes
them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

import numpy as np

from engine.datasets.tables.calendar_forms import calendar_seconds
from engine.datasets.tables.table_source import FloatArray

CALENDAR: Final = "calendar"
UNIX_S, UNIX_MS, UNIX_US = "unix s", "unix ms", "unix us"
EXCEL: Final = "excel days"
_PER_SECOND: Final = {UNIX_S: 1.0, UNIX_MS: 1e3, UNIX_US: 1e6}
_DAY_S = 86_400.0
_EXCEL_EPOCH_DAYS = 25_569
"""From 30 December 1899, with which the serial numbers of workbooks begin, to 1970."""


def _packed(cells: Sequence[str], form: str, digits: int) -> FloatArray:
    import pandas as pd

    whole = [cell.removesuffix(".0") for cell in cells]
    # pandas would read 2024131, too.
    sure = [cell if len(cell) == digits and cell.isdecimal() else None for cell in whole]
    parsed = pd.to_datetime(pd.Series(sure, dtype=object), format=form, errors="coerce", utc=True)
    moments: Any = parsed.dt.tz_localize(None).to_numpy(dtype="datetime64[us]")
    return np.where(np.isnat(moments), np.nan, moments.astype(np.int64) / 1e6)


def _numbers(cells: Sequence[str], per_second: float) -> FloatArray:
    return _floats(cells) / per_second


def _serials(cells: Sequence[str]) -> FloatArray:
    # Rounded to the millisecond, as a day's share of 13:00 is no exact number.
    return np.round((_floats(cells) - _EXCEL_EPOCH_DAYS) * _DAY_S, 3)


def _floats(cells: Sequence[str]) -> FloatArray:
    def one(cell: str) -> float:
        try:
            value = float(cell)
        except ValueError:
            return np.nan
        return value if abs(value) < 1e17 else np.nan

    return np.array([one(cell) for cell in cells], np.float64)


NUMBERED: Final[Mapping[str, Callable[[Sequence[str]], FloatArray]]] = {
    "%Y%m%d": partial(_packed, form="%Y%m%d", digits=8),
    "%Y%m": partial(_packed, form="%Y%m", digits=6),
    "%Y%m%d%H%M": partial(_packed, form="%Y%m%d%H%M", digits=12),
    "%Y%m%d%H%M%S": partial(_packed, form="%Y%m%d%H%M%S", digits=14),
    **{form: partial(_numbers, per_second=rate) for form, rate in _PER_SECOND.items()},
    EXCEL: _serials,
    CALENDAR: calendar_seconds,
}
"""By the name of a way: cells as seconds since 1970 in UTC, NaN where one is no such date."""


def cell_of(seconds: float, form: str) -> str:
    """The cell that stands for a moment in one of these ways; read again, it is that moment.

    Args:
        seconds: Since 1970, in UTC; of the calendar's ways only the day counts.
        form: One of `NUMBERED`.
    """
    moment = datetime(1970, 1, 1) + timedelta(seconds=seconds)
    match form:
        case "calendar":
            year, week, day = moment.isocalendar()
            return f"{year}-W{week:02}-{day}"
        case "unix s" | "unix ms" | "unix us":
            return f"{seconds * _PER_SECOND[form]:.0f}"
        case "excel days":
            return f"{seconds / _DAY_S + _EXCEL_EPOCH_DAYS:.12g}"
        case _:
            return moment.strftime(form)


WITH_CLOCK: Final = frozenset({"%Y%m%d%H%M", "%Y%m%d%H%M%S", UNIX_S, UNIX_MS, UNIX_US})
"""They may tell the time of the day."""
MONTHLY: Final = frozenset({"%Y%m"})
"""They tell no day."""
EXAMPLES: Final[Mapping[str, str]] = {
    "ISO8601": "2024-01-31",
    "%Y%m%d": "written as 20240131",
    "%Y%m": "written as 202401",
    "%Y%m%d%H%M": "written as 202401311345",
    "%Y%m%d%H%M%S": "written as 20240131134500",
    UNIX_S: "in seconds since 1970",
    UNIX_MS: "in milliseconds since 1970",
    UNIX_US: "in microseconds since 1970",
    EXCEL: "in days, as workbooks count them",
    CALENDAR: "written as 2024-W05 or 2024Q1",
}
"""How each way is told."""
