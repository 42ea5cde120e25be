"""HistogramPlot: how numbers are distributed, in one or two kinds; every bar can be opened."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QWidget

from gui.formatting.numbers import count_text
from gui.plots.legend import LegendEntry
from gui.plots.plot import Plot
from gui.plots.saving import Columns
from gui.style.theme import current_theme

Floats = npt.NDArray[np.float64]
N_BINS: Final = 30


class HistogramPlot(Plot):
    """Bars over each other, one colour for each kind.

    A bar is clicked, or reached with the arrow keys and opened with Return.

    Signals:
        bar_clicked(float, float): A bar was opened: from where to where it reaches.

    Args:
        title: Read above it.
        parent: Owner.
    """

    bar_clicked = Signal(float, float)

    def __init__(self, title: str = "", parent: QWidget | None = None) -> None:
        self.edges: Floats = np.zeros(0)
        self.counts: list[npt.NDArray[np.int64]] = []
        self._names: tuple[str, ...] = ()
        self._tones: tuple[int, ...] = (0, 1)
        self._cursor = -1
        super().__init__(title, parent)
        self.axis_y.set_kind("count")
        self.axis_y.set_text(self.tr("Examples"))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.view.clicked.connect(self._on_clicked)

    def _build(self) -> None:
        super()._build()
        self.bars = [pg.BarGraphItem(x=[], height=[], width=1.0) for _ in range(2)]
        self.mark = pg.BarGraphItem(x=[], height=[], width=1.0)
        for item in (*self.bars, self.mark):
            self.area.add(item)

    def set_values(
        self,
        parts: Sequence[npt.NDArray[np.floating]],
        names: Sequence[str],
        heading: str,
        ends: tuple[float, float] | None = None,
        tones: tuple[int, ...] = (0, 1),
    ) -> None:
        """Shows numbers; those that are not finite are left out.

        Args:
            parts: One or two kinds, each (n,).
            names: Of the kinds.
            heading: Of the horizontal axis.
            ends: Of the axis; None: of the numbers.
            tones: Which of the theme's series each kind is drawn in.
        """
        finite = [np.asarray(part, np.float64)[np.isfinite(part)] for part in parts]
        self._names, self._tones, self._cursor = tuple(names), tones, -1
        self.axis_x.set_text(heading)
        filled = [part for part in finite if len(part)]
        if filled:
            low, high = ends or (
                min(float(part.min()) for part in filled),
                max(float(part.max()) for part in filled),
            )
            if high <= low:
                low, high = low - 0.5, high + 0.5
            self.edges = np.linspace(low, high, N_BINS + 1)
            self.counts = [np.histogram(part, self.edges)[0] for part in finite]
        else:
            self.edges, self.counts = np.zeros(0), []
        self._recolor_items()
        self.reset_view()

    def columns(self) -> Columns:
        if not self.counts:
            return {}
        counts = dict(zip(self._names, self.counts, strict=True))
        return {"from": self.edges[:-1], "to": self.edges[1:], **counts}

    def _is_empty(self) -> bool:
        return not self.counts

    def _draw(self) -> None:
        if not self.counts:
            return
        middles, width = (self.edges[1:] + self.edges[:-1]) / 2, float(np.diff(self.edges)[0])
        below = np.zeros(len(middles))
        for bars, counts in zip(self.bars, self.counts, strict=False):
            bars.setOpts(x=middles, y0=below, height=counts, width=0.9 * width)
            below = below + counts
        self.bars[1].setVisible(len(self.counts) > 1)
        self.mark.setVisible(self._cursor >= 0)
        if self._cursor >= 0:
            x, height = middles[self._cursor], max(float(below[self._cursor]), 0.02 * below.max())
            self.mark.setOpts(x=[x], y0=[0.0], height=[height], width=0.98 * width)
        self.fit_x(float(self.edges[0]), float(self.edges[-1]))
        self.fit_y(0.0, float(below.max()))

    def _recolor_items(self) -> None:
        colors = current_theme().palette
        for bars, tone in zip(self.bars, self._tones, strict=False):
            bars.setOpts(brush=pg.mkBrush(colors.series[tone]), pen=pg.mkPen(None))
        self.mark.setOpts(brush=pg.mkBrush(None), pen=pg.mkPen(colors.text, width=2))
        entries = [
            LegendEntry(name, colors.series[tone], count_text(counts.sum()), "area")
            for name, tone, counts in zip(self._names, self._tones, self.counts, strict=False)
        ]
        self.legend.set_entries(tuple(entries))

    # ---- opening a bar

    @Slot(object)
    def _on_clicked(self, place: QPointF) -> None:
        if self.counts and self.edges[0] <= place.x() <= self.edges[-1]:
            index = int(np.searchsorted(self.edges, place.x(), side="right")) - 1
            self._open(min(max(index, 0), len(self.edges) - 2))

    def _open(self, index: int) -> None:
        self._cursor = index
        self.redraw()
        self.bar_clicked.emit(float(self.edges[index]), float(self.edges[index + 1]))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Moves from bar to bar; Return opens one."""
        steps: dict[Any, int] = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
        key, n = event.key(), len(self.edges) - 1
        if self.counts and key in steps:
            self._cursor = min(n - 1, max(0, self._cursor + steps[key]))
            total = sum(int(counts[self._cursor]) for counts in self.counts)
            self.setAccessibleDescription(count_text(total))
            self.redraw()
        elif self._cursor >= 0 and key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._open(self._cursor)
        else:
            super().keyPressEvent(event)
