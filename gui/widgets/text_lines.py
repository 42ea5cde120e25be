"""Breaking text into a few lines for things that paint themselves."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QFontMetricsF, QTextLayout, QTextOption


def wrapped(text: str, font: QFont, width: float, max_lines: int) -> list[str]:
    """Returns at most `max_lines` lines that fit `width`, the last one elided where needed.

    Args:
        text: Plain text.
        font: What it is painted with.
        width: In device-independent pixels.
        max_lines: At least 1.
    """
    layout = QTextLayout(text, font)
    option = QTextOption()
    option.setWrapMode(QTextOption.WrapMode.WordWrap)
    layout.setTextOption(option)
    layout.beginLayout()
    lines: list[str] = []
    while len(lines) < max_lines:
        line = layout.createLine()
        if not line.isValid():
            break
        line.setLineWidth(max(width, 1.0))
        start = line.textStart()
        is_last = len(lines) == max_lines - 1
        piece = text[start:] if is_last else text[start : start + line.textLength()]
        lines.append(piece.strip())
    layout.endLayout()
    if lines:
        metrics = QFontMetricsF(font)
        lines[-1] = metrics.elidedText(lines[-1], Qt.TextElideMode.ElideRight, width)
    return lines
