"""DropHint: what covers the window while a file is dragged over it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from gui.style.theme import SPACING, TEXT_LARGE, current_theme, text_font


class DropHint(QWidget):
    """Says what happens on a drop; lets everything else shine through a little."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._text = ""
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def show_over(self, parent: QWidget, text: str) -> None:
        """Covers a widget."""
        self._text = text
        self.setGeometry(parent.rect())
        self.raise_()
        self.show()

    def paintEvent(self, event: QPaintEvent) -> None:
        palette = current_theme().palette
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ground = QColor(palette.window)
        ground.setAlphaF(0.88)
        painter.fillRect(self.rect(), ground)
        painter.setPen(QPen(QColor(palette.accent), 2, Qt.PenStyle.DashLine))
        edge = 2 * SPACING
        painter.drawRoundedRect(self.rect().adjusted(edge, edge, -edge, -edge), 12, 12)
        font = text_font(TEXT_LARGE)
        painter.setFont(font)
        sheet = QFontMetrics(font).boundingRect(self._text)
        sheet.adjust(-3 * SPACING, -2 * SPACING, 3 * SPACING, 2 * SPACING)
        sheet.moveCenter(self.rect().center())
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(palette.accent))
        painter.drawRoundedRect(sheet, 8, 8)
        painter.setPen(QColor(palette.on_accent))
        painter.drawText(sheet, Qt.AlignmentFlag.AlignCenter, self._text)
