"""RunRecord: what is known of one run, as it is listed."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from engine.errors import SpecError, WorkspaceError
from engine.events.run_events import RunState
from engine.events.verdicts import Finding
from engine.files.bounded import parse_json, parse_object
from engine.runs.owner import Owner
from engine.runs.row_checks import BadRow, check_row, doubtful_rows, metrics_of
from engine.runs.schema import REPAIR_HINT
from engine.runs.verdicts import findings_in, plain_findings

if TYPE_CHECKING:
    from engine.spec.run_spec import RunSpec

KEPT_DAYS = 30
"""For so long a deleted run can be brought back."""


@dataclass(frozen=True)
class RunRecord:
    """One run.

    Attributes:
        id: Its name on disk, such as ``20261123-214501-a3f9``.
        name: What people call it.
        note: What people wrote about it.
        state: Where it is.
        reason: Why it ended, in words; empty while it is active.
        hint: What to do next, where something went wrong.
        details: Traceback or log of an unexpected failure.
        created_at: When it was started, in UTC.
        ended_at: When it ended, in UTC; None while it is active.
        deleted_at: When it was deleted, in UTC; None where it was not.
        spec_json: Its specification as JSON text.
        dataset_title: What people read for its data.
        model_title: What people read for its model.
        epochs_planned: Epochs asked for; 0 while the data is being prepared.
        epochs_done: Epochs completed.
        best_epoch: The epoch with the lowest validation loss; None before the first.
        duration_s: Seconds of training, pauses excluded.
        metrics: By Keras's names: the last epoch's, then the final ones, test metrics included.
        plan: How the steps were executed: the fields of `PlanChosen`, empty before it.
        owner: The process that trains it.
        origin: Id of the run that was begun again as this one; empty: none was.
        findings_json: `findings` as JSON text.
    """

    id: str
    name: str
    note: str
    state: RunState
    reason: str
    hint: str
    details: str
    created_at: datetime
    ended_at: datetime | None
    deleted_at: datetime | None
    spec_json: str
    dataset_title: str
    model_title: str
    epochs_planned: int
    epochs_done: int
    best_epoch: int | None
    duration_s: float
    metrics: dict[str, float]
    plan: dict[str, Any]
    owner: Owner
    origin: str = ""
    findings_json: str = "[]"

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """What it has to say of itself, the gravest first; read when first asked for."""
        return findings_in(self.findings_json)

    @cached_property
    def settings(self) -> dict[str, Any]:
        """The specification as it was written, neither checked nor completed; empty: damaged."""
        try:
            values = parse_json(self.spec_json)
        except ValueError:
            return {}
        return values if isinstance(values, dict) else {}

    @cached_property
    def spec(self) -> RunSpec:
        """The specification, every open choice closed; validated when first asked for.

        Raises:
            WorkspaceError: It was damaged, or written by another version of Descent.
        """
        from engine.spec.run_spec import RunSpec  # checks take long to be made ready

        try:
            return RunSpec.from_dict(_of_this_version(parse_object(self.spec_json)))
        except (SpecError, ValueError, TypeError, AttributeError) as error:
            raise WorkspaceError(
                f"The specification of run '{self.id}' cannot be read. Received: {error}",
                "Start the run anew; its metrics can still be looked at.",
            ) from error

    @property
    def kept_until(self) -> datetime | None:
        """Until when a deleted run can be brought back at least, in UTC; None where it is not."""
        if self.deleted_at is None:
            return None
        return self.deleted_at + timedelta(days=KEPT_DAYS)

    @property
    def owner_pid(self) -> int:
        return self.owner.pid

    def to_dict(self) -> dict[str, Any]:
        """Returns JSON-ready values."""
        return {
            "id": self.id,
            "name": self.name,
            "note": self.note,
            "state": self.state.value,
            "reason": self.reason,
            "hint": self.hint,
            "created_at": self.created_at.isoformat(),
            "ended_at": self.ended_at.isoformat() if self.ended_at else None,
            "dataset": self.dataset_title,
            "model": self.model_title,
            "epochs_planned": self.epochs_planned,
            "epochs_done": self.epochs_done,
            "best_epoch": self.best_epoch,
            "duration_s": self.duration_s,
            "metrics": self.metrics,
            "plan": self.plan,
            "verdict": plain_findings(self.findings),
            "spec": self.settings or None,
            **({"origin": self.origin} if self.origin else {}),
        }


_ONCE_WITHOUT_TREES = ("table_ensemble", "table_prototypes")


def _of_this_version(values: dict[str, Any]) -> dict[str, Any]:
    """A stored spec, with what an older version did and could not say.

    Until 0.1 the column that divides was an input, groups were the only guess for one, rows of one
    time could be in two parts, labels were not looked at, and in tables classes that differ in
    capitals were others, durations were in the unit of their file, and no model stopped early by
    itself. The first ensembles and prototypes for tables had no trees.
    """
    split, data, stopping, model = (
        values.get(name) for name in ("split", "data", "stopping", "model")
    )
    if isinstance(model, dict) and model.get("name") in _ONCE_WITHOUT_TREES:
        model["parameters"] = {"trees": 0, **(model.get("parameters") or {})}
    if isinstance(split, dict) and "refit" not in split and isinstance(stopping, dict):
        stopping["patience"] = stopping.get("patience") or 0
    if isinstance(split, dict) and "by_labels" not in split:
        split["by_labels"] = False
        if isinstance(data, dict) and data.get("format") == "table":
            data["parameters"] = {
                "spellings": "exact",
                "durations": "as stored",
                **data.get("parameters", {}),
            }
    if isinstance(split, dict) and "column_is_input" not in split:
        split |= {"column_is_input": True, "whole_times": False}
        if split.get("column") is not None and split.get("method") == "auto":
            split["method"] = "group"
    return values


def record_from_row(row: sqlite3.Row | None) -> RunRecord:
    """Builds a record from a row of the table `runs`.

    Raises:
        BadRow: Something in it is not what it should be.
        WorkspaceError: A damaged database lists it, and cannot find it.
    """
    if row is None:
        raise WorkspaceError(
            "The run database lists a run that it cannot find: it is damaged.", REPAIR_HINT
        )
    check_row(row)
    return _records([row])[0]


def records_from_rows(rows: Sequence[sqlite3.Row]) -> tuple[list[RunRecord], list[BadRow]]:
    """Builds records from rows of the table `runs`, and says what is wrong with the others."""
    bad: dict[int, BadRow] = {}
    for position in sorted(doubtful_rows(rows)):
        try:
            check_row(rows[position])
        except BadRow as error:
            bad[position] = error
    whole = [row for position, row in enumerate(rows) if position not in bad]
    return _records(whole), list(bad.values())


def _records(rows: Sequence[sqlite3.Row]) -> list[RunRecord]:
    """The records of rows that were checked; by column, as there may be thousands."""
    if not rows:
        return []
    columns = dict(zip(rows[0].keys(), zip(*rows, strict=True), strict=True))
    values = {
        **columns,
        "state": map(RunState, columns["state"]),
        "created_at": map(datetime.fromisoformat, columns["created_at"]),
        "ended_at": map(_moment, columns["ended_at"]),
        "deleted_at": map(_moment, columns["deleted_at"]),
        "spec_json": columns["spec"],
        "metrics": (dict(metrics_of(text) or {}) for text in columns["metrics"]),
        "plan": (dict(_plan(text)) for text in columns["plan"]),
        "owner": map(Owner, columns["owner_pid"], columns["owner_started_s"]),
        "findings_json": (text if isinstance(text, str) else "[]" for text in columns["findings"]),
    }
    return list(map(RunRecord, *(values[field.name] for field in fields(RunRecord))))


@lru_cache(maxsize=256)
def _plan(text: str) -> dict[str, Any]:
    """A plan as it is stored; thousands of runs have one of a few."""
    values: dict[str, Any] = parse_json(text)
    return values


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
