"""The SQLite file of a workspace: connections, schema and its migrations, errors in words.

Any number of processes and threads may use it at once. Write-ahead logging keeps readers and the
writer out of each other's way; `synchronous=FULL` makes what was committed survive a power cut.
"""

from __future__ import annotations

import errno
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.errors import WorkspaceError
from engine.files import cannot_write

BUSY_TIMEOUT_S = 10.0

# One entry per schema number, each the way from the one before. Released entries never change.
MIGRATIONS = (
    """
    CREATE TABLE runs (
        id TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        note TEXT NOT NULL DEFAULT '',
        state TEXT NOT NULL,
        reason TEXT NOT NULL DEFAULT '',
        hint TEXT NOT NULL DEFAULT '',
        details TEXT NOT NULL DEFAULT '',
        created_at TEXT NOT NULL,
        ended_at TEXT,
        deleted_at TEXT,
        spec TEXT NOT NULL,
        dataset_title TEXT NOT NULL,
        model_title TEXT NOT NULL,
        epochs_planned INTEGER NOT NULL DEFAULT 0,
        epochs_done INTEGER NOT NULL DEFAULT 0,
        best_epoch INTEGER,
        duration_s REAL NOT NULL DEFAULT 0,
        metrics TEXT NOT NULL DEFAULT '{}',
        plan TEXT NOT NULL DEFAULT '{}',
        owner_pid INTEGER NOT NULL,
        owner_started_s REAL NOT NULL
    );
    CREATE TABLE epochs (
        run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
        epoch INTEGER NOT NULL,
        step INTEGER NOT NULL,
        metrics TEXT NOT NULL,
        duration_s REAL NOT NULL,
        elapsed_s REAL NOT NULL,
        samples_per_s REAL NOT NULL,
        is_best INTEGER NOT NULL,
        PRIMARY KEY (run, epoch)
    ) WITHOUT ROWID;
    CREATE TABLE steps (
        id INTEGER PRIMARY KEY,
        run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
        metric TEXT NOT NULL,
        first_step INTEGER NOT NULL,
        n_steps INTEGER NOT NULL,
        numbers BLOB NOT NULL
    );
    CREATE INDEX steps_of_run ON steps (run);
    """,
    """
    ALTER TABLE epochs ADD COLUMN learning_rate REAL;
    CREATE TABLE changes (
        id INTEGER PRIMARY KEY,
        run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
        epoch INTEGER NOT NULL,
        step INTEGER NOT NULL,
        setting TEXT NOT NULL,
        before REAL NOT NULL,
        after REAL NOT NULL,
        reason TEXT NOT NULL
    );
    CREATE INDEX changes_of_run ON changes (run);
    """,
    """
    ALTER TABLE runs ADD COLUMN flow_layers TEXT NOT NULL DEFAULT '[]';
    CREATE TABLE flow (
        run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
        step INTEGER NOT NULL,
        epoch REAL NOT NULL,
        numbers BLOB NOT NULL,
        PRIMARY KEY (run, step)
    ) WITHOUT ROWID;
    """,
)
SCHEMA_NUMBER = len(MIGRATIONS)


class Database:
    """Hands out connections to one SQLite file; safe to use from any thread.

    A connection serves one thread at a time and is then kept for the next, so that threads that
    come and go leave none behind.

    Args:
        path: The file; it is made where there is none, its directory must exist.

    Raises:
        WorkspaceError: It cannot be opened, is damaged, or was written by a newer Descent.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._guard = threading.Lock()
        self._idle: list[sqlite3.Connection] = []
        self._is_closed = False
        try:
            with self._connection() as connection:
                self._migrate(connection)
        except BaseException:
            self.close()
            raise

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """Gives a connection on which every query sees the same moment.

        Raises:
            WorkspaceError: The database cannot be read.
        """
        with self._connection() as connection:
            connection.execute("BEGIN")
            yield connection
            connection.execute("COMMIT")

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """Gives a connection for one transaction; when the block has ended, it is on the disk.

        Raises:
            WorkspaceError: It cannot be written; then nothing of the block is.
        """
        with self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")

    def close(self) -> None:
        """Closes every idle connection; those in use close when they come back."""
        with self._guard:
            self._is_closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        connection: sqlite3.Connection | None = None
        try:
            connection = self._take()
            yield connection
        except sqlite3.Error as error:
            raise self._in_words(error) from error
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
        is_sound = True
        if connection.in_transaction:
            try:
                connection.rollback()
            except sqlite3.Error:
                is_sound = False  # Closing it undoes the transaction, too.
        with self._guard:
            if is_sound and not self._is_closed:
                self._idle.append(connection)
                return
        connection.close()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
        )
        try:
            connection.row_factory = sqlite3.Row
            _use_write_ahead_log(connection)
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    def _migrate(self, connection: sqlite3.Connection) -> None:
        if self._schema_number(connection) == SCHEMA_NUMBER:
            return
        connection.execute("BEGIN IMMEDIATE")
        # Another process may have been faster.
        found = self._schema_number(connection)
        if found > SCHEMA_NUMBER:
            raise WorkspaceError(
                f"The run database '{self._path}' was written by a newer version of Descent. "
                f"Received: schema {found}; this version knows {SCHEMA_NUMBER}.",
                "Update Descent, or choose another workspace with --workspace.",
            )
        for script in MIGRATIONS[found:]:
            for statement in script.split(";"):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {SCHEMA_NUMBER}")
        connection.execute("COMMIT")

    @staticmethod
    def _schema_number(connection: sqlite3.Connection) -> int:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])

    def _in_words(self, error: sqlite3.Error) -> WorkspaceError:
        # The low byte is the primary code; the rest says more of what people cannot act on.
        match getattr(error, "sqlite_errorcode", 0) & 0xFF:
            case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
                what = f"The run database '{self._path}' is damaged"
                hint = (
                    "Move the file elsewhere, together with those beside it that end in -wal and "
                    "-shm, and start again: a new one is made. The folders of the runs stay."
                )
            case sqlite3.SQLITE_FULL:
                return cannot_write(self._path, OSError(errno.ENOSPC, "No space left on device"))
            case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
                what = f"The run database '{self._path}' is being written by another process"
                hint = "Try again in a moment; if it stays so, close the other program."
            case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
                what = f"The run database '{self._path}' cannot be opened for writing"
                hint = "Allow writing to this folder, or choose another one with --workspace."
            case _:
                what = f"The run database '{self._path}' cannot be used"
                hint = "Check that its disk is connected and healthy, or choose another workspace."
        return WorkspaceError(f"{what}. Received: {error}.", hint)


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
