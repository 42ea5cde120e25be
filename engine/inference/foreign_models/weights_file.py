"""The HDF5 file of a foreign model's weights: nothing but plain numbers that lie in it.

HDF5 can take values from other files, from other programs (filters) and from nowhere (what was
never written). None of that is read: a file is walked through before anything opens it to load.
Only ever called in the process that is confined: HDF5's library is written in C.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from engine.inference.foreign_models.archive import WEIGHTS, hdf5_begins, hdf5_size
from engine.inference.foreign_models.refusal import Refused, told

if TYPE_CHECKING:
    import h5py

MAX_OBJECTS: Final = 40_000
MAX_DEPTH: Final = 64
MAX_AXES: Final = 8
_KINDS: Final = "fiub"
_FILTERS: Final = {1: "deflate", 2: "shuffle", 3: "fletcher32"}
"""By HDF5's numbers; every other one is a program that lies elsewhere."""
MOST_UNPACKED: Final = 16
"""Bytes of weights for each of the file's, and so numbers, at most."""
_MAX_ATTRIBUTES: Final = 16
_MAX_ATTRIBUTE: Final = 65_536


def count_numbers(path: Path) -> int:
    """How many numbers lie in a file of weights, once it is certain that they do.

    Raises:
        Refused: It holds something else, or does not hold what it promises.
    """
    import h5py

    if not hdf5_begins(path):
        raise Refused(WEIGHTS, "it does not begin as HDF5 does")
    size = path.stat().st_size
    if hdf5_size(path) > size:
        raise Refused(WEIGHTS, "it is shorter than it says")
    try:
        with h5py.File(path, "r", locking=False) as file:
            sizes = list(_sizes(file))
    except Refused:
        raise
    except Exception as error:  # HDF5's own have nothing in common
        words = str(error).split("\n", 1)[0][:200]
        raise Refused(WEIGHTS, f"HDF5 cannot read it ({words})") from None
    n_bytes = sum(size for _, size in sizes)
    if n_bytes > MOST_UNPACKED * size:
        raise Refused(WEIGHTS, f"its {size:,} bytes promise {n_bytes:,} of weights")
    return sum(n for n, _ in sizes)


def _sizes(file: h5py.File) -> Iterator[tuple[int, int]]:
    """Numbers and bytes of each array, group by group; each object is met once."""
    seen: set[int] = set()
    waiting: list[tuple[Any, int]] = [(file, 0)]
    while waiting:
        group, depth = waiting.pop()
        where = f"{WEIGHTS}, group {told(group.name)}"
        if depth > MAX_DEPTH:
            raise Refused(where, f"it lies more than {MAX_DEPTH} deep")
        _check_attributes(group, where)
        for item in _members(group, where):
            address = _address(item)
            if address in seen:
                raise Refused(f"{WEIGHTS}, {told(item.name)}", "it is there by two names")
            seen.add(address)
            if len(seen) > MAX_OBJECTS:
                raise Refused(WEIGHTS, f"it holds more than {MAX_OBJECTS:,} objects")
            if _is_group(item):
                waiting.append((item, depth + 1))
            else:
                yield _size(item)


def _members(group: Any, where: str) -> Iterator[Any]:
    import h5py

    if len(group) > MAX_OBJECTS:
        raise Refused(where, f"it holds more than {MAX_OBJECTS:,} objects")
    for name in group:
        link = group.get(name, getlink=True)
        if isinstance(link, h5py.ExternalLink):
            raise Refused(where, f"{told(name)} is a link to another file")
        if not isinstance(link, h5py.HardLink):
            raise Refused(where, f"{told(name)} is a link")
        yield group[name]


def _address(item: Any) -> int:
    import h5py

    return int(h5py.h5o.get_info(item.id).addr)


def _is_group(item: Any) -> bool:
    import h5py

    if isinstance(item, h5py.Group):
        return True
    if isinstance(item, h5py.Dataset):
        return False
    raise Refused(f"{WEIGHTS}, {told(item.name)}", "it is no array")


def _size(array: h5py.Dataset) -> tuple[int, int]:
    """Numbers and bytes of an array, that is plain and there.

    Raises:
        Refused: It is not.
    """
    import h5py

    part = f"{WEIGHTS}, array {told(array.name)}"
    _check_attributes(array, part)
    layout = array.id.get_create_plist()
    if layout.get_external_count():
        raise Refused(part, "its numbers lie in another file")
    if layout.get_layout() == h5py.h5d.VIRTUAL:
        raise Refused(part, "its numbers are put together from other arrays")
    for number in range(layout.get_nfilters()):
        code = layout.get_filter(number)[0]
        if code not in _FILTERS:
            raise Refused(part, f"it is packed by a program of number {code}")
    dtype = array.dtype
    if dtype.kind not in _KINDS or dtype.hasobject or dtype.subdtype is not None:
        raise Refused(part, f"it holds {dtype}, not numbers")
    if array.shape is None or len(array.shape) > MAX_AXES:
        raise Refused(part, "it has no shape of an array of weights")
    n_numbers = 1
    for side in array.shape:
        n_numbers *= int(side)
    n_bytes = n_numbers * int(dtype.itemsize)
    there = int(array.id.get_storage_size())
    least = n_bytes if not layout.get_nfilters() else n_bytes // 1_100
    if there < least:
        raise Refused(part, f"it promises {n_bytes:,} bytes, of which {there:,} are there")
    return n_numbers, n_bytes


def _check_attributes(item: Any, part: str) -> None:
    """Names of layers and the like: few, and short; their values are not read here."""
    import h5py

    if len(item.attrs) > _MAX_ATTRIBUTES:
        raise Refused(part, f"it has {len(item.attrs):,} notes beside it")
    for name in item.attrs:
        attribute = h5py.h5a.open(item.id, name.encode() if isinstance(name, str) else name)
        if attribute.get_storage_size() > _MAX_ATTRIBUTE:
            raise Refused(part, f"the note {told(name)} beside it is too long")
