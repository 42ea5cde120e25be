"""Parses blocks of a delimited file quickly, where nothing in them could be read in two ways.

A block is plain if each line has as many cells as the header, quotes enclose whole cells, and none
of them holds a quote or a line break. Others are left to the strict reader, which is slower.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from engine.datasets.encodings import Encoding
from engine.datasets.tables.table_source import Cells, text_cells

BLOCK_BYTES = 8 << 20
_NEWLINE, _RETURN, _QUOTE = 10, 13, 34
Bytes = npt.NDArray[np.uint8]


def plain_lines(block: bytes, delimiter: str, n_columns: int) -> int:
    """How many lines a plain block has; 0 where it is not plain.

    Args:
        block: Whole lines, each with its line break.
        delimiter: Between the cells.
        n_columns: At least 2, so that a line without cells is none.
    """
    letters: Bytes = np.frombuffer(block, np.uint8)
    returns = np.flatnonzero(letters == _RETURN)
    if len(returns) and not np.all(letters[np.minimum(returns + 1, len(letters) - 1)] == _NEWLINE):
        return 0
    is_delimiter = letters == ord(delimiter)
    is_newline = letters == _NEWLINE
    quotes = np.flatnonzero(letters == _QUOTE)
    if len(quotes):
        if not _enclose(letters, quotes, ord(delimiter)):
            return 0
        is_inside = (np.cumsum(letters == _QUOTE, dtype=np.int32) & 1).astype(bool)
        if np.any(is_newline & is_inside):
            return 0
        is_delimiter &= ~is_inside
    ends = np.flatnonzero(is_newline)
    counts = np.diff(np.searchsorted(np.flatnonzero(is_delimiter), ends), prepend=0)
    return len(ends) if np.all(counts == n_columns - 1) else 0


def _enclose(letters: Bytes, quotes: npt.NDArray[np.int64], delimiter: int) -> bool:
    """Whether quotes open at the start of a cell and close at its end."""
    if len(quotes) % 2:
        return False
    opening, closing = quotes[::2], quotes[1::2]
    before = letters[np.maximum(opening - 1, 0)]
    after = letters[np.minimum(closing + 1, len(letters) - 1)]
    opens = (opening == 0) | (before == delimiter) | (before == _NEWLINE)
    closes = (after == delimiter) | (after == _NEWLINE) | (after == _RETURN)
    return bool(np.all(opens) and np.all(closes))


def parse_plain(
    block: bytes, delimiter: str, names: tuple[str, ...], encoding: Encoding
) -> dict[str, Cells]:
    """The cells of a plain block by column.

    Raises:
        UnicodeError: It is not of this encoding.
    """
    import pyarrow as pa
    from pyarrow import csv

    if encoding.name != "utf-8":
        block = block.decode(encoding.name, encoding.errors).encode()
    try:
        table: Any = csv.read_csv(
            pa.BufferReader(block),
            # One block, for a batch must not end within a line.
            csv.ReadOptions(column_names=list(names), block_size=len(block) + 1),
            csv.ParseOptions(delimiter=delimiter, newlines_in_values=False),
            csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                null_values=[],
                strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid as error:
        raise UnicodeError(str(error)) from None
    return {
        name: text_cells(pa.concat_arrays(table.column(index).chunks))
        for index, name in enumerate(names)
    }
