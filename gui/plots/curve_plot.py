"""CurvePlot: a few curves of points over each other, such as ROC; their points can be opened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QWidget

from gui.formatting.numbers import number_text
from gui.plots.extents import finite_extent
from gui.plots.legend import LegendEntry
from gui.plots.plot import Plot, cosmetic_pen
from gui.plots.saving import Columns
from gui.style.theme import current_theme

Floats = npt.NDArray[np.float64]
MOST: Final = 8
"""So many curves can be told apart."""
_REACH: Final = 24.0


@dataclass(frozen=True, eq=False)
class Line:
    """One curve.

    Attributes:
        name: What people read.
        x, y: (points,).
        value: Its number in the legend; empty: none.
        has_points: Its points are drawn.
    """

    name: str
    x: Floats = field(default_factory=lambda: np.zeros(0))
    y: Floats = field(default_factory=lambda: np.zeros(0))
    value: str = ""
    has_points: bool = False


class CurvePlot(Plot):
    """Curves, and a line to compare them with.

    A point is clicked, or reached with the arrow keys and opened with Return.

    Signals:
        point_clicked(int, int): A point was opened: which curve, and which of its points.

    Args:
        title: Read above it.
        parent: Owner.
    """

    point_clicked = Signal(int, int)

    def __init__(self, title: str = "", parent: QWidget | None = None) -> None:
        self.lines: tuple[Line, ...] = ()
        self._reference: tuple[Floats, Floats, str] | None = None
        self._unit = False
        self._cursor: tuple[int, int] | None = None
        self.curves: list[pg.PlotDataItem] = []
        super().__init__(title, parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.view.clicked.connect(self._on_clicked)

    def _build(self) -> None:
        super()._build()
        self.reference = pg.PlotCurveItem()
        self.mark = pg.ScatterPlotItem(pxMode=True, size=11)
        self.mark.setZValue(40)
        for item in (self.reference, self.mark):
            self.area.add(item)

    def set_lines(
        self,
        lines: Sequence[Line],
        x_text: str,
        y_text: str,
        reference: tuple[Floats, Floats, str] | None = None,
        is_unit: bool = True,
    ) -> None:
        """Shows curves.

        Args:
            lines: At most `MOST`.
            x_text, y_text: What the axes say.
            reference: x, y and name of what they are compared with.
            is_unit: Both axes reach from 0 to 1.
        """
        for curve in self.curves:
            self.area.remove(curve)
        self.lines, self._reference = tuple(lines[:MOST]), reference
        self._unit, self._cursor = is_unit, None
        self.axis_x.set_text(x_text)
        self.axis_y.set_text(y_text)
        self.curves = []
        for line in self.lines:
            curve = pg.PlotDataItem(connect="finite", antialias=True)
            curve.setData(line.x, line.y, symbol="o" if line.has_points else None, symbolSize=8)
            curve.setZValue(10)
            self.area.add(curve)
            self.curves.append(curve)
        self._recolor_items()
        self.reset_view()

    def columns(self) -> Columns:
        columns: dict[str, Any] = {}
        for line in self.lines:
            name = line.name or self.axis_y.text
            columns |= {
                f"{name}: {self.axis_x.text}": line.x,
                f"{name}: {self.axis_y.text}": line.y,
            }
        return columns

    def _is_empty(self) -> bool:
        return not any(len(line.x) for line in self.lines)

    def _draw(self) -> None:
        if self._unit:
            self.fit_x(0.0, 1.0)
            self.fit_y(0.0, 1.0)
        else:
            self.fit_x(*finite_extent(*(line.x for line in self.lines)))
            self.fit_y(*finite_extent(*(line.y for line in self.lines)))
        if self._reference is not None:
            self.reference.setData(*self._reference[:2])
        self.reference.setVisible(self._reference is not None)
        self.mark.setVisible(self._cursor is not None)
        if self._cursor is not None:
            line, point = self._cursor
            self.mark.setData([self.lines[line].x[point]], [self.lines[line].y[point]])

    def _recolor_items(self) -> None:
        colors = current_theme().palette
        entries = []
        for place, (curve, line) in enumerate(zip(self.curves, self.lines, strict=True)):
            tone = colors.series[place % len(colors.series)]
            curve.setPen(cosmetic_pen(tone, 1.5))
            curve.setSymbolBrush(pg.mkBrush(tone))
            curve.setSymbolPen(pg.mkPen(colors.surface))
            entries.append(LegendEntry(line.name, tone, line.value))
        self.reference.setPen(cosmetic_pen(colors.muted, 1, Qt.PenStyle.DashLine))
        self.mark.setBrush(pg.mkBrush(None))
        self.mark.setPen(pg.mkPen(colors.text, width=2))
        if self._reference is not None and self._reference[2]:
            entries.append(LegendEntry(self._reference[2], colors.muted, mark="dashes"))
        self.legend.set_entries(tuple(entries))

    # ---- opening a point

    @Slot(object)
    def _on_clicked(self, place: QPointF) -> None:
        (left, right), (bottom, top) = self.view.viewRange()
        size = self.view.size()
        found = (_REACH, -1, -1)
        for line, values in enumerate(self.lines):
            x = (values.x - place.x()) / (right - left) * size.width()
            y = (values.y - place.y()) / (top - bottom) * size.height()
            distances = np.hypot(x, y)
            if len(distances) and np.isfinite(distances).any():
                point = int(np.nanargmin(distances))
                found = min(found, (float(distances[point]), line, point))
        if found[1] >= 0:
            self._open(found[1], found[2])

    def _open(self, line: int, point: int) -> None:
        self._cursor = line, point
        self.redraw()
        self.point_clicked.emit(line, point)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Moves along a curve, and from one to the next; Return opens a point."""
        key = event.key()
        along: dict[Any, int] = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
        across: dict[Any, int] = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}
        if self._is_empty() or key not in (*along, *across, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            super().keyPressEvent(event)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if self._cursor is not None:
                self._open(*self._cursor)
        else:
            filled = [place for place, line in enumerate(self.lines) if len(line.x)]
            line, point = self._cursor or (filled[0], -1)
            line = filled[(filled.index(line) + across.get(key, 0)) % len(filled)]
            n = len(self.lines[line].x)
            point = min(n - 1, max(0, point + along.get(key, 0)))
            self._cursor = line, point
            x, y = self.lines[line].x[point], self.lines[line].y[point]
            said = f"{self.lines[line].name} {number_text(float(x))}, {number_text(float(y))}"
            self.setAccessibleDescription(said)
            self.redraw()
