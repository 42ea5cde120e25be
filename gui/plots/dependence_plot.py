"""DependencePlot: how the mean prediction moves with a column, above how often its values are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QWidget

from engine.events.explaining import Dependence
from gui.formatting.numbers import data_text
from gui.plots.curve_items import MarkedLine
from gui.plots.extents import finite_extent
from gui.plots.legend import LegendEntry
from gui.plots.plot import Plot
from gui.plots.saving import Columns
from gui.style.theme import current_theme

_DAY_S = 86_400
_SHARE_OF_COUNTS = 0.15
_BAND_ALPHA, _COUNT_ALPHA = 45, 130


class DependencePlot(Plot):
    """A line for the mean, a band for 80 % of the examples, and bars for the data's own values.

    Args:
        parent: Owner.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        self._curve: Dependence | None = None
        self._output = 0
        super().__init__("", parent, has_crosshair=True)

    def _build(self) -> None:
        super()._build()
        self.low, self.high = pg.PlotDataItem(), pg.PlotDataItem()
        self.band = pg.FillBetweenItem(self.low, self.high)
        self.counts: Any = pg.BarGraphItem(x=[], y0=[], height=[], width=1.0)
        for item in (self.low, self.high, self.band, self.counts):
            self.area.add(item)
        self.line = MarkedLine(self.area)

    def show_curve(self, curve: Dependence, output: int, name: str) -> None:
        """Shows the dependence of one output.

        Args:
            curve: Of a column.
            output: Which of its outputs.
            name: What is predicted.
        """
        self._curve, self._output = curve, output
        self.axis_x.set_names(curve.labels)
        self.axis_x.set_kind("date" if curve.is_date else "number")
        self.axis_x.set_text(curve.column)
        self.axis_y.set_text(name)
        self.reset_view()

    def columns(self) -> Columns:
        curve = self._curve
        if curve is None:
            return {}
        return {
            curve.column: list(curve.labels) or curve.x,
            "mean": curve.mean[:, self._output],
            "10 %": curve.low[:, self._output],
            "90 %": curve.high[:, self._output],
        }

    def _is_empty(self) -> bool:
        return self._curve is None

    def _draw(self) -> None:
        curve = self._curve
        if curve is None:
            return
        x = curve.x * _DAY_S if curve.is_date else curve.x
        mean, low, high = (
            values[:, self._output] for values in (curve.mean, curve.low, curve.high)
        )
        self.line.set_points(x, mean)
        self.low.setData(x, low)
        self.high.setData(x, high)
        bottom, top = finite_extent(low, high, mean)
        room = (top - bottom) or abs(top) or 1.0
        self._draw_counts(curve, x, bottom, _SHARE_OF_COUNTS * room)
        half = 0.5 if curve.labels else 0.0
        self.fit_x(float(x[0]) - half, float(x[-1]) + half)
        self.fit_y(bottom, top)
        self._update_legend()

    def _draw_counts(self, curve: Dependence, x: Any, floor: float, height: float) -> None:
        """Bars at the bottom, the commonest as high as there is room."""
        heights = height * curve.counts / max(1, int(curve.counts.max(initial=1)))
        if curve.labels:
            places, width = x, 0.8
        else:
            edges = np.linspace(x[0], x[-1], len(curve.counts) + 1)
            places, width = (edges[:-1] + edges[1:]) / 2, float(edges[1] - edges[0]) * 0.95
        floors = np.full(len(places), floor)
        self.counts.setOpts(x=places, y0=floors, height=heights, width=width)

    def _recolor_items(self) -> None:
        colors = current_theme().palette
        self.line.set_color(colors.series[0])
        band = QColor(colors.series[0])
        band.setAlpha(_BAND_ALPHA)
        self.band.setBrush(pg.mkBrush(band))
        for edge in (self.low, self.high):
            edge.setPen(pg.mkPen(None))
        count = QColor(colors.muted)
        count.setAlpha(_COUNT_ALPHA)
        self.counts.setOpts(brush=pg.mkBrush(count), pen=pg.mkPen(None))
        self._update_legend()

    def _update_legend(self) -> None:
        curve = self._curve
        if curve is None:
            return
        colors = current_theme().palette
        value = ""
        if self.cursor_x is not None:
            x = curve.x * _DAY_S if curve.is_date else curve.x
            nearest = int(np.abs(x - self.cursor_x).argmin())
            value = data_text(float(curve.mean[nearest, self._output]))
        self.legend.set_entries(
            (
                LegendEntry(self.tr("Mean prediction"), colors.series[0], value),
                LegendEntry(self.tr("80 % of the examples"), colors.series[0], mark="area"),
                LegendEntry(self.tr("How often"), colors.muted, mark="area"),
            )
        )
