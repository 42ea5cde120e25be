"""Text painted on a baseline, from the left with an ellipsis where room ends, or to the right."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter

from engine.devices.console.escaping import escaped
from gui.style.theme import SPACING


def paint_right(
    painter: QPainter, text: str, right: float, baseline: float, font: QFont, color: str
) -> float:
    """Paints text that ends at `right`; returns how much room that took, a gap included."""
    text = escaped(text)
    width = QFontMetricsF(font).horizontalAdvance(text)
    painter.setFont(font)
    painter.setPen(QColor(color))
    painter.drawText(QPointF(right - width, baseline), text)
    return width + SPACING


def paint_left(
    painter: QPainter,
    text: str,
    left: float,
    baseline: float,
    right: float,
    font: QFont,
    color: str,
) -> None:
    """Paints text from `left`, shortened where it would pass `right`."""
    elided = QFontMetricsF(font).elidedText(
        escaped(text), Qt.TextElideMode.ElideRight, right - left
    )
    painter.setFont(font)
    painter.setPen(QColor(color))
    painter.drawText(QPointF(left, baseline), elided)
