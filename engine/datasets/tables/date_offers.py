"""Offers to read as dates what is taken as numbers or texts, but holds dates in every cell."""

from __future__ import annotations

import math
import re
from typing import Final

import numpy as np

from engine.datasets.tables.column_study import ColumnStudy
from engine.datasets.tables.numbered_dates import (
    CALENDAR,
    EXAMPLES,
    EXCEL,
    NUMBERED,
    UNIX_MS,
    UNIX_S,
    UNIX_US,
)
from engine.events.findings import DataFinding, Remedy, Trouble

_FIRST_S: Final = -2_208_988_800.0  # 1900
_END_S: Final = 4_102_444_800.0  # 2100
_RANGES: Final = {
    "%Y%m%d": (19_000_101, 20_991_231),
    "%Y%m": (190_001, 209_912),
    "%Y%m%d%H%M": (190_001_010_000, 209_912_312_359),
    "%Y%m%d%H%M%S": (19_000_101_000_000, 20_991_231_235_959),
    UNIX_S: (315_532_800, _END_S),  # from 1980 on
    UNIX_MS: (315_532_800_000, 1e3 * _END_S),
    UNIX_US: (315_532_800_000_000, 1e6 * _END_S),
    EXCEL: (18_264, 73_050),  # 1950 to 2099
}
"""Between which numbers a column is looked at in this way; no two overlap."""
_FEWEST: Final = {"%Y%m": 4}
"""Different values, at least, for so much to be no accident; 2 elsewhere."""
_BY_NAME: Final = frozenset({UNIX_S, UNIX_MS, UNIX_US, EXCEL})
"""Any number of the range is one, so the column's name must say that it is a time."""
_TIME_NAME: Final = re.compile(
    r"date|time|stamp|epoch|created|updated|modified|posted|datum|zeit|fecha|[\s_.-](at|on|ts)$|^ts$"
    r"|[a-z](At|On)$|^when$|日期|时间",
    re.IGNORECASE,
)
_DURATION_NAME: Final = re.compile(r"timeout|elapsed|duration|update[sd]?_?count|lifetime", re.I)


def offered_form(study: ColumnStudy) -> str:
    """The way in which all cells of a column are dates that stand for numbers; empty: none."""
    if study.faults.infinite.count or study.faults.large.count:
        return ""
    if study.n_numbers and study.n_numbers == study.n_given - study.n_words:
        form = next(
            (
                form
                for form, (least, most) in _RANGES.items()
                if least <= study.minimum and study.maximum <= most
            ),
            "",
        )
        if not form or not (study.is_whole or form == EXCEL):
            return ""
        numbers = study.sample if study.is_overfull else [*map(_value, study.counts)]
        cells = [str(int(number)) for number in numbers if math.isfinite(number)]
        return form if _are_dates(cells, form) else ""
    known = [] if study.is_overfull or study.n_numbers else list(study.counts)
    return CALENDAR if _are_dates(known, CALENDAR) else ""


def date_offer(name: str, kind: str, study: ColumnStudy) -> list[DataFinding]:
    """Says that a column could be dates, with the remedy; what is surely one is read as one."""
    form = offered_form(study) if kind in ("number", "identifier", "category", "text") else ""
    if not form or study.n_distinct < _FEWEST.get(form, 2):
        return []
    if form in _BY_NAME and (not _TIME_NAME.search(name) or _DURATION_NAME.search(name)):
        return []
    remedy = Remedy("Read it as dates", {("data", "columns", name, "type"): "date"})
    first, last = _span(study, form)
    how = {
        "number": "It is read as a number",
        "category": "It is taken as categories",
    }.get(kind, "It is left out" if kind == "identifier" else "It is taken as text")
    apart = ", by which the days of two months are far apart" if form == "%Y%m%d" else ""
    text = (
        f"Every cell of '{name}' is a date {EXAMPLES[form]}, from {first} to {last}. {how}{apart}."
    )
    return [DataFinding(Trouble.UNDERSTOOD, name, text, count=study.n_given, remedies=(remedy,))]


def _value(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return np.nan


def _are_dates(cells: list[str], form: str) -> bool:
    if not cells:
        return False
    seconds = NUMBERED[form](cells)
    return bool(np.all((seconds >= _FIRST_S) & (seconds < _END_S)))


def _span(study: ColumnStudy, form: str) -> tuple[str, str]:
    if form == CALENDAR:
        seconds = NUMBERED[form](list(study.counts))
    else:
        seconds = NUMBERED[form]([str(int(study.minimum)), str(int(study.maximum))])
    unit = "M" if form == "%Y%m" else "D"
    first, last = (np.datetime64(int(moment), "s") for moment in (seconds.min(), seconds.max()))
    return str(first.astype(f"datetime64[{unit}]")), str(last.astype(f"datetime64[{unit}]"))
