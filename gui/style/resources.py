"""Pictures that come with the program."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QGuiApplication, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from gui.style.theme import RESOURCES

LOGO: Final = RESOURCES / "descent.svg"


def logo_pixmap(size: int) -> QPixmap:
    """Returns the program's logo.

    Args:
        size: Edge in device-independent pixels; drawn as sharp as the screen is.
    """
    ratio = QGuiApplication.primaryScreen().devicePixelRatio()
    picture = QPixmap(QSize(size, size) * ratio)
    picture.setDevicePixelRatio(ratio)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    QSvgRenderer(str(LOGO)).render(painter, QRectF(0, 0, size, size))
    painter.end()
    return picture


def application_icon() -> QIcon:
    """Returns the icon of the window and the task bar."""
    picture = QIcon()
    for size in (16, 24, 32, 48, 64, 128, 256):
        picture.addPixmap(logo_pixmap(size))
    return picture
