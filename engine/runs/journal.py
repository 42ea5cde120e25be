"""Turns the events of runs into rows, inside a transaction of the caller's."""

from __future__ import annotations

import dataclasses
import json
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from engine.bounded import parse_json
from engine.errors import WorkspaceError
from engine.events.insights import GradientFlow
from engine.events.messages import Event
from engine.events.run_events import (
    EpochEnded,
    PlanChosen,
    RunEnded,
    RunEvent,
    RunStarted,
    RunState,
    SettingChanged,
    StateChanged,
    StepsDone,
)
from engine.runs.flow import append_flow
from engine.runs.steps import append_steps, join_steps


def write_events(connection: sqlite3.Connection, events: Sequence[Event]) -> None:
    """Stores events in order; those that say nothing lasting (surfaces, coefficients) pass by.

    Raises:
        WorkspaceError: An event is of a run that is not in the database.
    """
    chunks: list[StepsDone] = []
    for event in events:
        if chunks and (not isinstance(event, StepsDone) or event.run != chunks[0].run):
            _write_steps(connection, chunks)
            chunks = []
        match event:
            case StepsDone():
                chunks.append(event)
            case EpochEnded():
                _write_epoch(connection, event)
            case SettingChanged():
                _write_change(connection, event)
            case StateChanged():
                change_run(connection, event.run, state=event.state.value)
            case PlanChosen():
                plan = dataclasses.asdict(event)
                del plan["run"]
                change_run(connection, event.run, plan=json.dumps(plan))
            case RunStarted():
                change_run(connection, event.run, epochs_planned=int(event.epochs))
            case GradientFlow():
                append_flow(connection, event)
            case RunEnded():
                _write_end(connection, event)
            case RunEvent():
                pass
    if chunks:
        _write_steps(connection, chunks)


def change_run(connection: sqlite3.Connection, run: str, **values: object) -> None:
    """Sets columns of a run.

    Raises:
        WorkspaceError: There is no such run.
    """
    columns = ", ".join(f"{column} = ?" for column in values)
    changed = connection.execute(f"UPDATE runs SET {columns} WHERE id = ?", (*values.values(), run))
    if not changed.rowcount:
        raise WorkspaceError(
            f"There is no run '{run}' in this workspace.",
            "It may have been removed by another program; start it anew.",
        )


def end_run(
    connection: sqlite3.Connection, run: str, state: RunState, reason: str, hint: str, details: str
) -> None:
    """Closes a run and joins its steps, so that it is read fast from now on."""
    change_run(
        connection,
        run,
        state=state.value,
        reason=reason,
        hint=hint,
        details=details,
        ended_at=datetime.now(UTC).isoformat(),
    )
    join_steps(connection, run)


def _write_steps(connection: sqlite3.Connection, chunks: Sequence[StepsDone]) -> None:
    run = chunks[0].run
    change_run(connection, run, duration_s=float(chunks[-1].elapsed_s))
    append_steps(connection, run, chunks)


def _write_epoch(connection: sqlite3.Connection, event: EpochEnded) -> None:
    metrics = _json(event.metrics)
    values: dict[str, object] = {
        "epochs_done": int(event.epoch),
        "duration_s": float(event.elapsed_s),
        "metrics": metrics,
    }
    if event.is_best:
        values["best_epoch"] = int(event.epoch)
    change_run(connection, event.run, **values)
    connection.execute(
        "INSERT OR REPLACE INTO epochs "
        "(run, epoch, step, metrics, duration_s, elapsed_s, samples_per_s, is_best, learning_rate) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            event.run,
            int(event.epoch),
            int(event.step),
            metrics,
            float(event.duration_s),
            float(event.elapsed_s),
            float(event.samples_per_s),
            bool(event.is_best),
            event.learning_rate,
        ),
    )


def _write_change(connection: sqlite3.Connection, event: SettingChanged) -> None:
    if event.setting == "training.epochs":
        change_run(connection, event.run, epochs_planned=int(event.after))
    connection.execute(
        "INSERT INTO changes (run, epoch, step, setting, before, after, reason) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            event.run,
            int(event.epoch),
            int(event.step),
            event.setting,
            float(event.before),
            float(event.after),
            event.reason,
        ),
    )


def _write_end(connection: sqlite3.Connection, event: RunEnded) -> None:
    end_run(connection, event.run, event.state, event.reason, event.hint, event.details)
    if event.metrics:
        row = connection.execute("SELECT metrics FROM runs WHERE id = ?", (event.run,)).fetchone()
        merged = parse_json(row["metrics"]) | dict(event.metrics)
        change_run(connection, event.run, metrics=_json(merged))


def _json(metrics: Mapping[str, float]) -> str:
    """JSON that keeps NaN and infinity, which only this program reads; NumPy's numbers too."""
    return json.dumps({name: float(value) for name, value in metrics.items()})
