"""No plot outlives its use: once it is closed and let go of, it and all its parts are gone."""

from __future__ import annotations

import gc
import importlib
import pkgutil
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QObject
from PySide6.QtWidgets import QVBoxLayout, QWidget

import gui.plots
from engine.events.explaining import Dependence
from engine.events.insights import EpisodePlayed, Forecast, GradientFlow, SurfaceUpdated
from engine.events.profile import Trace
from engine.spec.plugins.plots import Chart, Series, Style
from engine.spec.training_spec import ScheduleSpec
from gui.plots.attention_plot import AttentionPlot
from gui.plots.band_plot import BandPlot
from gui.plots.bars import ClassCountBars, ColumnHistogram
from gui.plots.baseline_bars import Bar, BaselineBars
from gui.plots.chart_plot import ChartPlot
from gui.plots.confusion_plot import ConfusionPlot
from gui.plots.curve_plot import CurvePlot, Line
from gui.plots.curves_plot import CurvesPlot
from gui.plots.dependence_plot import DependencePlot
from gui.plots.device_plot import DevicePanel, DevicePlot
from gui.plots.flow_data import FlowHistory, Quantity
from gui.plots.flow_map import FlowMap
from gui.plots.forecast_plot import ForecastPlot
from gui.plots.histogram_plot import HistogramPlot
from gui.plots.large_map import LargeMap, Scale
from gui.plots.legend import LegendBar, LegendEntry
from gui.plots.marked_series_plot import MarkedSeriesPlot, StepBarsPlot
from gui.plots.overlay_plot import RunsOverlayPlot
from gui.plots.plot import Plot
from gui.plots.pole_plot import PolePlot
from gui.plots.rate_curve import RateCurve
from gui.plots.rate_plot import RatePlot
from gui.plots.regression_plot import RegressionPlot
from gui.plots.run_plot import RunPlot
from gui.plots.scatter_plot import DataScatterPlot
from gui.plots.score_plot import ScorePlot
from gui.plots.signed_bars import SignedBar, SignedBars
from gui.plots.sound_plots import SpectrogramPlot, WavePlot
from gui.plots.stretch_plot import StretchPlot
from gui.plots.surface_plot import SurfacePlot
from gui.plots.trace_plot import TracePlot, TraceView
from gui.style.theme import current_theme
from tests.gui.plot_data import epochs, profile, sample

TABLE = profile([[0, 0], [1, 1], [2, 0]], np.array([0, 1, 0]), ("a", "b"))
PIXELS = np.zeros((4, 4, 3), np.uint8)
RISING = np.arange(1.0, 9.0)
DEPENDENCE = Dependence(
    "a", ("y",), RISING, *[RISING[:, None] + shift for shift in (0, -1, 1)], np.ones(8, int)
)


def _flow(plot: FlowMap) -> None:
    history, values = FlowHistory(), np.ones(2, np.float32)
    for step in range(3):
        history.add(GradientFlow("r", step, step / 2, ("a", "b"), *[values] * 4))
    plot.show_history(history, Quantity.GRADIENT, {0: "!"})


def _surface(plot: SurfacePlot) -> None:
    axis = np.linspace(0, 2, 5)
    plot.show_profile(TABLE)
    plot.update_surface(SurfaceUpdated("r", (axis, axis), np.ones((5, 5, 2)) / 2))


def _traces() -> list[Trace]:
    return [Trace(name, RISING, RISING**2, (3.0, 5.0)) for name in ("a", "b")]


def _chart(plot: ChartPlot) -> None:
    styles: tuple[Style, ...] = ("line", "points", "bars")
    plot.set_chart(Chart(tuple(Series(style, RISING, RISING, style) for style in styles)))


PLOTS: dict[type[QWidget], tuple[Callable[[], Any], Callable[[Any], object]]] = {
    BandPlot: (BandPlot, lambda p: p.set_series(RISING, RISING, RISING + 1, 0.5)),
    BaselineBars: (BaselineBars, lambda p: p.set_bars([Bar("a", 0.5, "50 %", (0.4, 0.6), True)])),
    AttentionPlot: (AttentionPlot, lambda p: p.show_weights("ab", "abc", np.ones((2, 3)) / 3)),
    ChartPlot: (ChartPlot, _chart),
    ClassCountBars: (ClassCountBars, lambda p: p.set_counts(["a"], np.array([3]))),
    ColumnHistogram: (ColumnHistogram, lambda p: p.set_counts(np.array([1, 2]), 0.0, 1.0)),
    ConfusionPlot: (ConfusionPlot, lambda p: p.set_matrix(np.eye(2, dtype=int), ["a", "b"])),
    CurvePlot: (CurvePlot, lambda p: p.set_lines([Line("a", RISING, RISING)], "x", "y")),
    CurvesPlot: (lambda: CurvesPlot("loss", "Loss"), lambda p: p.load(np.ones(30), epochs(3))),
    DataScatterPlot: (DataScatterPlot, lambda p: p.show_profile(TABLE)),
    DependencePlot: (DependencePlot, lambda p: p.show_curve(DEPENDENCE, 0, "y")),
    DevicePanel: (DevicePanel, lambda p: p.add_sample(sample(1.0, n_gpus=1))),
    DevicePlot: (lambda: DevicePlot("Load", "%"), lambda p: p.add(1.0, {"a": 5.0}, (1.0, 2.0))),
    FlowMap: (FlowMap, _flow),
    ForecastPlot: (
        ForecastPlot,
        lambda p: p.show_window(Forecast("1", RISING, RISING, RISING + 1), "y"),
    ),
    HistogramPlot: (HistogramPlot, lambda p: p.set_values([RISING], ["a"], "Loss")),
    LargeMap: (LargeMap, lambda p: p.show_map(PIXELS, Scale(0.0, 1.0, PIXELS[0]))),
    LegendBar: (LegendBar, lambda p: p.set_entries((LegendEntry("a", "#000000", "1"),), "now")),
    MarkedSeriesPlot: (MarkedSeriesPlot, lambda p: p.set_marks(RISING, RISING - 4, "y")),
    Plot: (lambda: Plot("Nothing", has_crosshair=True), lambda p: p.set_empty_text("Nothing yet.")),
    PolePlot: (
        PolePlot,
        lambda p: p.show_episode(EpisodePlayed("r", 1, np.zeros((9, 4), np.float32), 500, 0.02)),
    ),
    RateCurve: (RateCurve, lambda p: p.show_schedule(0.1, ScheduleSpec(name="cosine"), 5)),
    RatePlot: (RatePlot, lambda p: p.set_result(RISING / 100, RISING[::-1], 0.03)),
    RegressionPlot: (RegressionPlot, lambda p: p.set_predictions(np.arange(3.0), np.arange(3.0))),
    RunPlot: (lambda: RunPlot("", "step", "count"), lambda p: p.set_log_y(True)),
    RunsOverlayPlot: (RunsOverlayPlot, lambda p: p.set_run("a", "A", epochs(3))),
    ScorePlot: (ScorePlot, lambda p: p.set_scores(RISING, RISING > 7, 6.5)),
    SignedBars: (SignedBars, lambda p: p.set_bars([SignedBar("a", -1.0, "-1")])),
    SpectrogramPlot: (SpectrogramPlot, lambda p: p.set_spectrogram(np.ones((4, 8)), 0.5)),
    StepBarsPlot: (StepBarsPlot, lambda p: p.set_marks(RISING, RISING - 4, "y")),
    StretchPlot: (StretchPlot, lambda p: p.set_stretch(RISING[:, None], ["a"], RISING, RISING)),
    SurfacePlot: (SurfacePlot, _surface),
    TracePlot: (TracePlot, lambda p: p.set_traces(_traces())),
    TraceView: (TraceView, lambda p: p.set_traces(_traces())),
    WavePlot: (WavePlot, lambda p: p.set_wave(np.arange(99, dtype=np.int16), 8_000)),
}
"""How each plot is made, and how it is given something to draw."""


def test_every_plot_is_in_the_list() -> None:
    found = set()
    for item in pkgutil.iter_modules(gui.plots.__path__):
        module = importlib.import_module(f"{gui.plots.__name__}.{item.name}")
        found |= {
            value
            for name, value in vars(module).items()
            if isinstance(value, type)
            and issubclass(value, QWidget)
            and value.__module__ == module.__name__
            and not name.startswith("_")  # a part of another, and made with it
        }
    assert found == set(PLOTS)


@pytest.fixture
def theme(qapp):
    theme = current_theme()
    theme.set_mode("light")
    yield theme
    theme.set_mode("light")


@pytest.mark.parametrize("kind", PLOTS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("goes_with_its_window", [False, True], ids=["alone", "with its window"])
def test_leaves_no_trace(theme, kind, goes_with_its_window):
    make, feed = PLOTS[kind]
    window = QWidget()
    plot = make()
    QVBoxLayout(window).addWidget(plot)
    window.resize(500, 400)
    window.show()
    feed(plot)
    plot.grab()
    QCoreApplication.processEvents()
    theme.set_mode("dark")
    plot.grab()
    traces = [(type(part).__name__, weakref.ref(part)) for part in _parts(plot)]
    if goes_with_its_window:
        window.close()
        window.deleteLater()
    else:
        plot.hide()
        plot.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    del plot
    gc.collect()
    assert [name for name, trace in traces if trace() is not None] == []


def _parts(plot: QWidget) -> list[QObject]:
    """A plot and what it is made of: children, and what its attributes hold."""
    widgets = [plot, *plot.findChildren(QWidget)]
    held = [value for widget in widgets for value in vars(widget).values()]
    return [
        *plot.findChildren(QObject),
        *(part for part in held if isinstance(part, QObject)),
        plot,
    ]
