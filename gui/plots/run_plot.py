"""RunPlot: what plots of runs share: steps, epochs or time below, changes marked, a logarithm."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from PySide6.QtWidgets import QWidget

from gui.formatting.numbers import counted
from gui.formatting.run_words import is_share
from gui.plots.change_marks import ChangeMarks
from gui.plots.curve_data import X_AXES, Floats, logarithm
from gui.plots.edge_marks import EdgeMarks
from gui.plots.extents import finite_extent, robust_extent
from gui.plots.plot import Plot

LABEL_PX: Final = 24
"""Kept free above the curves for the labels of marks, which cover no point so."""


class RunPlot(Plot):
    """Curves along the steps, epochs or seconds of training.

    Args:
        title: What people read; empty for none.
        axis: What the horizontal axis counts at first.
        epoch_kind: How epochs are labelled: ``number``, or ``count`` where only whole ones matter.
        parent: Owner.
    """

    def __init__(
        self, title: str, axis: str, epoch_kind: str, parent: QWidget | None = None
    ) -> None:
        self._axis = axis
        self._kinds = {"step": "count", "epoch": epoch_kind, "time": "time"}
        self._is_log = False
        self._shows_far = False
        super().__init__(title, parent, has_crosshair=True)
        self.set_x_axis(axis)

    def _build(self) -> None:
        super()._build()
        self.changes = ChangeMarks(self.area)
        self.far = EdgeMarks(self.area)

    def set_x_axis(self, axis: str) -> None:
        """Chooses what the horizontal axis counts.

        Args:
            axis: ``step``, ``epoch`` or ``time``.

        Raises:
            ValueError: There is no such axis.
        """
        if axis not in X_AXES:
            raise ValueError(f"axis must be one of {', '.join(X_AXES)}. Received: {axis!r}")
        self._axis = axis
        self.axis_x.set_kind(self._kinds[axis])
        names = {"step": self.tr("Step"), "epoch": self.tr("Epoch"), "time": self.tr("Time")}
        self.axis_x.set_text(names[axis])
        self._set_cursor(None)
        self.reset_view()

    def set_log_y(self, on: bool) -> None:
        """Makes the vertical axis logarithmic; values that are not positive are not drawn then."""
        self._is_log = on
        self._show_unit()
        self.reset_view()

    def _show_unit(self) -> None:
        """Labels the vertical axis as the metric is written everywhere."""
        usual = "share" if is_share(self._shown_metric) else "number"
        self.axis_y.set_kind("log" if self._is_log else usual)

    @property
    def _shown_metric(self) -> str:
        """What is drawn, by Keras's name."""
        return "loss"

    def show_all(self) -> None:
        """Shows everything again after zooming, values far from all others, too."""
        self._shows_far = True
        super().reset_view()

    def reset_view(self) -> None:
        self._shows_far = False
        super().reset_view()

    def _fit_values(self, *curves: tuple[Floats, Floats], calm: bool = False) -> None:
        """Fits the vertical axis to curves; a few far values are marked at its edge instead.

        Args:
            curves: Places and values, each (points,) and (points,).
            calm: See `fit_y`.
        """
        values = [y for _, y in curves]
        low, high = finite_extent(*values) if self._shows_far else robust_extent(*values)
        labels = LABEL_PX / max(4 * LABEL_PX, self.view.height()) if self.changes.marks else 0.0
        self.fit_y(low, high + labels * (high - low), calm)
        self.far.draw(curves, low, high, self.view, self._y_is_auto)

    def _far_text(self) -> str:
        """What the caption says of values beyond the range; empty for none."""
        n = self.far.n_places
        return counted(n, self.tr("{n} far value"), self.tr("{n} far values")) if n else ""

    def _scaled(self, values: npt.ArrayLike) -> Floats:
        return logarithm(values) if self._is_log else np.asarray(values, np.float64)

    def _set_cursor(self, x: float | None) -> None:
        super()._set_cursor(x)
        self.changes.point_at(x, self.view.viewPixelSize()[0], self.graphics)
