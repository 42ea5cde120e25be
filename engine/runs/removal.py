"""Removal: runs that were deleted long ago leave the disk, each of them whole or not at all.

Whoever uses a workspace looks once a day whose time is over. A clock that is wrong for some hours
costs no run: one is removed only when two looks, a day apart, have found its time to be over.
"""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from engine.files import atomic_write, flush_directory
from engine.files.bounded import DAMAGED, names_in, read_object
from engine.runs.record import RunRecord, record_from_row

LOOK_EVERY = timedelta(days=1)
FILE_NAME = "removal.json"

_ASIDE = re.compile(r"\.(?P<run>.+)\.removed")


def deletion_moment(record: RunRecord) -> datetime:
    """The time, in UTC, at which a run is deleted now: after all that has happened to it."""
    # A clock that was set back would have it deleted for years already.
    return max(datetime.now(UTC), record.created_at, record.ended_at or record.created_at)


def look(workspace: Path, deleted: Sequence[RunRecord], now: datetime) -> list[str] | None:
    """Finds the runs to be removed, once a day.

    Args:
        workspace: The folder, where it is noted for the next look what this one has found.
        deleted: Its deleted runs.
        now: The time, in UTC.

    Returns:
        The ids of those whose time is over, and was at the look before; None where that was less
        than a day ago.

    Raises:
        WorkspaceError: The workspace cannot be written.
    """
    path = workspace / FILE_NAME
    looked_at, found_before = _read(path)
    if looked_at <= now < looked_at + LOOK_EVERY:
        return None
    found = [record.id for record in deleted if _is_over(record, now)]
    atomic_write(path, json.dumps({"looked_at": now.isoformat(), "time_is_over": found}))
    if looked_at > now:
        return []  # one of the two looks had a wrong clock, and nobody knows which
    return [run for run in found if run in found_before]


def _is_over(record: RunRecord, now: datetime) -> bool:
    if record.kept_until is None or record.kept_until > now:
        return False
    return not (record.state.is_active and record.owner.is_alive)


def _read(path: Path) -> tuple[datetime, list[str]]:
    """The look before: when it was, and what it has found."""
    try:
        values = read_object(path)
        looked_at = datetime.fromisoformat(values["looked_at"]).astimezone(UTC)
        return looked_at, list(names_in(values["time_is_over"], "time_is_over"))
    except DAMAGED:
        return datetime.fromtimestamp(0, UTC), []  # none, or one that cannot be read: begin anew


# ---- inside a transaction of the caller's, so that nobody restores a run meanwhile


def take_out(connection: sqlite3.Connection, run: str, folder: Path, now: datetime) -> bool:
    """Takes a run out of the database, and its folder aside, to be deleted by `delete_aside`.

    Where the transaction comes to nothing, `put_back` brings the folder back.

    Returns:
        Whether it was taken out: not where it is no longer to be removed, or its files are in use.
    """
    row = connection.execute("SELECT * FROM runs WHERE id = ?", (run,)).fetchone()
    if row is None or not _is_over(record_from_row(row), now):
        return False
    try:
        if folder.exists():
            folder.rename(_aside(folder))
            flush_directory(folder.parent)
    except OSError:
        return False  # Windows renames nothing that is open
    connection.execute("DELETE FROM runs WHERE id = ?", (run,))
    return True


def put_back(folder: Path) -> None:
    """Brings the folder of a run back that was taken aside; else does nothing."""
    aside = _aside(folder)
    if aside.exists() and not folder.exists():
        aside.rename(folder)
        flush_directory(folder.parent)


def mend(connection: sqlite3.Connection, folders: Path) -> list[Path]:
    """Undoes what processes that died left half done, where the run is still in the database.

    Returns:
        The folders of the others, to be deleted by `delete_aside`.
    """
    left = []
    for folder in _taken_aside(folders):
        if connection.execute("SELECT 1 FROM runs WHERE id = ?", (folder.name,)).fetchone():
            with suppress(OSError):  # then another time
                put_back(folder)
        else:
            left.append(folder)
    return left


# ---- after the transaction


def delete_aside(folder: Path) -> None:
    """Deletes the folder of a run that was taken out; what stays is deleted another time."""
    shutil.rmtree(_aside(folder), ignore_errors=True)


def _aside(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.removed")


def _taken_aside(folders: Path) -> Iterator[Path]:
    """The folders that were taken aside, by the names that they had."""
    with suppress(OSError):
        for path in list(folders.iterdir()):
            if match := _ASIDE.fullmatch(path.name):
                yield folders / match["run"]
