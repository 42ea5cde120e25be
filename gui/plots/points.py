"""Points by class: a colour and a shape each, so that colour is never the only difference."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg

from gui.plots.area import PlotArea
from gui.plots.legend import LegendEntry
from gui.style.theme import Palette

SHAPES: Final = ("o", "s", "t1", "d", "p", "t", "h", "star", "+", "x")
_SIZE: Final = 7


class ClassPoints:
    """The points of a plot, one scatter item per class; one for all where there are no classes.

    Args:
        area: The plot they are drawn in.
    """

    def __init__(self, area: PlotArea) -> None:
        self._area = area
        self.scatters: list[pg.ScatterPlotItem] = []
        self._names: tuple[str, ...] = ()

    def set_points(
        self,
        x: npt.NDArray[np.floating],
        y: npt.NDArray[np.floating],
        classes: npt.NDArray[np.integer] | None = None,
        names: Sequence[str] = (),
    ) -> None:
        """Shows points.

        Args:
            x, y: Where they are, (points,). Points that are not finite are left out.
            classes: Index of each point's class, (points,); None where there are no classes.
            names: Of the classes.
        """
        self.clear()
        self._names = tuple(names)
        finite = np.isfinite(x) & np.isfinite(y)
        n_groups = len(names) if classes is not None else 1
        for index in range(n_groups):
            chosen = finite if classes is None else finite & (classes == index)
            # Fewer pixels for many points, so that they do not become one blot.
            size = _SIZE if len(x) <= 500 else _SIZE - 2
            scatter = pg.ScatterPlotItem(
                x=x[chosen],
                y=y[chosen],
                symbol=SHAPES[index % len(SHAPES)],
                size=size,
                pxMode=True,
            )
            scatter.setZValue(20)
            self._area.add(scatter)
            self.scatters.append(scatter)

    def recolor(self, colors: Palette, brushes: Sequence[object] | None = None) -> None:
        """Takes the theme's colours.

        Args:
            colors: Of the theme.
            brushes: One per point instead of one per class, where points show a value.
        """
        for index, scatter in enumerate(self.scatters):
            color = colors.series[index % len(colors.series)]
            # A rim in the colour of the ground parts points that overlap.
            scatter.setPen(pg.mkPen(colors.surface, width=1))
            if brushes is not None:
                scatter.setPen(pg.mkPen(colors.text, width=1))
                scatter.setBrush(list(brushes))
            else:
                if SHAPES[index % len(SHAPES)] in "+x":
                    scatter.setPen(pg.mkPen(color, width=1))
                scatter.setBrush(pg.mkBrush(color))

    def entries(self, colors: Palette) -> tuple[LegendEntry, ...]:
        """Returns what the legend says of the classes."""
        return tuple(
            LegendEntry(
                name,
                colors.series[index % len(colors.series)],
                mark=f"shape:{SHAPES[index % len(SHAPES)]}",
            )
            for index, name in enumerate(self._names)
        )

    def clear(self) -> None:
        """Takes all points out of the plot."""
        for scatter in self.scatters:
            self._area.remove(scatter)
        self.scatters = []
        self._names = ()
