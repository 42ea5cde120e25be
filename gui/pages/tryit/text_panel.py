"""TextPanel: a text to type or paste, in any language; answered while it is typed."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QPlainTextEdit, QVBoxLayout, QWidget

from engine.events.trying import ExampleTaken, Given, ModelLookedAt
from gui.pages.tryit.input_panel import InputPanel

LONGEST = 1_000_000
"""Letters of a pasted text that are kept; models read far less."""


class TextPanel(InputPanel):
    """A field for a text."""

    def __init__(self, look: ModelLookedAt, parent: QWidget | None = None) -> None:
        super().__init__(look, parent)
        self.field = QPlainTextEdit()
        self.field.setPlaceholderText(self.empty_text)
        self.field.setAccessibleName(self.tr("Text to be tried"))
        self.field.setTabChangesFocus(True)
        self.field.textChanged.connect(self._on_changed)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.field)

    @property
    def title(self) -> str:
        return self.tr("Type")

    @property
    def empty_text(self) -> str:
        return self.tr("Type or paste a text: the model answers while you type.")

    def show_example(self, taken: ExampleTaken) -> None:
        self.field.setPlainText(str(taken.example.content))

    def clear(self) -> None:
        self.field.blockSignals(True)
        self.field.clear()
        self.field.blockSignals(False)

    @Slot()
    def _on_changed(self) -> None:
        text = self.field.toPlainText()[:LONGEST]
        self.given.emit(Given(text=text) if text.strip() else None)
