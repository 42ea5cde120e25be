"""Understands a column of times, and how far its steps are apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from engine.datasets.tables.numbered_dates import CALENDAR
from engine.datasets.tables.table_cells import (
    CENTURY,
    DATE_FORMS,
    blank_cells,
    date_forms,
    gap_word_cells,
    is_order_open,
    read_dates,
    read_numbers,
)
from engine.datasets.tables.table_source import Cells
from engine.datasets.tables.written_numbers import NumberStyle

FloatArray = npt.NDArray[np.float64]
IndexArray = npt.NDArray[np.int64]

_READABLE_SHARE = 0.9
_SAMPLE_ROWS = 2_000
_OTHER_FORMS = ("%m/%Y", "%Y %b", "%b-%y", "%b-%Y", "%Y-%b", "%b %y", "%Y/%m")
# Whole numbers of so many digits, the smallest and largest of which are dates in this form.
_PACKED_FORMS = (("%Y%m%d", 18_000_101, 22_001_231), ("%Y%m", 180_001, 220_012))
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
        other_order: The other way to read them, by `TableParameters.dates`, where day and month
            could be the other way round; else empty.
    """

    values: FloatArray
    is_date: bool
    note: str = ""
    other_order: str = ""

    def text(self, value: float) -> str:
        """A time as people read it."""
        return time_text(value, self.is_date)


def time_text(value: float, is_date: bool) -> str:
    """A time as people read it: to the day, or to the second where that says more."""
    if not is_date or not np.isfinite(value):
        return f"{value:.10g}"
    text = str(np.datetime64(round(value), "s"))
    return text.replace("T00:00:00", "").replace("T", " ")


def read_times(cells: Cells, dates: str = "auto", is_dense: bool = False) -> Times | None:
    """Reads a column as times; None where most of its cells are neither dates nor numbers.

    Dates may be ISO 8601, quarters or weeks, or written with day or month first; where both orders
    fit, the one in which time goes on in one direction, in regular steps, is taken. Eight digits,
    such as 20240131, are a date, and six, such as 202401, a month, where all cells are one.

    Args:
        cells: Text, (rows,).
        dates: Whether day or month comes first, by `TableParameters.dates`.
        is_dense: Of two orders that are alike, the one in which the dates are nearer together.
    """
    sample = cells[:_SAMPLE_ROWS]
    n_known, n_sample = _n_known(cells), _n_known(sample)
    if not n_sample:
        return None
    if _n_read(plain_numbers(sample)) >= _READABLE_SHARE * n_sample:
        values = plain_numbers(cells)
        if _n_read(values) < _READABLE_SHARE * n_known:
            return None
        return _packed(cells, values) or Times(values, False)
    left_out = set(DATE_FORMS) - set(date_forms(dates))
    found = [
        (form, read(cells))
        for form, read in _READERS.items()
        if form not in left_out and _n_read(read(sample)) >= _READABLE_SHARE * n_sample
    ]
    most = max((_n_read(values) for _, values in found), default=0)
    best = [(form, values) for form, values in found if _n_read(values) == most]
    if most < _READABLE_SHARE * n_known or not best:
        return None
    form, values = max(
        best, key=lambda item: (*_likeness(item[1]), -_span(item[1]) if is_dense else 0.0)
    )
    century = f"Years of two digits are read as {CENTURY}." if "%y" in form else ""
    if not is_order_open(tuple(form for form, _ in best)):
        return Times(values, True, century)
    first, other = ("month", "day") if form.startswith("%m") else ("day", "month")
    note = f"Dates could be read with day or month first; they are read {first} first."
    note = f"{note} {century}".rstrip()
    return Times(values, True, note, f"{other} first")


_READERS: dict[str, Callable[[Cells], FloatArray]] = {
    **{form: partial(read_dates, form=form) for form in DATE_FORMS},
    CALENDAR: partial(read_dates, form=CALENDAR),
    **{form: partial(read_dates, form=form) for form in _OTHER_FORMS},
}
"""Ways to read dates, the likeliest first."""


def _n_known(cells: Cells) -> int:
    return int(np.count_nonzero(~(blank_cells(cells) | gap_word_cells(cells))))


def plain_numbers(cells: Cells) -> FloatArray:
    """Cells as finite numbers, (rows,), NaN where there is none."""
    values = read_numbers(cells, NumberStyle()).values
    return np.where(np.isfinite(values), values, np.nan)


def _n_read(values: FloatArray) -> int:
    return int(np.count_nonzero(~np.isnan(values)))


def _packed(cells: Cells, numbers: FloatArray) -> Times | None:
    """Whole numbers of eight or six digits as dates, where all of them are."""
    known = numbers[~np.isnan(numbers)]
    for form, smallest, largest in _PACKED_FORMS:
        if known.min() >= smallest and known.max() <= largest:
            dates = read_dates(cells, form)
            if _n_read(dates) == len(known):
                note = "Six digits are read as year and month." if form == "%Y%m" else ""
                return Times(dates, True, note)
    return None


def _span(values: FloatArray) -> float:
    return float(np.nanmax(values) - np.nanmin(values))


def _likeness(values: FloatArray) -> tuple[float, float]:
    """Share of the steps that go on in one direction, and of those that are regular.

    Forwards, or the newest first.
    """
    distances = np.diff(values[~np.isnan(values)])
    if not len(distances):
        return 1.0, 1.0
    if np.count_nonzero(distances < 0) > np.count_nonzero(distances > 0):
        distances = -distances
    forward = distances[distances > 0]
    pace = pace_of(forward, True)
    regular = np.count_nonzero(pace.counts(forward) == 1) / len(distances) if pace else 0.0
    return float(np.mean(distances >= 0)), regular


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
