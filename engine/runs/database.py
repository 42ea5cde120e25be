"""The SQLite file of a workspace: connections, and errors in words.

Any number of processes and threads may use it at once. Write-ahead logging keeps readers and the
writer out of each other's way; `synchronous=FULL` makes what was committed survive a power cut.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from engine.errors import DatabaseDamaged, WorkspaceError, WorkspaceGone
from engine.files.disk import (
    DATABASE_ERRORS,
    DatabaseError,
    Trouble,
    cannot_write,
    hint_of,
    trouble_of,
)
from engine.runs.looking import Looker
from engine.runs.run_folders import folders_of_runs
from engine.runs.schema import REPAIR_HINT, SCHEMA_NUMBER, migrate, text_or_bytes

__all__ = ["BUSY_TIMEOUT_S", "SCHEMA_NUMBER", "Database", "check_usable", "in_words"]

BUSY_TIMEOUT_S = 10.0


class Database:
    """Hands out connections to one SQLite file; safe to use from any thread.

    A connection serves one thread at a time and is then kept for the next, so that threads that
    come and go leave none behind.

    Args:
        path: The file; it is made where there is none, its directory must exist.
        looks_only: It is not written: its disk may be read-only.
        leaves_alone: Nor is anything made beside it, which a full disk has no room for.

    Raises:
        DatabaseDamaged: It is damaged, or lost while there are runs.
        WorkspaceError: It cannot be opened, or was written by a newer Descent.
    """

    def __init__(self, path: Path, looks_only: bool = False, leaves_alone: bool = False) -> None:
        self._path = path
        self._guard = threading.Lock()
        self._idle: list[sqlite3.Connection] = []
        self._is_closed = False
        self._looker = Looker(path, leaves_alone) if looks_only else None
        self._identity: tuple[int, int] | None = None
        check_usable(path)
        try:
            with self._connection() as connection:
                if self._looker is None:
                    migrate(connection, path)
            self._identity = _identity(path)
        except BaseException:
            self.close()
            raise

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """Gives a connection on which every query sees the same moment.

        Raises:
            WorkspaceGone: The file is no longer where it was.
            WorkspaceError: The database cannot be read.
        """
        self._check_there()
        with self._connection() as connection:
            connection.execute("BEGIN")
            yield connection
            connection.execute("COMMIT")

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """Gives a connection for one transaction; when the block has ended, it is on the disk.

        Raises:
            WorkspaceGone: The file is no longer where it was: nobody would find what is written.
            WorkspaceError: It cannot be written; then nothing of the block is.
        """
        if self._looker is not None:
            raise WorkspaceError(
                f"The workspace '{self._path.parent}' can only be looked at.",
                hint_of(Trouble.READ_ONLY),
            )
        self._check_there()
        with self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")

    def close(self) -> None:
        """Closes every idle connection; those in use close when they come back."""
        with self._guard:
            self._is_closed = True
        self._drop_idle()
        if self._looker is not None:
            self._looker.close()

    def _check_there(self) -> None:
        """Makes sure that connections lead to the file that has the name.

        A file that was deleted takes everything without a word as long as it is open.

        Raises:
            WorkspaceGone: They do not.
        """
        if self._identity is not None and _identity(self._path) != self._identity:
            self._drop_idle()
            raise WorkspaceGone(
                f"The workspace '{self._path.parent}' is no longer there: its run database was "
                "deleted or replaced, or its disk was taken away.",
                "Bring it back, or choose another one with --workspace.",
            )

    def _drop_idle(self) -> None:
        with self._guard:
            idle, self._idle = self._idle, []
        for connection in idle:
            with suppress(*DATABASE_ERRORS):
                connection.close()

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        connection: sqlite3.Connection | None = None
        try:
            connection = self._take()
            yield connection
        except DATABASE_ERRORS as error:
            raise in_words(error, self._path) from error
        finally:
            if connection is not None:
                self._give_back(connection)

    def _take(self) -> sqlite3.Connection:
        with self._guard:
            if self._is_closed:
                raise WorkspaceError(f"The run database '{self._path}' was closed already.")
            if self._idle:
                return self._idle.pop()
        return self._connect()

    def _give_back(self, connection: sqlite3.Connection) -> None:
        is_sound = self._looker is None  # who only looks, looks anew each time
        if connection.in_transaction:
            try:
                connection.rollback()
            except DATABASE_ERRORS:
                is_sound = False  # Closing it undoes the transaction, too.
        with self._guard:
            if is_sound and not self._is_closed:
                self._idle.append(connection)
                return
        connection.close()

    def _connect(self) -> sqlite3.Connection:
        if self._looker is not None:
            return self._looker.connect()
        connection = sqlite3.connect(
            self._path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
        )
        try:
            connection.row_factory = sqlite3.Row
            connection.text_factory = text_or_bytes
            _use_write_ahead_log(connection)
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
        except DATABASE_ERRORS:
            connection.close()
            raise
        return connection


def check_usable(path: Path) -> None:
    """Makes sure that a database is there, or that none is missed.

    SQLite would make a new one in place of one that is missing or empty, and throw away what
    waits beside it to be taken in.

    Raises:
        DatabaseDamaged: It is lost.
        WorkspaceError: Something else stands in its place.
    """
    if path.is_dir():
        raise DatabaseDamaged(
            f"'{path}' is a folder, where the run database is expected.", REPAIR_HINT
        )
    how = _nothing_in(path)
    if not how:
        return
    n_runs = len(folders_of_runs(path.parent))
    log = path.with_name(f"{path.name}-wal")
    waits = log.is_file() and log.stat().st_size > 0
    # Another process may have made it since; what lies beside it is then its own.
    how = _nothing_in(path)
    if how and n_runs:
        one = n_runs == 1
        raise DatabaseDamaged(
            f"The run database '{path}' {how}, but {'the folder' if one else 'the folders'} of "
            f"{n_runs} run{'' if one else 's'} {'is' if one else 'are'} there.",
            REPAIR_HINT,
        )
    if how and waits:
        raise DatabaseDamaged(
            f"The run database '{path}' {how}, but what was to be written into it waits in "
            f"'{log.name}'.",
            REPAIR_HINT,
        )


def _nothing_in(path: Path) -> str:
    """In which way there is no database, in words; empty: there is one.

    Raises:
        WorkspaceError: It cannot be looked at.
    """
    try:
        return "" if path.stat().st_size else "is empty"
    except FileNotFoundError:
        return "is missing"
    except OSError as error:
        raise cannot_write(path, error) from error


def in_words(error: DatabaseError, path: Path) -> WorkspaceError:
    """An error of SQLite in words."""
    trouble = trouble_of(error, path)
    match trouble:
        case Trouble.DAMAGED:
            return DatabaseDamaged(
                f"The run database '{path}' is damaged. Received: {error}.", REPAIR_HINT
            )
        case Trouble.FULL | Trouble.QUOTA | Trouble.TOO_LARGE | Trouble.BROKEN:
            return cannot_write(path, error)
        case Trouble.BUSY:
            what = f"The run database '{path}' is being written by another process"
        case Trouble.READ_ONLY:
            what = f"The run database '{path}' cannot be opened for writing"
        case _:
            what = f"The run database '{path}' cannot be used"
    return WorkspaceError(f"{what}. Received: {error}.", hint_of(trouble))


def _identity(path: Path) -> tuple[int, int] | None:
    """What tells a file from another of the same name; None: it is not there."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _use_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Switches the file's journal, which fails at once where another process does the same."""
    deadline_s = time.monotonic() + BUSY_TIMEOUT_S
    while connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            connection.execute("PRAGMA journal_mode = WAL").fetchone()
            return  # A network drive may refuse and keep its own journal, which is safe as well.
        except sqlite3.OperationalError as error:
            is_busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
            if not is_busy or time.monotonic() > deadline_s:
                raise
            time.sleep(0.01)
