"""Plots of curves as widgets: of one run and of several, their mouse, legend and pace."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QFontMetricsF, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QWidget

from gui.plots.curves_plot import CurvesPlot
from gui.plots.legend import LegendBar, LegendEntry
from gui.plots.overlay_plot import RunsOverlayPlot
from gui.style.theme import TEXT_SMALL, text_font
from tests.gui import plot_window
from tests.gui.plot_data import epochs

show, theme = plot_window.show, plot_window.theme


# The platform without a screen says so whenever a window with a smallest size is shown.
pytestmark = pytest.mark.qt_log_ignore("does not support propagateSizeHints", extend=True)


class TestCurves:
    @pytest.fixture
    def plot(self, show):
        return show(CurvesPlot("loss", "Loss"))

    def test_draws_every_batch(self, plot):
        values = np.linspace(2, 1, 50)
        plot.append_steps(0, values, 1.0)
        plot.redraw()
        x, y = plot.batches.getData()
        assert np.array_equal(x, np.repeat(np.arange(1, 51), 2))
        np.testing.assert_allclose(y, np.repeat(values, 2), rtol=1e-6)

    def test_long_runs_keep_their_extremes_in_few_bars(self, plot):
        values = np.random.default_rng(0).normal(size=200_000)
        values[123_456] = 50.0
        plot.append_steps(0, values, 1.0)
        plot.redraw()
        _, y = plot.batches.getData()
        assert len(y) <= 2 * (plot.view.width() + 2)
        assert y.max() == 50.0
        assert y.min() == np.float32(values.min())

    def test_draws_epochs_and_marks_the_best(self, plot):
        plot.load(np.empty(0), epochs(5))
        plot.redraw()
        x, y = plot.validation.line.getData()
        assert x.tolist() == [10, 20, 30, 40, 50]
        np.testing.assert_allclose(y, [1.1, 0.6, 1 / 3 + 0.1, 0.35, 0.3])
        assert plot.train.line.getData()[1][0] == 1.0
        assert plot.best_mark.isVisible()
        assert plot.best_mark.value() == 30
        plot.set_best_epoch(None)
        plot.redraw()
        assert not plot.best_mark.isVisible()

    @pytest.mark.parametrize(("axis", "ends"), [("step", 30.0), ("epoch", 3.0), ("time", 6.0)])
    def test_axis(self, plot, axis, ends):
        plot.load(np.ones(30), epochs(3))
        plot.set_x_axis(axis)
        plot.redraw()
        assert plot.train.line.getData()[0][-1] == ends
        assert plot.batches.getData()[0][-1] == pytest.approx(ends)
        low, high = plot.view.viewRange()[0]
        assert low <= 0
        assert ends <= high < 1.3 * ends

    def test_unknown_axis_is_refused(self, plot):
        with pytest.raises(ValueError, match="Received: 'hour'"):
            plot.set_x_axis("hour")

    def test_logarithm_leaves_out_what_has_none_and_says_so(self, plot):
        plot.append_steps(0, np.array([100.0, 0.0, -5.0, np.nan, 10.0]), 1.0)
        plot.append_epoch(1, 5, 1.0, 0.0, np.nan)
        plot.set_log_y(True)
        plot.redraw()
        assert plot.batches.getData()[1].tolist() == [2, 2, 1, 1]
        assert np.isfinite(plot.view.viewRange()).all()
        plot.data.first_not_finite = None
        plot._update_legend()
        assert "not drawn" in plot.legend.caption

    def test_values_that_are_not_finite_break_nothing(self, plot):
        plot.append_steps(0, np.array([1.0, np.inf, np.nan, -np.inf]), np.nan)
        plot.append_epoch(1, 4, 1.0, np.nan, np.inf)
        plot.set_smoothing(0.5)
        for axis in ("step", "epoch", "time"):
            plot.set_x_axis(axis)
            plot.redraw()
            plot.grab()
            assert np.isfinite(plot.view.viewRange()).all()
        assert plot.fault_mark.isVisible()
        assert "from step 2" in plot.legend.text()

    def test_smoothing_adds_a_labelled_line_and_hides_nothing(self, plot):
        plot.append_steps(0, np.array([1.0, 3.0]), 1.0)
        plot.redraw()
        raw = plot.batches.getData()[1].tolist()
        plot.set_smoothing(0.9)
        plot.redraw()
        assert plot.batches.getData()[1].tolist() == raw
        assert plot.batches.isVisible()
        np.testing.assert_allclose(plot.smoothed.getData()[1], [1, (0.09 + 0.3) / 0.19], rtol=1e-6)
        assert "smoothed 0.90" in plot.legend.text()
        plot.set_smoothing(0)
        plot.redraw()
        assert len(plot.smoothed.getData()[1]) == 0

    @pytest.mark.parametrize("strength", [-0.1, 1.0, np.nan])
    def test_smoothing_outside_is_refused(self, plot, strength):
        with pytest.raises(ValueError, match="Received"):
            plot.set_smoothing(strength)

    def test_crosshair_shows_all_series_at_the_cursor(self, plot):
        plot.load(np.arange(1.0, 31.0), epochs(3))
        plot.redraw()
        place = plot.view.mapViewToScene(QPointF(19.6, 1.0))
        plot._point_at(place)
        entries = {entry.name: entry.value for entry in plot.legend.entries}
        assert entries == {"Batches": "20.00", "Training": "0.5000", "Validation": "0.6000"}
        assert plot.legend.caption == "step 20"
        plot._point_at(QPointF(-10, -10))
        assert plot.legend.entries[0].value == "30.00"

    def test_zoom_shows_each_batch_of_a_part_and_resets(self, plot):
        plot.append_steps(0, np.random.default_rng(0).normal(size=100_000), 1.0)
        plot.redraw()
        plot.view.setRange(xRange=(500, 600), padding=0)
        plot.view.sigRangeChangedManually.emit([True, True])
        plot.redraw()
        x, _ = plot.batches.getData()
        assert 100 <= len(np.unique(x)) <= 104
        assert plot.view.viewRange()[0] == [500, 600]
        plot.view.reset_asked.emit()
        plot.redraw()
        assert plot.view.viewRange()[0][1] >= 100_000

    def test_clear_forgets_data_and_keeps_settings(self, plot):
        plot.set_smoothing(0.5)
        plot.load(np.ones(30), epochs(3))
        plot.redraw()
        assert plot.empty_text == ""
        plot.clear()
        plot.redraw()
        assert "appear here" in plot.empty_text
        assert plot.data.strength == 0.5
        assert len(plot.batches.getData()[0]) == 0

    def test_axis_stays_calm_while_data_comes(self, plot):
        ranges = set()
        for step in range(0, 1000, 10):
            plot.append_steps(step, np.full(10, 1.0), step / 100)
            plot.redraw()
            ranges.add(tuple(plot.view.viewRange()[0]))
        assert len(ranges) < 50


class TestMouse:
    @pytest.fixture
    def plot(self, show):
        plot = show(CurvesPlot("loss"))
        plot.load(np.arange(1.0, 31.0), epochs(3))
        plot.redraw()
        plot.grab()
        return plot

    def place(self, plot, x: float, y: float) -> QPoint:
        return plot.graphics.mapFromScene(plot.view.mapViewToScene(QPointF(x, y)))

    def test_moving_shows_values_and_leaving_hides_them(self, plot, qtbot):
        viewport = plot.graphics.viewport()
        send_mouse(viewport, QEvent.Type.MouseMove, self.place(plot, 20, 10), buttons=NONE)
        assert plot.legend.caption == "step 20"
        assert plot._crosshair.isVisible()
        QApplication.sendEvent(viewport, QEvent(QEvent.Type.Leave))
        assert plot.legend.caption == "best epoch 3"
        assert not plot._crosshair.isVisible()

    def test_dragging_zooms_and_double_click_resets(self, plot):
        viewport = plot.graphics.viewport()
        before = plot.view.viewRange()
        start, end = self.place(plot, 5, 25), self.place(plot, 15, 5)
        send_mouse(viewport, QEvent.Type.MouseButtonPress, start)
        for share in (0.3, 0.7, 1.0):
            between = start + (end - start) * share
            send_mouse(viewport, QEvent.Type.MouseMove, between)
        send_mouse(viewport, QEvent.Type.MouseButtonRelease, end, buttons=NONE)
        plot.redraw()
        assert plot.view.viewRange()[0] == pytest.approx([5, 15], abs=0.2)
        assert plot.view.viewRange()[1] == pytest.approx([5, 25], abs=0.4)
        for kind in (
            QEvent.Type.MouseButtonPress,
            QEvent.Type.MouseButtonRelease,
            QEvent.Type.MouseButtonDblClick,
            QEvent.Type.MouseButtonRelease,
        ):
            send_mouse(viewport, kind, end)
        plot.redraw()
        after = plot.view.viewRange()
        assert after[0] == pytest.approx(before[0], rel=0.2)
        assert after[1] == pytest.approx(before[1])

    def test_wheel_is_left_to_the_page_without_ctrl(self, plot):
        viewport = plot.graphics.viewport()
        before = plot.view.viewRange()
        place = self.place(plot, 15, 15)
        assert not send_wheel(viewport, place, Qt.KeyboardModifier.NoModifier)
        assert plot.view.viewRange() == before
        send_wheel(viewport, place, Qt.KeyboardModifier.ControlModifier)
        low, high = plot.view.viewRange()[0]
        assert high - low < before[0][1] - before[0][0]


NONE = Qt.MouseButton.NoButton


LEFT = Qt.MouseButton.LeftButton


def send_mouse(target: QWidget, kind: QEvent.Type, place: QPoint, buttons=LEFT) -> None:
    button = NONE if kind == QEvent.Type.MouseMove else LEFT
    everywhere = QPointF(target.mapToGlobal(place))
    event = QMouseEvent(
        kind, QPointF(place), everywhere, button, buttons, Qt.KeyboardModifier.NoModifier
    )
    QApplication.sendEvent(target, event)


def send_wheel(target: QWidget, place: QPoint, modifiers: Qt.KeyboardModifier) -> bool:
    event = QWheelEvent(
        QPointF(place),
        QPointF(target.mapToGlobal(place)),
        QPoint(0, 0),
        QPoint(0, 120),
        NONE,
        modifiers,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(target, event)
    return event.isAccepted()


class TestThrottle:
    def test_many_requests_are_one_redraw(self, show, qtbot):
        plot = show(CurvesPlot("loss"))
        plot.append_steps(0, np.ones(1), 0.0)
        plot.throttle.flush()
        before = plot.throttle.n_redraws
        for step in range(1, 500):
            plot.append_steps(step, np.ones(1), 0.0)
        with qtbot.waitSignal(plot.throttle.due):
            pass
        assert plot.throttle.n_redraws == before + 1
        assert len(plot.batches.getData()[0]) == 1000

    def test_nothing_is_drawn_while_hidden_and_all_when_shown(self, show, qtbot):
        plot = show(CurvesPlot("loss"))
        plot.throttle.flush()
        plot.hide()
        before = plot.throttle.n_redraws
        plot.append_steps(0, np.ones(7), 0.0)
        QCoreApplication.processEvents()
        assert plot.throttle.n_redraws == before
        assert plot.throttle.is_wanted
        with qtbot.waitSignal(plot.throttle.due):
            plot.show()
        assert len(plot.batches.getData()[0]) == 14


class TestOverlay:
    def test_runs_keep_their_colours(self, show):
        plot = show(RunsOverlayPlot())
        for run in ("a", "b", "c"):
            plot.set_run(run, run.upper(), epochs(4, run))
        color = plot.color_of("c")
        plot.remove_run("b")
        assert plot.color_of("c") == color
        plot.set_run("d", "D", epochs(2, "d"))
        assert len({plot.color_of(run) for run in plot.runs()}) == 3
        assert plot.runs() == ("a", "c", "d")

    def test_draws_the_chosen_metric(self, show):
        plot = show(RunsOverlayPlot())
        plot.set_run("a", "A", epochs(4, "a"))
        assert plot.metrics() == ("loss", "accuracy")
        plot.redraw()
        lines = plot._runs["a"]
        assert lines.validation.line.getData()[1][0] == 1.1
        plot.set_metric("accuracy")
        plot.set_x_axis("time")
        plot.redraw()
        assert lines.train.line.getData()[1].tolist() == [0.5] * 4
        assert lines.train.line.getData()[0].tolist() == [2, 4, 6, 8]
        assert np.isnan(lines.validation.line.getData()[1]).all()
        assert "A 50.0 %" in plot.legend.text()

    def test_removed_runs_leave_no_item(self, show):
        plot = show(RunsOverlayPlot())
        before = len(plot.view.addedItems)
        plot.set_run("a", "A", epochs(4))
        plot.clear()
        plot.redraw()
        assert len(plot.view.addedItems) == before
        assert "Choose runs" in plot.empty_text


class TestLegend:
    def test_it_never_loses_an_entry(self, show):
        plot = show(CurvesPlot("accuracy", "Accuracy"), width=330, height=260)
        for event in epochs(9):
            plot.add(event)
        plot.append_steps(0, np.linspace(0, 1, 90), 3.0)
        for epoch in (3, 10):
            plot.append_epoch(epoch, 10 * epoch, 2.0 * epoch, 0.123456, 0.987654)
            plot.set_best_epoch(epoch)
            plot.redraw()
            QApplication.processEvents()
            legend = plot.legend
            assert [entry.name for entry in legend.entries] == ["Batches", "Training", "Validation"]
            assert legend.height() >= legend.heightForWidth(legend.width())

    def test_a_short_caption_spares_a_line(self, show):
        legend = show(LegendBar(), width=1000)
        legend.set_entries((LegendEntry("Training", "#000000", "0.5"),), "best epoch 10", "best 10")
        room = QFontMetricsF(text_font(TEXT_SMALL)).horizontalAdvance("Training 0.5 best epoch 10")
        assert legend.heightForWidth(1000) == legend.heightForWidth(round(room))
        assert legend.heightForWidth(round(room) - 80) > legend.heightForWidth(1000)
