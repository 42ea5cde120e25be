"""MarkedSeriesPlot and StepBarsPlot: a series over time, and what each of its steps adds."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QWidget

from gui.plots.extents import finite_extent
from gui.plots.plot import Plot, cosmetic_pen
from gui.plots.saving import Columns
from gui.style.theme import current_theme

Floats = npt.NDArray[np.float64]

_LEAST_DOT, _MOST_DOT = 3.0, 12.0


class _StepPlot(Plot):
    """Over steps, of which the last is 0."""

    def __init__(self, parent: QWidget | None = None) -> None:
        self._values = self._marks = np.empty(0)
        super().__init__("", parent)
        self.axis_x.set_kind("count")

    def set_marks(self, values: Floats, marks: Floats, name: str) -> None:
        """Shows a channel.

        Args:
            values: Of the series, (steps,).
            marks: What each step adds, (steps,).
            name: Of the vertical axis.
        """
        self._values, self._marks = values, marks
        self.axis_y.set_text(name)
        self.reset_view()

    @property
    def _steps(self) -> Floats:
        return np.arange(1 - len(self._values), 1, dtype=np.float64)

    def columns(self) -> Columns:
        return {"step": self._steps, "value": self._values, "adds": self._marks}

    def _is_empty(self) -> bool:
        return not len(self._values)

    def _tones(self) -> list[QColor]:
        tones = current_theme().palette.series
        return [QColor(tones[1 if mark >= 0 else 0]) for mark in self._marks]


class MarkedSeriesPlot(_StepPlot):
    """The series, with a dot at each step: the larger, the more it adds or takes away.

    Args:
        parent: Owner.
    """

    def _build(self) -> None:
        super()._build()
        self.curve = pg.PlotCurveItem(connect="finite", antialias=True)
        self.dots = pg.ScatterPlotItem(pxMode=True, pen=None)
        for item in (self.curve, self.dots):
            self.area.add(item)
        self.legend.setFixedHeight(0)

    def _draw(self) -> None:
        steps = self._steps
        self.curve.setData(steps, self._values)
        most = float(np.abs(self._marks).max(initial=0.0)) or 1.0
        sizes = _LEAST_DOT + (_MOST_DOT - _LEAST_DOT) * np.abs(self._marks) / most
        brushes = [pg.mkBrush(tone) for tone in self._tones()]
        self.dots.setData(steps, self._values, size=sizes, brush=brushes)
        self.fit_x(0.5 - len(steps), 0.5)
        self.fit_y(*finite_extent(self._values))

    def _recolor_items(self) -> None:
        self.curve.setPen(cosmetic_pen(current_theme().palette.muted, 1.5))


class StepBarsPlot(_StepPlot):
    """What each step adds, as bars from zero.

    Args:
        parent: Owner.
    """

    def _build(self) -> None:
        super()._build()
        self.bars: Any = pg.BarGraphItem(x=[], height=[], width=0.8)
        self.zero = pg.InfiniteLine(pos=0, angle=0, movable=False)
        for item in (self.zero, self.bars):
            self.area.add(item)
        self.legend.setFixedHeight(0)
        self.axis_x.set_text(self.tr("steps before the last"))

    def _draw(self) -> None:
        brushes = [pg.mkBrush(tone) for tone in self._tones()]
        pens = [pg.mkPen(None)] * len(brushes)
        self.bars.setOpts(x=self._steps, height=self._marks, brushes=brushes, pens=pens)
        self.fit_x(0.5 - len(self._values), 0.5)
        self.fit_y(*finite_extent(self._marks, np.zeros(1)))

    def _recolor_items(self) -> None:
        self.zero.setPen(cosmetic_pen(current_theme().palette.border))
