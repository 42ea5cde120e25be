"""What a disk refuses, in words: full, over a quota, read-only, gone, broken.

The one place that turns an `OSError`, or an error of SQLite, into a sentence and what to do.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import sqlite3
from enum import StrEnum
from pathlib import Path

from engine.errors import WorkspaceError

_PROBE_BYTES = 65_536
_ERRNO = re.compile(r"errno = (\d+)|\[Errno (\d+)\]")


DatabaseError = sqlite3.Error | UnicodeDecodeError
DATABASE_ERRORS = (sqlite3.Error, UnicodeDecodeError)
"""What SQLite raises: words about a damaged file may be no text at all, and fail on their way."""


class Trouble(StrEnum):
    """What keeps something from being written or read."""

    FULL = "full"
    QUOTA = "quota"
    TOO_LARGE = "too large"
    READ_ONLY = "read-only"
    GONE = "gone"
    BROKEN = "broken"
    BUSY = "busy"
    DAMAGED = "damaged"
    OTHER = "other"


_BY_ERRNO = {
    errno.ENOSPC: Trouble.FULL,
    errno.EDQUOT: Trouble.QUOTA,
    errno.EFBIG: Trouble.TOO_LARGE,
    errno.EROFS: Trouble.READ_ONLY,
    errno.EACCES: Trouble.READ_ONLY,
    errno.EPERM: Trouble.READ_ONLY,
    errno.ENOENT: Trouble.GONE,
    errno.ENOTDIR: Trouble.GONE,
    errno.ENODEV: Trouble.GONE,
    errno.ENXIO: Trouble.GONE,
    errno.ESTALE: Trouble.GONE,
    errno.ENOTCONN: Trouble.GONE,
    errno.EIO: Trouble.BROKEN,
}

_BY_SQLITE_CODE = {
    sqlite3.SQLITE_FULL: Trouble.FULL,
    sqlite3.SQLITE_BUSY: Trouble.BUSY,
    sqlite3.SQLITE_LOCKED: Trouble.BUSY,
    sqlite3.SQLITE_READONLY: Trouble.READ_ONLY,
    sqlite3.SQLITE_CANTOPEN: Trouble.READ_ONLY,
    sqlite3.SQLITE_PERM: Trouble.READ_ONLY,
    sqlite3.SQLITE_CORRUPT: Trouble.DAMAGED,
    sqlite3.SQLITE_NOTADB: Trouble.DAMAGED,
    sqlite3.SQLITE_IOERR: Trouble.BROKEN,
    # The file is no database of this program: a table or a column is not what it was.
    sqlite3.SQLITE_ERROR: Trouble.DAMAGED,
    sqlite3.SQLITE_MISMATCH: Trouble.DAMAGED,
}

_HINTS = {
    Trouble.FULL: "The disk is full. Free some space; nothing that was saved before is lost.",
    Trouble.QUOTA: (
        "The space that this account may use is used up (its disk quota). Free some of it, or "
        "choose a folder on another disk with --workspace; nothing that was saved before is lost."
    ),
    Trouble.TOO_LARGE: (
        "The file would be larger than it may be here: by a limit of the shell (ulimit -f), or of "
        "the disk's format. Raise the limit, or choose a folder on another disk with --workspace."
    ),
    Trouble.READ_ONLY: "Allow writing to this folder, or choose another one with --workspace.",
    Trouble.GONE: (
        "Check that the folder exists and its disk is connected, or choose another one with "
        "--workspace."
    ),
    Trouble.BROKEN: (
        "The disk reports an error: it may be broken, or its cable loose. Copy what you need to "
        "another disk, and choose a folder there with --workspace."
    ),
    Trouble.BUSY: "Try again in a moment; if it stays so, close the other program.",
    Trouble.OTHER: "Check that the folder exists and its disk is connected, or choose another one.",
}

_REASONS = {
    Trouble.FULL: "No space left on device",
    Trouble.QUOTA: "Disk quota exceeded",
    Trouble.TOO_LARGE: "File too large",
}


def trouble_of(error: BaseException, path: Path | None = None) -> Trouble:
    """Says what an error of the system, or of SQLite, means.

    Args:
        error: What was raised.
        path: The file concerned; where SQLite says no more than that it cannot write, a few bytes
            written beside it tell why.
    """
    if isinstance(error, UnicodeDecodeError):
        return Trouble.DAMAGED
    if isinstance(error, sqlite3.Error):
        # The low byte is the primary code; the rest says more of what people cannot act on.
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        found = _BY_SQLITE_CODE.get(code, Trouble.OTHER)
        return _probed(path, found) if found is Trouble.BROKEN and path is not None else found
    number = getattr(error, "errno", None)
    if number is None and (told := _ERRNO.search(str(error))):  # HDF5 has it in its text alone
        number = int(told[1] or told[2])
    return _BY_ERRNO.get(number or 0, Trouble.OTHER)


def cannot_write(path: Path, error: OSError | DatabaseError) -> WorkspaceError:
    """Words for a file or folder that could not be written."""
    return _cannot("write", path, error)


def cannot_read(path: Path, error: OSError | DatabaseError) -> WorkspaceError:
    """Words for a file or folder that could not be read."""
    return _cannot("read", path, error)


def hint_of(trouble: Trouble) -> str:
    """What to do about it, in a sentence or two."""
    return _HINTS.get(trouble, _HINTS[Trouble.OTHER])


def _cannot(do: str, path: Path, error: OSError | DatabaseError) -> WorkspaceError:
    trouble = trouble_of(error, path)
    reason = _REASONS.get(trouble) or getattr(error, "strerror", None) or str(error)
    return WorkspaceError(f"Cannot {do} '{path}'. Received: {reason}.", hint_of(trouble))


def _probed(path: Path, otherwise: Trouble) -> Trouble:
    """What happens to a few bytes that are written beside a file, and to one as large as it."""
    probe = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")
    try:
        with probe.open("xb") as file:
            file.write(bytes(_PROBE_BYTES))
            file.flush()
            os.fsync(file.fileno())
            file.seek(max((item.stat().st_size for item in _family(path)), default=0))
            file.write(bytes(_PROBE_BYTES))
            file.flush()
    except OSError as error:
        found = trouble_of(error)
        return otherwise if found is Trouble.OTHER else found
    finally:
        with contextlib.suppress(OSError):
            probe.unlink(missing_ok=True)
    return otherwise


def _family(path: Path) -> list[Path]:
    """A database and what SQLite keeps beside it."""
    beside = (path, path.with_name(f"{path.name}-wal"))
    return [item for item in beside if item.is_file()]
