"""PlotArea: a view with an axis at its left and one below; all that a plot needs of pyqtgraph.

pyqtgraph's own `PlotItem` makes a menu of fifty widgets for each plot, which costs 10 ms at the
start and again whenever the style changes.
"""

from __future__ import annotations

from typing import Any

import pyqtgraph as pg
from PySide6.QtWidgets import QGraphicsGridLayout

from gui.plots.axis import NumberAxis
from gui.plots.view import PlotView


class PlotArea(pg.GraphicsWidget):  # type: ignore[misc]
    """Lays a view and two axes out.

    Args:
        view: Where curves lie.
        axis_x, axis_y: Below and at the left.
    """

    def __init__(self, view: PlotView, axis_x: NumberAxis, axis_y: NumberAxis) -> None:
        super().__init__()
        self._view = view
        grid = QGraphicsGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(0)
        grid.addItem(axis_y, 0, 0)
        grid.addItem(view, 0, 1)
        grid.addItem(axis_x, 1, 1)
        grid.setColumnStretchFactor(1, 100)
        grid.setRowStretchFactor(0, 100)
        self.setLayout(grid)
        self._grid = grid
        for axis in (axis_x, axis_y):
            axis.linkToView(view)
            axis.setZValue(-1000)  # the grid lies below the curves

    def set_margins(self, left: float, top: float, right: float, bottom: float) -> None:
        """Sets the room around it in pixels."""
        self._grid.setContentsMargins(left, top, right, bottom)

    def add(self, item: Any) -> None:
        """Draws an item; the view's range does not follow it."""
        self._view.addItem(item, ignoreBounds=True)

    def remove(self, item: Any) -> None:
        """Draws an item no more."""
        self._view.removeItem(item)
