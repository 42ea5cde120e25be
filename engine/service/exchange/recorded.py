"""Recorded: what the database knows of a run, as it travels, and whether that can be believed."""

from __future__ import annotations

import io
import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from engine.errors import WorkspaceError
from engine.events.insights import GradientFlow
from engine.events.run_events import EpochEnded, SettingChanged
from engine.files.bounded import member, names_in, open_archive, read_object
from engine.files.bounded_arrays import read_arrays
from engine.runs.incoming import Incoming, insert_incoming
from engine.runs.record import RunRecord, record_from_row
from engine.runs.schema import migrate
from engine.runs.store import RunStore
from engine.service.exchange.archive import FLOW, HISTORY, RUN, SPEC, STEPS

if TYPE_CHECKING:
    from engine.events.messages import FloatArray

_LEFT_OUT: Final = frozenset(
    ("spec", "flow_layers", "owner_pid", "owner_started_s", "deleted_at", "metrics_crc")
)
"""Columns that are told elsewhere, or mean something in their own workspace alone."""
_MAX_STEPS_BYTES: Final = 2 << 30


def recorded(store: RunStore, record: RunRecord) -> dict[str, bytes]:
    """What the database knows of a run, as files by name."""
    row = store.values(record.id)
    epochs, changes = store.epochs(record.id), store.changes(record.id)
    steps, flow = store.steps(record.id), store.flow(record.id)
    history = {
        "epochs": [_without(asdict(it), "run", "patience") for it in epochs],
        "changes": [_without(asdict(it), "run") for it in changes],
        "steps": list(steps),
        "layers": list(flow[0].layers) if flow else [],
    }
    found = {
        RUN: _text({name: row[name] for name in row if name not in _LEFT_OUT}),
        SPEC: record.spec_json.encode(),
        HISTORY: _text(history),
    }
    if steps:
        found[STEPS] = _arrays({f"{place}": it for place, it in enumerate(steps.values())})
    if flow:
        found[FLOW] = _arrays(
            {
                "step": np.array([it.step for it in flow], np.int64),
                "epoch": np.array([it.epoch for it in flow], np.float64),
                "numbers": np.stack([_numbers(it) for it in flow]).astype(np.float32),
            }
        )
    return found


def _without(values: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in names}


def _text(values: Any) -> bytes:
    return json.dumps(values, ensure_ascii=False, default=float).encode()


def _arrays(arrays: dict[str, Any]) -> bytes:
    content = io.BytesIO()
    np.savez(content, **arrays)
    return content.getvalue()


def _numbers(flow: GradientFlow) -> FloatArray:
    return np.stack([flow.gradient_norms, flow.weight_norms, flow.update_ratios, flow.dead_units])


# ---- read


@dataclass(frozen=True, eq=False)
class Checked:
    """What was read, and the run that it makes.

    Attributes:
        incoming: To be put into a database.
        record: The run, its spec included, which was read and can be.
    """

    incoming: Incoming
    record: RunRecord


def read_recorded(folder: Path) -> Checked:
    """Reads what `recorded` wrote, from the folder of a run, whose name is its id.

    Raises:
        WorkspaceError: Something in it is not as a database has it.
        DAMAGED: It cannot be read, or holds something else.
    """
    values = read_object(folder / RUN)
    history = read_object(folder / HISTORY)
    run = folder.name
    if values.get("id") != run:
        raise ValueError("it tells of another run than its manifest")
    if not _LEFT_OUT.isdisjoint(values):
        raise ValueError(f"it has '{min(_LEFT_OUT & values.keys())}', which does not travel")
    values |= {"spec": (folder / SPEC).read_text("utf-8"), "owner_pid": 0, "owner_started_s": 0.0}
    incoming = Incoming(
        values,
        tuple(EpochEnded(run, **it) for it in member(history, "epochs", list)),
        tuple(SettingChanged(run, **it) for it in member(history, "changes", list)),
        _read_steps(folder, names_in(history["steps"], "steps")),
        _read_flow(folder, names_in(history["layers"], "layers")),
    )
    return Checked(incoming, _tried(incoming))


def _tried(incoming: Incoming) -> RunRecord:
    """Puts everything into an empty database, and reads it as every run is read."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.row_factory = sqlite3.Row
        migrate(connection, Path(":memory:"))
        connection.execute("BEGIN")
        problems = insert_incoming(connection, incoming)
        row = connection.execute("SELECT * FROM runs").fetchone()
    record = record_from_row(row)
    if record.state.is_active:
        raise ValueError("its run has not ended")
    if problems:
        raise WorkspaceError(problems[0])
    record.spec  # noqa: B018  read when first asked for; raises
    return record


def _read_steps(folder: Path, names: Sequence[str]) -> dict[str, FloatArray]:
    if not names:
        return {}
    arrays = _read_arrays(folder / STEPS)
    found = {name: arrays[str(place)] for place, name in enumerate(names)}
    if len(found) != len(names) or any(
        it.ndim != 1 or it.dtype != np.float32 for it in found.values()
    ):
        raise ValueError("the values of its steps are of another form")
    return found


def _read_flow(folder: Path, layers: tuple[str, ...]) -> tuple[GradientFlow, ...]:
    if not layers:
        return ()
    arrays = _read_arrays(folder / FLOW)
    steps, epochs, numbers = arrays["step"], arrays["epoch"], arrays["numbers"]
    shapes = (steps.shape, epochs.shape, numbers.shape)
    n = len(steps)
    if shapes != ((n,), (n,), (n, 4, len(layers))) or numbers.dtype != np.float32:
        raise ValueError("its gradient flow is of another form")
    return tuple(
        GradientFlow(folder.name, int(step), float(epoch), layers, *rows)
        for step, epoch, rows in zip(steps, epochs, numbers, strict=True)
    )


def _read_arrays(path: Path) -> dict[str, Any]:
    check_unpacked(path)
    return read_arrays(path, _MAX_STEPS_BYTES)


def check_unpacked(path: Path) -> None:
    """Makes sure that arrays take no more memory than their file is long.

    Raises:
        ValueError: They do: Descent packs none.
        OSError, zipfile.BadZipFile: It cannot be read, or is no archive.
    """
    open_archive(path, path.stat().st_size).close()
