"""ImageGrid: example images with their labels, drawn pixel for pixel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, Slot
from PySide6.QtGui import (
    QColor,
    QFontMetrics,
    QHelpEvent,
    QImage,
    QPainter,
    QPaintEvent,
    QPixmap,
    QResizeEvent,
)
from PySide6.QtWidgets import QFrame, QScrollArea, QToolTip, QWidget

from gui.theme import SPACING, TEXT_SMALL, current_theme, text_font

EDGE: Final = 11 * SPACING
"""Edge of an image on screen; a small image is enlarged by a whole factor, so it stays crisp."""


class ImageGrid(QScrollArea):
    """As many images in a row as fit, scrolling down."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._canvas = _Canvas()
        self.setWidget(self._canvas)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setAutoFillBackground(False)

    @property
    def n_images(self) -> int:
        """Number of images shown."""
        return len(self._canvas.pictures)

    def set_images(self, images: npt.NDArray[np.generic], labels: Sequence[str]) -> None:
        """Shows images.

        Args:
            images: (n, height, width, channels), 0 to 255, one or three channels.
            labels: One for each image.
        """
        self._canvas.pictures = [_picture(image) for image in images]
        self._canvas.labels = list(labels)
        self._canvas.setAccessibleName(
            self.tr("{n} example images with their labels").format(n=len(labels))
        )
        self.verticalScrollBar().setValue(0)
        self._arrange()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        self._canvas.arrange(self.viewport().width())


class _Canvas(QWidget):
    """The grid itself."""

    def __init__(self) -> None:
        super().__init__()
        self.pictures: list[QPixmap] = []
        self.labels: list[str] = []
        self._n_columns = 1
        self.setAutoFillBackground(False)
        current_theme().changed.connect(self._repaint)

    @property
    def _cell(self) -> QSize:
        label = QFontMetrics(text_font(TEXT_SMALL)).height()
        edge = max((max(p.width(), p.height()) for p in self.pictures), default=EDGE)
        return QSize(edge + SPACING, edge + label + 2 * SPACING)

    def arrange(self, width: int) -> None:
        """Chooses the number of columns for a width."""
        cell = self._cell
        self._n_columns = max(1, width // cell.width())
        n_rows = -(-len(self.pictures) // self._n_columns)
        self.resize(width, SPACING + n_rows * cell.height())
        self.update()

    def _rect(self, index: int) -> QRect:
        row, column = divmod(index, self._n_columns)
        cell = self._cell
        return QRect(QPoint(column * cell.width(), SPACING + row * cell.height()), cell)

    def paintEvent(self, event: QPaintEvent) -> None:
        palette = current_theme().palette
        painter = QPainter(self)
        font = text_font(TEXT_SMALL)
        painter.setFont(font)
        metrics = QFontMetrics(font)
        for index, picture in enumerate(self.pictures):
            cell = self._rect(index)
            if not cell.intersects(event.rect()):
                continue
            painter.drawPixmap(cell.topLeft(), picture)
            painter.setPen(QColor(palette.border))
            painter.drawRect(QRect(cell.topLeft(), picture.size()).adjusted(0, 0, -1, -1))
            painter.setPen(QColor(palette.muted))
            under = QRect(
                cell.left(), cell.top() + picture.height() + 2, picture.width(), metrics.height()
            )
            text = metrics.elidedText(
                self.labels[index], Qt.TextElideMode.ElideRight, under.width()
            )
            painter.drawText(under, Qt.AlignmentFlag.AlignCenter, text)

    def event(self, event: QEvent) -> bool:
        if event.type() is QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            for index, label in enumerate(self.labels):
                if self._rect(index).contains(event.pos()):
                    QToolTip.showText(event.globalPos(), label, self)
                    return True
            QToolTip.hideText()
        return super().event(event)

    @Slot()
    def _repaint(self) -> None:
        self.update()


def _picture(image: npt.NDArray[np.generic]) -> QPixmap:
    """An image (height, width, channels) as a pixmap, enlarged or reduced to about `EDGE`."""
    pixels = np.ascontiguousarray(np.clip(image, 0, 255).astype(np.uint8))
    height, width, n_channels = pixels.shape
    if n_channels == 1:
        form = QImage.Format.Format_Grayscale8
    else:
        pixels = np.ascontiguousarray(pixels[..., :3])
        form = QImage.Format.Format_RGB888
    stride = pixels.strides[0]
    # The copy owns its memory; the array may go.
    picture = QImage(pixels.data, width, height, stride, form).copy()
    longest = max(width, height)
    if longest <= EDGE:
        factor = max(1, EDGE // longest)
        size = QSize(width * factor, height * factor)
        how = Qt.TransformationMode.FastTransformation
    else:
        size = QSize(width * EDGE // longest, height * EDGE // longest).expandedTo(QSize(1, 1))
        how = Qt.TransformationMode.SmoothTransformation
    keep = Qt.AspectRatioMode.IgnoreAspectRatio
    return QPixmap.fromImage(picture.scaled(size, keep, how))
