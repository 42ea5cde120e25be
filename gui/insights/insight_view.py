"""InsightView: the base of what shows an insight: choices above, redrawn seldom, in both themes."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from engine.events.insights import Insight
from gui.plots.throttle import Throttle
from gui.style.label import Label
from gui.style.theme import SPACING, current_theme, set_role
from gui.widgets.choice_box import ChoiceBox


class InsightView(QWidget):
    """Shows the newest insight of a type; subclasses draw it in `refresh`.

    Args:
        parent: Owner.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.note = Label()
        self.note.setWordWrap(True)
        self.note.setTextFormat(Qt.TextFormat.PlainText)
        set_role(self.note, "small")
        self.note.hide()
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, SPACING, 0, 0)
        self.column.setSpacing(SPACING)
        self.more_choices()
        self.throttle = Throttle(self)
        self.throttle.due.connect(self.refresh)
        current_theme().changed.connect(self._on_changed)

    def show_insight(self, insight: Insight) -> None:
        """Takes the newest insight; subclasses keep it and ask for a redraw."""
        raise NotImplementedError

    @Slot()
    def refresh(self) -> None:
        """Draws the newest insight; called at most ten times a second while it can be seen."""
        raise NotImplementedError

    def more_choices(self) -> None:
        """Begins a line of choices below what is there."""
        self.choices = QHBoxLayout()
        self.choices.setSpacing(SPACING)
        self.column.addLayout(self.choices)

    def add_choice(self, name: str, stretch: int = 1) -> ChoiceBox:
        """Adds a list to choose from above the view; a choice redraws it."""
        box = ChoiceBox()
        box.setAccessibleName(name)
        box.setToolTip(name)
        box.currentIndexChanged.connect(self._on_changed)
        self.choices.addWidget(box, stretch)
        return box

    def set_note(self, text: str) -> None:
        """Says something about the view below it; empty for nothing."""
        self.note.setText(text)
        self.note.setVisible(bool(text))

    @Slot()
    def _on_changed(self) -> None:
        self.throttle.request()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.throttle.shown()


def set_choices(box: ChoiceBox, texts: Sequence[str]) -> None:
    """Offers choices, if they are others; the place that was chosen stays chosen if there is one.

    A box with a single choice takes no room.
    """
    if [box.itemText(index) for index in range(box.count())] != list(texts):
        current = max(0, min(box.currentIndex(), len(texts) - 1))
        box.blockSignals(True)
        box.clear()
        box.addItems(list(texts))
        box.setCurrentIndex(current if texts else -1)
        box.blockSignals(False)
    box.setVisible(len(texts) > 1)
