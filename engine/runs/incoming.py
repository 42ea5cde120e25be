"""Incoming: a run that comes from elsewhere, and how it gets into a database."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from engine.events.insights import GradientFlow
from engine.events.run_events import EpochEnded, SettingChanged
from engine.runs.flow import append_flow
from engine.runs.history import history_problems
from engine.runs.journal import insert_change, insert_epoch, insert_run
from engine.runs.steps import insert_steps

if TYPE_CHECKING:
    from engine.events.messages import FloatArray


@dataclass(frozen=True, eq=False)
class Incoming:
    """A run that comes from elsewhere.

    Attributes:
        values: Columns of the table `runs`.
        epochs, changes: Its history.
        steps: Values of each step by metric, (n_steps,).
        flow: Its gradient flow.
    """

    values: Mapping[str, Any]
    epochs: tuple[EpochEnded, ...] = ()
    changes: tuple[SettingChanged, ...] = ()
    steps: Mapping[str, FloatArray] | None = None
    flow: tuple[GradientFlow, ...] = ()

    @property
    def run(self) -> str:
        """Its id."""
        return str(self.values["id"])

    def renamed(self, run: str) -> Incoming:
        """The same run under another id."""
        return Incoming(
            {**self.values, "id": run},
            tuple(replace(it, run=run) for it in self.epochs),
            tuple(replace(it, run=run) for it in self.changes),
            self.steps,
            tuple(replace(it, run=run) for it in self.flow),
        )


def insert_incoming(connection: sqlite3.Connection, incoming: Incoming) -> list[str]:
    """Puts a run into a database, inside a transaction of the caller's.

    Returns:
        What of its history cannot be shown, in words; empty: all can be.

    Raises:
        ValueError: It has columns that no run has.
        sqlite3.Error, TypeError, OverflowError: A value is none that a database can hold.
    """
    known = {row["name"] for row in connection.execute("PRAGMA table_info(runs)")}
    unknown = incoming.values.keys() - known
    if unknown:  # their names become part of a statement
        raise ValueError(f"it has '{min(unknown)[:80]}', which no run has")
    insert_run(connection, incoming.values)
    for epoch in incoming.epochs:
        insert_epoch(connection, epoch)
    for change in incoming.changes:
        insert_change(connection, change)
    insert_steps(connection, incoming.run, incoming.steps or {})
    for measured in incoming.flow:
        append_flow(connection, measured)
    return history_problems(connection, incoming.run)
