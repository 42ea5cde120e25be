"""Turns cells into numbers as a plan says: the same for training and for prediction."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.datasets.tables.cell_faults import Fault, NumberFaults, refuse_dates
from engine.datasets.tables.table_cells import (
    LARGEST,
    blank_cells,
    date_part,
    gap_word_cells,
    read_dates,
    read_numbers,
    read_yes_no,
)
from engine.datasets.tables.table_source import (
    Cells,
    Chunk,
    FloatArray,
    IndexArray,
    TableParameters,
    TableSource,
)
from engine.datasets.tables.text_words import read_words
from engine.datasets.tables.written_numbers import NumberStyle, Sign
from engine.errors import DatasetError


def number_style(source: TableSource, parameters: TableParameters) -> NumberStyle:
    """How numbers are written in a file, before any of its columns was looked at."""
    has_gap_words = parameters.gap_words != "none"
    if parameters.decimal == "auto":
        decimal: Sign = "" if source.has_comma_numbers else "."
        return NumberStyle(decimal, not source.has_comma_numbers, gap_words=has_gap_words)
    return NumberStyle("," if parameters.decimal == "comma" else ".", gap_words=has_gap_words)


def feature_style(feature: Mapping[str, Any], style: NumberStyle) -> NumberStyle:
    """How the numbers of a feature are written.

    Args:
        feature: As `ColumnPlan.features` returns it.
        style: How numbers are written in the file, for features that do not say.
    """
    numbers = feature.get("numbers")
    return style if numbers is None else NumberStyle.from_dict(numbers, style.gap_words)


def as_typed(numbers: Mapping[str, Any]) -> dict[str, Any]:
    """How numbers are written in a file that says itself which cells are numbers: with points."""
    return {**numbers, "decimal": "."}


class CellReader:
    """Reads the columns of x from chunks.

    Args:
        features: One per column of x, as `ColumnPlan.features` returns them.
        style: How numbers are written.
        line_word: What a place in the file is called.
        tolerant: Columns whose cells that do not fit become gaps; those of others are refused.
    """

    def __init__(
        self,
        features: Sequence[Mapping[str, Any]],
        style: NumberStyle,
        line_word: str = "line",
        tolerant: Collection[str] = (),
    ) -> None:
        self._features = features
        self._style = style
        self._line_word = line_word
        self._tolerant = tolerant

    def read(self, chunk: Chunk) -> FloatArray:
        """Returns the rows of a chunk, (rows, columns of x), NaN in gaps.

        Raises:
            DatasetError: A cell does not fit its column.
        """
        x = np.empty((len(chunk), len(self._features)))
        dates: dict[str, FloatArray] = {}
        words = self._words(chunk)
        for index, feature in enumerate(self._features):
            name = feature["column"]
            cells = chunk.cells[name]
            if feature["type"] == "number":
                x[:, index] = self.numbers(feature, cells, chunk.lines)
            elif feature["type"] == "boolean":
                x[:, index] = read_yes_no(cells)
            elif feature["type"] == "category":
                x[:, index] = read_categories(cells, feature["values"])
            elif feature["type"] == "text":
                x[:, index] = next(words[name])
            else:
                if name not in dates:
                    dates[name] = self.dates(name, cells, chunk.lines, feature["form"])
                x[:, index] = date_part(dates[name], feature["part"])
        return x

    def _words(self, chunk: Chunk) -> dict[str, Iterator[FloatArray]]:
        """Of each column of free text, whether rows hold its words, a column (rows,) for each."""
        units: dict[str, str] = {}
        words: dict[str, list[str]] = {}
        for feature in self._features:
            if feature["type"] == "text":
                units[feature["column"]] = feature["unit"]
                words.setdefault(feature["column"], []).append(feature["word"])
        return {
            name: iter(read_words(chunk.cells[name], words[name], unit).T)
            for name, unit in units.items()
        }

    def numbers(self, feature: Mapping[str, Any], cells: Cells, lines: IndexArray) -> FloatArray:
        """A column of numbers, (rows,), NaN in gaps.

        Raises:
            DatasetError: A cell is no number, infinite or too large.
        """
        name = feature["column"]
        found = read_numbers(cells, feature_style(feature, self._style))
        faults = NumberFaults()
        faults.add(found, cells, lines)
        faults.refuse(name, self._line_word, allowed=len(cells) if name in self._tolerant else 0)
        return found.values

    def dates(self, name: str, cells: Cells, lines: IndexArray, form: str) -> FloatArray:
        """A column of dates, (rows,), as seconds since 1970, NaN in gaps.

        Raises:
            DatasetError: A cell is no date of this form.
        """
        seconds = read_dates(cells, form)
        if name in self._tolerant:
            return seconds
        gaps = blank_cells(cells)
        if self._style.gap_words:
            gaps |= gap_word_cells(cells)
        wrong = Fault()
        wrong.add(np.isnan(seconds) & ~gaps, cells, lines)
        refuse_dates(name, form, wrong, self._line_word)
        return seconds


def read_categories(cells: Cells, values: Sequence[str]) -> FloatArray:
    """The index of each cell among these values, NaN where it is none of them, (rows,)."""
    import pyarrow as pa
    import pyarrow.compute as pc

    found = pc.index_in(cells, value_set=pa.array(list(values), pa.string()))
    return np.asarray(found.cast(pa.float64()).to_numpy(zero_copy_only=False), np.float64)


def read_weights(
    name: str, cells: Cells, lines: IndexArray, style: NumberStyle, line_word: str
) -> npt.NDArray[np.float32]:
    """A column of weights, (rows,).

    Raises:
        DatasetError: A cell is no number, or one that no weight can be.
    """
    weights = read_numbers(cells, style).values
    wrong = np.flatnonzero(~((weights >= 0) & (weights <= LARGEST)))
    if len(wrong):
        cell, line = cells[int(wrong[0])].as_py(), lines[wrong[0]]
        raise DatasetError(
            f"Column '{name}', the weights, must hold numbers of 0 or more. "
            f"Received: '{cell}' in {line_word} {line}.",
            "Mend the cell, or choose another column of weights.",
        )
    return weights.astype(np.float32)


def row_marks(x: FloatArray, y: FloatArray) -> npt.NDArray[np.uint64]:
    """A number for each row, (rows,), equal where rows are equal, and else very likely not.

    Each value is mixed by SplitMix64's finaliser (Steele, Lea and Flood, 2014) before all are
    summed with odd factors.
    """
    stacked = np.column_stack([x, y])
    stacked[np.isnan(stacked)] = np.nan  # there are many; all are made the same
    values = stacked.view(np.uint64)
    with np.errstate(over="ignore"):
        mixed = values ^ (values >> np.uint64(30))
        mixed = mixed * np.uint64(0xBF58476D1CE4E5B9)
        mixed ^= mixed >> np.uint64(27)
        mixed *= np.uint64(0x94D049BB133111EB)
        mixed ^= mixed >> np.uint64(31)
        factors = np.random.default_rng(0).integers(0, 2**63, values.shape[1], np.uint64)
        return np.asarray((mixed * (factors * np.uint64(2) + np.uint64(1))).sum(axis=1))
