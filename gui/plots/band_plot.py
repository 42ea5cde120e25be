"""BandPlot: truth and prediction over time, the prediction with a band around it."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QWidget

from gui.formatting.numbers import data_text
from gui.plots.extents import finite_extent
from gui.plots.legend import LegendEntry
from gui.plots.plot import Plot, cosmetic_pen
from gui.plots.saving import Columns
from gui.style.theme import current_theme

Floats = npt.NDArray[np.float64]
_SHADE = 46
MOST_ENDS: Final = 4_000
"""An area is filled anew at each move: more corners than pixels only cost time."""


class BandPlot(Plot):
    """Two curves and a band.

    Args:
        parent: Owner.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        self._x = self._truth = self._said = np.zeros(0)
        self._half: float | Floats | None = None
        super().__init__("", parent, has_crosshair=True)
        self.axis_x.set_kind("count")
        self.axis_x.set_text(self.tr("Row"))
        self.setAccessibleName(self.tr("Truth and prediction over time"))

    def _build(self) -> None:
        super()._build()
        self.curves = [pg.PlotDataItem(connect="finite") for _ in range(2)]
        self.ends = [pg.PlotCurveItem(connect="all") for _ in range(2)]
        self.band = pg.FillBetweenItem(*self.ends)
        self.band.setZValue(-10)
        self.area.add(self.band)
        for place, curve in enumerate(self.curves):
            curve.setZValue(10 + place)
            curve.setDownsampling(auto=True, method="peak")
            curve.setClipToView(True)
            self.area.add(curve)

    def set_series(
        self,
        x: Floats,
        truth: Floats,
        said: Floats,
        half: float | Floats | None = None,
        x_text: str = "",
    ) -> None:
        """Shows a series.

        Args:
            x: In order, (n,).
            truth, said: What came, and what was said would come, (n,); NaN: nothing.
            half: Half the width of the band, of all or of each, (n,); None: it is not known.
            x_text: What x counts; empty: rows.
        """
        self.axis_x.set_text(x_text or self.tr("Row"))
        self._x, self._truth, self._said, self._half = x, truth, said, half
        self._recolor_items()
        self.reset_view()

    def columns(self) -> Columns:
        return {"row": self._x, "truth": self._truth, "predicted": self._said}

    def _is_empty(self) -> bool:
        return not len(self._x)

    def _draw(self) -> None:
        for curve, values in zip(self.curves, (self._truth, self._said), strict=True):
            curve.setData(self._x, values)
        self.band.setVisible(self._half is not None)
        half = np.broadcast_to(0.0 if self._half is None else self._half, self._x.shape)
        if self._half is not None:
            low, high = self.visible_x() or (-np.inf, np.inf)
            first = max(0, int(np.searchsorted(self._x, low)) - 1)
            last = int(np.searchsorted(self._x, high, side="right")) + 1
            shown = np.flatnonzero(np.isfinite(self._said[first:last])) + first
            x, lower, _ = thinned(self._x[shown], (self._said - half)[shown])
            _, _, upper = thinned(self._x[shown], (self._said + half)[shown])
            self.ends[0].setData(x, lower)
            self.ends[1].setData(x, upper)
        self.fit_x(*finite_extent(self._x))
        self.fit_y(*finite_extent(self._truth, self._said - half, self._said + half))

    def _recolor_items(self) -> None:
        colors = current_theme().palette
        for place, curve in enumerate(self.curves):
            curve.setPen(cosmetic_pen(colors.series[place], 1.5))
        shade = QColor(colors.series[1])
        shade.setAlpha(_SHADE)
        self.band.setBrush(pg.mkBrush(shade))
        self._update_legend()

    def _update_legend(self) -> None:
        colors = current_theme().palette
        truth = said = ""
        if self.cursor_x is not None and len(self._x):
            place = int(np.argmin(np.abs(self._x - self.cursor_x)))
            truth, said = (data_text(float(v[place])) for v in (self._truth, self._said))
        entries = [
            LegendEntry(self.tr("Truth"), colors.series[0], truth),
            LegendEntry(self.tr("Forecast"), colors.series[1], said),
        ]
        if self._half is not None:
            entries.append(LegendEntry(self.tr("90 % of new cases"), colors.series[1], mark="area"))
        self.legend.set_entries(tuple(entries))


def thinned(x: Floats, values: Floats, most: int = MOST_ENDS) -> tuple[Floats, Floats, Floats]:
    """Where many values reach from and to, at few places.

    Args:
        x: In order, (n,).
        values: (n,); those that are no number count only where there is no other.
        most: At so many places at most.

    Returns:
        The places, the least and the greatest value there, each (places,).
    """
    if len(x) <= most:
        return x, values, values
    starts = np.arange(0, len(x), -(-len(x) // most))
    return x[starts], np.fmin.reduceat(values, starts), np.fmax.reduceat(values, starts)
