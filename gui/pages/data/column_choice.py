"""ColumnChoice: a column of the data by name, or that the engine chooses, or none."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QWidget

from gui.widgets.choice_box import ChoiceBox


class ColumnChoice(ChoiceBox):
    """Offers columns after one entry that stands for no choice.

    Signals:
        chosen(object): The person chose a column by name; None: no choice.

    Args:
        title: What is chosen, for screen readers.
        no_choice: What the first entry says.
    """

    chosen = Signal(object)

    def __init__(self, title: str, no_choice: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(title)
        self.addItem(no_choice, None)
        self.activated.connect(self._on_activated)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are offered."""
        return tuple(self.itemData(index) for index in range(1, self.count()))

    def set_no_choice(self, text: str) -> None:
        """Says what the engine does without a choice."""
        self.setItemText(0, text)

    def offer(self, columns: Sequence[str], chosen: str | None) -> None:
        """Offers columns and shows the chosen one, even where the data has none of that name."""
        wanted = [*columns]
        if chosen is not None and chosen not in wanted:
            wanted.append(chosen)
        if tuple(wanted) != self.columns:
            while self.count() > 1:
                self.removeItem(1)
            for name in wanted:
                self.addItem(name, name)
        self.setCurrentIndex(wanted.index(chosen) + 1 if chosen is not None else 0)

    @Slot(int)
    def _on_activated(self, index: int) -> None:
        self.chosen.emit(self.itemData(index))
