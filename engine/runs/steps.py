"""Per-step metrics as float32 blobs: appended in pieces while training, joined at the end."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from engine.events.run_events import StepsDone
from engine.runs.checksums import steps_checksum

if TYPE_CHECKING:
    from engine.events.messages import FloatArray

# 256 KiB a blob: few enough to read fast, small enough to write without a stall.
STEPS_PER_BLOB = 65_536

MAX_GAP = 100_000_000
"""Steps that may be missing before or between others: those of a run that had to move."""

_STORED = np.dtype("<f4")


def append_steps(connection: sqlite3.Connection, run: str, chunks: Sequence[StepsDone]) -> None:
    """Stores chunks of one run; what follows on each other becomes one blob per metric."""
    for first_step, group in _contiguous(chunks):
        for metric in group[0].metrics:
            values = np.concatenate([chunk.metrics[metric] for chunk in group])
            _insert(connection, run, metric, first_step, values)


def read_steps(connection: sqlite3.Connection, run: str) -> dict[str, FloatArray]:
    """Returns each metric's values, (n_steps,).

    A step that was recorded twice has its later value; one that was never recorded, or whose
    record is damaged, is NaN.
    """
    rows = connection.execute(
        "SELECT metric, first_step, n_steps, numbers, crc FROM steps WHERE run = ? ORDER BY id",
        (run,),
    ).fetchall()
    whole = [tuple(row)[:4] for row in rows if _is_whole(*row)]
    n_recorded = sum(n_steps for _, _, n_steps, _ in whole)
    ends: dict[str, int] = {}
    pieces = []
    for metric, first_step, n_steps, numbers in whole:
        if first_step <= MAX_GAP + n_recorded:  # no step is so far from all others
            ends[metric] = max(ends.get(metric, 0), first_step + n_steps)
            pieces.append((metric, first_step, np.frombuffer(numbers, _STORED)))
    found = {metric: np.full(end, np.nan, np.float32) for metric, end in ends.items()}
    for metric, first_step, values in pieces:
        found[metric][first_step : first_step + len(values)] = values
    return found


def _is_whole(
    metric: object, first_step: object, n_steps: object, numbers: object, crc: object
) -> bool:
    """A row is as `_insert` wrote it; of an older version it has no checksum."""
    if not (isinstance(metric, str) and isinstance(first_step, int) and isinstance(n_steps, int)):
        return False
    if not isinstance(numbers, bytes) or len(numbers) != n_steps * _STORED.itemsize:
        return False
    return first_step >= 0 and crc in (None, steps_checksum(metric, first_step, numbers))


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
    insert_steps(connection, run, metrics)


def insert_steps(
    connection: sqlite3.Connection, run: str, metrics: Mapping[str, npt.NDArray[np.floating]]
) -> None:
    """Stores the values of each metric of a run that has none yet, each (n_steps,)."""
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
    numbers = np.ascontiguousarray(values, _STORED).tobytes()
    crc = steps_checksum(metric, int(first_step), numbers)
    connection.execute(
        "INSERT INTO steps (run, metric, first_step, n_steps, numbers, crc) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        (run, metric, int(first_step), len(values), numbers, crc),
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
