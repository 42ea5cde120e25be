"""Bars: examples per class, and the small histogram of a column."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PySide6.QtWidgets import QWidget

from engine.datasets.profile import ColumnProfile


class ClassCountBars(QWidget):
    """Horizontal bars with the number of examples of each class; as tall as it has classes.

    Args:
        parent: Owner.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)

    def set_counts(self, names: Sequence[str], counts: npt.NDArray[np.integer]) -> None:
        """Shows counts.

        Args:
            names: Classes in index order.
            counts: Examples of each, (classes,).
        """

    def clear(self) -> None:
        """Forgets the counts."""


class ColumnHistogram(QWidget):
    """The distribution of one column, small enough for a table cell or a list.

    Args:
        parent: Owner.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)

    def set_column(self, column: ColumnProfile) -> None:
        """Shows a column's histogram, with its minimum and maximum below."""

    def set_counts(
        self, counts: npt.NDArray[np.integer], minimum: float, maximum: float, name: str = ""
    ) -> None:
        """Shows counts in equal bins.

        Args:
            counts: (bins,).
            minimum, maximum: Ends of the first and the last bin.
            name: For the tooltip and screen readers.
        """

    def clear(self) -> None:
        """Forgets the counts."""
