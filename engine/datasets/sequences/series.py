"""Series in a table: a column of times, one or many series, and windows to forecast from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from engine.datasets.base import Examples, Progress, silent
from engine.datasets.encodings import EncodingName
from engine.datasets.files import Glance
from engine.datasets.formats import FileDataset, Format
from engine.datasets.sequences.series_layout import Layout, choose_layout, named_columns
from engine.datasets.sequences.series_table import Found, Repeated, steps_of
from engine.datasets.sequences.windows import (
    FloatArray,
    Gaps,
    Steps,
    WindowParameters,
    examples_of,
    longest_gap,
)
from engine.datasets.tables.number_table import NumberTable
from engine.datasets.tables.table_opening import SUFFIXES
from engine.datasets.tables.table_source import TableParameters
from engine.errors import DatasetError
from engine.spec.parameters import parameter
from engine.spec.run_spec import DataSpec
from engine.spec.signature import Kind, Task

if TYPE_CHECKING:
    from engine.datasets.base import InputSpec


class SeriesParameters(WindowParameters):
    """How a table of series is read."""

    time: str | None = parameter(
        None,
        label="Time column",
        help="The column of times, or several that make it, as in year+month. Left open: one "
        "named so, or the first that holds dates; without any, rows are in order.",
    )
    series: str | None = parameter(
        None,
        label="Series column",
        help="The column that says which series a row belongs to, where one table holds many; or "
        "several, as in store+item.",
    )
    columns: str | None = parameter(
        None,
        label="Columns",
        help="Columns of numbers to learn from, separated by commas. Left open: all of them. The "
        "past of the target is always among them.",
    )
    gaps: Literal["interpolate", "previous", "drop"] = parameter(
        "interpolate",
        label="Gaps",
        help="What stands in for missing values within a window: a line between the neighbours, "
        "or the value before. Gaps longer than half a window stay, and windows with gaps are left "
        "out.",
    )
    dates: Literal["auto", "day first", "month first"] = parameter(
        "auto",
        label="Dates",
        help="How 3/4/2024 is read where the other dates do not tell.",
    )
    repeated: Repeated = parameter(
        "auto",
        label="Repeated times",
        help="What is used of several rows at one time of a series. 'auto' takes the first where "
        "they are few or equal, and refuses many that differ.",
    )
    encoding: EncodingName = parameter(
        "auto", label="Encoding", help="How a text file writes its letters.", advanced=True
    )
    missing: tuple[str, ...] = parameter(
        (),
        label="Codes for a gap",
        help="What else means that a value is missing, such as -999: in all columns, or in one, "
        "written as 'depth: -999'. New inputs are read so, too.",
        advanced=True,
    )


class SeriesFormat(Format):
    """A table read as series, when asked for."""

    name = "series"
    title = "Series over time, in a table"
    kind = Kind.SERIES
    suffixes = SUFFIXES
    parameters = SeriesParameters
    tasks = (Task.FORECASTING,)

    def likeness(self, glance: Glance) -> float:
        # Any table could be meant as one; a table it is unless someone says otherwise.
        return 0.1 if not glance.is_folder and glance.share(SUFFIXES) == 1 else 0.0

    def open(self, path: Path, data: DataSpec) -> SeriesFile:
        return SeriesFile(path, data)


class SeriesFile(FileDataset):
    """Series in a table: windows of the past, to forecast the steps that follow."""

    format = SeriesFormat()

    def load(self, parameters: SeriesParameters, progress: Progress = silent) -> Examples:
        """Reads the table and cuts it into windows, which are gathered when asked for.

        Raises:
            DatasetError: A column cannot be used, or the series are too short.
        """
        if self.data.task not in (None, Task.FORECASTING):
            raise DatasetError(
                f"Series are for forecasting. Received task: {self.data.task.value}.",
                "Read the file as a table for other tasks.",
            )
        how = TableParameters(encoding=parameters.encoding, missing=parameters.missing)
        table = NumberTable(self.path, how, self.data.columns)
        ignored = frozenset(n for n, spec in self.data.columns.items() if spec.type == "ignore")
        layout = choose_layout(
            table,
            self.data.target,
            named_columns(parameters.time, table),
            named_columns(parameters.series, table),
            _names(parameters.columns),
            ignored,
        )
        longest = longest_gap(parameters.window)
        found = steps_of(table, layout, longest, progress, parameters.repeated, parameters.dates)
        steps = found.steps
        _refuse_constant(steps, layout.target)
        examples = examples_of(
            steps.filled(parameters.gaps, longest),
            layout.target,
            parameters,
            {
                **_reading(layout, parameters.window, parameters.gaps),
                "encoding": parameters.encoding,
                "missing": list(parameters.missing),
                "repeated": parameters.repeated,
                "dates": parameters.dates,
                "numbers": found.numbers_as,
            },
            layout.series,
        )
        facts = (
            ("Time", layout.time or "the order of the rows"),
            ("From", found.times.text(float(steps.times.min()))),
            ("To", found.times.text(float(steps.times.max()))),
            ("Step", found.pace.name if found.pace else "1 row"),
            ("Series", f"{len(steps.series):,}"),
            *((("Told apart by", layout.series),) if layout.keys else ()),
        )
        return replace(
            examples,
            facts=(*facts, *examples.facts, *found.facts),
            findings=(*layout.findings, *found.findings, *examples.findings),
            source_columns=table.names,
        )


def _names(text: str | None) -> tuple[str, ...]:
    return tuple(name.strip() for name in (text or "").split(",") if name.strip())


def _refuse_constant(steps: Steps, target: str) -> None:
    values = steps.values[:, steps.channels.index(target)]
    if np.nanmin(values) == np.nanmax(values):
        raise DatasetError(
            f"Column '{target}' has the same value in every row: {np.nanmin(values):g}.",
            "Choose a target that varies.",
        )


def _reading(layout: Layout, window: int, gaps: Gaps) -> dict[str, Any]:
    return {
        "format": SeriesFormat.name,
        "window": window,
        **layout.reading(),
        "gaps": gaps,
    }


def plain_reading(channels: tuple[str, ...], target: str, window: int) -> dict[str, Any]:
    """How new inputs are read for a model of series in the box: a table of these columns."""
    return _reading(Layout((), (), channels, target), window, "interpolate")


@dataclass(frozen=True, eq=False)
class NewWindows:
    """The last steps of each series in a table, to forecast what follows them.

    Attributes:
        series: The series that can be forecast, in the order of their names; one without a name
            is "".
        x: One window for each, (series, window, channels).
        left_out: Why others cannot be, a sentence each.
    """

    series: tuple[str, ...]
    x: FloatArray
    left_out: tuple[str, ...]


def read_inputs(path: Path, asked: InputSpec) -> FloatArray:
    """The windows of `read_windows` alone."""
    return read_windows(path, asked).x


def read_windows(path: Path, asked: InputSpec) -> NewWindows:
    """Reads the last steps of each series in a table.

    Args:
        path: A table with the columns the model was trained on.
        asked: What the model takes.

    Raises:
        DatasetError: A column is missing, or no series can be forecast: each is too short, or its
            end has gaps.
    """
    reading: Mapping[str, Any] = asked.reading
    how_cut = {name: reading[name] for name in ("encoding", "missing") if name in reading}
    parameters = TableParameters(**how_cut)
    table = NumberTable(path, parameters, known=reading.get("numbers"))
    layout = Layout.of(reading)
    table.require((*layout.channels, *layout.times, *layout.keys))
    window, gaps = int(reading["window"]), reading["gaps"]
    longest = longest_gap(window)
    how = {name: reading.get(name, "auto") for name in ("repeated", "dates")}
    read = steps_of(table, layout, longest, **how)
    read = replace(read, steps=read.steps.filled(gaps, longest))
    names: list[str] = []
    found: list[FloatArray] = []
    refused: list[DatasetError] = []
    for number, name in enumerate(read.steps.series):
        try:
            found.append(_last_window(read, number, window, path.name))
            names.append(name)
        except DatasetError as error:
            refused.append(error)
    if not found:
        raise refused[0]
    return NewWindows(tuple(names), np.stack(found), tuple(error.message for error in refused))


def _last_window(read: Found, number: int, window: int, file_name: str) -> FloatArray:
    """The last steps of a series, (window, channels), filled.

    Raises:
        DatasetError: It is too short, or its end has gaps.
    """
    steps = read.steps
    name = steps.series[number]
    title = f"Series '{name}'" if name else "The series"
    rows = np.flatnonzero(steps.member == number)[-window:]
    rows = rows[steps.segment[rows] == steps.segment[rows[-1]]]
    if len(rows) < window:
        raise DatasetError(
            f"{title} in '{file_name}' has too few steps without a long break before its end. "
            f"Received: {len(rows):,}.",
            f"The model needs the last {window:,}.",
        )
    holes = np.argwhere(np.isnan(steps.values[rows]))
    if len(holes):
        row, channel = holes[0]
        moment = read.times.text(float(steps.times[rows[row]]))
        raise DatasetError(
            f"{title} in '{file_name}' has a gap in column '{steps.channels[channel]}' at "
            f"{moment}, too long or too near to the end to be filled.",
            "Fill it, or leave the steps after it out.",
        )
    window_values: FloatArray = steps.values[rows]
    return window_values
