"""Says what a column of text cells means: numbers, categories, or nothing a model can use."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.datasets.tables.text_table import TextArray, TextTable
from engine.errors import DatasetError
from engine.spec.parameters import shorten

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

# In a column of numbers these words stand for a gap; in a column of text they are text.
GAP_WORDS = frozenset({"na", "n/a", "#n/a", "nan", "null", "none", "-", "?"})

# Up to this share of cells that are no numbers is a mistake in a column of numbers.
_MISTAKE_SHARE = 0.1

_CODE = re.compile(r"[+-]?0\d+")
_INTEGER = re.compile(r"[+-]?\d+")
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?")
_BEYOND_INTEGERS = 2.0**63
_LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class Column:
    """One column, understood.

    Attributes:
        name: Its name.
        text: Its cells, (rows,) of str.
        gaps: Where it holds nothing, (rows,).
        numbers: Its values where it is numeric, NaN in gaps, (rows,); else None.
        has_decimal_comma: Numbers were written as 1,5.
    """

    name: str
    text: TextArray
    gaps: BoolArray
    numbers: FloatArray | None
    has_decimal_comma: bool = False

    @property
    def is_empty(self) -> bool:
        return bool(self.gaps.all())

    def categories(self, rows: BoolArray) -> tuple[str, ...]:
        """The distinct texts in these rows, in alphabetical order."""
        return tuple(sorted(set(self.text[rows & ~self.gaps].tolist())))


def understand(table: TextTable, name: str, numeric: bool | None = None) -> Column:
    """Decides what a column means.

    Numeric is a column whose cells are all numbers or gaps. Codes with leading zeros and integers
    beyond 64 bits stay text, for as numbers they would be changed.

    Args:
        table: The file.
        name: One of its columns.
        numeric: What it must be; None where it may be either.

    Raises:
        DatasetError: It must hold numbers, or nearly does, and some cell is none; or a number is
            infinite or too large.
    """
    text = table.columns[name]
    blank: BoolArray = (text == "").astype(bool)
    if numeric is not False:
        values, wrong, has_comma = _parse_numbers(text, blank, table.delimiter)
        gap_words = np.isnan(values) & ~blank & ~wrong
        given = ~blank & ~gap_words
        if not given.any():
            return Column(name, text, np.ones(len(text), dtype=bool), None)
        if numeric or _is_numeric(text[given], values[given], wrong[given]):
            _refuse_mistakes(table, name, values, wrong)
            return Column(name, text, blank | gap_words, values, has_comma)
    return Column(name, text, blank, None)


def _parse_numbers(
    text: TextArray, blank: BoolArray, delimiter: str
) -> tuple[FloatArray, BoolArray, bool]:
    """Values (NaN where there is none), where a cell is neither number nor gap, decimal comma."""
    values = np.array([_number(cell) for cell in text], dtype=np.float64)
    wrong = np.isnan(values) & ~blank
    has_comma = False
    for row in np.flatnonzero(wrong):
        cell: str = text[row]
        # With commas between the cells, 1,5 in quotes may as well be a list.
        if delimiter != "," and _DECIMAL_COMMA.fullmatch(cell):
            values[row] = _number(cell.replace(",", "."))
            wrong[row], has_comma = False, True
        elif cell.lower() in GAP_WORDS:
            wrong[row] = False
    return values, wrong, has_comma


def _number(cell: str) -> float:
    """The number, exact to the last bit; NaN where there is none."""
    try:
        # Python's float would also take 1_000.
        return float(cell) if "_" not in cell else math.nan
    except ValueError:
        return math.nan


def _is_numeric(text: TextArray, values: FloatArray, wrong: BoolArray) -> bool:
    if np.count_nonzero(wrong) > _MISTAKE_SHARE * len(text):
        return False
    integral = values == np.rint(values)
    beyond = np.abs(values) >= _BEYOND_INTEGERS
    return not (
        any(_CODE.fullmatch(cell) for cell in text[integral])
        or any(_INTEGER.fullmatch(cell) for cell in text[beyond])
    )


def _refuse_mistakes(table: TextTable, name: str, values: FloatArray, wrong: BoolArray) -> None:
    for found, message, hint in (
        (
            wrong,
            f"Column '{name}' must hold numbers.",
            "Mend the cell or remove the line; if the column is not meant as numbers, "
            "remove the column.",
        ),
        (np.isinf(values), f"Column '{name}' holds an infinite number.", "Remove the line."),
        (
            np.abs(values) > _LARGEST,
            f"Column '{name}' holds a number too large to compute with (above {_LARGEST:.2g}).",
            "Give the column in a larger unit, or remove the line.",
        ),
    ):
        rows = np.flatnonzero(found)
        if len(rows):
            more = f", and in {len(rows) - 1} more" if len(rows) > 1 else ""
            cell = shorten(table.columns[name][rows[0]])
            received = f"Received: {cell} in line {table.lines[rows[0]]}{more}."
            raise DatasetError(f"{message} {received}", hint)
