"""Windows over series: each example is a stretch of steps, its target the steps that follow.

The steps are held once; windows are gathered by index when asked for, however much they overlap.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from engine.datasets.base import AnyArray, Examples, IndexArray
from engine.datasets.summaries import column_profile
from engine.errors import DatasetError
from engine.events.findings import MAX_NAMES, DataFinding, Remedy, Trouble
from engine.events.profile import ColumnProfile, Trace
from engine.spec.parameters import Parameters, parameter
from engine.spec.signature import Kind, Task

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
Gaps = Literal["interpolate", "previous", "drop"]

MAX_TRACES = 12
TRACE_POINTS = 2_000


class WindowParameters(Parameters):
    """How a series becomes examples."""

    window: int = parameter(
        24,
        label="Window",
        help="How many past steps the network sees. At least one season, where there are any.",
        unit="steps",
        ge=1,
        le=10_000,
    )
    horizon: int = parameter(
        1,
        label="Horizon",
        help="How many of the steps that follow are forecast, all at once.",
        unit="steps",
        ge=1,
        le=1_000,
    )
    stride: int = parameter(
        1,
        label="Stride",
        help="Steps from one window to the next. More makes fewer, less similar examples.",
        unit="steps",
        ge=1,
        le=10_000,
        advanced=True,
    )


class WindowRows:
    """Windows of consecutive steps, (n, window, channels), gathered when asked for.

    Args:
        values: All steps, (steps, channels).
        starts: First step of each window, (n,).
        window: Steps in a window.
        last: First step of the window with which each series ends, by the name of the series,
            where it has values throughout; nothing is known of what follows.
    """

    def __init__(
        self,
        values: FloatArray,
        starts: IndexArray,
        window: int,
        last: Mapping[str, int] | None = None,
    ) -> None:
        self.values = values
        self.starts = starts
        self.last = dict(last or {})
        self._within = np.arange(window)

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self.starts), len(self._within), self.values.shape[1])

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.values.dtype

    def __len__(self) -> int:
        return len(self.starts)

    def __getitem__(self, indices: Any) -> AnyArray:
        return self._gathered(np.asarray(self.starts[indices]))

    def last_windows(self) -> AnyArray:
        """The windows with which the series of `last` end, (series, window, channels)."""
        return self._gathered(np.array(list(self.last.values()), np.int64))

    def _gathered(self, starts: IndexArray) -> AnyArray:
        found: AnyArray = self.values[starts[..., np.newaxis] + self._within]
        return found


@dataclass(frozen=True, eq=False)
class Steps:
    """One or many series, one after another.

    Attributes:
        values: (steps, channels); NaN in gaps.
        times: Seconds since 1970, or the number of the step, (steps,).
        channels: Name of each channel.
        segment: Number of the unbroken stretch each step is in, (steps,); no window crosses.
        member: Which series each step belongs to, (steps,).
        series: Name of each series.
        measured: Where a value was measured, not filled in, (steps, channels).
    """

    values: FloatArray
    times: FloatArray
    channels: tuple[str, ...]
    segment: IndexArray
    member: IndexArray
    series: tuple[str, ...]
    measured: BoolArray

    @classmethod
    def plain(cls, values: FloatArray, channels: tuple[str, ...]) -> Steps:
        """One series without gaps, timed by the number of the step; values (steps, channels)."""
        zeros = np.zeros(len(values), np.int64)
        times = np.arange(len(values), dtype=np.float64)
        return cls(values, times, channels, zeros, zeros, ("",), np.ones(values.shape, bool))

    def filled(self, gaps: Gaps, longest: int) -> Steps:
        """Fills gaps of up to `longest` steps, inside each stretch and never at its ends.

        Args:
            gaps: ``interpolate`` draws a line between the neighbours, ``previous`` repeats the last
                value, ``drop`` fills nothing.
            longest: Longer gaps stay.
        """
        if gaps == "drop" or self.measured.all():
            return self
        values = self.values.copy()
        for channel in range(values.shape[1]):
            _fill(values[:, channel], self.segment, gaps, longest)
        return replace(self, values=values)


def _fill(values: FloatArray, segment: IndexArray, gaps: Gaps, longest: int) -> None:
    """Fills the gaps of one channel in place."""
    missing = np.isnan(values)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], missing, [False]]).astype(np.int8)))
    for start, end in edges.reshape(-1, 2):
        before = start - 1
        if end - start > longest or before < 0 or segment[before] != segment[end - 1]:
            continue
        if gaps == "previous":
            values[start:end] = values[before]
        elif end < len(values) and segment[end] == segment[before]:
            values[start:end] = np.linspace(values[before], values[end], end - start + 2)[1:-1]


def longest_gap(window: int) -> int:
    """Gaps up to this many steps are filled: half of a window at most is not measured."""
    return max(1, window // 2)


def examples_of(
    steps: Steps,
    target: str,
    settings: WindowParameters,
    reading: Mapping[str, Any],
    series_name: str = "",
) -> Examples:
    """Cuts filled series into windows, to forecast a channel.

    A window is used where all its steps have values, its last step is measured, and so is all that
    is to be forecast: a value filled in at the end could have been drawn from the future.

    Args:
        steps: The series, filled.
        target: The channel to forecast.
        settings: Window, horizon and stride.
        reading: See `Examples.reading`.
        series_name: What tells series apart, for splits by it.

    Raises:
        DatasetError: Nothing is left.
    """
    window, horizon = settings.window, settings.horizon
    channel = steps.channels.index(target)
    starts, n_touched = _starts(steps, channel, settings)
    if not len(starts):
        raise _nothing(steps, settings, n_touched)
    first = starts + window
    y = steps.values[:, channel][first[:, np.newaxis] + np.arange(horizon)]
    touched = (_left_out(n_touched, len(starts)),) if n_touched else ()
    findings = (*touched, *_without_windows(steps, starts, window + horizon))
    return Examples(
        x=WindowRows(steps.values, starts, window, _last(steps, window)),
        y=y[:, 0] if horizon == 1 else y,
        kind=Kind.SERIES,
        task=Task.FORECASTING,
        feature_names=steps.channels,
        target_name=target,
        findings=findings,
        columns=_columns(steps, target),
        traces=traces(steps),
        order=steps.times[first],
        until=steps.times[first + horizon - 1],
        facts=(
            ("Steps", f"{len(steps.times):,}"),
            ("Window", f"{window:,} steps, to forecast {horizon:,}"),
        ),
        column=_by_series(steps, steps.member[first], series_name),
        reading=dict(reading),
    )


def _by_series(
    steps: Steps, member: IndexArray, series_name: str
) -> Callable[[str], AnyArray] | None:
    """Gives each window's series, (n,), by the name of what tells series apart."""
    if not series_name:
        return None
    names = np.empty(len(steps.series), object)
    names[:] = steps.series

    def column(name: str) -> AnyArray:
        if name != series_name:
            raise DatasetError(
                f"Windows cannot be divided by column '{name}'.", f"Possible: '{series_name}'."
            )
        return names[member]

    return column


def _starts(steps: Steps, channel: int, settings: WindowParameters) -> tuple[IndexArray, int]:
    """First step of each window that can be used; how many cannot, because of gaps."""
    window, horizon = settings.window, settings.horizon
    length = window + horizon
    n_steps = len(steps.times)
    if n_steps < length:
        return np.zeros(0, np.int64), 0
    begins = np.flatnonzero(np.diff(steps.segment, prepend=steps.segment[0] - 1))
    place = np.arange(n_steps) - np.repeat(begins, np.diff(begins, append=n_steps))
    starts = np.arange(n_steps - length + 1, dtype=np.int64)
    whole = steps.segment[starts] == steps.segment[starts + length - 1]
    starts = starts[whole & (place[starts] % settings.stride == 0)]
    empty = _running(np.isnan(steps.values))
    unsure = _running(~steps.measured[:, [channel]])
    all_known: BoolArray = np.all(steps.measured, axis=1)
    usable = (
        (empty[starts + window] == empty[starts])
        & all_known[starts + window - 1]
        & (unsure[starts + length] == unsure[starts + window])
    )
    return starts[usable], int(np.count_nonzero(~usable))


def _last(steps: Steps, window: int) -> dict[str, int]:
    """First step of the window with which each series ends, where a window could stand there."""
    found = {}
    for number, name in enumerate(steps.series):
        rows = np.flatnonzero(steps.member == number)[-window:]
        if (
            len(rows) == window
            and steps.segment[rows[0]] == steps.segment[rows[-1]]
            and not np.isnan(steps.values[rows]).any()
            and steps.measured[rows[-1]].all()
        ):
            found[name] = int(rows[0])
    return found


def _running(marks: BoolArray) -> IndexArray:
    """How many marks, (steps, channels), come before each step, (steps + 1,)."""
    return np.concatenate([[0], np.cumsum(marks.sum(axis=1))]).astype(np.int64)


def _nothing(steps: Steps, settings: WindowParameters, n_touched: int) -> DatasetError:
    length = settings.window + settings.horizon
    if n_touched:
        return DatasetError(
            f"Every one of the {n_touched:,} windows touches a gap.",
            "Make the window shorter, fill the gaps in the file, or leave the columns with most "
            "gaps out.",
        )
    longest = int(np.bincount(steps.segment - steps.segment.min()).max())
    return DatasetError(
        f"The series is too short: window and horizon take {length:,} steps together. "
        f"The longest stretch without a break has {longest:,}.",
        "Make window or horizon shorter, or bring more steps.",
    )


def _left_out(n_touched: int, n_kept: int) -> DataFinding:
    others = {
        "previous": "Fill gaps with the value before",
        "interpolate": "Fill gaps with a line",
    }
    return DataFinding(
        Trouble.LEFT_OUT,
        "",
        f"{n_touched:,} of {n_touched + n_kept:,} windows touch a gap that is not filled, or would "
        "be measured against a value that was filled in. They are left out.",
        count=n_touched,
        remedies=tuple(
            Remedy(label, {"data.parameters.gaps": value}) for value, label in others.items()
        ),
    )


def _without_windows(steps: Steps, starts: IndexArray, length: int) -> tuple[DataFinding, ...]:
    """Names the series of which no window can be used; the others are learnt from."""
    n_windows = np.bincount(steps.member[starts], minlength=len(steps.series))
    n_steps = np.bincount(steps.member, minlength=len(steps.series))
    lost = np.flatnonzero(n_windows == 0)
    if not len(lost):
        return ()
    names = tuple(f"{steps.series[it]}: {n_steps[it]:,} steps" for it in lost[:MAX_NAMES])
    text = (
        f"{len(lost):,} of {len(steps.series):,} series are left out: window and horizon take "
        f"{length:,} steps without a gap together, and they have fewer."
    )
    return (DataFinding(Trouble.LEFT_OUT, "", text, names, len(lost)),)


def _columns(steps: Steps, target: str) -> tuple[ColumnProfile, ...]:
    """Each channel as it was measured, the target last."""
    ordered = [name for name in steps.channels if name != target] + [target]
    return tuple(
        column_profile(
            name,
            np.where(
                steps.measured[:, (index := steps.channels.index(name))],
                steps.values[:, index],
                np.nan,
            ),
        )
        for name in ordered
    )


def traces(steps: Steps) -> tuple[Trace, ...]:
    """The first series and channels as they are drawn."""
    found: list[Trace] = []
    for number, name in enumerate(steps.series[:MAX_TRACES]):
        rows = np.flatnonzero(steps.member == number)
        for index, channel in enumerate(steps.channels):
            if len(found) == MAX_TRACES:
                return tuple(found)
            title = f"{name}: {channel}" if name and len(steps.channels) > 1 else name or channel
            measured = steps.measured[rows, index]
            values = np.where(measured, steps.values[rows, index], np.nan)
            found.append(Trace(title, *thinned(steps.times[rows], values)))
    return tuple(found)


def thinned(times: FloatArray, values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Keeps lowest and highest of each short stretch, so that no peak is lost, (≤ points,) each."""
    if len(times) <= TRACE_POINTS:
        return times.copy(), values.copy()
    edges = np.linspace(0, len(times), TRACE_POINTS // 2 + 1).astype(np.int64)
    low = np.where(np.isnan(values), np.inf, values)
    high = np.where(np.isnan(values), -np.inf, values)
    kept: set[int] = set()
    for start, end in pairwise(edges.tolist()):
        kept.update((start + int(low[start:end].argmin()), start + int(high[start:end].argmax())))
    places = np.array(sorted(kept), np.int64)
    return times[places], values[places]
