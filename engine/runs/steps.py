"""Per-step metrics as float32 blobs: appended in pieces while training, joined at the end."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from engine.events.messages import FloatArray
from engine.events.run_events import StepsDone

# 256 KiB a blob: few enough to read fast, small enough to write without a stall.
STEPS_PER_BLOB = 65_536

_STORED = np.dtype("<f4")


def append_steps(connection: sqlite3.Connection, run: str, chunks: Sequence[StepsDone]) -> None:
    """Stores chunks of one run; what follows on each other becomes one blob per metric."""
    for first_step, group in _contiguous(chunks):
        for metric in group[0].metrics:
            values = np.concatenate([chunk.metrics[metric] for chunk in group])
            _insert(connection, run, metric, first_step, values)


def read_steps(connection: sqlite3.Connection, run: str) -> dict[str, FloatArray]:
    """Returns each metric's values, (n_steps,).

    A step that was recorded twice has its later value; one that was never recorded is NaN.
    """
    lengths = connection.execute(
        "SELECT metric, MAX(first_step + n_steps) FROM steps WHERE run = ? "
        "GROUP BY metric ORDER BY MIN(id)",
        (run,),
    )
    found = {metric: np.full(length, np.nan, np.float32) for metric, length in lengths}
    rows = connection.execute(
        "SELECT metric, first_step, numbers FROM steps WHERE run = ? ORDER BY id", (run,)
    )
    for metric, first_step, numbers in rows:
        values = np.frombuffer(numbers, _STORED)
        found[metric][first_step : first_step + len(values)] = values
    return found


def cut_steps(connection: sqlite3.Connection, run: str, n_steps: int) -> None:
    """Forgets the values of a run after its first `n_steps`."""
    metrics = read_steps(connection, run)
    connection.execute("DELETE FROM steps WHERE run = ?", (run,))
    for metric, values in metrics.items():
        _insert_all(connection, run, metric, values[:n_steps])


def join_steps(connection: sqlite3.Connection, run: str) -> None:
    """Rewrites a run's many small blobs as few large ones, which are read in a moment."""
    metrics = read_steps(connection, run)
    wanted = sum(-(-len(values) // STEPS_PER_BLOB) for values in metrics.values())
    count = connection.execute("SELECT COUNT(*) FROM steps WHERE run = ?", (run,)).fetchone()[0]
    if count <= 2 * wanted:
        return
    connection.execute("DELETE FROM steps WHERE run = ?", (run,))
    for metric, values in metrics.items():
        _insert_all(connection, run, metric, values)


def _insert_all(
    connection: sqlite3.Connection, run: str, metric: str, values: npt.NDArray[np.floating]
) -> None:
    for first_step in range(0, len(values), STEPS_PER_BLOB):
        piece = values[first_step : first_step + STEPS_PER_BLOB]
        _insert(connection, run, metric, first_step, piece)


def _insert(
    connection: sqlite3.Connection,
    run: str,
    metric: str,
    first_step: int,
    values: npt.NDArray[np.floating],
) -> None:
    numbers = np.ascontiguousarray(values, _STORED)
    connection.execute(
        "INSERT INTO steps (run, metric, first_step, n_steps, numbers) VALUES (?, ?, ?, ?, ?)",
        (run, metric, int(first_step), len(numbers), numbers.data),
    )


def _contiguous(chunks: Sequence[StepsDone]) -> list[tuple[int, list[StepsDone]]]:
    """Groups chunks that follow on each other and carry the same metrics."""
    groups: list[tuple[int, list[StepsDone]]] = []
    for chunk in chunks:
        if groups:
            last = groups[-1][1][-1]
            follows = last.first_step + last.n_steps == chunk.first_step
            if follows and last.metrics.keys() == chunk.metrics.keys():
                groups[-1][1].append(chunk)
                continue
        groups.append((chunk.first_step, [chunk]))
    return groups
