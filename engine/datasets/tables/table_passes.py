"""The two passes over a table: the first understands its columns, the second makes numbers of them.

A small table is held in memory between the two. A large one is read in chunks both times, and its
numbers go to a cache on disk, so that memory stays flat; what was learnt is kept there as well.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.datasets.base import Progress, Rows
from engine.datasets.content import ColumnDigests, note_columns
from engine.datasets.packed_cache import is_packed, packed_place, packing_folder
from engine.datasets.packing import DiskRows
from engine.datasets.tables.column_studies import study_columns
from engine.datasets.tables.column_study import ColumnStudy
from engine.datasets.tables.delimited import opening
from engine.datasets.tables.table_rows import CellReader, number_style, read_weights, row_marks
from engine.datasets.tables.table_source import (
    BoolArray,
    Chunk,
    FloatArray,
    IndexArray,
    SourceReport,
    TableParameters,
    TableSource,
)
from engine.datasets.tables.written_numbers import NumberStyle, Sign
from engine.events.findings import DataFinding
from engine.files.bounded import read_object
from engine.files.bounded_arrays import read_arrays

LARGE_BYTES = 32 << 20
"""Tables of more bytes are never held in memory."""
NAMED_ROWS = 100_000
"""In tables of more rows, lines are not remembered."""
_VERSION = 5
_MAX_BYTES = 1 << 36
_STUDY, _ROWS, _ARRAYS = "study.json", "rows.bin", "arrays.npz"


@dataclass(frozen=True)
class StudiedTable:
    """A table whose columns were looked at.

    Attributes:
        source: The file.
        parameters: How it is read.
        studies: By column name.
        report: What reading it brought to light.
        n_rows: Its rows.
        held: All chunks, where they are few; else None.
        excluded: Lines that are passed over.
    """

    source: TableSource
    parameters: TableParameters
    studies: dict[str, ColumnStudy]
    report: SourceReport
    n_rows: int
    held: tuple[Chunk, ...] | None
    excluded: frozenset[int] = frozenset()

    def chunks(self, progress: Progress) -> Iterable[Chunk]:
        """All chunks in order, from memory or from the file."""
        if self.held is not None:
            return self.held
        return _included(self.source.chunks(progress), self.excluded)

    def style(self, name: str) -> NumberStyle:
        """How the numbers of a column are written."""
        return self.studies[name].style

    @property
    def file_style(self) -> NumberStyle:
        """How numbers are written in the file, as far as that was said."""
        return number_style(self.source, self.parameters)


def _included(chunks: Iterable[Chunk], excluded: frozenset[int]) -> Iterator[Chunk]:
    """Chunks without the rows that start in these lines."""
    import pyarrow as pa

    for chunk in chunks:
        kept = ~np.isin(chunk.lines, list(excluded)) if excluded else None
        if kept is None or kept.all():
            yield chunk
            continue
        mask = pa.array(kept)
        cells = {name: column.filter(mask) for name, column in chunk.cells.items()}
        yield Chunk(cells, chunk.lines[kept])


def study_table(
    source: TableSource,
    parameters: TableParameters,
    asked: Mapping[str, Sign],
    excluded: frozenset[int],
    progress: Progress,
) -> StudiedTable:
    """Looks at all columns.

    Args:
        source: The file.
        parameters: How it is read.
        asked: The decimal signs that someone said, by column.
        excluded: Lines whose rows are passed over.
        progress: Told how far it is.

    Raises:
        DatasetError: The file cannot be read to its end.
        Cancelled: Someone asked to stop.
    """
    if source.n_bytes <= LARGE_BYTES:
        held = tuple(_included(source.chunks(progress), excluded))
        studies = study_columns(source, parameters, asked, lambda: held)
        n_rows = sum(map(len, held))
        return StudiedTable(source, parameters, studies, source.report(), n_rows, held, excluded)
    settings = [parameters.model_dump(), dict(asked), sorted(excluded)]
    folder = packed_place(_key(source.path, settings, "study"))
    if not is_packed(folder):
        digests = ColumnDigests()
        chunks = _read_anew(source, excluded, progress, digests)
        studies = study_columns(source, parameters, asked, chunks)
        made: dict[str, Any] = {
            "studies": [study.to_dict() for study in studies.values()],
            "report": _report_values(source.report()),
            "digests": digests.digests(),
        }
        with packing_folder(folder, 1 << 24) as aside:
            (aside / _STUDY).write_text(json.dumps(made), "utf-8")
    values = read_object(folder / _STUDY, _MAX_BYTES)
    found = [ColumnStudy.from_dict(item) for item in values["studies"]]
    studies = {study.name: study for study in found}
    report, n_rows = _report(values["report"]), found[0].n_rows
    note_columns(source.path, values["digests"])
    return StudiedTable(source, parameters, studies, report, n_rows, None, excluded)


def _read_anew(
    source: TableSource, excluded: frozenset[int], progress: Progress, digests: ColumnDigests
) -> Callable[[], Iterator[Chunk]]:
    """Gives all rows, each time it is called; the first time, digests are made of them."""
    is_first = True

    def read() -> Iterator[Chunk]:
        nonlocal is_first
        adds, is_first = is_first, False
        for chunk in _included(source.chunks(progress), excluded):
            if adds:
                digests.add(chunk.cells)
            yield chunk

    return read


def _report_values(report: SourceReport) -> dict[str, Any]:
    return {
        "facts": report.facts,
        "findings": [
            {
                "trouble": item.trouble.value,
                "subject": item.subject,
                "text": item.text,
                "names": item.names,
                "count": item.count,
                "remedies": [[remedy.label, remedy.changes] for remedy in item.remedies],
            }
            for item in report.findings
        ],
    }


def _report(values: dict[str, Any]) -> SourceReport:
    from engine.events.findings import Remedy, Trouble

    findings = [
        DataFinding(
            Trouble(item["trouble"]),
            item["subject"],
            item["text"],
            tuple(item["names"]),
            item["count"],
            tuple(Remedy(label, changes) for label, changes in item["remedies"]),
        )
        for item in values["findings"]
    ]
    return SourceReport(findings, [(label, value) for label, value in values["facts"]])


# ---- the second pass


@dataclass(frozen=True)
class Wanted:
    """What the second pass makes.

    Attributes:
        features: One per column of x, as `ColumnPlan.features` returns them.
        target: Likewise; its categories are the classes.
        weights: Name of the column of weights; empty: none.
        complete: Columns without whose values a row is left out.
        needs_target: Rows without a target are left out.
        drop_duplicates: Rows that equal an earlier one are left out.
    """

    features: tuple[dict[str, Any], ...]
    target: dict[str, Any]
    weights: str = ""
    complete: tuple[str, ...] = ()
    drop_duplicates: bool = False
    needs_target: bool = True


@dataclass(frozen=True)
class EncodedTable:
    """A table as numbers.

    Attributes:
        x: (rows kept, columns of x), NaN in gaps.
        y: The target, (rows kept,): numbers, or indices of classes.
        weights: (rows kept,), or None.
        kept: Which rows of the file are kept, (rows,).
        lines: Where the kept rows start, (rows kept,); empty where they are too many.
        copies: Among the kept rows, places of those that equal an earlier one.
        dropped: How many rows are left out, by reason.
    """

    x: Rows
    y: FloatArray
    weights: npt.NDArray[np.float32] | None
    kept: BoolArray
    lines: IndexArray
    copies: IndexArray
    dropped: dict[str, int]


def encode_table(table: StudiedTable, wanted: Wanted, progress: Progress) -> EncodedTable:
    """Makes numbers of all rows.

    Raises:
        DatasetError: A cell does not fit its column.
        Cancelled: Someone asked to stop.
    """
    encoder = _Encoder(table, wanted)
    if table.held is not None:
        parts: list[FloatArray] = []
        encoder.run(progress, parts.append)
        return encoder.result(np.concatenate(parts))
    settings = [
        table.parameters.model_dump(),
        wanted.features,
        wanted.target,
        wanted.weights,
        wanted.complete,
        sorted(table.excluded),
        wanted.drop_duplicates,
        wanted.needs_target,
    ]
    folder = packed_place(_key(table.source.path, settings, "rows"))
    if not is_packed(folder):
        n_bytes = table.n_rows * (len(wanted.features) + 3) * 8
        with packing_folder(folder, n_bytes) as aside, (aside / _ROWS).open("wb") as file:
            encoder.run(progress, lambda rows: _write(file, rows))
            encoder.save(aside / _ARRAYS)
    return encoder.load(folder)


def _write(file: Any, rows: FloatArray) -> None:
    file.write(np.ascontiguousarray(rows).data)


class _Encoder:
    """Runs the second pass and holds all that is small."""

    def __init__(self, table: StudiedTable, wanted: Wanted) -> None:
        self._table = table
        self._wanted = wanted
        style, word = table.file_style, table.source.line_word
        # What does not fit was counted by the first pass, and is told.
        tolerant = {
            feature["column"]
            for feature in (*wanted.features, wanted.target)
            if feature["type"] != "date" or table.studies[feature["column"]].date_forms
        }
        self._x = CellReader(wanted.features, style, word, tolerant)
        self._y = CellReader([wanted.target], style, word, tolerant)
        self._n_features = len(wanted.features)
        self._arrays: dict[str, list[Any]] = {
            key: [] for key in ("y", "weights", "kept", "lines", "marks")
        }
        self._dropped = {"target": 0, "gaps": 0, "duplicates": 0}
        self._seen: set[int] = set()

    def run(self, progress: Progress, keep: Callable[[FloatArray], Any]) -> None:
        """Reads all chunks; `keep` is given the rows of x that are kept, in order."""
        wanted, arrays = self._wanted, self._arrays
        is_short = self._table.n_rows <= NAMED_ROWS
        for chunk in self._table.chunks(progress):
            x, y = self._x.read(chunk), self._y.read(chunk)[:, 0]
            kept = self._kept(chunk, x, y)
            marks = row_marks(x, y)
            if wanted.drop_duplicates:
                kept &= self._first(marks, kept)
            if wanted.weights:
                arrays["weights"].append(self._weights(chunk, kept))
            arrays["y"].append(y[kept])
            arrays["kept"].append(kept)
            arrays["marks"].append(marks[kept])
            arrays["lines"].append(chunk.lines[kept] if is_short else chunk.lines[:0])
            keep(x[kept])

    def _kept(self, chunk: Chunk, x: FloatArray, y: FloatArray) -> BoolArray:
        kept = np.ones(len(chunk), bool)
        no_target = kept & np.isnan(y) & self._wanted.needs_target
        self._dropped["target"] += int(np.count_nonzero(no_target))
        kept &= ~no_target
        for index, feature in enumerate(self._wanted.features):
            if feature["column"] in self._wanted.complete:
                gaps = kept & np.isnan(x[:, index])
                self._dropped["gaps"] += int(np.count_nonzero(gaps))
                kept &= ~gaps
        return kept

    def _first(self, marks: npt.NDArray[np.uint64], kept: BoolArray) -> BoolArray:
        """Which kept rows have no equal before them."""
        first = kept.copy()
        for row in np.flatnonzero(kept).tolist():
            mark = int(marks[row])
            if mark in self._seen:
                first[row] = False
                self._dropped["duplicates"] += 1
            self._seen.add(mark)
        return first

    def _weights(self, chunk: Chunk, kept: BoolArray) -> npt.NDArray[np.float32]:
        import pyarrow as pa

        name, table = self._wanted.weights, self._table
        cells, lines = chunk.cells[name].filter(pa.array(kept)), chunk.lines[kept]
        return read_weights(name, cells, lines, table.style(name), table.source.line_word)

    def _joined(self) -> dict[str, Any]:
        arrays = {key: np.concatenate(parts) for key, parts in self._arrays.items() if parts}
        _, first = np.unique(arrays.pop("marks"), return_index=True)
        is_copy = np.ones(len(arrays["y"]), bool)
        is_copy[first] = False
        arrays["copies"] = np.flatnonzero(is_copy)
        arrays["dropped"] = np.array(list(self._dropped.values()))
        return arrays

    def result(self, x: FloatArray) -> EncodedTable:
        """All that was read, with x in memory."""
        return self._encoded(x, self._joined())

    def save(self, path: Path) -> None:
        """Writes all that is small."""
        np.savez(path, **self._joined())

    def load(self, folder: Path) -> EncodedTable:
        """Reads what was written before."""
        arrays = read_arrays(folder / _ARRAYS, _MAX_BYTES)
        shape = (len(arrays["y"]), self._n_features)
        x: Rows = np.zeros(shape)
        if shape[0]:
            x = DiskRows(folder / _ROWS, shape, np.float64)
        return self._encoded(x, arrays)

    def _encoded(self, x: Rows, arrays: dict[str, Any]) -> EncodedTable:
        dropped = dict(zip(self._dropped, arrays["dropped"].tolist(), strict=True))
        return EncodedTable(
            x,
            arrays["y"],
            arrays.get("weights"),
            arrays["kept"],
            arrays["lines"],
            arrays["copies"],
            dropped,
        )


def _key(path: Path, settings: Any, what: str) -> str:
    """Changes when the file or what is made of it does."""
    with opening(path):
        state = path.stat()
    text = json.dumps([_VERSION, what, str(path), state.st_size, state.st_mtime_ns, settings])
    return hashlib.sha256(text.encode()).hexdigest()[:32]
