"""RateCurve: the learning rate over the epochs of a training to come, small, beside its form."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtWidgets import QWidget

from engine.spec.training_spec import ScheduleSpec
from engine.training.rates import LearningRate
from gui.plots.plot import Plot, cosmetic_pen
from gui.plots.saving import Columns
from gui.style.theme import SPACING, current_theme

HEIGHT: Final = 14 * SPACING
N_POINTS: Final = 400


class RateCurve(Plot):
    """Draws what a schedule makes of a learning rate.

    Args:
        parent: Owner.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        self._epochs: npt.NDArray[np.float64] = np.empty(0)
        self._rates: npt.NDArray[np.float32] = np.empty(0, np.float32)
        super().__init__("", parent)
        self.setAccessibleName(self.tr("Learning rate over the epochs"))
        self.axis_x.set_text(self.tr("Epoch"))
        self.legend.hide()
        self.setFixedHeight(HEIGHT)

    def _build(self) -> None:
        super()._build()
        self.curve = pg.PlotCurveItem()
        self.area.add(self.curve)

    def show_schedule(
        self,
        base: float,
        schedule: ScheduleSpec,
        epochs: int,
        thaw: tuple[int, float] | None = None,
    ) -> None:
        """Draws a schedule.

        Args:
            base: The learning rate, above 0.
            schedule: How it changes.
            epochs: Of the training.
            thaw: Epochs after which all layers learn, and the share of the rate from there on.
        """
        # The shape over epochs is that of any number of steps in an epoch.
        per_epoch = max(1, -(-N_POINTS // epochs))
        every = max(1, epochs * per_epoch // N_POINTS)
        rates = LearningRate(base, schedule, per_epoch, epochs).rates(0, epochs * per_epoch + 1)
        if thaw is not None:
            rates[thaw[0] * per_epoch :] *= np.float32(thaw[1])
        self._rates = rates[::every]
        self._epochs = np.arange(len(rates))[::every] / per_epoch
        self.request_redraw()

    @property
    def shown(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float32]]:
        """Epochs done and learning rates that are drawn, each (points,)."""
        return self._epochs, self._rates

    def redraw(self) -> None:
        super().redraw()
        self.legend.hide()

    def columns(self) -> Columns:
        return {"epochs_done": self._epochs, "learning_rate": self._rates}

    def _is_empty(self) -> bool:
        return not len(self._rates)

    def _draw(self) -> None:
        if self._is_empty():
            return
        self.curve.setData(self._epochs, self._rates.astype(np.float64))
        self.fit_x(0.0, float(self._epochs[-1]))
        self.fit_y(0.0, float(self._rates.max()))

    def _recolor_items(self) -> None:
        self.curve.setPen(cosmetic_pen(current_theme().palette.series[0], 1.5))
