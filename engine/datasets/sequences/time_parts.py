"""Times that stand in several columns: year and month, date and hour.

Which columns those are is told by their names and by what they hold; together they must tell rows
apart that one of them alone does not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from engine.datasets.sequences.times import Times, plain_numbers, read_times
from engine.datasets.tables.table_cells import distinct_cells
from engine.datasets.tables.table_source import Cells, FloatArray

JOINED = " + "
"""Stands between the names of columns that are one time, or one key."""

_NAMES: dict[str, frozenset[str]] = {
    "year": frozenset(
        ("year", "yr", "yyyy", "isoyear", "jahr", "année", "annee", "año", "anno", "年")
    ),
    "quarter": frozenset(("quarter", "qtr", "q", "quartal", "trimestre", "季度")),
    "month": frozenset(("month", "mon", "mo", "mm", "mnth", "monthofyear", "monat", "mois", "月")),
    "week": frozenset(
        ("week", "wk", "weekno", "weeknumber", "isoweek", "weekofyear", "kw", "woche", "周")
    ),
    "yearday": frozenset(("doy", "dayofyear", "yday", "yearday", "julianday")),
    "day": frozenset(("day", "dd", "dom", "dayofmonth", "tag", "jour", "日")),
    "hour": frozenset(("hour", "hr", "hh", "hourofday", "stunde", "heure", "时", "小时")),
    "minute": frozenset(("minute", "min", "mi", "minuten", "分", "分钟")),
    "second": frozenset(("second", "sec", "ss", "sekunde", "秒")),
    "clock": frozenset(("time", "clock", "timeofday", "uhrzeit", "zeit", "heure", "时间")),
}
_RANGES = {
    "year": (1000, 3000),
    "quarter": (1, 4),
    "month": (1, 12),
    "week": (1, 53),
    "yearday": (1, 366),
    "day": (1, 31),
    "hour": (0, 24),
    "minute": (0, 59),
    "second": (0, 60),
}
# What may follow a year or a date, coarse before fine; of one line, the first there is.
_AFTER_YEAR = (("month", "quarter", "yearday", "week"), ("day",))
_AFTER_DATE = (("hour", "clock"), ("minute",), ("second",))
# Nothing finer is looked for behind these.
_ENDS = ("quarter", "yearday", "week", "clock")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_CLOCK = re.compile(r"(\d{1,2})[:.h](\d{2})(?:[:.](\d{2}(?:\.\d+)?))?\s*([ap])?\.?m?\.?", re.I)
_READABLE_SHARE = 0.9
_DAY_S = 86_400.0
_UNIT_S = {"hour": 3_600.0, "minute": 60.0, "second": 1.0}


def unit_of(name: str) -> tuple[str, ...]:
    """What a column of such a name may hold of a time, such as ``month``; empty: nothing."""
    plain = re.sub(r"[\s_.-]", "", name.strip().lower())
    return tuple(unit for unit, names in _NAMES.items() if plain in names)


def values_of(unit: str, cells: Cells) -> FloatArray:
    """A part of a time as numbers, (rows,), NaN where a cell is none; a clock as seconds."""
    if unit == "clock":
        return _each(cells, _clock_seconds)
    if unit == "month" and len(cells) and not np.isfinite(plain_numbers(cells)).any():
        return _each(cells, _month_number)
    if unit == "quarter" and not np.isfinite(plain_numbers(cells)).any():
        return _each(cells, lambda cell: _number(cell.lower().lstrip("q")))
    values = plain_numbers(cells)
    low, high = _RANGES[unit]
    return np.where((values >= low) & (values <= high) & (values % 1 == 0), values, np.nan)


def _each(cells: Cells, read: Callable[[str], float]) -> FloatArray:
    places, distinct = distinct_cells(cells)
    return np.array([read(cell) for cell in distinct] or [np.nan], np.float64)[places]


def _number(cell: str) -> float:
    return float(cell) if cell in ("1", "2", "3", "4") else np.nan


def _month_number(cell: str) -> float:
    short = cell.strip().lower()[:3]
    return float(_MONTHS.index(short) + 1) if short in _MONTHS else np.nan


def _clock_seconds(cell: str) -> float:
    match = _CLOCK.fullmatch(cell.strip())
    if match is None:
        return np.nan
    hours, minutes, seconds = int(match[1]), int(match[2]), float(match[3] or 0)
    if match[4]:
        hours = hours % 12 + (12 if match[4].lower() == "p" else 0)
    return hours * 3_600.0 + minutes * 60.0 + seconds if hours <= 24 and minutes < 60 else np.nan


def more_columns(first: str, names: Sequence[str], sample: Callable[[str], Cells]) -> list[str]:
    """The columns that make a time together with the first one; empty: it is one alone.

    Args:
        first: A column of dates or of years.
        names: Those that may belong to it.
        sample: Gives the cells of a column.
    """
    times = read_times(sample(first))
    if times is None:
        return []
    lines: tuple[tuple[str, ...], ...]
    if times.is_date:
        known = times.values[~np.isnan(times.values)]
        if (known % _DAY_S != 0).any():
            return []  # it has a clock of its own
        lines = _AFTER_DATE
    elif _is_readable("year", sample(first)):
        lines = (*_AFTER_YEAR, *_AFTER_DATE)
    else:
        return []
    key, n_distinct = _refined(np.zeros(len(sample(first)), np.int64), sample(first))
    found: list[str] = []
    n_needed = 0
    for units in lines:
        name, unit = _fitting(units, names, sample)
        if name is None:
            break
        found.append(name)
        key, n_finer = _refined(key, sample(name))
        if n_finer > n_distinct:
            n_needed, n_distinct = len(found), n_finer
        if unit in _ENDS:
            break
    return found[:n_needed]


def _fitting(
    units: Sequence[str], names: Sequence[str], sample: Callable[[str], Cells]
) -> tuple[str | None, str]:
    """The first column that holds one of these parts, and which."""
    for unit in units:
        for name in names:
            named = unit_of(name)
            # An hour may be written as 13:00.
            is_named = unit in named or (unit == "clock" and "hour" in named)
            if is_named and _is_readable(unit, sample(name)):
                return name, unit
    return None, ""


def _is_readable(unit: str, cells: Cells) -> bool:
    values = values_of(unit, cells)
    return bool(len(values)) and float(np.mean(~np.isnan(values))) >= _READABLE_SHARE


def _refined(key: npt.NDArray[np.int64], cells: Cells) -> tuple[npt.NDArray[np.int64], int]:
    """A number for each row by what it was told apart by before and by a column; how many."""
    places, distinct = distinct_cells(cells)
    found, inverse = np.unique(key * max(1, len(distinct)) + places, return_inverse=True)
    return inverse.astype(np.int64), len(found)


def read_joined(columns: Sequence[tuple[str, Cells]], dates: str = "auto") -> Times | None:
    """Reads a time that stands in one column or several; None where the first holds none.

    Args:
        columns: Name and cells of each, the coarsest first: dates or years.
        dates: Whether day or month comes first, by `TableParameters.dates`.
    """
    (_, cells), *others = columns
    # Hours are of days that follow each other.
    times = read_times(cells, dates, is_dense=bool(others))
    if times is None or not others:
        return times
    parts = [(_unit(name, rest), rest) for name, rest in others]
    if any(not unit for unit, _ in parts):
        return None
    values = {unit: values_of(unit, rest) for unit, rest in parts}
    days = times.values if times.is_date else _days(values_of("year", cells), values)
    seconds = days.copy()
    for unit, length in _UNIT_S.items():
        seconds += values.get(unit, 0.0) * length
    return replace(times, values=seconds + values.get("clock", 0.0), is_date=True)


def _unit(name: str, cells: Cells) -> str:
    """What a column holds of a time, by its name, else by its values; empty: nothing."""
    named = [unit for unit in unit_of(name) if _is_readable(unit, cells)]
    return named[0] if named else ("clock" if _is_readable("clock", cells) else "")


def _days(years: FloatArray, values: dict[str, FloatArray]) -> FloatArray:
    """Seconds since 1970 at the beginning of a day, month, quarter or week of a year, (rows,)."""
    month = values.get("month")
    if month is None and "quarter" in values:
        month = 3 * values["quarter"] - 2
    day = values.get("yearday", values.get("day", np.ones(len(years))))
    week = values.get("week")
    known = ~(np.isnan(years) | np.isnan(day))
    for part in (month, week):
        known &= True if part is None else ~np.isnan(part)
    found = np.full(len(years), np.nan)
    whole = (years[known] - 1970).astype(np.int64).astype("datetime64[Y]")
    if week is not None and month is None:
        # Week 1 of ISO 8601 is that of the fourth of January; the first of 1970 was a Thursday.
        fourth = whole.astype("datetime64[D]") + 3
        monday = fourth - (fourth.astype(np.int64) + 3) % 7
        dates = monday + 7 * (week[known].astype(np.int64) - 1)
    else:
        months = whole.astype("datetime64[M]")
        if month is not None:
            months = months + (month[known].astype(np.int64) - 1)
        dates = months.astype("datetime64[D]") + (day[known].astype(np.int64) - 1)
        # There is no 30th of February, and no 366th day of most years.
        unit = "datetime64[Y]" if "yearday" in values else "datetime64[M]"
        is_there = dates.astype(unit) == (whole if "yearday" in values else months)
        dates = np.where(is_there, dates, np.datetime64("NaT"))
    found[known] = np.where(np.isnat(dates), np.nan, dates.astype(np.int64) * _DAY_S)
    return found
