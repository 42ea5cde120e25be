"""FlowMap: a row for each layer, a colour for what it was at each time, and what it is now."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal, Slot
from PySide6.QtGui import (
    QBrush,
    QColor,
    QFontMetricsF,
    QHelpEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from engine.devices.console.escaping import escaped
from engine.spec.formatting import NOTHING, percent_text
from gui.formatting.numbers import rounded_text
from gui.formatting.plain_text import plain_tip
from gui.plots.colors import scale_colors
from gui.plots.flow_data import FlowHistory, FlowScale, Quantity
from gui.plots.large_map import image_of
from gui.plots.numbers import axis_number, power_number
from gui.plots.saving import PlotSaver
from gui.style.theme import SPACING, TEXT_SMALL, current_theme, text_font

MAX_COLUMNS: Final = 600
TEXT_ROW: Final = 15.0
"""Rows as high as this have their name beside them; of lower ones only some."""
AXIS_HEIGHT: Final = 2.0 * SPACING
SCALE_HEIGHT: Final = 4.0 * SPACING
_STRIP: Final = 8.0
_NAMES_SHARE: Final = 0.34
_VALUE_WIDTH: Final = 9.0 * SPACING
_MARK_WIDTH: Final = 1.5 * SPACING


class FlowMap(QWidget):
    """A heat map over time. The cursor is where the mouse is, or where arrow keys put it.

    Signals:
        pointed(int, int): Layer and measurement under the cursor; -1, -1 for none.

    Args:
        parent: Owner.
    """

    pointed = Signal(int, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._history = FlowHistory()
        self._quantity = Quantity.GRADIENT
        self._scale: FlowScale | None = None
        self._marks: dict[int, str] = {}
        self._image: QImage | None = None
        self.cursor_place: tuple[int, int] | None = None
        self.saver = PlotSaver(self, dict)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(28 * SPACING, 16 * SPACING)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        current_theme().changed.connect(self._recolor)

    def show_history(
        self, history: FlowHistory, quantity: Quantity, marks: Mapping[int, str]
    ) -> None:
        """Draws what is known now.

        Args:
            history: What was measured; not changed, but it may grow.
            quantity: What the colours are.
            marks: A sign beside the newest value of a layer, by its place.
        """
        self._history, self._quantity, self._marks = history, quantity, dict(marks)
        self._scale = history.scale(quantity) if len(history) else None
        self._image = self._picture()
        if self.cursor_place is not None and not self._is_there(*self.cursor_place):
            self._point(None)
        self.update()

    @property
    def scale(self) -> FlowScale | None:
        """What the colours reach over; None where there is nothing."""
        return self._scale

    @property
    def is_hatched(self) -> bool:
        """Some of it has no place on the scale."""
        return self._image is not None and self._image.hasAlphaChannel()

    # ---- places

    @property
    def _row_height(self) -> float:
        return self.picture_rect().height() / max(1, len(self._history.layers))

    def picture_rect(self) -> QRectF:
        """Where the colours are."""
        metrics = QFontMetricsF(text_font(TEXT_SMALL))
        widest = max((metrics.horizontalAdvance(name) for name in self._history.layers), default=0)
        left = min(widest, _NAMES_SHARE * self.width()) + SPACING
        return QRectF(self.rect()).adjusted(left, 1, -_VALUE_WIDTH, -AXIS_HEIGHT - SCALE_HEIGHT)

    def place_at(self, point: QPointF) -> tuple[int, int] | None:
        """Layer and measurement at a point; None beside the picture."""
        rect = self.picture_rect()
        if not len(self._history) or not rect.contains(point):
            return None
        row = min(int((point.y() - rect.top()) / self._row_height), len(self._history.layers) - 1)
        return row, self._history.measurement_at((point.x() - rect.left()) / rect.width())

    def _is_there(self, row: int, column: int) -> bool:
        return row < len(self._history.layers) and column < len(self._history)

    def _point(self, place: tuple[int, int] | None) -> None:
        if place != self.cursor_place:
            self.cursor_place = place
            self.pointed.emit(*(place or (-1, -1)))
            self.update()

    # ---- drawing

    def _picture(self) -> QImage | None:
        if self._scale is None:
            return None
        columns = self._history.places(MAX_COLUMNS)
        places = self._scale.places(self._history.values(self._quantity))[:, columns]
        image = image_of(scale_colors(places, 0.0, 1.0))
        if not np.isnan(places).any():
            return image
        image = image.convertToFormat(QImage.Format.Format_ARGB32)
        pixels = np.frombuffer(image.bits(), np.uint32).reshape(places.shape)
        pixels[np.isnan(places)] = 0  # the hatching behind it shows
        return image

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._image is None or self._scale is None:
            return
        colors = current_theme().palette
        painter = QPainter(self)
        painter.setFont(text_font(TEXT_SMALL))
        rect = self.picture_rect()
        self._paint_hatching(painter, rect)
        painter.drawImage(rect, self._image)
        painter.setPen(QColor(colors.border))
        painter.drawRect(rect)
        self._paint_rows(painter, rect)
        self._paint_axis(painter, rect)
        self._paint_scale(painter, rect, self._scale)
        self._paint_cursor(painter, rect)

    def _paint_hatching(self, painter: QPainter, rect: QRectF) -> None:
        colors = current_theme().palette
        painter.fillRect(rect, QColor(colors.surface))
        painter.fillRect(rect, QBrush(QColor(colors.muted), Qt.BrushStyle.BDiagPattern))

    def _paint_rows(self, painter: QPainter, rect: QRectF) -> None:
        colors = current_theme().palette
        metrics = QFontMetricsF(painter.font())
        step = max(1, math.ceil(TEXT_ROW / self._row_height))
        middle = Qt.AlignmentFlag.AlignVCenter
        newest = self._history.newest(self._quantity)
        for row in range(0, len(self._history.layers), step):
            top = rect.top() + (row + 0.5) * self._row_height - TEXT_ROW / 2
            top = min(max(top, 0.0), rect.bottom() - TEXT_ROW)
            at = QRectF(0, top, rect.left() - SPACING, TEXT_ROW)
            name = metrics.elidedText(
                escaped(self._history.layers[row]), Qt.TextElideMode.ElideMiddle, at.width()
            )
            painter.setPen(QColor(colors.muted))
            painter.drawText(at, Qt.AlignmentFlag.AlignRight | middle, name)
            at = QRectF(rect.right() + SPACING, top, _VALUE_WIDTH - SPACING, TEXT_ROW)
            mark = self._marks.get(row, "")
            if mark:
                painter.setPen(QColor(colors.warning))
                painter.drawText(at, Qt.AlignmentFlag.AlignLeft | middle, mark)
            painter.setPen(QColor(colors.warning if mark else colors.text))
            text = quantity_text(self._quantity, float(newest[row]))
            at.setLeft(at.left() + _MARK_WIDTH)
            painter.drawText(at, Qt.AlignmentFlag.AlignLeft | middle, text)

    def _paint_axis(self, painter: QPainter, rect: QRectF) -> None:
        epochs = self._history.epochs
        painter.setPen(QColor(current_theme().palette.muted))
        below = QRectF(rect.left(), rect.bottom() + 1, rect.width(), AXIS_HEIGHT)
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(below, Qt.AlignmentFlag.AlignLeft | middle, epoch_text(epochs[0]))
        if len(epochs) > 1:
            last = epoch_text(epochs[-1])
            painter.drawText(below, Qt.AlignmentFlag.AlignRight | middle, last)
        painter.drawText(below, Qt.AlignmentFlag.AlignHCenter | middle, self.tr("epoch"))
        beside = QRectF(rect.right() + SPACING, below.top(), _VALUE_WIDTH - SPACING, AXIS_HEIGHT)
        beside.setLeft(beside.left() + _MARK_WIDTH)
        painter.drawText(beside, Qt.AlignmentFlag.AlignLeft | middle, self.tr("now"))

    def _paint_scale(self, painter: QPainter, rect: QRectF, scale: FlowScale) -> None:
        """A strip of all colours, with the numbers they stand for below it."""
        colors = current_theme().palette
        top = rect.bottom() + AXIS_HEIGHT + SPACING / 2
        strip = QRectF(rect.left(), top, rect.width(), _STRIP)
        painter.drawImage(strip, image_of(scale_colors(np.linspace(0, 1, 256), 0, 1)[np.newaxis]))
        painter.setPen(QColor(colors.border))
        painter.drawRect(strip)
        painter.setPen(QColor(colors.muted))
        width = 7.0 * SPACING
        for value, text in scale_ticks(scale, max(2, int(strip.width() / width))):
            share = (value - scale.low) / (scale.high - scale.low)
            x = strip.left() + share * strip.width()
            painter.drawLine(QPointF(x, strip.bottom()), QPointF(x, strip.bottom() + 3))
            at = QRectF(x - width / 2, strip.bottom() + 3, width, 2 * SPACING)
            painter.drawText(at, Qt.AlignmentFlag.AlignHCenter, text)

    def _paint_cursor(self, painter: QPainter, rect: QRectF) -> None:
        if self.cursor_place is None:
            return
        colors = current_theme().palette
        row, column = self.cursor_place
        columns = np.flatnonzero(self._history.places(MAX_COLUMNS) == column)
        if not len(columns):
            columns = np.array([np.searchsorted(self._history.places(MAX_COLUMNS), column)])
        unit = rect.width() / MAX_COLUMNS
        left = rect.left() + min(int(columns[0]), MAX_COLUMNS - 1) * unit
        width = max(3.0, unit * len(columns))
        cell = QRectF(left, rect.top() + row * self._row_height, width, self._row_height)
        for color, size in ((colors.surface, 3), (colors.text, 1)):  # seen on any colour
            painter.setPen(QPen(QColor(color), size))
            painter.drawRect(cell)

    @Slot()
    def _recolor(self) -> None:
        self.update()

    # ---- mouse and keyboard

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._point(self.place_at(event.position()))

    def leaveEvent(self, event: QEvent) -> None:
        if not self.hasFocus():
            self._point(None)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and len(self._history):
            self._show_name(event)
            return True
        return super().event(event)

    def _show_name(self, event: QHelpEvent) -> None:
        """A name that does not fit is read in full under the mouse."""
        from PySide6.QtWidgets import QToolTip

        rect = self.picture_rect()
        y, height = event.pos().y() - rect.top(), self._row_height
        row = int(y / height)
        is_name = event.pos().x() < rect.left() and y >= 0 and row < len(self._history.layers)
        name = plain_tip(self._history.layers[row]) if is_name else ""
        QToolTip.showText(event.globalPos(), name, self)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        n_rows, n_columns = len(self._history.layers), len(self._history)
        if not n_columns:
            super().keyPressEvent(event)
            return
        row, column = self.cursor_place or (0, n_columns - 1)
        moves: dict[int, tuple[int, int]] = {
            Qt.Key.Key_Up: (row - 1, column),
            Qt.Key.Key_Down: (row + 1, column),
            Qt.Key.Key_Left: (row, column - 1),
            Qt.Key.Key_Right: (row, column + 1),
            Qt.Key.Key_Home: (row, 0),
            Qt.Key.Key_End: (row, n_columns - 1),
        }
        place = moves.get(event.key())
        if event.key() == Qt.Key.Key_Escape and self.cursor_place is not None:
            self._point(None)
        elif place is None:
            super().keyPressEvent(event)
        elif self.cursor_place is None:
            self._point((row, column))
        else:
            self._point((min(max(place[0], 0), n_rows - 1), min(max(place[1], 0), n_columns - 1)))


def quantity_text(quantity: Quantity, value: float) -> str:
    """A value as it is read: shares in per cent, sizes with two digits."""
    if math.isnan(value):
        return NOTHING
    if quantity is Quantity.DEAD:
        return percent_text(value)
    return rounded_text(value)


def epoch_text(epoch: float) -> str:
    """How many epochs were done, as precisely as tells them apart."""
    return f"{epoch:.2f}" if 0 < epoch < 10 else axis_number(epoch, 1.0)


def scale_ticks(scale: FlowScale, n_most: int) -> list[tuple[float, str]]:
    """Places on a scale that are labelled, both ends among them where there is room."""
    if not scale.is_log:
        return [(share, percent_text(share)) for share in (0.0, 0.5, 1.0)]
    n_decades = round(scale.high - scale.low)
    step = max(1, math.ceil(n_decades / max(1, n_most - 1)))
    exponents = [scale.low + step * index for index in range(n_decades // step + 1)]
    return [(exponent, power_number(exponent)) for exponent in exponents]
