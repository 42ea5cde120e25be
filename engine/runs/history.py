"""What the journal wrote of a run's epochs, read back as the events that they were."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from functools import partial
from typing import TypeVar

from engine.events.run_events import EpochEnded, SettingChanged
from engine.files.bounded import parse_json
from engine.runs.row_checks import change_problem, epoch_problem

Read = TypeVar("Read")


def read_epochs(connection: sqlite3.Connection, run: str) -> tuple[list[EpochEnded], list[str]]:
    """Reads the epochs of a run.

    Returns:
        Its epochs, the first first; what is wrong with those that cannot be read, in words.
    """
    rows = connection.execute("SELECT * FROM epochs WHERE run = ? ORDER BY epoch", (run,))
    return _parted(rows, epoch_problem, partial(_epoch, run))


def _epoch(run: str, row: sqlite3.Row) -> EpochEnded:
    return EpochEnded(
        run,
        epoch=row["epoch"],
        step=row["step"],
        metrics=parse_json(row["metrics"]),
        duration_s=row["duration_s"],
        elapsed_s=row["elapsed_s"],
        samples_per_s=row["samples_per_s"],
        is_best=bool(row["is_best"]),
        learning_rate=row["learning_rate"],
    )


def read_changes(
    connection: sqlite3.Connection, run: str
) -> tuple[list[SettingChanged], list[str]]:
    """Reads what was changed while a run was under way.

    Returns:
        The changes, in order; what is wrong with those that cannot be read, in words.
    """
    rows = connection.execute("SELECT * FROM changes WHERE run = ? ORDER BY id", (run,))
    return _parted(rows, change_problem, partial(_change, run))


def _change(run: str, row: sqlite3.Row) -> SettingChanged:
    return SettingChanged(
        run,
        epoch=row["epoch"],
        step=row["step"],
        setting=row["setting"],
        before=row["before"],
        after=row["after"],
        reason=row["reason"],
    )


def _parted(
    rows: Iterable[sqlite3.Row],
    problem_of: Callable[[sqlite3.Row], str],
    made: Callable[[sqlite3.Row], Read],
) -> tuple[list[Read], list[str]]:
    """What rows hold, and what is wrong with those that cannot be read."""
    found, problems = [], []
    for row in rows:
        problem = problem_of(row)
        if problem:
            problems.append(problem)
        else:
            found.append(made(row))
    return found, problems


def history_problems(connection: sqlite3.Connection, run: str) -> list[str]:
    """Says what of a run's history cannot be shown, in words; empty: all can be."""
    return read_epochs(connection, run)[1] + read_changes(connection, run)[1]


def cut_history(connection: sqlite3.Connection, run: str, step: int, epoch: int) -> None:
    """Forgets the epochs after the first `epoch`, and the changes after a step."""
    connection.execute("DELETE FROM epochs WHERE run = ? AND epoch > ?", (run, epoch))
    connection.execute("DELETE FROM changes WHERE run = ? AND step > ?", (run, step))
