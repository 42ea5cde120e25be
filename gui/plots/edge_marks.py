"""EdgeMarks: small triangles at the edge of a plot, where values lie beyond it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg

from gui.plots.area import PlotArea
from gui.plots.view import PlotView
from gui.style.theme import Palette

Floats = npt.NDArray[np.floating]

MOST: Final = 60
"""Of more, these many are drawn, evenly chosen."""
INSIDE_PX: Final = 7


class EdgeMarks:
    """Points up where a value is above the range, down where it is below.

    Attributes:
        n_places: At how many places something lies outside.

    Args:
        area: The plot they are drawn in.
    """

    def __init__(self, area: PlotArea) -> None:
        self.n_places = 0
        self._above = pg.ScatterPlotItem(symbol="t1", size=9, pxMode=True, pen=None)
        self._below = pg.ScatterPlotItem(symbol="t", size=9, pxMode=True, pen=None)
        for item in (self._above, self._below):
            item.setZValue(12)
            area.add(item)

    @property
    def places(self) -> tuple[list[float], list[float]]:
        """Where they stand on the horizontal axis: above, below."""
        return self._above.getData()[0].tolist(), self._below.getData()[0].tolist()

    def draw(
        self,
        curves: Iterable[tuple[Floats, Floats]],
        low: float,
        high: float,
        view: PlotView,
        is_shown: bool,
    ) -> None:
        """Marks what lies outside a range.

        Args:
            curves: Places and values, each (points,) and (points,).
            low, high: The range.
            view: What is seen of the axes.
            is_shown: False where the person chose the range.
        """
        shown = list(curves) if is_shown else []
        above = _places([x[y > high] for x, y in shown])
        below = _places([x[y < low] for x, y in shown])
        self.n_places = len(above) + len(below)
        if not self.n_places:
            self._above.clear()
            self._below.clear()
            return
        bottom, top = view.viewRange()[1]
        inside = INSIDE_PX * view.viewPixelSize()[1]
        above, below = _thinned(above), _thinned(below)
        self._above.setData(above, np.full(len(above), top - inside))
        self._below.setData(below, np.full(len(below), bottom + inside))

    def dress(self, colors: Palette) -> None:
        """Takes the theme's colours."""
        for item in (self._above, self._below):
            item.setBrush(pg.mkBrush(colors.warning))


def _places(places: list[Floats]) -> Floats:
    """Each finite place once."""
    x = np.unique(np.concatenate(places)) if places else np.empty(0)
    return x[np.isfinite(x)]


def _thinned(x: Floats) -> Floats:
    return x[np.linspace(0, len(x) - 1, MOST).astype(int)] if len(x) > MOST else x
