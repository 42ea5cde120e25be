"""From a table to series: its rows as steps in order, each time once, gaps known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from engine.datasets.base import Progress, silent
from engine.datasets.sequences.series_layout import REPEATED_SHARE, IndexArray, Layout
from engine.datasets.sequences.time_parts import read_joined
from engine.datasets.sequences.times import Pace, Times, pace_of, step_text
from engine.datasets.sequences.windows import BoolArray, FloatArray, Steps
from engine.datasets.tables.number_table import Columns, NumberTable
from engine.errors import DatasetError
from engine.events.findings import MAX_NAMES, DataFinding, Remedy, Trouble
from engine.spec.parameters import shorten

# Where more of the steps are missing, rows are taken as they come: shops close at night.
_MAX_MISSING_SHARE = 0.1

Repeated = Literal["auto", "first", "last", "mean"]


@dataclass(frozen=True, eq=False)
class Found:
    """Steps, and what was found on the way.

    Attributes:
        steps: The series; gaps are NaN.
        findings: What is wrong with them.
        facts: How the file was read.
        numbers_as: How the numbers of each channel are written, as JSON values.
        times: How its times were read.
        pace: How far steps are apart; None where rows have no times.
    """

    steps: Steps
    findings: tuple[DataFinding, ...]
    facts: tuple[tuple[str, str], ...]
    numbers_as: dict[str, dict[str, Any]]
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


def steps_of(
    table: NumberTable,
    layout: Layout,
    longest: int,
    progress: Progress = silent,
    repeated: Repeated = "auto",
    dates: str = "auto",
) -> Found:
    """Puts the rows of a table in order, as series of steps; gaps are NaN, nothing is filled.

    Times that are missing in an otherwise regular series become steps without values, where at
    most `longest` are missing in a row; a longer break begins a new stretch.

    Args:
        table: The table.
        layout: What its columns are.
        longest: As above.
        progress: Told how much was read.
        repeated: What is done with several rows at one time of a series; ``auto``: the first is
            used where they are few, many are refused.
        dates: Whether day or month comes first, by `TableParameters.dates`.

    Raises:
        DatasetError: A cell is no number, the times cannot be read, or rows share them.
    """
    read = table.read(layout.channels, layout.times, layout.keys, progress)
    progress("Putting the steps in order", 0, 0)
    rows, names = _rows(read, layout, dates)
    _drop_without_time(rows, read, layout, table.line_word)
    _sort(rows, layout)
    _settle_repeated(rows, names, layout, repeated)
    pace, counts = _steps_between(rows, layout, longest)
    steps = _with_missing_times(rows, names, layout, counts, longest)
    _count_gaps(rows, layout)
    return Found(steps, tuple(rows.findings), read.facts, read.numbers_as, rows.times, pace)


def _rows(read: Columns, layout: Layout, dates: str) -> tuple[_Rows, tuple[str, ...]]:
    member: IndexArray = np.zeros(len(read), np.int64)
    names: tuple[str, ...] = ("",)
    if layout.keys:
        member, names = _members([read.codes[key] for key in layout.keys])
    places = np.arange(len(read))
    findings = list(read.findings)
    if not layout.times:
        times = Times(places.astype(np.float64), False)
        return _Rows(times, read.numbers, member, places, findings), names
    found = read_joined([(name, read.texts[name]) for name in layout.times], dates)
    if found is None:
        cells = [read.texts[name] for name in layout.times]
        shown = " ".join(next((it for it in one.to_pylist() if it), "") for one in cells)
        raise DatasetError(
            f"Column '{layout.time}' must hold times. Received: {shorten(shown)}.",
            "Write them as 2024-01-31 or 2024-01-31 13:45:00, or choose another column; several "
            "that make a time are written as year+month.",
        )
    if found.note:
        other = found.other_order
        remedies = (Remedy(f"Read the {other}", {"data.parameters.dates": other}),) if other else ()
        findings.append(DataFinding(Trouble.UNDERSTOOD, layout.time, found.note, remedies=remedies))
    return _Rows(found, read.numbers, member, places, findings), names


def _members(
    codes: Sequence[tuple[IndexArray, tuple[str, ...]]],
) -> tuple[IndexArray, tuple[str, ...]]:
    """The series of each row, (rows,), and their names, told by one key or several."""
    (member, names), *others = codes
    for code, labels in others:
        found, member = np.unique(member * len(labels) + code, return_inverse=True)
        pairs = [divmod(int(pair), len(labels)) for pair in found]
        names = tuple(f"{names[first]}, {labels[second]}" for first, second in pairs)
    return member.astype(np.int64), names


def _keep(rows: _Rows, kept: IndexArray | BoolArray) -> None:
    rows.times = Times(rows.times.values[kept], rows.times.is_date)
    rows.values, rows.member = rows.values[kept], rows.member[kept]
    rows.places = rows.places[kept]


def _drop_without_time(rows: _Rows, read: Columns, layout: Layout, line_word: str) -> None:
    lost = np.flatnonzero(np.isnan(rows.times.values))
    if not len(lost):
        return
    cells = [read.texts[name] for name in layout.times]
    names = tuple(
        f"{line_word} {read.lines[row]}: "
        + shorten(" ".join(one[int(row)].as_py() for one in cells))
        for row in lost[:MAX_NAMES]
    )
    text = f"{len(lost):,} of {len(read):,} rows have no time that can be read; left out."
    rows.findings.append(DataFinding(Trouble.MISSING, layout.time, text, names, len(lost)))
    _keep(rows, ~np.isnan(rows.times.values))


def _sort(rows: _Rows, layout: Layout) -> None:
    order = np.lexsort((rows.places, rows.times.values, rows.member))
    in_time = np.lexsort((rows.places, rows.member))
    if layout.times and not np.array_equal(order, in_time):
        text = "The rows are not in the order of time; they were sorted."
        rows.findings.append(DataFinding(Trouble.UNDERSTOOD, layout.time, text))
    _keep(rows, order)


def _settle_repeated(
    rows: _Rows, names: tuple[str, ...], layout: Layout, repeated: Repeated
) -> None:
    """Leaves one row at each time of a series.

    Raises:
        DatasetError: Many rows share times, and nobody said what to do with them.
    """
    times, member = rows.times.values, rows.member
    is_more = np.zeros(len(times), bool)
    is_more[1:] = (times[1:] == times[:-1]) & (member[1:] == member[:-1])
    count = int(np.count_nonzero(is_more))
    if not count:
        return
    group = np.cumsum(~is_more) - 1
    shown = Counter(
        (f"{names[member[row]]}: " if names[member[row]] else "") + rows.times.text(times[row])
        for row in np.flatnonzero(is_more)[: 10 * MAX_NAMES]
    )
    listing = tuple(f"{time}: {more + 1} rows" for time, more in shown.most_common(MAX_NAMES))
    text = f"{count:,} of {len(times):,} rows have a time that was there already"
    first = np.flatnonzero(~is_more)
    # The same row twice says nothing new, however often.
    same = np.isclose(rows.values, rows.values[first][group], rtol=0, atol=0, equal_nan=True)
    n_other = int(np.count_nonzero(is_more & ~same.all(axis=1)))
    if repeated == "auto" and n_other > REPEATED_SHARE * len(times):
        raise _unresolved(text, listing, layout)
    if repeated == "mean":
        rows.values = _means(rows.values, group, len(first))
        rows.values = rows.values[group]
    kept = np.append(first[1:], len(times)) - 1 if repeated == "last" else first
    used = {"mean": "the mean of them", "last": "the last row"}.get(repeated, "the first row")
    text += f"; {used} of each time is used."
    if n_other and not layout.keys:
        text += " Where the table holds several series, name the column that tells them apart."
    remedies = tuple(
        Remedy(label, {"data.parameters.repeated": value})
        for value, label in _REPEATED_LABELS.items()
        if n_other and value != ("first" if repeated == "auto" else repeated)
    )
    rows.findings.append(
        DataFinding(Trouble.DUPLICATE, layout.time, text, listing, count, remedies)
    )
    _keep(rows, kept)


_REPEATED_LABELS: dict[str, str] = {
    "mean": "Use their mean",
    "last": "Use the last row of each time",
    "first": "Use the first row of each time",
}


def _means(values: FloatArray, group: IndexArray, n_groups: int) -> FloatArray:
    """The mean of each group of rows, (groups, channels); gaps do not count."""
    known = ~np.isnan(values)
    totals, counts = np.zeros((2, n_groups, values.shape[1]))
    np.add.at(totals, group, np.where(known, values, 0.0))
    np.add.at(counts, group, known)
    return np.where(counts > 0, totals / np.maximum(counts, 1), np.nan)


def _unresolved(text: str, listing: tuple[str, ...], layout: Layout) -> DatasetError:
    shown = ", ".join(listing[:3])
    told = f" of a series told by '{layout.series}'" if layout.keys else ""
    return DatasetError(
        f"{text}{told}, with other values: {shown}.",
        "Name the columns that tell series apart, such as series=store+item, or those that make "
        "the time, such as time=date+hour; or say which row counts: repeated=first, last or mean.",
    )


def _steps_between(rows: _Rows, layout: Layout, longest: int) -> tuple[Pace | None, IndexArray]:
    """How far steps are apart, and the steps from each row to the next of its series, (rows - 1,).

    Where steps are irregular, each row counts as one step.
    """
    times, member = rows.times.values, rows.member
    distances, same = np.diff(times), member[1:] == member[:-1]
    one_each = np.ones(max(0, len(times) - 1), np.int64)
    if not layout.times or not same.any():
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
        rows.findings.append(DataFinding(Trouble.MISSING, layout.time, text, listing, len(after)))
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
