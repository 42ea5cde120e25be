"""Reading NumPy's arrays that may be damaged, or made to harm; see `bounded`.

Apart from the rest, as NumPy takes longer to be imported than a window to be painted.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
import numpy.typing as npt

from engine.files.bounded import open_archive

MAX_AXES: Final = 32


def array_header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Reads the header of a NumPy array, after which its bytes follow.

    Returns:
        Shape, whether columns lie together (Fortran's order), and type.

    Raises:
        ValueError: It does not begin as an array, or no array can have such a header.
    """
    version = np.lib.format.read_magic(file)
    read = (
        np.lib.format.read_array_header_1_0
        if version == (1, 0)
        else np.lib.format.read_array_header_2_0
    )
    shape, is_fortran, dtype = read(file)
    if len(shape) > MAX_AXES or any(side < 0 for side in shape):
        raise ValueError(f"its header promises the shape {shape}")
    return shape, is_fortran, dtype


def array_bytes(shape: tuple[int, ...], dtype: np.dtype[Any]) -> int:
    """How many bytes an array has; as Python's integers, which do not overflow."""
    n_bytes = dtype.itemsize
    for side in shape:
        n_bytes *= side
    return n_bytes


def read_arrays(path: Path, limit: int) -> dict[str, npt.NDArray[Any]]:
    """Reads the arrays of an ``.npz`` file by name; objects are never unpickled.

    Args:
        path: The file.
        limit: How many bytes they may have together.

    Raises:
        ValueError: A header does not fit its bytes, or promises objects.
        OSError, zipfile.BadZipFile, zlib.error: It cannot be read, or is no archive.
    """
    found: dict[str, npt.NDArray[Any]] = {}
    with open_archive(path, limit) as archive:
        for info in archive.infolist():
            name = info.filename.removesuffix(".npy")
            content = archive.read(info)  # all of it, so that its checksum is compared
            found[name] = _array(io.BytesIO(content), name, len(content))
    return found


def _array(file: io.BytesIO, name: str, size: int) -> npt.NDArray[Any]:
    shape, is_fortran, dtype = array_header(file)
    if dtype.hasobject:
        raise ValueError(f"'{name}' holds Python objects")
    begin = file.tell()
    if array_bytes(shape, dtype) != size - begin:
        raise ValueError(f"'{name}' has {size - begin:,} bytes, not those of its header")
    if size == begin:
        return np.empty(shape, dtype)
    flat = np.frombuffer(file.getbuffer(), dtype, offset=begin).copy()
    return flat.reshape(shape, order="F" if is_fortran else "C")
