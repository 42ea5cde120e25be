"""From a table to series: which column is the time, which are measured, and steps in order."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from engine.datasets.base import Progress, silent
from engine.datasets.sequences.times import Pace, Times, pace_of, read_times, step_text
from engine.datasets.sequences.windows import BoolArray, FloatArray, Steps
from engine.datasets.tables.number_table import Columns, NumberTable
from engine.datasets.tables.table_cells import distinct_cells
from engine.errors import DatasetError
from engine.events.findings import MAX_NAMES, DataFinding, Remedy, Trouble
from engine.spec.parameters import shorten

IndexArray = npt.NDArray[np.int64]

MAX_CHANNELS = 1_000
# Names that a column of times often has; without one, a column of dates is looked for.
_TIME_NAMES = frozenset(
    ("time", "date", "datetime", "timestamp", "ds", "t", "step", "year", "zeit", "datum", "时间")
)
# As numbers, these may start again.
_PARTS_OF_TIME = frozenset(("quarter", "month", "week", "day", "hour", "minute"))
_TRIED_ROWS = 200
# Where more of the steps are missing, rows are taken as they come: shops close at night.
_MAX_MISSING_SHARE = 0.1
# Above this share of rows at a time that was there already, the table holds several series.
_REPEATED_SHARE = 0.2


@dataclass(frozen=True)
class Layout:
    """What the columns of a table of series are.

    Attributes:
        time: The column of times; None: rows are in order.
        series: The column that says which series a row belongs to; None: there is one.
        channels: Columns of numbers.
        target: The channel that is forecast.
        findings: What was guessed.
    """

    time: str | None
    series: str | None
    channels: tuple[str, ...]
    target: str
    findings: tuple[DataFinding, ...] = ()


@dataclass(frozen=True, eq=False)
class Found:
    """Steps, and what was found on the way.

    Attributes:
        steps: The series; gaps are NaN.
        findings: What is wrong with them.
        facts: How the file was read.
        times: How its times were read.
        pace: How far steps are apart; None where rows have no times.
    """

    steps: Steps
    findings: tuple[DataFinding, ...]
    facts: tuple[tuple[str, str], ...]
    times: Times
    pace: Pace | None


@dataclass
class _Rows:
    """Rows of a table while they are put in order; arrays are (rows, …)."""

    times: Times
    values: FloatArray
    member: IndexArray
    places: IndexArray
    findings: list[DataFinding] = field(default_factory=list)


def choose_layout(
    table: NumberTable,
    target: str | None,
    time: str | None,
    series: str | None,
    channels: tuple[str, ...],
    ignored: frozenset[str] = frozenset(),
) -> Layout:
    """Says what each column is, where that was not said.

    Args:
        table: The table.
        target: The channel to forecast.
        time: The column of times.
        series: The column of series.
        channels: Columns to learn from; empty: all columns of numbers.
        ignored: Columns to leave out.

    Raises:
        DatasetError: A named column is not there, or holds something else; or nothing is left.
    """
    table.require((target, time, series, *channels))
    time = time or _time_column(table, {target, series, *channels} | ignored)
    series = series or _series_column(table, time, {target, *channels} | ignored)
    others = [name for name in table.names if name not in {time, series} | ignored]
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
    return Layout(time, series, found, target or found[-1], _guesses(target, found))


def _guesses(target: str | None, channels: tuple[str, ...]) -> tuple[DataFinding, ...]:
    if target is not None or len(channels) == 1:
        return ()
    others = channels[:-1][:8]
    text = f"Nothing says which column is to be forecast; it is the last one, '{channels[-1]}'."
    remedies = tuple(Remedy(f"Forecast '{name}'", {"data.target": name}) for name in others)
    return (DataFinding(Trouble.UNDERSTOOD, channels[-1], text, remedies=remedies),)


def _time_column(table: NumberTable, taken: set[str | None]) -> str | None:
    """The column of times: one named so, else the first that holds dates."""
    free = [name for name in table.names if name not in taken]
    named = [name for name in free if name.lower() in _TIME_NAMES | _PARTS_OF_TIME]
    for name in named:
        times = read_times(table.sample(name))
        if times is None:
            continue
        steps = np.diff(times.values[~np.isnan(times.values)])
        if times.is_date or name.lower() in _TIME_NAMES or (len(steps) and (steps > 0).all()):
            return name
    for name in free:
        times = read_times(table.sample(name)[:_TRIED_ROWS])
        if times is not None and times.is_date and read_times(table.sample(name)) is not None:
            return name
    return None


def _series_column(table: NumberTable, time: str | None, taken: set[str | None]) -> str | None:
    """The first column of text that tells rows of one time apart, where many rows share times."""
    if time is None:
        return None
    moments, distinct = distinct_cells(table.sample(time))
    if len(distinct) > (1 - _REPEATED_SHARE) * len(moments):
        return None
    for name in table.names:
        if name == time or name in taken:
            continue
        ids, labels = distinct_cells(table.sample(name))
        n_pairs = len(np.unique(moments * len(labels) + ids))
        if 1 < len(labels) <= len(ids) / 2 and n_pairs >= (1 - _REPEATED_SHARE) * len(ids):
            return name
    return None


def steps_of(
    table: NumberTable, layout: Layout, longest: int, progress: Progress = silent
) -> Found:
    """Puts the rows of a table in order, as series of steps; gaps are NaN, nothing is filled.

    Times that are missing in an otherwise regular series become steps without values, where at
    most `longest` are missing in a row; a longer break begins a new stretch.

    Args:
        table: The table.
        layout: What its columns are.
        longest: As above.
        progress: Told how much was read.

    Raises:
        DatasetError: A cell is no number, or the times cannot be read.
    """
    texts = [layout.time] if layout.time is not None else []
    labels = [layout.series] if layout.series is not None else []
    read = table.read(layout.channels, texts, labels, progress)
    progress("Putting the steps in order", 0, 0)
    rows, names = _rows(read, layout)
    _drop_without_time(rows, read, layout, table.line_word)
    _sort(rows, layout)
    _drop_repeated(rows, names, layout)
    pace, counts = _steps_between(rows, layout, longest)
    steps = _with_missing_times(rows, names, layout, counts, longest)
    _count_gaps(rows, layout)
    return Found(steps, tuple(rows.findings), read.facts, rows.times, pace)


def _rows(read: Columns, layout: Layout) -> tuple[_Rows, tuple[str, ...]]:
    member: IndexArray = np.zeros(len(read), np.int64)
    names: tuple[str, ...] = ("",)
    if layout.series is not None:
        member, names = read.codes[layout.series]
    places = np.arange(len(read))
    findings = list(read.findings)
    if layout.time is None:
        times = Times(places.astype(np.float64), False)
        return _Rows(times, read.numbers, member, places, findings), names
    cells = read.texts[layout.time]
    found = read_times(cells)
    if found is None:
        shown = next((cell for cell in cells[:_TRIED_ROWS].to_pylist() if cell), "")
        raise DatasetError(
            f"Column '{layout.time}' must hold times. Received: {shorten(shown)}.",
            "Write them as 2024-01-31 or 2024-01-31 13:45:00, or choose another column.",
        )
    if found.note:
        findings.append(DataFinding(Trouble.UNDERSTOOD, layout.time, found.note))
    return _Rows(found, read.numbers, member, places, findings), names


def _keep(rows: _Rows, kept: IndexArray | BoolArray) -> None:
    rows.times = Times(rows.times.values[kept], rows.times.is_date)
    rows.values, rows.member = rows.values[kept], rows.member[kept]
    rows.places = rows.places[kept]


def _drop_without_time(rows: _Rows, read: Columns, layout: Layout, line_word: str) -> None:
    lost = np.flatnonzero(np.isnan(rows.times.values))
    if not len(lost):
        return
    cells = read.texts[layout.time or ""]
    names = tuple(
        f"{line_word} {read.lines[row]}: {shorten(cells[int(row)].as_py())}"
        for row in lost[:MAX_NAMES]
    )
    text = f"{len(lost):,} of {len(read):,} rows have no time that can be read; left out."
    rows.findings.append(DataFinding(Trouble.MISSING, layout.time or "", text, names, len(lost)))
    _keep(rows, ~np.isnan(rows.times.values))


def _sort(rows: _Rows, layout: Layout) -> None:
    order = np.lexsort((rows.places, rows.times.values, rows.member))
    in_time = np.lexsort((rows.places, rows.member))
    if layout.time is not None and not np.array_equal(order, in_time):
        text = "The rows are not in the order of time; they were sorted."
        rows.findings.append(DataFinding(Trouble.UNDERSTOOD, layout.time, text))
    _keep(rows, order)


def _drop_repeated(rows: _Rows, names: tuple[str, ...], layout: Layout) -> None:
    times, member = rows.times.values, rows.member
    repeated = np.zeros(len(times), bool)
    repeated[1:] = (times[1:] == times[:-1]) & (member[1:] == member[:-1])
    count = int(np.count_nonzero(repeated))
    if not count:
        return
    shown = Counter(
        (f"{names[member[row]]}: " if names[member[row]] else "") + rows.times.text(times[row])
        for row in np.flatnonzero(repeated)[: 10 * MAX_NAMES]
    )
    text = (
        f"{count:,} of {len(times):,} rows have a time that was there already; the first row of "
        "each time is used."
    )
    if count > _REPEATED_SHARE * len(times) and layout.series is None:
        text += " Where the table holds several series, name the column that tells them apart."
    listing = tuple(f"{time}: {more + 1} rows" for time, more in shown.most_common(MAX_NAMES))
    rows.findings.append(DataFinding(Trouble.DUPLICATE, layout.time or "", text, listing, count))
    _keep(rows, ~repeated)


def _steps_between(rows: _Rows, layout: Layout, longest: int) -> tuple[Pace | None, IndexArray]:
    """How far steps are apart, and the steps from each row to the next of its series, (rows - 1,).

    Where steps are irregular, each row counts as one step.
    """
    times, member = rows.times.values, rows.member
    distances, same = np.diff(times), member[1:] == member[:-1]
    one_each = np.ones(max(0, len(times) - 1), np.int64)
    if layout.time is None or not same.any():
        return None, one_each
    pace = pace_of(distances[same], rows.times.is_date)
    if pace is None:
        return None, one_each
    counts = np.where(same, pace.counts(distances), 1)
    odd = np.flatnonzero(counts != 1)
    breaks = np.flatnonzero(~same | (counts - 1 > longest))
    stretch = np.diff(breaks, prepend=-1, append=len(counts)).max()
    n_added = int((counts[odd] - 1).clip(0, longest).sum())
    is_regular = (counts > 0).all() and n_added <= _MAX_MISSING_SHARE * np.count_nonzero(same)
    # Half a window is the longest gap that is filled; a stretch must hold more than a window.
    if is_regular and (stretch > 2 * longest + 1 or not len(odd)):
        return pace, counts
    text = (
        f"The time steps are irregular: mostly {pace.name}, but {len(odd):,} of "
        f"{int(same.sum()):,} differ. Windows count rows, not time."
    )
    names = tuple(
        f"after {rows.times.text(times[place])}: "
        f"{step_text(float(distances[place]), rows.times.is_date)}"
        for place in odd[:MAX_NAMES]
    )
    rows.findings.append(DataFinding(Trouble.UNDERSTOOD, layout.time, text, names, len(odd)))
    return pace, one_each


def _with_missing_times(
    rows: _Rows, names: tuple[str, ...], layout: Layout, counts: IndexArray, longest: int
) -> Steps:
    """Adds a step without values for each missing time, or begins a new stretch."""
    times, member = rows.times.values, rows.member
    n_rows = len(times)
    is_break = np.zeros(n_rows, bool)
    is_break[1:] = (member[1:] != member[:-1]) | (counts - 1 > longest)
    repeats = np.ones(n_rows, np.int64)
    repeats[:-1] += np.where(is_break[1:], 0, counts - 1)
    places = np.repeat(np.arange(n_rows), repeats)
    offset = np.arange(len(places)) - np.repeat(np.cumsum(repeats) - repeats, repeats)
    added = offset > 0
    values = rows.values[places]
    values[added] = np.nan
    step = np.zeros(n_rows)
    step[:-1] = np.where(is_break[1:], 0.0, np.diff(times) / np.maximum(counts, 1))
    n_added, n_breaks = int(added.sum()), int((is_break[1:] & (member[1:] == member[:-1])).sum())
    if n_added or n_breaks:
        after = np.flatnonzero((counts > 1) & (member[1:] == member[:-1]))
        listing = tuple(
            f"after {rows.times.text(times[place])}: {counts[place] - 1:,} steps"
            for place in after[:MAX_NAMES]
        )
        text = f"{int((counts[after] - 1).sum()):,} times are missing, in {len(after):,} places."
        if n_breaks:
            text += f" No window crosses the {n_breaks:,} of them that are longer than {longest}."
        rows.findings.append(
            DataFinding(Trouble.MISSING, layout.time or "", text, listing, len(after))
        )
    return Steps(
        values=values,
        times=times[places] + offset * step[places],
        channels=layout.channels,
        segment=np.cumsum(is_break)[places].astype(np.int64),
        member=member[places],
        series=names,
        measured=~np.isnan(values),
    )


def _count_gaps(rows: _Rows, layout: Layout) -> None:
    """Says how many cells of each column are empty."""
    for index, name in enumerate(layout.channels):
        n_missing = int(np.count_nonzero(np.isnan(rows.values[:, index])))
        if n_missing == len(rows.values):
            raise DatasetError(f"Column '{name}' holds no numbers.", "Leave the column out.")
        if not n_missing:
            continue
        text = f"{n_missing:,} of {len(rows.values):,} values of '{name}' are missing."
        remedies = (
            Remedy("Fill gaps with a line", {"data.parameters.gaps": "interpolate"}),
            Remedy("Fill gaps with the value before", {"data.parameters.gaps": "previous"}),
            Remedy("Leave windows with gaps out", {"data.parameters.gaps": "drop"}),
        )
        rows.findings.append(
            DataFinding(Trouble.MISSING, name, text, count=n_missing, remedies=remedies)
        )
