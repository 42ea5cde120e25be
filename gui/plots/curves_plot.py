"""CurvesPlot: one metric of one run, live: batches, training and validation."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from engine.events.run_events import (
    EpochEnded,
    RunEnded,
    RunEvent,
    RunStarted,
    StepsDone,
)
from engine.spec.formatting import duration_text
from gui.formatting.run_rule_words import ChangeMark
from gui.formatting.run_words import metric_text
from gui.plots.curve_data import CurveData, Floats
from gui.plots.curve_items import Bars, MarkedLine, thinned
from gui.plots.legend import LegendEntry
from gui.plots.plot import cosmetic_pen
from gui.plots.run_plot import RunPlot
from gui.plots.saving import Columns
from gui.plots.stretch_band import StretchBand
from gui.style.theme import blend, current_theme


class CurvesPlot(RunPlot):
    """Curves of one metric while a model trains.

    Every batch is drawn as a faint dot, or where dots would overlap as a bar from the smallest to
    the largest value of its pixel column, so that nothing measured is ever hidden. Lines go
    through the means of training and through the validation of each epoch.

    Args:
        metric: Keras's name, such as ``loss``; validation is ``val_`` and that name.
        title: What people read; empty for none.
        parent: Owner.
    """

    def __init__(self, metric: str, title: str = "", parent: QWidget | None = None) -> None:
        self.metric_name = metric
        self.data = CurveData()
        self._best: int | None = None
        self._hides_values = False
        super().__init__(title, "step", "number", parent)
        self._show_unit()
        self.set_empty_text(self.tr("Values appear here when training starts."))

    def _build(self) -> None:
        super()._build()
        self.batches = Bars()
        self.batches.setZValue(1)
        self.area.add(self.batches)
        self.smoothed = pg.PlotCurveItem(connect="finite")
        self.smoothed.setZValue(5)
        self.area.add(self.smoothed)
        self.train = MarkedLine(self.area, "o", depth=10)
        self.validation = MarkedLine(self.area, "s", depth=11)
        self.best_mark = pg.InfiniteLine(angle=90, movable=False)
        self.fault_mark = pg.InfiniteLine(angle=90, movable=False)
        for mark in (self.best_mark, self.fault_mark):
            mark.setZValue(2)
            mark.hide()
            self.area.add(mark)
        self.band = StretchBand(self.area)

    @property
    def _shown_metric(self) -> str:
        return self.metric_name

    def _text(self, value: float) -> str:
        return metric_text(self.metric_name, value)

    # ---- data

    def add(self, event: RunEvent) -> None:
        """Takes the events of a run: `StepsDone` and `EpochEnded` append.

        `RunStarted` clears; where it goes on after some steps, what lies behind them is forgotten.
        """
        if isinstance(event, StepsDone):
            values = event.metrics.get(self.metric_name)
            if values is not None:
                self.append_steps(event.first_step, values, event.elapsed_s)
        elif isinstance(event, EpochEnded):
            self._append_event(event)
        elif isinstance(event, RunStarted):
            if event.step:
                self.rewind(event.step)
            else:
                self.clear()
            self.set_steps_per_epoch(event.steps_per_epoch)
        elif isinstance(event, RunEnded):
            self._ranges.clear()
            self.request_redraw()

    def set_steps_per_epoch(self, steps: int) -> None:
        """Says how many steps (batches) an epoch has; needed for the axis by epoch."""
        self.data.steps_per_epoch = steps
        self.request_redraw()

    def append_steps(
        self, first_step: int, values: npt.NDArray[np.floating], elapsed_s: float
    ) -> None:
        """Adds the values of a chunk of batches.

        Args:
            first_step: Steps done before it. Where it is smaller than what is already drawn
                (a run resumed from a checkpoint), what lies behind is replaced.
            values: One per step, (steps,).
            elapsed_s: Seconds of training when the chunk was done.
        """
        self.data.append_steps(first_step, values, elapsed_s)
        self.follow()

    def append_epoch(
        self,
        epoch: int,
        step: int,
        elapsed_s: float,
        train: float | None,
        validation: float | None,
    ) -> None:
        """Adds the means of an epoch.

        Args:
            epoch: From 1.
            step: Steps done at its end.
            elapsed_s: Seconds of training at its end.
            train, validation: None where there is none.
        """
        self.data.append_epoch(epoch, step, elapsed_s, train, validation)
        self.follow()

    def load(
        self,
        steps: npt.NDArray[np.floating],
        epochs: Sequence[EpochEnded],
        steps_per_epoch: int = 0,
    ) -> None:
        """Shows a stored run.

        Args:
            steps: The metric of each batch, (steps,); may be empty.
            epochs: Its epochs.
            steps_per_epoch: 0 to take it from the epochs.
        """
        self.clear()
        self.data.steps_per_epoch = steps_per_epoch
        if len(steps):
            self.data.append_steps(0, steps, epochs[-1].elapsed_s if epochs else 0.0)
        for event in epochs:
            self._append_event(event)
        if len(steps) and epochs:
            times = np.concatenate(([0.0], self.data.epoch_times.values))
            ends = np.concatenate(([0.0], self.data.epoch_steps.values))
            self.data.set_clock(ends, times)
        self.request_redraw()

    def _append_event(self, event: EpochEnded) -> None:
        if event.is_best:
            self._best = event.epoch
        train = event.metrics.get(self.metric_name)
        validation = event.metrics.get(f"val_{self.metric_name}")
        self.append_epoch(event.epoch, event.step, event.elapsed_s, train, validation)

    def add_mark(self, mark: ChangeMark) -> None:
        """Marks a step at which something was changed."""
        self.changes.add(mark)
        self.setAccessibleDescription("; ".join(mark.text for mark in self.changes.marks))
        self.request_redraw()

    def rewind(self, step: int) -> None:
        """Forgets what lies behind a step: the run went back to a checkpoint."""
        self.data.rewind(step)
        self.changes.rewind(step)
        if self._best is not None and self._best not in self.data.epochs.values:
            self._best = None
        self.request_redraw()

    def clear(self) -> None:
        """Forgets all data; settings stay."""
        self.changes.clear()
        self.setAccessibleDescription("")
        strength, self.data = self.data.strength, CurveData()
        self.data.set_smoothing(strength)
        self._best = self.band.epochs = None
        self.reset_view()

    # ---- settings

    def set_best_epoch(self, epoch: int | None) -> None:
        """Marks the best epoch; None for none."""
        self._best = epoch
        self.request_redraw()

    def show_stretch(self, epochs: tuple[int, int] | None) -> None:
        """Lays a light band over some epochs, from the first to the last; None: takes it away."""
        self.band.epochs = epochs
        self.request_redraw()

    def set_smoothing(self, strength: float) -> None:
        """Adds a smoothed line through the batches; the batches stay.

        It is an exponential moving average without bias to zero at its start, and is labelled
        with its strength.

        Args:
            strength: From 0 (none) to 0.99.

        Raises:
            ValueError: The strength is outside.
        """
        if not 0 <= strength <= 0.99:
            raise ValueError(f"strength must be from 0 to 0.99. Received: {strength}")
        self.data.set_smoothing(strength)
        self.request_redraw()

    # ---- drawing

    def columns(self) -> Columns:
        data, name = self.data, self.metric_name
        return {
            "step": np.arange(1, len(data) + 1),
            f"batch_{name}": data.batches.values,
            "epoch": data.epochs.values.astype(int),
            "epoch_end_step": data.epoch_steps.values.astype(int),
            "epoch_end_seconds": data.epoch_times.values,
            name: data.train.values,
            f"val_{name}": data.validation.values,
        }

    def _is_empty(self) -> bool:
        return self.data.is_empty

    def _draw(self) -> None:
        if self.data.smooth():
            self.request_redraw()
        width = max(100, int(self.view.width()))
        first, last = self._visible_steps()
        x, low, high = self._draw_batches(first, last, width)
        self._draw_smoothed(first, last, width)
        places = self.data.x_of_epochs(self._axis)
        train, validation = (
            self._scaled(series.values) for series in (self.data.train, self.data.validation)
        )
        self.train.set_points(*thinned(places, train, width))
        self.validation.set_points(*thinned(places, validation, width))
        shown = self._shown_epochs(places)
        self._crosshair.setVisible(self.cursor_x is not None and not self.data.is_empty)
        self.fit_x(0.0, self.data.end(self._axis) or 1.0, calm=True)
        self._fit_values(
            (x, low),
            (x, high),
            (places[shown], train[shown]),
            (places[shown], validation[shown]),
            calm=True,
        )
        self._draw_marks()
        self._update_legend()

    def _visible_steps(self) -> tuple[int, int]:
        zoomed = self.visible_x()
        if zoomed is None:
            return 0, len(self.data)
        low, high = (self.data.steps_of_x(x, self._axis) for x in zoomed)
        return math.floor(low) - 1, math.ceil(high) + 1

    def _shown_epochs(self, places: Floats) -> npt.NDArray[np.bool_]:
        zoomed = self.visible_x()
        if zoomed is None:
            return np.ones(len(places), bool)
        return (places >= zoomed[0]) & (places <= zoomed[1])

    def _draw_batches(self, first: int, last: int, width: int) -> tuple[Floats, Floats, Floats]:
        middle, low, high, _ = self.data.batches.bars(first, last, width)
        self._hides_values = self._is_log and bool(len(low)) and float(low.min()) <= 0
        tops = self._scaled(high)
        bottoms = self._scaled(low)
        bottoms = np.where(np.isfinite(bottoms), bottoms, tops)
        x = self.data.x_of_steps(middle + 1, self._axis)
        drawn = np.isfinite(x) & np.isfinite(tops)
        room = width / max(1, len(middle))
        self.batches.set_bars(
            x[drawn], bottoms[drawn], tops[drawn], 3.5 if room > 4 else 2.5 if room > 2 else 1
        )
        return x[drawn], bottoms[drawn], tops[drawn]

    def _draw_smoothed(self, first: int, last: int, width: int) -> None:
        middle, low, high, length = self.data.smoothed.bars(first, last, width)
        x = self.data.x_of_steps(middle + 1, self._axis)
        if length == 1:
            self.smoothed.setData(x, self._scaled(low))
            return
        ends = np.stack((low, high), axis=1).reshape(-1)
        self.smoothed.setData(np.repeat(x, 2), self._scaled(ends))

    def _draw_marks(self) -> None:
        steps = [mark.step for mark in self.changes.marks]
        self.changes.draw(self.data.x_of_steps(steps, self._axis), self.view)
        known = self.data.epochs.values
        self.band.draw(known, self.data.x_of_epochs(self._axis))
        index = int(np.searchsorted(known, self._best)) if self._best is not None else len(known)
        has_best = index < len(known) and known[index] == self._best
        self.best_mark.setVisible(bool(has_best))
        if has_best:
            self.best_mark.setValue(float(self.data.x_of_epochs(self._axis)[index]))
        fault = self.data.first_not_finite
        self.fault_mark.setVisible(fault is not None)
        if fault is not None:
            self.fault_mark.setValue(float(self.data.x_of_steps(fault, self._axis)))

    def _recolor_items(self) -> None:
        colors = current_theme().palette
        train, validation = colors.series[0], colors.series[1]
        self.batches.set_color(self._batch_color())
        self.smoothed.setPen(cosmetic_pen(blend(train, colors.text, 0.25), 1))
        self.train.set_color(train)
        self.validation.set_color(validation)
        self.best_mark.setPen(cosmetic_pen(colors.success, 1, Qt.PenStyle.DashLine))
        self.fault_mark.setPen(cosmetic_pen(colors.danger, 1, Qt.PenStyle.DotLine))
        self.band.dress(colors)
        self.changes.dress(colors)
        self.far.dress(colors)
        self._update_legend()

    def _batch_color(self) -> str:
        colors = current_theme().palette
        return blend(colors.surface, colors.series[0], 0.5 if colors.is_dark else 0.38)

    # ---- the legend

    def _update_legend(self) -> None:
        data = self.data
        colors = current_theme().palette
        entries = []
        step = self._step_at_cursor()
        if len(data):
            value = self._text(float(data.batches.values[step - 1]))
            entries.append(LegendEntry(self.tr("Batches"), self._batch_color(), value, "dot"))
        if data.strength and len(data.smoothed):
            index = min(step, len(data.smoothed)) - 1
            name = self.tr("Batches, smoothed {0}").format(f"{data.strength:.2f}")
            value = self._text(float(data.smoothed.values[index]))
            entries.append(LegendEntry(name, blend(colors.series[0], colors.text, 0.25), value))
        epoch = self._epoch_at_cursor()
        for name, series, color in (
            (self.tr("Training"), data.train.values, colors.series[0]),
            (self.tr("Validation"), data.validation.values, colors.series[1]),
        ):
            if epoch is not None and not np.isnan(series).all():
                entries.append(LegendEntry(name, color, self._text(float(series[epoch]))))
        caption = self._caption(step)
        is_best = self._best is not None and caption == self.tr("best epoch {0}").format(self._best)
        short = self.tr("best {0}").format(self._best) if is_best else ""
        self.legend.set_entries(tuple(entries), caption, short)

    def _step_at_cursor(self) -> int:
        n = len(self.data)
        if self.cursor_x is None or not n:
            return n
        return min(n, max(1, round(self.data.steps_of_x(self.cursor_x, self._axis))))

    def _epoch_at_cursor(self) -> int | None:
        places = self.data.x_of_epochs(self._axis)
        if not len(places):
            return None
        if self.cursor_x is None:
            return len(places) - 1
        return int(np.argmin(np.abs(places - self.cursor_x)))

    def _caption(self, step: int) -> str:
        if self.cursor_x is not None:
            if self._axis == "time":
                return duration_text(max(0.0, self.cursor_x))
            if self._axis == "epoch":
                return self.tr("epoch {0}").format(f"{max(0.0, self.cursor_x):.2f}")
            shown = step if len(self.data) else round(self.cursor_x)
            return self.tr("step {0}").format(shown)
        if self.data.first_not_finite is not None:
            return self.tr("not a finite number from step {0}").format(self.data.first_not_finite)
        if self._hides_values:
            return self.tr("values of 0 and below are not drawn")
        best = self.tr("best epoch {0}").format(self._best) if self._best is not None else ""
        return " · ".join(part for part in (self._far_text(), best) if part)
