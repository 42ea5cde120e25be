"""Plots as widgets: what is drawn for what they are told, in both themes, without a trace left."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget

from engine.events.insights import SurfaceUpdated
from gui.plots.bars import ClassCountBars, ColumnHistogram
from gui.plots.confusion_plot import ConfusionPlot
from gui.plots.curves_plot import CurvesPlot
from gui.plots.device_plot import DevicePanel
from gui.plots.legend import LegendBar, LegendEntry
from gui.plots.overlay_plot import RunsOverlayPlot
from gui.plots.regression_plot import RegressionPlot
from gui.plots.scatter_plot import DataScatterPlot
from gui.plots.surface_plot import SurfacePlot
from gui.style.theme import DARK, LIGHT, TEXT_SMALL, current_theme, text_font
from tests.gui.plot_data import epochs, profile, sample

# The platform without a screen says so whenever a window with a smallest size is shown.
pytestmark = pytest.mark.qt_log_ignore("does not support propagateSizeHints", extend=True)


@pytest.fixture(autouse=True)
def theme(qapp):
    theme = current_theme()
    theme.set_mode("light")
    theme.apply()
    yield theme
    theme.set_mode("light")


@pytest.fixture
def show(qtbot):
    """Shows a plot in a window, so that it redraws."""
    windows = []

    def show(plot: QWidget, width: int = 640, height: int = 400) -> QWidget:
        window = QWidget()
        windows.append(window)
        qtbot.addWidget(window)
        layout = QVBoxLayout(window)
        layout.addWidget(plot)
        window.resize(width, height)
        window.show()
        return plot

    yield show
    windows.clear()


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


class TestDevices:
    def test_draws_all_series(self, show):
        panel = show(DevicePanel())
        for second in range(10):
            panel.add_sample(sample(100.0 + second))
        for plot in panel.plots.values():
            plot.redraw()
        cpu, memory = panel.plots["cpu"], panel.plots["memory"]
        x, y = cpu.lines["All cores"].getData()
        assert x.tolist() == list(range(-9, 1))
        assert set(y) == {40.0}
        cores = cpu.faint_lines.getData()[1]
        assert np.nanmax(cores) == 30.0
        assert np.isnan(cores).sum() == 4
        assert memory.lines["System"].getData()[1][-1] == 4.0
        assert memory.lines["Training"].getData()[1][-1] == 1.0
        assert memory.legend.text() == "System 4.0 / 16 GB, Training 1.0 GB"
        assert memory.view.viewRange()[1][1] >= 16

    def test_gpu_plots_appear_with_the_first_gpu(self, show):
        panel = show(DevicePanel())
        panel.add_sample(sample(1.0))
        assert "gpu_load" not in panel.plots
        panel.add_sample(sample(2.0, n_gpus=2))
        for plot in panel.plots.values():
            plot.redraw()
        assert list(panel.plots["gpu_load"].lines) == ["0: GPU", "1: GPU"]
        assert panel.plots["gpu_memory"].lines["0: GPU"].getData()[1].tolist() == [2.0]
        assert "\N{EN DASH}" in panel.plots["gpu_power"].legend.text()

    def test_old_samples_are_forgotten(self, show):
        panel = show(DevicePanel(seconds=60))
        for second in range(2000):
            panel.add_sample(sample(float(second)))
        plot = panel.plots["cpu"]
        plot.redraw()
        assert len(plot._times) < 200
        assert plot.lines["All cores"].getData()[0][0] == -61


class TestSurface:
    def test_fitted_line(self, show):
        plot = show(SurfacePlot())
        plot.show_profile(profile([[0], [1], [2]], np.array([0.0, 2.0, 4.0])))
        axis = np.linspace(0, 2, 5, dtype=np.float32)
        plot.update_surface(SurfaceUpdated("r", (axis,), 2 * axis[:, None]))
        plot.redraw()
        assert plot.curves[0].getData()[1].tolist() == [0, 1, 2, 3, 4]
        assert plot.points.scatters[0].getData()[1].tolist() == [0, 2, 4]

    def test_probability_curve_and_its_boundary(self, show):
        plot = show(SurfacePlot())
        plot.show_profile(profile([[-1], [1]], np.array([0, 1]), ("no", "yes")))
        axis = np.linspace(-2, 2, 41)
        yes = 1 / (1 + np.exp(-3 * (axis - 0.5)))
        plot.update_surface(SurfaceUpdated("r", (axis,), np.stack([1 - yes, yes], axis=1)))
        plot.redraw()
        assert len(plot.curves) == 1
        np.testing.assert_allclose(plot.curves[0].getData()[1], yes)
        np.testing.assert_allclose(plot.boundary.getData()[0], [0.5, 0.5], atol=1e-3)
        heights = [scatter.getData()[1][0] for scatter in plot.points.scatters]
        assert heights[0] < 0 < 1 < heights[1]

    def test_more_classes_on_one_feature(self, show):
        plot = show(SurfacePlot())
        plot.show_profile(profile([[0], [1], [2]], np.array([0, 1, 2]), ("a", "b", "c")))
        values = np.full((9, 3), 1 / 3)
        plot.update_surface(SurfaceUpdated("r", (np.linspace(0, 2, 9),), values))
        plot.redraw()
        assert len(plot.curves) == 3

    def test_decision_boundary_of_two_features(self, show):
        plot = show(SurfacePlot())
        plot.show_profile(profile([[0, 0], [1, 1]], np.array([0, 1]), ("in", "out")))
        axis = np.linspace(-2, 2, 61)
        x, y = np.meshgrid(axis, axis)
        outside = 1 / (1 + np.exp(-5 * (x**2 + y**2 - 1)))
        surface = np.stack([1 - outside, outside], axis=-1).astype(np.float32)
        plot.update_surface(SurfaceUpdated("r", (axis, axis), surface))
        plot.redraw()
        radius = np.hypot(*plot.boundary.getData())
        np.testing.assert_allclose(radius, 1, atol=0.02)
        assert plot.image.image.shape == (61, 61, 3)

    def test_rows_of_the_image_are_the_second_feature(self, show):
        plot = show(SurfacePlot())
        plot.show_profile(profile([[0, 0], [1, 1]], np.array([0, 1]), ("low", "high")))
        first, second = np.linspace(0, 1, 4), np.linspace(0, 1, 3)
        high = np.repeat(second[:, None], 4, axis=1)
        plot.update_surface(
            SurfaceUpdated("r", (first, second), np.stack([1 - high, high], axis=-1))
        )
        plot.redraw()
        image = plot.image.image.astype(int)
        assert image.shape == (3, 4, 3)
        assert (image[0] == image[0, 0]).all()
        assert (image[0, 0] != image[2, 0]).any()

    def test_regression_on_two_features(self, show):
        plot = show(SurfacePlot())
        plot.show_profile(profile([[0, 0], [1, 1], [2, 0]], np.array([0.0, 1.0, 2.0])))
        axis = np.linspace(0, 2, 7)
        plot.update_surface(SurfaceUpdated("r", (axis, axis), np.ones((7, 7, 1))))
        plot.redraw()
        assert plot.image.image.shape == (7, 7, 3)
        assert plot.legend.text().startswith("0, 1, 2")

    def test_values_that_are_not_finite_break_nothing(self, show):
        plot = show(SurfacePlot())
        plot.show_profile(profile([[0, 0], [1, np.nan]], np.array([0, 1]), ("a", "b")))
        axis = np.linspace(0, 1, 5)
        plot.update_surface(SurfaceUpdated("r", (axis, axis), np.full((5, 5, 2), np.nan)))
        plot.redraw()
        plot.grab()
        assert np.isfinite(plot.view.viewRange()).all()

    def test_new_data_forgets_the_surface(self, show):
        plot = show(SurfacePlot())
        data = profile([[0], [1], [2]], np.array([0.0, 2.0, 4.0]))
        plot.show_profile(data)
        axis = np.linspace(0, 2, 5)
        plot.update_surface(SurfaceUpdated("r", (axis,), axis[:, None]))
        plot.redraw()
        plot.show_profile(data)
        plot.redraw()
        assert plot.curves == []
        plot.clear()
        plot.redraw()
        assert "one or two features" in plot.empty_text

    def test_knows_what_it_can_show(self):
        assert SurfacePlot.can_show(profile([[0, 1]], np.array([1.0])))
        assert not SurfacePlot.can_show(profile([[0, 1, 2]], np.array([1.0])))
        assert not SurfacePlot.can_show(None)
        with pytest.raises(ValueError, match=r"Received: \(1, 3\)"):
            SurfacePlot().show_profile(profile([[0, 1, 2]], np.array([1.0])))


class TestConfusion:
    def test_counts_and_shares(self, show):
        plot = show(ConfusionPlot())
        plot.set_matrix(np.array([[8, 2], [0, 0]]), ["cat", "dog"])
        assert plot.shares().tolist() == [[0.8, 0.2], [0.0, 0.0]]
        assert plot.describe(0, 1) == "True: cat\nPredicted: dog\n2 of 10 (20.0 %)"
        assert plot.accessibleDescription() == "8 of 10 right, 2 classes"

    @pytest.mark.parametrize("n", [2, 3, 10, 30, 60])
    @pytest.mark.parametrize("mode", ["light", "dark"])
    def test_cells_lie_inside_and_right_ones_stand_out(self, show, theme, n, mode):
        theme.set_mode(mode)
        plot = show(ConfusionPlot(), 640, 560)
        plot.set_matrix(np.eye(n, dtype=int) * 7, [f"class {index}" for index in range(n)])
        image = plot.grab().toImage()
        for corner in ((0, 0), (n - 1, n - 1)):
            rect = plot.cell_rect(*corner)
            assert plot.rect().contains(rect.toRect())
            assert plot.cell_at(rect.center()) == corner
        diagonal, other = plot.cell_rect(0, 0), plot.cell_rect(0, 1)
        edge = diagonal.width()
        inset = QPointF(edge / 5, edge / 5)
        right = image.pixelColor((diagonal.topLeft() + inset).toPoint())
        wrong = image.pixelColor((other.topLeft() + inset).toPoint())
        assert right != wrong

    def test_wrong_shape_is_refused(self):
        with pytest.raises(ValueError, match=r"Received: \(2, 2\)"):
            ConfusionPlot().set_matrix(np.zeros((2, 2), int), ["a", "b", "c"])

    def test_empty(self, show):
        plot = show(ConfusionPlot())
        plot.set_empty_text("Train first.")
        assert plot.empty_text == "Train first."
        plot.set_matrix(np.eye(2, dtype=int), ["a", "b"])
        assert plot.empty_text == ""
        plot.clear()
        plot.grab()
        assert plot.empty_text == "Train first."


class TestRegression:
    def test_points_and_diagonal(self, show):
        plot = show(RegressionPlot())
        plot.set_predictions(np.array([1.0, 2.0, np.nan]), np.array([1.5, 1.0, 3.0]), "price")
        plot.predicted.redraw()
        plot.residuals.redraw()
        x, y = plot.predicted.points.getData()
        assert (x.tolist(), y.tolist()) == ([1, 2], [1.5, 1])
        assert plot.predicted.ideal.getData()[0].tolist() == [1, 2]
        assert plot.predicted.ideal.getData()[1].tolist() == [1, 2]
        assert plot.residuals.points.getData()[1].tolist() == [0.5, -1]
        assert plot.residuals.ideal.getData()[1].tolist() == [0, 0]
        assert "1 not finite" in plot.predicted.legend.text()
        assert "0.7500" in plot.residuals.legend.text()

    def test_shapes_that_differ_are_refused(self):
        with pytest.raises(ValueError, match="Received: 3 true values, 2 predictions"):
            RegressionPlot().set_predictions(np.ones(3), np.ones(2))

    def test_one_value_only(self, show):
        plot = show(RegressionPlot())
        plot.set_predictions(np.array([5.0]), np.array([5.0]))
        plot.predicted.redraw()
        low, high = plot.predicted.view.viewRange()[0]
        assert low < 5 < high


class TestScatter:
    def test_classes_have_colours_and_shapes(self, show):
        plot = show(DataScatterPlot())
        plot.show_profile(profile(np.eye(3), np.array([0, 1, 2]), ("x", "y", "z")))
        plot.plot.redraw()
        scatters = plot.plot.points.scatters
        assert len({scatter.opts["symbol"] for scatter in scatters}) == 3
        colors = [scatter.opts["brush"].color().name() for scatter in scatters]
        assert colors == list(LIGHT.series[:3])
        assert [entry.name for entry in plot.plot.legend.entries] == ["x", "y", "z"]

    def test_axes_are_chosen_by_name(self, show):
        plot = show(DataScatterPlot())
        x = np.arange(12.0).reshape(4, 3)
        plot.show_profile(profile(x, np.arange(4.0)))
        assert plot.axes() == ("a", "target")
        plot.horizontal.setCurrentText("c")
        plot.vertical.setCurrentText("b")
        scatter = plot.plot.points.scatters[0]
        assert scatter.getData()[0].tolist() == x[:, 2].tolist()
        assert scatter.getData()[1].tolist() == x[:, 1].tolist()

    def test_measurements_are_shown_before_columns_of_zero_and_one(self, show):
        plot = show(DataScatterPlot())
        x = np.array([[0, 3, 5], [1, 4, 7], [0, 9, 6], [1, 2, 8]])
        plot.show_profile(profile(x, np.array([0, 1, 0, 1]), ("no", "yes")))
        assert plot.axes() == ("b", "c")
        plot.show_profile(profile(x, np.arange(4)))
        assert plot.axes() == ("b", "target")

    def test_one_feature_with_classes(self, show):
        plot = show(DataScatterPlot())
        plot.show_profile(profile([[0.5], [1.5]], np.array([0, 1]), ("no", "yes")))
        heights = [scatter.getData()[1].tolist() for scatter in plot.plot.points.scatters]
        assert heights == [[0], [1]]

    def test_pictures_show_nothing(self, show):
        plot = show(DataScatterPlot())
        images = profile(np.zeros((2, 3)), np.array([0, 1]), ("no", "yes"))
        object.__setattr__(images, "sample_x", np.zeros((2, 8, 8, 1)))
        plot.show_profile(images)
        plot.plot.redraw()
        assert "Columns of a table" in plot.plot.empty_text


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


class TestBars:
    def test_lengths_are_the_counts(self, show):
        bars = show(ClassCountBars())
        bars.set_counts(["a", "b", "c"], np.array([100, 50, 0]))
        widths = [bars.bar_rect(index).width() for index in range(3)]
        assert widths[0] == pytest.approx(2 * widths[1])
        assert widths[2] == 0
        assert bars.sizeHint().height() == 72
        assert bars.accessibleDescription() == "a 100, b 50, c 0"
        bars.clear()
        bars.grab()

    def test_counts_without_names_are_refused(self):
        with pytest.raises(ValueError, match="Received: 2"):
            ClassCountBars().set_counts(["a"], np.array([1, 2]))

    def test_histogram_draws_tall_where_there_are_many(self, show):
        histogram = show(ColumnHistogram(), 240, 90)
        histogram.set_counts(np.array([10, 0, 5, 0]), 0.0, 20.0, "age")
        image = histogram.grab().toImage()
        blue = QColor(LIGHT.series[0])
        quarter = histogram.width() // 4
        heights = [
            sum(
                image.pixelColor(index * quarter + quarter // 2, y) == blue
                for y in range(image.height())
            )
            for index in range(4)
        ]
        assert heights[0] >= 2 * heights[2] - 2 > 0
        assert heights[1] == heights[3] == 0
        assert histogram.bin_at(QPointF(quarter * 2.5, 5)) == 2
        assert histogram.accessibleDescription() == "from 0 to 20"


MAKERS = {
    "curves": lambda: CurvesPlot("loss", "Loss"),
    "overlay": RunsOverlayPlot,
    "devices": DevicePanel,
    "surface": SurfacePlot,
    "confusion": ConfusionPlot,
    "regression": RegressionPlot,
    "scatter": DataScatterPlot,
    "counts": ClassCountBars,
    "histogram": ColumnHistogram,
}


def fill(name: str, plot: QWidget) -> None:
    table = profile([[0, 0], [1, 1], [2, 0]], np.array([0, 1, 0]), ("a", "b"))
    if name == "curves":
        plot.load(np.ones(30), epochs(3))
    elif name == "overlay":
        plot.set_run("a", "A", epochs(3))
    elif name == "devices":
        plot.add_sample(sample(1.0, n_gpus=1))
    elif name == "surface":
        plot.show_profile(table)
        axis = np.linspace(0, 2, 5)
        plot.update_surface(SurfaceUpdated("r", (axis, axis), np.ones((5, 5, 2)) / 2))
    elif name == "confusion":
        plot.set_matrix(np.eye(2, dtype=int), ["a", "b"])
    elif name == "regression":
        plot.set_predictions(np.arange(3.0), np.arange(3.0))
    elif name == "scatter":
        plot.show_profile(table)
    elif name == "counts":
        plot.set_counts(["a"], np.array([3]))
    else:
        plot.set_counts(np.array([1, 2]), 0.0, 1.0)


@pytest.mark.parametrize("name", MAKERS)
class TestEach:
    def test_recolours_with_the_theme(self, show, theme, name):
        plot = show(MAKERS[name]())
        fill(name, plot)

        def colors() -> set[str]:
            QCoreApplication.processEvents()
            for part in [plot, *plot.findChildren(QWidget)]:
                if hasattr(part, "throttle"):
                    part.redraw()
            image = plot.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
            pixels = np.frombuffer(image.constBits(), np.uint32)
            return {f"#{color & 0xFFFFFF:06x}" for color in np.unique(pixels).tolist()}

        light = colors()
        theme.set_mode("dark")
        dark = colors()
        # The light theme's text is left out: it is a shade that dark smooth edges may have.
        unlike = {"#ffffff", LIGHT.window, *LIGHT.series[:2]} - {DARK.text}
        assert unlike & light
        assert unlike & dark == set()

    def test_is_quiet_when_empty_and_when_tiny(self, show, name):
        plot = show(MAKERS[name](), 80, 60)
        plot.grab()
        fill(name, plot)
        plot.grab()
        plot.clear()
        plot.grab()
