"""Plots as widgets: what is drawn for what they are told, in both themes, without a trace left."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication, QPointF
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QWidget

from engine.events.insights import SurfaceUpdated
from gui.plots.bars import ClassCountBars, ColumnHistogram
from gui.plots.confusion_plot import ConfusionPlot
from gui.plots.curves_plot import CurvesPlot
from gui.plots.device_plot import DevicePanel
from gui.plots.overlay_plot import RunsOverlayPlot
from gui.plots.regression_plot import RegressionPlot
from gui.plots.scatter_plot import DataScatterPlot
from gui.plots.surface_plot import SurfacePlot
from gui.style.theme import DARK, LIGHT
from tests.gui import plot_window
from tests.gui.plot_data import epochs, profile, sample

show, theme = plot_window.show, plot_window.theme


# The platform without a screen says so whenever a window with a smallest size is shown.
pytestmark = pytest.mark.qt_log_ignore("does not support propagateSizeHints", extend=True)


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

    def test_three_classes_meet_where_two_are_equally_likely(self, show):
        plot = show(SurfacePlot())
        plot.show_profile(profile([[0, 0], [1, 1]], np.array([0, 2]), ("a", "b", "c")))
        axis = np.linspace(-1, 1, 21)
        scores = np.stack([*np.meshgrid(axis, axis), np.zeros((21, 21))], axis=-1)
        values = np.exp(4 * scores) / np.exp(4 * scores).sum(axis=-1, keepdims=True)
        plot.update_surface(SurfaceUpdated("r", (axis, axis), values))
        plot.redraw()
        x, y = plot.boundary.getData()
        sides = np.sort(np.stack([x, y, np.zeros(len(x))]), axis=0)
        assert np.allclose(sides[1], sides[2], atol=0.1)  # the two largest scores are equal
        assert "the most likely class changes" in plot.legend.text()

    def test_without_targets_the_colours_span_what_is_predicted(self, show):
        plot = show(SurfacePlot())
        axis = np.linspace(0, 1, 4)
        values = np.arange(16.0).reshape(4, 4, 1)
        plot.update_surface(SurfaceUpdated("r", (axis, axis), values))
        plot.redraw()
        image = plot.image.image
        assert (image[0, 0] != image[3, 3]).any()

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
