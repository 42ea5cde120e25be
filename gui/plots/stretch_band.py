"""StretchBand: a light band over some epochs of a plot, such as those a finding is about."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtGui import QColor

from gui.plots.area import PlotArea
from gui.style.theme import Palette


class StretchBand:
    """From the beginning of one epoch to the end of another; it answers no mouse.

    Attributes:
        epochs: The first and the last, from 1; None: there is no band.

    Args:
        area: The plot it is drawn in.
    """

    def __init__(self, area: PlotArea) -> None:
        self.epochs: tuple[int, int] | None = None
        self._item = pg.LinearRegionItem(movable=False)
        self._item.setZValue(0)
        self._item.hide()
        area.add(self._item)

    @property
    def ends(self) -> tuple[float, float] | None:
        """Where it begins and ends on the horizontal axis; None: it is not drawn."""
        if not self._item.isVisible():
            return None
        low, high = self._item.getRegion()
        return float(low), float(high)

    def draw(self, numbers: npt.NDArray[np.floating], places: npt.NDArray[np.floating]) -> None:
        """Puts it where it belongs.

        Args:
            numbers: Of the epochs that are known, rising, (epochs,).
            places: Where each ends on the horizontal axis, (epochs,).
        """
        first, last = self.epochs or (1, 0)
        begin, end = np.searchsorted(numbers, first), np.searchsorted(numbers, last, "right")
        is_there = end > begin
        self._item.setVisible(bool(is_there))
        if is_there:
            start = float(places[begin - 1]) if begin else 0.0
            self._item.setRegion((start, float(places[end - 1])))

    def dress(self, colors: Palette) -> None:
        """Takes the theme's colours."""
        fill = QColor(colors.accent)
        fill.setAlpha(36 if colors.is_dark else 26)
        self._item.setBrush(fill)
        edge = QColor(colors.accent)
        edge.setAlpha(90)
        for line in self._item.lines:
            line.setPen(pg.mkPen(edge, width=1))
