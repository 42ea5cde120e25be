"""ColumnChoice: a column of the data by name, or that the engine chooses, or none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QWidget

from gui.widgets.choice_box import ChoiceBox

_SEVERAL: Final = "\x00several"


class ColumnChoice(ChoiceBox):
    """Offers columns after one entry that stands for no choice.

    Signals:
        chosen(object): The person chose a column by name; None: no choice.
        several_wanted(): The person wants to choose several columns together.

    Args:
        title: What is chosen, for screen readers.
        no_choice: What the first entry says.
    """

    chosen = Signal(object)
    several_wanted = Signal()

    def __init__(self, title: str, no_choice: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(title)
        self.addItem(no_choice, None)
        self._shown = 0
        self.activated.connect(self._on_activated)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are offered."""
        names = (self.itemData(index) for index in range(1, self.count()))
        return tuple(name for name in names if name != _SEVERAL)

    def offer_several(self, text: str) -> None:
        """Offers, as the last entry, to choose several together; an empty text: not."""
        last = self.count() - 1
        is_offered = self.itemData(last) == _SEVERAL
        if is_offered and not text:
            self.removeItem(last)
        elif text and not is_offered:
            self.addItem(text, _SEVERAL)

    def set_no_choice(self, text: str) -> None:
        """Says what the engine does without a choice."""
        self.setItemText(0, text)

    def offer(self, columns: Sequence[str], chosen: str | None) -> None:
        """Offers columns and shows the chosen one, even where the data has none of that name."""
        wanted = [*columns]
        if chosen is not None and chosen not in wanted:
            wanted.append(chosen)
        if tuple(wanted) != self.columns:
            for index in reversed(range(1, 1 + len(self.columns))):
                self.removeItem(index)
            for place, name in enumerate(wanted):
                self.insertItem(place + 1, name, name)
        self._shown = wanted.index(chosen) + 1 if chosen is not None else 0
        self.setCurrentIndex(self._shown)

    @Slot(int)
    def _on_activated(self, index: int) -> None:
        if self.itemData(index) == _SEVERAL:
            self.setCurrentIndex(self._shown)  # until they are chosen, what was chosen holds
            self.several_wanted.emit()
            return
        self.chosen.emit(self.itemData(index))
