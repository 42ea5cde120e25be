"""RunsOverlayPlot: one metric of several runs in one plot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from engine.events.run_events import EpochEnded
from engine.spec.formatting import duration_text
from gui.formatting.run_rule_words import ChangeMark
from gui.formatting.run_words import metric_text
from gui.plots.curve_data import Floats
from gui.plots.curve_items import MarkedLine, thinned
from gui.plots.legend import LegendEntry
from gui.plots.run_plot import RunPlot
from gui.plots.saving import Columns
from gui.style.theme import current_theme

_PLACES = {"step": "step", "epoch": "epoch", "time": "elapsed_s"}


@dataclass
class _Overlaid:
    """One run: what it is called, where its colour is in the series, its data and its lines."""

    label: str
    slot: int
    epochs: tuple[EpochEnded, ...]
    marks: tuple[ChangeMark, ...]
    train: MarkedLine
    validation: MarkedLine

    def places_of_marks(self, axis: str) -> Floats:
        steps = np.array([mark.step for mark in self.marks], np.float64)
        known = np.append(0.0, self.places("step"))
        places: Floats = np.interp(steps, known, np.append(0.0, self.places(axis)))
        return places

    def values(self, metric: str) -> Floats:
        return np.array([event.metrics.get(metric, np.nan) for event in self.epochs], np.float64)

    def places(self, axis: str) -> Floats:
        return np.array([getattr(event, _PLACES[axis]) for event in self.epochs], np.float64)


class RunsOverlayPlot(RunPlot):
    """Curves of several runs, one colour each: validation as a line, training dashed.

    Of a single run it is marked, too, where something was changed.

    Args:
        parent: Owner.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        self._runs: dict[str, _Overlaid] = {}
        self._metric = "loss"
        super().__init__("", "epoch", "count", parent)
        self.set_empty_text(self.tr("Choose runs in the list to compare their curves."))

    # ---- runs

    def set_run(
        self,
        run: str,
        label: str,
        epochs: Sequence[EpochEnded],
        marks: Sequence[ChangeMark] = (),
    ) -> None:
        """Adds a run or replaces it; its colour stays as long as it is shown.

        Args:
            run: Its id.
            label: What people read.
            epochs: Its epochs.
            marks: Where something was changed.
        """
        known = self._runs.get(run)
        if known is not None:
            known.label, known.epochs, known.marks = label, tuple(epochs), tuple(marks)
        else:
            used = {overlaid.slot for overlaid in self._runs.values()}
            slot = next(index for index in range(len(used) + 1) if index not in used)
            train = MarkedLine(self.area, "o", Qt.PenStyle.DashLine, depth=10, most_markers=1)
            validation = MarkedLine(self.area, "s", depth=11)
            found = (tuple(epochs), tuple(marks))
            self._runs[run] = _Overlaid(label, slot, *found, train, validation)
            self._recolor_items()
        self.reset_view()

    def remove_run(self, run: str) -> None:
        """Removes a run; nothing happens where it is not shown."""
        overlaid = self._runs.pop(run, None)
        if overlaid is not None:
            overlaid.train.remove()
            overlaid.validation.remove()
            self.reset_view()

    def runs(self) -> tuple[str, ...]:
        """Returns the ids shown, in the order they came."""
        return tuple(self._runs)

    def color_of(self, run: str) -> str:
        """Returns the colour of a run as ``#rrggbb``, for a swatch in a list.

        Raises:
            KeyError: It is not shown.
        """
        series = current_theme().palette.series
        return series[self._runs[run].slot % len(series)]

    def metrics(self) -> tuple[str, ...]:
        """Returns the metrics that any shown run has, without those of validation."""
        names: dict[str, None] = {}
        for overlaid in self._runs.values():
            for event in overlaid.epochs[:1]:
                names.update({name: None for name in event.metrics if not name.startswith("val_")})
        return tuple(names)

    def clear(self) -> None:
        """Removes all runs."""
        for run in self.runs():
            self.remove_run(run)

    # ---- settings

    def set_metric(self, metric: str) -> None:
        """Chooses the metric by Keras's name; ``loss`` at first."""
        self._metric = metric
        self._show_unit()
        self.reset_view()

    @property
    def _shown_metric(self) -> str:
        return self._metric

    # ---- drawing

    def columns(self) -> Columns:
        columns: dict[str, Floats] = {}
        for overlaid in self._runs.values():
            columns[f"{overlaid.label}: {self._axis}"] = overlaid.places(self._axis)
            for metric in (self._metric, f"val_{self._metric}"):
                columns[f"{overlaid.label}: {metric}"] = overlaid.values(metric)
        return columns

    def _is_empty(self) -> bool:
        return not self._runs

    def _draw(self) -> None:
        width = max(100, int(self.view.width()))
        drawn: list[tuple[Floats, Floats]] = []
        end = 0.0
        for overlaid in self._runs.values():
            x = overlaid.places(self._axis)
            for line, metric in (
                (overlaid.train, self._metric),
                (overlaid.validation, f"val_{self._metric}"),
            ):
                y = self._scaled(overlaid.values(metric))
                line.set_points(*thinned(x, y, width))
                drawn.append((x, y))
            end = max(end, float(x[-1]) if len(x) else 0.0)
        self.fit_x(0.0, end or 1.0)
        self._fit_values(*drawn)
        self._draw_marks()
        self._update_legend()

    def _draw_marks(self) -> None:
        single = next(iter(self._runs.values())) if len(self._runs) == 1 else None
        self.changes.marks = list(single.marks) if single is not None else []
        places = np.empty(0) if single is None else single.places_of_marks(self._axis)
        self.changes.draw(places, self.view)

    def _recolor_items(self) -> None:
        self.changes.dress(current_theme().palette)
        self.far.dress(current_theme().palette)
        for run, overlaid in self._runs.items():
            overlaid.train.set_color(self.color_of(run))
            overlaid.validation.set_color(self.color_of(run))
        self._update_legend()

    def _update_legend(self) -> None:
        entries = []
        for run, overlaid in self._runs.items():
            x = overlaid.places(self._axis)
            value = ""
            if len(x):
                at = -1 if self.cursor_x is None else int(np.argmin(np.abs(x - self.cursor_x)))
                values = overlaid.values(f"val_{self._metric}")
                if np.isnan(values).all():
                    values = overlaid.values(self._metric)
                value = metric_text(self._metric, float(values[at]))
            entries.append(LegendEntry(overlaid.label, self.color_of(run), value))
        self.legend.set_entries(tuple(entries), self._caption())

    def _caption(self) -> str:
        if self.cursor_x is None:
            dashed = self.tr("dashed: training") if self._runs else ""
            return " · ".join(part for part in (self._far_text(), dashed) if part)
        if self._axis == "time":
            return duration_text(max(0.0, self.cursor_x))
        template = self.tr("step {0}") if self._axis == "step" else self.tr("epoch {0}")
        return template.format(max(0, round(self.cursor_x)))
