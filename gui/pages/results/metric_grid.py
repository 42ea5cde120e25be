"""MetricGrid: all that was measured, each number with its doubt, in as many columns as fit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QWidget

from gui.pages.shared.run_facts import Fact
from gui.style.theme import SPACING

CELL: Final = 20 * SPACING


class MetricGrid(QWidget):
    """Captions over values."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.facts: dict[str, Fact] = {}
        self._n_columns = 0
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(2 * SPACING)
        self._grid.setVerticalSpacing(SPACING)

    def set_values(self, values: Sequence[tuple[str, str, str, str]]) -> None:
        """Shows numbers: of each its name, caption, value and tooltip."""
        if [(name, caption) for name, caption, *_ in values] == [
            (name, fact.caption.text()) for name, fact in self.facts.items()
        ]:
            for name, _, value, tip in values:
                self.facts[name].set_value(value, tip)
            self._arrange()
            return
        for fact in self.facts.values():
            self._grid.removeWidget(fact)
            fact.hide()
            fact.deleteLater()
        self.facts = {}
        for name, caption, value, tip in values:
            fact = self.facts[name] = Fact(caption, False, self)
            fact.set_value(value, tip)
        self._n_columns = 0
        self._arrange()

    def minimumSizeHint(self) -> QSize:
        widest = max((fact.sizeHint().width() for fact in self.facts.values()), default=0)
        return QSize(widest, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        widest = max((fact.sizeHint().width() for fact in self.facts.values()), default=0)
        n = max(1, self.width() // (max(CELL, widest) + 2 * SPACING))
        if n == self._n_columns:
            return
        for column in range(self._n_columns):
            self._grid.setColumnStretch(column, 0)
        self._n_columns = n
        for place, fact in enumerate(self.facts.values()):
            self._grid.addWidget(fact, place // n, place % n)
            fact.show()
        for column in range(n):
            self._grid.setColumnStretch(column, 1)
