"""ScorePlot: how scores of anomaly are distributed, and where the threshold lies."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt, Signal, Slot
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QWidget

from gui.formatting.numbers import count_text, number_text, shown_of
from gui.plots.legend import LegendEntry
from gui.plots.plot import Plot, cosmetic_pen
from gui.plots.saving import Columns
from gui.style.theme import current_theme

N_BINS = 40
_SMALLEST = 1e-12
_ALPHA = 150


class ScorePlot(Plot):
    """Bars of scores on a logarithmic axis: usual and unusual examples, and the threshold.

    Signals:
        bar_clicked(float, float): A bar was clicked: from which score to which it reaches.

    Args:
        parent: Owner.
    """

    bar_clicked = Signal(float, float)

    def __init__(self, parent: QWidget | None = None) -> None:
        self._edges = np.zeros(0)
        self._counts: list[npt.NDArray[np.int64]] = []
        self._threshold = math.nan
        self._is_known = False
        self._n_all = 0
        super().__init__(self.tr("Scores"), parent)
        self.axis_x.set_kind("log")
        self.axis_x.set_text(self.tr("Score"))
        self.axis_y.set_kind("count")
        self.axis_y.set_text(self.tr("Examples"))
        self.set_empty_text(self.tr("Scores of the test part appear here."))
        self.view.clicked.connect(self._on_clicked)

    @Slot(object)
    def _on_clicked(self, place: QPointF) -> None:
        if len(self._edges) and self._edges[0] <= place.x() <= self._edges[-1]:
            last = len(self._edges) - 2
            index = min(last, int(np.searchsorted(self._edges, place.x(), side="right")) - 1)
            low, high = 10.0 ** self._edges[index], 10.0 ** self._edges[index + 1]
            self.bar_clicked.emit(float(low), float(high))

    def set_threshold(self, threshold: float) -> None:
        """Moves the threshold."""
        self._threshold = threshold
        self.request_redraw()

    def _build(self) -> None:
        super()._build()
        self.bars = [pg.BarGraphItem(x=[], height=[], width=1.0) for _ in range(2)]
        self.limit = pg.InfiniteLine(angle=90, movable=False)
        self.limit.setZValue(30)
        for part in (*self.bars, self.limit):
            self.area.add(part)

    def set_scores(
        self,
        scores: npt.NDArray[np.floating],
        known: npt.NDArray[np.floating],
        threshold: float | None,
        n_all: int = 0,
    ) -> None:
        """Shows scores.

        Args:
            scores: 0 or more, (examples,).
            known: 1 for what is known to be unusual, 0 for the usual, -1 for the rest, likewise.
            threshold: Above it an example is called unusual; None: not known.
            n_all: Of so many these were drawn; 0: they are all.

        Raises:
            ValueError: The shapes differ.
        """
        values = np.asarray(scores, np.float64).reshape(-1)
        marks = np.asarray(known).reshape(-1)
        if values.shape != marks.shape:
            raise ValueError(
                "There must be one mark for each score. "
                f"Received: {len(values)} scores, {len(marks)} marks"
            )
        self._threshold = math.nan if threshold is None else float(threshold)
        self._is_known = bool((marks >= 0).any())
        self._n_all = n_all
        places = np.log10(np.maximum(values, _SMALLEST))
        ends = [*places.tolist()]
        if math.isfinite(self._threshold) and self._threshold > 0:
            ends.append(math.log10(self._threshold))
        if len(places):
            low, high = min(ends), max(ends)
            room = 0.02 * (high - low) or 0.1
            self._edges = np.linspace(low - room, high + room, N_BINS + 1)
            parts = (places[marks < 1], places[marks == 1])
            self._counts = [np.histogram(part, self._edges)[0] for part in parts]
        else:
            self._edges, self._counts = np.zeros(0), []
        self.reset_view()

    def clear(self) -> None:
        """Forgets the scores."""
        self.set_scores(np.empty(0), np.empty(0), None)

    def columns(self) -> Columns:
        if not self._counts:
            return {}
        edges = 10.0**self._edges
        usual, unusual = self._counts
        return {"from": edges[:-1], "to": edges[1:], "usual": usual, "unusual": unusual}

    def _is_empty(self) -> bool:
        return not self._counts

    def _draw(self) -> None:
        if not self._counts:
            return
        middles, width = (self._edges[1:] + self._edges[:-1]) / 2, np.diff(self._edges)[0]
        below = np.zeros(len(middles))
        for bars, counts in zip(self.bars, self._counts, strict=True):
            bars.setOpts(x=middles, y0=below, height=counts, width=0.9 * width)
            below = below + counts
        has_limit = math.isfinite(self._threshold) and self._threshold > 0
        self.limit.setVisible(has_limit)
        if has_limit:
            self.limit.setValue(math.log10(self._threshold))
        self.fit_x(float(self._edges[0]), float(self._edges[-1]))
        self.fit_y(0.0, float(below.max()))
        self._update_legend()

    def _recolor_items(self) -> None:
        colors = current_theme().palette
        for bars, color in zip(self.bars, (colors.series[0], colors.series[1]), strict=True):
            fill = QColor(color)
            fill.setAlpha(_ALPHA if bars is self.bars[0] else 255)
            bars.setOpts(brush=fill, pen=pg.mkPen(None))
        self.limit.setPen(cosmetic_pen(colors.text, 1.5, Qt.PenStyle.DashLine))
        self._update_legend()

    def _update_legend(self) -> None:
        if not self._counts:
            return
        colors = current_theme().palette
        usual, unusual = (count_text(counts.sum()) for counts in self._counts)
        name = self.tr("Usual") if self._is_known else self.tr("Examples")
        entries = [LegendEntry(name, colors.series[0], usual, "area")]
        if self._is_known:
            entries.append(
                LegendEntry(self.tr("Known as unusual"), colors.series[1], unusual, "area")
            )
        if math.isfinite(self._threshold):
            text = number_text(self._threshold)
            entries.append(LegendEntry(self.tr("Threshold"), colors.text, text, "dashes"))
        n_drawn = int(sum(counts.sum() for counts in self._counts))
        caption = self.tr("{n} examples drawn").format(n=shown_of(n_drawn, self._n_all))
        self.legend.set_entries(tuple(entries), caption if n_drawn < self._n_all else "")
