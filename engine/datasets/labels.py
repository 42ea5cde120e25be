"""Labels that come as values beside the examples: arrays, or tables that name files."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from engine.datasets.base import AnyArray
from engine.datasets.files import FoundFile
from engine.datasets.tables.held_table import HeldTable, hold_table
from engine.datasets.tables.label_numbers import read_all_numbers
from engine.datasets.tables.table_cells import CODE, GAP_WORDS, is_missing_label, number_label
from engine.datasets.tables.written_numbers import written_number
from engine.errors import DatasetError
from engine.events.findings import MAX_NAMES, DataFinding, Remedy, Trouble
from engine.spec.parameters import shorten
from engine.spec.signature import Task

MAX_CLASSES = 1_000
TABLE_SUFFIXES = (".csv", ".tsv", ".tab")
# Whole numbers with at most this many values, each often enough, are taken as classes.
_MAX_NUMBER_CLASSES = 20
_MIN_ROWS_PER_CLASS = 3
_USUAL_TARGETS = ("label", "labels", "class", "target", "category", "y", "species", "value")
_IMBALANCE = 10.0
_EXACT_INTEGERS = 2.0**53


@dataclass(frozen=True)
class Targets:
    """What is predicted, understood.

    Attributes:
        task: Classification or regression.
        y: As in `Examples.y`.
        class_names: In index order; empty for regression.
        notes: How it was understood, where that could surprise.
    """

    task: Task
    y: AnyArray
    class_names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def understand_targets(
    values: AnyArray, name: str, task: Task | None, lines: AnyArray | None = None
) -> Targets:
    """Takes labels for classes or numbers.

    Text is classes; so are truth values, rows of 0 with a single 1 (one-hot), whole numbers from 0
    without a gap in integer arrays, and whole numbers of at most 20 different values, each three
    times or more on average. Everything else is numbers.

    Args:
        values: (n_samples,) text or numbers, or (n_samples, n_values) numbers.
        name: What they are called.
        task: What was asked for; None: told by the values.
        lines: The line of its file in which each stands, (n_samples,); None: rows are counted.

    Raises:
        DatasetError: They do not fit the task, or are not finite.
    """
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.dtype.kind in "OUS":
        numbers = _numbers_in(values)
        if numbers is None:
            if task is Task.REGRESSION:
                raise _no_number(values, name, lines)
            return _classes([str(value) for value in values.tolist()], name)
        values = numbers
    elif values.dtype.kind not in "fiub":
        raise DatasetError(
            f"'{name}' must hold text or numbers. Received: {values.dtype}.", "Save it anew."
        )
    if not np.isfinite(values).all():
        row = int(np.argwhere(~np.isfinite(values))[0][0])
        raise DatasetError(
            f"'{name}' must hold finite numbers. Received: {values[row]} in {_place(row, lines)}.",
            "Mend or remove the row.",
        )
    if values.ndim == 2:
        return _of_rows(values, name, task)
    return _of_numbers(values, name, task)


def _of_rows(values: AnyArray, name: str, task: Task | None) -> Targets:
    is_one_hot = bool(np.isin(values, (0, 1)).all() and (values.sum(axis=1) == 1).all())
    if task is Task.CLASSIFICATION or (task is None and is_one_hot):
        if not is_one_hot:
            raise DatasetError(
                f"'{name}' must hold one class per example. Received: {values.shape[1]} numbers.",
                "Save the index of the class.",
            )
        found = _of_numbers(np.argmax(values, axis=1), name, Task.CLASSIFICATION)
        return Targets(found.task, found.y, found.class_names, ("The labels are one-hot.",))
    return Targets(Task.REGRESSION, values.astype(np.float64))


def _of_numbers(values: AnyArray, name: str, task: Task | None) -> Targets:
    if task is Task.REGRESSION:
        return Targets(task, values.astype(np.float64))
    notes: tuple[str, ...] = ()
    if task is None and values.dtype.kind != "b":
        distinct = np.unique(values)
        few = min(_MAX_NUMBER_CLASSES, max(2.0, len(values) / _MIN_ROWS_PER_CLASS))
        is_whole = bool((distinct == np.rint(distinct)).all())
        is_index = (
            values.dtype.kind in "iu"
            and len(distinct) <= min(MAX_CLASSES, max(2.0, len(values) / _MIN_ROWS_PER_CLASS))
            and np.array_equal(distinct, np.arange(len(distinct)))
        )
        if not is_index and not (is_whole and len(distinct) <= few):
            return Targets(Task.REGRESSION, values.astype(np.float64))
        if not is_index:
            notes = (
                f"'{name}' has {len(distinct)} different whole numbers and is taken as classes. "
                "If it is a quantity, set the task to regression.",
            )
    found = _classes(values, name)
    return Targets(found.task, found.y, found.class_names, notes)


def _classes(values: Any, name: str) -> Targets:
    distinct, y = np.unique(values, return_inverse=True)
    if len(distinct) > MAX_CLASSES:
        raise DatasetError(
            f"'{name}' has {len(distinct):,} different values, too many for classes "
            f"(at most {MAX_CLASSES:,}).",
            "Set the task to regression, or choose another target.",
        )
    names = tuple(number_label(v) if isinstance(v, float) else str(v) for v in distinct.tolist())
    if len(names) < 2:
        shown = f"only '{names[0]}'" if names else "nothing"
        raise DatasetError(
            f"'{name}' must hold at least two classes. Received: {shown}.",
            "Bring examples of another class.",
        )
    return Targets(Task.CLASSIFICATION, y.astype(np.int64), names)


def _numbers_in(values: AnyArray) -> AnyArray | None:
    """Text as numbers, where all of it is; codes such as ``007`` stay text, and so do whole
    numbers too large to be told apart as numbers.
    """
    texts = np.array([str(value).strip() for value in values.tolist()], object)
    found = read_all_numbers(texts)
    if found is None or any(re.fullmatch(CODE, text) for text in texts):
        return None
    is_inexact = np.abs(found) >= _EXACT_INTEGERS
    return None if any(text.lstrip("+-").isdigit() for text in texts[is_inexact]) else found


def missing_labels(values: AnyArray) -> AnyArray:
    """Where there is no label, (n_samples,) bool: the same for every kind of data.

    Empty texts, NaN and words such as ``N/A`` and ``?`` are none; beside labels that are all
    numbers, other words for a gap are none either.

    Args:
        values: Text or numbers, (n_samples,).
    """
    if values.dtype.kind not in "OUS":
        is_missing: AnyArray = np.isnan(values) if values.dtype.kind == "f" else values != values
        return is_missing
    texts = [str(value).strip() for value in values.tolist()]
    missing: AnyArray = np.array([is_missing_label(text) for text in texts], bool)
    words = np.array([text.lower() in GAP_WORDS for text in texts], bool) & ~missing
    if words.any():
        rest = values[~missing & ~words]
        if len(rest) and _numbers_in(rest) is not None:
            missing |= words
    return missing


def _place(row: int, lines: AnyArray | None) -> str:
    return f"row {row + 1:,}" if lines is None else f"line {lines[row]:,}"


def _no_number(values: AnyArray, name: str, lines: AnyArray | None) -> DatasetError:
    for row, value in enumerate(values.tolist()):
        if written_number(str(value).strip()) is None:
            return DatasetError(
                f"'{name}' must hold numbers. Received: {shorten(value)} in {_place(row, lines)}.",
                "Mend or remove the row, or set the task to classification.",
            )
    return DatasetError(f"'{name}' must hold numbers, not codes.", "Choose another target.")


def imbalance(y: AnyArray, class_names: tuple[str, ...]) -> tuple[DataFinding, ...]:
    """Finds that one class has ten times as many examples as another; y is (n_samples,) int64."""
    counts = np.bincount(y, minlength=len(class_names))
    present = np.flatnonzero(counts)
    least, most = present[counts[present].argmin()], present[counts[present].argmax()]
    if counts[most] < _IMBALANCE * counts[least]:
        return ()
    return (
        DataFinding(
            Trouble.IMBALANCE,
            class_names[least],
            f"'{class_names[most]}' has {counts[most]:,} examples, '{class_names[least]}' only "
            f"{counts[least]:,}. A model may ignore the rare class.",
            count=int(counts[least]),
            remedies=(Remedy("Weight the classes", {"training.class_weights": "balanced"}),),
        ),
    )


# ---- tables that name files


@dataclass(frozen=True)
class FileTable:
    """A table with a row per file.

    Attributes:
        files: The files that the table names and that are there, in the table's order.
        columns: The other columns' cells, each (files,) of str.
        file_column: The column that names the files.
        findings: Rows without a file, files without a row.
        notes: What people should know.
        lines: The line in which each is named, (files,); None: not known.
    """

    files: tuple[FoundFile, ...]
    columns: dict[str, AnyArray]
    file_column: str
    findings: tuple[DataFinding, ...]
    notes: tuple[str, ...] = ()
    lines: AnyArray | None = None

    def known(self, column: str) -> FileTable:
        """Those of the files that have a label in a column; the others are named.

        Raises:
            DatasetError: All are empty.
        """
        gaps = missing_labels(self.columns[column])
        if not gaps.any():
            return self
        if gaps.all():
            raise DatasetError(
                f"Column '{column}' of the table of the files is empty.",
                f"Columns: {', '.join(self.columns)}.",
            )
        kept = np.flatnonzero(~gaps)
        names = tuple(self.files[row].name for row in np.flatnonzero(gaps)[:MAX_NAMES])
        count = int(gaps.sum())
        files = "1 file has" if count == 1 else f"{count:,} files have"
        text = f"{files} no '{column}' in the table and {'is' if count == 1 else 'are'} left out."
        return replace(
            self,
            files=tuple(self.files[row] for row in kept),
            columns={name: cells[kept] for name, cells in self.columns.items()},
            findings=(*self.findings, DataFinding(Trouble.MISSING, column, text, names, count)),
            lines=None if self.lines is None else self.lines[kept],
        )

    def target(self, asked: str | None) -> str:
        """The column to predict: the one asked for, one of a usual name, or the last.

        Raises:
            DatasetError: There is no such column.
        """
        names = tuple(self.columns)
        if asked is not None:
            if asked in names:
                return asked
            raise DatasetError(
                f"The table of the files has no column '{asked}' to predict.",
                f"Columns: {', '.join(names)}.",
            )
        if not names:
            raise DatasetError(
                f"The table of the files has one column only, '{self.file_column}'.",
                "Add a column with the label of each file.",
            )
        lower = {name.lower(): name for name in reversed(names)}
        return next((lower[name] for name in _USUAL_TARGETS if name in lower), names[-1])


def read_file_table(path: Path, files: Sequence[FoundFile]) -> FileTable:
    """Reads a table that names files: whole, with or without folders, with or without suffix.

    Raises:
        DatasetError: It cannot be read, or none of its columns names the files.
    """
    table = hold_table(path)
    by_name = _names_of(files)
    column = _file_column(table, by_name)
    if column is None:
        raise DatasetError(
            f"No column of '{path.name}' names the files of the folder.",
            f"Columns: {', '.join(table.columns)}. The first file: '{files[0].name}'."
            if files
            else "The folder holds no such files.",
        )
    cells = table.columns[column]
    found = [by_name.get(_normal(cell)) for cell in cells]
    rows = np.array([row for row, place in enumerate(found) if place is not None], np.int64)
    named = [place for place in found if place is not None]
    findings = []
    gone = [row for row, place in enumerate(found) if place is None]
    if gone:
        names = tuple(
            f"{table.line_word} {table.lines[row]}: {shorten(cells[row])}"
            for row in gone[:MAX_NAMES]
        )
        text = f"{len(gone):,} of {len(cells):,} rows of '{path.name}' name no file that is there."
        findings.append(DataFinding(Trouble.MISSING, path.name, text, names, len(gone)))
    unnamed = sorted(set(range(len(files))) - set(named))
    if unnamed:
        names = tuple(files[index].name for index in unnamed[:MAX_NAMES])
        text = f"{len(unnamed):,} of {len(files):,} files have no row in '{path.name}'."
        findings.append(DataFinding(Trouble.LEFT_OUT, path.name, text, names, len(unnamed)))
    columns = {name: cell[rows] for name, cell in table.columns.items() if name != column}
    kept = tuple(files[place] for place in named)
    return FileTable(kept, columns, column, tuple(findings), table.notes, table.lines[rows])


def _names_of(files: Sequence[FoundFile]) -> dict[str, int]:
    """Every way to name each file; ways that fit several files are left out."""
    by_name: dict[str, int] = {}
    short: dict[str, int | None] = {}
    for index, file in enumerate(files):
        whole, last = _normal(file.name), _normal(file.path.name)
        by_name[whole] = index
        suffix = file.path.suffix
        for name in {last, last.removesuffix(suffix), whole.removesuffix(suffix)}:
            if name != whole:
                short[name] = None if name in short else index
    return {name: index for name, index in short.items() if index is not None} | by_name


def _file_column(table: HeldTable, by_name: dict[str, int]) -> str | None:
    """The column most of whose cells name different files; labels such as 3 may look like it."""
    best, most = None, 0
    for name, cells in table.columns.items():
        named = {_normal(cell) for cell in cells} & by_name.keys()
        if len(named) > most:
            best, most = name, len(named)
    return best


def _normal(cell: str) -> str:
    """One way to write a name: systems differ in slashes, and in how they compose accents."""
    plain = cell.replace("\\", "/").removeprefix("./").strip("/")
    return plain if plain.isascii() else unicodedata.normalize("NFC", plain)
