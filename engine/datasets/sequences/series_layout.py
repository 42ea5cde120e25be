"""What the columns of a table of series are: time, keys of series, and what is measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.datasets.sequences.time_parts import JOINED, more_columns, unit_of
from engine.datasets.sequences.times import Times, read_times
from engine.datasets.tables.number_table import NumberTable
from engine.datasets.tables.table_cells import distinct_cells
from engine.errors import DatasetError
from engine.events.findings import DataFinding, Remedy, Trouble
from engine.spec.parameters import shorten

IndexArray = npt.NDArray[np.int64]

MAX_CHANNELS = 1_000
# Names that a column of times often has; without one, a column of dates is looked for.
_ENGLISH = "time date datetime timestamp ts epoch unixtime ds t step year"
_TIME_NAMES = frozenset((*_ENGLISH.split(), "zeit", "datum", "时间"))
# As numbers, these may start again.
_PARTS_OF_TIME = frozenset(("quarter", "month", "week", "day", "hour", "minute"))
_TRIED_ROWS = 200
_YEARS = (1000, 3000)
REPEATED_SHARE = 0.2
"""Above this share of rows at a time that was there already, the table holds several series."""
# Columns tell series apart where they leave hardly any row at a time that was there already.
_APART_SHARE = 0.95
# What is measured takes other values at other times; numbers that name a series are there mostly.
_FILLED_SHARE = 0.2
_MAX_KEYS = 3
_TRIED_KEYS = 12


@dataclass(frozen=True)
class Layout:
    """What the columns of a table of series are.

    Attributes:
        times: The columns that are the time, the coarsest first; empty: rows are in order.
        keys: The columns that say which series a row belongs to; empty: there is one.
        channels: Columns of numbers.
        target: The channel that is forecast.
        findings: What was guessed.
    """

    times: tuple[str, ...]
    keys: tuple[str, ...]
    channels: tuple[str, ...]
    target: str
    findings: tuple[DataFinding, ...] = ()

    @property
    def time(self) -> str:
        """What the time is called, such as ``year + month``; empty: there is none."""
        return JOINED.join(self.times)

    @property
    def series(self) -> str:
        """What tells series apart, such as ``store + item``; empty: nothing."""
        return JOINED.join(self.keys)

    def reading(self) -> dict[str, Any]:
        """As JSON values; one column is written by its name alone."""
        return {
            "time": _plain(self.times),
            "series": _plain(self.keys),
            "channels": list(self.channels),
            "target": self.target,
        }

    @classmethod
    def of(cls, reading: Mapping[str, Any]) -> Layout:
        """Rebuilds what `reading` returned."""
        return cls(
            _listed(reading["time"]),
            _listed(reading["series"]),
            tuple(reading["channels"]),
            reading["target"],
        )


def _plain(names: tuple[str, ...]) -> str | list[str] | None:
    return names[0] if len(names) == 1 else list(names) or None


def _listed(names: str | Sequence[str] | None) -> tuple[str, ...]:
    return () if names is None else (names,) if isinstance(names, str) else tuple(names)


def named_columns(text: str | None, table: NumberTable) -> tuple[str, ...]:
    """The columns that a setting names: one, or several with ``+`` or commas between them."""
    text = (text or "").strip()
    if not text or text in table.names:
        return (text,) if text else ()
    for between in "+,":
        parts = tuple(part.strip() for part in text.split(between))
        if len(parts) > 1 and set(parts) <= set(table.names):
            return parts
    return (text,)


def choose_layout(
    table: NumberTable,
    target: str | None,
    time: tuple[str, ...],
    series: tuple[str, ...],
    channels: tuple[str, ...],
    ignored: frozenset[str] = frozenset(),
) -> Layout:
    """Says what each column is, where that was not said.

    Args:
        table: The table.
        target: The channel to forecast.
        time: The columns that are the time.
        series: The columns that tell series apart.
        channels: Columns to learn from; empty: all columns of numbers.
        ignored: Columns to leave out.

    Raises:
        DatasetError: A named column is not there, or holds something else; or nothing is left.
    """
    table.require((target, *time, *series, *channels))
    findings: list[DataFinding] = []
    taken = {target, *series, *channels} | ignored
    if not time:
        time = _time_columns(table, taken)
        findings += _told_time(time) if time else _told_order(table, taken)
    if not series:
        series = _key_columns(table, time, {target, *channels} | ignored)
        findings += _told_keys(series)
    others = [name for name in table.names if name not in {*time, *series} | ignored]
    found = channels or tuple(name for name in others if table.looks_numeric(name))
    if target is not None and target not in found:
        found = (*found, target)
    if not found:
        raise DatasetError(
            f"'{table.path.name}' has no column of numbers to forecast.",
            "Choose a table with a column of times and one or more columns of numbers.",
        )
    if len(found) > MAX_CHANNELS:
        raise DatasetError(
            f"'{table.path.name}' has too many columns of numbers. Received: {len(found):,}.",
            f"Name those to learn from, at most {MAX_CHANNELS:,}.",
        )
    findings += _guesses(target, found)
    return Layout(time, series, found, target or found[-1], tuple(findings))


def _guesses(target: str | None, channels: tuple[str, ...]) -> tuple[DataFinding, ...]:
    if target is not None or len(channels) == 1:
        return ()
    others = channels[:-1][:8]
    text = f"Nothing says which column is to be forecast; it is the last one, '{channels[-1]}'."
    remedies = tuple(Remedy(f"Forecast '{name}'", {"data.target": name}) for name in others)
    return (DataFinding(Trouble.UNDERSTOOD, channels[-1], text, remedies=remedies),)


def _told_time(names: tuple[str, ...]) -> tuple[DataFinding, ...]:
    if len(names) < 2:
        return ()
    text = f"The time is made of {len(names)} columns: {JOINED.join(names)}."
    remedy = Remedy(f"'{names[0]}' alone is the time", {"data.parameters.time": names[0]})
    return (DataFinding(Trouble.UNDERSTOOD, names[0], text, remedies=(remedy,)),)


def _told_order(table: NumberTable, taken: set[str | None]) -> tuple[DataFinding, ...]:
    """Says where rows are taken in their order though a column is named like a time."""
    named = [name for name in table.names if name not in taken and _is_named(name)]
    if not named:
        return ()
    shown = next((cell for cell in table.sample(named[0])[:_TRIED_ROWS].to_pylist() if cell), "")
    text = (
        f"'{named[0]}' is named like a time, but cannot be one alone ({shorten(shown)}, …). The "
        "rows are taken in their order, the oldest first."
    )
    return (DataFinding(Trouble.UNDERSTOOD, named[0], text),)


def _told_keys(names: tuple[str, ...]) -> tuple[DataFinding, ...]:
    if len(names) < 2:
        return ()
    text = (
        f"Series are told apart by {len(names)} columns, {JOINED.join(names)}: no one of them "
        "tells apart the rows of one time."
    )
    return (DataFinding(Trouble.UNDERSTOOD, names[0], text),)


def _time_columns(table: NumberTable, taken: set[str | None]) -> tuple[str, ...]:
    """The columns that are the time: one named so, else the first of dates, and what refines it."""
    free = [name for name in table.names if name not in taken]
    first = _time_column(table, free)
    if first is None:
        return ()
    others = [name for name in free if name != first]
    return (first, *more_columns(first, others, table.sample))


def _time_column(table: NumberTable, free: Sequence[str]) -> str | None:
    """The column of times: one named so, else the first of dates, else one that says the year."""
    read: dict[str, Times | None] = {}
    for name in [name for name in free if _is_named(name)]:
        read[name] = times = read_times(table.sample(name))
        if times is not None and (times.is_date or _goes_on(name, times)):
            break
    else:
        name = next((it for it in free if _holds_dates(table, it)), "")
        return name or None
    times = read[name]
    if "year" not in unit_of(name) or times is None or times.is_date:
        return name
    # Dates say more than their year; but not those that are a feature of each series.
    n_years = len(np.unique(times.values))
    for other in free:
        if other not in read and _holds_dates(table, other):
            dates = read_times(table.sample(other))
            if dates is not None and len(np.unique(dates.values)) > n_years:
                return other
    return name


def _is_named(name: str) -> bool:
    return name.lower() in _TIME_NAMES | _PARTS_OF_TIME or "year" in unit_of(name)


def _goes_on(name: str, times: Times) -> bool:
    """Whether numbers are times: by their name, or because they never start again."""
    if name.lower() in _TIME_NAMES:
        return True
    known = times.values[~np.isnan(times.values)]
    if "year" in unit_of(name) and len(known):
        return bool(known.min() >= _YEARS[0] and known.max() <= _YEARS[1])
    steps = np.diff(known)
    # Newest first is an order, too.
    return bool(len(steps)) and bool((steps > 0).all() or (steps < 0).all())


def _holds_dates(table: NumberTable, name: str) -> bool:
    times = read_times(table.sample(name)[:_TRIED_ROWS])
    if times is None or not times.is_date:
        return False
    return read_times(table.sample(name)) is not None


def _key_columns(
    table: NumberTable, time: tuple[str, ...], taken: set[str | None]
) -> tuple[str, ...]:
    """The fewest columns that tell rows of one time apart, where rows share times."""
    if not time:
        return ()
    moments = _codes(table, time)
    n_rows, n_moments = len(moments), int(moments.max(initial=-1)) + 1
    if n_moments == n_rows:
        return ()
    are_many = n_moments <= (1 - REPEATED_SHARE) * n_rows
    free = [name for name in table.names if name not in taken and name not in time]
    ids = {name: found for name in free if (found := _labels(table, name)) is not None}
    # Texts before numbers, which may as well be what is measured.
    texts = [name for name in ids if not table.looks_numeric(name)]
    ordered = (texts + [name for name in ids if name not in texts])[:_TRIED_KEYS]
    for size in range(1, _MAX_KEYS + 1) if are_many else ():
        for names in combinations(ordered, size):
            labels = [ids[name] for name in names]
            if _share_apart(moments, labels) < _APART_SHARE:
                continue
            if set(names) <= set(texts) or _filled_share(moments, labels) >= _FILLED_SHARE:
                return _in_order(names, table)
    # Few rows share their time: only what explains all of them; or most, as far as that goes.
    wanted = 1 - REPEATED_SHARE if are_many else 1.0
    for name in texts:
        if _share_apart(moments, [ids[name]]) >= wanted:
            return (name,)
    return ()


def _in_order(names: Sequence[str], table: NumberTable) -> tuple[str, ...]:
    return tuple(name for name in table.names if name in names)


def _codes(table: NumberTable, names: Sequence[str]) -> IndexArray:
    """A number for each of the first rows, the same where these columns are, from 0 on."""
    code: IndexArray = np.zeros(len(table.sample(names[0])), np.int64)
    for name in names:
        places, distinct = distinct_cells(table.sample(name))
        _, code = np.unique(code * max(1, len(distinct)) + places, return_inverse=True)
    return code.astype(np.int64)


def _labels(table: NumberTable, name: str) -> IndexArray | None:
    """The label of each of the first rows; None where the column cannot name series."""
    ids, labels = distinct_cells(table.sample(name))
    if not 1 < len(labels) <= len(ids) / 2:
        return None
    if table.looks_numeric(name) and not all(label.lstrip("+-").isdigit() for label in labels):
        return None  # measured, for it has fractions or gaps
    return ids


def _filled_share(moments: IndexArray, ids: Sequence[IndexArray]) -> float:
    """Share of all times of all series that there is a row for."""
    series = np.zeros(len(moments), np.int64)
    for labels in ids:
        _, series = np.unique(series * (int(labels.max()) + 1) + labels, return_inverse=True)
    return len(moments) / ((int(series.max()) + 1) * (int(moments.max()) + 1))


def _share_apart(moments: IndexArray, ids: Sequence[IndexArray]) -> float:
    """Share of the rows that are the first at their time in their series."""
    code = moments
    for labels in ids:
        _, code = np.unique(code * (int(labels.max()) + 1) + labels, return_inverse=True)
    return (int(code.max()) + 1) / len(code)
