"""Reads a CSV or TSV file as text cells, and refuses what would silently be read wrongly.

Nothing is guessed about the meaning of a cell here: `0123` and `NA` stay what they are.
"""

from __future__ import annotations

import csv
import io
from array import array
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

from engine.errors import DatasetError
from engine.parameters import shorten

TextArray = npt.NDArray[np.object_]

_FALLBACK_ENCODING = "cp1252"
_DELIMITERS = ",;\t|"
_SAMPLE_CHARACTERS = 1 << 16
_SAMPLE_ROWS = 100
# Cells as Python strings take about this many times the file's size.
_MEMORY_PER_BYTE = 12


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


def read_text_table(path: Path) -> TextTable:
    """Reads a whole file.

    Raises:
        DatasetError: It cannot be opened, is no table, or has a row longer than its header.
    """
    _refuse_too_large(path)
    notes: list[str] = []
    encoding = _encoding(path)
    try:
        return _parse(path, encoding, notes)
    except UnicodeDecodeError:
        if encoding != "utf-8-sig":
            raise DatasetError(
                f"'{path.name}' is not readable as {encoding.upper()} text.", "Save it as UTF-8."
            ) from None
    notes = [f"'{path.name}' is not UTF-8; it was read as Western European text (Windows-1252)."]
    # A few bytes have no meaning in Windows-1252; they are shown as such, and end nothing.
    return _parse(path, _FALLBACK_ENCODING, notes, errors="replace")


def column_names(path: Path) -> tuple[str, ...]:
    """Returns the names in a file's header; reads no more than its beginning.

    Raises:
        DatasetError: It cannot be opened or has no header.
    """
    try:
        return _read_header(path, _encoding(path))
    except UnicodeDecodeError:
        return _read_header(path, _FALLBACK_ENCODING)


def _read_header(path: Path, encoding: str) -> tuple[str, ...]:
    errors = "replace" if encoding == _FALLBACK_ENCODING else "strict"
    with _open(path, encoding, errors) as file:
        delimiter = _sniff(file.read(_SAMPLE_CHARACTERS))
        file.seek(0)
        header = next(_records(file, delimiter, path), None)
    if header is None:
        raise _empty(path)
    return _header_names(header[1], path)


def describe_delimiter(delimiter: str) -> str:
    """A delimiter in words."""
    return {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}[delimiter]


def _parse(path: Path, encoding: str, notes: list[str], errors: str = "strict") -> TextTable:
    with _open(path, encoding, errors) as file:
        delimiter = _sniff(file.read(_SAMPLE_CHARACTERS))
        file.seek(0)
        records = _records(file, delimiter, path)
        header = next(records, None)
        if header is None:
            raise _empty(path)
        names = _header_names(header[1], path)
        lines = array("q")
        rows: list[list[str]] = []
        short: list[int] = []
        for line, row in records:
            if len(row) > len(names):
                raise DatasetError(
                    f"Line {line} of '{path.name}' has {len(row)} cells, but the header names "
                    f"{len(names)} columns. Received: {shorten(delimiter.join(row))}.",
                    "Remove the extra cells, put text with a separator in quotes, or name every "
                    "column.",
                )
            if len(row) < len(names):
                short.append(line)
                row.extend([""] * (len(names) - len(row)))
            lines.append(line)
            rows.append(row)
    if not rows:
        raise DatasetError(
            f"'{path.name}' has a header but no rows. Columns: {', '.join(names)}.",
            "Choose a file with data.",
        )
    if short:
        notes.append(
            f"{len(short)} of {len(rows)} rows are shorter than the header (the first in line "
            f"{short[0]}); their missing cells count as gaps."
        )
    columns = _columns(names, rows)
    _drop_row_numbers(columns, notes)
    return TextTable(path, columns, np.array(lines, dtype=np.int64), delimiter, tuple(notes))


def _columns(names: tuple[str, ...], rows: list[list[str]]) -> dict[str, TextArray]:
    columns: dict[str, TextArray] = {}
    for name, cells in zip(names, zip(*rows, strict=True), strict=True):
        column = np.empty(len(rows), dtype=object)
        column[:] = [cell.strip() for cell in cells]
        columns[name] = column
    return columns


def _records(file: IO[str], delimiter: str, path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yields each record with the line it starts in; blank lines are skipped."""
    reader = csv.reader(file, delimiter=delimiter, skipinitialspace=True, strict=True)
    line = 1
    try:
        for row in reader:
            if len(row) > 1 or (row and row[0].strip()):
                yield line, row
            line = reader.line_num + 1
    except csv.Error as error:
        raise DatasetError(
            f"The record that starts in line {line} of '{path.name}' cannot be read: {error}.",
            "Look for a quotation mark that is opened and not closed.",
        ) from None


def _header_names(header: list[str], path: Path) -> tuple[str, ...]:
    names = [name.strip() for name in header]
    for name in names:
        if "." in name and _is_number(name):
            raise DatasetError(
                f"The first line of '{path.name}' holds data, not column names. "
                f"Received: {shorten(', '.join(names))}.",
                "Put a line with the names of the columns at the top.",
            )
    names = [name or f"column {number}" for number, name in enumerate(names, start=1)]
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        raise DatasetError(
            f"Several columns of '{path.name}' have the same name: {', '.join(repeated)}.",
            "Give each column a name of its own.",
        )
    return tuple(names)


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


def _sniff(sample: str) -> str:
    """The delimiter that divides the first rows most consistently; a comma where none does."""
    if len(sample) >= _SAMPLE_CHARACTERS:
        # The last line is cut off by the end of the sample.
        sample = sample[: sample.rfind("\n") + 1] or sample
    best, best_score = ",", (0.0, 0)
    for delimiter in _DELIMITERS:
        reader = csv.reader(
            io.StringIO(sample, newline=""), delimiter=delimiter, skipinitialspace=True
        )
        widths: list[int] = []
        # Judged by what comes before an error; reading the whole file reports its line.
        with suppress(csv.Error):
            widths.extend(len(row) for row in islice(reader, _SAMPLE_ROWS) if row)
        if not widths or widths[0] < 2:
            continue
        score = (sum(width == widths[0] for width in widths) / len(widths), widths[0])
        if score > best_score:
            best, best_score = delimiter, score
    return best


def _encoding(path: Path) -> str:
    with _opening(path), path.open("rb") as file:
        head = file.read(4096)
    if not head:
        raise _empty(path)
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    if b"\0" in head:
        raise DatasetError(
            f"'{path.name}' is not a text file.", "Save the table as CSV, in UTF-8, and open that."
        )
    return "utf-8-sig"


def _open(path: Path, encoding: str, errors: str = "strict") -> IO[str]:
    with _opening(path):
        return path.open(encoding=encoding, errors=errors, newline="")


@contextmanager
def _opening(path: Path) -> Iterator[None]:
    """Turns the system's refusal to open a file into words."""
    try:
        yield
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise DatasetError(
            f"'{path}' cannot be opened: {reason}.", "Check the file and its permissions."
        ) from error


def _refuse_too_large(path: Path) -> None:
    import psutil

    with _opening(path):
        size = path.stat().st_size
    available = psutil.virtual_memory().available
    if size * _MEMORY_PER_BYTE > available:
        raise DatasetError(
            f"'{path.name}' ({size / 2**30:.1f} GiB) is too large for the memory that is free "
            f"({available / 2**30:.1f} GiB).",
            "Take a part of its rows, or close other programs.",
        )


def _empty(path: Path) -> DatasetError:
    return DatasetError(f"'{path.name}' is empty.", "Choose a file with a header and rows.")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
