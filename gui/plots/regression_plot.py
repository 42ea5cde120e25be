"""RegressionPlot: predicted against true values, and what is left over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QWidget

from gui.formatting.numbers import count_text, number_text, shown_of
from gui.plots.extents import finite_extent
from gui.plots.legend import LegendEntry
from gui.plots.plot import Plot, cosmetic_pen
from gui.plots.saving import Columns
from gui.style.theme import SPACING, current_theme

Floats = npt.NDArray[np.float64]
_REACH: Final = 10.0
"""Pixels around a click in which a point is meant."""


class RegressionPlot(QWidget):
    """Two plots side by side: predicted against true with the diagonal, residuals with zero.

    Signals:
        predicted_clicked(Box), residuals_clicked(Box): A place was clicked; what lies near it.

    Args:
        parent: Owner.
    """

    predicted_clicked = Signal(object)
    residuals_clicked = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.predicted = _PairsPlot(self.tr("Predicted against true"), True, self)
        self.residuals = _PairsPlot(self.tr("Residuals"), False, self)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3 * SPACING)
        layout.addWidget(self.predicted, 1)
        layout.addWidget(self.residuals, 1)
        self.predicted.clicked.connect(self.predicted_clicked)
        self.residuals.clicked.connect(self.residuals_clicked)
        self.set_empty_text(self.tr("Predictions on the test part appear here."))

    def set_predictions(
        self,
        y_true: npt.NDArray[np.floating],
        y_pred: npt.NDArray[np.floating],
        target_name: str = "",
        error: float | None = None,
        n_all: int = 0,
    ) -> None:
        """Shows predictions.

        Args:
            y_true, y_pred: In the target's own unit, (samples,). Pairs that are not finite are
                left out, and counted in the legend.
            target_name: What is predicted, with its unit.
            error: The mean absolute error where it was measured on more; None: that of these.
            n_all: Of so many these were drawn; 0: they are all.

        Raises:
            ValueError: The shapes differ.
        """
        true = np.asarray(y_true, np.float64).reshape(-1)
        predicted = np.asarray(y_pred, np.float64).reshape(-1)
        if true.shape != predicted.shape:
            raise ValueError(
                "There must be one prediction for each true value. "
                f"Received: {len(true)} true values, {len(predicted)} predictions"
            )
        name = f" {target_name}" if target_name else ""
        self.predicted.set_pairs(
            true, predicted, self.tr("True{0}").format(name), self.tr("Predicted{0}").format(name)
        )
        self.residuals.error = error
        for plot in (self.predicted, self.residuals):
            plot.n_all = n_all
        self.residuals.set_pairs(
            predicted,
            predicted - true,
            self.tr("Predicted{0}").format(name),
            self.tr("Predicted less true"),
        )
        self.predicted.refresh_legend()

    def set_residuals(
        self, x: npt.NDArray[np.floating], residuals: npt.NDArray[np.floating], name: str
    ) -> None:
        """Shows residuals over something else than the prediction, each (samples,)."""
        self.residuals.set_pairs(
            np.asarray(x, np.float64),
            np.asarray(residuals, np.float64),
            name,
            self.tr("Predicted less true"),
        )

    def set_empty_text(self, text: str) -> None:
        """Sets what is read while there is nothing to draw."""
        self.predicted.set_empty_text(text)
        self.residuals.set_empty_text("")

    def clear(self) -> None:
        """Forgets the predictions."""
        for plot in (self.predicted, self.residuals):
            plot.set_pairs(np.empty(0), np.empty(0), "", "")


@dataclass(frozen=True)
class Box:
    """A stretch of both axes around a place that was clicked."""

    left: float
    right: float
    bottom: float
    top: float

    def holds(self, x: Floats, y: Floats) -> npt.NDArray[np.bool_]:
        """Which points lie in it, (points,)."""
        is_in = (x >= self.left) & (x <= self.right) & (y >= self.bottom) & (y <= self.top)
        return np.asarray(is_in)


class _PairsPlot(Plot):
    """Points and the line on which perfect predictions lie."""

    clicked = Signal(object)

    def __init__(self, title: str, is_diagonal: bool, parent: QWidget) -> None:
        self._x = self._y = np.empty(0)
        self._n_left_out = self.n_all = 0
        self.error: float | None = None
        self._is_diagonal = is_diagonal
        super().__init__(title, parent)
        self.view.clicked.connect(self._on_clicked)

    @Slot(object)
    def _on_clicked(self, place: QPointF) -> None:
        """Tells what lies within some pixels of a click."""
        (left, right), (bottom, top) = self.view.viewRange()
        size = self.view.size()
        x = _REACH * (right - left) / max(1.0, size.width())
        y = _REACH * (top - bottom) / max(1.0, size.height())
        if not self._is_empty():
            box = Box(place.x() - x, place.x() + x, place.y() - y, place.y() + y)
            self.clicked.emit(box)

    def _build(self) -> None:
        super()._build()
        self.points = pg.ScatterPlotItem(size=6, pxMode=True)
        self.ideal = pg.PlotCurveItem(antialias=True)
        self.points.setZValue(10)
        self.ideal.setZValue(20)
        for part in (self.points, self.ideal):
            self.area.add(part)

    def set_pairs(self, x: Floats, y: Floats, horizontal: str, vertical: str) -> None:
        """Shows points, each (points,), and names the axes."""
        finite = np.isfinite(x) & np.isfinite(y)
        self._n_left_out = int(len(x) - np.count_nonzero(finite))
        self._x, self._y = x[finite], y[finite]
        self.axis_x.set_text(horizontal)
        self.axis_y.set_text(vertical)
        self.reset_view()

    def columns(self) -> Columns:
        return {self.axis_x.text or "x": self._x, self.axis_y.text or "y": self._y}

    def _is_empty(self) -> bool:
        return not len(self._x)

    def _draw(self) -> None:
        self.points.setData(self._x, self._y)
        low, high = finite_extent(self._x, self._y) if self._is_diagonal else finite_extent(self._x)
        ends = np.array([low, high])
        self.ideal.setData(ends, ends if self._is_diagonal else np.zeros(2))
        self.fit_x(low, high)
        self.fit_y(*(ends if self._is_diagonal else finite_extent(self._y, np.zeros(1))))
        self._update_legend()

    def _recolor_items(self) -> None:
        colors = current_theme().palette
        self.points.setBrush(pg.mkBrush(colors.series[0]))
        self.points.setPen(pg.mkPen(colors.surface, width=1))
        self.ideal.setPen(cosmetic_pen(colors.text, 1.5, Qt.PenStyle.DashLine))
        self._update_legend()

    def refresh_legend(self) -> None:
        """Says anew how many there are."""
        self._update_legend()

    def _update_legend(self) -> None:
        colors = current_theme().palette
        count = shown_of(len(self._x), self.n_all)
        entries = [LegendEntry(self.tr("Predictions"), colors.series[0], count, "dot")]
        if self._is_diagonal:
            entries.append(LegendEntry(self.tr("Perfect"), colors.text, mark="dashes"))
        elif len(self._y):
            own = float(np.abs(self._y).mean())
            error = number_text(own if self.error is None else self.error)
            entries.append(
                LegendEntry(self.tr("Mean absolute error"), colors.text, error, "dashes")
            )
        caption = ""
        if self._n_left_out:
            caption = self.tr("{0} not finite, not drawn").format(count_text(self._n_left_out))
        self.legend.set_entries(tuple(entries), caption)
