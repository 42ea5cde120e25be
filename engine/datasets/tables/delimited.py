"""Reads a CSV or TSV file as text cells, and refuses what would silently be read wrongly.

Nothing is guessed about the meaning of a cell here: `0123` and `NA` stay what they are.
"""

from __future__ import annotations

import codecs
import csv
import re
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import IO

import numpy as np

from engine.datasets.base import Progress, silent
from engine.datasets.encodings import ONE_BYTE, Encoding, find_encoding, guess_finding
from engine.datasets.tables.cell_lines import (
    DELIMITERS,
    SAMPLE_CHARACTERS,
    cut_lines,
    describe_delimiter,
    quotes_enclose,
    sniff_delimiter,
)
from engine.datasets.tables.header_rows import (
    LOOKED_AT_ROWS,
    column_names_in,
    find_header,
    heading_findings,
)
from engine.datasets.tables.plain_blocks import (
    BLOCK_BYTES,
    parse_plain,
    plain_lines,
)
from engine.datasets.tables.table_source import (
    CHUNK_CELLS,
    Chunk,
    SourceReport,
    TableParameters,
    text_cells,
)
from engine.errors import DatasetError
from engine.events.findings import DataFinding, Remedy, Trouble
from engine.spec.parameters import shorten

QUICK_BYTES = 1 << 20
"""Files of more bytes are parsed in blocks where that is safe."""
_LONE_RETURN = re.compile(r"(?<=\r)(?!\n)")
_SHOWN_LINES = 20


class DelimitedFile:
    """A text file of cells between delimiters, as a `TableSource`.

    Args:
        path: The file.
        parameters: How it is cut; what is left open is found from its beginning.

    Raises:
        DatasetError: It cannot be opened, is empty, or is no text.
    """

    line_word = "line"
    is_typed = False

    def __init__(self, path: Path, parameters: TableParameters | None = None) -> None:
        wanted = parameters or TableParameters()
        self.path = path
        self._wanted = wanted
        with opening(path):
            self.n_bytes = path.stat().st_size
        if not self.n_bytes:
            raise _empty(path)
        self._encoding = _encoding_of(path, wanted.encoding)
        with self._open() as file, self._decoding():
            sample = file.read(SAMPLE_CHARACTERS)
            is_found = wanted.delimiter == "auto"
            self.delimiter = sniff_delimiter(sample) if is_found else DELIMITERS[wanted.delimiter]
        self._has_lines = "\n" in sample
        self._has_quotes = self.delimiter != "\t" or self._quotes_enclose()
        rows = self._first_rows()
        if not rows:
            raise _empty(path)
        self._header = find_header([row for _, row in rows], wanted.header)
        self.has_header = self._header.is_there
        self._above = rows[: self._header.row]
        self._header_line = rows[self._header.row][0]
        self.names = unique_names(column_names_in([row for _, row in rows], self._header), path)
        self.has_comma_numbers = self.delimiter != ","
        self._short: array[int] = array("q")
        self._repeated: list[int] = []
        self._n_rows = self._position = 0

    @property
    def encoding_name(self) -> str:
        """How its letters are written, by Python's name."""
        return self._encoding.name

    @property
    def header_line(self) -> int:
        """The line of its header, from 1."""
        return self._header_line

    def chunks(self, progress: Progress = silent) -> Iterator[Chunk]:
        """Yields all rows in order; rows shorter than the header are filled and counted."""
        self._short, self._repeated, self._n_rows = array("q"), [], 0
        is_quick = (
            self.n_bytes > QUICK_BYTES
            and self._encoding.name in ONE_BYTE
            and len(self.names) > 1
            and self._has_lines
            and self.delimiter != " "
        )
        with self._decoding():
            for read in self._quick_chunks() if is_quick else self._strict_chunks():
                chunk = self._without_headers(read)
                self._n_rows += len(chunk)
                progress("Reading the table", min(self._position, self.n_bytes), self.n_bytes)
                yield chunk
        if not self._n_rows:
            raise DatasetError(
                f"'{self.path.name}' has a header but no rows. Columns: {', '.join(self.names)}.",
                "Choose a file with data.",
            )

    def _strict_chunks(self) -> Iterator[Chunk]:
        with self._open() as file:
            records = self._records(file)
            for _ in range(self._n_heading):
                next(records, None)
            while rows := self._chunk(records):
                self._position = _position(file)
                yield rows

    def _quick_chunks(self) -> Iterator[Chunk]:
        """Blocks that are plain are parsed at once, others record by record."""
        with opening(self.path), self.path.open("rb") as file:
            if file.read(3) != codecs.BOM_UTF8:
                file.seek(0)
            line = 1
            if self._n_heading:
                lines = _Lines(file, self._encoding)
                records = self._records(lines)
                for _ in range(self._n_heading):
                    next(records)
                line += lines.count
            while block := file.read(BLOCK_BYTES):
                start = file.tell() - len(block)
                if not block.endswith(b"\n"):
                    block += file.readline()
                self._position = file.tell()
                if not block.endswith(b"\n"):
                    block += b"\n"  # the last line of the file
                n_lines = plain_lines(block, self.delimiter, len(self.names))
                if n_lines:
                    cells = parse_plain(block, self.delimiter, self.names, self._encoding)
                    yield Chunk(cells, np.arange(line, line + n_lines, dtype=np.int64))
                    line += n_lines
                    continue
                file.seek(start)
                lines = _Lines(file, self._encoding)
                records = _until(start + len(block), file, self._records(lines, line))
                while rows := self._chunk(records):
                    yield rows
                line += lines.count

    def _without_headers(self, chunk: Chunk) -> Chunk:
        """A chunk without rows that repeat the names, as where files were joined."""
        import pyarrow as pa
        import pyarrow.compute as pc

        if not self.has_header:
            return chunk
        is_name = np.ones(len(chunk), bool)
        for name in self.names:
            is_name &= np.asarray(pc.equal(chunk.cells[name], name), bool)
            if not is_name.any():
                return chunk
        self._repeated.extend(chunk.lines[is_name].tolist())
        kept = pa.array(~is_name)
        cells = {name: column.filter(kept) for name, column in chunk.cells.items()}
        return Chunk(cells, chunk.lines[~is_name])

    @property
    def _n_heading(self) -> int:
        """Records before the first row of data."""
        return self._header.row + self.has_header

    def _chunk(self, records: Iterator[tuple[int, list[str]]]) -> Chunk | None:
        """The next records as a chunk; None where there are none."""
        size = max(64, CHUNK_CELLS // len(self.names))
        lines: array[int] = array("q")
        rows: list[list[str]] = []
        for line, row in islice(records, size):
            lines.append(line)
            rows.append(row if len(row) == len(self.names) else self._fitted(line, row))
        if not rows:
            return None
        columns = zip(*rows, strict=True)
        cells = {
            name: text_cells(list(column)) for name, column in zip(self.names, columns, strict=True)
        }
        return Chunk(cells, np.array(lines, np.int64))

    def report(self) -> SourceReport:
        heading = "the first line" if self._header_line == 1 else f"line {self._header_line}"
        heading = heading if self.has_header else "none"
        facts = [
            ("Delimiter", describe_delimiter(self.delimiter)),
            ("Encoding", self._encoding.shown),
            ("Header", heading),
        ]
        findings = heading_findings(self._header, self._above, "line", self._wanted.header)
        findings += guess_finding(self.path.name, self._encoding)
        if self._repeated:
            lines = tuple(f"line {line}" for line in self._repeated[:_SHOWN_LINES])
            text = f"Rows that repeat the names of the columns were passed over: {lines[0]}."
            count = len(self._repeated)
            findings.append(DataFinding(Trouble.LEFT_OUT, "", text, lines, count))
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

    def _first_rows(self) -> list[tuple[int, list[str]]]:
        """The first records, each with its line, as far as they can be read."""
        rows: list[tuple[int, list[str]]] = []
        with self._open() as file, self._decoding(), suppress(DatasetError):
            for line, row in islice(self._records(file), LOOKED_AT_ROWS):
                rows.append((line, [cell.replace("\0", "").strip() for cell in row]))
        return rows

    def _quotes_enclose(self) -> bool:
        """Whether quotation marks between tabs enclose cells, and are no text."""
        with opening(self.path), self.path.open("rb") as file:
            if not any(b'"' in block for block in iter(lambda: file.read(BLOCK_BYTES), b"")):
                return True
        with self._open() as text, self._decoding():
            return quotes_enclose(text)

    def _records(self, file: Iterable[str], first_line: int = 1) -> Iterator[tuple[int, list[str]]]:
        """Yields each record with the line it starts in; blank lines are skipped."""
        line = first_line
        try:
            for n_read, row in cut_lines(file, self.delimiter, self._has_quotes):
                if len(row) > 1 or (row and row[0].strip()):
                    yield line, row
                line = first_line + n_read
        except csv.Error as error:
            raise DatasetError(
                f"The record that starts in line {line} of '{self.path.name}' cannot be read: "
                f"{error}.",
                "Look for a quotation mark that is opened and not closed.",
            ) from None

    def _open(self) -> IO[str]:
        codec, errors = self._encoding.codec, self._encoding.errors
        with opening(self.path):
            return self.path.open(encoding=codec, errors=errors, newline="")

    @contextmanager
    def _decoding(self) -> Iterator[None]:
        try:
            yield
        except UnicodeError:
            raise DatasetError(
                f"'{self.path.name}' is not readable as {self._encoding.shown} text.",
                "Choose another encoding, or save it as UTF-8.",
            ) from None
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise DatasetError(
                f"Reading '{self.path.name}' failed: {reason}.", "Check the file and its disk."
            ) from error


class _Lines:
    """Lines of a file of bytes from where it stands, decoded and counted."""

    def __init__(self, file: IO[bytes], encoding: Encoding) -> None:
        self._file = file
        self._encoding = encoding
        self.count = 0

    def __iter__(self) -> Iterator[str]:
        while line := self._file.readline():
            # A lone carriage return ends a line as well, as it does in files of text.
            for part in _LONE_RETURN.split(line.decode(self._encoding.name, self._encoding.errors)):
                if part:
                    self.count += 1
                    yield part


def _until(
    end: int, file: IO[bytes], records: Iterator[tuple[int, list[str]]]
) -> Iterator[tuple[int, list[str]]]:
    """Records until one has been read to a place in the file, or beyond it."""
    while file.tell() < end and (found := next(records, None)) is not None:
        yield found


def _encoding_of(path: Path, wanted: str) -> Encoding:
    with opening(path):
        try:
            return find_encoding(path, wanted)
        except DatasetError:
            raise DatasetError(
                f"'{path.name}' is not a text file.",
                "Save the table as CSV, in UTF-8, and open that.",
            ) from None


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


def _position(file: IO[str]) -> int:
    buffer = getattr(file, "buffer", None)
    return int(buffer.tell()) if buffer is not None else 0


def _empty(path: Path) -> DatasetError:
    return DatasetError(f"'{path.name}' is empty.", "Choose a file with a header and rows.")
