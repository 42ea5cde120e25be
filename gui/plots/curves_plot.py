"""CurvesPlot: one metric of one run, live: batches, training and validation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy.typing as npt
import numpy as np
from PySide6.QtWidgets import QWidget

from engine.events import EpochEnded, RunEvent

X_AXES = ("step", "epoch", "time")


class CurvesPlot(QWidget):
    """Curves of one metric while a model trains.

    Every batch is drawn as a faint dot, or where dots would overlap as a bar from the smallest to
    the largest value of its pixel column, so that nothing measured is ever hidden. Lines go
    through the means of training and through the validation of each epoch.

    Args:
        metric: Keras's name, such as ``loss``; validation is ``val_`` and that name.
        title: What people read; empty for the metric's name.
        parent: Owner.
    """

    def __init__(self, metric: str, title: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.metric = metric

    def add(self, event: RunEvent) -> None:
        """Takes `StepsDone`, `EpochEnded` and `RunStarted`; ignores other events."""

    def set_steps_per_epoch(self, steps: int) -> None:
        """Says how many steps (batches) an epoch has; needed for the axis by epoch."""

    def append_steps(self, first_step: int, values: npt.NDArray[np.floating], elapsed_s: float) -> None:
        """Adds the values of a chunk of batches.

        Args:
            first_step: Steps done before it. Where it is smaller than what is already drawn
                (a run resumed from a checkpoint), what lies behind is replaced.
            values: One per step, (steps,).
            elapsed_s: Seconds of training when the chunk was done.
        """

    def append_epoch(
        self,
        epoch: int,
        step: int,
        elapsed_s: float,
        train: float | None,
        validation: float | None,
    ) -> None:
        """Adds the means of an epoch.

        Args:
            epoch: From 1.
            step: Steps done at its end.
            elapsed_s: Seconds of training at its end.
            train, validation: None where there is none.
        """

    def load(
        self, steps: npt.NDArray[np.floating], epochs: Sequence[EpochEnded], steps_per_epoch: int = 0
    ) -> None:
        """Shows a stored run.

        Args:
            steps: The metric of each batch, (steps,); may be empty.
            epochs: Its epochs.
            steps_per_epoch: 0 to take it from the epochs.
        """

    def set_best_epoch(self, epoch: int | None) -> None:
        """Marks the best epoch; None for none."""

    def set_x_axis(self, axis: str) -> None:
        """Chooses what the horizontal axis counts.

        Args:
            axis: ``step``, ``epoch`` or ``time``.

        Raises:
            ValueError: There is no such axis.
        """

    def set_log_y(self, on: bool) -> None:
        """Makes the vertical axis logarithmic. Values that are not positive are counted, not drawn."""

    def set_smoothing(self, strength: float) -> None:
        """Adds a smoothed line through the batches; the batches stay.

        It is an exponential moving average without bias to zero at its start, and is labelled
        with its strength.

        Args:
            strength: From 0 (none) to 0.99.

        Raises:
            ValueError: The strength is outside.
        """

    def set_empty_text(self, text: str) -> None:
        """Sets what is read while there is nothing to draw."""

    def clear(self) -> None:
        """Forgets all data; settings stay."""

    def reset_view(self) -> None:
        """Shows everything again after zooming."""
