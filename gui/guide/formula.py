"""Formulas, typeset from LaTeX to SVG, and drawn as sharp as the screen is.

ziamath takes 0.2 s to import, so it is imported with the first formula that somebody reads.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from PySide6.QtCore import QByteArray, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

TEXT_SIZE: Final = 17
"""Height of the letters in pixels: a formula stands alone and has small indices."""


@lru_cache(maxsize=512)
def typeset(latex: str, color: str, size: int = TEXT_SIZE) -> str:
    """Returns a formula as SVG.

    Args:
        latex: The formula, without dollar signs.
        color: Colour of the letters, as ``#rrggbb``.
        size: Height of the letters in pixels.

    Raises:
        ValueError: It is no LaTeX that can be typeset.
    """
    import ziamath

    # Outlines and nothing that came with SVG 2, which Qt does not know.
    ziamath.config.svg2 = False
    try:
        svg: str = ziamath.Latex(latex, size=size, color=color).svg()
    except Exception as error:
        raise ValueError(f"This formula cannot be typeset: {latex!r}. {error}") from error
    return svg


def formula_size(latex: str) -> QSizeF:
    """Returns how large a formula is, in device-independent pixels."""
    return QSizeF(_renderer(latex, "#000000").viewBoxF().size())


def formula_image(latex: str, color: str, scale: float, ratio: float) -> QImage:
    """Draws a formula.

    Args:
        latex, color: As for `typeset`.
        scale: 1 for its own size, less where there is less room.
        ratio: Pixels of the screen in a device-independent one.
    """
    size = formula_size(latex) * scale
    image = QImage(
        QSize(round(size.width() * ratio), round(size.height() * ratio)),
        QImage.Format.Format_ARGB32_Premultiplied,
    )
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    _renderer(latex, color).render(painter, QRectF(image.rect()))
    painter.end()
    image.setDevicePixelRatio(ratio)
    return image


def _renderer(latex: str, color: str) -> QSvgRenderer:
    return QSvgRenderer(QByteArray(typeset(latex, color).encode()))
