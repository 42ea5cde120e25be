"""RegressionPlot: predicted against true values, and what is left over."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PySide6.QtWidgets import QWidget


class RegressionPlot(QWidget):
    """Two plots side by side: predicted against true with the diagonal, residuals with zero.

    Args:
        parent: Owner.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)

    def set_predictions(
        self,
        y_true: npt.NDArray[np.floating],
        y_pred: npt.NDArray[np.floating],
        target_name: str = "",
    ) -> None:
        """Shows predictions.

        Args:
            y_true, y_pred: In the target's own unit, (samples,).
            target_name: What is predicted, with its unit.

        Raises:
            ValueError: The shapes differ.
        """

    def set_empty_text(self, text: str) -> None:
        """Sets what is read while there is nothing to draw."""

    def clear(self) -> None:
        """Forgets the predictions."""
