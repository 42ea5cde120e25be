"""RunStore: every run of a workspace, in a database and a folder each.

The worker writes what must last; windows and command lines read, rename, note and delete. Any
number of threads and processes may each use a store of the same workspace at the same time.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from engine.errors import WorkspaceError
from engine.events.insights import GradientFlow
from engine.events.messages import Event, FloatArray
from engine.events.run_events import EpochEnded, RunState, SettingChanged
from engine.files import atomic_write, cannot_write
from engine.runs.database import Database
from engine.runs.flow import cut_flow, read_flow
from engine.runs.history import cut_history, read_changes, read_epochs
from engine.runs.journal import change_run, end_run, write_events
from engine.runs.naming import clean_name, find_run, free_name
from engine.runs.owner import Owner
from engine.runs.record import RunRecord, record_from_row
from engine.runs.removal import delete_aside, deletion_moment, look, mend, put_back, take_out
from engine.runs.steps import cut_steps, read_steps
from engine.spec.run_spec import RunSpec

_ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{4}")
_ACTIVE = tuple(state.value for state in RunState if state.is_active)


def run_folder(workspace: Path, run: str) -> Path:
    """Returns where a run's files lie, or would lie; without an id where all runs do."""
    return workspace / "runs" / run


class RunStore:
    """The runs of a workspace.

    Args:
        workspace: The folder; it is made where there is none.

    Raises:
        WorkspaceError: The folder cannot be made or written, or its database cannot be used.
    """

    def __init__(self, workspace: Path) -> None:
        self._workspace = workspace
        self._folders = run_folder(workspace, "")
        try:
            self._folders.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise cannot_write(workspace, error) from error
        self._database = Database(workspace / "runs.sqlite")

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

    # ---- written by the process that trains

    def create(self, spec: RunSpec, name: str, dataset_title: str, model_title: str) -> RunRecord:
        """Makes a new run that belongs to this process, with a folder that holds `spec.json`.

        Args:
            spec: With every open choice closed.
            name: What people call it; empty for one made of data and model, numbered where taken.
            dataset_title: What people read for its data.
            model_title: What people read for its model.

        Raises:
            WorkspaceError: It cannot be written; then nothing is.
        """
        now = datetime.now(UTC)
        values = json.dumps(spec.to_dict(), ensure_ascii=False)
        run, folder = self._make_folder(now)
        try:
            atomic_write(folder / "spec.json", values)
            with self._database.write() as connection:
                made_up = f"{dataset_title} · {model_title}"
                title = clean_name(name) or free_name(connection, made_up)
                owner = Owner.this_process()
                connection.execute(
                    "INSERT INTO runs (id, name, state, created_at, spec, dataset_title, "
                    "model_title, owner_pid, owner_started_s) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (
                        run,
                        title,
                        RunState.PREPARING.value,
                        now.isoformat(),
                        values,
                        dataset_title,
                        model_title,
                        owner.pid,
                        owner.started_s,
                    ),
                )
        except WorkspaceError:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return self.get(run)

    def record(self, events: Sequence[Event]) -> None:
        """Stores events of runs in one transaction; when it returns, they survive a power cut.

        Raises:
            WorkspaceError: They cannot be written; then none of them is.
        """
        if events:
            with self._database.write() as connection:
                write_events(connection, events)

    def reopen(self, run: str, spec: RunSpec) -> None:
        """Makes a run that has ended active again; it belongs to this process now.

        Args:
            run: Its id.
            spec: With what it goes on.

        Raises:
            WorkspaceError: It cannot be written, or another process was faster.
        """
        values = json.dumps(spec.to_dict(), ensure_ascii=False)
        record = self.get(run)
        owner = Owner.this_process()
        with self._database.write() as connection:
            changed = connection.execute(
                "UPDATE runs SET state = ?, reason = '', hint = '', details = '', ended_at = NULL, "
                "spec = ?, owner_pid = ?, owner_started_s = ? WHERE id = ? AND owner_pid = ? "
                "AND state = ?",
                (
                    RunState.PREPARING.value,
                    values,
                    owner.pid,
                    owner.started_s,
                    run,
                    record.owner_pid,
                    record.state.value,
                ),
            )
            if not changed.rowcount:
                raise WorkspaceError(
                    f"The run '{record.name}' was continued by another process just now.",
                    "Wait for it to end there.",
                )
        atomic_write(self.folder(run) / "spec.json", values)

    def cut(self, run: str, step: int, epoch: int) -> None:
        """Forgets what a run recorded after a checkpoint that it goes on from in another way.

        Args:
            run: Its id.
            step: Steps that stay.
            epoch: Complete epochs that stay.
        """
        with self._database.write() as connection:
            cut_steps(connection, run, step)
            cut_flow(connection, run, step)
            cut_history(connection, run, step, epoch)
            change_run(connection, run, epochs_done=epoch)

    # ---- read by everyone

    def runs(self, deleted: bool = False) -> list[RunRecord]:
        """Returns all runs, the newest first.

        Args:
            deleted: Those that were deleted and can be brought back, in place of the others.
        """
        with self._database.read() as connection:
            rows = connection.execute(f"SELECT * FROM runs WHERE {_is_listed(deleted)}").fetchall()
        # Sorted here: SQLite would copy each row, with all its settings, once more.
        rows.sort(key=lambda row: (row["created_at"], row["id"]), reverse=True)
        return [record_from_row(row) for row in rows]

    def get(self, reference: str, deleted: bool = False) -> RunRecord:
        """Finds one run.

        Args:
            reference: Its id (of any run), its name, or the beginning of its id; the last two must
                fit one run only.
            deleted: Names and beginnings are of deleted runs, in place of the others.

        Raises:
            UnknownNameError: There is none.
            WorkspaceError: There are several.
        """
        with self._database.read() as connection:
            row = connection.execute("SELECT * FROM runs WHERE id = ?", (reference,)).fetchone()
            if row is not None:
                return record_from_row(row)
            known = connection.execute(
                f"SELECT id, name FROM runs WHERE {_is_listed(deleted)} ORDER BY created_at DESC"
            ).fetchall()
            run = find_run(reference, known, "deleted run" if deleted else "run")
            row = connection.execute("SELECT * FROM runs WHERE id = ?", (run,)).fetchone()
        return record_from_row(row)

    def epochs(self, run: str) -> list[EpochEnded]:
        """Returns the epochs of a run, the first first."""
        with self._database.read() as connection:
            return read_epochs(connection, run)

    def changes(self, run: str) -> list[SettingChanged]:
        """Returns what was changed while a run was under way, in order."""
        with self._database.read() as connection:
            return read_changes(connection, run)

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
        if not _ID.fullmatch(run):
            raise WorkspaceError(f"A run's id looks like 20261123-214501-a3f9. Received: '{run}'.")
        return self._folders / run

    def has_checkpoint(self, run: str) -> bool:
        """There is a state from which the run can go on."""
        # Asked of each of thousands of runs: paths as objects take five times as long.
        with suppress(OSError), os.scandir(f"{self._folders}/{run}/checkpoints") as entries:
            return any(entry.name.startswith("checkpoint-") for entry in entries)
        return False

    # ---- changed by people

    def rename(self, run: str, name: str) -> None:
        """Gives a run another name.

        Raises:
            WorkspaceError: The name is empty, or there is no such run.
        """
        cleaned = clean_name(name)
        if not cleaned:
            raise WorkspaceError(
                f"A run needs a name. Received: '{name}'.", "Type at least one character."
            )
        with self._database.write() as connection:
            change_run(connection, run, name=cleaned)

    def set_note(self, run: str, note: str) -> None:
        """Replaces the note of a run.

        Raises:
            WorkspaceError: There is no such run.
        """
        with self._database.write() as connection:
            change_run(connection, run, note=note)

    def delete(self, run: str) -> None:
        """Takes a run off the list; it can be brought back for 30 days.

        Raises:
            WorkspaceError: Another living process trains it, or there is no such run.
        """
        record = self.get(run)
        is_mine = record.owner_pid == os.getpid()
        if record.state.is_active and not is_mine and record.owner.is_alive:
            raise WorkspaceError(
                f"The run '{record.name}' is being trained by process {record.owner_pid}.",
                "Stop it first, then delete it.",
            )
        with self._database.write() as connection:
            change_run(connection, run, deleted_at=deletion_moment(record).isoformat())

    def restore(self, run: str) -> None:
        """Brings a deleted run back.

        Raises:
            WorkspaceError: There is no such run, or it was removed for good.
        """
        with self._database.write() as connection:
            change_run(connection, run, deleted_at=None)
            try:
                put_back(self.folder(run))
            except OSError as error:
                raise cannot_write(self.folder(run), error) from error

    # ---- tidied up by whoever comes first

    def overdue(self, now: datetime | None = None) -> list[str] | None:
        """Returns the deleted runs to be removed for good; whoever comes first asks, once a day.

        Args:
            now: The time; that of the clock by default.

        Returns:
            Their ids; None where it was asked less than a day ago.

        Raises:
            WorkspaceError: The workspace cannot be written.
        """
        found = look(self._workspace, self.runs(deleted=True), now or datetime.now(UTC))
        if found is not None:
            with self._database.write() as connection:
                left = mend(connection, self._folders)
            for folder in left:
                delete_aside(folder)
        return found

    def remove(self, run: str, now: datetime | None = None) -> bool:
        """Removes a deleted run for good, its folder included: all of it, or nothing.

        Returns:
            Whether it is gone. One that was restored stays, and one whose files are in use stays
            for the next time.
        """
        with self._database.write() as connection:
            is_gone = take_out(connection, run, self.folder(run), now or datetime.now(UTC))
        if is_gone:
            delete_aside(self.folder(run))
        return is_gone

    def mark_interrupted(self) -> list[RunRecord]:
        """Ends the active runs whose process is gone; those of living processes are left alone.

        Returns:
            The runs that were ended, the newest first.
        """
        marks = ", ".join("?" * len(_ACTIVE))
        query = f"SELECT * FROM runs WHERE state IN ({marks}) ORDER BY created_at DESC, id DESC"
        with self._database.read() as connection:
            if not connection.execute(query, _ACTIVE).fetchone():
                return []  # The usual case costs no write.
        ended: list[str] = []
        with self._database.write() as connection:
            for row in connection.execute(query, _ACTIVE).fetchall():
                record = record_from_row(row)
                if not record.owner.is_alive:
                    reason, hint = _interruption(record)
                    state = RunState.INTERRUPTED
                    end_run(connection, record.id, state, reason, hint, details="")
                    ended.append(record.id)
        return [self.get(run) for run in ended]

    def _make_folder(self, now: datetime) -> tuple[str, Path]:
        # The time on the clock in front of people; the order comes from `created_at`.
        stamp = now.astimezone().strftime("%Y%m%d-%H%M%S")
        while True:
            run = f"{stamp}-{secrets.token_hex(2)}"
            folder = self._folders / run
            try:
                folder.mkdir()
            except FileExistsError:
                continue
            except OSError as error:
                raise cannot_write(folder, error) from error
            return run, folder


def _is_listed(deleted: bool) -> str:
    return "deleted_at IS NOT NULL" if deleted else "deleted_at IS NULL"


def _interruption(record: RunRecord) -> tuple[str, str]:
    done = record.epochs_done
    if not done:
        return "The process that trained it ended before the first epoch.", "Start it again."
    epochs = f"{done} of {record.epochs_planned} epochs" if record.epochs_planned else f"{done}"
    return (
        f"The process that trained it ended after {epochs}.",
        "Everything up to then is kept. If memory ran out, try a smaller batch or model.",
    )
