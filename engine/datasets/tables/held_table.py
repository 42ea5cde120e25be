"""All cells of a table in memory, for those who need them by row: tables that name files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.datasets.base import AnyArray
from engine.datasets.tables.column_study import ColumnStudy
from engine.datasets.tables.table_opening import open_source
from engine.datasets.tables.table_rows import number_style
from engine.datasets.tables.table_source import Chunk, IndexArray, TableParameters, TableSource


@dataclass(frozen=True)
class HeldTable:
    """A table's cells, as text without surrounding blanks.

    Attributes:
        columns: Cells by column name, each (rows,) of str; a missing cell is "".
        lines: Line of the file (row of a sheet) in which each row starts, (rows,).
        line_word: What a place in it is called: ``line`` or ``row``.
        notes: What people should know, one sentence each.
    """

    columns: dict[str, AnyArray]
    lines: IndexArray
    line_word: str
    notes: tuple[str, ...]


def hold_table(path: Path, parameters: TableParameters | None = None) -> HeldTable:
    """Reads a whole table that fits in memory, but for a column that only counts the rows.

    Raises:
        DatasetError: It cannot be opened, is no table, or has a row longer than its header.
    """
    source = open_source(path, parameters)
    chunks = list(source.chunks())
    notes = [finding.text for finding in source.report().findings]
    names = list(source.names)
    if len(names) > 1 and _numbers_rows(source, chunks):
        del names[0]
        notes.append("The first column, which has no name and counts the rows, was left out.")
    columns = {
        name: np.concatenate([np.array(c.cells[name].to_pylist(), object) for c in chunks])
        for name in names
    }
    lines = np.concatenate([chunk.lines for chunk in chunks])
    return HeldTable(columns, lines, source.line_word, tuple(notes))


def _numbers_rows(source: TableSource, chunks: list[Chunk]) -> bool:
    study = ColumnStudy(source.names[0], 1, number_style(source, TableParameters()))
    for chunk in chunks:
        study.add(chunk.cells[study.name], chunk.lines)
    return study.numbers_rows
