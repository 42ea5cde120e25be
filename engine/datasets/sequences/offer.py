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
_FOLLOWING = ("month", "quarter", "week", "day", "hour", "minute")


def series_offer(examples: Examples) -> tuple[DataFinding, ...]:
    """Finds that a year and its parts put the rows of a table in order.

    Told from the first 20,000 rows.

    Args:
        examples: Of any kind; only numbers that are predicted from a table are looked at.
    """
    columns: Sequence[Mapping[str, Any]] = examples.reading.get("columns", ())
    if (examples.kind, examples.task) != (Kind.TABLE, Task.REGRESSION) or not columns:
        return ()
    places = {
        unit: place
        for place, item in reversed(list(enumerate(columns)))
        if isinstance(item, Mapping) and not item.get("part")
        for unit in unit_of(str(item.get("column", "")))
    }
    units = [unit for unit in ("year", *_FOLLOWING) if unit in places]
    if len(units) < 2 or units[0] != "year" or examples.n_samples < _MIN_ROWS:
        return ()
    names = list(dict.fromkeys(str(columns[places[unit]]["column"]) for unit in units))
    seen = examples.x[:_SEEN_ROWS][:, [places[unit] for unit in units]]
    n_times = len(np.unique(seen, axis=0))
    years = np.diff(seen[:, 0])
    is_ordered = bool((years >= 0).all() or (years <= 0).all())
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
