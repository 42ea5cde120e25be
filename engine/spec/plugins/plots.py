"""Plots of other packages: from what a run recorded to curves that the window draws.

A plot says what is to be seen, in numbers; the window draws it, in its colours, with its axes. So
it needs no Qt, follows the theme, and what it does wrong is caught.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, get_args

import numpy as np
import numpy.typing as npt

from engine.spec.plugins.guarding import guarded
from engine.spec.plugins.loading import OtherPackages
from engine.spec.plugins.record import Group, PluginRecord
from engine.spec.registry import Registry

FloatArray = npt.NDArray[np.floating[Any]]
Style = Literal["line", "points", "bars"]

MAX_SERIES: Final = 50
MAX_POINTS: Final = 1_000_000

_NO_VALUES: FloatArray = np.zeros(0)
_NO_COUNTS: npt.NDArray[np.int64] = np.zeros((0, 0), np.int64)


@dataclass(frozen=True, eq=False)
class RunData:
    """What there is to draw of a run.

    Attributes:
        name: What the run is called.
        dataset: Title of its data.
        model: Title of its model.
        settings: Its specification, as JSON values.
        epochs: Numbers of the epochs that were completed, (epochs,).
        metrics: Their metrics by Keras's names (``loss``, ``val_loss`` …), (epochs,) each; NaN
            where one was not measured.
        steps: What was recorded of every step, by Keras's names, (steps,) each.
        class_names: Classes in index order; empty where numbers or texts are predicted.
        confusion: Counts on the test part, (true class, predicted class); (0, 0) without classes.
        y_true: True numbers of the test part, (rows,); empty where no numbers are predicted.
        y_pred: What was predicted for them, (rows,).
    """

    name: str
    dataset: str = ""
    model: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    epochs: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    metrics: Mapping[str, FloatArray] = field(default_factory=dict)
    steps: Mapping[str, FloatArray] = field(default_factory=dict)
    class_names: tuple[str, ...] = ()
    confusion: npt.NDArray[np.int64] = field(default_factory=_NO_COUNTS.copy)
    y_true: FloatArray = field(default_factory=_NO_VALUES.copy)
    y_pred: FloatArray = field(default_factory=_NO_VALUES.copy)


@dataclass(frozen=True, eq=False)
class Series:
    """One curve.

    Attributes:
        label: What it is called in the legend.
        x: Places, (points,).
        y: Values, (points,); a line is broken where one is NaN.
        style: How it is drawn; bars stand on 0.
    """

    label: str
    x: npt.ArrayLike
    y: npt.ArrayLike
    style: Style = "line"


@dataclass(frozen=True, eq=False)
class Chart:
    """What is to be drawn in one pair of axes.

    Attributes:
        series: The curves, in the order of the legend.
        x_label: What the horizontal axis counts.
        y_label: What the vertical axis counts.
        note: A sentence below; may be empty.
    """

    series: tuple[Series, ...]
    x_label: str = ""
    y_label: str = ""
    note: str = ""


class Plot(ABC):
    """A view of a run, shown on the Results page under a heading of its own.

    Attributes:
        name: What it is known by: lower case, digits and underscores; that of its entry point.
        title: The heading.
        help: One or two sentences: what it shows, and how to read it.

    Example::

        class Overfitting(Plot):
            name = "overfitting"
            title = "How far validation stays behind"
            help = "The gap between both losses; where it grows, the model learns by heart."

            def draw(self, run):
                if "val_loss" not in run.metrics:
                    return None
                gap = run.metrics["val_loss"] - run.metrics["loss"]
                return Chart((Series("gap", run.epochs, gap),), "Epoch", "Loss")
    """

    name: str
    title: str
    help: str = ""

    @abstractmethod
    def draw(self, run: RunData) -> Chart | None:
        """Says what to draw of a run; None: nothing of this one.

        Called in a thread of its own each time a run is opened, so it may take a moment.
        """


def checked_chart(chart: object) -> Chart | None:
    """Returns a chart whose arrays are float64 and belong together.

    Raises:
        TypeError, ValueError: It is none that can be drawn; the message says why.
    """
    if chart is None:
        return None
    if not isinstance(chart, Chart):
        raise TypeError(f"A Chart or None was expected. Received: {type(chart).__name__}")
    if len(chart.series) > MAX_SERIES:
        raise ValueError(f"At most {MAX_SERIES} series can be shown. Received: {len(chart.series)}")
    return Chart(
        tuple(_checked(item) for item in chart.series),
        str(chart.x_label),
        str(chart.y_label),
        str(chart.note),
    )


def _checked(series: object) -> Series:
    if not isinstance(series, Series):
        raise TypeError(f"A Series was expected. Received: {type(series).__name__}")
    x, y = (np.asarray(values, np.float64) for values in (series.x, series.y))
    if x.ndim != 1 or x.shape != y.shape:
        raise ValueError(
            f"x and y of '{series.label}' must be (points,) both. Received: {x.shape} and {y.shape}"
        )
    if len(x) > MAX_POINTS:
        raise ValueError(f"'{series.label}' has more than {MAX_POINTS:,} points: {len(x):,}")
    if series.style not in get_args(Style):
        styles = ", ".join(get_args(Style))
        raise ValueError(f"The style must be one of {styles}. Received: {series.style!r}")
    return Series(str(series.label), x, y, series.style)


class GuardedPlot(Plot):
    """A plot of another package, whose failures become words that name it.

    Args:
        plot: The plot.
        record: What is known of it.
    """

    def __init__(self, plot: Plot, record: PluginRecord) -> None:
        self._plot = plot
        self._record = record
        self.name, self.title, self.help = plot.name, plot.title, plot.help

    def draw(self, run: RunData) -> Chart | None:
        """Says what to draw.

        Raises:
            PluginError: It failed, or what it returned cannot be drawn.
        """
        with guarded(self._record, f"drawing '{run.name}'"):
            return checked_chart(self._plot.draw(run))


PLOTS: Registry[Plot] = Registry("plot", [], OtherPackages(Group.PLOTS, Plot, GuardedPlot))
"""Views of a run that other packages bring."""
