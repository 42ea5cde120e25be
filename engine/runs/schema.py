"""The tables of a workspace's database, by schema number, and the way from each to the next."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from engine.errors import DatabaseDamaged, WorkspaceError

REPAIR_HINT = "The runs are found again from their folders: workspace check --repair"

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
    """
    ALTER TABLE runs ADD COLUMN origin TEXT NOT NULL DEFAULT '';
    ALTER TABLE runs ADD COLUMN metrics_crc INTEGER;
    ALTER TABLE epochs ADD COLUMN crc INTEGER;
    ALTER TABLE steps ADD COLUMN crc INTEGER;
    """,
    """
    ALTER TABLE runs ADD COLUMN findings TEXT NOT NULL DEFAULT '[]';
    """,
)
SCHEMA_NUMBER = len(MIGRATIONS)


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Brings a database to the schema of this version.

    Raises:
        DatabaseDamaged: Its schema number is none.
        WorkspaceError: It was written by a newer Descent.
        sqlite3.Error: It cannot be written, or its tables are not those of its schema number.
    """
    if schema_number(connection) == SCHEMA_NUMBER:
        return
    connection.execute("BEGIN IMMEDIATE")
    found = schema_number(connection)  # another process may have been faster
    check_schema(found, path)
    for script in MIGRATIONS[found:]:
        for statement in script.split(";"):
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {SCHEMA_NUMBER}")
    connection.execute("COMMIT")


def check_schema(found: int, path: Path) -> None:
    """Makes sure that this version knows a schema, or a way from it.

    Raises:
        DatabaseDamaged: It is no schema number.
        WorkspaceError: It is that of a newer Descent.
    """
    if found > SCHEMA_NUMBER:
        raise WorkspaceError(
            f"The run database '{path}' was written by a newer version of Descent. "
            f"Received: schema {found}; this version knows {SCHEMA_NUMBER}.",
            "Update Descent, or choose another workspace with --workspace.",
        )
    if found < 0:
        raise DatabaseDamaged(
            f"The run database '{path}' is damaged. Received: schema {found}.", REPAIR_HINT
        )


def schema_number(connection: sqlite3.Connection) -> int:
    """The schema number that a database bears; 0: it is empty."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def text_or_bytes(stored: bytes) -> str | bytes:
    """Text as it was stored; what is none stays bytes, and spoils its own row only."""
    try:
        return stored.decode("utf-8")
    except UnicodeDecodeError:
        return stored
