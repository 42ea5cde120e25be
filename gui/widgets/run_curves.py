"""RunCurves: the loss and the main metric of one run, with the controls over both."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from engine.run_events import EpochEnded, RunEvent
from gui.plots.curves_plot import CurvesPlot
from gui.settings import Settings
from gui.theme import SPACING
from gui.widgets.run_curve_controls import RunCurveControls
from gui.widgets.run_words import metric_title


class RunCurves(QWidget):
    """Two plots side by side; the second depends on the task, and is missing for some.

    Args:
        settings: Remembers how the curves are drawn.
        group: First part of the settings' names.
    """

    def __init__(self, settings: Settings, group: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.controls = RunCurveControls(settings, group)
        self.loss = CurvesPlot("loss", metric_title("loss"))
        self.metric_name = "accuracy"
        self._metrics: dict[str, CurvesPlot] = {}
        self._stack = QStackedWidget()
        self._empty_text = ""
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACING)
        column.addWidget(self.controls)
        row = QHBoxLayout()
        row.setSpacing(2 * SPACING)
        row.addWidget(self.loss, 1)
        row.addWidget(self._stack, 1)
        column.addLayout(row, 1)
        self.controls.x_axis_changed.connect(self._apply_controls)
        self.controls.log_y_changed.connect(self._apply_controls)
        self.controls.smoothing_changed.connect(self._apply_controls)
        self.controls.reset_requested.connect(self._reset_views)

    @property
    def metric_plot(self) -> CurvesPlot | None:
        """The plot of the main metric, made when it is first asked for; None: there is none."""
        if self.metric_name and self.metric_name not in self._metrics:
            self.show_metric(self.metric_name)
        return self._metrics.get(self.metric_name)

    def show_metric(self, name: str) -> None:
        """Chooses the main metric, by Keras's name; empty where only the loss is watched."""
        self.metric_name = name
        self._stack.setVisible(bool(name))
        if not name:
            return
        if name not in self._metrics:
            plot = CurvesPlot(name, metric_title(name))
            plot.set_empty_text(self._empty_text)
            self._metrics[name] = plot
            self._stack.addWidget(plot)
        self._stack.setCurrentWidget(self._metrics[name])
        self._apply_controls()

    def set_empty_texts(self, loss: str, metric: str) -> None:
        """Sets what is read while there is nothing to draw."""
        self._empty_text = metric
        self.loss.set_empty_text(loss)
        for plot in self._metrics.values():
            plot.set_empty_text(metric)

    def add(self, event: RunEvent) -> None:
        """Takes an event of the run."""
        for plot in (self.loss, self.metric_plot):
            if plot is None:
                continue
            plot.add(event)
            if isinstance(event, EpochEnded) and event.is_best:
                plot.set_best_epoch(event.epoch)

    def clear(self) -> None:
        """Forgets the run before."""
        for plot in (self.loss, *self._metrics.values()):
            plot.clear()

    @Slot()
    def _apply_controls(self) -> None:
        for plot in (self.loss, *self._metrics.values()):
            plot.set_x_axis(self.controls.x_axis)
            plot.set_smoothing(self.controls.strength)
        self.loss.set_log_y(self.controls.log_y.isChecked())

    @Slot()
    def _reset_views(self) -> None:
        for plot in (self.loss, *self._metrics.values()):
            plot.reset_view()
