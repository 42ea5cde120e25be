"""Reads a CSV or TSV file as text cells, and refuses what would silently be read wrongly.

Nothing is guessed about the meaning of a cell here: `0123` and `NA` stay what they are.
"""

from __future__ import annotations

import codecs
import csv
import io
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
from engine.datasets.tables.plain_blocks import (
    BLOCK_BYTES,
    parse_plain,
    plain_lines,
)
from engine.datasets.tables.table_cells import parse_number
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

DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}
QUICK_BYTES = 1 << 20
"""Files of more bytes are parsed in blocks where that is safe."""
_SAMPLE_CHARACTERS = 1 << 16
_SAMPLE_ROWS = 100
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
            sample = file.read(_SAMPLE_CHARACTERS)
            is_found = wanted.delimiter == "auto"
            self.delimiter = _sniff(sample) if is_found else DELIMITERS[wanted.delimiter]
            file.seek(0)
            first = next(self._records(file), None)
        self._has_lines = "\n" in sample
        if first is None:
            raise _empty(path)
        self.has_header = self._is_header(first[1])
        row = first[1] if self.has_header else [""] * len(first[1])
        self.names = _header_names(row, path)
        self.has_comma_numbers = self.delimiter != ","
        self._short: array[int] = array("q")
        self._n_rows = self._position = 0

    def chunks(self, progress: Progress = silent) -> Iterator[Chunk]:
        """Yields all rows in order; rows shorter than the header are filled and counted."""
        self._short, self._n_rows = array("q"), 0
        is_quick = (
            self.n_bytes > QUICK_BYTES
            and self._encoding.name in ONE_BYTE
            and len(self.names) > 1
            and self._has_lines
        )
        with self._decoding():
            for chunk in self._quick_chunks() if is_quick else self._strict_chunks():
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
            if self.has_header:
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
            if self.has_header:
                lines = _Lines(file, self._encoding)
                next(self._records(lines))
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
        facts = [
            ("Delimiter", describe_delimiter(self.delimiter)),
            ("Encoding", self._encoding.shown),
            ("Header", "the first line" if self.has_header else "none"),
        ]
        findings = []
        if not self.has_header and self._wanted.header == "auto":
            remedy = Remedy("The first line names the columns", {"data.parameters.header": "yes"})
            text = "The first line holds data, not names; the columns are numbered."
            findings.append(DataFinding(Trouble.UNDERSTOOD, "", text, remedies=(remedy,)))
        findings += guess_finding(self.path.name, self._encoding)
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
        numbers = [cell for cell in cells if parse_number(cell.replace(",", ".")) is not None]
        # A year may name a column; a fraction, or one number twice, does not.
        is_repeated = len(numbers) == len(cells) > len(set(cells))
        return not (is_repeated or any("." in cell or "," in cell for cell in numbers))

    def _records(self, file: Iterable[str], first_line: int = 1) -> Iterator[tuple[int, list[str]]]:
        """Yields each record with the line it starts in; blank lines are skipped."""
        reader = csv.reader(file, delimiter=self.delimiter, skipinitialspace=True, strict=True)
        line = first_line
        try:
            for row in reader:
                if len(row) > 1 or (row and row[0].strip()):
                    yield line, row
                line = first_line + reader.line_num
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


def _position(file: IO[str]) -> int:
    buffer = getattr(file, "buffer", None)
    return int(buffer.tell()) if buffer is not None else 0


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
