"""What single cells mean: numbers, gaps, yes or no, dates. Works on chunks of a column.

Cells that repeat are looked at once, which is what makes large files quick.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.datasets.tables.number_marks import NumberMarks
from engine.datasets.tables.numbered_dates import NUMBERED
from engine.datasets.tables.table_source import BoolArray, Cells, FloatArray, IndexArray
from engine.datasets.tables.written_numbers import (
    LONGEST,
    NumberStyle,
    Written,
    number_with_word,
    written_number,
)

MISSING_LABELS = frozenset(
    {"n/a", "#n/a", "n.a.", "nan", "<na>", "nat", "null", "(null)", "\\n", "?"}
)
"""Among labels these words mean that there is none; `none`, `-` and `NA` may be classes."""
GAP_WORDS = MISSING_LABELS | {
    *("na", "none", "-", "--", "---", "–", "—", ".", "..", "...", "…", "*", "k.a."),
    *("#value!", "#ref!", "#div/0!", "#num!", "#name?", "#null!", "-1.#ind", "1.#qnan"),
}
"""In a column of numbers these words stand for a gap; in a column of text they are text."""
MISTAKE_SHARE = 0.1
"""Up to this share of cells that are no numbers is a mistake in a column of numbers."""
MOST_MARKS = 5
"""So many different texts, such as `<0.5`, may stand for numbers or dates that are not known."""
LARGEST = float(np.finfo(np.float32).max)
"""Larger numbers cannot be computed with."""
CODE = r"[+-]?0[0-9]+"
"""Whole numbers with leading zeros are codes: as numbers they would be changed."""
NAMELESS = frozenset({"column 1", "Unnamed: 0", "__index_level_0__"})
"""What a first column without a name is called, here and by pandas."""

_NO_NUMBERS = frozenset({"nan", "inf", "infinity"})
_PLAIN_NUMBER = r"^[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?$"

YES_AND_NO: dict[str, int] = {
    **dict.fromkeys(("true", "yes", "t", "y"), 1),
    **dict.fromkeys(("false", "no", "f", "n"), 0),
}
_PAIRS = (("false", "true"), ("no", "yes"), ("f", "t"), ("n", "y"))

_TRIED_DATES = 20
CENTURY = "1969 to 2068"
"""The years that two digits stand for, as POSIX has it."""
_CLOCKS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p", " %H:%M:%S.%f")
_DAY_FIRST = ("%d.%m.%Y", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%y", "%d/%m/%y")
_MONTH_FIRST = ("%m/%d/%Y", "%m-%d-%Y", "%m/%d/%y")
_YEAR_FIRST = ("%Y/%m/%d", "%Y.%m.%d")
_IN_WORDS = ("%d %b %Y", "%b %d, %Y", "%d-%b-%Y", "%d %B %Y", "%B %d, %Y")
_MONTHS = ("%b %Y", "%B %Y")
_SIGNS = re.compile("[-./:,]")
ISO = "ISO8601"
DATE_FORMS = (
    ISO,
    *(day + clock for day, clock in product((*_DAY_FIRST, *_MONTH_FIRST, *_YEAR_FIRST), _CLOCKS)),
    *(day + clock for day, clock in product(_IN_WORDS, _CLOCKS)),
    *("%Y-%m-%d" + clock for clock in _CLOCKS if "%p" in clock),
    *_MONTHS,
)
"""Ways to write a date, by the names of `pandas.to_datetime`; the likeliest first."""


@dataclass(frozen=True, eq=False)
class Numbers:
    """Cells read as numbers.

    Attributes:
        values: NaN where there is none, (rows,).
        words: The cell is a word for a gap, (rows,).
        wrong: The cell is neither number nor gap, (rows,).
    """

    values: FloatArray
    words: BoolArray
    wrong: BoolArray


def blank_cells(cells: Cells) -> BoolArray:
    """Where a cell holds nothing, (rows,)."""
    import pyarrow.compute as pc

    return np.asarray(pc.equal(cells, ""), bool)


def read_numbers(cells: Cells, style: NumberStyle, marks: NumberMarks | None = None) -> Numbers:
    """Reads cells as numbers, each exact to the last bit.

    Args:
        cells: Text, (rows,).
        style: How the numbers are written.
        marks: Notes how they seem to be written, whatever the style.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        # Arrow reads what Python's float reads, to the same bits, or refuses the whole chunk.
        read = pc.if_else(pc.equal(cells, ""), None, cells).cast(pa.float64())
    except pa.ArrowInvalid:
        return _read_distinct(cells, style, marks)
    if not style.bare or (style.decimal == "," and pc.any(pc.match_substring(cells, ".")).as_py()):
        return _read_distinct(cells, style, marks)
    values = np.asarray(read.to_numpy(zero_copy_only=False), np.float64)
    if marks is not None:
        marks.add_plain(cells, values)
    nothing = np.zeros(len(values), bool)
    words = np.isnan(values) & ~blank_cells(cells)
    return Numbers(values, words, nothing) if style.gap_words else Numbers(values, nothing, words)


def _read_distinct(cells: Cells, style: NumberStyle, marks: NumberMarks | None) -> Numbers:
    """Looks at each different cell once, and at the plain ones all at once."""
    import pyarrow as pa
    import pyarrow.compute as pc

    coded = cells.dictionary_encode()
    places = np.asarray(coded.indices.to_numpy(zero_copy_only=False), np.int64)
    distinct = coded.dictionary
    counts = np.bincount(places, minlength=len(distinct))
    is_plain = pc.match_substring_regex(distinct, _PLAIN_NUMBER)
    read = pc.if_else(is_plain, distinct, None).cast(pa.float64())
    values = np.array(read.to_numpy(zero_copy_only=False), np.float64)
    plain = np.asarray(is_plain, bool)
    if marks is not None:
        marks.add_plain(distinct.filter(is_plain), values[plain], counts[plain])
    is_word, is_wrong = np.zeros((2, len(distinct)), bool)
    is_settled = plain & style.bare
    if style.decimal == ",":
        is_settled &= ~np.asarray(pc.match_substring(distinct, "."), bool)
    others = np.flatnonzero(~is_settled)
    for place, cell in zip(others.tolist(), distinct.take(others).to_pylist(), strict=True):
        if not cell:
            continue
        written = written_number(cell)
        values[place] = _number_of(cell, written, style)
        if marks is not None and written is not None and not plain[place]:
            marks.add(cell, written, int(counts[place]))
        is_gap = written is None and style.gap_words and cell.lower() in GAP_WORDS
        if marks is not None and written is None and not is_gap:
            marks.add_other(cell, int(counts[place]))
        if math.isnan(values[place]):
            (is_word if is_gap else is_wrong)[place] = True
    return Numbers(values[places], is_word[places], is_wrong[places])


def exact_integers(cells: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Cells as whole numbers, (rows,), where all are; else as they stand, which is as exact."""
    try:
        return np.array([int(cell) for cell in cells.tolist()], np.int64)
    except (ValueError, OverflowError):
        return cells


def parse_number(cell: str) -> float | None:
    """The number, exact to the last bit, infinite ones and NaN too; None where there is none."""
    try:
        # Python's float would also take 1_000.
        return float(cell) if "_" not in cell else None
    except ValueError:
        return None


def number(cell: str) -> float:
    """As `parse_number`, but NaN where there is none."""
    found = parse_number(cell)
    return math.nan if found is None else found


def cell_number(cell: str, style: NumberStyle) -> float:
    """The number in a cell, NaN where there is none in this style."""
    return _number_of(cell, written_number(cell), style)


def _number_of(cell: str, written: Written | None, style: NumberStyle) -> float:
    if written is None and style.has_own_unit:
        written = number_with_word(cell)
    if written is None:
        # What else Python takes is infinite, or no ASCII. Asking it of each word is slow.
        is_short_word = cell.isascii() and len(cell) <= LONGEST
        if is_short_word and cell.lstrip("+-").lower() not in _NO_NUMBERS:
            return math.nan
        return number(cell)
    found = written.read(style)
    return math.nan if found is None else found


def distinct_cells(cells: Cells) -> tuple[IndexArray, list[str]]:
    """The place of each cell among the distinct ones, (rows,), and these."""
    coded = cells.dictionary_encode()
    places = np.asarray(coded.indices.to_numpy(zero_copy_only=False), np.int64)
    return places, coded.dictionary.to_pylist()


def is_missing_label(cell: str) -> bool:
    """Whether a cell says of a label that there is none: in tables, and lists of files, alike."""
    return not cell.strip() or cell.strip().lower() in MISSING_LABELS


def number_label(value: float) -> str:
    """A number as the name of a class: a whole one to its last digit."""
    is_large = value == math.trunc(value) and 1e15 <= abs(value) < 1e300
    return str(int(value)) if is_large else f"{value:.15g}"


def gap_word_cells(cells: Cells) -> BoolArray:
    """Where a cell is a word for a gap, (rows,)."""
    import pyarrow as pa
    import pyarrow.compute as pc

    return np.asarray(pc.is_in(pc.utf8_lower(cells), pa.array(sorted(GAP_WORDS))), bool)


def yes_no_pair(values: set[str]) -> bool:
    """Whether these texts, in lower case, say yes and no."""
    return any(values == set(pair) for pair in _PAIRS)


def read_yes_no(cells: Cells) -> FloatArray:
    """1 for yes, 0 for no, NaN for anything else, (rows,)."""
    places, distinct = distinct_cells(cells)
    values = [float(YES_AND_NO.get(cell.lower(), math.nan)) for cell in distinct]
    return np.array(values, np.float64)[places] if values else np.zeros(0)


def date_forms(order: str) -> tuple[str, ...]:
    """The forms to try, by `TableParameters.dates`."""
    if order == "auto":
        return DATE_FORMS
    others = _MONTH_FIRST if order == "day first" else _DAY_FIRST
    return tuple(form for form in DATE_FORMS if not form.startswith(others))


def is_order_open(forms: tuple[str, ...]) -> bool:
    """Whether the forms that fit leave open if the day comes first or the month."""
    return any(form.startswith(_DAY_FIRST) for form in forms) and any(
        form.startswith(_MONTH_FIRST) for form in forms
    )


def dates_missed(cells: Cells, forms: tuple[str, ...]) -> dict[str, BoolArray]:
    """The forms in which most of these cells are dates, and in each the cells that are none.

    Args:
        cells: Without gaps, (rows,).
        forms: To be tried.
    """
    places, distinct = distinct_cells(cells)
    sample = distinct[:_TRIED_DATES]
    if 2 * sum(any(letter.isdigit() for letter in cell) for cell in sample) < len(sample):
        return {}
    most = len(sample) // 2
    likely = likely_forms(sample, forms)
    likely = [form for form in likely if np.isnan(_seconds(sample, form)).sum() <= most]
    missed = {form: np.isnan(_seconds(distinct, form))[places] for form in likely}
    return {form: where for form, where in missed.items() if 2 * where.sum() <= len(where)}


def likely_forms(sample: list[str], forms: Iterable[str]) -> list[str]:
    """Those forms whose signs between the numbers are those of most cells; quick, and sure."""
    signs = [Counter(_SIGNS.findall(cell)) for cell in sample]
    return [
        form
        for form in forms
        if form == ISO
        or 2 * sum(found == Counter(_SIGNS.findall(form)) for found in signs) >= len(sample)
    ]


def fitting_forms(distinct: list[str], forms: tuple[str, ...]) -> tuple[str, ...]:
    """The forms in which all of these cells are dates."""
    if not all(any(letter.isdigit() for letter in cell) for cell in distinct):
        return ()
    return tuple(form for form in forms if not np.isnan(_seconds(distinct, form)).any())


def read_dates(cells: Cells, form: str) -> FloatArray:
    """Seconds since 1970 in UTC, NaN where a cell is no date of this form, (rows,)."""
    places, distinct = distinct_cells(cells)
    return _seconds(distinct, form)[places]


def _seconds(cells: list[str], form: str) -> FloatArray:
    if form in NUMBERED:
        return NUMBERED[form](cells)
    import pandas as pd

    try:
        series = pd.Series(cells, dtype=object)
        parsed = pd.to_datetime(series, format=form, errors="coerce", utc=True)
        moments: Any = parsed.dt.tz_localize(None).to_numpy(dtype="datetime64[us]")
    except (ValueError, TypeError, OverflowError):
        return np.full(len(cells), np.nan)
    return np.where(np.isnat(moments), np.nan, moments.astype(np.int64) / 1e6)


DATE_PARTS: dict[str, Callable[[Any], FloatArray]] = {
    "year": lambda moment: moment.astype("datetime64[Y]").astype(np.int64) + 1970.0,
    "month": lambda moment: moment.astype("datetime64[M]").astype(np.int64) % 12 + 1.0,
    "day": lambda moment: (
        (moment.astype("datetime64[D]") - moment.astype("datetime64[M]")).astype(np.int64) + 1.0
    ),
    # The first of January 1970 was a Thursday; Monday is 0.
    "weekday": lambda moment: (moment.astype("datetime64[D]").astype(np.int64) + 3.0) % 7,
    "hour": lambda moment: moment.astype("datetime64[h]").astype(np.int64) % 24 + 0.0,
    "days": lambda moment: moment.astype(np.int64) / 86_400.0,
}
"""Numbers made of a date, given as datetime64[s]; ``days`` are since 1970."""


def date_part(seconds: FloatArray, part: str) -> FloatArray:
    """A number of each date, NaN where there is none, (rows,)."""
    known = ~np.isnan(seconds)
    values = np.full(len(seconds), np.nan)
    moments = np.floor(seconds[known]).astype(np.int64).astype("datetime64[s]")
    values[known] = DATE_PARTS[part](moments)
    return values
