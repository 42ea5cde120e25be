"""What would have to be otherwise in a row for the model to say something else.

A counterfactual in the sense of Wachter, Mittelstadt and Russell (2017), searched for directly: one
column first, then two, then more, so that few columns change, and each by little. The search asks
the model about a bounded number of rows; a change that it does not find may exist all the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
Judge = Callable[[FloatArray], tuple[npt.NDArray[np.bool_], FloatArray]]
"""Given rows, (n, columns): which of them are as wanted, (n,), and how near each is to that, (n,):
the more the nearer."""

MAX_CHANGED = 4
"""Columns that are changed at most: more are no explanation."""
_POINTS = 25  # values of a number that are tried
MAX_LEVERS = 24
"""Columns that are changed together with others."""
_BEAM = 12  # beginnings that are followed
_HALVINGS = 12
_CATEGORY_COST = 0.5  # another category counts as half the range of a number


@dataclass(frozen=True, eq=False)
class Lever:
    """A column that may be changed.

    Attributes:
        place: Of the column in a row.
        values: What it may hold, (n,), ascending where they are numbers.
        is_number: Values between those are possible too.
        is_whole: Only whole numbers are.
    """

    place: int
    values: FloatArray
    is_number: bool
    is_whole: bool = False

    @classmethod
    def number(cls, place: int, low: float, high: float, is_whole: bool = False) -> Lever:
        """A number of the range that was seen in training."""
        values = np.linspace(low, high, _POINTS)
        return cls(place, np.unique(np.rint(values)) if is_whole else values, True, is_whole)

    def cost(self, before: float, after: FloatArray) -> FloatArray:
        """How much a change is, (n,): of a number the share of its range."""
        if not self.is_number:
            return np.full(len(after), _CATEGORY_COST)
        span = float(self.values[-1] - self.values[0]) or 1.0
        start = before if np.isfinite(before) else float(self.values.mean())
        return np.asarray(np.abs(after - start) / span)


@dataclass(frozen=True, eq=False)
class Change:
    """The nearest row that was found.

    Attributes:
        row: The changed row, (columns,); None: none was found.
        places: Columns that changed.
        n_tried: Rows that were asked about.
    """

    row: FloatArray | None
    places: tuple[int, ...]
    n_tried: int


@dataclass(frozen=True, eq=False)
class _Start:
    row: FloatArray
    levers: tuple[int, ...]
    cost: float


def most_tried(levers: list[Lever]) -> int:
    """About how many rows are asked about where none is as wanted."""
    sizes = sorted((len(lever.values) for lever in levers), reverse=True)
    rounds = min(MAX_CHANGED, len(levers))
    return sum(sizes) + max(0, rounds - 1) * _BEAM * sum(sizes[:MAX_LEVERS])


def nearest_change(row: FloatArray, levers: list[Lever], judge: Judge) -> Change:
    """Looks for the nearest row that is as wanted.

    Args:
        row: The row as it is, (columns,), NaN in gaps.
        levers: What may be changed.
        judge: Says of rows whether they are as wanted; what it raises ends the search.
    """
    starts, n_tried = [_Start(row, (), 0.0)], 0
    kept = frozenset(range(len(levers)))
    for _ in range(min(MAX_CHANGED, len(levers))):
        rows, made = _changed_once(row, starts, levers, kept)
        if not len(rows):
            break
        n_tried += len(rows)
        is_wanted, nearness = judge(rows)
        costs = np.array([start.cost for start in made])
        if is_wanted.any():
            best = int(np.where(is_wanted, costs, np.inf).argmin())
            closest, n_more = _halved(row, rows[best], made[best].levers, levers, judge)
            return Change(closest, _places(row, closest), n_tried + n_more)
        starts = _promising(made, rows, nearness)
        if len(starts[0].levers) == 1:  # of very many columns, only those that tell most
            telling = dict.fromkeys(
                made[place].levers[0] for place in np.argsort(-nearness, kind="stable").tolist()
            )
            kept = frozenset(list(telling)[:MAX_LEVERS])
    return Change(None, (), n_tried)


def _changed_once(
    row: FloatArray, starts: list[_Start], levers: list[Lever], kept: frozenset[int]
) -> tuple[FloatArray, list[_Start]]:
    """Every row that differs from a beginning in one more column, of those that are kept."""
    rows: list[FloatArray] = []
    made: list[_Start] = []
    for start in starts:
        for number, lever in enumerate(levers):
            # In order, so that no pair of columns is tried twice from the same beginning.
            if number not in kept or number in start.levers:
                continue
            before = float(row[lever.place])
            values = lever.values[lever.values != before]
            for value, cost in zip(values, lever.cost(before, values), strict=True):
                other = start.row.copy()
                other[lever.place] = value
                rows.append(other)
                made.append(_Start(other, (*start.levers, number), start.cost + float(cost)))
    return (np.stack(rows) if rows else np.zeros((0, len(row)))), made


def _promising(made: list[_Start], rows: FloatArray, nearness: FloatArray) -> list[_Start]:
    """The beginnings that came nearest, no two of the same columns but for the best value."""
    found: dict[frozenset[int], _Start] = {}
    for place in np.argsort(-nearness, kind="stable").tolist():
        found.setdefault(frozenset(made[place].levers), made[place])
        if len(found) == _BEAM:
            break
    return list(found.values())


def _halved(
    row: FloatArray,
    found: FloatArray,
    changed: tuple[int, ...],
    levers: list[Lever],
    judge: Judge,
) -> tuple[FloatArray, int]:
    """Takes each number back towards what it was, as far as the row stays as wanted."""
    best, n_tried = found.copy(), 0
    for number in changed:
        lever = levers[number]
        before = float(row[lever.place])
        if not lever.is_number or not np.isfinite(before):
            continue
        kept, far = 0.0, 1.0  # share of the change that is too little, and that is enough
        target = float(best[lever.place])
        for _ in range(_HALVINGS):
            share = (kept + far) / 2
            value = before + share * (target - before)
            other = best.copy()
            other[lever.place] = np.rint(value) if lever.is_whole else value
            n_tried += 1
            if bool(judge(other[np.newaxis])[0][0]):
                far, best = share, other
            else:
                kept = share
    return _readable(row, best, levers, judge), n_tried


def _readable(row: FloatArray, best: FloatArray, levers: list[Lever], judge: Judge) -> FloatArray:
    """The same row with as few digits as it stays as wanted with."""
    for lever in levers:
        value, before = float(best[lever.place]), float(row[lever.place])
        if not lever.is_number or lever.is_whole or value == before:
            continue
        for digits in range(2, 9):
            other = best.copy()
            other[lever.place] = float(f"{value:.{digits}g}")
            if bool(judge(other[np.newaxis])[0][0]):
                best = other
                break
    return best


def _places(row: FloatArray, other: FloatArray) -> tuple[int, ...]:
    same = (row == other) | (np.isnan(row) & np.isnan(other))
    return tuple(np.flatnonzero(~same).tolist())
