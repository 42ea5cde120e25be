"""LargeMap: one small picture drawn as large as there is room, over a scale of its colours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from gui.formatting.numbers import data_text
from gui.plots.saving import PlotSaver
from gui.style.theme import SPACING, TEXT_SMALL, current_theme, text_font

_SCALE: Final = 8.0
_WIDEST: Final = 24.0 * SPACING
SCALE_HEIGHT: Final = 4 * SPACING
"""Room that a scale takes below a picture."""


@dataclass(frozen=True)
class Scale:
    """What the colours of a map mean.

    Attributes:
        low, high: Values at the ends.
        colors: Red, green and blue from the lowest to the highest, (steps, 3) uint8.
    """

    low: float
    high: float
    colors: npt.NDArray[np.uint8]


class LargeMap(QWidget):
    """A picture and what its colours mean.

    Args:
        parent: Owner.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._image: QImage | None = None
        self._scale: Scale | None = None
        self.is_stretched = self._is_smooth = False
        self.saver = PlotSaver(self, dict)
        self.setMinimumSize(12 * SPACING, 12 * SPACING)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        current_theme().changed.connect(self.update)

    def show_map(
        self,
        pixels: npt.NDArray[np.uint8],
        scale: Scale | None = None,
        is_stretched: bool = False,
        is_smooth: bool = False,
    ) -> None:
        """Shows a picture.

        Args:
            pixels: Red, green and blue, (height, width, 3).
            scale: What its colours mean; None: it is a picture of something.
            is_stretched: Fill the room instead of keeping pixels square, as of places in time.
            is_smooth: Blend neighbouring pixels, as of values over a plane.
        """
        self._image = image_of(pixels)
        self._scale = scale
        self.is_stretched, self._is_smooth = is_stretched, is_smooth
        self.update()

    def picture_rect(self) -> QRectF:
        """Where the picture is drawn."""
        image = self._image
        if image is None:
            return QRectF()
        room = QRectF(self.rect()).adjusted(0, 0, -1, -(SCALE_HEIGHT if self._scale else 0) - 1)
        if self.is_stretched:
            return room
        factor = min(room.width() / image.width(), room.height() / image.height())
        size = (image.width() * factor, image.height() * factor)
        left = room.left() + (room.width() - size[0]) / 2
        return QRectF(QPointF(left, room.top()), QPointF(left + size[0], room.top() + size[1]))

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._image is None:
            return
        colors = current_theme().palette
        painter = QPainter(self)
        place = self.picture_rect()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self._is_smooth)
        painter.drawImage(place, self._image)
        painter.setPen(QColor(colors.border))
        painter.drawRect(place)
        if self._scale is not None:
            scale = self._scale
            ends = data_text(scale.low), data_text(scale.high)
            paint_scale(painter, self.width() / 2, place.bottom() + SPACING, scale.colors, *ends)


def paint_scale(
    painter: QPainter, middle: float, top: float, colors: npt.NDArray[np.uint8], low: str, high: str
) -> None:
    """Paints what colours mean: a strip with the ends written below it; `SCALE_HEIGHT` high.

    Args:
        painter: Paints.
        middle, top: Where.
        colors: Red, green and blue from the lowest to the highest, (steps, 3).
        low, high: What the ends mean.
    """
    palette = current_theme().palette
    width = min(_WIDEST, 2 * middle - 2)
    strip = QRectF(middle - width / 2, top, width, _SCALE)
    painter.drawImage(strip, image_of(colors[np.newaxis]))
    painter.setPen(QColor(palette.border))
    painter.drawRect(strip)
    painter.setPen(QColor(palette.muted))
    painter.setFont(text_font(TEXT_SMALL))
    under = QRectF(strip.left(), strip.bottom() + 1, width, 2 * SPACING)
    center = Qt.AlignmentFlag.AlignVCenter
    painter.drawText(under, Qt.AlignmentFlag.AlignLeft | center, low)
    painter.drawText(under, Qt.AlignmentFlag.AlignRight | center, high)


def image_of(pixels: npt.NDArray[np.uint8]) -> QImage:
    """Returns an image of red, green and blue, (height, width, 3), that owns its memory."""
    pixels = np.ascontiguousarray(pixels)
    height, width = pixels.shape[:2]
    return QImage(pixels.data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()
