"""MarkedText: a text whose tokens have the colour of what they add."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QEvent, Slot
from PySide6.QtGui import QColor, QHelpEvent, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QFrame, QTextEdit, QToolTip, QWidget

from engine.devices.console.escaping import escaped
from gui.formatting.plain_text import plain_tip
from gui.style.theme import TEXT_NORMAL, blend, current_theme, faded, text_font

_STRONGEST = 0.55
"""Share of the tone on the ground: so that the text upon it stays readable in both themes."""
_LARGER = 3


class MarkedText(QTextEdit):
    """Tokens as plain text; a tool tip tells what each adds.

    Args:
        parent: Owner.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tokens: tuple[str, ...] = ()
        self._values = np.zeros(0)
        self._tips: tuple[str, ...] = ()
        self._rest = ""
        self._ends: list[int] = []
        self.setReadOnly(True)
        self.setAcceptRichText(False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFont(text_font(TEXT_NORMAL + _LARGER))
        self.setTabChangesFocus(True)
        self.setAccessibleName(self.tr("Text with marks"))
        current_theme().changed.connect(self._write)

    def set_tokens(
        self,
        tokens: Sequence[str],
        values: npt.NDArray[np.float64],
        tips: Sequence[str],
        rest: str = "",
    ) -> None:
        """Shows a text.

        Args:
            tokens: As they stand in it, spaces included.
            values: What each adds, (tokens,).
            tips: What is told of each.
            rest: What is not read any more.
        """
        self._tokens, self._values = tuple(tokens), values
        self._tips, self._rest = tuple(tips), rest
        self._write()

    @Slot()
    def _write(self) -> None:
        colors = current_theme().palette
        most = float(np.abs(self._values).max(initial=0.0)) or 1.0
        self.clear()
        cursor = self.textCursor()
        self._ends = []
        for token, value in zip(self._tokens, self._values.tolist(), strict=True):
            word = token.lstrip()
            plain = QTextCharFormat()
            plain.setForeground(QColor(colors.text))
            cursor.insertText(escaped(token[: len(token) - len(word)]), plain)
            marked = QTextCharFormat(plain)
            tone = colors.series[1 if value >= 0 else 0]
            share = _STRONGEST * abs(value) / most
            marked.setBackground(QColor(blend(colors.surface, tone, share)))
            # A space that is a token itself is seen by its ground alone.
            cursor.insertText(escaped(word) if word else " ", marked)
            self._ends.append(cursor.position())
        rest = QTextCharFormat()
        rest.setForeground(QColor(faded(colors)))
        cursor.insertText(escaped(self._rest), rest)
        self.moveCursor(QTextCursor.MoveOperation.Start)

    def tip_at(self, position: int) -> str:
        """What is told of the token at a place in the text."""
        index = int(np.searchsorted(self._ends, position, side="right"))
        return self._tips[index] if index < len(self._tips) else ""

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() is QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            tip = self.tip_at(self.cursorForPosition(event.pos()).position())
            QToolTip.showText(event.globalPos(), plain_tip(tip) if tip else "", self)
            return True
        return super().viewportEvent(event)
