"""Tables that name files, each with its label and whatever else is known of it."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import numpy as np

from engine.datasets.base import AnyArray
from engine.datasets.files import FoundFile
from engine.datasets.folder_meaning import PART_FOLDERS, FolderParameters
from engine.datasets.label_sets import (
    EMPTY_LISTS_HELP,
    EMPTY_LISTS_LABEL,
    EmptyLists,
    are_lists,
    no_label_remedy,
)
from engine.datasets.labels import GapWords, gap_words_finding, missing_labels
from engine.datasets.tables.held_table import HeldTable, hold_table
from engine.datasets.tables.label_columns import joint_name, label_columns, sets_of_columns
from engine.datasets.tables.table_source import TableParameters
from engine.errors import DatasetError
from engine.events.findings import MAX_NAMES, DataFinding, Remedy, Trouble
from engine.files.bounded import special_reason
from engine.spec.parameters import parameter, shorten
from engine.spec.signature import Task

TABLE_SUFFIXES = (".csv", ".tsv", ".tab")
_SWITCHES = frozenset({"0", "1", "0.0", "1.0"})
_MADE_TARGET = "class"
_MAX_REMEDIES = 4
_USUAL_TARGETS = (
    "label", "labels", "class", "target", "category", "y", "species", "value", "choice",
)  # fmt: skip


class FileTableParameters(FolderParameters):
    """What folders mean, and labels in a table of their files."""

    gap_words: GapWords = parameter(
        "numbers",
        label="Words for a gap",
        help="Where NA, null, None and - mean that a label is missing: among numbers ('numbers'), "
        "among classes as well ('all'). An empty cell, N/A, NaN and ? are no labels with both; "
        "with 'none' only an empty cell is none.",
        advanced=True,
    )
    empty_lists: EmptyLists = parameter(
        "unknown", label=EMPTY_LISTS_LABEL, help=EMPTY_LISTS_HELP, advanced=True
    )


TableReader: TypeAlias = "Callable[[Path, Sequence[FoundFile]], FileTable]"


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
        label_names: Columns that are labels together: a column of rows of 0 and 1, (files,
            labels), is made of them.
    """

    files: tuple[FoundFile, ...]
    columns: dict[str, AnyArray]
    file_column: str
    findings: tuple[DataFinding, ...]
    notes: tuple[str, ...] = ()
    lines: AnyArray | None = None
    label_names: tuple[str, ...] = ()

    def known(
        self, column: str, parameters: FileTableParameters, task: Task | None = None
    ) -> FileTable:
        """Those of the files whose label in a column is not missing; the others are named.

        Args:
            column: Its name.
            parameters: Which cells say that it is missing.
            task: What was asked for; None: told by the cells.

        Raises:
            DatasetError: All are empty.
        """
        if self.columns[column].ndim > 1:
            return self  # of labels none is missing
        cells, words = self.columns[column].tolist(), parameters.gap_words
        gaps = missing_labels(cells, words)
        is_empty = np.array([not cell.strip() for cell in cells], bool)
        remedies: tuple[Remedy, ...] = ()
        if is_empty.any() and are_lists({*cells}, task):
            if parameters.empty_lists == "no label":
                gaps &= ~is_empty
            else:
                remedies = (no_label_remedy(),)
        if words == "numbers":
            kept_cells = [cell for cell, is_gap in zip(cells, gaps, strict=True) if not is_gap]
            self = replace(self, findings=(*self.findings, *gap_words_finding(kept_cells, column)))
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
        finding = DataFinding(Trouble.MISSING, column, text, names, count, remedies)
        return replace(
            self,
            files=tuple(self.files[row] for row in kept),
            columns={name: cells[kept] for name, cells in self.columns.items()},
            findings=(*self.findings, finding),
            lines=None if self.lines is None else self.lines[kept],
        )

    def with_target(self, asked: str | None, task: Task | None = None) -> tuple[FileTable, str]:
        """The column to predict: the one asked for, one of a usual name, or the last.

        Columns of 0 with a single 1 in each row are classes together, in a column of their own;
        with any number of them, they are labels together, as are columns named with commas.

        Returns:
            The table with what is to be said of the choice, and the name of the column.

        Raises:
            DatasetError: There is no such column.
        """
        names = tuple(self.columns)
        lower = {name.lower(): name for name in reversed(names)}
        usual = next((lower[name] for name in _USUAL_TARGETS if name in lower), None)
        switches = [name for name in names if set(self.columns[name]) <= _SWITCHES]
        if len(switches) > 1 and usual is None and asked in (None, _MADE_TARGET):
            return self._of_switches(switches, task)
        if asked is not None:
            if asked in names:
                return self, asked
            if labels := label_columns(asked, task, names):
                return self._of_labels(labels), joint_name(labels)
            raise DatasetError(
                f"The table of the files has no column '{asked}' to predict.",
                f"Columns: {', '.join(names)}.",
            )
        if not names:
            raise DatasetError(
                f"The table of the files has one column only, '{self.file_column}'.",
                "Add a column with the label of each file.",
            )
        if usual is not None or len(names) == 1:
            return self, usual or names[-1]
        text = f"No column to predict was named; the last was taken, '{names[-1]}'."
        return self._saying(text, names[-1], names[:-1]), names[-1]

    def _of_switches(self, switches: list[str], task: Task | None) -> tuple[FileTable, str]:
        """One class for each column where every row has one of them, else a label for each."""
        held = np.array([self.columns[name].astype(float) for name in switches])
        if task is not Task.MULTILABEL and (held.sum(axis=0) == 1).all():
            labels = np.array(switches, object)[held.argmax(axis=0)]
            text = (
                f"In each row one of the columns is 1; they are the classes: {_listing(switches)}."
            )
            table = replace(self, columns={**self.columns, _MADE_TARGET: labels})
            return table._saying(text, _MADE_TARGET, switches), _MADE_TARGET
        text = f"Several of the columns may be 1 in a row ({_listing(switches)}); "
        if task in (None, Task.MULTILABEL):
            name = joint_name(switches)
            text += "they are taken as several labels at once."
            return self._of_labels(switches)._saying(text, name, switches), name
        text += f"one of them is predicted, '{switches[-1]}'."
        return self._saying(text, switches[-1], switches[:-1]), switches[-1]

    def _of_labels(self, labels: Sequence[str]) -> FileTable:
        """With a column of rows of 0 and 1, a number for each of these columns."""
        name = joint_name(labels)
        _, y = sets_of_columns({label: self.columns[label] for label in labels}, name)
        return replace(self, columns={**self.columns, name: y}, label_names=tuple(labels))

    def _saying(self, text: str, target: str, others: Sequence[str]) -> FileTable:
        remedies = tuple(
            Remedy(f"Predict '{name}'", {"data.target": name}) for name in others[:_MAX_REMEDIES]
        )
        finding = DataFinding(Trouble.UNDERSTOOD, target, text, remedies=remedies)
        return replace(self, findings=(*self.findings, finding))


def tables_of(folder: Path) -> list[list[Path]]:
    """The tables of a folder: each at its top by itself, or else those of one name below it."""
    entries = sorted(entry for entry in folder.iterdir() if not special_reason(entry))
    top = [[entry] for entry in entries if entry.suffix.lower() in TABLE_SUFFIXES]
    if top:
        return top
    below: dict[str, list[Path]] = {}
    for entry in entries:
        if entry.name.startswith("."):
            continue
        with suppress(OSError):  # a file, or forbidden, which the listing tells
            for path in sorted(entry.iterdir()):
                if path.suffix.lower() in TABLE_SUFFIXES:
                    below.setdefault(path.name, []).append(path)
    return list(below.values())


def table_of_files(
    folder: Path, files: Sequence[FoundFile], read: TableReader | None = None
) -> FileTable:
    """The first of a folder's tables that names its files: labels.csv, not sample_submission.csv.

    Args:
        folder: Where the files are, or below.
        files: Those it may name.
        read: Reads a table; None: `read_file_table`.

    Raises:
        DatasetError: None names them; the message is of the first.
    """
    read = read or read_file_table
    refusal: DatasetError | None = None
    for group in tables_of(folder):
        try:
            return _joined(
                [read(path, [f for f in files if path.parent in f.path.parents]) for path in group]
            )
        except DatasetError as error:
            refusal = refusal or error
    raise refusal or DatasetError(
        f"'{folder}' has no table of labels.", "Add a CSV table of file names and labels."
    )


def _joined(tables: Sequence[FileTable]) -> FileTable:
    """Tables of several parts as one, with the columns that all of them have."""
    first = tables[0]
    if len(tables) == 1:
        return first
    common = [name for name in first.columns if all(name in table.columns for table in tables)]
    return FileTable(
        tuple(file for table in tables for file in table.files),
        {name: np.concatenate([table.columns[name] for table in tables]) for name in common},
        first.file_column,
        tuple(finding for table in tables for finding in table.findings),
        tuple(dict.fromkeys(note for table in tables for note in table.notes)),
    )


def read_file_table(path: Path, files: Sequence[FoundFile]) -> FileTable:
    """Reads a table that names files: whole, with or without folders, with or without suffix.

    Raises:
        DatasetError: It cannot be read, or none of its columns names the files.
    """
    table = hold_table(path)
    by_name = _names_of(files)
    findings: list[DataFinding] = []
    if any(_normal(name) in by_name for name in table.columns):
        table = hold_table(path, TableParameters(header="no"))
        text = f"The first line of '{path.name}' names a file, not the columns; they are numbered."
        findings.append(DataFinding(Trouble.UNDERSTOOD, path.name, text))
    column = _file_column(table, by_name)
    if column is None:
        # Written on another machine: their folders are not these.
        shortened = _last_names(table)
        column = _file_column(shortened, by_name)
        if column is not None and len(set(cells := shortened.columns[column])) == len(cells):
            table = replace(table, columns={**table.columns, column: cells})
            text = f"The folders that '{path.name}' names in '{column}' are others; the names of "
            text += "the files alone were compared."
            findings.append(DataFinding(Trouble.UNDERSTOOD, path.name, text))
        else:
            column = None
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
    findings += _parts_finding(columns)
    kept = tuple(files[place] for place in named)
    return FileTable(kept, columns, column, tuple(findings), table.notes, table.lines[rows])


def _parts_finding(columns: dict[str, AnyArray]) -> tuple[DataFinding, ...]:
    """Says that a column names the part of each file, and offers to divide by it."""
    for name, cells in columns.items():
        said = {cell.strip().lower() for cell in cells}
        if len({PART_FOLDERS.get(word, -1) for word in said}) > 1 and said <= PART_FOLDERS.keys():
            text = f"Column '{name}' says which part each file belongs to; it is not used."
            remedy = Remedy(f"Divide by '{name}'", {"split.method": "given", "split.column": name})
            return (DataFinding(Trouble.UNDERSTOOD, name, text, remedies=(remedy,)),)
    return ()


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


def _last_names(table: HeldTable) -> HeldTable:
    """The table with the last part alone of each cell that is a path."""
    columns = {
        name: np.array([_normal(cell).rpartition("/")[2] for cell in cells], object)
        if any("/" in cell or "\\" in cell for cell in cells)
        else cells
        for name, cells in table.columns.items()
    }
    return replace(table, columns=columns)


def _listing(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (", …" if len(names) > 5 else "")


def _normal(cell: str) -> str:
    """One way to write a name: systems differ in slashes, and in how they compose accents."""
    plain = cell.replace("\\", "/").removeprefix("./").strip("/")
    return plain if plain.isascii() else unicodedata.normalize("NFC", plain)
