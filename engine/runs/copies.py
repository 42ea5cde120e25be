"""Copies: the database of a workspace, as it was on some of the days before.

At most one a day is kept, and ten in all: many of the last days, few of long ago. They are made in
the background, with SQLite's own backup, and only of a database that is whole.
"""

from __future__ import annotations

import hashlib
import os
import re
import sqlite3
from collections.abc import Sequence
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from engine.files import flush_directory
from engine.files.disk import DATABASE_ERRORS, cannot_write

FOLDER = "copies"
KEPT = 10
EVERY = timedelta(days=1)

_FORMAT = "%Y%m%d-%H%M%S"
_NAME = re.compile(r"runs-(\d{8}-\d{6})\.sqlite")


def copies(workspace: Path) -> list[tuple[datetime, Path]]:
    """Returns when each copy was made, in UTC, and where it lies, the newest first."""
    found = []
    with suppress(OSError):
        for path in (workspace / FOLDER).iterdir():
            match = _NAME.fullmatch(path.name)
            with suppress(ValueError):
                if match:
                    moment = datetime.strptime(match[1], _FORMAT).replace(tzinfo=UTC)
                    found.append((moment, path))
    return sorted(found, reverse=True)


def is_due(workspace: Path, now: datetime) -> bool:
    """No copy was made within a day; one from the future, by a clock that was wrong, counts not."""
    return not any(now - EVERY < moment <= now for moment, _ in copies(workspace))


def keep_copy(connection: sqlite3.Connection, workspace: Path, now: datetime) -> Path | None:
    """Makes a copy, unless the newest is the same; then lets the oldest go where there are many.

    Args:
        connection: Of the database.
        workspace: Where the copies are kept.
        now: The time, in UTC.

    Returns:
        The copy; None: the database is damaged, of which no copy is made, or is as it was.

    Raises:
        WorkspaceError: It cannot be written.
    """
    folder = workspace / FOLDER
    path = folder / f"runs-{now.strftime(_FORMAT)}.sqlite"
    aside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        folder.mkdir(exist_ok=True)
        copy_database(connection, aside)
        if not is_sound(aside) or _is_same(aside, copies(workspace)):
            return None
        aside.replace(path)
        flush_directory(folder)
        _thin_out(workspace, now)
    except (OSError, *DATABASE_ERRORS) as error:
        raise cannot_write(path, error) from error
    finally:
        aside.unlink(missing_ok=True)
    return path


def copy_database(connection: sqlite3.Connection, path: Path) -> None:
    """Copies a database as it is at one moment into a file of its own, down to the disk.

    Raises:
        OSError, sqlite3.Error: It cannot be read or written.
    """
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path, isolation_level=None)) as target:
        connection.backup(target)
        target.execute("PRAGMA journal_mode = DELETE").fetchone()  # nothing lies beside it
    with path.open("r+b") as file:
        os.fsync(file.fileno())


def is_sound(path: Path) -> bool:
    """A database file is whole, as far as SQLite can tell; it is not changed by asking."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as found:
            return [tuple(row) for row in found.execute("PRAGMA quick_check")] == [("ok",)]
    except (*DATABASE_ERRORS, OSError):
        return False


def thinned(moments: Sequence[datetime], now: datetime, kept: int = KEPT) -> list[datetime]:
    """Chooses which of many moments to keep: the older, the farther apart.

    Args:
        moments: Any number of them.
        now: The time.
        kept: How many to keep at most, at least two.

    Returns:
        Those to keep, the newest first; the newest and the oldest are among them.
    """
    left = sorted(moments, reverse=True)
    while len(left) > kept:

        def crowding(place: int) -> float:
            gap = (left[place - 1] - left[place + 1]).total_seconds()
            return gap / max(1.0, (now - left[place]).total_seconds())

        left.pop(min(range(1, len(left) - 1), key=crowding))
    return left


def _thin_out(workspace: Path, now: datetime) -> None:
    found = copies(workspace)
    stays = thinned([moment for moment, _ in found], now)
    for moment, path in found:
        if moment not in stays:
            path.unlink(missing_ok=True)


def _is_same(path: Path, others: Sequence[tuple[datetime, Path]]) -> bool:
    """The newest copy has the same content: nothing has happened since."""
    return bool(others) and _digest(path) == _digest(others[0][1])


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
