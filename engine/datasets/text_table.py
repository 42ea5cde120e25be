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

from engine.datasets.base import Progress, silent
from engine.datasets.encodings import FALLBACK, encoding_name, find_encoding
from engine.datasets.findings import DataFinding, Remedy, Trouble
from engine.datasets.table_source import (
    CHUNK_CELLS,
    Chunk,
    SourceReport,
    TableParameters,
    text_cells,
)
from engine.errors import DatasetError
from engine.parameters import shorten

TextArray = npt.NDArray[np.object_]

DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}
_SAMPLE_CHARACTERS = 1 << 16
_SAMPLE_ROWS = 100
_SHOWN_LINES = 20


class DelimitedFile:
    """A text file of cells between delimiters, as `engine.datasets.table_source.TableSource`.

    Args:
        path: The file.
        parameters: How it is cut; what is left open is found from its beginning.

    Raises:
        DatasetError: It cannot be opened, is empty, or is no text.
    """

    line_word = "line"

    def __init__(self, path: Path, parameters: TableParameters | None = None) -> None:
        wanted = parameters or TableParameters()
        self.path = path
        self._wanted = wanted
        with opening(path):
            self.n_bytes = path.stat().st_size
        if not self.n_bytes:
            raise _empty(path)
        self.encoding = find_encoding(path) if wanted.encoding == "auto" else wanted.encoding
        with self._open() as file, self._decoding():
            sample = file.read(_SAMPLE_CHARACTERS)
            is_found = wanted.delimiter == "auto"
            self.delimiter = _sniff(sample) if is_found else DELIMITERS[wanted.delimiter]
            file.seek(0)
            first = next(self._records(file), None)
        if first is None:
            raise _empty(path)
        self.has_header = self._is_header(first[1])
        row = first[1] if self.has_header else [""] * len(first[1])
        self.names = _header_names(row, path)
        self.has_comma_numbers = self.delimiter != ","
        self._short: array[int] = array("q")
        self._n_rows = 0

    def chunks(self, progress: Progress = silent) -> Iterator[Chunk]:
        """Yields all rows in order; rows shorter than the header are filled and counted."""
        self._short, self._n_rows = array("q"), 0
        size = max(64, CHUNK_CELLS // len(self.names))
        with self._open() as file, self._decoding():
            records = self._records(file)
            if self.has_header:
                next(records, None)
            while True:
                progress("Reading the table", min(_position(file), self.n_bytes), self.n_bytes)
                lines: array[int] = array("q")
                rows: list[list[str]] = []
                for line, row in islice(records, size):
                    lines.append(line)
                    rows.append(row if len(row) == len(self.names) else self._fitted(line, row))
                if not rows:
                    break
                self._n_rows += len(rows)
                cells = zip(*rows, strict=True)
                columns = {
                    name: text_cells(list(column))
                    for name, column in zip(self.names, cells, strict=True)
                }
                yield Chunk(columns, np.array(lines, np.int64))
        if not self._n_rows:
            raise DatasetError(
                f"'{self.path.name}' has a header but no rows. Columns: {', '.join(self.names)}.",
                "Choose a file with data.",
            )

    def report(self) -> SourceReport:
        facts = [
            ("Delimiter", describe_delimiter(self.delimiter)),
            ("Encoding", encoding_name(self.encoding)),
            ("Header", "the first line" if self.has_header else "none"),
        ]
        findings = []
        if not self.has_header and self._wanted.header == "auto":
            remedy = Remedy("The first line names the columns", {"data.parameters.header": "yes"})
            text = "The first line holds data, not names; the columns are numbered."
            findings.append(DataFinding(Trouble.UNDERSTOOD, "", text, remedies=(remedy,)))
        if self.encoding == FALLBACK and self._wanted.encoding == "auto":
            text = (
                f"'{self.path.name}' is not UTF-8; it was read as Western European text "
                "(Windows-1252). If letters look wrong, choose another encoding."
            )
            findings.append(DataFinding(Trouble.UNDERSTOOD, "", text))
        if self._short:
            findings.append(self._short_rows())
        return SourceReport(findings, facts)

    def _short_rows(self) -> DataFinding:
        names = tuple(f"line {line}" for line in self._short[:_SHOWN_LINES])
        count = len(self._short)
        text = (
            f"{count:,} of {self._n_rows:,} rows are shorter than the header (the first in line "
            f"{self._short[0]}); their missing cells count as gaps."
        )
        remedies: tuple[Remedy, ...] = ()
        if count <= _SHOWN_LINES:
            remedies = (Remedy("Leave these rows out", {"data.exclude": names}),)
        return DataFinding(Trouble.MISSING, "", text, names, count, remedies)

    def _fitted(self, line: int, row: list[str]) -> list[str]:
        if len(row) > len(self.names):
            raise DatasetError(
                f"Line {line} of '{self.path.name}' has {len(row)} cells, but the header names "
                f"{len(self.names)} columns. Received: {shorten(self.delimiter.join(row))}.",
                "Remove the extra cells, put text with a separator in quotes, or name every "
                "column.",
            )
        self._short.append(line)
        return row + [""] * (len(self.names) - len(row))

    def _is_header(self, first: list[str]) -> bool:
        if self._wanted.header != "auto":
            return self._wanted.header == "yes"
        cells = [cell.strip() for cell in first]
        numbers = [cell for cell in cells if _is_number(cell.replace(",", "."))]
        # A year may name a column; a fraction, or one number twice, does not.
        is_repeated = len(numbers) == len(cells) > len(set(cells))
        return not (is_repeated or any("." in cell or "," in cell for cell in numbers))

    def _records(self, file: IO[str]) -> Iterator[tuple[int, list[str]]]:
        """Yields each record with the line it starts in; blank lines are skipped."""
        reader = csv.reader(file, delimiter=self.delimiter, skipinitialspace=True, strict=True)
        line = 1
        try:
            for row in reader:
                if len(row) > 1 or (row and row[0].strip()):
                    yield line, row
                line = reader.line_num + 1
        except csv.Error as error:
            raise DatasetError(
                f"The record that starts in line {line} of '{self.path.name}' cannot be read: "
                f"{error}.",
                "Look for a quotation mark that is opened and not closed.",
            ) from None

    def _open(self) -> IO[str]:
        # A few bytes have no meaning in Windows-1252; they are shown as such, and end nothing.
        is_guess = self.encoding == FALLBACK and self._wanted.encoding == "auto"
        encoding = "utf-8-sig" if self.encoding == "utf-8" else self.encoding
        with opening(self.path):
            return self.path.open(
                encoding=encoding, errors="replace" if is_guess else "strict", newline=""
            )

    @contextmanager
    def _decoding(self) -> Iterator[None]:
        try:
            yield
        except UnicodeError:
            raise DatasetError(
                f"'{self.path.name}' is not readable as {encoding_name(self.encoding)} text.",
                "Choose another encoding, or save it as UTF-8.",
            ) from None
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise DatasetError(
                f"Reading '{self.path.name}' failed: {reason}.", "Check the file and its disk."
            ) from error


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


def describe_delimiter(delimiter: str) -> str:
    """A delimiter in words."""
    return {sign: name for name, sign in DELIMITERS.items()}[delimiter]


@contextmanager
def opening(path: Path) -> Iterator[None]:
    """Turns the system's refusal to open a file into words."""
    try:
        yield
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise DatasetError(
            f"'{path}' cannot be opened: {reason}.", "Check the file and its permissions."
        ) from error


def unique_names(names: list[str], path: Path) -> tuple[str, ...]:
    """Names for all columns: numbers where there are none.

    Raises:
        DatasetError: Two columns have the same name.
    """
    names = [name.strip() or f"column {number}" for number, name in enumerate(names, start=1)]
    repeated = [name for name, count in Counter(names).items() if count > 1]
    if repeated:
        raise DatasetError(
            f"Several columns of '{path.name}' have the same name: {', '.join(repeated)}.",
            "Give each column a name of its own; if the first line holds data, set the header to "
            "'no'.",
        )
    return tuple(names)


def _header_names(header: list[str], path: Path) -> tuple[str, ...]:
    return unique_names([name.replace("\0", "") for name in header], path)


def _objects(cells: list[str]) -> TextArray:
    column = np.empty(len(cells), dtype=object)
    column[:] = cells
    return column


def _position(file: IO[str]) -> int:
    buffer = getattr(file, "buffer", None)
    return int(buffer.tell()) if buffer is not None else 0


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
    for delimiter in DELIMITERS.values():
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


def _empty(path: Path) -> DatasetError:
    return DatasetError(f"'{path.name}' is empty.", "Choose a file with a header and rows.")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
