"""Texts that need not fit in memory: one file of bytes, and where each text begins in it."""

from __future__ import annotations

import json
import mmap
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from engine.datasets.base import AnyArray, IndexArray, Progress, Rows
from engine.datasets.packed_cache import is_packed, packed_place, packing_folder
from engine.datasets.packing import FileRows, read_ahead
from engine.files.bounded import read_object

TEXT_MEMORY_LIMIT = 16 << 20
"""Texts of up to this many bytes stay in memory; Python's strings take several times as much."""

_RELEASE_AFTER = 64 << 20
_BYTES, _STARTS, _NUMBERS, _INDEX = "texts.bin", "starts.bin", "numbers.bin", "index.json"


class PackedTexts:
    """Texts in a file, (n_texts,) of str, gathered by index.

    Args:
        folder: Where `pack_texts` wrote them.
    """

    dtype: np.dtype[Any] = np.dtype(object)

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._starts = np.fromfile(folder / _STARTS, np.int64)
        self._read = 0
        with (folder / _BYTES).open("rb") as file:
            # An empty file cannot be mapped.
            is_empty = os.fstat(file.fileno()).st_size == 0
            self._bytes: mmap.mmap | bytes = (
                b"" if is_empty else mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            )

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self),)

    def __len__(self) -> int:
        return len(self._starts) - 1

    def __getitem__(self, indices: Any) -> AnyArray:
        chosen = np.atleast_1d(np.arange(len(self))[indices])
        texts = np.empty(len(chosen), object)
        for place, (start, stop) in enumerate(
            zip(self._starts[chosen].tolist(), self._starts[chosen + 1].tolist(), strict=True)
        ):
            texts[place] = str(self._bytes[start:stop], "utf-8", "surrogatepass")
            self._read += 4096 + stop - start
        if self._read > _RELEASE_AFTER:
            self._release()
        return texts

    def _release(self) -> None:
        """Gives pages that were read back to the system, so that they do not count as memory."""
        self._read = 0
        if isinstance(self._bytes, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
            self._bytes.madvise(mmap.MADV_DONTNEED)


def pack_texts(
    key: str,
    n_bytes: int,
    write: Callable[[Callable[[str, int], None]], dict[str, Any]],
) -> tuple[PackedTexts, AnyArray, dict[str, Any]]:
    """Packs texts into the cache on disk, unless they are there.

    Args:
        key: A name that changes when the texts do.
        n_bytes: About how much will be written.
        write: Writes all texts by calling what it is given with each text and a number that is
            kept beside it; returns what else shall be kept, as JSON values.

    Returns:
        The texts, their numbers, (n_texts,) int64, and what else was kept.

    Raises:
        DatasetError: The disk has no room.
    """
    folder = packed_place(f"texts-{key}")
    if not is_packed(folder):
        with packing_folder(folder, n_bytes) as aside:
            _write_folder(aside, write)
    index = read_object(folder / _INDEX)
    return PackedTexts(folder), np.fromfile(folder / _NUMBERS, np.int64), index


def _write_folder(
    aside: Path, write: Callable[[Callable[[str, int], None]], dict[str, Any]]
) -> None:
    position = 0
    with (
        (aside / _BYTES).open("wb") as texts,
        (aside / _STARTS).open("wb") as starts,
        (aside / _NUMBERS).open("wb") as numbers,
    ):
        starts.write(position.to_bytes(8, "little"))

        def keep(text: str, number: int) -> None:
            nonlocal position
            data = text.encode("utf-8", "surrogatepass")
            position += len(data)
            texts.write(data)
            starts.write(position.to_bytes(8, "little"))
            numbers.write(number.to_bytes(8, "little"))

        index = write(keep)
    (aside / _INDEX).write_text(json.dumps(index), "utf-8")


class TextRows(FileRows):
    """One text per file, read when asked. Rows are arrays of no axes that hold a str.

    Args:
        paths: The files.
        read: Returns the text of a file.
        n_bytes: Size of all files together.
        settings: Everything besides the file that decides what `read` returns.
    """

    def __init__(
        self, paths: list[Path], read: Callable[[Path], str], n_bytes: int, settings: str
    ) -> None:
        super().__init__(paths, lambda path: _row(read(path)), (), object, f"text {settings}")
        self.n_bytes = n_bytes

    def __getitem__(self, indices: Any) -> AnyArray:
        chosen = np.atleast_1d(np.arange(len(self))[indices])
        return object_array(self.read(self.paths[index]).item() for index in chosen)

    def pack(self, progress: Progress) -> tuple[Rows, IndexArray, list[tuple[int, str]]]:
        skipped: list[tuple[int, str]] = []

        def write(keep: Callable[[str, int], None]) -> dict[str, Any]:
            for index, row in read_ahead(self):
                if isinstance(row, str):
                    skipped.append((index, row))
                else:
                    keep(row.item(), index)
                if index % 64 == 0:
                    progress("Reading files", index, len(self))
            return {"skipped": skipped}

        if self.n_bytes <= TEXT_MEMORY_LIMIT:
            held: dict[int, str] = {}
            write(lambda text, index: held.__setitem__(index, text))
            return object_array(held.values()), np.array(list(held), np.int64), skipped
        packed, numbers, index = pack_texts(self.key, self.n_bytes, write)
        return packed, numbers, [(int(place), str(reason)) for place, reason in index["skipped"]]


def _row(text: str) -> AnyArray:
    row = np.empty((), object)
    row[()] = text
    return row


def object_array(texts: Iterable[str]) -> AnyArray:
    """Returns texts as an array of str, (n,)."""
    listed = list(texts)
    found = np.empty(len(listed), object)
    found[:] = listed
    return found
