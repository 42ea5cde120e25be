"""Offers to read a plain table as a series, where columns such as year and month are its time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from engine.datasets.base import Examples
from engine.datasets.sequences.time_parts import JOINED, unit_of
from engine.events.findings import DataFinding, Remedy, Trouble
from engine.spec.signature import Kind, Task

_SEEN_ROWS = 20_000
_MIN_ROWS = 20
# Hardly any two rows at the same time, or the table holds something else beside.
_DISTINCT_SHARE = 0.95
_FOLLOWING = ("month", "quarter", "week", "yearday", "day", "hour", "minute")


def series_offer(examples: Examples) -> tuple[DataFinding, ...]:
    """Finds that a year with its parts, or a date with its hours, puts a table's rows in order.

    Told from the first 20,000 rows.

    Args:
        examples: Of any kind; only numbers that are predicted from a table are looked at.
    """
    columns: Sequence[Mapping[str, Any]] = examples.reading.get("columns", ())
    if (examples.kind, examples.task) != (Kind.TABLE, Task.REGRESSION) or not columns:
        return ()
    found = _time_columns(columns)
    if not found or examples.n_samples < _MIN_ROWS:
        return ()
    names = list(dict.fromkeys(str(columns[place]["column"]) for place in found))
    seen = examples.x[:_SEEN_ROWS][:, found]
    n_times = len(np.unique(seen, axis=0))
    first = np.diff(seen[:, 0])
    is_ordered = bool((first >= 0).all() or (first <= 0).all())
    if not is_ordered or n_times < _DISTINCT_SHARE * len(seen) or np.isnan(seen).any():
        return ()
    text = (
        f"The rows are in the order of {JOINED.join(names)}, one for each time. Drawn at random, "
        "the training part holds the times around those that are tested, and results look better "
        "than they are."
    )
    changes: dict[str | tuple[str, ...], Any] = {
        "data.format": "series",
        "data.task": None,
        "data.target": examples.target_name,
    }
    remedies = (Remedy("Read it as a series", changes),)
    return (DataFinding(Trouble.ACROSS_PARTS, names[0], text, remedies=remedies),)


def _time_columns(columns: Sequence[Mapping[str, Any]]) -> list[int]:
    """Places of what makes a time, the coarsest first: a year with its parts, a date with hours."""
    places: dict[str, int] = {}
    for place, item in enumerate(columns):
        if item.get("part") == "days":
            places.setdefault("date", place)
        elif not item.get("part"):
            for unit in unit_of(str(item.get("column", ""))):
                places.setdefault(unit, place)
    if "date" in places:
        # A date alone is looked at with the table itself.
        following = [places[unit] for unit in ("hour", "minute") if unit in places]
        return [places["date"], *following] if following else []
    units = [unit for unit in ("year", *_FOLLOWING) if unit in places]
    return [places[unit] for unit in units] if units[:1] == ["year"] else []
