"""PictureLabel: one picture as large as there is room, small ones pixel for pixel."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, QSize
from PySide6.QtGui import QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from gui.style.theme import SPACING
from gui.widgets.picture_menu import PictureMenu, ShownPicture


class PictureLabel(QWidget):
    """Paints a picture in the middle; its menu copies and saves it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: ShownPicture | None = None
        self.menu = PictureMenu(self, self._at)

    def show_picture(self, picture: ShownPicture) -> None:
        """Shows a picture in place of the one before."""
        self._shown = picture
        self.setAccessibleName(picture.title)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(24 * SPACING, 20 * SPACING)

    def minimumSizeHint(self) -> QSize:
        return QSize(8 * SPACING, 8 * SPACING)

    def paintEvent(self, _event: QPaintEvent) -> None:
        if self._shown is None or self._shown.image.isNull():
            return
        image: QImage = self._shown.image
        width, height = image.width(), image.height()
        scale = min(self.width() / width, self.height() / height)
        is_larger = scale >= 1
        if is_larger:
            scale = max(1, int(scale))  # a whole factor, so that it stays crisp
        size = QSize(max(1, round(width * scale)), max(1, round(height * scale)))
        corner = QPoint((self.width() - size.width()) // 2, (self.height() - size.height()) // 2)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, not is_larger)
        painter.drawImage(QRect(corner, size), image)

    def _at(self, _place: QPoint) -> ShownPicture | None:
        return self._shown
