"""RatePlot: the loss over the learning rates of a range test, and the rate it suggests."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from gui.formatting.numbers import number_text, rate_text, value_text
from gui.plots.buffers import GrowingArray
from gui.plots.extents import finite_extent
from gui.plots.legend import LegendEntry
from gui.plots.plot import Plot, cosmetic_pen
from gui.plots.saving import Columns
from gui.style.theme import current_theme

ROOM_ABOVE: Final = 0.35
"""Share of the fall by which the axis reaches above the first loss: an explosion leaves it."""
_WHOLE: Final = (-7.0, 1.0)
"""The decades that a test goes through."""


class RatePlot(Plot):
    """A curve that grows while rates are tried, on a logarithmic axis.

    Args:
        parent: Owner.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        self._places = GrowingArray()
        self._losses = GrowingArray()
        self._suggestion: float | None = None
        super().__init__("", parent, has_crosshair=True)
        self.setAccessibleName(self.tr("Loss over the learning rate"))
        self.axis_x.set_kind("log")
        self.axis_x.set_text(self.tr("Learning rate"))
        self.axis_y.set_text(self.tr("Loss"))

    def _build(self) -> None:
        super()._build()
        self.curve = pg.PlotCurveItem()
        self.mark = pg.InfiniteLine(angle=90, movable=False)
        self.mark.setZValue(30)
        self.mark.hide()
        for part in (self.curve, self.mark):
            self.area.add(part)

    def clear(self) -> None:
        """Forgets what was tried."""
        self._places, self._losses = GrowingArray(), GrowingArray()
        self._suggestion = None
        self.reset_view()

    def append(self, rate: float, loss: float) -> None:
        """Adds one rate that was tried, larger than all before."""
        self._places.append(math.log10(rate))
        self._losses.append(loss)
        self.request_redraw()

    def set_result(
        self,
        rates: npt.NDArray[np.floating],
        losses: npt.NDArray[np.floating],
        suggestion: float | None,
    ) -> None:
        """Shows a whole test.

        Args:
            rates: Rising, above 0, (n,).
            losses: After each, (n,).
            suggestion: A rate to mark.
        """
        self.clear()
        self._places.append(np.log10(np.asarray(rates, np.float64)))
        self._losses.append(losses)
        self._suggestion = suggestion
        self.request_redraw()

    @property
    def suggestion(self) -> float | None:
        """The rate that is marked."""
        return self._suggestion

    def __len__(self) -> int:
        return len(self._places)

    def columns(self) -> Columns:
        return {"learning_rate": 10.0**self._places.values, "loss": self._losses.values}

    def _is_empty(self) -> bool:
        return not len(self._places)

    def _draw(self) -> None:
        self.mark.setVisible(self._suggestion is not None)
        if self._suggestion is not None:
            self.mark.setValue(math.log10(self._suggestion))
        if self._is_empty():
            return
        losses = self._losses.values
        self.curve.setData(self._places.values, losses)
        self.fit_x(*_WHOLE)
        low, _ = finite_extent(losses)
        first = float(np.median(losses[:10]))
        top = first + ROOM_ABOVE * (first - low) if first > low else first
        self.fit_y(low, max(top, float(losses[:10].max())), calm=True)
        self._update_legend()

    def _recolor_items(self) -> None:
        colors = current_theme().palette
        self.curve.setPen(cosmetic_pen(colors.series[0], 2))
        self.mark.setPen(cosmetic_pen(colors.series[1], 1.5, Qt.PenStyle.DashLine))
        self._update_legend()

    def _update_legend(self) -> None:
        if self._is_empty():
            return
        colors = current_theme().palette
        places, losses = self._places.values, self._losses.values
        index = len(places) - 1
        wanted = self.cursor_x
        if wanted is None and self._suggestion is not None:
            wanted = math.log10(self._suggestion)
        if wanted is not None:
            index = int(np.argmin(np.abs(places - wanted)))
        loss = number_text(float(losses[index]))
        entries = [LegendEntry(self.tr("Loss, smoothed"), colors.series[0], loss)]
        if self._suggestion is not None:
            value = rate_text(self._suggestion)
            entries.append(LegendEntry(self.tr("Suggestion"), colors.series[1], value, "dashes"))
        rate = self.tr("at {rate}").format(rate=value_text(10 ** float(places[index]), 2))
        self.legend.set_entries(tuple(entries), rate)
