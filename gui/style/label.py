"""Label: words as they are, whatever they look like."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget

from engine.devices.console.escaping import escaped_lines


class Label(QLabel):
    """A label that takes nothing for HTML, and shows no character that cannot be seen.

    Names of files, columns, classes and runs stand in labels. Qt's own would draw the pictures and
    offer the links that such a name asks for. One with marks of our own asks for
    ``setTextFormat(RichText)``, and escapes what it puts in.
    """

    def __init__(self, text: str | QWidget | None = None, parent: QWidget | None = None) -> None:
        if isinstance(text, QWidget):
            text, parent = None, text
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setText(text or "")

    def setText(self, text: str) -> None:
        is_plain = self.textFormat() is Qt.TextFormat.PlainText
        super().setText(escaped_lines(text) if is_plain else text)
