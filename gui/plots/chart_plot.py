"""ChartPlot: what a plot of another package says is to be seen, in the window's own look."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QWidget

from engine.spec.plugins.plots import Chart, Series
from gui.formatting.numbers import data_text
from gui.plots.curve_items import Floats, MarkedLine, thinned
from gui.plots.extents import finite_extent
from gui.plots.legend import LegendEntry
from gui.plots.plot import Plot
from gui.plots.saving import Columns
from gui.style.theme import current_theme

_BAR_ALPHA = 170
_BAR_SHARE = 0.8


class _Drawn:
    """One series and the item that shows it.

    Args:
        plot: Where it is drawn.
        series: With arrays, as `engine.spec.plugins.plots.checked_chart` returns them.
    """

    def __init__(self, plot: Plot, series: Series) -> None:
        self.series = series
        self.x: Floats = np.asarray(series.x)
        self.y: Floats = np.asarray(series.y)
        self._area = plot.area
        self._line = MarkedLine(plot.area) if series.style == "line" else None
        self._item: Any = None
        if series.style == "bars":
            self._item = pg.BarGraphItem(x=[], height=[], width=1.0)
        elif series.style == "points":
            self._item = pg.ScatterPlotItem(size=6, pxMode=True, pen=None)
        if self._item is not None:
            self._item.setZValue(9)
            plot.area.add(self._item)

    def draw(self, width: int) -> None:
        """Gives the item its data, as fine as so many pixels show."""
        if self._line is not None:
            self._line.set_points(*thinned(self.x, self.y, width))
        elif self.series.style == "bars":
            finite = np.isfinite(self.x) & np.isfinite(self.y)
            x = self.x[finite]
            self._item.setOpts(x=x, height=self.y[finite], width=self.bar_width)
        else:
            finite = np.isfinite(self.x) & np.isfinite(self.y)
            self._item.setData(self.x[finite], self.y[finite])

    @property
    def bar_width(self) -> float:
        """As wide as the nearest two places allow."""
        gaps = np.diff(np.unique(self.x[np.isfinite(self.x)]))
        return _BAR_SHARE * float(gaps.min()) if len(gaps) else _BAR_SHARE

    @property
    def extent_x(self) -> tuple[float, float]:
        """What it spans from left to right."""
        low, high = finite_extent(self.x)
        room = self.bar_width / 2 if self.series.style == "bars" else 0.0
        return low - room, high + room

    def value_at(self, x: float | None) -> str:
        """The value next to a place, in words; None: the last."""
        if not len(self.x):
            return ""
        distance = np.where(np.isfinite(self.x), np.abs(self.x - (x or 0.0)), np.inf)
        return data_text(float(self.y[-1 if x is None else int(np.argmin(distance))]))

    def set_color(self, color: str) -> None:
        """Takes a colour."""
        if self._line is not None:
            self._line.set_color(color)
            return
        brush = QColor(color)
        if self.series.style == "bars":
            brush.setAlpha(_BAR_ALPHA)
            self._item.setOpts(brush=pg.mkBrush(brush), pen=pg.mkPen(color))
        else:
            self._item.setBrush(pg.mkBrush(brush))

    def remove(self) -> None:
        """Takes it out of the plot."""
        if self._line is not None:
            self._line.remove()
        else:
            self._area.remove(self._item)


class ChartPlot(Plot):
    """Lines, points and bars in one pair of axes.

    Args:
        parent: Owner.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        self._drawn: list[_Drawn] = []
        super().__init__("", parent, has_crosshair=True)
        self.set_empty_text(self.tr("There is nothing to draw of this run."))

    def set_chart(self, chart: Chart | None) -> None:
        """Shows a chart in place of the one before; None: there is nothing to draw."""
        for item in self._drawn:
            item.remove()
        series = chart.series if chart is not None else ()
        self._drawn = [_Drawn(self, item) for item in series if len(np.asarray(item.x))]
        self.axis_x.set_text(chart.x_label if chart is not None else "")
        self.axis_y.set_text(chart.y_label if chart is not None else "")
        self._recolor_items()
        self.reset_view()

    @property
    def labels(self) -> tuple[str, ...]:
        """What the series that are shown are called."""
        return tuple(item.series.label for item in self._drawn)

    def columns(self) -> Columns:
        columns: dict[str, Floats] = {}
        for place, item in enumerate(self._drawn, start=1):
            name = item.series.label or str(place)
            columns |= {f"{name}: x": item.x, f"{name}: y": item.y}
        return columns

    def _is_empty(self) -> bool:
        return not self._drawn

    def _draw(self) -> None:
        width = max(100, int(self.view.width()))
        for item in self._drawn:
            item.draw(width)
        if self._drawn:
            self.fit_x(*finite_extent(np.array([item.extent_x for item in self._drawn])))
            zero = [np.zeros(1)] if any(i.series.style == "bars" for i in self._drawn) else []
            self.fit_y(*finite_extent(*(item.y for item in self._drawn), *zero))
        self._update_legend()

    def _recolor_items(self) -> None:
        colors = current_theme().palette.series
        for slot, item in enumerate(self._drawn):
            item.set_color(colors[slot % len(colors)])
        self._update_legend()

    def _update_legend(self) -> None:
        colors = current_theme().palette.series
        marks = {"line": "line", "points": "dot", "bars": "area"}
        self.legend.set_entries(
            tuple(
                LegendEntry(
                    item.series.label,
                    colors[slot % len(colors)],
                    item.value_at(self.cursor_x),
                    marks[item.series.style],
                )
                for slot, item in enumerate(self._drawn)
            )
        )
