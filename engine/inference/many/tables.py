"""TableRows: rows of a table as a model takes them, in blocks, with all of their own columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from engine.datasets.base import AnyArray, IndexArray, Progress
from engine.datasets.language.text_columns import text_column_of
from engine.datasets.tables.table_inputs import FeatureReader, RowReader
from engine.datasets.tables.table_opening import open_source
from engine.datasets.tables.table_source import Chunk, TableSource, stored_parameters
from engine.datasets.unfamiliar import Unfamiliar
from engine.errors import DatasetError
from engine.inference.contract import Contract
from engine.inference.many.blocks import BLOCK_ROWS, Block, cut, joined, read_good
from engine.inference.unfamiliar import unfamiliar_values, watch_of
from engine.spec.signature import Kind


class TableRows:
    """A table of rows, of texts, or of observations.

    Args:
        path: The file.
        contract: Of the model.

    Raises:
        DatasetError: It cannot be opened, or most of what the model takes is missing.
    """

    has_truth = False
    noun = "row"

    def __init__(self, path: Path, contract: Contract) -> None:
        self._contract = contract
        self._watch = None
        self._rows: RowReader | None = None
        asked = contract.input_spec
        self._read: Callable[[Chunk], AnyArray]
        if contract.signature.kind is Kind.TEXT:
            self._source: TableSource = _text_table(path, contract)
            column = text_column_of(self._source, str(asked.reading.get("column", "text")))
            self._read = lambda chunk: _texts(chunk, column)
        elif "columns" in asked.reading:
            self._watch = watch_of(contract)
            self._rows = RowReader(path, asked, self._watch)
            self._source, self._read = self._rows.source, self._rows.read
        else:
            features = FeatureReader(open_source(path), contract.feature_names)
            self._source, self._read = features.source, features.read
        self.columns = self._source.names
        self._left_out: dict[str, None] = {}

    @property
    def left_out(self) -> tuple[str, ...]:
        """What is unfamiliar about its columns, as far as they were read."""
        return tuple(self._left_out)

    def blocks(self, progress: Progress) -> Iterator[Block]:
        """Yields all rows in order; see `ManyInputs.blocks`."""
        for chunk in self._chunks(progress):
            found = list(self._watch.found) if self._watch is not None else []
            if self._watch is not None:
                self._watch.found.clear()  # else they would be as many as there are rows
            for start in range(0, len(chunk), BLOCK_ROWS):
                end = min(start + BLOCK_ROWS, len(chunk))
                yield self._block(cut(chunk, start, end), found[start:end])

    def _chunks(self, progress: Progress) -> Iterator[Chunk]:
        n_rows, share = 0, (0, 0)

        def tell(_what: str, done: int, total: int) -> None:
            nonlocal share
            share = (done, total)
            progress("Predicting", done, total)

        chunks = self._rows.chunks(tell) if self._rows else self._source.chunks(tell)
        for chunk in chunks:
            n_rows += len(chunk)
            progress("Predicting", *(share if share[1] else (n_rows, 0)))
            yield chunk

    def _block(self, chunk: Chunk, strange: list[tuple[Unfamiliar, ...]]) -> Block:
        parts, good, problems = read_good(self._read, chunk)
        x = joined(parts, tuple(self._contract.preprocessing.inputs.raw_shape))
        numbers = unfamiliar_values(self._contract, x) if len(x) else []
        of_columns = strange[0] if strange else ()
        self._left_out |= dict.fromkeys(it.text for it in of_columns if it.value is None)
        unfamiliar = [
            # What is true of a column is not said of each row again.
            (*(it for it in (strange[row] if strange else ()) if it.value is not None), *more)
            for row, more in zip(good, numbers, strict=True)
        ]
        own = [chunk.cells[name].to_pylist() for name in self.columns]
        cells = list(zip(*own, strict=True))
        target = self._contract.target_name
        truths = chunk.cells[target].to_pylist() if target in self.columns else ()
        return Block(cells, x, _indices(good), unfamiliar, problems, truths)


def _indices(places: list[int]) -> IndexArray:
    return np.array(places, np.int64)


def _text_table(path: Path, contract: Contract) -> TableSource:
    return open_source(path, stored_parameters(contract.reading))


def _texts(chunk: Chunk, column: str) -> AnyArray:
    texts = chunk.cells[column].to_pylist()
    if not all(texts):
        raise DatasetError(f"Column '{column}' holds no text.", "Fill it in.")
    found = np.empty(len(texts), object)
    found[:] = texts
    return found
