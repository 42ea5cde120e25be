"""RunStore: every run of a workspace, in a database and a folder each.

The worker writes what must last; windows and command lines read, rename, note and delete. Any
number of threads and processes may each use a store of the same workspace at the same time.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import WorkspaceError
from engine.events.messages import Event
from engine.events.run_events import (
    RunEnded,
    RunEvent,
    RunStarted,
    RunState,
)
from engine.files import atomic_write, flush_directory, flush_tree
from engine.files.disk import cannot_write
from engine.runs.copies import is_due, keep_copy
from engine.runs.incoming import Incoming, insert_incoming
from engine.runs.journal import (
    adopt_run,
    change_run,
    cut_run,
    end_run,
    insert_run,
    reopen_run,
    write_events,
)
from engine.runs.naming import clean_name, free_name
from engine.runs.owner import Owner
from engine.runs.places import (
    check_there,
    in_passing,
    interruption,
)
from engine.runs.reader import RunReader
from engine.runs.record import RunRecord, record_from_row
from engine.runs.removal import delete_aside, deletion_moment, look, mend, put_back, take_out
from engine.runs.row_checks import BadRow, check_row
from engine.runs.run_file import (
    append_cut,
    append_history,
    flush_history,
    read_run_file,
    save_run_file,
)
from engine.runs.run_folders import SPEC_FILE

if TYPE_CHECKING:
    from engine.spec.run_spec import RunSpec

_ACTIVE = tuple(state.value for state in RunState if state.is_active)


class RunStore(RunReader):
    """The runs of a workspace, to be read, written and changed; opened as `RunReader` says."""

    # ---- written by the process that trains

    def create(
        self, spec: RunSpec, name: str, dataset_title: str, model_title: str, origin: str = ""
    ) -> RunRecord:
        """Makes a new run that belongs to this process, with a folder that holds `spec.json`.

        Args:
            spec: With every open choice closed.
            name: What people call it; empty for one made of data and model, numbered where taken.
            dataset_title: What people read for its data.
            model_title: What people read for its model.
            origin: Id of the run that is begun again as this one, whose name it bears with a
                number; empty: none.

        Raises:
            WorkspaceError: It cannot be written; then nothing is.
        """
        self.check_writable()
        now = datetime.now(UTC)
        values = json.dumps(spec.to_dict(), ensure_ascii=False)
        run, folder = self._make_folder(now)
        owner = Owner.this_process()
        try:
            atomic_write(folder / SPEC_FILE, values)
            with self._database.write() as connection:
                title = clean_name(name)
                if origin or not title:
                    title = free_name(connection, title or f"{dataset_title} · {model_title}")
                insert_run(
                    connection,
                    {
                        "id": run,
                        "name": title,
                        "state": RunState.PREPARING.value,
                        "created_at": now.isoformat(),
                        "spec": values,
                        "dataset_title": dataset_title,
                        "model_title": model_title,
                        "owner_pid": owner.pid,
                        "owner_started_s": owner.started_s,
                        "origin": origin,
                    },
                )
        except WorkspaceError:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        self._note(run)
        return self.get(run)

    def record(self, events: Sequence[Event]) -> None:
        """Stores events of runs in one transaction; when it returns, they survive a power cut.

        Raises:
            WorkspaceGone: The folder of a run that goes on is no longer there.
            WorkspaceError: They cannot be written; then none of them is.
        """
        if not events:
            return
        self.check_writable()
        of_runs = [event for event in events if isinstance(event, RunEvent)]
        ended = {event.run for event in of_runs if isinstance(event, RunEnded)}
        with self._database.write() as connection:
            write_events(connection, events)
            for run in {event.run for event in of_runs} - ended:
                check_there(self.folder(run))
        for run in {event.run for event in of_runs}:
            mine = [event for event in of_runs if event.run == run]
            with in_passing(run):
                append_history(mine, self.folder(run))
            if any(isinstance(event, RunStarted | RunEnded) for event in mine):
                self._note(run)

    def reopen(self, run: str, spec: RunSpec, kept: tuple[int, int] | None = None) -> None:
        """Makes a run that has ended active again; it belongs to this process now.

        Args:
            run: Its id.
            spec: With what it goes on.
            kept: Steps and complete epochs that stay of what was recorded; None: all.

        Raises:
            WorkspaceError: It cannot be written, or another process was faster.
        """
        self.check_writable()
        values = json.dumps(spec.to_dict(), ensure_ascii=False)
        record = self.get(run)
        with self._database.write() as connection:
            reopen_run(connection, record, values, Owner.this_process())
            if kept is not None:
                cut_run(connection, run, *kept)
        if kept is not None:
            with in_passing(run):
                append_cut(*kept, self.folder(run))
        atomic_write(self.folder(run) / SPEC_FILE, values)
        self._note(run)

    def adopt(self, record: RunRecord, spec: RunSpec, events: Sequence[Event]) -> Path:
        """Takes a run whose workspace vanished while it was trained; or the same run once more.

        Args:
            record: The run, as it was when it began.
            spec: With what it is trained.
            events: What was recorded of it so far, each event of the run and lasting.

        Returns:
            Its folder.

        Raises:
            WorkspaceError: It cannot be written; then nothing is.
        """
        self.check_writable()
        folder = self.folder(record.id)
        values = json.dumps(spec.to_dict(), ensure_ascii=False)
        try:
            folder.mkdir(exist_ok=True)
            flush_directory(self._folders)
        except OSError as error:
            raise cannot_write(folder, error) from error
        atomic_write(folder / SPEC_FILE, values)
        with self._database.write() as connection:
            adopt_run(connection, record, values, Owner.this_process())
            write_events(connection, events)
        with in_passing(record.id):
            append_cut(0, 0, folder)
            append_history(events, folder)
        self._note(record.id)
        return folder

    def bring_in(self, incoming: Incoming, folder: Path) -> RunRecord:
        """Takes in a run from elsewhere: all of it, or nothing.

        Args:
            incoming: The run; its id is no other's, and its name gets a number where it is taken.
            folder: On the disk of the workspace, what the run left; it is moved.

        Raises:
            WorkspaceError: It cannot be written, or there is such a run; then nothing is.
        """
        self.check_writable()
        place = self.folder(incoming.run)
        if place.exists():
            raise WorkspaceError(f"There is a run '{incoming.run}' in this workspace already.")
        try:
            flush_tree(folder)
            with self._database.write() as connection:
                insert_incoming(connection, incoming)
                name = free_name(connection, clean_name(str(incoming.values["name"])), incoming.run)
                change_run(connection, incoming.run, name=name or incoming.run)
                folder.rename(place)
                flush_directory(self._folders)
        except OSError as error:
            shutil.rmtree(place, ignore_errors=True)
            raise cannot_write(place, error) from error
        except BaseException:
            shutil.rmtree(place, ignore_errors=True)
            raise
        self._note(incoming.run)
        return self.get(incoming.run)

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
        self._note(run)

    def set_note(self, run: str, note: str) -> None:
        """Replaces the note of a run.

        Raises:
            WorkspaceError: There is no such run.
        """
        with self._database.write() as connection:
            change_run(connection, run, note=note)
        self._note(run)

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
        self._note(run)

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
        self._note(run)

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

    def keep_copy(self, now: datetime | None = None) -> Path | None:
        """Keeps a copy of the database, once a day; see `engine.runs.copies`.

        Args:
            now: The time; that of the clock by default.

        Returns:
            The copy; None where none is due, or none can be made of what is damaged.

        Raises:
            WorkspaceError: It cannot be written.
        """
        self.check_writable()
        moment = now or datetime.now(UTC)
        if not is_due(self._workspace, moment):
            return None
        for record in self.runs() + self.runs(deleted=True):
            if self.folder(record.id).is_dir() and read_run_file(self.folder(record.id)) is None:
                self._note(record.id)  # an older version did not write it
        with self._database.read() as connection:
            return keep_copy(connection, self._workspace, moment)

    def mark_interrupted(self) -> list[RunRecord]:
        """Ends the active runs whose process is gone; those of living processes are left alone.

        Returns:
            The runs that were ended, the newest first; none where nothing can be written.
        """
        if self.problem is not None:
            return []
        marks = ", ".join("?" * len(_ACTIVE))
        query = f"SELECT * FROM runs WHERE state IN ({marks}) ORDER BY created_at DESC, id DESC"
        with self._database.read() as connection:
            if not connection.execute(query, _ACTIVE).fetchone():
                return []  # The usual case costs no write.
        ended: list[str] = []
        with self._database.write() as connection:
            for row in connection.execute(query, _ACTIVE).fetchall():
                with suppress(BadRow):
                    record = record_from_row(row)
                    if not record.owner.is_alive:
                        reason, hint = interruption(record)
                        state = RunState.INTERRUPTED
                        end_run(connection, record.id, state, reason, hint, details="")
                        ended.append(record.id)
        for run in ended:
            self._note(run)
        return [self.get(run) for run in ended]

    # ---- on disk

    def _note(self, run: str) -> None:
        """Writes into the folder of a run what the database says of it."""
        with in_passing(run):
            with self._database.read() as connection:
                row = connection.execute("SELECT * FROM runs WHERE id = ?", (run,)).fetchone()
            if row is not None and self.folder(run).is_dir():
                check_row(row)
                save_run_file(dict(row), self.folder(run))
                if not RunState(row["state"]).is_active:
                    flush_history(self.folder(run))

    def _make_folder(self, now: datetime) -> tuple[str, Path]:
        # The time on the clock in front of people; the order comes from `created_at`.
        stamp = now.astimezone().strftime("%Y%m%d-%H%M%S")
        while True:
            run = f"{stamp}-{secrets.token_hex(2)}"
            folder = self._folders / run
            try:
                folder.mkdir()
                flush_directory(self._folders)
            except FileExistsError:
                continue
            except OSError as error:
                raise cannot_write(folder, error) from error
            return run, folder
