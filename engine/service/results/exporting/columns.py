"""Tables that leave the program: as CSV that no spreadsheet takes for formulas, or as Parquet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Final

import numpy as np

from engine.datasets.base import AnyArray
from engine.files import atomic_file
from engine.inference.many.writing import safe_cell

SUFFIXES: Final = (".csv", ".parquet")

Columns = Mapping[str, AnyArray]
"""Columns of one length by name; texts are objects, where None stands for nothing."""


def write_columns(to: Path, blocks: Iterable[Columns]) -> int:
    """Writes blocks of a table, which all have the same columns, one after another.

    Args:
        to: The file; its suffix says which format.
        blocks: The first may be empty, but has its columns.

    Returns:
        How many rows there are.

    Raises:
        WorkspaceError: It cannot be written; then what was there stays.
        Cancelled: As `blocks` raises it; likewise.
    """
    write = _write_parquet if to.suffix.lower() == ".parquet" else _write_csv
    with atomic_file(to) as file:
        return write(file, blocks)


def whole(value: object) -> str:
    """Text that UTF-8 can hold: half of a pair, as names of files may have it, becomes a mark."""
    return str(value).encode("utf-8", "replace").decode("utf-8")


def _write_csv(file: IO[bytes], blocks: Iterable[Columns]) -> int:
    text = io.TextIOWrapper(file, "utf-8", newline="", write_through=True)
    writer = csv.writer(text, lineterminator="\n")
    n_rows = 0
    for number, block in enumerate(blocks):
        if not number:
            writer.writerow([safe_cell(whole(name)) for name in block])
        columns = [_cells(values) for values in block.values()]
        writer.writerows(zip(*columns, strict=True))
        n_rows += len(columns[0])
    text.flush()
    text.detach()
    return n_rows


def _cells(values: AnyArray) -> Sequence[str]:
    """A column as CSV: numbers with as many digits as they have, texts that are no formulas."""
    if values.dtype == object:
        return ["" if value is None else safe_cell(whole(value)) for value in values]
    if values.dtype == bool:
        return ["yes" if value else "no" for value in values]
    return [str(value) for value in values]  # of NumPy: the shortest that reads back the same


def _write_parquet(file: IO[bytes], blocks: Iterable[Columns]) -> int:
    import pyarrow as pa
    from pyarrow import parquet

    writer: Any = None
    n_rows = 0
    try:
        for block in blocks:
            arrays = {whole(name): _arrow(pa, values) for name, values in block.items()}
            table = pa.table(arrays)
            if writer is None:
                writer = parquet.ParquetWriter(file, table.schema)
            writer.write_table(table.cast(writer.schema))
            n_rows += table.num_rows
    finally:
        if writer is not None:
            writer.close()
    return n_rows


def _arrow(pa: Any, values: AnyArray) -> Any:
    if values.dtype == object:
        texts = [None if value is None else whole(value) for value in values]
        return pa.array(texts, pa.string())
    return pa.array(np.ascontiguousarray(values))
