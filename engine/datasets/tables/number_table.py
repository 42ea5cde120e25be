"""Columns of numbers from a table of any type, read chunk by chunk: text is not held."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from engine.datasets.base import Progress, silent
from engine.datasets.tables.cell_faults import NumberFaults
from engine.datasets.tables.column_studies import decimal_signs
from engine.datasets.tables.missing_codes import code_finding
from engine.datasets.tables.number_findings import how_read, other_sign
from engine.datasets.tables.number_marks import (
    NumberMarks,
    Reason,
    Styles,
    decide_all,
    reads_alike,
)
from engine.datasets.tables.table_cells import (
    MISTAKE_SHARE,
    NAMELESS,
    blank_cells,
    distinct_cells,
    read_numbers,
)
from engine.datasets.tables.table_opening import open_source
from engine.datasets.tables.table_rows import as_typed, feature_style, number_style
from engine.datasets.tables.table_source import (
    Cells,
    Chunk,
    FloatArray,
    IndexArray,
    TableParameters,
)
from engine.datasets.tables.written_numbers import NumberStyle
from engine.errors import DatasetError
from engine.events.findings import DataFinding
from engine.spec.run_spec import ColumnSpec

_SAMPLE_ROWS = 10_000


@dataclass(frozen=True, eq=False)
class Columns:
    """What was read of a table.

    Attributes:
        numbers: (rows, columns asked for); NaN in gaps.
        texts: Cells of other columns, by name, as arrays of pyarrow.
        codes: For columns of labels, the label of each row, (rows,), and the labels.
        lines: Line of each row, (rows,).
        facts: How the file was read.
        findings: What is wrong with it.
        numbers_as: How the numbers of each column are written, as JSON values.
    """

    numbers: FloatArray
    texts: dict[str, Cells]
    codes: dict[str, tuple[IndexArray, tuple[str, ...]]]
    lines: IndexArray
    facts: tuple[tuple[str, str], ...]
    findings: tuple[DataFinding, ...]
    numbers_as: dict[str, dict[str, Any]]

    def __len__(self) -> int:
        return len(self.lines)


class NumberTable:
    """A table of which some columns are read as numbers.

    Args:
        path: A file of any type that holds a table.
        parameters: How it is cut into cells.
        specs: What someone said of its columns.
        known: How numbers of columns are written, as `Columns.numbers_as` told of the file that
            a model was trained on; where the file says itself which cells are numbers, it is
            believed.

    Raises:
        DatasetError: It cannot be opened, or holds no rows.
    """

    def __init__(
        self,
        path: Path,
        parameters: TableParameters | None = None,
        specs: Mapping[str, ColumnSpec] | None = None,
        known: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        self.path = path
        parameters = parameters or TableParameters()
        self._source = open_source(path, parameters)
        self._base = number_style(self._source, parameters)
        self._asked = decimal_signs(self._source.names, specs or {}, parameters)
        self._known = {
            name: feature_style(
                {"numbers": as_typed(style) if self.is_typed else style}, self._base
            )
            for name, style in (known or {}).items()
        }
        self.names = self._source.names
        first = next(iter(self._source.chunks()), None)
        if first is None:
            raise DatasetError(f"'{path.name}' holds no rows.", "Choose a file with data.")
        self._first: Chunk = first
        self._marks = {name: self._seen(first.cells[name][:_SAMPLE_ROWS]) for name in self.names}
        self._styles = self._decide(self._marks)

    @property
    def is_typed(self) -> bool:
        """Whether the file says itself which cells are numbers."""
        return self._source.is_typed

    @property
    def line_word(self) -> str:
        """What a place in the file is called: ``line`` or ``row``."""
        return self._source.line_word

    def sample(self, name: str) -> Cells:
        """The first cells of a column: up to a million divided by the columns."""
        return self._first.cells[name]

    def require(self, names: Iterable[str | None]) -> None:
        """Makes sure that columns are there.

        Raises:
            DatasetError: One is not.
        """
        missing = [name for name in names if name is not None and name not in self.names]
        if missing:
            raise DatasetError(
                f"'{self.path.name}' has no column '{missing[0]}'.",
                f"Columns: {', '.join(self.names)}.",
            )

    def _seen(self, cells: Cells) -> NumberMarks:
        """How numbers are written in some cells."""
        marks = NumberMarks(is_typed=self._source.is_typed)
        read_numbers(cells, self._base, marks)
        return marks

    def _decide(self, marks: Mapping[str, NumberMarks]) -> Styles:
        """How the numbers of these columns are written."""
        n_rows = min(len(self._first), _SAMPLE_ROWS)
        witnesses = {name for name, item in marks.items() if 2 * item.n_numbers > n_rows}
        decided = decide_all(marks, witnesses, self._base, self._asked, self._source.delimiter)
        told = {name: (style, Reason.ASKED) for name, style in self._known.items()}
        return {**decided, **{name: told[name] for name in decided if name in told}}

    def looks_numeric(self, name: str) -> bool:
        """Whether the first cells are numbers, with gaps and few mistakes; no row numbers."""
        cells = self._first.cells[name]
        read = read_numbers(cells, self._styles[name][0])
        known = read.values[~np.isnan(read.values)]
        if not len(known) or np.count_nonzero(read.wrong) > MISTAKE_SHARE * len(cells):
            return False
        counts = name in NAMELESS and len(known) == len(cells) > 1
        return not (counts and name == self.names[0] and (np.diff(known) == 1).all())

    def is_empty(self, name: str) -> bool:
        """Whether the first cells hold nothing."""
        return bool(blank_cells(self._first.cells[name]).all())

    def read(
        self,
        numbers: Sequence[str],
        texts: Sequence[str] = (),
        labels: Sequence[str] = (),
        progress: Progress = silent,
    ) -> Columns:
        """Reads the whole file.

        Args:
            numbers: Columns that must hold numbers or gaps.
            texts: Columns kept as text.
            labels: Columns of few different texts.
            progress: Told how far it is.

        Raises:
            DatasetError: A cell is no number, infinite or too large; the file is damaged.
        """
        import pyarrow as pa

        styles = {name: self._styles[name][0] for name in numbers}
        marks = {name: NumberMarks(is_typed=self._source.is_typed) for name in numbers}
        blocks: list[FloatArray] = []
        lines: list[IndexArray] = []
        cells: dict[str, list[Cells]] = {name: [] for name in texts}
        labelling = {name: _Labels() for name in labels}
        faults = {name: NumberFaults() for name in numbers}
        for chunk in self._source.chunks(progress):
            block = np.empty((len(chunk), len(numbers)))
            for index, name in enumerate(numbers):
                read = read_numbers(chunk.cells[name], styles[name], marks[name])
                faults[name].add(read, chunk.cells[name], chunk.lines)
                block[:, index] = read.values
            blocks.append(block)
            lines.append(chunk.lines)
            for name in texts:
                cells[name].append(chunk.cells[name])
            for name in labels:
                labelling[name].add(chunk.cells[name])
        decided = self._decide({**self._marks, **marks})
        if not all(reads_alike(marks[name], styles[name], decided[name][0]) for name in numbers):
            # What all cells say is another thing than what the first ones said.
            self._marks, self._styles = {**self._marks, **marks}, decided
            return self.read(numbers, texts, labels, progress)
        for name in numbers:
            faults[name].refuse(name, self.line_word, "leave it out")
        report, found = self._source.report(), np.concatenate(blocks)
        understood = [
            self._told(name, marks[name], decided[name], found[:, place])
            for place, name in enumerate(numbers)
        ]
        return Columns(
            found,
            {name: pa.chunked_array(cells[name]).combine_chunks() for name in texts},
            {name: labelling[name].result() for name in labels},
            np.concatenate(lines),
            tuple(report.facts),
            (*report.findings, *chain.from_iterable(understood)),
            {name: decided[name][0].to_dict() for name in numbers},
        )

    def _told(
        self, name: str, marks: NumberMarks, decided: tuple[NumberStyle, Reason], found: FloatArray
    ) -> list[DataFinding]:
        """How the numbers of a column were read, with another way to read them as a remedy."""
        told = how_read(name, marks, *decided, other_sign(name, marks, decided[0]))
        return [*told, *code_finding(name, found[np.isfinite(found)])]


class _Labels:
    """Codes of labels, in the order of their first occurrence until all are known."""

    def __init__(self) -> None:
        self._codes: list[IndexArray] = []
        self._known: dict[str, int] = {}

    def add(self, cells: Cells) -> None:
        places, distinct = distinct_cells(cells)
        codes = [self._known.setdefault(label, len(self._known)) for label in distinct]
        self._codes.append(np.array(codes, np.int64)[places])

    def result(self) -> tuple[IndexArray, tuple[str, ...]]:
        labels = np.array(list(self._known), object)
        order = np.argsort(labels)
        rank = np.empty(len(order), np.int64)
        rank[order] = np.arange(len(order))
        return rank[np.concatenate(self._codes)], tuple(labels[order].tolist())
