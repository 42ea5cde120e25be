"""PlotView: how the mouse moves through a plot: drag a rectangle to zoom, double-click to reset."""

from __future__ import annotations

from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor

from gui.style.theme import Palette


class PlotView(pg.ViewBox):  # type: ignore[misc]
    """The part of a plot in which curves lie.

    Signals:
        reset_asked: A double click asks to see everything again.
        clicked(QPointF): A single click, where in the plot's own numbers.
    """

    reset_asked = Signal()
    clicked = Signal(object)

    def __init__(self) -> None:
        super().__init__(enableMenu=False, defaultPadding=0.0)
        self.setMouseMode(pg.ViewBox.RectMode)

    def wheelEvent(self, ev: Any, axis: int | None = None) -> None:
        """Zooms with Ctrl held down; otherwise the page scrolls."""
        if ev.modifiers() & Qt.KeyboardModifier.ControlModifier:
            super().wheelEvent(ev, axis)
        else:
            ev.ignore()

    def mouseDragEvent(self, ev: Any, axis: int | None = None) -> None:
        """Zooms to a rectangle (left button) or moves (middle button)."""
        if ev.button() == Qt.MouseButton.LeftButton:
            if ev.isFinish() and (ev.pos() - ev.buttonDownPos()).manhattanLength() < 8:
                self.rbScaleBox.hide()
                ev.accept()
                return
            super().mouseDragEvent(ev, axis)
        elif ev.button() == Qt.MouseButton.MiddleButton:
            self.setMouseMode(pg.ViewBox.PanMode)
            super().mouseDragEvent(ev, axis)
            self.setMouseMode(pg.ViewBox.RectMode)
        else:
            ev.ignore()

    def mouseClickEvent(self, ev: Any) -> None:
        """Tells of a click; shows everything again at a double click."""
        if ev.button() == Qt.MouseButton.LeftButton:
            ev.accept()
            if ev.double():
                self.reset_asked.emit()
            else:
                self.clicked.emit(self.mapToView(ev.pos()))
        else:
            ev.ignore()

    def dress(self, colors: Palette) -> None:
        """Takes the theme's colours."""
        accent = QColor(colors.accent)
        soft = QColor(accent)
        soft.setAlpha(40)
        self.rbScaleBox.setPen(pg.mkPen(accent, width=1))
        self.rbScaleBox.setBrush(pg.mkBrush(soft))
