"""Rows that need not fit in memory: read from files when asked, or packed into one file on disk.

Packing decodes every file once. Small results stay in memory; large ones go to a cache on disk,
from which batches are gathered by index, so that memory stays flat however much data there is and
the order of examples is free, as with an array.
"""

from __future__ import annotations

import hashlib
import json
import mmap
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.datasets.base import AnyArray, Examples, IndexArray, Progress, Rows, silent
from engine.datasets.findings import unreadable
from engine.datasets.packed_cache import is_packed, packed_place, packing_folder
from engine.errors import DatasetError, DescentError
from engine.files.bounded import read_object
from engine.spec.signature import Kind

MEMORY_LIMIT = 64 << 20
"""Packed rows up to this many bytes stay in memory."""
_RELEASE_AFTER = 128 << 20
# For each row asked for, the system maps what lies around it in memory as well (Linux:
# fault_around_bytes), and counts it as this process's.
_REACH = 64 << 10
# So much of files is opened to see if they can be read, before anyone trains: some seconds.
_OPENED_FILES = 5_000
_OPENED_BYTES = {
    Kind.IMAGE: 128 << 20,
    Kind.AUDIO: 128 << 20,
    Kind.VIDEO: 32 << 20,
}
_ROWS, _INDEX = "rows.bin", "index.json"
_MAX_INDEX = 1 << 30
_READERS = min(8, 1 + (os.cpu_count() or 1))
_BUNDLE_BYTES = 1 << 18


class DiskRows:
    """Rows in a file, (n_samples, *shape), gathered by index.

    Pages that were read are given back to the system now and then, so that they do not count as
    memory of this process.

    Args:
        path: A file that holds the rows' bytes, one after another.
        shape: (n_samples, *shape of one).
        dtype: Type of one number.
        offset: Where in the file they begin, in bytes.
    """

    def __init__(
        self, path: Path, shape: tuple[int, ...], dtype: npt.DTypeLike, offset: int = 0
    ) -> None:
        self.path = path
        self._rows = np.memmap(path, dtype=dtype, mode="r", offset=offset, shape=shape)
        self._read = 0

    @property
    def shape(self) -> tuple[int, ...]:
        shape: tuple[int, ...] = self._rows.shape
        return shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self._rows.dtype

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, indices: Any) -> AnyArray:
        if not (isinstance(indices, np.ndarray) and indices.ndim == 1):
            found = np.array(self._rows[indices])
            self._count(found.nbytes)
            return found
        places = np.flatnonzero(indices) if indices.dtype == bool else indices
        found = np.empty((len(places), *self.shape[1:]), self.dtype)
        reach = max(self._row_bytes, _REACH)
        for start in range(0, len(places), step := max(1, _RELEASE_AFTER // reach)):
            found[start : start + step] = self._rows[places[start : start + step]]
            self._count(min(step, len(places) - start) * reach)
        return found

    def _count(self, n_bytes: int) -> None:
        self._read += n_bytes
        if self._read >= _RELEASE_AFTER:
            self._release()

    @property
    def _row_bytes(self) -> int:
        return self._rows.itemsize * int(np.prod(self._rows.shape[1:], dtype=np.int64))

    def _release(self) -> None:
        self._read = 0
        mapped: Any = self._rows._mmap  # type: ignore[attr-defined]
        if hasattr(mmap, "MADV_DONTNEED"):  # Windows takes pages back by itself
            mapped.madvise(mmap.MADV_DONTNEED)


class ChosenRows:
    """Some rows of others, in memory or not.

    Args:
        rows: All.
        places: Indices of those that are chosen, (n_chosen,).
    """

    def __init__(self, rows: Rows, places: IndexArray) -> None:
        self._rows, self._places = rows, places

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self._places), *self._rows.shape[1:])

    @property
    def dtype(self) -> np.dtype[Any]:
        return self._rows.dtype

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, indices: Any) -> AnyArray:
        return self._rows[self._places[indices]]


class FileRows:
    """One row per file, read when asked.

    Args:
        paths: The files.
        read: Returns the row of a file; raises DescentError or OSError where it cannot.
        shape: Shape of one row.
        dtype: Type of one number.
        settings: Everything besides the file that decides what `read` returns.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        read: Callable[[Path], AnyArray],
        shape: tuple[int, ...],
        dtype: npt.DTypeLike,
        settings: str,
    ) -> None:
        self.paths = paths
        self.read = read
        self.settings = settings
        self._shape = shape
        self._dtype = np.dtype(dtype)

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self.paths), *self._shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        return self._dtype

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, indices: Any) -> AnyArray:
        chosen = np.atleast_1d(np.arange(len(self))[indices])
        rows = np.empty((len(chosen), *self._shape), self._dtype)
        for place, index in enumerate(chosen):
            rows[place] = self.read(self.paths[index])
        return rows

    @property
    def file_bytes(self) -> int:
        """How large the files are together."""
        total = 0
        for path in self.paths:
            with suppress(OSError):
                total += path.stat().st_size
        return total

    def chosen(self, places: IndexArray) -> FileRows:
        """The rows at these places, (n_chosen,)."""
        paths = [self.paths[place] for place in places]
        return FileRows(paths, self.read, self._shape, self._dtype, self.settings)

    def try_read(self, index: int) -> AnyArray | str:
        """Returns a row, or the reason why there is none."""
        try:
            return self.read(self.paths[index])
        except DescentError as error:
            return error.message
        except OSError as error:
            return (error.strerror or str(error)).lower()
        except Exception as error:  # a decoder's own; a damaged file must not end anything
            return f"{type(error).__name__}: {error}"

    def pack(self, progress: Progress) -> tuple[Rows, IndexArray, list[tuple[int, str]]]:
        """Reads all files, into memory or onto disk.

        Returns:
            The rows, the indices of their files, and the indices of those skipped with reasons.
        """
        n_bytes = int(np.prod(self.shape, dtype=np.int64)) * self.dtype.itemsize
        if n_bytes > MEMORY_LIMIT:
            return _on_disk(self, n_bytes, progress)
        held = np.empty(self.shape, self.dtype)
        kept, skipped = _decode(self, progress, lambda place, row: held.__setitem__(place, row))
        return held[: len(kept)], kept, skipped

    @property
    def key(self) -> str:
        """Changes when a file or the settings do."""
        digest = hashlib.sha256(f"{self._shape} {self._dtype} {self.settings}".encode())
        for path in self.paths:
            with suppress(OSError):
                state = path.stat()
                digest.update(f"{path}\0{state.st_size}\0{state.st_mtime_ns}\n".encode())
        return digest.hexdigest()[:32]


def readable(examples: Examples, progress: Progress = silent) -> Examples:
    """Opens every file of examples that are read from files, and leaves out what cannot be read.

    So that a first look counts what a training will count. Where they are too many, they are
    returned as they are.

    Raises:
        DatasetError: None can be read.
        Cancelled: Someone asked to stop.
    """
    rows = examples.x
    limit = _OPENED_BYTES.get(examples.kind, 0)
    if not isinstance(rows, FileRows) or len(rows) > _OPENED_FILES or rows.file_bytes > limit:
        return examples
    kept, skipped = _decode(rows, progress, lambda place, row: None)
    if not skipped:
        return examples
    return _without(examples, rows, rows.chosen(kept), kept, skipped)


def packed(examples: Examples, progress: Progress = silent) -> Examples:
    """Reads every file of examples that are read from files; others are returned as they are.

    Files that cannot be read are skipped, and named with their reason in the findings.

    Raises:
        DatasetError: None can be read, or the disk has no room.
        Cancelled: Someone asked to stop.
    """
    rows = examples.x
    if not isinstance(rows, FileRows):
        return examples
    x, kept, skipped = rows.pack(progress)
    return _without(examples, rows, x, kept, skipped)


def _without(
    examples: Examples,
    rows: FileRows,
    x: Rows,
    kept: IndexArray,
    skipped: list[tuple[int, str]],
) -> Examples:
    """Examples with these rows, those that were kept; the others are named.

    Raises:
        DatasetError: None was kept.
    """
    if not len(kept):
        raise DatasetError(
            f"None of the {len(rows):,} files can be read. The first: "
            f"'{rows.paths[0].name}': {skipped[0][1].rstrip('.')}.",
            "Choose other files.",
        )
    named = [(examples.name_of(index), reason) for index, reason in skipped]
    findings = (*examples.findings, *unreadable(named, len(rows)))
    return replace(examples, x=x, findings=findings, **examples.rest_of(kept))


def _decode(
    rows: FileRows, progress: Progress, keep: Callable[[int, AnyArray], None]
) -> tuple[IndexArray, list[tuple[int, str]]]:
    """Reads all files in order, some at a time; indices of those kept, and of those skipped."""
    kept: list[int] = []
    skipped: list[tuple[int, str]] = []
    for index, row in read_ahead(rows):
        if isinstance(row, str):
            skipped.append((index, row))
        else:
            keep(len(kept), row)
            kept.append(index)
        if index % 64 == 0:
            progress("Reading files", index, len(rows))
    return np.array(kept, np.int64), skipped


def read_ahead(rows: FileRows) -> Iterator[tuple[int, AnyArray | str]]:
    """Yields each file's index with its row, or the reason why there is none, in order."""
    # Small rows go to a reader in bundles, which costs less than the way there for each.
    row_bytes = rows.dtype.itemsize * int(np.prod(rows.shape[1:], dtype=np.int64))
    n_bundle = max(1, min(32, _BUNDLE_BYTES // max(1, row_bytes)))

    def read(start: int) -> list[AnyArray | str]:
        return [rows.try_read(place) for place in range(start, min(start + n_bundle, len(rows)))]

    waiting: deque[Future[list[AnyArray | str]]] = deque()
    with ThreadPoolExecutor(_READERS, "reader") as pool:
        try:
            starts = iter(range(0, len(rows), n_bundle))
            waiting.extend(pool.submit(read, start) for start in islice(starts, 3 * _READERS))
            done = 0
            while waiting:
                found = waiting.popleft().result()
                waiting.extend(pool.submit(read, start) for start in islice(starts, 1))
                yield from enumerate(found, done)
                done += len(found)
        finally:
            for future in waiting:
                future.cancel()


def _on_disk(
    rows: FileRows, n_bytes: int, progress: Progress
) -> tuple[Rows, IndexArray, list[tuple[int, str]]]:
    folder = packed_place(rows.key)
    if not is_packed(folder):
        with packing_folder(folder, n_bytes) as aside, (aside / _ROWS).open("wb") as file:
            kept, skipped = _decode(rows, progress, lambda _, row: _write(file, row))
            index = {"kept": kept.tolist(), "skipped": skipped}
            (aside / _INDEX).write_text(json.dumps(index), "utf-8")
    index = read_object(folder / _INDEX, _MAX_INDEX)
    kept = np.array(index["kept"], np.int64)
    skipped = [(int(number), str(reason)) for number, reason in index["skipped"]]
    if not len(kept):
        return np.empty((0, *rows.shape[1:]), rows.dtype), kept, skipped  # no file to be mapped
    return DiskRows(folder / _ROWS, (len(kept), *rows.shape[1:]), rows.dtype), kept, skipped


def stored_rows(
    key: str,
    shape: tuple[int, ...],
    dtype: npt.DTypeLike,
    blocks: Callable[[], Iterator[bytes | memoryview]],
) -> DiskRows:
    """Rows that are unpacked onto disk once, and found there again.

    Args:
        key: Changes when the rows do.
        shape: (n_samples, *shape of one).
        dtype: Type of one number.
        blocks: Yields their bytes in order.

    Raises:
        DatasetError: The disk has no room.
    """
    folder = packed_place(key)
    if not is_packed(folder):
        n_bytes = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
        with packing_folder(folder, n_bytes) as aside, (aside / _ROWS).open("wb") as file:
            for block in blocks():
                file.write(block)
    return DiskRows(folder / _ROWS, shape, dtype)


def _write(file: Any, row: AnyArray) -> None:
    file.write(np.ascontiguousarray(row).data)
