"""DrawingCanvas: a square to draw on with the pointer."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from engine.events.trying import Stroke
from gui.style.theme import SPACING, current_theme, text_font

EDGE = 36 * SPACING
LEAST_EDGE = 20 * SPACING
_STEP = 0.004  # of the canvas: nearer points say nothing
_ERASER = 2.5  # so many times as wide as the pen
_PAPER, _NIGHT = "#ffffff", "#000000"
"""As the pictures of the data are, whatever the theme: what one sees is what the model gets."""


class DrawingCanvas(QWidget):
    """Strokes of a pen and an eraser, in the order they were drawn.

    Signals:
        changed(): There is more or less on it.

    Args:
        pen: Width of the pen, in units of the canvas.
        is_dark: Strokes are dark on light, as in the data; else light on dark.
    """

    changed = Signal()

    def __init__(self, pen: float, is_dark: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.is_erasing = False
        self._pen = pen
        self._is_dark = is_dark
        self._strokes: list[list[QPointF]] = []
        self._erases: list[bool] = []
        self._is_drawing = False
        self._hint = ""
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(LEAST_EDGE, LEAST_EDGE)
        self.setAccessibleName(self.tr("Canvas to draw on"))

    def sizeHint(self) -> QSize:
        return QSize(EDGE, EDGE)

    def set_hint(self, text: str) -> None:
        """What stands on it while it is empty."""
        self._hint = text
        self.update()

    @property
    def is_empty(self) -> bool:
        """Nothing is drawn."""
        return not self._strokes

    @property
    def strokes(self) -> tuple[Stroke, ...]:
        """What is drawn, in units of the canvas."""
        return tuple(
            Stroke(
                np.array([(point.x(), point.y()) for point in points], np.float32),
                self._width(erases),
                erases,
            )
            for points, erases in zip(self._strokes, self._erases, strict=True)
        )

    def undo(self) -> None:
        """Takes the last stroke away."""
        if self._strokes:
            self._strokes.pop()
            self._erases.pop()
            self._tell()

    def clear(self) -> None:
        """Takes everything away."""
        if self._strokes:
            self._strokes.clear()
            self._erases.clear()
            self._tell()

    def _tell(self) -> None:
        self.update()
        self.changed.emit()

    def _width(self, erases: bool) -> float:
        return self._pen * (_ERASER if erases else 1.0)

    def _square(self) -> QRectF:
        edge = min(self.width(), self.height())
        return QRectF(0, 0, edge, edge)

    # ---- the pointer and the keys

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton:
            self._is_drawing = True
            self._strokes.append([])
            self._erases.append(self.is_erasing)
            self._add(event.position())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._is_drawing:
            self._add(event.position())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton:
            self._is_drawing = False

    def _add(self, place: QPointF) -> None:
        square = self._square()
        point = (place - square.topLeft()) / max(square.width(), 1.0)
        point = QPointF(min(1.0, max(0.0, point.x())), min(1.0, max(0.0, point.y())))
        points = self._strokes[-1]
        if not points or (point - points[-1]).manhattanLength() > _STEP:
            points.append(point)
            self._tell()

    def event(self, event: QEvent) -> bool:
        # Before the window, whose Ctrl+Z undoes what was removed.
        is_early = event.type() == QEvent.Type.ShortcutOverride and bool(self._strokes)
        if is_early and isinstance(event, QKeyEvent) and _is_undo(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if _is_undo(event):
            self.undo()
        elif event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.clear()
        else:
            super().keyPressEvent(event)

    # ---- painting

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colors, square = current_theme().palette, self._square()
        ground = QColor(_PAPER if self._is_dark else _NIGHT)
        ink = QColor(_NIGHT if self._is_dark else _PAPER)
        frame = QPainterPath()
        frame.addRoundedRect(square.adjusted(1, 1, -1, -1), 6, 6)
        painter.fillPath(frame, ground)
        painter.setClipPath(frame)
        for points, erases in zip(self._strokes, self._erases, strict=True):
            self._paint_stroke(painter, points, square, ground if erases else ink, erases)
        painter.setClipping(False)
        edge = QColor(colors.accent if self.hasFocus() else colors.border)
        painter.setPen(QPen(edge, 2 if self.hasFocus() else 1))
        painter.drawPath(frame)
        if self.is_empty and self._hint:
            painter.setPen(QColor("#767676"))
            painter.setFont(text_font())
            room = square.adjusted(2 * SPACING, 2 * SPACING, -2 * SPACING, -2 * SPACING)
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(room, int(flags), self._hint)

    def _paint_stroke(
        self,
        painter: QPainter,
        points: list[QPointF],
        square: QRectF,
        color: QColor,
        erases: bool,
    ) -> None:
        width = self._width(erases) * square.width()
        placed = [square.topLeft() + point * square.width() for point in points]
        if len(placed) == 1:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(color)
            painter.drawEllipse(placed[0], width / 2, width / 2)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            return
        cap, join = Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin
        painter.setPen(QPen(color, width, Qt.PenStyle.SolidLine, cap, join))
        painter.drawPolyline(placed)


def _is_undo(event: QKeyEvent) -> bool:
    return event.matches(QKeySequence.StandardKey.Undo)
