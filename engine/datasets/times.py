"""Understands a column of times, and how far its steps are apart."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

from engine.datasets.columns import GAP_WORDS

FloatArray = npt.NDArray[np.float64]
IndexArray = npt.NDArray[np.int64]

_READABLE_SHARE = 0.9
_SAMPLE_ROWS = 2_000
_CLOCKS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p")
_DAYS = ("%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%Y/%m/%d", "%d-%m-%Y", "%m-%d-%Y", "%Y.%m.%d")
_FORMATS = (
    "ISO8601",
    *(day + clock for day, clock in product(_DAYS, _CLOCKS)),
    *("%d %b %Y", "%b %d, %Y", "%d-%b-%Y", "%b %Y", "%B %Y", "%m/%Y", "%d/%m/%y", "%m/%d/%y"),
)
_DAY_S = 86_400.0
# Steps of the calendar are not all of one length; the shortest and longest of each, in days.
_CALENDAR = (("month", 28, 31), ("quarter", 89, 92), ("year", 365, 366))
_UNITS = (("day", _DAY_S), ("hour", 3_600.0), ("minute", 60.0), ("second", 1.0))
_TOLERANCE = 0.05


@dataclass(frozen=True, eq=False)
class Times:
    """A column of times.

    Attributes:
        values: Seconds since 1970 in UTC, or the numbers themselves, (rows,); NaN: none.
        is_date: They are dates, not numbers.
        note: What could surprise in how they were read; may be empty.
    """

    values: FloatArray
    is_date: bool
    note: str = ""

    def text(self, value: float) -> str:
        """A time as people read it."""
        return time_text(value, self.is_date)


def time_text(value: float, is_date: bool) -> str:
    """A time as people read it: to the day, or to the second where that says more."""
    if not is_date or not np.isfinite(value):
        return f"{value:.10g}"
    text = str(np.datetime64(round(value), "s"))
    return text.replace("T00:00:00", "").replace("T", " ")


def read_times(cells: npt.NDArray[np.object_]) -> Times | None:
    """Reads a column of text as times; None where most cells are neither dates nor numbers.

    Dates may be ISO 8601, or written with day or month first; where both orders fit, the one in
    which time goes forward is taken. Eight digits, such as 20240131, are a date.
    """
    known = np.array([bool(cell) and cell.lower() not in GAP_WORDS for cell in cells], bool)
    if not known.any():
        return None
    numbers = _numbers(cells, known)
    needed = _READABLE_SHARE * np.count_nonzero(known)
    if np.count_nonzero(~np.isnan(numbers)) >= needed:
        packed = _parsed(cells, known, "%Y%m%d") if _is_packed(cells[known]) else None
        return Times(packed, True) if packed is not None else Times(numbers, False)
    formats = _fitting(cells[known][:_SAMPLE_ROWS])
    read = [
        (form, values) for form in formats if (values := _parsed(cells, known, form)) is not None
    ]
    counted = [(form, values, np.count_nonzero(~np.isnan(values))) for form, values in read]
    fit = [item for item in counted if item[2] >= needed]
    if not fit:
        return None
    most = max(count for *_, count in fit)
    best = [(form, values) for form, values, count in fit if count == most]
    form, values = max(best, key=lambda item: _forward(item[1]))
    note = ""
    if len(best) > 1 and _order(form):
        note = f"Dates could be read with day or month first; they are read {_order(form)} first."
    return Times(values, True, note)


def _order(form: str) -> str:
    return {"%d": "day", "%m": "month"}.get(form[:2], "")


def _numbers(cells: npt.NDArray[np.object_], known: npt.NDArray[np.bool_]) -> FloatArray:
    values = np.full(len(cells), np.nan)
    for row in np.flatnonzero(known):
        try:
            number = float(cells[row]) if "_" not in cells[row] else np.nan
        except ValueError:
            continue
        values[row] = number if np.isfinite(number) else np.nan
    return values


def _is_packed(cells: npt.NDArray[np.object_]) -> bool:
    """Whether numbers are dates of eight digits."""
    return all(len(cell) == 8 and cell.isdigit() and "1800" <= cell[:4] <= "2200" for cell in cells)


def _fitting(sample: npt.NDArray[np.object_]) -> list[str]:
    everyone = np.ones(len(sample), bool)
    found: list[str] = []
    for form in _FORMATS:
        values = _parsed(sample, everyone, form)
        if values is not None and np.count_nonzero(~np.isnan(values)) >= _READABLE_SHARE * len(
            sample
        ):
            found.append(form)
    return found


def _parsed(
    cells: npt.NDArray[np.object_], known: npt.NDArray[np.bool_], form: str
) -> FloatArray | None:
    """Seconds since 1970, NaN where a cell is not of this form; None where it cannot be tried."""
    import pandas as pd

    try:
        parsed = pd.to_datetime(pd.Series(cells[known]), format=form, errors="coerce", utc=True)
    except (ValueError, TypeError, OverflowError):
        return None
    moments = parsed.dt.tz_localize(None).to_numpy(dtype="datetime64[us]")
    seconds = np.where(np.isnat(moments), np.nan, moments.astype(np.int64) / 1e6)
    values = np.full(len(cells), np.nan)
    values[known] = seconds
    return values if not np.isnan(seconds).all() else None


def _forward(values: FloatArray) -> float:
    """Share of the steps that do not go back in time."""
    known = values[~np.isnan(values)]
    return float(np.mean(np.diff(known) >= 0)) if len(known) > 1 else 1.0


@dataclass(frozen=True)
class Pace:
    """How far steps are apart.

    Attributes:
        step: The usual distance, in seconds for dates.
        name: In words, such as ``1 hour``.
        calendar: ``month``, ``quarter``, ``year``, or empty for steps of one length.
    """

    step: float
    name: str
    calendar: str = ""

    def counts(self, distances: FloatArray) -> IndexArray:
        """How many steps each distance is, (n,); 0 where it is no whole number of them."""
        ratio = distances / self.step
        nearest = np.maximum(np.rint(ratio), 1)
        # In the calendar, errors do not grow with the number of steps, but a month varies by two
        # days to either side.
        allowed = 0.11 if self.calendar else _TOLERANCE
        return np.where(np.abs(ratio - nearest) <= allowed, nearest, 0).astype(np.int64)


def pace_of(distances: FloatArray, is_date: bool) -> Pace | None:
    """The usual distance between one step and the next; None where there is none.

    Args:
        distances: Between consecutive times, (n,), all above 0.
        is_date: They are seconds.
    """
    if not len(distances):
        return None
    step = float(np.median(distances))
    if is_date:
        for name, shortest, longest in _CALENDAR:
            if shortest * _DAY_S <= step <= longest * _DAY_S:
                return Pace(_CALENDAR_DAYS[name] * _DAY_S, f"1 {name}", name)
    return Pace(step, step_text(step, is_date))


# Mean lengths of the Gregorian calendar, in days.
_CALENDAR_DAYS = {"month": 30.436875, "quarter": 91.310625, "year": 365.2425}


def step_text(step: float, is_date: bool) -> str:
    """A distance in words, such as ``15 minutes``."""
    if not is_date:
        return f"{step:g}"
    for name, seconds in _UNITS:
        count = step / seconds
        if count >= 1 and abs(count - round(count)) < 1e-6:
            return f"{round(count):,} {name}{'s' if round(count) != 1 else ''}"
    return f"{step:g} seconds"
