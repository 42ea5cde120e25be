"""ImageGrid: example images with their labels, drawn pixel for pixel."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, Signal, Slot
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QFontMetrics,
    QHelpEvent,
    QImage,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QResizeEvent,
)
from PySide6.QtWidgets import QFrame, QScrollArea, QToolTip, QWidget

from engine.devices.console.escaping import escaped
from gui.formatting.plain_text import plain_tip
from gui.style.theme import SPACING, TEXT_SMALL, current_theme, set_role, text_font
from gui.widgets.picture_menu import PictureMenu, ShownPicture

EDGE: Final = 11 * SPACING
"""Edge of an image on screen; a small image is enlarged by a whole factor, so it stays crisp."""


class ImageGrid(QScrollArea):
    """As many images in a row as fit, scrolling down.

    Signals:
        hovered(int): The mouse is over the image of that index; -1: over none.
        clicked(int): The image of that index was clicked.
    """

    hovered = Signal(int)
    clicked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._canvas = _Canvas()
        self._canvas.hovered.connect(self.hovered)
        self._canvas.clicked.connect(self.clicked)
        self._images: npt.NDArray[np.generic] | None = None
        self._folder: Path | None = None
        self.menu = PictureMenu(self._canvas, self._picture_at)
        self.setWidget(self._canvas)
        self.setAccessibleName(self.tr("Pictures"))
        set_role(self, "page")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setAutoFillBackground(False)

    @property
    def n_images(self) -> int:
        """Number of images shown."""
        return len(self._canvas.pictures)

    def set_images(
        self,
        images: npt.NDArray[np.generic],
        labels: Sequence[str],
        edge: int = EDGE,
        names: Sequence[str] = (),
    ) -> None:
        """Shows images.

        Args:
            images: (n, height, width, channels), 0 to 255, one or three channels.
            labels: One for each image.
            edge: The longer side on screen, about.
            names: What each is called; may be empty.
        """
        self.set_pictures([picture_of(image, edge) for image in images], labels, names)
        self._images = images

    def set_folder(self, folder: Path | None) -> None:
        """Says in which folder the files are that the names name; None: they name no files."""
        self._folder = folder

    def set_pictures(
        self, pictures: Sequence[QPixmap], labels: Sequence[str], names: Sequence[str] = ()
    ) -> None:
        """Shows pictures as they are.

        Args:
            pictures: All of one size, or smaller.
            labels: One for each picture, read below it.
            names: What each is called, told by its tool tip; may be empty.
        """
        self._images = None
        self._canvas.pictures = list(pictures)
        self._canvas.labels = list(labels)
        self._canvas.names = list(names)
        self._canvas.setAccessibleName(
            self.tr("{n} examples with their labels").format(n=len(labels))
        )
        self.verticalScrollBar().setValue(0)
        self._arrange()

    def set_picture(self, index: int, picture: QPixmap) -> None:
        """Shows another picture of the same size in place of one."""
        self._canvas.pictures[index] = picture
        self._canvas.update(self._canvas.rect_of(index))

    def shown_picture(self, index: int) -> ShownPicture:
        """What is shown there, with its own pixels and its file, as far as they are known."""
        canvas = self._canvas
        name = canvas.names[index] if index < len(canvas.names) else ""
        path = self._folder / name if self._folder is not None and name else None
        if self._images is None:
            image = canvas.pictures[index].toImage()
        else:
            image = image_of_pixels(self._images[index])
        title = name or canvas.labels[index]
        return ShownPicture(image, title, path if path is not None and path.is_file() else None)

    def _picture_at(self, place: QPoint) -> ShownPicture | None:
        index = self._canvas.index_at(place)
        return self.shown_picture(index) if index >= 0 else None

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """The menu key asks for the first picture that is seen; the pointer asks for its own."""
        if event.reason() is QContextMenuEvent.Reason.Keyboard and self.n_images:
            top = QPoint(1, self.verticalScrollBar().value() + SPACING + 1)
            first = max(0, self._canvas.index_at(top))
            self.menu.open(self._canvas.rect_of(first).center())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        self._canvas.arrange(self.viewport().width())


class _Canvas(QWidget):
    """The grid itself."""

    hovered = Signal(int)
    clicked = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.pictures: list[QPixmap] = []
        self.labels: list[str] = []
        self.names: list[str] = []
        self._hovered = -1
        self._cell = QSize(EDGE, EDGE)
        self.setMouseTracking(True)
        self._n_columns = 1
        self.setAutoFillBackground(False)
        current_theme().changed.connect(self._repaint)

    def _measure(self) -> QSize:
        """The room of one picture with its label."""
        label = QFontMetrics(text_font(TEXT_SMALL)).height()
        sizes = [picture.deviceIndependentSize().toSize() for picture in self.pictures]
        width = max((size.width() for size in sizes), default=EDGE)
        height = max((size.height() for size in sizes), default=EDGE)
        return QSize(width + SPACING, height + label + 2 * SPACING)

    def arrange(self, width: int) -> None:
        """Chooses the number of columns for a width."""
        cell = self._cell = self._measure()
        self._n_columns = max(1, width // cell.width())
        n_rows = -(-len(self.pictures) // self._n_columns)
        self.resize(width, SPACING + n_rows * cell.height())
        self.update()

    def rect_of(self, index: int) -> QRect:
        """Where a picture and its label are."""
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
            cell = self.rect_of(index)
            if not cell.intersects(event.rect()):
                continue
            size = picture.deviceIndependentSize().toSize()
            painter.drawPixmap(cell.topLeft(), picture)
            painter.setPen(QColor(palette.border))
            painter.drawRect(QRect(cell.topLeft(), size).adjusted(0, 0, -1, -1))
            painter.setPen(QColor(palette.muted))
            under = QRect(
                cell.left(), cell.top() + size.height() + 2, size.width(), metrics.height()
            )
            text = metrics.elidedText(
                escaped(self.labels[index]), Qt.TextElideMode.ElideRight, under.width()
            )
            painter.drawText(under, Qt.AlignmentFlag.AlignCenter, text)

    def event(self, event: QEvent) -> bool:
        if event.type() is QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            index = self.index_at(event.pos())
            if index >= 0:
                name = self.names[index] if index < len(self.names) else ""
                text = "\n".join(part for part in (name, self.labels[index]) if part)
                QToolTip.showText(event.globalPos(), plain_tip(text), self)
                return True
            QToolTip.hideText()
        return super().event(event)

    def index_at(self, place: QPoint) -> int:
        """Index of the picture at a place; -1: none is there."""
        cell = self._cell
        column = place.x() // cell.width()
        if column >= self._n_columns or place.y() < SPACING:
            return -1
        index = (place.y() - SPACING) // cell.height() * self._n_columns + column
        return int(index) if index < len(self.pictures) else -1

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hover(self.index_at(event.position().toPoint()))

    def leaveEvent(self, event: QEvent) -> None:
        self._hover(-1)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        index = self.index_at(event.position().toPoint())
        if index >= 0 and event.button() is Qt.MouseButton.LeftButton:
            self.clicked.emit(index)

    def _hover(self, index: int) -> None:
        if index != self._hovered:
            self._hovered = index
            self.hovered.emit(index)

    @Slot()
    def _repaint(self) -> None:
        self.update()


def image_of_pixels(image: npt.NDArray[np.generic]) -> QImage:
    """Returns an image, (height, width, channels) of 0 to 255, pixel for pixel."""
    pixels = np.ascontiguousarray(np.clip(image, 0, 255).astype(np.uint8))
    height, width, n_channels = pixels.shape
    if n_channels == 1:
        form = QImage.Format.Format_Grayscale8
    else:
        pixels = np.ascontiguousarray(pixels[..., :3])
        form = QImage.Format.Format_RGB888
    stride = pixels.strides[0]
    # The copy owns its memory; the array may go.
    return QImage(pixels.data, width, height, stride, form).copy()


def picture_of(image: npt.NDArray[np.generic], edge: int = EDGE) -> QPixmap:
    """Returns an image, (height, width, channels) of 0 to 255, enlarged or reduced to an edge."""
    picture = image_of_pixels(image)
    width, height = picture.width(), picture.height()
    longest = max(width, height)
    if longest <= edge:
        factor = max(1, edge // longest)
        size = QSize(width * factor, height * factor)
        how = Qt.TransformationMode.FastTransformation
    else:
        size = QSize(width * edge // longest, height * edge // longest).expandedTo(QSize(1, 1))
        how = Qt.TransformationMode.SmoothTransformation
    keep = Qt.AspectRatioMode.IgnoreAspectRatio
    return QPixmap.fromImage(picture.scaled(size, keep, how))
