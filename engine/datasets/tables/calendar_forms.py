"""Times named by their place in the calendar: quarters, halves, weeks and months of a year."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime

import numpy as np

from engine.datasets.tables.table_source import FloatArray

_BETWEEN = r"[\s/_.-]*"
_FORMS = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        rf"(?P<year>\d{{4}}){_BETWEEN}Q(?P<quarter>[1-4])",
        r"Q(?P<quarter>[1-4])[\s/_.'-]*(?P<year>\d{4}|\d{2})",
        r"(?P<quarter>[1-4])Q[\s/_.'-]*(?P<year>\d{4}|\d{2})",
        rf"(?P<year>\d{{4}}){_BETWEEN}(?P<quarter>[1-4])(?:st|nd|rd|th)\s+quarter",
        rf"(?P<quarter>[1-4])(?:st|nd|rd|th)\s+quarter{_BETWEEN}(?P<year>\d{{4}})",
        rf"(?P<year>\d{{4}}){_BETWEEN}[HS](?P<half>[12])",
        rf"[HS](?P<half>[12]){_BETWEEN}(?P<year>\d{{4}})",
        rf"(?P<year>\d{{4}}){_BETWEEN}(?:W|KW){_BETWEEN}(?P<week>\d{{1,2}})(?:-?(?P<day>[1-7]))?",
        rf"(?:W|KW){_BETWEEN}(?P<week>\d{{1,2}}){_BETWEEN}(?P<year>\d{{4}})",
        rf"(?P<year>\d{{4}}){_BETWEEN}M(?P<month>\d{{1,2}})",
        r"(?P<year>\d{4})/(?P<next>\d{2}|\d{4})",  # a season, from one year to the next
        r"(?:FY|CY)[\s/_'-]*(?P<year>\d{4})",
    )
)
# As C's strptime reads years of two digits.
_FIRST_OF_TWO_DIGITS = 69


def calendar_seconds(cells: Sequence[str]) -> FloatArray:
    """Cells such as ``2019Q3``, ``2019-W05``, ``2019M03`` and ``2019/20`` as their first day.

    Weeks are those of ISO 8601, from Monday on.

    Returns:
        Seconds since 1970, (cells,); NaN where a cell is none of these.
    """
    return np.array([_seconds(cell) for cell in cells], np.float64)


def _seconds(cell: str) -> float:
    match = next((found for form in _FORMS if (found := form.fullmatch(cell))), None)
    if match is None:
        return np.nan
    parts = {name: int(value) for name, value in match.groupdict().items() if value}
    year = parts["year"]
    if len(match["year"]) == 2:
        year += 1900 if year >= _FIRST_OF_TWO_DIGITS else 2000
    if "next" in parts and parts["next"] not in (year + 1, (year + 1) % 100):
        return np.nan
    try:
        first = _first_day(year, parts)
    except ValueError:  # there is no week 54, no month 13
        return np.nan
    return datetime(first.year, first.month, first.day, tzinfo=UTC).timestamp()


def _first_day(year: int, parts: dict[str, int]) -> date:
    if "week" in parts:
        return date.fromisocalendar(year, parts["week"], parts.get("day", 1))
    if "quarter" in parts:
        return date(year, 3 * parts["quarter"] - 2, 1)
    if "half" in parts:
        return date(year, 6 * parts["half"] - 5, 1)
    return date(year, parts.get("month", 1), 1)
