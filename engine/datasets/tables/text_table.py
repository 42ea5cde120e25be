"""A whole text file of cells in memory, for those who read small tables beside other files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from engine.datasets.tables.delimited import DelimitedFile, describe_delimiter, opening
from engine.datasets.tables.table_source import TableParameters

__all__ = ["TextArray", "TextTable", "describe_delimiter", "opening", "read_text_table"]

TextArray = npt.NDArray[np.object_]


@dataclass(frozen=True)
class TextTable:
    """A file's cells, as text without surrounding blanks.

    Attributes:
        path: The file.
        columns: Cells by column name, each (rows,) of str; a missing cell is "".
        lines: Line of the file in which each row starts, (rows,).
        delimiter: What separates the cells.
        notes: What people should know, one sentence each.
    """

    path: Path
    columns: dict[str, TextArray]
    lines: npt.NDArray[np.int64]
    delimiter: str
    notes: tuple[str, ...]

    @property
    def n_rows(self) -> int:
        return len(self.lines)


def read_text_table(path: Path, parameters: TableParameters | None = None) -> TextTable:
    """Reads a whole file that fits in memory.

    Raises:
        DatasetError: It cannot be opened, is no table, or has a row longer than its header.
    """
    source = DelimitedFile(path, parameters)
    chunks = list(source.chunks())
    columns = {
        name: np.concatenate([_objects(chunk.cells[name].to_pylist()) for chunk in chunks])
        for name in source.names
    }
    lines = np.concatenate([chunk.lines for chunk in chunks])
    notes = [finding.text for finding in source.report().findings]
    _drop_row_numbers(columns, notes)
    return TextTable(path, columns, lines, source.delimiter, tuple(notes))


def _objects(cells: list[str]) -> TextArray:
    column = np.empty(len(cells), dtype=object)
    column[:] = cells
    return column


def _drop_row_numbers(columns: dict[str, TextArray], notes: list[str]) -> None:
    """Leaves out a first column without a name that counts the rows, as pandas writes it.

    In a sorted file the row's number would give the answer away.
    """
    first = next(iter(columns))
    if first not in ("column 1", "Unnamed: 0") or len(columns) == 1:
        return
    cells = columns[first].tolist()
    for start in (0, 1):
        if cells == [str(number) for number in range(start, start + len(cells))]:
            del columns[first]
            notes.append("The first column, which has no name and counts the rows, was left out.")
            return
