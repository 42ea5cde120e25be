"""Turns the events of runs into rows, inside a transaction of the caller's."""

from __future__ import annotations

import dataclasses
import json
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from engine.errors import WorkspaceError
from engine.events.insights import GradientFlow
from engine.events.messages import Event
from engine.events.run_events import (
    EpochEnded,
    PlanChosen,
    RunEnded,
    RunEvent,
    RunFinished,
    RunStarted,
    RunState,
    RunStopped,
    SettingChanged,
    StateChanged,
    StepsDone,
    VerdictChanged,
)
from engine.files.bounded import parse_json
from engine.runs.checksums import epoch_checksum, metrics_checksum
from engine.runs.flow import append_flow, cut_flow
from engine.runs.history import cut_history
from engine.runs.owner import Owner
from engine.runs.record import RunRecord
from engine.runs.steps import append_steps, cut_steps, join_steps
from engine.runs.verdicts import findings_text


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
            case VerdictChanged():
                change_run(connection, event.run, findings=findings_text(event.findings))
            case RunEnded():
                _write_end(connection, event)
            case RunEvent():
                pass
    if chunks:
        _write_steps(connection, chunks)


def insert_run(connection: sqlite3.Connection, values: Mapping[str, object]) -> None:
    """Adds a run, by the columns of the table `runs`; those that are not named are as usual."""
    values = _with_checksum(values)
    columns, marks = ", ".join(values), ", ".join("?" * len(values))
    connection.execute(f"INSERT INTO runs ({columns}) VALUES ({marks})", tuple(values.values()))


def adopt_run(
    connection: sqlite3.Connection, record: RunRecord, spec_json: str, owner: Owner
) -> None:
    """Adds a run that is being trained, or makes one that is there ready to be told anew of it."""
    values: dict[str, object] = {
        "state": RunState.RUNNING.value,
        "spec": spec_json,
        "owner_pid": owner.pid,
        "owner_started_s": owner.started_s,
    }
    if connection.execute("SELECT 1 FROM runs WHERE id = ?", (record.id,)).fetchone():
        change_run(connection, record.id, **values)
        connection.execute("DELETE FROM changes WHERE run = ?", (record.id,))
        return
    values |= {
        "id": record.id,
        "name": record.name,
        "note": record.note,
        "created_at": record.created_at.isoformat(),
        "dataset_title": record.dataset_title,
        "model_title": record.model_title,
        "origin": record.origin,
    }
    insert_run(connection, values)


def reopen_run(
    connection: sqlite3.Connection, record: RunRecord, spec_json: str, owner: Owner
) -> None:
    """Makes a run that has ended active again, of another process.

    Raises:
        WorkspaceError: It is no longer as it was read: another process was faster.
    """
    changed = connection.execute(
        "UPDATE runs SET state = ?, reason = '', hint = '', details = '', findings = '[]', "
        "ended_at = NULL, "
        "spec = ?, owner_pid = ?, owner_started_s = ? WHERE id = ? AND owner_pid = ? "
        "AND state = ?",
        (
            RunState.PREPARING.value,
            spec_json,
            owner.pid,
            owner.started_s,
            record.id,
            record.owner_pid,
            record.state.value,
        ),
    )
    if not changed.rowcount:
        raise WorkspaceError(
            f"The run '{record.name}' was continued by another process just now.",
            "Wait for it to end there.",
        )


def cut_run(connection: sqlite3.Connection, run: str, step: int, epoch: int) -> None:
    """Forgets what a run recorded after a checkpoint that it goes on from in another way.

    Args:
        connection: In a transaction of the caller's.
        run: Its id.
        step: Steps that stay.
        epoch: Complete epochs that stay.
    """
    cut_steps(connection, run, step)
    cut_flow(connection, run, step)
    cut_history(connection, run, step, epoch)
    last = connection.execute(
        "SELECT metrics FROM epochs WHERE run = ? ORDER BY epoch DESC LIMIT 1", (run,)
    ).fetchone()
    best = connection.execute(
        "SELECT MAX(epoch) FROM epochs WHERE run = ? AND is_best", (run,)
    ).fetchone()
    change_run(
        connection,
        run,
        epochs_done=epoch,
        metrics=last["metrics"] if last is not None else "{}",
        best_epoch=best[0],
    )


def change_run(connection: sqlite3.Connection, run: str, **values: object) -> None:
    """Sets columns of a run.

    Raises:
        WorkspaceError: There is no such run.
    """
    values = _with_checksum(values)
    columns = ", ".join(f"{column} = ?" for column in values)
    changed = connection.execute(f"UPDATE runs SET {columns} WHERE id = ?", (*values.values(), run))
    if not changed.rowcount:
        raise WorkspaceError(
            f"There is no run '{run}' in this workspace.",
            "It may have been removed by another program; start it anew.",
        )


def _with_checksum(values: Mapping[str, object]) -> dict[str, object]:
    """Columns of the table `runs`, with the checksum of the metrics where these are among them."""
    metrics = values.get("metrics")
    if not isinstance(metrics, str):
        return dict(values)
    return {**values, "metrics_crc": metrics_checksum(metrics)}


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
    insert_epoch(connection, event)


def insert_epoch(connection: sqlite3.Connection, event: EpochEnded) -> None:
    """Adds an epoch to the history of a run, in place of one of that number."""
    values: dict[str, object] = {
        "run": event.run,
        "epoch": int(event.epoch),
        "step": int(event.step),
        "metrics": _json(event.metrics),
        "duration_s": float(event.duration_s),
        "elapsed_s": float(event.elapsed_s),
        "samples_per_s": float(event.samples_per_s),
        "is_best": bool(event.is_best),
        "learning_rate": event.learning_rate,
    }
    values["crc"] = epoch_checksum(values)
    columns, marks = ", ".join(values), ", ".join("?" * len(values))
    connection.execute(
        f"INSERT OR REPLACE INTO epochs ({columns}) VALUES ({marks})", tuple(values.values())
    )


def _write_change(connection: sqlite3.Connection, event: SettingChanged) -> None:
    if event.setting == "training.epochs":
        change_run(connection, event.run, epochs_planned=int(event.after))
    insert_change(connection, event)


def insert_change(connection: sqlite3.Connection, event: SettingChanged) -> None:
    """Adds a change to the history of a run; of one told again after a resume there is one."""
    values = (
        event.run,
        int(event.epoch),
        int(event.step),
        event.setting,
        float(event.before),
        float(event.after),
        event.reason,
    )
    connection.execute(
        "INSERT INTO changes (run, epoch, step, setting, before, after, reason) "
        "SELECT ?, ?, ?, ?, ?, ?, ? WHERE NOT EXISTS (SELECT 1 FROM changes WHERE (run, epoch, "
        "step, setting, before, after, reason) = (?, ?, ?, ?, ?, ?, ?))",
        (*values, *values),
    )


def _write_end(connection: sqlite3.Connection, event: RunEnded) -> None:
    if isinstance(event, RunFinished | RunStopped):
        # Of a run that went on and was stopped before it was where it had been: what is behind.
        connection.execute(
            "DELETE FROM epochs WHERE run = ? AND epoch > "
            "(SELECT epochs_done FROM runs WHERE id = ?)",
            (event.run, event.run),
        )
    end_run(connection, event.run, event.state, event.reason, event.hint, event.details)
    # Of one that broke off, what it said last stays.
    if event.findings or isinstance(event, RunFinished | RunStopped):
        change_run(connection, event.run, findings=findings_text(event.findings))
    if event.metrics:
        row = connection.execute("SELECT metrics FROM runs WHERE id = ?", (event.run,)).fetchone()
        merged = parse_json(row["metrics"]) | dict(event.metrics)
        change_run(connection, event.run, metrics=_json(merged))


def _json(metrics: Mapping[str, float]) -> str:
    """JSON that keeps NaN and infinity, which only this program reads; NumPy's numbers too."""
    return json.dumps({name: float(value) for name, value in metrics.items()})
