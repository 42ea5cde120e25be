"""The graphics items that curves are made of."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from gui.plots.area import PlotArea

Floats = npt.NDArray[np.floating]

MOST_MARKERS: Final = 40
"""Points of a line get markers up to this number of them."""
MOST_SMOOTH: Final = 400
"""Lines of up to this number of points are drawn with smooth edges."""


class Bars(pg.PlotCurveItem):  # type: ignore[misc]
    """Upright bars from a minimum to a maximum; a dot where both are one value."""

    def __init__(self) -> None:
        super().__init__(connect="pairs", skipFiniteCheck=True)
        self._color = QColor()
        self._dots: QPolygonF | None = None
        # One call for all segments: the fast path of pyqtgraph for opaque pens.
        self.setSegmentedLineMode("on")

    def set_bars(self, x: Floats, low: Floats, high: Floats, width_px: float) -> None:
        """Draws bars, each (bars,), of finite values.

        Args:
            x: Where they are.
            low, high: What they span.
            width_px: Their width, at most the room that one has.
        """
        ends = np.empty((len(x), 2))
        ends[:, 0], ends[:, 1] = low, high
        if self.opts["pen"].widthF() != width_px or self.opts["pen"].color() != self._color:
            self.setPen(pg.mkPen(self._color, width=width_px))
        self._dots = None
        if np.array_equal(low, high):
            # Qt draws a line without length one pixel wide, whatever the pen.
            self._dots = QPolygonF(list(map(QPointF, x.tolist(), low.tolist())))
        self.setData(np.repeat(x, 2), ends.reshape(-1), connect="pairs", skipFiniteCheck=True)

    def paint(self, p: QPainter, opt: QStyleOptionGraphicsItem, widget: QWidget) -> None:
        """Draws dots while there is room for each, bars otherwise."""
        if self._dots is None:
            super().paint(p, opt, widget)
            return
        pen = QPen(self.opts["pen"])
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        p.setRenderHint(QPainter.RenderHint.Antialiasing)
        p.setPen(pen)
        p.drawPoints(self._dots)

    def set_color(self, color: str) -> None:
        """Takes an opaque colour."""
        self._color = QColor(color)
        self.setPen(pg.mkPen(self._color, width=self.opts["pen"].widthF()))


class MarkedLine:
    """A line through points, with a marker on each while they are few.

    Args:
        area: The plot it is drawn in.
        marker: pyqtgraph's symbol, so that colour is not the only difference.
        style: Of the line.
        depth: What is higher lies above.
        most_markers: Points get markers up to this number of them; one point always does.
    """

    def __init__(
        self,
        area: PlotArea,
        marker: str = "o",
        style: Qt.PenStyle = Qt.PenStyle.SolidLine,
        depth: float = 10,
        most_markers: int = MOST_MARKERS,
    ) -> None:
        self.line = pg.PlotCurveItem(connect="finite")
        self.markers = pg.ScatterPlotItem(symbol=marker, size=6, pxMode=True, pen=None)
        self._style = style
        self._color = "#808080"
        self._is_short = True
        self._most_markers = most_markers
        self._area = area
        for part in (self.line, self.markers):
            part.setZValue(depth)
            area.add(part)

    def set_points(self, x: Floats, y: Floats) -> None:
        """Draws a line through points, each (points,); it is broken where a value is not finite."""
        # Smooth edges and a wider pen are for short lines only: they cost ten times as much.
        is_short = len(x) <= MOST_SMOOTH
        if is_short != self._is_short:
            self._is_short = is_short
            self._set_pen()
        self.line.setData(x, y, connect="finite", antialias=is_short)
        finite = np.isfinite(x) & np.isfinite(y)
        if 0 < np.count_nonzero(finite) <= max(1, self._most_markers):
            self.markers.setData(x[finite], y[finite])
        else:
            self.markers.setData([], [])

    def set_color(self, color: str) -> None:
        """Takes a colour."""
        self._color = color
        self._set_pen()
        self.markers.setBrush(pg.mkBrush(color))

    def _set_pen(self) -> None:
        width = 1.5 if self._is_short else 1.0
        self.line.setPen(pg.mkPen(self._color, width=width, style=self._style))

    def remove(self) -> None:
        """Takes it out of the plot."""
        self._area.remove(self.line)
        self._area.remove(self.markers)


def thinned(x: Floats, y: Floats, width: int) -> tuple[Floats, Floats]:
    """Returns a line that looks the same in so many columns: the extremes of equal stretches.

    Args:
        x, y: The line, (points,).
        width: Columns of pixels.

    Returns:
        The line itself where it is short; else two points per stretch.
    """
    stretch = len(y) // max(1, width)
    if stretch < 4:
        return x, y
    whole = len(y) // stretch * stretch
    parts = y[:whole].reshape(-1, stretch)
    ends = np.empty((len(parts), 2))
    np.fmin.reduce(parts, axis=1, out=ends[:, 0])
    np.fmax.reduce(parts, axis=1, out=ends[:, 1])
    places = np.repeat(x[:whole:stretch], 2)
    return np.append(places, x[whole:]), np.append(ends.reshape(-1), y[whole:])
