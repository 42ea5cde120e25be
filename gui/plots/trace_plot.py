"""TracePlot: series over time, with the parts of a split by time shaded."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QSignalBlocker, Slot
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QComboBox, QVBoxLayout, QWidget

from engine.devices.console.escaping import escaped
from engine.events.profile import Trace
from gui.formatting.numbers import count_text, data_text
from gui.plots.curve_data import Floats
from gui.plots.dates import are_dates, date_text
from gui.plots.extents import finite_extent
from gui.plots.legend import LegendEntry
from gui.plots.plot import Plot, cosmetic_pen
from gui.plots.saving import Columns
from gui.style.box_delegate import BoxDelegate
from gui.style.theme import SPACING, current_theme
from gui.style.wheel import wheel_needs_focus

MOST_TOGETHER = 6
"""So many series can be told apart in one plot."""
_SHADE = 34


class TraceView(QWidget):
    """The series of a profile, together where they are few, with a choice of one.

    Args:
        parent: Owner.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._traces: tuple[Trace, ...] = ()
        self.choice = QComboBox(self)
        self.choice.setAccessibleName(self.tr("Series shown"))
        self.choice.setItemDelegate(BoxDelegate(self.choice))
        wheel_needs_focus(self.choice)
        self.choice.currentIndexChanged.connect(self._show_choice)
        self.plot = TracePlot(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, SPACING, 0, 0)
        column.setSpacing(SPACING)
        column.addWidget(self.choice)
        column.addWidget(self.plot, 1)

    def set_traces(self, traces: Sequence[Trace]) -> None:
        """Shows series."""
        self._traces = tuple(traces)
        with QSignalBlocker(self.choice):
            self.choice.clear()
            if 1 < len(traces) <= MOST_TOGETHER:
                self.choice.addItem(self.tr("All {n} series").format(n=len(traces)), -1)
            for place, trace in enumerate(traces):
                self.choice.addItem(escaped(trace.name), place)
        self.choice.setVisible(len(traces) > 1)
        self._show_choice()

    @Slot()
    def _show_choice(self) -> None:
        place = self.choice.currentData()
        if place is None:
            self.plot.set_traces(())
        else:
            self.plot.set_traces(self._traces if place < 0 else (self._traces[place],))


class TracePlot(Plot):
    """A few series in one plot; the validation and the test part have a ground of their own.

    Args:
        parent: Owner.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        self._traces: tuple[Trace, ...] = ()
        self.curves: list[pg.PlotCurveItem] = []
        self.shades: list[pg.LinearRegionItem] = []
        super().__init__("", parent, has_crosshair=True)
        self.set_empty_text(self.tr("The series appear here."))

    def set_traces(self, traces: Sequence[Trace]) -> None:
        """Shows series; forgets those before."""
        for item in (*self.curves, *self.shades):
            self.area.remove(item)
        self._traces = tuple(traces)
        self.curves = [pg.PlotCurveItem(connect="finite", antialias=True) for _ in traces]
        self.shades = []
        dates = bool(traces) and are_dates(traces[0].times)
        self.axis_x.set_kind("date" if dates else "count")
        self.axis_x.set_text("" if dates else self.tr("Row"))
        for curve, trace in zip(self.curves, traces, strict=True):
            curve.setData(trace.times, trace.values, connect="finite")
            curve.setZValue(10)
            self.area.add(curve)
        for start, end in self._parts():
            shade = pg.LinearRegionItem((start, end), movable=False)
            shade.setZValue(-50)
            self.shades.append(shade)
            self.area.add(shade)
        self._recolor_items()
        self.reset_view()

    def _parts(self) -> list[tuple[float, float]]:
        """Where the validation and the test part lie."""
        if not self._traces or not self._traces[0].ends or not len(self._traces[0].times):
            return []
        trace = self._traces[0]
        last = float(max(one.times.max() for one in self._traces if len(one.times)))
        places = [*trace.ends[:2], last]
        return list(itertools.pairwise(places))

    def columns(self) -> Columns:
        columns: dict[str, Floats] = {}
        for trace in self._traces:
            columns |= {f"{trace.name}: time": trace.times, trace.name: trace.values}
        return columns

    def _is_empty(self) -> bool:
        return not any(len(trace.times) for trace in self._traces)

    def _draw(self) -> None:
        self.fit_x(*finite_extent(*(trace.times for trace in self._traces)))
        self.fit_y(*finite_extent(*(trace.values for trace in self._traces)))

    def _recolor_items(self) -> None:
        colors = current_theme().palette
        for place, curve in enumerate(self.curves):
            curve.setPen(cosmetic_pen(colors.series[_color(place)]))
        for shade, color in zip(self.shades, (colors.series[1], colors.muted), strict=False):
            ground = QColor(color)
            ground.setAlpha(_SHADE)
            shade.setBrush(ground)
            for line in shade.lines:
                line.setPen(pg.mkPen(None))
        self._update_legend()

    def _update_legend(self) -> None:
        colors = current_theme().palette
        entries = [
            LegendEntry(trace.name, colors.series[_color(place)], self._value_at(trace))
            for place, trace in enumerate(self._traces)
        ]
        parts = (self.tr("Validation part"), colors.series[1]), (self.tr("Test part"), colors.muted)
        entries += [
            LegendEntry(name, color, mark="area")
            for (name, color), _ in zip(parts, self.shades, strict=False)
        ]
        caption = ""
        if self.cursor_x is not None and self._traces:
            is_date = self.axis_x.kind == "date"
            caption = date_text(self.cursor_x, 86_400) if is_date else count_text(self.cursor_x)
            if is_date:
                caption = f"{date_text(self.cursor_x, 4e7)}-{caption}"
        self.legend.set_entries(tuple(entries), caption)

    def _value_at(self, trace: Trace) -> str:
        if self.cursor_x is None or not len(trace.times):
            return ""
        place = int(np.argmin(np.abs(trace.times - self.cursor_x)))
        return data_text(float(trace.values[place]))


def _color(place: int) -> int:
    """The second colour is the validation part's; curves leave it out."""
    order = (0, 2, 3, 4, 5, 6, 8, 9)
    return order[place % len(order)]
