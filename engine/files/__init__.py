"""Writing files so that a crash, a full disk or a power cut leaves the old copy or the new one.

Everything is written under a temporary name beside its target, flushed to the disk, renamed, and
the directory is flushed too. Temporary files of processes that died are removed on the next write.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from engine.files.disk import cannot_write

__all__ = [
    "CACHE_VARIABLE",
    "atomic_directory",
    "atomic_file",
    "atomic_write",
    "cache_folder",
    "cannot_write",
    "flush_directory",
    "flush_tree",
    "recover_directory",
    "scratch_directory",
]

CACHE_VARIABLE = "DESCENT_CACHE"

_TEMPORARY = re.compile(r"\.(?P<target>.+)\.(?P<pid>\d+)-[0-9a-f]{8}\.tmp")


def cache_folder() -> Path:
    """Returns the folder for what can be made again: named by ``DESCENT_CACHE``, else the user's.

    It need not exist yet; whatever is in it may be deleted at any time.
    """
    named = os.environ.get(CACHE_VARIABLE, "").strip()
    if named:
        return Path(named).expanduser().absolute()
    import platformdirs

    return platformdirs.user_cache_path("Descent", appauthor=False)


@contextmanager
def atomic_file(path: Path) -> Iterator[IO[bytes]]:
    """Writes a file that is too large to be held at once: whole, or what was there stays.

    Args:
        path: The file; its directory must exist.

    Yields:
        What is written into; it takes the place of the file once the block ends without an
        exception.

    Raises:
        WorkspaceError: It cannot be written; the old file, if any, is untouched.
    """
    temporary = _temporary_name(path)
    try:
        with temporary.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        flush_directory(path.parent)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        _remove(temporary)


def atomic_write(path: Path, data: bytes | str) -> None:
    """Writes a whole file, or leaves what was there.

    Args:
        path: The file; its directory must exist.
        data: The content; text is written as UTF-8 with the line ends it has.

    Raises:
        WorkspaceError: It cannot be written; the old file, if any, is untouched.
    """
    content = data.encode("utf-8") if isinstance(data, str) else data
    with atomic_file(path) as file:
        file.write(content)


@contextmanager
def atomic_directory(path: Path) -> Iterator[Path]:
    """Fills a directory that appears complete, or not at all.

    A directory that was there is replaced only when the block ends without an exception; a process
    that dies between the two renames of that replacement is made good by `recover_directory`.

    Args:
        path: The directory; its parent must exist.

    Yields:
        An empty temporary directory to write into.

    Raises:
        WorkspaceError: It cannot be written; the old directory, if any, is untouched.
    """
    with scratch_directory(path) as temporary:
        try:
            yield temporary
            flush_tree(temporary)
            _put_in_place(temporary, path)
        except OSError as error:
            raise cannot_write(path, error) from error


@contextmanager
def scratch_directory(path: Path) -> Iterator[Path]:
    """Gives a folder that is gone afterwards; those of processes that died are removed before.

    Args:
        path: What it is called after; its parent must exist.

    Yields:
        An empty folder beside `path`.

    Raises:
        WorkspaceError: It cannot be made.
    """
    recover_directory(path)
    temporary = _temporary_name(path)
    try:
        temporary.mkdir()
    except OSError as error:
        raise cannot_write(path, error) from error
    try:
        yield temporary
    finally:
        _remove(temporary)


def recover_directory(path: Path) -> None:
    """Finishes or undoes what a process that died left half done at `path`."""
    previous = _previous_name(path)
    try:
        if previous.exists():
            if path.exists():
                _remove(previous)
            else:
                previous.rename(path)
        if path.parent.is_dir():
            _remove_abandoned(path)
    except OSError as error:
        raise cannot_write(path, error) from error


def flush_directory(path: Path) -> None:
    """Makes the names in a directory durable; Windows does so by itself."""
    if os.name == "nt":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def free_path(path: Path, sign: str = "-") -> Path:
    """The path, numbered after `sign` where something lies there already."""
    number, candidate = 1, path
    while candidate.exists():
        number += 1
        candidate = path.with_name(f"{path.name}{sign}{number}")
    return candidate


def _temporary_name(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")


def _previous_name(path: Path) -> Path:
    return path.with_name(f".{path.name}.previous")


def _put_in_place(temporary: Path, path: Path) -> None:
    previous = _previous_name(path)
    if path.exists():
        path.rename(previous)
    try:
        temporary.rename(path)
    except OSError:
        if previous.exists():
            previous.rename(path)
        raise
    flush_directory(path.parent)
    _remove(previous)


def flush_tree(root: Path) -> None:
    """Makes a folder durable, with all that is in it."""
    for folder, _, names in os.walk(root):
        for name in names:
            # Windows flushes only what is open for writing.
            with Path(folder, name).open("r+b") as file:
                os.fsync(file.fileno())
        flush_directory(Path(folder))


def _remove_abandoned(path: Path) -> None:
    for candidate in path.parent.iterdir():
        match = _TEMPORARY.fullmatch(candidate.name)
        if match and match["target"] == path.name:
            import psutil  # as rare as what it is asked about

            if not psutil.pid_exists(int(match["pid"])):
                _remove(candidate)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        # A temporary file that stays is removed another time.
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
