"""Gradient flow of runs: one row for each measured step, thinned out so that it stays small."""

from __future__ import annotations

import json
import sqlite3

import numpy as np

from engine.events.insights import GradientFlow
from engine.files.bounded import parse_json

MAX_MEASUREMENTS = 2_000
"""Of one run; beyond them every second one is forgotten. A screen shows fewer."""

_STORED = np.dtype("<f4")


def append_flow(connection: sqlite3.Connection, event: GradientFlow) -> None:
    """Stores what was measured in a step; of a step measured twice the later counts."""
    if not event.layers:
        return
    rows = (event.gradient_norms, event.weight_norms, event.update_ratios, event.dead_units)
    connection.execute(
        "UPDATE runs SET flow_layers = ? WHERE id = ? AND flow_layers = '[]'",
        (json.dumps(event.layers, ensure_ascii=False), event.run),
    )
    connection.execute(
        "INSERT OR REPLACE INTO flow (run, step, epoch, numbers) VALUES (?, ?, ?, ?)",
        (
            event.run,
            int(event.step),
            float(event.epoch),
            np.ascontiguousarray(np.stack(rows), _STORED).tobytes(),
        ),
    )
    count = connection.execute("SELECT COUNT(*) FROM flow WHERE run = ?", (event.run,)).fetchone()
    if count[0] > MAX_MEASUREMENTS:
        _thin_out(connection, event.run)


def read_flow(connection: sqlite3.Connection, run: str) -> list[GradientFlow]:
    """Returns what was measured, by step."""
    row = connection.execute("SELECT flow_layers FROM runs WHERE id = ?", (run,)).fetchone()
    layers = _layers(row["flow_layers"]) if row is not None else ()
    found = []
    for step, epoch, numbers in connection.execute(
        "SELECT step, epoch, numbers FROM flow WHERE run = ? ORDER BY step", (run,)
    ):
        is_whole = isinstance(step, int) and isinstance(epoch, float) and isinstance(numbers, bytes)
        if layers and is_whole and len(numbers) == 4 * len(layers) * _STORED.itemsize:
            values = np.frombuffer(numbers, _STORED).astype(np.float32)
            found.append(GradientFlow(run, step, epoch, layers, *values.reshape(4, -1)))
    return found


def _layers(text: object) -> tuple[str, ...]:
    """The names of the layers; none where they cannot be read."""
    try:
        names = parse_json(text) if isinstance(text, str) else []
    except ValueError:
        return ()
    is_whole = isinstance(names, list) and all(isinstance(name, str) for name in names)
    return tuple(names) if is_whole else ()


def cut_flow(connection: sqlite3.Connection, run: str, step: int) -> None:
    """Forgets what was measured after a step."""
    connection.execute("DELETE FROM flow WHERE run = ? AND step > ?", (run, step))


def _thin_out(connection: sqlite3.Connection, run: str) -> None:
    """Forgets every second measurement, but neither the first nor the last of an odd number."""
    connection.execute(
        "DELETE FROM flow WHERE run = ? AND step IN (SELECT step FROM (SELECT step, "
        "ROW_NUMBER() OVER (ORDER BY step) AS place FROM flow WHERE run = ?) WHERE place % 2 = 0)",
        (run, run),
    )
