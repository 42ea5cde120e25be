"""The picture of a network as a file: SVG or PNG."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Final

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QImageWriter, QPainter
from PySide6.QtWidgets import QGraphicsScene

from engine.files import atomic_write
from gui.style.theme import current_theme

PNG_SCALE: Final = 2.0
MAX_SIDE: Final = 30_000
MAX_PIXELS: Final = 60_000_000
"""A picture of more pixels is made smaller: programs refuse images much larger than this."""


def save_picture(scene: QGraphicsScene, path: Path, title: str) -> None:
    """Writes a scene as its file's ending says: ``.png``, else SVG.

    Args:
        scene: What to draw, in today's colours.
        path: The file.
        title: What the file calls itself.

    Raises:
        WorkspaceError: It cannot be written; a file that was there is untouched.
    """
    is_png = path.suffix.lower() == ".png"
    atomic_write(path, png_of(scene) if is_png else svg_of(scene, title))


def svg_of(scene: QGraphicsScene, title: str) -> bytes:
    """A scene as SVG, with its texts as text."""
    from PySide6.QtSvg import QSvgGenerator  # its library is loaded for this alone

    area = scene.sceneRect()
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    generator = QSvgGenerator()
    generator.setOutputDevice(buffer)
    generator.setSize(QSize(math.ceil(area.width()), math.ceil(area.height())))
    generator.setViewBox(QRectF(0, 0, math.ceil(area.width()), math.ceil(area.height())))
    generator.setResolution(96)  # pixels as screens and browsers count them
    generator.setTitle(title)
    _draw(scene, QPainter(generator), QRectF(0, 0, area.width(), area.height()))
    return _content(buffer)


def png_of(scene: QGraphicsScene) -> bytes:
    """A scene as PNG, twice as large as on screen, or as large as images can be."""
    area = scene.sceneRect()
    scale = min(
        PNG_SCALE,
        MAX_SIDE / max(area.width(), area.height()),
        math.sqrt(MAX_PIXELS / (area.width() * area.height())),
    )
    size = QSize(math.ceil(area.width() * scale), math.ceil(area.height() * scale))
    image = QImage(size, QImage.Format.Format_RGB32)
    _draw(scene, QPainter(image), QRectF(0, 0, size.width(), size.height()))
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(buffer, QByteArray(b"png")).write(image)
    return _content(buffer)


def _draw(scene: QGraphicsScene, painter: QPainter, target: QRectF) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.fillRect(target, QColor(current_theme().palette.window))
    chosen = scene.selectedItems()
    was_blocked = scene.blockSignals(True)  # what is chosen is no part of the picture
    try:
        scene.clearSelection()
        scene.render(painter, target, scene.sceneRect(), Qt.AspectRatioMode.KeepAspectRatio)
    finally:
        for item in chosen:
            item.setSelected(True)
        scene.blockSignals(was_blocked)
        painter.end()


def _content(buffer: QBuffer) -> bytes:
    content: QByteArray = buffer.data()
    return bytes(content.data())
