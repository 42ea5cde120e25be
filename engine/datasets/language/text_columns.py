"""A table's column of texts as a dataset: another column is predicted from it alone."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from engine.datasets.base import AnyArray, Examples, Progress, Rows, silent
from engine.datasets.files import Glance
from engine.datasets.formats import FileDataset, Format
from engine.datasets.label_sets import are_lists, no_label_remedy
from engine.datasets.labels import (
    GapWords,
    gap_words_finding,
    imbalance,
    missing_labels,
    understand_targets,
)
from engine.datasets.language.decoding import MAX_CHARACTERS
from engine.datasets.language.packed_texts import TEXT_MEMORY_LIMIT, object_array, pack_texts
from engine.datasets.language.text_checks import TextMarks, counted, repeated
from engine.datasets.language.text_peek import is_text, peek
from engine.datasets.packing import ChosenRows
from engine.datasets.tables.label_columns import joint_name, label_columns, sets_of_columns
from engine.datasets.tables.table_cells import GAP_WORDS, is_missing_label
from engine.datasets.tables.table_opening import SUFFIXES, open_source
from engine.datasets.tables.table_rows import number_style, read_weights
from engine.datasets.tables.table_source import Chunk, TableParameters, TableSource
from engine.errors import DatasetError
from engine.events.findings import MAX_NAMES, DataFinding, Trouble
from engine.spec.parameters import parameter
from engine.spec.run_spec import DataSpec
from engine.spec.signature import Kind, Task

PEEKED_SUFFIXES = (".csv", ".tsv", ".tab")
LONG_TEXT = 40
"""A column whose cells have so many characters on average holds texts to read, not names."""

_SURE, _MAYBE = 0.85, 0.02
_USUAL_TEXTS = ("text", "review", "sentence", "comment", "message", "content", "body", "tweet")
_USUAL_TARGETS = ("label", "labels", "class", "target", "category", "sentiment", "score", "rating")
_LOOKED_AT_ROWS = 1_000
# Rises when the same file is read in another way: what was kept on disk before is left alone.
_BETWEEN = "\x1f"  # stands between the cells of several columns that are predicted together
_VERSION = 4


class TextTableParameters(TableParameters):
    """Which column holds the texts, and how the file is cut into cells."""

    text: str = parameter(
        "", label="Text column", help="The column that is read; empty: the one of longest texts."
    )


class TextTableFormat(Format):
    """A table with a column of texts."""

    name = "text_table"
    title = "Texts in a table's column"
    kind = Kind.TEXT
    suffixes = SUFFIXES
    parameters = TextTableParameters

    def likeness(self, glance: Glance) -> float:
        suffix = glance.path.suffix.lower()
        if glance.is_folder or suffix not in SUFFIXES:
            return 0.0
        columns = peek(glance.path).columns if suffix in PEEKED_SUFFIXES else ()
        if len(columns) != 2 or len(columns[0]) < 3:
            return _MAYBE
        texts = [_mean_length(cells) >= LONG_TEXT and is_text(cells) for cells in columns]
        if sum(texts) != 1:
            return _MAYBE
        labels = columns[texts.index(False)]
        return _SURE if _mean_length(labels) < LONG_TEXT / 2 else _MAYBE

    def open(self, path: Path, data: DataSpec) -> TextTable:
        return TextTable(path, data)


class TextTable(FileDataset):
    """A text per row; large files go through a cache on disk."""

    format = TextTableFormat()
    recommended_model = "text_ngrams"

    def load(self, parameters: TextTableParameters, progress: Progress = silent) -> Examples:
        """Reads the columns of the texts and of what is predicted.

        Raises:
            DatasetError: The file cannot be read, or lacks a column.
            Cancelled: Someone asked to stop.
        """
        source = open_source(self.path, parameters)
        labels = label_columns(self.data.target, self.task, source.names)
        text = _text_column(source, parameters.text, labels or (self.data.target,))
        target = joint_name(labels) or _target_column(source, self.data.target, text)
        _check_task(self.task)
        cells = _Cells(source, text, labels or (target,), self.data, parameters)
        x = cells.without_words(
            cells.read(self._key(parameters, text, _BETWEEN.join(labels) or target), progress)
        )
        if not len(x):
            raise DatasetError(
                f"'{self.path.name}' has no row with both '{text}' and '{target}'.",
                f"Columns: {', '.join(source.names)}.",
            )
        lines = np.array(cells.lines, np.int64)
        found = understand_targets(
            cells.values(), target, self.task, lines, parameters.spellings, labels
        )
        marks = TextMarks.of_rows(x)
        names = tuple(f"{source.line_word} {line}" for line in cells.lines)
        report = source.report()
        findings = [
            *report.findings,
            *cells.findings,
            *found.findings,
            *repeated(marks.marks, found.y, found.class_names, names, x),
            *(imbalance(found.y, found.class_names) if found.class_names else ()),
        ]
        kept = np.array(cells.places, np.int64)
        return Examples(
            x=x,
            y=found.y,
            kind=self.kind,
            task=found.task,
            target_name=target,
            class_names=found.class_names,
            source_columns=source.names,
            names=names,
            weights=cells.weights,
            notes=found.notes,
            findings=tuple(findings),
            facts=(("Text", text), *report.facts, *marks.facts),
            distributions=(marks.distribution,),
            column=_accessor(source, kept),
            reading={
                "per": "line",
                "column": text,
                "parameters": parameters.model_dump(include=set(TableParameters.model_fields)),
            },
        )

    def _key(self, parameters: TextTableParameters, text: str, target: str) -> str:
        state = self.path.stat()
        settings = (
            f"{self.path}\0{state.st_size}\0{state.st_mtime_ns}\0{parameters.model_dump_json()}"
            f"\0{text}\0{target}\0{self.data.weights}\0{sorted(self.data.exclude)}\0{_VERSION}"
        )
        return hashlib.sha256(settings.encode()).hexdigest()[:32]


@dataclass
class _Cells:
    """Reads texts with what is predicted from them; rows that lack one of both are left out."""

    source: TableSource
    text: str
    targets_in: tuple[str, ...]
    data: DataSpec
    parameters: TextTableParameters
    targets: list[str] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    empty: list[int] = field(default_factory=list)
    n_cut: int = 0
    n_unlabelled: int = 0
    _weights: list[float] = field(default_factory=list)

    @property
    def _gap_words(self) -> GapWords:
        return self.parameters.gap_words

    @property
    def _keeps_empty(self) -> bool:
        """An empty cell may say that there is no label."""
        return self.parameters.empty_lists == "no label" and len(self.targets_in) == 1

    @property
    def _are_lists(self) -> bool:
        return len(self.targets_in) == 1 and are_lists({*self.targets}, self.data.task)

    def read(self, key: str, progress: Progress) -> Rows:
        """Returns the texts, in memory or, where they are many, on disk."""
        if self.source.n_bytes <= TEXT_MEMORY_LIMIT:
            return object_array(self._rows(progress))

        def write(keep: Callable[[str, int], None]) -> dict[str, Any]:
            for text, line in zip(self._rows(progress), self.lines, strict=False):
                keep(text, line)
            kept = ("targets", "lines", "places", "empty", "n_cut", "n_unlabelled", "_weights")
            return {name: getattr(self, name) for name in kept}

        packed, _, index = pack_texts(key, self.source.n_bytes, write)
        for name, values in index.items():
            setattr(self, name, values)
        return packed

    def _rows(self, progress: Progress) -> Iterator[str]:
        n_before = 0
        for chunk in self.source.chunks(progress):
            texts = chunk.cells[self.text].to_pylist()
            columns = [chunk.cells[name].to_pylist() for name in self.targets_in]
            targets = (
                columns[0]
                if len(columns) == 1
                else [*map(_BETWEEN.join, zip(*columns, strict=True))]
            )
            lines = chunk.lines.tolist()
            rows = self._complete(texts, targets, lines)
            if self.data.weights:
                self._weights += self._weights_in(chunk, rows)
            for row in rows:
                self.n_cut += len(texts[row]) > MAX_CHARACTERS
                self.targets.append(targets[row])
                self.lines.append(lines[row])
                self.places.append(n_before + row)
                yield texts[row][:MAX_CHARACTERS]
            n_before += len(chunk)

    def _complete(self, texts: list[str], targets: list[str], lines: list[int]) -> list[int]:
        """Rows of a chunk that hold both, without those that are left out by name."""
        rows: list[int] = []
        excluded = frozenset(self.data.exclude)
        for row, line in enumerate(lines):
            if f"{self.source.line_word} {line}" in excluded:
                continue
            if texts[row] and not any(map(self._is_missing, targets[row].split(_BETWEEN))):
                rows.append(row)
            else:
                self.n_unlabelled += bool(texts[row]) and not targets[row]
                self.empty.append(line)
        return rows

    def _is_missing(self, target: str) -> bool:
        if not target and self._keeps_empty:
            return False
        if self._gap_words == "none":
            return not target
        is_word = self._gap_words == "all" and target.lower() in GAP_WORDS
        return is_word or is_missing_label(target)

    def without_words(self, x: Rows) -> Rows:
        """Leaves out rows whose target is a word for a gap, where all others are numbers.

        And those without one, unless it is a list without labels.
        """
        if len(self.targets_in) > 1:
            return x
        gaps = missing_labels(self.targets, self._gap_words)
        if self._keeps_empty and self._are_lists:
            gaps &= np.array([bool(target) for target in self.targets], bool)
        if not gaps.any():
            return x
        kept = np.flatnonzero(~gaps)
        self.empty = sorted((*self.empty, *(self.lines[row] for row in np.flatnonzero(gaps))))
        for name in ("targets", "lines", "places", "_weights"):
            values = getattr(self, name)
            setattr(self, name, [values[row] for row in kept] if values else values)
        return x[kept] if isinstance(x, np.ndarray) else ChosenRows(x, kept)

    def values(self) -> AnyArray:
        """What is predicted: cells, (n,); of several columns, 0 and 1 of each, (n, labels)."""
        if len(self.targets_in) == 1:
            return object_array(self.targets)
        columns = zip(*(target.split(_BETWEEN) for target in self.targets), strict=True)
        cells = (np.array(column, object) for column in columns)
        named = dict(zip(self.targets_in, cells, strict=True))
        return sets_of_columns(named, joint_name(self.targets_in))[1]

    def _weights_in(self, chunk: Chunk, rows: list[int]) -> list[float]:
        name, places = self.data.weights or "", np.array(rows, np.int64)
        cells, lines = chunk.cells[name].take(places), chunk.lines[places]
        style = number_style(self.source, self.parameters)
        weights = read_weights(name, cells, lines, style, self.source.line_word)
        return [float(weight) for weight in weights]

    @property
    def weights(self) -> Any:
        """As in `Examples.weights`."""
        return np.array(self._weights, np.float32) if self.data.weights else None

    @property
    def findings(self) -> tuple[DataFinding, ...]:
        """Rows that lack a text or a target, texts that are cut, and classes that may be gaps."""
        found: list[DataFinding] = []
        if self._gap_words == "numbers" and len(self.targets_in) == 1:
            found += gap_words_finding(self.targets, self.targets_in[0])
        if self.empty:
            count, word = len(self.empty), self.source.line_word
            reason = f"they lack '{self.text}' or '{joint_name(self.targets_in)}'"
            text = f"Left out, as {reason}: {counted(count, 'row')}."
            names = tuple(f"{word} {line}" for line in self.empty[:MAX_NAMES])
            is_asked = self.n_unlabelled > 0 and self._are_lists
            remedies = (no_label_remedy(),) if is_asked else ()
            found.append(DataFinding(Trouble.MISSING, "", text, names, count, remedies))
        if self.n_cut:
            text = f"Cut after {MAX_CHARACTERS:,} characters: {counted(self.n_cut, 'text')}."
            found.append(DataFinding(Trouble.UNDERSTOOD, self.text, text, count=self.n_cut))
        return tuple(found)


def read_column(path: Path, column: str, parameters: dict[str, Any]) -> AnyArray:
    """Reads the texts to predict for from a table.

    Args:
        path: The table.
        column: The column of texts; where the file has only one, that.
        parameters: As `TableParameters`.

    Raises:
        DatasetError: The table cannot be read, or lacks the column.
    """
    source = open_source(path, TableParameters.model_validate(parameters))
    column = text_column_of(source, column)
    return object_array(
        text for chunk in source.chunks() for text in chunk.cells[column].to_pylist()
    )


def text_column_of(source: TableSource, column: str) -> str:
    """The column of texts to predict for; where a table has only one, that."""
    return source.names[0] if len(source.names) == 1 else _known(source, column)


def _check_task(task: Task | None) -> None:
    if task not in (None, Task.CLASSIFICATION, Task.MULTILABEL, Task.REGRESSION):
        raise DatasetError(
            f"A column of classes, labels or numbers is predicted from texts. Received: {task}.",
            "Set the task to one of these, or read the file as pairs.",
        )


def _text_column(source: TableSource, asked: str, targets: Collection[str | None]) -> str:
    """The column asked for, one of a usual name, or the one with the longest cells."""
    if asked:
        return _known(source, asked)
    left = [name for name in source.names if name not in targets]
    if not left:
        raise DatasetError(
            f"'{source.path.name}' has one column only, '{source.names[0]}'.",
            "Bring a table with texts and what is to be predicted from them.",
        )
    usual = [name for name in left if name.lower() in _USUAL_TEXTS]
    if len(usual) == 1:
        return usual[0]
    chunk = next(iter(source.chunks()))
    return max(
        left, key=lambda name: _mean_length(tuple(chunk.cells[name][:_LOOKED_AT_ROWS].to_pylist()))
    )


def _target_column(source: TableSource, asked: str | None, text: str) -> str:
    """The column asked for, the only other one, or one of a usual name."""
    if asked is not None:
        return _known(source, asked)
    others = [name for name in source.names if name != text]
    if len(others) == 1:
        return others[0]
    usual = [name for name in others if name.lower() in _USUAL_TARGETS]
    if usual:
        return usual[0]
    raise DatasetError(
        f"Which column of '{source.path.name}' is to be predicted?",
        f"Columns: {', '.join(others) or 'none beside the texts'}.",
    )


def _known(source: TableSource, name: str) -> str:
    if name in source.names:
        return name
    nearest = difflib.get_close_matches(name, source.names, n=1, cutoff=0.6)
    guess = f"Did you mean '{nearest[0]}'? " if nearest else ""
    raise DatasetError(
        f"'{source.path.name}' has no column '{name}'.",
        f"{guess}Columns: {', '.join(source.names)}.",
    )


def _accessor(source: TableSource, kept: AnyArray) -> Callable[[str], AnyArray]:
    def column(name: str) -> AnyArray:
        name = _known(source, name)
        cells = [chunk.cells[name].to_pylist() for chunk in source.chunks()]
        return object_array(cell for chunk in cells for cell in chunk)[kept]

    return column


def _mean_length(cells: tuple[str, ...]) -> float:
    return sum(map(len, cells)) / max(1, len(cells))
