"""Divides by time: the past trains, the future tests, and nothing of one moment is in two parts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.datasets.base import AnyArray, IndexArray
from engine.datasets.sequences.times import read_times
from engine.errors import DatasetError
from engine.spec.parameters import shorten


@dataclass(frozen=True)
class TimeParts:
    """Indices of the examples in each part, each sorted, (n,).

    Attributes:
        train, validation, test: From the earliest on.
        untimed: Those without a time, in no part.
    """

    train: IndexArray
    validation: IndexArray
    test: IndexArray
    untimed: IndexArray


def times_of(values: AnyArray, column: str | None) -> AnyArray:
    """Times as numbers, (n,), NaN where there is none.

    Args:
        values: Numbers, or texts such as ``2019Q3``.
        column: Where they are from; None: the data's own.

    Raises:
        DatasetError: They are texts, and no times.
    """
    if values.dtype != object:
        return values.astype(np.float64)
    import pyarrow as pa

    from engine.datasets.tables.table_source import text_cells

    found = read_times(text_cells(pa.array([str(value) for value in values], pa.string())))
    if found is None:
        shown = next((value for value in values if value), "")
        raise DatasetError(
            f"Column '{column}' must hold times to divide by. Received: {shorten(shown)}.",
            "Write them as 2024-01-31 or 2024-01-31 13:45:00, or choose another column.",
        )
    return found.values


def divide_by_time(
    times: AnyArray, n_validation: int, n_test: int, until: AnyArray | None, is_whole: bool
) -> TimeParts:
    """Divides examples by time.

    Args:
        times: First time of each target, (n,); NaN: not known.
        n_validation: How many shall be watched.
        n_test: How many shall test.
        until: Last time of each target, (n,), where targets reach over time; else None.
        is_whole: Boundaries move to where time does, so that rows of a time stay together.

    Raises:
        DatasetError: There are too few different times.
    """
    known = np.flatnonzero(~np.isnan(times)) if is_whole else np.arange(len(times))
    untimed = np.setdiff1d(np.arange(len(times)), known)
    # Stable: what happened at the same time keeps its order.
    order = known[np.argsort(times[known], kind="stable")].astype(np.int64)
    ends = [len(order) - n_validation - n_test, len(order) - n_test]
    if is_whole and until is None:
        ends = _whole(times[order], ends)
    parts = np.split(order, ends)
    if until is not None:
        parts = _without_overlap(parts, times, until)
    train, validation, test = (np.sort(part) for part in parts)
    return TimeParts(train, validation, test, untimed)


def _whole(times: AnyArray, ends: list[int]) -> list[int]:
    """Moves the ends of training and validation part to the nearest place where time goes on.

    Args:
        times: In order, (n,).
        ends: Where the training and the validation part end.
    """
    n = len(times)
    moves = np.flatnonzero(np.diff(times) > 0) + 1
    # A part that shall be empty has no boundary of its own.
    wanted = sorted({end for end in ends if end < n})
    if len(moves) < len(wanted):
        raise DatasetError(
            f"There are {len(moves) + 1} different times for {len(wanted) + 1} parts, and rows of "
            "one time stay together.",
            "Choose a column with more different times, or make a part 0.",
        )
    found: dict[int, int] = {n: n}
    for place, end in enumerate(wanted):
        later = len(wanted) - 1 - place
        able = moves[: len(moves) - later]
        able = able[able > max((found[it] for it in wanted[:place]), default=0)]
        found[end] = int(able[np.abs(able - end).argmin()])
    return [found[end] for end in ends]


def _without_overlap(parts: list[IndexArray], times: AnyArray, until: AnyArray) -> list[IndexArray]:
    """Leaves out what reaches into the part that follows, so that nothing of it is learnt.

    Args:
        parts: Training, validation and test, by time.
        times: First time of each target, (n_samples,).
        until: Last time of each target, (n_samples,).
    """
    kept = [parts[-1]]
    begin = times[parts[-1]].min() if len(parts[-1]) else None
    for part in reversed(parts[:-1]):
        inside = part if begin is None else part[until[part] < begin]
        if len(part) and not len(inside):
            raise DatasetError(
                "Every window of a part reaches into the part that follows it.",
                "Make the horizon shorter, or validation and test part larger.",
            )
        kept.insert(0, inside)
        begin = times[inside].min() if len(inside) else begin
    return kept
