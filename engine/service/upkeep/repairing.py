"""Repairing: a new database from what is whole of the old one, of its copies, and of the folders.

It is built aside. What was there is set aside in the folder ``damaged`` of the workspace, never
deleted, and the new one takes its place in one step.
"""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from engine.errors import WorkspaceError
from engine.files import flush_directory, free_path
from engine.files.disk import DATABASE_ERRORS, cannot_write
from engine.runs.copies import copies, copy_database, is_sound
from engine.runs.history import history_problems, read_changes, read_epochs
from engine.runs.journal import change_run, insert_change, insert_epoch, insert_run
from engine.runs.owner import Owner
from engine.runs.places import DATABASE
from engine.runs.record import record_from_row
from engine.runs.row_checks import BadRow, epoch_problem
from engine.runs.run_file import read_run_file
from engine.runs.run_folders import folders_of_runs, is_run_id, run_folder
from engine.runs.schema import migrate, text_or_bytes
from engine.service.upkeep.checking import Check, check_workspace, open_to_check
from engine.service.upkeep.folder_run import FolderRun, read_folder

DAMAGED_FOLDER = "damaged"
_BESIDE = ("", "-wal", "-shm", "-journal")


@dataclass(frozen=True)
class Repair:
    """What was done.

    Attributes:
        before: What was damaged.
        after: What is damaged still.
        found_again: Ids of runs that are listed again, or written again from their folder.
        left_out: Ids of runs that could not be; the old database, which is set aside, has them.
        base: The copy that was taken, by its name; empty: the database itself, or none.
        aside: Where the old database lies now; None: there was none, or nothing was to be done.
    """

    before: Check
    after: Check
    found_again: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    base: str = ""
    aside: Path | None = None


def repair_workspace(workspace: Path) -> Repair:
    """Makes good what can be; hold the workspace's lock, for nobody else may use it meanwhile.

    Raises:
        WorkspaceError: A run is being trained, a newer Descent wrote the database, or something
            cannot be written; then everything is as it was.
    """
    before = check_workspace(workspace)
    if not before.can_be_repaired:
        return Repair(before, before)
    _check_nobody_trains(workspace)
    path = workspace / DATABASE
    aside = path.with_name(f".{DATABASE}.{os.getpid()}.tmp")
    try:
        base, is_current = _begin(before, aside)
        found_again, left_out = _complete(workspace, aside, is_current)
        with aside.open("r+b") as file:
            os.fsync(file.fileno())
        kept = _swap(aside, path)
    except (OSError, *DATABASE_ERRORS) as error:
        raise cannot_write(path, error) from error
    finally:
        for ending in _BESIDE:
            aside.with_name(f"{aside.name}{ending}").unlink(missing_ok=True)
    return Repair(before, check_workspace(workspace), found_again, left_out, base, kept)


def _check_nobody_trains(workspace: Path) -> None:
    """Makes sure that no living process writes into the database.

    Raises:
        WorkspaceError: One does.
    """
    for folder in folders_of_runs(workspace):
        values = read_run_file(folder)
        if values is None or values.get("state") not in ("preparing", "running", "paused"):
            continue
        with suppress(TypeError, ValueError, OverflowError):
            owner = Owner(int(values["owner_pid"]), float(values["owner_started_s"]))
            if owner.is_alive and owner.pid != os.getpid():
                raise WorkspaceError(
                    f"The run '{values['name']}' is being trained by process {owner.pid}.",
                    "Wait for it to end, or stop it there; then repair the workspace.",
                )


def _begin(before: Check, aside: Path) -> tuple[str, bool]:
    """Takes the database where it is whole, else the newest copy that is, else an empty one.

    Returns:
        The name of the copy; whether it is the database itself.
    """
    workspace = before.workspace
    if before.is_database_whole:
        with open_to_check(workspace) as connection:
            copy_database(connection, aside)
        return "", True
    for _, path in copies(workspace):
        if is_sound(path):
            with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
                copy_database(connection, aside)
            return path.name, False
    aside.unlink(missing_ok=True)
    return "", False


def _complete(
    workspace: Path, path: Path, is_current: bool
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Writes what the folders know into a new database.

    Args:
        workspace: Where the folders are.
        path: The new database.
        is_current: It is as the old one was; what it says of a run is newer than its folder.

    Returns:
        The runs that were found again; those that were left out.
    """
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.row_factory = sqlite3.Row
        connection.text_factory = text_or_bytes
        migrate(connection, path)
        connection.execute("BEGIN IMMEDIATE")
        whole, _ = _rows(connection)
        found_again = set()
        for folder in folders_of_runs(workspace):
            if is_current and folder.name in whole:
                continue
            found = read_folder(folder)
            if found is not None and _write_run(connection, found, folder.name in whole):
                found_again.add(folder.name)
        if not is_current:
            _forget_removed(connection, workspace)
        whole, bad = _rows(connection)
        for run in bad:
            connection.execute("DELETE FROM runs WHERE id IS ?", (run,))
        for run in sorted(whole):
            _mend_epochs(connection, run, workspace)
        for table in ("epochs", "steps", "changes", "flow"):
            connection.execute(f"DELETE FROM {table} WHERE run NOT IN (SELECT id FROM runs)")
        connection.execute("COMMIT")
    return tuple(sorted(found_again & whole)), tuple(map(str, bad))


def _rows(connection: sqlite3.Connection) -> tuple[set[str], list[object]]:
    """The ids of the runs that are whole, and of those that are not, as they are stored."""
    whole: set[str] = set()
    bad: list[object] = []
    for row in connection.execute("SELECT * FROM runs").fetchall():
        try:
            whole.add(record_from_row(row).id)
        except BadRow:
            bad.append(row["id"])
    return whole, bad


def _write_run(connection: sqlite3.Connection, found: FolderRun, is_known: bool) -> bool:
    """Writes a run as its folder has it; returns whether it could be.

    Args:
        connection: Of the new database.
        found: The run.
        is_known: The database, an older copy, has it; then what its folder says exactly counts
            more, and of what it says roughly only the epochs that the copy lacks.
    """
    run = found.values["id"]
    connection.execute("SAVEPOINT run")
    try:
        if found.is_exact or not is_known:
            columns = {row["name"] for row in connection.execute("PRAGMA table_info(runs)")}
            values = {name: value for name, value in found.values.items() if name in columns}
            connection.execute("DELETE FROM runs WHERE id IS ?", (run,))
            insert_run(connection, values)
        if found.is_exact and is_known:
            connection.execute("DELETE FROM epochs WHERE run = ?", (run,))
            connection.execute("DELETE FROM changes WHERE run = ?", (run,))
        known = {epoch.epoch for epoch in read_epochs(connection, run)[0]}
        new = [epoch for epoch in found.epochs if epoch.epoch not in known]
        for epoch in new:
            insert_epoch(connection, epoch)
        if not connection.execute("SELECT 1 FROM changes WHERE run = ?", (run,)).fetchone():
            for change in found.changes:
                insert_change(connection, change)
        if new and new[-1].epoch > max(known, default=0) and not found.is_exact and is_known:
            done = {"epochs_done": new[-1].epoch, "metrics": json.dumps(new[-1].metrics)}
            change_run(connection, run, **done)
    except (*DATABASE_ERRORS, WorkspaceError):
        connection.execute("ROLLBACK TO run")
        return False
    finally:
        connection.execute("RELEASE run")
    return True


def _forget_removed(connection: sqlite3.Connection, workspace: Path) -> None:
    """Runs that were deleted when the copy was made, and whose folder is gone, were removed."""
    rows = connection.execute("SELECT id FROM runs WHERE deleted_at IS NOT NULL").fetchall()
    for row in rows:
        if not is_run_id(row["id"]) or not run_folder(workspace, row["id"]).is_dir():
            connection.execute("DELETE FROM runs WHERE id = ?", (row["id"],))


def _mend_epochs(connection: sqlite3.Connection, run: str, workspace: Path) -> None:
    """Takes epochs and changes that cannot be read from the run's folder; else they go."""
    if not history_problems(connection, run):
        return
    found = read_folder(run_folder(workspace, run))
    known = {epoch.epoch: epoch for epoch in found.epochs} if found is not None else {}
    for row in connection.execute("SELECT * FROM epochs WHERE run = ?", (run,)).fetchall():
        if epoch_problem(row):
            connection.execute(
                "DELETE FROM epochs WHERE run = ? AND epoch IS ?", (run, row["epoch"])
            )
            if row["epoch"] in known:
                insert_epoch(connection, known[row["epoch"]])
    if not read_changes(connection, run)[1]:
        return
    whole = read_changes(connection, run)[0]
    connection.execute("DELETE FROM changes WHERE run = ?", (run,))
    for change in found.changes if found is not None and found.changes else whole:
        insert_change(connection, change)


def _swap(new: Path, path: Path) -> Path | None:
    """Sets the old database aside, with what SQLite keeps beside it, and puts the new one there."""
    workspace = path.parent
    old = [path.with_name(f"{path.name}{ending}") for ending in _BESIDE]
    aside = None
    if any(item.exists() for item in old):
        aside = free_path(workspace / DAMAGED_FOLDER / datetime.now(UTC).strftime("%Y%m%d-%H%M%S"))
        aside.mkdir(parents=True)
        flush_directory(workspace)
        # The database first: what waits beside it is no danger alone, and a database without it
        # would look whole, and lack what came last.
        for item in old:
            if item.exists():
                item.rename(aside / item.name)
        flush_directory(aside)
        flush_directory(workspace)
    new.rename(path)
    flush_directory(workspace)
    return aside
