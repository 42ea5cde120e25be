"""Looker: reads a database whose disk cannot be written, without missing what waits beside it.

SQLite keeps what was committed last in a file of its own, ``-wal``, and wants to write beside the
database even to read it. Told that a file never changes (``immutable``), it reads that alone: which
is right only where nothing waits. Else, and where an older version wrote it, a copy is read.
https://www.sqlite.org/wal.html#read_only_databases
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
import threading
from pathlib import Path
from urllib.parse import quote

from engine.files.disk import cannot_read
from engine.runs.schema import (
    SCHEMA_NUMBER,
    check_schema,
    migrate,
    schema_number,
    text_or_bytes,
)

_PARTS = ("", "-wal")


class Looker:
    """Makes connections that only read.

    Args:
        path: The database; where there is none, an empty one is read.
        leaves_alone: Nothing is made beside it, even where that is allowed: to read a database,
            SQLite makes what it wants there.
    """

    def __init__(self, path: Path, leaves_alone: bool = False) -> None:
        self._path = path
        self._leaves_alone = leaves_alone
        self._guard = threading.Lock()
        self._copy: tempfile.TemporaryDirectory[str] | None = None
        self._copied: tuple[tuple[int, int], ...] = ()

    def connect(self) -> sqlite3.Connection:
        """Opens what there is now.

        Raises:
            WorkspaceError: It was written by a newer Descent, or no copy of it can be made.
            sqlite3.Error: It cannot be read.
        """
        if not self._path.exists():
            return _migrated(_connection(":memory:"), self._path)
        for how in self._ways():
            try:
                connection = _connection(f"file:{quote(self._path.as_posix())}?{how}")
                found = schema_number(connection)
                connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF not in _CANNOT_WRITE:
                    raise
                continue
            check_schema(found, self._path)
            if found == SCHEMA_NUMBER:
                return connection
            connection.close()
            break
        return _migrated(_connection(str(self._copied_path())), self._path)

    def close(self) -> None:
        """Removes the copy."""
        with self._guard:
            if self._copy is not None:
                self._copy.cleanup()
                self._copy, self._copied = None, ()

    def _ways(self) -> list[str]:
        log = self._path.with_name(f"{self._path.name}-wal")
        waits = log.is_file() and log.stat().st_size
        ways = [] if self._leaves_alone else ["mode=ro"]
        return ways if waits else [*ways, "mode=ro&immutable=1"]

    def _copied_path(self) -> Path:
        """A copy of what there is, made anew where that has changed."""
        stamp = tuple(
            (found.stat().st_mtime_ns, found.stat().st_size)
            for part in _PARTS
            if (found := self._path.with_name(self._path.name + part)).is_file()
        )
        with self._guard:
            if self._copy is None or stamp != self._copied:
                if self._copy is not None:
                    self._copy.cleanup()
                self._copy = tempfile.TemporaryDirectory(prefix="descent-")
                self._copied = stamp
                try:
                    for part in _PARTS:
                        source = self._path.with_name(self._path.name + part)
                        if source.is_file():
                            shutil.copyfile(source, Path(self._copy.name, source.name))
                except OSError as error:
                    raise cannot_read(self._path, error) from error
            return Path(self._copy.name, self._path.name)


_CANNOT_WRITE = {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM}


def _connection(name: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        name, isolation_level=None, check_same_thread=False, uri=name.startswith("file:")
    )
    connection.row_factory = sqlite3.Row
    connection.text_factory = text_or_bytes
    return connection


def _migrated(connection: sqlite3.Connection, path: Path) -> sqlite3.Connection:
    try:
        migrate(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection
