"""What data consists of: its files and, of tables, the content of each column.

Whoever reads data notes here what it reads; whoever wants to know listens. So nothing is listed or
parsed a second time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

Columns = Mapping[str, str]
"""A digest by the name of each column."""


@dataclass
class Content:
    """What was read.

    Attributes:
        files: Every file of the data, in the order of reading.
        tables: Those of them that are tables, with the parameters they are read with.
        columns: Digests of their columns, where reading the data has made them.
    """

    files: dict[Path, None] = field(default_factory=dict)
    tables: dict[Path, Any] = field(default_factory=dict)
    columns: dict[Path, Columns] = field(default_factory=dict)


_noted: ContextVar[Content | None] = ContextVar("content", default=None)


@contextmanager
def noting_content() -> Iterator[Content]:
    """Gathers all that is read of data inside the block."""
    content = Content()
    token = _noted.set(content)
    try:
        yield content
    finally:
        _noted.reset(token)


def note_files(paths: Iterable[Path]) -> None:
    """Says that data consists of these files, too."""
    content = _noted.get()
    if content is not None:
        content.files.update(dict.fromkeys(paths))


def note_table(path: Path, parameters: Any) -> None:
    """Says that data consists of a table, too, which is read with these parameters."""
    content = _noted.get()
    if content is not None:
        content.files[path] = None
        content.tables[path] = parameters


def note_columns(path: Path, columns: Columns) -> None:
    """Says what is in the columns of a table."""
    content = _noted.get()
    if content is not None:
        content.columns[path] = dict(columns)


class ColumnDigests:
    """Digests of a table's columns, made while it is read; however it is cut into pieces."""

    def __init__(self) -> None:
        self._texts: dict[str, Any] = {}
        self._lengths: dict[str, Any] = {}

    def add(self, cells: Mapping[str, Any]) -> None:
        """Adds rows.

        Args:
            cells: Arrow arrays of text by column, each (rows,).
        """
        import pyarrow as pa
        import pyarrow.compute as pc

        new = partial(hashlib.blake2b, digest_size=16)
        for name, column in cells.items():
            texts = self._texts.setdefault(name, new())
            lengths = self._lengths.setdefault(name, new())
            whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
            if not pa.types.is_string(whole.type):
                whole = pc.cast(whole, pa.string())
            if not len(whole):
                continue
            sizes = pc.fill_null(pc.binary_length(whole), -1)  # a gap is no empty text
            lengths.update(sizes.to_numpy(zero_copy_only=False).astype("<i4").data)
            _, offsets, data = whole.buffers()
            if data is not None:
                places = memoryview(offsets).cast("i")
                start, stop = places[whole.offset], places[whole.offset + len(whole)]
                texts.update(memoryview(data)[start:stop])

    def digests(self) -> dict[str, str]:
        """Returns what came of each column."""
        return {
            name: texts.hexdigest() + self._lengths[name].hexdigest()
            for name, texts in self._texts.items()
        }
