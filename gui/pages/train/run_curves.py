"""RunCurves: the loss and the main metric of one run, with the controls over both."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Slot
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from engine.errors import DescentError
from engine.events.run_events import EpochEnded, Recovered, RunEvent, RunStarted, SettingChanged
from engine.spec.run_spec import RunSpec
from engine.training.defaults import patience_of
from engine.training.rules import EarlyEnd, stopping_of
from gui.formatting.run_rule_words import (
    ChangeMark,
    change_mark,
    continued_mark,
    early_end_mark,
)
from gui.formatting.run_words import metric_title
from gui.pages.shared.run_curve_controls import RunCurveControls
from gui.plots.curves_plot import CurvesPlot
from gui.state.run_repository import RunCurves as History
from gui.state.settings import Settings
from gui.style.theme import SPACING


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
        self._run = ""  # whose curves are drawn
        self._is_live = False
        self._recovered: Recovered | None = None
        self._early_end: EarlyEnd | None = None
        self._awaiting: list[RunEvent] | None = None  # until the history is read
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
        """Takes an event of the run.

        A run that goes on is drawn behind its history: until that comes, events wait.
        """
        if isinstance(event, RunStarted):
            is_known = self._run == event.run
            self._run, self._is_live = event.run, True
            if not event.step:
                self._early_end = _early_end(event.spec, event.epochs)
            if event.step and not is_known:
                self._awaiting = []
        if self._awaiting is not None:
            self._awaiting.append(event)
            return
        self._draw(event)

    def show_history(self, history: History | None) -> None:
        """Draws what a run that goes on did before; None where nothing is known of it."""
        waiting, self._awaiting = self._awaiting, None
        is_wanted = waiting is not None or not self._is_live
        if history is not None and is_wanted:
            self._run = history.record.id
            self._load(history)
        for event in waiting or ():
            self._draw(event)

    def _load(self, history: History) -> None:
        record = history.record
        try:
            self._early_end = _early_end(record.spec, record.epochs_planned)
        except DescentError:  # a damaged spec takes no curve along
            self._early_end = None
        ends = [mark for mark in map(self._early_end_of, history.epochs) if mark is not None]
        last = history.epochs[-1] if history.epochs else None
        per_epoch = round(last.step / last.epoch) if last is not None else 0
        for plot in self._plots:
            values = history.steps.get(plot.metric_name, np.empty(0, np.float32))
            plot.load(values, history.epochs, per_epoch)
            for mark in [*map(change_mark, history.changes), *ends]:
                plot.add_mark(mark)

    @property
    def _plots(self) -> list[CurvesPlot]:
        return [plot for plot in (self.loss, self.metric_plot) if plot is not None]

    def _mark_of(self, event: RunEvent) -> ChangeMark | None:
        if isinstance(event, SettingChanged):
            return change_mark(event)
        if isinstance(event, RunStarted) and self._recovered is not None:
            recovered, self._recovered = self._recovered, None
            label = self.tr("batch {n}").format(n=recovered.batch_size)
            return ChangeMark(event.step, recovered.reason, label)
        if isinstance(event, RunStarted) and event.step:
            return continued_mark(event.step, event.epochs_done)
        if isinstance(event, EpochEnded):
            return self._early_end_of(event)
        return None

    def _early_end_of(self, event: EpochEnded) -> ChangeMark | None:
        ending = self._early_end
        if ending is None or not ending.epoch_ended(event.epoch, event.metrics):
            return None
        return early_end_mark(event.step, event.epoch)

    def _draw(self, event: RunEvent) -> None:
        mark = self._mark_of(event)
        if isinstance(event, Recovered):
            self._recovered = event  # marked at the step from which the run goes on
        for plot in self._plots:
            plot.add(event)
            if mark is not None:
                plot.add_mark(mark)
            if isinstance(event, EpochEnded) and event.is_best:
                plot.set_best_epoch(event.epoch)

    def show_stretch(self, epochs: tuple[int, int] | None) -> None:
        """Lays a light band over some epochs of both plots; None: takes it away."""
        for plot in self._plots:
            plot.show_stretch(epochs)

    def clear(self) -> None:
        """Forgets the run before."""
        self._run, self._is_live, self._recovered, self._awaiting = "", False, None, None
        self._early_end = None
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
            plot.show_all()


def _early_end(spec: RunSpec, epochs: int) -> EarlyEnd:
    return EarlyEnd(stopping_of(spec), patience_of(spec.model.name or "", epochs))
