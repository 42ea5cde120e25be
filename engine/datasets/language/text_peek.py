"""The first rows of a text file of cells, read quickly, to tell what it may be."""

from __future__ import annotations

import csv
import io
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from engine.datasets.encodings import beginning
from engine.datasets.tables.cell_lines import split_tabs
from engine.datasets.tables.table_cells import GAP_WORDS, parse_number
from engine.errors import DatasetError

_HEAD = 1 << 16
_ROWS = 200
_DELIMITERS = "\t,;|"


@dataclass(frozen=True)
class Peek:
    """The first rows, as far as they are whole.

    Attributes:
        rows: Cells without blanks around them.
        delimiter: What separates them; empty: nothing does.
    """

    rows: tuple[tuple[str, ...], ...]
    delimiter: str

    @property
    def columns(self) -> tuple[tuple[str, ...], ...]:
        """The cells by column, without the first row, which may be a header."""
        return tuple(zip(*self.rows[1:], strict=False)) if len(self.rows) > 1 else ()


def peek(path: Path) -> Peek:
    """Returns the first rows of a file; none where it cannot be read, or its rows differ."""
    nothing = Peek((), "")
    try:
        lines = beginning(path, _HEAD).splitlines(keepends=True)
        if path.stat().st_size >= _HEAD:
            lines = lines[:-1]
    except (OSError, DatasetError):
        return nothing
    if not lines:
        return nothing
    for delimiter in _DELIMITERS:
        rows = _rows(lines, delimiter)
        widths = {len(row) for row in rows}
        if len(widths) == 1 and widths != {1} and widths != {0}:
            return Peek(rows, delimiter)
    return nothing


def _rows(lines: list[str], delimiter: str) -> tuple[tuple[str, ...], ...]:
    if delimiter == "\t":
        cells = (split_tabs(line) for line in lines)
        return tuple(row for row in islice(cells, _ROWS) if any(row))
    rows: list[tuple[str, ...]] = []
    with suppress(csv.Error):
        for row in csv.reader(io.StringIO("".join(lines), newline=""), delimiter=delimiter):
            if row:
                rows.append(tuple(cell.strip() for cell in row))
    return tuple(rows[:_ROWS])


def is_text(cells: tuple[str, ...]) -> bool:
    """Nearly all cells are words, and few of them are the same."""
    words = [cell for cell in cells if any(sign.isalpha() for sign in cell) and not _is_value(cell)]
    return len(words) >= 0.8 * len(cells) and len(set(cells)) > 0.5 * len(cells)


def _is_value(cell: str) -> bool:
    """A number, also with an exponent or a decimal comma, or a word for a gap."""
    return cell.lower() in GAP_WORDS or parse_number(cell.replace(",", ".")) is not None
