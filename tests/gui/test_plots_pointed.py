"""What plots say of the place pointed at, what a click and the keys open, and their menus."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QHelpEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QMenu, QToolTip, QWidget

from engine.events.explaining import Dependence
from engine.events.insights import Forecast, GradientFlow
from engine.events.profile import Trace
from engine.spec.plugins.plots import Chart, Series
from gui.plots.attention_plot import AttentionPlot
from gui.plots.axis import NumberAxis
from gui.plots.band_plot import BandPlot
from gui.plots.bars import ColumnHistogram
from gui.plots.chart_plot import ChartPlot
from gui.plots.confusion_plot import ConfusionPlot
from gui.plots.curve_plot import CurvePlot, Line
from gui.plots.dependence_plot import DependencePlot
from gui.plots.device_plot import DevicePlot
from gui.plots.flow_data import FlowHistory, Quantity
from gui.plots.flow_map import FlowMap
from gui.plots.forecast_plot import ForecastPlot
from gui.plots.histogram_plot import HistogramPlot
from gui.plots.overlay_plot import RunsOverlayPlot
from gui.plots.score_plot import ScorePlot
from gui.plots.signed_bars import SignedBar, SignedBars
from gui.plots.sound_plots import SpectrogramPlot, WavePlot, visible_range
from gui.plots.stretch_plot import StretchPlot
from gui.plots.trace_plot import TracePlot, TraceView
from gui.plots.view import PlotView
from tests.gui import plot_window
from tests.gui.plot_data import epochs

show, theme = plot_window.show, plot_window.theme
RISING = np.arange(1.0, 9.0)
DAY_S = 86_400.0


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What tool tips said, in order; an empty text takes one away."""
    said: list[str] = []
    monkeypatch.setattr(QToolTip, "showText", lambda _place, text, *_: said.append(text))
    monkeypatch.setattr(QToolTip, "hideText", lambda: said.append(""))
    return said


def ask(plot: QWidget, x: float, y: float) -> None:
    place = QPoint(round(x), round(y))
    QApplication.sendEvent(plot, QHelpEvent(QEvent.Type.ToolTip, place, plot.mapToGlobal(place)))


def point_at(plot, x: float) -> None:
    """The pointer stands there, as the plot is told by the scene."""
    plot._set_cursor(x)
    plot.redraw()


class TestTips:
    def test_a_bin_of_a_histogram(self, show, told) -> None:
        plot = show(ColumnHistogram())
        ask(plot, 5, 5)
        assert told == []  # there is nothing yet
        plot.set_counts(np.array([3, 1_200]), 0.0, 10.0)
        ask(plot, plot.width() - 2, 5)
        assert told == ["5 to 10: 1,200"]
        assert [list(values) for values in plot.columns().values()] == [[0, 5], [5, 10], [3, 1_200]]
        plot.clear()
        assert plot.columns() == {}

    def test_a_cell_of_a_matrix(self, show, told) -> None:
        plot = show(ConfusionPlot())
        plot.set_matrix(np.array([[3, 1], [0, 4]]), ("cat", "dog"))
        left, top, edge = plot._frame()
        ask(plot, left + 1.5 * edge, top + 0.5 * edge)
        assert told == ["True: cat\nPredicted: dog\n1 of 4 (25.0 %)"]
        ask(plot, 1, 1)
        assert told[1] == ""
        with pytest.raises(ValueError, match="each class once"):
            plot.set_order([0, 0])
        with pytest.raises(ValueError, match="Received: 'diagonal'"):
            plot.set_mode("diagonal")

    def test_a_cell_of_attention(self, show, told) -> None:
        plot = show(AttentionPlot())
        plot.show_weights("ab", "xyz", np.array([[0.5, 0.25, 0.25], [1.0, 0.0, 0.0]]))
        area = plot._area()
        ask(plot, area.left() + 2, area.bottom() - 2)
        assert told == ["“b” looks at “x”: 100 %"]
        ask(plot, 0, 0)
        assert told[1] == ""

    def test_a_name_that_does_not_fit_beside_the_flow(self, show, told) -> None:
        plot = show(FlowMap())
        history, ones = FlowHistory(), np.ones(2, np.float32)
        for step in range(3):
            flow = GradientFlow("r", step, step / 2, ("first", "a very long name"), *[ones] * 4)
            history.add(flow)
        plot.show_history(history, Quantity.GRADIENT, {})
        rect = plot.picture_rect()
        ask(plot, rect.left() - 4, rect.bottom() - 2)
        ask(plot, rect.center().x(), rect.center().y())
        assert told == ["a very long name", ""]
        plot.setFocus()
        QTest.keyClick(plot, Qt.Key.Key_Up)
        assert plot.cursor_place == (0, 2)
        for key, place in (
            (Qt.Key.Key_Home, (0, 0)),
            (Qt.Key.Key_Down, (1, 0)),
            (Qt.Key.Key_Right, (1, 1)),
            (Qt.Key.Key_End, (1, 2)),
            (Qt.Key.Key_A, (1, 2)),
            (Qt.Key.Key_Escape, None),
        ):
            QTest.keyClick(plot, key)
            assert plot.cursor_place == place
        plot.show_history(FlowHistory(), Quantity.GRADIENT, {})
        QTest.keyClick(plot, Qt.Key.Key_Up)
        assert plot.cursor_place is None


class TestOpening:
    @pytest.fixture
    def curves(self, show) -> CurvePlot:
        plot = show(CurvePlot("ROC"))
        half = np.array([0.0, 0.5, 1.0])
        lines = [Line("none"), Line("a", half, half**2, "0.7"), Line("b", half, half, "", True)]
        plot.set_lines(lines, "False", "True", (np.arange(2.0), np.arange(2.0), "chance"))
        plot.redraw()
        plot.opened = []
        plot.point_clicked.connect(lambda line, point: plot.opened.append((line, point)))
        return plot

    def test_a_click_near_a_point_opens_it(self, curves) -> None:
        curves.view.clicked.emit(QPointF(0.51, 0.26))
        curves.view.clicked.emit(QPointF(0.5, 0.9))  # above it, far from all
        assert curves.opened == [(1, 1)]
        assert curves.mark.isVisible()
        x, y = curves.mark.getData()
        assert (x.tolist(), y.tolist()) == ([0.5], [0.25])
        assert curves.columns()["a: True"].tolist() == [0.0, 0.25, 1.0]
        assert curves.legend.text().endswith("chance")

    def test_keys_go_along_and_across_and_past_what_is_empty(self, curves) -> None:
        QTest.keyClick(curves, Qt.Key.Key_Return)  # none is chosen
        for key, said in (
            (Qt.Key.Key_Right, "a 0, 0"),
            (Qt.Key.Key_Right, "a 0.5"),
            (Qt.Key.Key_Up, "a 0.5"),
            (Qt.Key.Key_Down, "b 0.5"),
            (Qt.Key.Key_Down, "a 0.5"),
            (Qt.Key.Key_Down, "b 0.5"),
            (Qt.Key.Key_Right, "b 1"),
            (Qt.Key.Key_Right, "b 1"),
        ):
            if said == "a 0.5" and key is Qt.Key.Key_Up:
                QTest.keyClick(curves, Qt.Key.Key_Up)
                QTest.keyClick(curves, Qt.Key.Key_Down)
                continue
            QTest.keyClick(curves, key)
            assert curves.accessibleDescription().startswith(said)
        QTest.keyClick(curves, Qt.Key.Key_Return)
        assert curves.opened == [(2, 2)]
        QTest.keyClick(curves, Qt.Key.Key_A)
        assert curves.opened == [(2, 2)]

    def test_curves_of_any_extent(self, curves) -> None:
        curves.set_lines([Line("a", RISING, 100 * RISING)], "x", "y", is_unit=False)
        curves.redraw()
        (left, right), (_, top) = curves.view.viewRange()
        assert left <= 1 < 8 <= right
        assert top >= 800

    def test_a_bar_of_scores(self, show) -> None:
        plot = show(ScorePlot())
        opened: list[tuple[float, float]] = []
        plot.bar_clicked.connect(lambda low, high: opened.append((low, high)))
        plot.view.clicked.emit(QPointF(0, 1))  # there are none yet
        assert plot.columns() == {}
        plot.set_scores(np.array([0.1, 1.0, 10.0]), np.array([0, 0, 1]), 3.0)
        plot.view.clicked.emit(QPointF(0.0, 1))
        plot.view.clicked.emit(QPointF(7.0, 1))  # beside them
        ((low, high),) = opened
        assert low <= 1.0 <= high
        columns = plot.columns()
        assert columns["usual"].sum() == 2
        assert columns["unusual"].sum() == 1

    def test_a_bar_of_a_histogram(self, show) -> None:
        plot = show(HistogramPlot())
        opened: list[float] = []
        plot.bar_clicked.connect(lambda low, high: opened.append(low))
        QTest.keyClick(plot, Qt.Key.Key_Right)  # there is nothing to choose from
        plot.set_values([RISING, np.array([np.nan])], ["a", "b"], "Loss", (0.0, 10.0))
        plot.view.clicked.emit(QPointF(10.0, 1))
        QTest.keyClick(plot, Qt.Key.Key_Left)
        QTest.keyClick(plot, Qt.Key.Key_Return)
        assert opened[0] > opened[1]
        assert plot.columns()["a"].sum() == 8
        plot.set_values([np.full(3, 2.0)], ["a"], "Loss")
        assert (plot.edges[0], plot.edges[-1]) == (1.5, 2.5)
        plot.set_values([np.zeros(0)], ["a"], "Loss")
        assert plot.columns() == {}


class TestValuesAtThePointer:
    def test_of_a_column(self, show) -> None:
        plot = show(DependencePlot())
        assert plot.columns() == {}
        values = [RISING[:, None] + shift for shift in (0, -1, 1)]
        curve = Dependence("age", ("y",), RISING, *values, np.ones(4, np.int64))
        plot.show_curve(curve, 0, "Price")
        plot.redraw()
        point_at(plot, 3.2)
        assert plot.legend.text().startswith("Mean prediction 3")
        assert plot.columns()["90 %"].tolist() == (RISING + 1).tolist()
        tops = plot.counts.opts["y0"] + plot.counts.opts["height"]
        assert np.allclose(tops - tops[0], 0)
        dates = Dependence("day", ("y",), RISING, *values, np.ones(4, np.int64), is_date=True)
        plot.show_curve(dates, 0, "Price")
        point_at(plot, 5.4 * DAY_S)
        assert plot.legend.text().startswith("Mean prediction 5")
        names = tuple("abcdefgh")
        towns = Dependence("town", ("y",), RISING - 1, *values, np.arange(8), names)
        plot.show_curve(towns, 0, "Price")
        plot.redraw()
        assert plot.columns()["town"] == list(names)
        assert plot.counts.opts["width"] == 0.8

    def test_of_series_by_their_dates_or_rows(self, show) -> None:
        plot = show(TracePlot())
        days = 1.6e9 + DAY_S * np.arange(8)
        plot.set_traces([Trace("level", days, RISING, (days[4], days[6]))])
        point_at(plot, days[2])
        assert "level 3" in plot.legend.text()
        assert "2020-" in plot.legend.text()
        plot.set_traces([Trace("rows", np.arange(8.0), RISING, ())])
        point_at(plot, 6.0)
        assert "rows 7" in plot.legend.text()
        assert list(plot.columns()) == ["rows: time", "rows"]
        view = show(TraceView())
        view.set_traces(())
        assert view.plot.columns() == {}

    def test_of_forecasts(self, show) -> None:
        plot = show(BandPlot())
        plot.set_series(np.arange(8.0), RISING, RISING + 1, 0.5)
        point_at(plot, 2.0)
        assert "Truth 3" in plot.legend.text()
        assert "Forecast 4" in plot.legend.text()
        window = show(ForecastPlot())
        assert window.columns() == {}
        window.show_window(Forecast("1", RISING, RISING[:2], RISING[:2] + 1), "y")
        point_at(window, 1.0)
        assert "Truth 1" in window.legend.text()

    @pytest.mark.parametrize(
        ("axis", "at", "said"),
        [("epoch", 2.0, "epoch 2"), ("step", 20.0, "step 20"), ("time", 4.0, "4")],
    )
    def test_of_runs_over_each_other(self, show, axis: str, at: float, said: str) -> None:
        plot = show(RunsOverlayPlot())
        plot.set_run("r", "A run", epochs(3))
        plot.set_x_axis(axis)
        point_at(plot, at)
        assert said in plot.legend.text()
        assert "A run 0.6" in plot.legend.text()  # loss of 0.5, and 0.1 more in validation
        columns = plot.columns()
        assert columns["A run: val_loss"].tolist() == pytest.approx([1.1, 0.6, 1 / 3 + 0.1])
        plot.remove_run("r")
        plot.remove_run("r")
        assert plot.columns() == {}

    def test_of_another_packages_chart(self, show) -> None:
        plot = show(ChartPlot())
        plot.set_chart(Chart((Series("b", RISING, 2 * RISING, "bars"), Series("l", [], []))))
        point_at(plot, 3.1)
        assert plot.labels == ("b",)
        assert "b 6" in plot.legend.text()
        left, right = plot._drawn[0].extent_x
        assert (left, right) == (0.6, 8.4)  # the first and the last bar in full
        plot.set_chart(Chart((Series("", RISING, RISING, "points"),)))
        assert list(plot.columns()) == ["1: x", "1: y"]
        plot.set_chart(None)
        assert plot.columns() == {}


class TestNumbersToSave:
    def test_of_sounds_devices_stretches_and_signed_bars(self, show) -> None:
        wave = show(WavePlot())
        wave.set_wave(np.array([0, 16_384, -32_768], np.int16), 2)
        assert wave.columns()["seconds"].tolist() == [0.0, 0.5, 1.0]
        assert wave.columns()["amplitude"].tolist() == [0.0, 0.5, -1.0]
        long = np.zeros(20_000, np.int16)
        long[7_001] = 16_384  # one sample, seen however many there are
        wave.set_wave(long, 8_000)
        assert wave.columns()["amplitude"].max() == 0.5
        assert len(wave.columns()["amplitude"]) <= 2_000
        pitches = SpectrogramPlot()
        pitches.set_spectrogram(np.zeros((0, 8)), 0.0)
        assert visible_range(np.full((2, 2), -np.inf)) == (0.0, 1.0)
        device = show(DevicePlot("Load", "%"))
        assert device.columns() == {}
        device.add(1.0, {"a": 5.0}, ())
        device.add(3.0, {"a": 7.0}, ())
        assert device.columns()["seconds"].tolist() == [-2.0, 0.0]
        assert device.columns()["a (%)"].tolist() == [5.0, 7.0]
        stretch = show(StretchPlot())
        stretch.set_stretch(np.stack([RISING, -RISING], axis=1), ("up",))
        assert list(stretch.columns()) == ["Channel 1", "Channel 2"]
        stretch.set_stretch(np.stack([RISING, -RISING], axis=1), ("up", "down"))
        assert stretch.columns()["down"].tolist() == (-RISING).tolist()
        bars = show(SignedBars())
        assert bars.columns() == {}
        bars.set_bars([SignedBar("a", -1.0, "-1", -2.0, 0.0)])
        assert [list(values) for values in bars.columns().values()] == [["a"], [-1], [-2], [0]]

    @pytest.mark.qt_log_ignore("does not support (raise|grabbing)", extend=True)
    def test_the_menu_asks_where_to_and_writes(self, show, tmp_path) -> None:
        plot = show(ChartPlot())
        plot.setAccessibleName("Loss / epoch")
        plot.set_chart(Chart((Series("l", RISING, RISING),)))
        plot.saver.open_menu(QPoint(3, 3))
        menu = QApplication.activePopupWidget()
        assert isinstance(menu, QMenu)
        menu.close()
        for action, suffix, begins in (
            ("Save picture…", "svg", b"<?xml"),
            ("Save data…", "csv", b"l: x,l: y"),
        ):
            menu = plot.saver.menu()
            next(it for it in menu.actions() if it.text() == action).trigger()
            dialog = plot.window().findChildren(QFileDialog)[-1]
            assert dialog.acceptMode() is QFileDialog.AcceptMode.AcceptSave
            path = tmp_path / f"a.{suffix}"
            dialog.fileSelected.emit(str(path))
            dialog.close()
            assert path.read_bytes().startswith(begins)


class TestAxis:
    def ticks(self, kind: str, low: float, high: float, size: float = 640.0) -> list[str]:
        axis = NumberAxis("bottom")
        axis.set_kind(kind)
        ((spacing, values),) = axis.tickValues(low, high, size)
        return axis.tickStrings(values, 1.0, spacing)

    def test_every_kind_is_written_its_own_way(self, qapp) -> None:
        assert self.ticks("count", 0, 2) == ["0", "1", "2"]
        assert self.ticks("share", 0, 1, 200)[-1] == "100 %"
        assert self.ticks("time", 0, 7_200)[-1] == "2:00:00"
        assert self.ticks("ago", -60, 0)[-1] == "now"
        assert len(self.ticks("log", -3, 3)) == 7
        assert 2 <= len(self.ticks("log", 0.0, 0.9)) <= 11
        assert len(self.ticks("log", 0.31, 0.33)) >= 2  # a small part of a decade

    def test_wrong_kinds_and_ends_are_refused(self, qapp) -> None:
        axis = NumberAxis("bottom")
        with pytest.raises(ValueError, match="Received: 'mood'"):
            axis.set_kind("mood")
        assert axis.kind == "number"
        for low, high in ((1.0, 1.0), (np.nan, 2.0), (0.0, np.inf)):
            assert axis.tickValues(low, high, 640.0) == []

    def test_names_in_place_of_numbers(self, qapp) -> None:
        axis = NumberAxis("bottom")
        axis.set_names(tuple(f"{n}th town in the far north" for n in range(100)))
        ((spacing, values),) = axis.tickValues(-0.5, 99.5, 640.0)
        assert spacing == 10.0
        assert values[:2] == [0.0, 10.0]
        said = axis.tickStrings(values, 1.0, spacing)
        assert said[1] == "10th town…"


class TestMouse:
    """What the view makes of the mouse, as pyqtgraph tells it."""

    @pytest.fixture
    def view(self, show) -> PlotView:
        plot = show(CurvePlot())
        plot.set_lines([Line("a", RISING, RISING)], "x", "y", is_unit=False)
        plot.redraw()
        return plot.view

    def event(self, button: Qt.MouseButton, **more):
        seen = SimpleNamespace(is_taken=None)
        return SimpleNamespace(
            button=lambda: button,
            accept=lambda: setattr(seen, "is_taken", True),
            ignore=lambda: setattr(seen, "is_taken", False),
            seen=seen,
            **more,
        )

    def test_a_short_drag_is_none_and_the_right_button_is_the_menus(self, view) -> None:
        before = view.viewRange()
        short = self.event(
            Qt.MouseButton.LeftButton,
            isFinish=lambda: True,
            pos=lambda: QPointF(12, 12),
            buttonDownPos=lambda: QPointF(10, 10),
        )
        view.mouseDragEvent(short)
        assert short.seen.is_taken
        right = self.event(Qt.MouseButton.RightButton)
        view.mouseDragEvent(right)
        view.mouseClickEvent(right)
        assert right.seen.is_taken is False
        assert view.viewRange() == before

    def test_a_click_tells_where_and_a_double_click_shows_all(self, view, qtbot) -> None:
        at = view.mapFromView(QPointF(4.0, 5.0))
        once = self.event(Qt.MouseButton.LeftButton, double=lambda: False, pos=lambda: at)
        with qtbot.waitSignal(view.clicked) as told:
            view.mouseClickEvent(once)
        (place,) = told.args
        assert (place.x(), place.y()) == pytest.approx((4.0, 5.0))
        twice = self.event(Qt.MouseButton.LeftButton, double=lambda: True)
        with qtbot.waitSignal(view.reset_asked):
            view.mouseClickEvent(twice)

    def test_the_wheel_scrolls_the_page_unless_ctrl_is_held(self, view) -> None:
        event = self.event(
            Qt.MouseButton.NoButton, modifiers=lambda: Qt.KeyboardModifier.NoModifier
        )
        view.wheelEvent(event)
        assert event.seen.is_taken is False
