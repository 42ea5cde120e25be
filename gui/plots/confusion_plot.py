"""ConfusionPlot: how often each class was taken for which."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PySide6.QtWidgets import QWidget


class ConfusionPlot(QWidget):
    """A matrix of counts and row percentages, for 2 to 30 classes and more.

    Args:
        parent: Owner.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)

    def set_matrix(self, counts: npt.NDArray[np.integer], class_names: Sequence[str]) -> None:
        """Shows counts.

        Args:
            counts: (true classes, predicted classes).
            class_names: In index order.

        Raises:
            ValueError: The shapes do not fit.
        """

    def set_empty_text(self, text: str) -> None:
        """Sets what is read while there is nothing to draw."""

    def clear(self) -> None:
        """Forgets the counts."""
