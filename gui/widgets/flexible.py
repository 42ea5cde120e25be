"""Flexible: room whose height is free, whatever lies in it."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QWidget

from gui.style.theme import SPACING


class Flexible(QWidget):
    """Takes the height that is left in an area that scrolls.

    A legend is the higher the narrower it is, and that would spread to the area: it would give
    the plots as much as they would like, and scroll, where they could do with less.
    """

    def hasHeightForWidth(self) -> bool:
        return False

    def heightForWidth(self, _width: int) -> int:
        return -1

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), max(self.minimumHeight(), 10 * SPACING))
