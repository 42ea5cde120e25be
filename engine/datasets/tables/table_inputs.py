"""Reads new examples for a model that was trained on a table: from a file, or typed out."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from engine.datasets.base import Progress, silent
from engine.datasets.tables.missing_codes import codes_by_column, without_codes
from engine.datasets.tables.table_cells import blank_cells
from engine.datasets.tables.table_opening import open_source
from engine.datasets.tables.table_rows import (
    CellReader,
    as_typed,
    number_style,
    read_categories,
)
from engine.datasets.tables.table_source import (
    BoolArray,
    Chunk,
    FloatArray,
    IndexArray,
    TableParameters,
    TableSource,
    stored_parameters,
    text_cells,
)
from engine.datasets.tables.written_numbers import NumberStyle
from engine.errors import DatasetError
from engine.spec.parameters import shorten

if TYPE_CHECKING:
    from engine.datasets.base import InputSpec

Watch: TypeAlias = Callable[[Sequence[str], Iterator[Chunk]], Iterator[Chunk]]
"""Given the columns of a table and its rows; hands the rows on, with what is missing added."""


def read_inputs(path: Path, asked: InputSpec, watch: Watch | None = None) -> FloatArray:
    """Reads every row of a file; its columns are found by name, in any order.

    Gaps and categories never seen are allowed: the model deals with them as in training.

    Args:
        path: A table with (at least) the columns the model was trained on.
        asked: What the model takes.
        watch: Sees the rows on their way; it may add a column that is missing, as gaps.

    Returns:
        x, (rows, columns of x), NaN in gaps.

    Raises:
        DatasetError: A column is missing, or a cell does not fit its column.
    """
    if "columns" not in asked.reading:
        return read_features(path, asked.feature_names)
    rows = RowReader(path, asked, watch)
    return np.concatenate([rows.read(chunk) for chunk in rows.chunks()])


class RowReader:
    """Reads the rows of a table as a model takes them, a chunk at a time.

    Args:
        path: A table with (at least) the columns the model was trained on.
        asked: What the model takes; its reading names the columns.
        watch: Sees the rows on their way; it may add a column that is missing, as gaps.

    Raises:
        DatasetError: A column is missing, or the file cannot be read.
    """

    def __init__(self, path: Path, asked: InputSpec, watch: Watch | None = None) -> None:
        parameters = stored_parameters(asked.reading)
        names = input_columns(asked.reading)
        self.source = _open(path, parameters, names)
        self._watch = watch
        if watch is None:
            _require(self.source, names)
        features = asked.reading["columns"]
        if self.source.is_typed:
            features = [_as_typed(feature) for feature in features]
        style = number_style(self.source, parameters)
        self._reader = CellReader(features, style, self.source.line_word)

    def chunks(self, progress: Progress = silent) -> Iterator[Chunk]:
        """Yields all rows in order, with what the watch adds."""
        chunks = self.source.chunks(progress)
        return chunks if self._watch is None else self._watch(self.source.names, chunks)

    def read(self, chunk: Chunk) -> FloatArray:
        """Returns x of the rows of a chunk, (rows, columns of x), NaN in gaps.

        Raises:
            DatasetError: A cell does not fit its column.
        """
        return self._reader.read(chunk)


def _open(path: Path, parameters: TableParameters, names: Sequence[str]) -> TableSource:
    """Opens a table of new inputs: the names that are looked for tell best if it has a header."""
    source = open_source(path, parameters)
    if parameters.header == "auto" and not set(names) <= set(source.names):
        for header in ("yes", "no"):
            with suppress(DatasetError):
                other = open_source(path, parameters.model_copy(update={"header": header}))
                if set(names) <= set(other.names):
                    return other
    return source


def _as_typed(feature: Mapping[str, Any]) -> Mapping[str, Any]:
    """A feature as a file holds it that says itself which cells are numbers: with points."""
    numbers = feature.get("numbers")
    return feature if numbers is None else {**feature, "numbers": as_typed(numbers)}


def read_row(text: str, asked: InputSpec, watch: Watch | None = None) -> FloatArray:
    """Reads one row typed out, with a cell for each of the table's columns; empty cells are gaps.

    Args:
        text: Such as ``39.1,18.7,Torgersen,``.
        asked: What the model takes; its reading names the columns.
        watch: Sees the row on its way.

    Returns:
        x, (1, columns of x).

    Raises:
        DatasetError: The cells are too many or too few, or one does not fit its column.
    """
    columns = input_columns(asked.reading)
    # A comma may be a decimal sign, too, so it parts cells only where nothing else does.
    found = {delimiter: _cut(text, delimiter) for delimiter in "\t;,"}
    able = [sign for sign, cells in found.items() if len(cells) == len(columns)]
    if not able:
        raise DatasetError(
            f"A row needs {len(columns)} values. Received {len(found[',']):,}: {shorten(text)}.",
            f"In this order: {', '.join(columns)}. Or give a file.",
        )
    errors: list[DatasetError] = []
    for delimiter in able:
        chunk = Chunk(
            {
                name: text_cells([cell])
                for name, cell in zip(columns, found[delimiter], strict=True)
            },
            np.ones(1, np.int64),
        )
        parameters = stored_parameters(asked.reading)
        chunk = without_codes(chunk, codes_by_column(parameters.missing, columns))
        style = _row_style(asked.reading, delimiter)
        try:
            x = CellReader(asked.reading["columns"], style, "row").read(chunk)
        except DatasetError as error:
            errors.append(error)
            continue
        if watch is not None:
            list(watch(columns, iter([chunk])))
        return x
    raise DatasetError(errors[-1].message, f"A row holds, in this order: {', '.join(columns)}.")


def read_cells(
    cells: Mapping[str, str], asked: InputSpec, watch: Watch | None = None
) -> FloatArray:
    """Reads one row given by its columns; numbers are written with a point, empty cells are gaps.

    Args:
        cells: What stands in each column; one that is left out is a gap.
        asked: What the model takes; its reading names the columns.
        watch: Sees the row on its way.

    Returns:
        x, (1, columns of x).

    Raises:
        DatasetError: A cell does not fit its column.
    """
    columns = input_columns(asked.reading)
    chunk = Chunk(
        {name: text_cells([cells.get(name, "")]) for name in columns}, np.ones(1, np.int64)
    )
    features = [_as_typed(feature) for feature in asked.reading["columns"]]
    try:
        x = CellReader(features, NumberStyle(), "row").read(chunk)
    except DatasetError as error:
        # There is one row, and it is in front of whoever wrote it.
        message = error.message.removesuffix(" in row 1.")
        raise DatasetError(message if message.endswith(".") else f"{message}.") from None
    if watch is not None:
        list(watch(columns, iter([chunk])))
    return x


def _row_style(reading: Mapping[str, Any], delimiter: str) -> NumberStyle:
    """How numbers are written between these delimiters, in columns of which nothing is known."""
    if stored_parameters(reading).decimal == "comma":
        return NumberStyle(",")
    is_comma = delimiter == ","
    return NumberStyle("." if is_comma else "", is_strict=is_comma)


def input_columns(reading: Mapping[str, Any]) -> tuple[str, ...]:
    """The columns of the table that a model sees, in order."""
    return tuple(dict.fromkeys(feature["column"] for feature in reading["columns"]))


def _cut(text: str, delimiter: str) -> list[str]:
    rows = list(csv.reader([text], delimiter=delimiter, skipinitialspace=True))
    return rows[0] if rows else []


# ---- models trained before gaps were filled, and models of data in the box


def read_features(path: Path, feature_names: Sequence[str]) -> FloatArray:
    """Reads inputs of which each column of numbers, or each ``column=category``, is a feature.

    Args:
        path: A file with (at least) the columns the features were made of.
        feature_names: As in the contract of the model.

    Returns:
        x, (rows, features), in the order of `feature_names`.

    Raises:
        DatasetError: A column is missing, a cell has a gap, or a category is unknown.
    """
    reader = FeatureReader(open_source(path), feature_names)
    return np.concatenate([reader.read(chunk) for chunk in reader.source.chunks()])


class FeatureReader:
    """Reads features from the chunks of a table.

    Args:
        source: The table.
        feature_names: As in the contract of the model.

    Raises:
        DatasetError: A column is missing.
    """

    def __init__(self, source: TableSource, feature_names: Sequence[str]) -> None:
        self.source = source
        self._n_features = len(feature_names)
        self._numeric, self._categories = _parted(feature_names, source.names)
        _require(source, (*self._numeric, *self._categories))
        self._reader = CellReader((), number_style(source, TableParameters()), source.line_word)

    def read(self, chunk: Chunk) -> FloatArray:
        """Returns the rows of a chunk, (rows, features).

        Raises:
            DatasetError: A cell has a gap, or holds no number or an unknown category.
        """
        word = self.source.line_word
        x = np.zeros((len(chunk), self._n_features))
        for name, place in self._numeric.items():
            x[:, place] = self._reader.numbers({"column": name}, chunk.cells[name], chunk.lines)
            _refuse_gaps(np.isnan(x[:, place]), name, chunk, word)
        for name, places in self._categories.items():
            x[np.arange(len(chunk)), _category_places(name, places, chunk, word)] = 1.0
        return x


def _parted(
    feature_names: Sequence[str], columns: Sequence[str]
) -> tuple[dict[str, int], dict[str, dict[str, int]]]:
    """Which features are columns of numbers, and which are categories of which column."""
    numeric: dict[str, int] = {}
    categories: dict[str, dict[str, int]] = {}
    for index, feature in enumerate(feature_names):
        column, _, category = feature.partition("=")
        if feature in columns or not category:
            numeric[feature] = index
            continue
        while column not in columns and "=" in category:
            more, _, category = category.partition("=")
            column = f"{column}={more}"
        categories.setdefault(column, {})[category] = index
    return numeric, categories


def _require(source: TableSource, names: Sequence[str]) -> None:
    missing = [name for name in names if name not in source.names]
    if missing:
        raise DatasetError(
            f"'{source.path.name}' lacks columns the model was trained on: {', '.join(missing)}.",
            f"Columns in the file: {', '.join(source.names)}.",
        )


def _category_places(
    name: str, places: Mapping[str, int], chunk: Chunk, line_word: str
) -> IndexArray:
    """The feature that each cell of a column makes 1, (rows,)."""
    cells = chunk.cells[name]
    _refuse_gaps(blank_cells(cells), name, chunk, line_word)
    found = read_categories(cells, list(places))
    unknown = np.flatnonzero(np.isnan(found))
    if len(unknown):
        raise DatasetError(
            f"Column '{name}' holds a value the model never saw. Received: "
            f"{shorten(cells[int(unknown[0])].as_py())} in {line_word} {chunk.lines[unknown[0]]}.",
            f"Known: {', '.join(places)}.",
        )
    return np.array(list(places.values()), np.int64)[found.astype(np.int64)]


def _refuse_gaps(gaps: BoolArray, name: str, chunk: Chunk, line_word: str) -> None:
    rows = np.flatnonzero(gaps)
    if len(rows):
        raise DatasetError(
            f"Column '{name}' has a gap in {line_word} {chunk.lines[rows[0]]}.",
            f"Fill it, or remove the {line_word}.",
        )
