"""The commands `runs list --deleted` and `runs restore`."""

from __future__ import annotations

from argparse import Namespace
from datetime import datetime
from typing import Any

from engine.cli.commands.output import Output, table
from engine.errors import DescentError
from engine.runs.record import RunRecord
from engine.runs.store import RunStore


def list_deleted(store: RunStore, output: Output) -> int:
    """Lists the deleted runs, the newest first."""
    records = store.runs(deleted=True)
    if output.as_json:
        output.object({"runs": [_deleted_run(record) for record in records]})
        return 0
    if not records:
        output.lines("There is no deleted run.")
        return 0
    rows = [
        (
            record.id,
            record.name,
            record.state.value,
            _minute(record.deleted_at),
            _minute(record.kept_until),
        )
        for record in records
    ]
    output.lines(*table(("run", "name", "state", "deleted", "kept until"), rows))
    output.lines("", "Bring one back: runs restore RUN")
    return 0


def restore(arguments: Namespace, store: RunStore, output: Output) -> int:
    """Brings a deleted run back."""
    store.check_writable()
    record = store.get(arguments.run, deleted=True)
    if record.deleted_at is None:
        raise DescentError(
            f"The run '{record.name}' is not deleted.", "See: runs list, runs list --deleted"
        )
    store.restore(record.id)
    record = store.get(record.id)
    if output.as_json:
        output.object(record.to_dict())
        return 0
    output.lines(f"The run '{record.name}' ({record.id}) is back in the list.")
    return 0


def _deleted_run(record: RunRecord) -> dict[str, Any]:
    moments = {"deleted_at": record.deleted_at, "kept_until": record.kept_until}
    texts = {name: moment.isoformat() for name, moment in moments.items() if moment is not None}
    return {**record.to_dict(), **texts}


def _minute(moment: datetime | None) -> str:
    """A moment on the clock in front of people."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M") if moment is not None else ""
