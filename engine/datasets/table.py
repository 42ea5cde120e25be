"""A CSV or TSV file as a dataset: one column is predicted from the others."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.datasets.base import Examples, Progress, silent
from engine.datasets.columns import BoolArray, Column, FloatArray, understand
from engine.datasets.text_table import (
    TextTable,
    column_names,
    describe_delimiter,
    read_text_table,
)
from engine.datasets.files import Glance
from engine.datasets.formats import FileDataset, Format
from engine.errors import DatasetError
from engine.parameters import shorten
from engine.problem import Kind, Task
from engine.spec import DataSpec

__all__ = ["SUFFIXES", "TableFile", "TableFormat", "column_names", "read_features"]

SUFFIXES = (".csv", ".tsv", ".tab", ".txt", ".data")

MAX_CATEGORIES = 20
MAX_CLASSES = 1_000
# A whole-number target with at most this many values, each often enough, is taken as classes.
MAX_INTEGER_CLASSES = 20
_MIN_ROWS_PER_INTEGER_CLASS = 3


class TableFormat(Format):
    """A CSV or TSV file."""

    name = "table"
    title = "A table (CSV, TSV)"
    kind = Kind.TABLE
    suffixes = SUFFIXES

    def likeness(self, glance: Glance) -> float:
        return 1.0 if not glance.is_folder and glance.share(SUFFIXES) == 1 else 0.0

    def open(self, path: Path, data: DataSpec) -> TableFile:
        return TableFile(path, data)


class TableFile(FileDataset):
    """A table in a file.

    Numeric columns become features as they are; columns of text with few different values become
    one feature per value, named ``column=value``, 1 where it holds and 0 elsewhere. Rows with a
    gap, and columns a model cannot use, are left out; the notes of the examples say which.
    """

    format = TableFormat()
    # Fits both tasks, and relations that are no straight lines.
    recommended_model = "mlp"

    def load(self, parameters: Any = None, progress: Progress = silent) -> Examples:
        """Reads and encodes the whole file.

        Raises:
            DatasetError: The file, its target or its values cannot be used.
        """
        table = read_text_table(self.path)
        target_name = _check_target(table, self.data.target)
        notes = [*table.notes]
        target = _understand_target(table, target_name, self.task)
        task = self.task or _infer_task(target, notes)
        features = _usable_features(table, target_name, notes)
        complete = _complete_rows([*features, target], self.path.name, notes)
        names, x = _encode_features(features, complete, self.path.name, notes)
        class_names, y = _encode_target(target, complete, task)
        if any(column.has_decimal_comma for column in [*features, target]):
            separator = describe_delimiter(table.delimiter)
            notes.append(f"Cells are separated by a {separator}; numbers have a decimal comma.")
        return Examples(
            x=x,
            y=y,
            kind=self.kind,
            task=task,
            feature_names=names,
            target_name=target_name,
            class_names=class_names,
            notes=tuple(notes),
        )


def read_features(path: Path, feature_names: tuple[str, ...]) -> FloatArray:
    """Reads the inputs of new examples, for a model trained on a table with these features.

    Args:
        path: A file with (at least) the columns the features were made of.
        feature_names: As in `Examples.feature_names`.

    Returns:
        x, (rows, features), in the order of `feature_names`.

    Raises:
        DatasetError: A column is missing, a cell has a gap, or a category is unknown.
    """
    table = read_text_table(path)
    numeric: dict[str, int] = {}
    categories: dict[str, dict[str, int]] = {}
    for index, feature in enumerate(feature_names):
        column, _, category = feature.partition("=")
        if feature in table.columns or not category:
            numeric[feature] = index
            continue
        while column not in table.columns and "=" in category:
            more, _, category = category.partition("=")
            column = f"{column}={more}"
        categories.setdefault(column, {})[category] = index
    missing = [name for name in (*numeric, *categories) if name not in table.columns]
    if missing:
        raise DatasetError(
            f"'{path.name}' lacks columns the model was trained on: {', '.join(missing)}.",
            f"Columns in the file: {', '.join(table.columns)}.",
        )
    x = np.zeros((table.n_rows, len(feature_names)))
    for name, index in numeric.items():
        column_read = understand(table, name, numeric=True)
        _refuse_gap(table, column_read)
        x[:, index] = column_read.numbers
    for name, places in categories.items():
        column_read = understand(table, name, numeric=False)
        _refuse_gap(table, column_read)
        for row, cell in enumerate(column_read.text):
            if cell not in places:
                raise DatasetError(
                    f"Column '{name}' holds a value the model never saw. "
                    f"Received: {shorten(cell)} in line {table.lines[row]}.",
                    f"Known: {', '.join(places)}.",
                )
            x[row, places[cell]] = 1.0
    return x


def _refuse_gap(table: TextTable, column: Column) -> None:
    rows = np.flatnonzero(column.gaps)
    if len(rows):
        raise DatasetError(
            f"Column '{column.name}' has a gap in line {table.lines[rows[0]]}.",
            "Fill it, or remove the line.",
        )


# ---- target


def _check_target(table: TextTable, target: str | None) -> str:
    names = tuple(table.columns)
    listing = f"Columns: {', '.join(names)}."
    if len(names) == 1:
        raise DatasetError(
            f"'{table.path.name}' has only one column, '{names[0]}': nothing to predict it from.",
            "Separate the columns with commas, semicolons or tabs.",
        )
    if target is None:
        raise DatasetError(f"Which column of '{table.path.name}' is to be predicted?", listing)
    if target in table.columns:
        return target
    lower = {name.lower(): name for name in names}
    nearest = difflib.get_close_matches(target.lower(), lower, n=1, cutoff=0.5)
    guess = f"Did you mean '{lower[nearest[0]]}'? " if nearest else ""
    raise DatasetError(f"'{table.path.name}' has no column '{target}'.", guess + listing)


def _understand_target(table: TextTable, name: str, task: Task | None) -> Column:
    try:
        column = understand(table, name, numeric=True if task is Task.REGRESSION else None)
    except DatasetError as error:
        hint = "Mend or remove the line, or choose another target or task."
        raise DatasetError(error.message, hint) from None
    if column.is_empty:
        raise DatasetError(f"Column '{name}', the target, is empty.", "Choose another target.")
    return column


def _infer_task(target: Column, notes: list[str]) -> Task:
    if target.numbers is None:
        return Task.CLASSIFICATION
    values = target.numbers[~target.gaps]
    distinct = np.unique(values)
    is_few = len(distinct) <= min(
        MAX_INTEGER_CLASSES, max(2, len(values) / _MIN_ROWS_PER_INTEGER_CLASS)
    )
    if not is_few or np.any(distinct != np.rint(distinct)):
        return Task.REGRESSION
    notes.append(
        f"'{target.name}' has {len(distinct)} different whole numbers and is taken as classes. "
        "If it is a quantity, set the task to regression."
    )
    return Task.CLASSIFICATION


def _encode_target(
    target: Column, rows: BoolArray, task: Task
) -> tuple[tuple[str, ...], npt.NDArray[np.generic]]:
    """Class names (none for regression) and y, (complete rows,)."""
    values = target.text[rows] if target.numbers is None else target.numbers[rows]
    if task is Task.REGRESSION:
        if values.min() == values.max():
            raise DatasetError(
                f"Column '{target.name}' has the same value in every row: {values[0]:g}.",
                "Choose a target that varies.",
            )
        return (), values.astype(np.float64)
    classes, y = np.unique(values, return_inverse=True)
    names = tuple(name if isinstance(name, str) else f"{name:.15g}" for name in classes.tolist())
    if len(classes) == 1:
        raise DatasetError(
            f"Column '{target.name}' holds only one class: '{names[0]}'.",
            "Choose a target with at least two.",
        )
    if len(classes) > min(MAX_CLASSES, max(2, len(y) / 2)):
        regression = ", or set the task to regression" if target.numbers is not None else ""
        raise DatasetError(
            f"Column '{target.name}' has {len(classes)} different values in {len(y)} rows, "
            "too many for classes.",
            f"Choose another target{regression}.",
        )
    return names, y.astype(np.int64)


# ---- features


def _usable_features(table: TextTable, target: str, notes: list[str]) -> list[Column]:
    """The columns a model can use, before rows are left out."""
    features: list[Column] = []
    everyone = np.ones(table.n_rows, dtype=bool)
    for name in table.columns:
        if name == target:
            continue
        column = understand(table, name)
        if column.is_empty:
            notes.append(f"Column '{name}' is empty and was left out.")
            continue
        if column.numbers is None:
            n_different = len(column.categories(everyone))
            if n_different > min(MAX_CATEGORIES, max(2, table.n_rows / 2)):
                notes.append(
                    f"Column '{name}' holds {n_different} different texts and was left out."
                )
                continue
        features.append(column)
    if not features:
        raise DatasetError(
            f"'{table.path.name}' has no column to predict '{target}' from. {' '.join(notes)}",
            "Bring a table with columns of numbers, or of texts that repeat.",
        )
    return features


def _complete_rows(columns: list[Column], file_name: str, notes: list[str]) -> BoolArray:
    """Rows without a gap, (rows,); says how many are left out, and because of which columns."""
    gaps: BoolArray = np.any([column.gaps for column in columns], axis=0)
    n_gaps, n_rows = int(np.count_nonzero(gaps)), len(gaps)
    if not n_gaps:
        return ~gaps
    counts = {column.name: int(np.count_nonzero(column.gaps)) for column in columns}
    largest = sorted((name for name in counts if counts[name]), key=lambda n: -counts[n])
    listing = ", ".join(f"{name} ({counts[name]})" for name in largest)
    if n_gaps > n_rows / 2:
        raise DatasetError(
            f"Only {n_rows - n_gaps} of {n_rows} rows of '{file_name}' are without gaps. "
            f"Gaps by column: {listing}.",
            "Fill the gaps, or remove the columns that have most of them.",
        )
    notes.append(f"{n_gaps} of {n_rows} rows were left out because of gaps, by column: {listing}.")
    return ~gaps


def _encode_features(
    features: list[Column], rows: BoolArray, file_name: str, notes: list[str]
) -> tuple[tuple[str, ...], FloatArray]:
    """Feature names and x, (complete rows, features); constant columns are left out."""
    names: list[str] = []
    x: list[npt.NDArray[Any]] = []
    constant: list[str] = []
    for column in features:
        if column.numbers is not None:
            values = column.numbers[rows]
            if values.min() == values.max():
                constant.append(column.name)
                continue
            names.append(column.name)
            x.append(values)
            continue
        categories = column.categories(rows)
        if len(categories) == 1:
            constant.append(column.name)
            continue
        text = column.text[rows]
        names.extend(f"{column.name}={category}" for category in categories)
        x.extend((text == category).astype(np.float64) for category in categories)
    if not x:
        raise DatasetError(
            f"No column of '{file_name}' varies: {', '.join(constant)}.",
            "Bring a table whose rows differ.",
        )
    if constant:
        notes.append(f"Without effect, for they never vary, and left out: {', '.join(constant)}.")
    return tuple(names), np.stack(x, axis=1).astype(np.float64)
