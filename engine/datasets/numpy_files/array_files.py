"""Arrays in files: NumPy's .npy and .npz, and IDX. Headers first, compared with the file's size.

Objects are never unpickled. Large arrays stay on disk; compressed ones are unpacked there.
"""

from __future__ import annotations

import gzip
import hashlib
import re
import struct
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

import numpy as np

from engine.datasets import packing
from engine.datasets.base import AnyArray, Progress, Rows, silent
from engine.datasets.content import note_files
from engine.datasets.packing import DiskRows, stored_rows
from engine.errors import DatasetError, DescentError
from engine.files.bounded import MAX_RATIO, check_plain, open_archive, reason_of
from engine.files.bounded_arrays import MAX_AXES, array_bytes, array_header

IDX_NAME = re.compile(r".*idx\d[-_.](ubyte|byte|short|int|float|double)(\.gz)?", re.IGNORECASE)
# http://yann.lecun.com/exdb/mnist, "The IDX file format": big endian throughout.
_IDX_TYPES = {8: "u1", 9: "i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
_BLOCK_BYTES = 1 << 22
_MAX_UNPACKED = 1 << 46
"""What arrays have is compared one by one; archives of more bytes than this are none."""
_MAX_FORTRAN_BYTES = 1 << 30


@dataclass(frozen=True)
class ArrayFile:
    """An array in a file, of which the header was read and fits the file's size.

    Attributes:
        path: The file.
        name: What it is called: the file's name, or that inside an archive.
        shape, dtype: As the header says.
        offset: Where its bytes begin; None where the file is compressed.
        unpack: Opens the array's bytes as a stream.
        is_fortran: Columns lie together, not rows.
    """

    path: Path
    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    offset: int | None
    unpack: Callable[[], IO[bytes]]
    is_fortran: bool = False

    @property
    def n_bytes(self) -> int:
        return array_bytes(self.shape, self.dtype)

    @property
    def text(self) -> str:
        """Shape and type for people, such as ``60,000×28×28 uint8``."""
        return f"{'×'.join(f'{side:,}' for side in self.shape) or 'one'} {self.dtype}"

    def rows(self, progress: Progress = silent) -> Rows:
        """Returns its rows: in memory where they are few, else on disk.

        Raises:
            DatasetError: It holds objects, its bytes are damaged, or the disk has no room.
            Cancelled: Someone asked to stop.
        """
        self.refuse_objects()
        if self.is_fortran and len(self.shape) > 1:
            return self._turned(progress)
        if self.n_bytes <= packing.MEMORY_LIMIT:
            return self._read(progress).reshape(self.shape)
        if self.offset is not None:
            return DiskRows(self.path, self.shape, self.dtype, self.offset)
        state = self.path.stat()
        key = f"{self.path}\0{self.name}\0{state.st_size}\0{state.st_mtime_ns}"
        return stored_rows(
            hashlib.sha256(key.encode()).hexdigest()[:32],
            self.shape,
            self.dtype,
            lambda: self._blocks(progress),
        )

    def refuse_objects(self) -> None:
        """Raises a DatasetError where opening the array could run a program."""
        if self.dtype.hasobject:
            raise DatasetError(
                f"'{self.name}' holds Python objects, which are not opened: they could run "
                "programs.",
                "Save numbers or text of one type, in one rectangular array.",
            )

    def _turned(self, progress: Progress) -> AnyArray:
        if self.n_bytes > _MAX_FORTRAN_BYTES:
            raise DatasetError(
                f"'{self.name}' is saved column by column, and too large to be turned.",
                "Save it with numpy.save(path, numpy.ascontiguousarray(x)).",
            )
        flat = self._read(progress)
        return np.ascontiguousarray(flat.reshape(self.shape, order="F"))

    def _read(self, progress: Progress) -> AnyArray:
        held = bytearray(self.n_bytes)
        place = 0
        for block in self._blocks(progress):
            held[place : place + len(block)] = block
            place += len(block)
        return np.frombuffer(held, self.dtype)

    def _blocks(self, progress: Progress) -> Iterator[bytes]:
        total, left = self.n_bytes, self.n_bytes
        with reading(self.path), self.unpack() as file:
            while left:
                progress("Reading arrays", total - left, total)
                block = file.read(min(_BLOCK_BYTES, left))
                if not block:
                    raise _cut_off(self.name, total, total - left)
                left -= len(block)
                yield block


def arrays_in(path: Path) -> tuple[ArrayFile, ...]:
    """Reads the headers of a file's arrays.

    Raises:
        DatasetError: It is no such file, or a header does not fit the file's size.
    """
    with reading(path):
        check_plain(path)
        note_files((path,))
        if path.stat().st_size == 0:
            raise DatasetError(f"'{path.name}' is empty.", "Copy or save it again.")
        match path.suffix.lower():
            case ".npz":
                return tuple(_members(path))
            case ".npy":
                return (_npy(path),)
            case _:
                return (_idx(path),)


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turns the ways in which libraries fail on damaged files into words."""
    try:
        yield
    except DescentError:
        raise
    except OSError as error:
        raise DatasetError(
            f"The array '{path}' cannot be read: {reason_of(error)}.", "Check the file."
        ) from None
    except Exception as error:  # zipfile, zlib and NumPy have many
        raise DatasetError(
            f"The array '{path}' cannot be read. Received: {reason_of(error)}.",
            "Save numbers with numpy.save or numpy.savez.",
        ) from None


def _npy(path: Path) -> ArrayFile:
    with path.open("rb") as file:
        shape, is_fortran, dtype = _header(file, path.name)
        offset = file.tell()
    _compare(path.name, shape, dtype, path.stat().st_size - offset)

    def unpack() -> IO[bytes]:
        file = path.open("rb")
        file.seek(offset)
        return file

    return ArrayFile(path, path.stem, shape, dtype, offset, unpack, is_fortran)


def _members(path: Path) -> Iterator[ArrayFile]:
    with open_archive(path, _MAX_UNPACKED) as archive:
        for info in archive.infolist():
            if not info.filename.endswith(".npy"):
                continue
            name = info.filename.removesuffix(".npy")
            if info.flag_bits & 1:
                raise DatasetError(f"'{name}' in '{path.name}' is encrypted.", "Save it anew.")
            with archive.open(info) as file:
                shape, is_fortran, dtype = _header(file, name)
                begin = file.tell()
            _compare(name, shape, dtype, info.file_size - begin)
            offset = None
            if info.compress_type == zipfile.ZIP_STORED:
                offset = _member_offset(path, info) + begin
            unpack = _member(path, info.filename, begin)
            yield ArrayFile(path, name, shape, dtype, offset, unpack, is_fortran)


def _member(path: Path, name: str, begin: int) -> Callable[[], IO[bytes]]:
    def unpack() -> IO[bytes]:
        file = open_archive(path, _MAX_UNPACKED).open(name)
        file.read(begin)
        return file

    return unpack


def _member_offset(path: Path, info: zipfile.ZipInfo) -> int:
    """Where a stored member's bytes begin (APPNOTE 4.3.7: 30 bytes, name, extra field)."""
    with path.open("rb") as file:
        file.seek(info.header_offset + 26)
        name_length, extra_length = struct.unpack("<HH", file.read(4))
    return int(info.header_offset + 30 + name_length + extra_length)


def _header(file: IO[bytes], name: str) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    try:
        return array_header(file)
    except ValueError as error:
        raise DatasetError(
            f"'{name}' is no NumPy array that can be read: {reason_of(error)}.",
            "Save numbers with numpy.save or numpy.savez.",
        ) from None


def _idx(path: Path) -> ArrayFile:
    is_packed = path.suffix.lower() == ".gz"

    def unpack(skip: bool = True) -> IO[bytes]:
        file = cast(IO[bytes], gzip.open(path) if is_packed else path.open("rb"))  # noqa: SIM115
        if skip:
            file.read(offset)
        return file

    with unpack(False) as file:
        zeros, code, n_dimensions = struct.unpack(">HBB", file.read(4).rjust(4, b"\xff"))
        if zeros or code not in _IDX_TYPES or not 0 < n_dimensions <= MAX_AXES:
            raise DatasetError(f"'{path.name}' is no IDX file.", "Check the file.")
        sides = file.read(4 * n_dimensions)
        if len(sides) < 4 * n_dimensions:
            raise _cut_off(path.name, 4 + 4 * n_dimensions, 4 + len(sides))
        shape = struct.unpack(f">{n_dimensions}I", sides)
    dtype = np.dtype(_IDX_TYPES[code])
    offset = 4 + 4 * n_dimensions
    size = path.stat().st_size
    if not is_packed:
        _compare(path.name, shape, dtype, size - offset)
    elif array_bytes(shape, dtype) > size * MAX_RATIO:
        raise _lies(path.name, array_bytes(shape, dtype), size)
    name = path.name.removesuffix(".gz").removesuffix(".GZ")
    return ArrayFile(path, name, shape, dtype, None if is_packed else offset, unpack)


def _compare(name: str, shape: tuple[int, ...], dtype: np.dtype[Any], there: int) -> None:
    said = array_bytes(shape, dtype)
    if said > there and not dtype.hasobject:
        raise _cut_off(name, said, there)


def _cut_off(name: str, said: int, there: int) -> DatasetError:
    return DatasetError(
        f"'{name}' cannot be read: its header promises {said:,} bytes, there are {there:,}.",
        "The file is cut off or damaged; copy or save it again.",
    )


def _lies(name: str, said: int, size: int) -> DatasetError:
    return DatasetError(
        f"'{name}' cannot be read: {size:,} bytes cannot hold the {said:,} that it promises.",
        "The file is damaged; copy or save it again.",
    )
