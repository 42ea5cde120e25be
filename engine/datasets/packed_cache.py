"""The cache on disk of what was packed: found by name, bounded, and cleared of what is old."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path

from engine.errors import DatasetError
from engine.files import cache_folder
from engine.files.bounded import DAMAGED, open_plain, read_object
from engine.spec.formatting import bytes_text

logger = logging.getLogger(__name__)

CACHE_LIMIT = 20 << 30
"""Older packed rows are deleted once all together take more bytes than this."""
UNUSED_DAYS = 30
"""Packed rows that nobody has used for so long may be deleted."""
_FREE_DISK = 1 << 30
_SEAL = "seal.json"
_BLOCK = 64 << 10
_BLOCKS = 64
"""So many blocks of a file are compared, drawn evenly: all of a small one."""
_DAY_S = 24 * 3600

_noted: ContextVar[set[str] | None] = ContextVar("noted", default=None)


def packed_place(name: str) -> Path:
    """Returns the folder of what is packed under a name, which is used from now on."""
    folder = cache_folder() / "packed" / name
    if (noted := _noted.get()) is not None:
        noted.add(name)
    with suppress(OSError):  # it need not exist
        os.utime(folder)
    return folder


@contextmanager
def noting_packed() -> Iterator[set[str]]:
    """Gathers the names of all packed rows that are used inside the block."""
    names: set[str] = set()
    token = _noted.set(names)
    try:
        yield names
    finally:
        _noted.reset(token)


def is_packed(folder: Path) -> bool:
    """Whether a folder holds what was packed there; one that was damaged is removed."""
    if not folder.exists():
        return False
    try:
        seal = read_object(folder / _SEAL)
        if seal == {name: _mark(folder / name) for name in seal} and seal:
            return True
    except DAMAGED:
        pass
    logger.warning("What is packed in '%s' is damaged, and made anew.", folder)
    shutil.rmtree(folder, ignore_errors=True)
    return False


def _mark(path: Path) -> list[int | str]:
    """Size and digest of a file, by which damage is noticed; of a large one, of parts of it."""
    size = path.stat().st_size
    digest = hashlib.blake2b(digest_size=16)
    step = max(_BLOCK, size // _BLOCKS)
    with open_plain(path) as file:
        for start in range(0, size, step):
            file.seek(start)
            digest.update(file.read(_BLOCK))
    return [size, digest.hexdigest()]


@contextmanager
def packing_folder(folder: Path, n_bytes: int) -> Iterator[Path]:
    """A folder to write packed rows into; it gets its name once all of them are written.

    Args:
        folder: Its name in the cache.
        n_bytes: How much will be written.

    Raises:
        DatasetError: The disk has no room.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        _make_room(folder.parent, n_bytes)
        free = shutil.disk_usage(folder.parent).free
        if free < n_bytes + _FREE_DISK:
            raise DatasetError(
                f"The data takes {bytes_text(n_bytes)} on disk once it is unpacked. "
                f"Free in '{folder.parent}': {bytes_text(free)}.",
                "Free some space, choose smaller examples, or name another cache folder in "
                "DESCENT_CACHE.",
            )
        aside = Path(tempfile.mkdtemp(prefix="making-", dir=folder.parent))
        try:
            yield aside
            seal = {path.name: _mark(path) for path in sorted(aside.iterdir())}
            (aside / _SEAL).write_text(json.dumps(seal), "utf-8")
            for path in aside.iterdir():
                with path.open("rb+") as file:
                    os.fsync(file.fileno())
            with suppress(OSError):  # another process was faster; its rows are the same
                aside.rename(folder)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    except OSError as error:
        raise DatasetError(
            f"The data cannot be unpacked into '{folder.parent}'. Received: {error.strerror}.",
            "Name another cache folder in DESCENT_CACHE.",
        ) from error


def clear_unused(kept: Collection[str]) -> int:
    """Deletes the packed rows that nobody has used for 30 days; whoever needs them packs again.

    A process that reads some goes on reading them: Windows does not let them go, other systems
    keep what is open.

    Args:
        kept: Names of those that stay, however long ago they were used.

    Returns:
        How many were deleted.
    """
    n_deleted = 0
    parent = cache_folder() / "packed"
    found = list(parent.iterdir()) if parent.is_dir() else []
    for folder in found:
        if folder.name not in kept and _is_unused(folder):
            n_deleted += _clear(folder)
    return n_deleted


def _clear(folder: Path) -> bool:
    """Deletes packed rows whole, or not at all."""
    aside = folder.with_name(f"leaving-{secrets.token_hex(4)}")
    try:
        folder.rename(aside)
    except OSError:
        return False  # another process was faster, or has them open on Windows
    if not _is_unused(aside):  # someone began to use them at this very moment
        with suppress(OSError):
            aside.rename(folder)
        return False
    shutil.rmtree(aside, ignore_errors=True)
    return True


def _is_unused(folder: Path) -> bool:
    try:
        return time.time() - folder.stat().st_mtime > UNUSED_DAYS * _DAY_S
    except OSError:
        return False


def _make_room(parent: Path, n_bytes: int) -> None:
    """Deletes the packed rows that were not used for the longest time."""
    sized = []
    for folder in parent.iterdir():
        with suppress(OSError):
            size = sum(path.stat().st_size for path in folder.iterdir())
            sized.append((folder.stat().st_mtime, size, folder))
    total = n_bytes + sum(size for _, size, _ in sized)
    for _, size, folder in sorted(sized):
        if total <= CACHE_LIMIT:
            return
        shutil.rmtree(folder, ignore_errors=True)
        total -= size
