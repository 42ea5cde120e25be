"""RunReader: what a workspace says of its runs; whoever only looks needs no more."""

from __future__ import annotations

import os
import sqlite3
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from engine.errors import WorkspaceError
from engine.events.insights import GradientFlow
from engine.events.run_events import EpochEnded, RunState, SettingChanged
from engine.runs.database import Database
from engine.runs.flow import read_flow
from engine.runs.history import history_problems, read_changes, read_epochs
from engine.runs.naming import find_run
from engine.runs.places import DATABASE, full_problem, make_folders, write_problem
from engine.runs.record import RunRecord, record_from_row, records_from_rows
from engine.runs.row_checks import BadRow
from engine.runs.run_folders import check_run_id, run_folder
from engine.runs.steps import read_steps

if TYPE_CHECKING:
    from engine.events.messages import FloatArray


class RunReader:
    """The runs of a workspace.

    A workspace that cannot be written is looked at: `problem` says why, and whatever would change
    it raises that.

    Args:
        workspace: The folder; it is made where there is none.

    Raises:
        DatabaseDamaged: Its database is damaged, or lost while there are runs.
        WorkspaceError: The folder cannot be made, or its database cannot be used.

    Attributes:
        problem: Why the workspace can only be looked at, in words; None: it can be written.
    """

    def __init__(self, workspace: Path) -> None:
        self._workspace = workspace
        self._folders = run_folder(workspace, "")
        self.problem = write_problem(workspace)
        self._database = self._open(workspace / DATABASE)

    def _open(self, path: Path) -> Database:
        if self.problem is not None:
            return Database(path, looks_only=True)
        try:
            make_folders(self._workspace)
            return Database(path)
        except WorkspaceError as error:
            self.problem = full_problem(self._workspace, error)
            if self.problem is None or not path.exists():
                raise
            return Database(path, looks_only=True, leaves_alone=True)

    @property
    def workspace(self) -> Path:
        """The folder that holds the runs."""
        return self._workspace

    def check_writable(self) -> None:
        """Makes sure that the workspace can be written.

        Raises:
            WorkspaceError: It cannot.
        """
        if self.problem is not None:
            raise self.problem

    def close(self) -> None:
        """Closes the database; calls under way in other threads end first."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def runs(self, deleted: bool = False) -> list[RunRecord]:
        """Returns all runs, the newest first; those that `bad_rows` tells of are left out.

        Args:
            deleted: Those that were deleted and can be brought back, in place of the others.
        """
        return self._read_rows(_is_listed(deleted))[0]

    def listing(self) -> tuple[list[RunRecord], list[RunRecord], list[BadRow]]:
        """Reads every run once.

        Returns:
            Those in the list and those that can be brought back, the newest first, and what is
            wrong with the ones that cannot be shown.
        """
        records, bad = self._read_rows("1")
        listed = [record for record in records if record.deleted_at is None]
        return listed, [record for record in records if record.deleted_at is not None], bad

    def bad_rows(self) -> list[BadRow]:
        """Returns what is wrong with the runs that cannot be shown; empty: all can be."""
        return self._read_rows("1")[1]

    def get(self, reference: str, deleted: bool = False) -> RunRecord:
        """Finds one run.

        Args:
            reference: Its id (of any run), its name, or the beginning of its id; the last two must
                fit one run only.
            deleted: Names and beginnings are of deleted runs, in place of the others.

        Raises:
            UnknownNameError: There is none.
            BadRow: What is stored of it is damaged.
            WorkspaceError: There are several.
        """
        with self._database.read() as connection:
            row = connection.execute("SELECT * FROM runs WHERE id = ?", (reference,)).fetchone()
            if row is not None:
                return self._record(row)
            known = connection.execute(
                f"SELECT id, name FROM runs WHERE {_is_listed(deleted)} ORDER BY created_at DESC"
            ).fetchall()
            run = find_run(reference, known, "deleted run" if deleted else "run")
            row = connection.execute("SELECT * FROM runs WHERE id = ?", (run,)).fetchone()
        return self._record(row)

    def _read_rows(self, which: str) -> tuple[list[RunRecord], list[BadRow]]:
        """Reads rows of runs, the newest first: those that are whole, and what the others lack."""
        with self._database.read() as connection:
            rows = connection.execute(f"SELECT * FROM runs WHERE {which}").fetchall()
        # Sorted here: SQLite would copy each row, with all its settings, once more.
        rows.sort(key=lambda row: (str(row["created_at"]), str(row["id"])), reverse=True)
        records, bad = records_from_rows(rows)
        if self.problem is not None:
            records = [self._seen(record) for record in records]
        return records, bad

    def _record(self, row: sqlite3.Row) -> RunRecord:
        return self._seen(record_from_row(row))

    def _seen(self, record: RunRecord) -> RunRecord:
        if self.problem is not None and record.state.is_active and not record.owner.is_alive:
            # Nobody can write down that it was.
            return replace(record, state=RunState.INTERRUPTED)
        return record

    def values(self, run: str) -> dict[str, Any]:
        """Returns the columns of a run as the database has them.

        Args:
            run: Its id.

        Raises:
            BadRow: What is stored of it is damaged.
            WorkspaceError: There is none.
        """
        with self._database.read() as connection:
            row = connection.execute("SELECT * FROM runs WHERE id = ?", (run,)).fetchone()
        self._record(row)  # makes sure that it can be read
        return dict(row)

    def epochs(self, run: str) -> list[EpochEnded]:
        """Returns the epochs of a run, the first first; those that `bad_epochs` tells of not."""
        with self._database.read() as connection:
            return read_epochs(connection, run)[0]

    def bad_epochs(self, run: str) -> list[str]:
        """Returns what is wrong with epochs and changes that cannot be shown, in words."""
        with self._database.read() as connection:
            return history_problems(connection, run)

    def changes(self, run: str) -> list[SettingChanged]:
        """Returns what was changed while a run was under way, in order."""
        with self._database.read() as connection:
            return read_changes(connection, run)[0]

    def flow(self, run: str) -> list[GradientFlow]:
        """Returns the gradient flow of a run, by step; empty where none was measured."""
        with self._database.read() as connection:
            return read_flow(connection, run)

    def steps(self, run: str) -> dict[str, FloatArray]:
        """Returns the per-step values of each metric of a run, (n_steps,).

        A million steps take some milliseconds once the run has ended; call it off the GUI thread.
        """
        with self._database.read() as connection:
            return read_steps(connection, run)

    def folder(self, run: str) -> Path:
        """Returns the folder of a run.

        Args:
            run: Its id.

        Raises:
            WorkspaceError: It is no run's id.
        """
        check_run_id(run)
        return self._folders / run

    def has_checkpoint(self, run: str) -> bool:
        """There is a state from which the run can go on."""
        # Asked of each of thousands of runs: paths as objects take five times as long.
        try:
            with os.scandir(f"{self._folders}/{run}/checkpoints") as entries:
                return any(entry.name.startswith("checkpoint-") for entry in entries)
        except OSError:
            return False


def _is_listed(deleted: bool) -> str:
    return "deleted_at IS NOT NULL" if deleted else "deleted_at IS NULL"
