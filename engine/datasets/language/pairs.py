"""Pairs of texts in a table: one is translated into the other."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np

from engine.datasets.base import AnyArray, Examples, Progress, silent
from engine.datasets.encodings import EncodingName, guess_finding
from engine.datasets.files import Glance
from engine.datasets.formats import FileDataset, Format
from engine.datasets.language.decoding import checked_encoding, read_lines
from engine.datasets.language.languages import LANGUAGES
from engine.datasets.language.packed_texts import object_array
from engine.datasets.language.text_checks import MAX_COMPARED, TextMarks, counted, repeated
from engine.datasets.language.text_peek import is_text, peek
from engine.datasets.tables.cell_lines import split_tabs
from engine.errors import DatasetError
from engine.events.findings import MAX_NAMES, DataFinding, Trouble
from engine.spec.parameters import Parameters, parameter
from engine.spec.run_spec import DataSpec
from engine.spec.signature import Kind, Task

SUFFIXES = (".tsv", ".tab", ".txt", ".csv")

_SURE, _MAYBE = 0.9, 0.05
_USUAL_NAMES = {
    "source",
    "target",
    "src",
    "tgt",
    "trg",
    "src_text",
    "tgt_text",
    "input",
    "output",
    "from",
    "to",
    "text",
    "translation",
    "sentence",
    "original",
    "translated",
    "question",
    "answer",
}
# Languages as Tatoeba and others name them.
_CODES = {
    "ara",
    "ces",
    "cmn",
    "deu",
    "ell",
    "eng",
    "fin",
    "fra",
    "ger",
    "heb",
    "hun",
    "ita",
    "jpn",
    "kor",
    "nld",
    "pol",
    "por",
    "rus",
    "spa",
    "swe",
    "tur",
    "ukr",
    "vie",
}


class PairsParameters(Parameters):
    """Which columns, and how the file is read."""

    source: str = parameter(
        "", label="From", help="The column that is translated; empty: the first."
    )
    target: str = parameter(
        "", label="To", help="The column it is translated into; empty: the second."
    )
    header: Literal["auto", "yes", "no"] = parameter(
        "auto",
        label="Header",
        help="Whether the first line names the columns; 'auto' knows languages and usual names.",
    )
    longest: int = parameter(
        300,
        label="Longest text",
        help="Pairs with a longer text are left out: one long text makes every prediction long.",
        unit="characters",
        ge=1,
        le=10_000,
    )
    encoding: EncodingName = parameter(
        "auto", label="Encoding", help="How the file writes its letters."
    )


class PairsFormat(Format):
    """A table of texts and their translations."""

    name = "pairs"
    title = "Pairs of texts (TSV, CSV)"
    kind = Kind.TEXT
    suffixes = SUFFIXES
    parameters = PairsParameters
    tasks = (Task.TRANSLATION,)

    def likeness(self, glance: Glance) -> float:
        if glance.is_folder or glance.path.suffix.lower() not in SUFFIXES:
            return 0.0
        seen = peek(glance.path)
        columns = seen.columns
        # Tatoeba's lists of pairs say in a third column whose they are.
        if len(columns) == 3 and all(cell.startswith("CC") for cell in columns[2]):
            columns = columns[:2]
        is_pair = len(columns) == 2 and len(columns[0]) > 3 and all(map(is_text, columns))
        is_named = bool(seen.rows) and _is_header(seen.rows[0])
        return _SURE if is_pair and (seen.delimiter == "\t" or is_named) else _MAYBE

    def open(self, path: Path, data: DataSpec) -> Pairs:
        return Pairs(path, data)


class Pairs(FileDataset):
    """A row per pair. Pairs with the same source stay in the same part."""

    format = PairsFormat()
    recommended_model = "gru_translator"

    def load(self, parameters: PairsParameters, progress: Progress = silent) -> Examples:
        """Reads the whole file.

        Raises:
            DatasetError: It cannot be read, or lacks a column.
            Cancelled: Someone asked to stop.
        """
        if self.task not in (None, Task.TRANSLATION):
            raise DatasetError(
                f"Pairs of texts are for translation. Received task: {self.task}.",
                "Leave the task out, or read the file as a table.",
            )
        reader = _Reader(self.path, parameters)
        names, first = reader.start()
        source = _column(names, parameters.source, 0, self.path)
        target = _column(names, self.data.target or parameters.target, 1, self.path)
        if source == target:
            raise DatasetError(
                f"A text cannot be translated into itself. Received: '{names[source]}' twice.",
                f"Columns: {', '.join(names)}.",
            )
        found = _Pairs(parameters.longest, frozenset(self.data.exclude))
        for line, cells in reader.rows(first, progress):
            found.add(line, cells, source, target)
        if len(found.x) < 2:
            raise DatasetError(
                f"'{self.path.name}' holds {len(found.x)} pairs of texts.",
                "Bring a file with a text and its translation in each line.",
            )
        return self._examples(found, names, source, target, reader)

    def _examples(
        self,
        found: _Pairs,
        names: tuple[str, ...],
        source: int,
        target: int,
        reader: _Reader,
    ) -> Examples:
        x, y = object_array(found.x), object_array(found.y)
        labels = tuple(f"line {line}" for line in found.lines)
        marks, written = TextMarks.of_rows(x), TextMarks.of_rows(y)
        return Examples(
            x=x,
            y=y,
            kind=self.kind,
            task=Task.TRANSLATION,
            target_name=names[target],
            source_columns=names,
            names=labels,
            findings=(*reader.findings, *found.findings, *repeated(marks.marks, y, (), labels, x)),
            facts=(
                ("From", names[source]),
                ("To", names[target]),
                *reader.facts,
                *marks.facts,
                *((f"Target: {label.lower()}", value) for label, value in written.facts),
            ),
            distributions=(marks.distribution,),
            groups=_same_source(x),
            reading={"per": "line"},
        )


@dataclass
class _Pairs:
    """The pairs that are kept, and the lines of those that are not."""

    longest: int
    exclude: frozenset[str]
    x: list[str] = field(default_factory=list)
    y: list[str] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    empty: list[int] = field(default_factory=list)
    long: list[int] = field(default_factory=list)

    def add(self, line: int, cells: tuple[str, ...], source: int, target: int) -> None:
        if f"line {line}" in self.exclude:
            return
        one, other = (cells[at] if at < len(cells) else "" for at in (source, target))
        if not one or not other:
            self.empty.append(line)
        elif max(len(one), len(other)) > self.longest:
            self.long.append(line)
        else:
            self.x.append(one)
            self.y.append(other)
            self.lines.append(line)

    @property
    def findings(self) -> tuple[DataFinding, ...]:
        found = []
        for lines, trouble, reason in (
            (self.empty, Trouble.MISSING, "they lack one of the two texts"),
            (self.long, Trouble.LEFT_OUT, f"they are longer than {self.longest:,} characters"),
        ):
            if lines:
                text = f"Left out, as {reason}: {counted(len(lines), 'pair')}."
                names = tuple(f"line {line}" for line in lines[:MAX_NAMES])
                found.append(DataFinding(trouble, "", text, names, len(lines)))
        return tuple(found)


class _Reader:
    """Rows of a file. Between tabs, quotation marks are text; elsewhere they are those of CSV."""

    def __init__(self, path: Path, parameters: PairsParameters) -> None:
        self._path = path
        self._header = parameters.header
        try:
            self._encoding = checked_encoding(path, parameters.encoding)
            self._size = path.stat().st_size
        except DatasetError as error:
            raise DatasetError(f"'{path.name}' {error.message}.", "Choose another file.") from None
        except OSError as error:
            raise _unopened(path, error) from error
        self._delimiter = peek(path).delimiter or "\t"

    def start(self) -> tuple[tuple[str, ...], int]:
        """Returns the columns' names, and how many rows to pass over."""
        first = next(((cells) for _, cells in self._raw() if any(cells)), None)
        if first is None:
            raise DatasetError(f"'{self._path.name}' is empty.", "Choose a file with pairs.")
        if len(first) < 2:
            raise DatasetError(
                f"'{self._path.name}' must hold two columns of text. Received: one.",
                "Separate the texts with a tab.",
            )
        has_header = self._header == "yes" or (self._header == "auto" and _is_header(first))
        if not has_header:
            return tuple(f"text {number}" for number in range(1, len(first) + 1)), 0
        names = tuple(name or f"text {number}" for number, name in enumerate(first, 1))
        if len(set(names)) < len(names):
            raise DatasetError(
                f"Two columns of '{self._path.name}' have the same name: {', '.join(names)}.",
                "Give each a name of its own, or set the header to 'no'.",
            )
        return names, 1

    def rows(self, n_passed: int, progress: Progress) -> Iterator[tuple[int, tuple[str, ...]]]:
        """Yields each row that is not blank, with its line."""
        read = 0
        for line, cells in self._raw():
            read += sum(map(len, cells)) + len(cells)
            if line % 2_048 == 0:
                progress("Reading pairs", min(read, self._size), self._size)
            if not any(cells):
                continue
            if n_passed:
                n_passed -= 1
                continue
            yield line, cells

    def _raw(self) -> Iterator[tuple[int, tuple[str, ...]]]:
        lines = read_lines(self._path, self._encoding)
        try:
            if self._delimiter == "\t":
                for number, found in lines:
                    yield number, split_tabs(found.text)
                return
            texts = (f"{found.text}\n" for _, found in lines)
            reader = csv.reader(texts, delimiter=self._delimiter, strict=True)
            for row in reader:
                yield reader.line_num, tuple(cell.strip() for cell in row)
        except csv.Error as error:
            raise DatasetError(
                f"The record that ends near line {reader.line_num} of '{self._path.name}' cannot "
                f"be read: {error}.",
                "Look for a quotation mark that is opened and not closed.",
            ) from None
        except DatasetError as error:
            raise DatasetError(
                f"'{self._path.name}' cannot be read {error.message}.", "Set its encoding."
            ) from None
        except OSError as error:
            raise _unopened(self._path, error) from error

    @property
    def findings(self) -> tuple[DataFinding, ...]:
        """What was guessed of the file."""
        return guess_finding(self._path.name, self._encoding)

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """How the file was understood."""
        name = {"\t": "tab", ",": "comma", ";": "semicolon", "|": "bar"}[self._delimiter]
        return (("Delimiter", name), ("Encoding", self._encoding.shown))


def _unopened(path: Path, error: OSError) -> DatasetError:
    reason = (error.strerror or str(error)).lower()
    return DatasetError(f"'{path}' cannot be opened: {reason}.", "Check the file.")


def _is_header(cells: tuple[str, ...]) -> bool:
    """Every cell is a usual name, a language, or its code, with a country or not (``pt-BR``)."""
    known = _USUAL_NAMES | _CODES | {name.lower() for name in LANGUAGES} | set(LANGUAGES.values())
    plain = [cell.lower().replace("-", "_") for cell in cells]
    return all(cell in known or cell.partition("_")[0] in known for cell in plain)


def _column(names: tuple[str, ...], asked: str, default: int, path: Path) -> int:
    if not asked:
        return default
    if asked in names:
        return names.index(asked)
    raise DatasetError(f"'{path.name}' has no column '{asked}'.", f"Columns: {', '.join(names)}.")


def _same_source(x: AnyArray) -> AnyArray | None:
    """Groups of pairs with the same source, (n,), so that none is in two parts; None: no such."""
    if len(x) > MAX_COMPARED:
        return None
    first: dict[str, int] = {}
    groups = np.array([first.setdefault(text, place) for place, text in enumerate(x)], np.int64)
    return groups if len(first) < len(x) else None
