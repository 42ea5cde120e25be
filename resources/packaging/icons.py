"""The program's icon as pictures of fixed sizes, drawn from `resources/descent.svg`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

SIZES: Final = (16, 24, 32, 48, 64, 128, 256, 512)
SOURCE: Final = Path(__file__).parents[1] / "descent.svg"


def draw(folder: Path) -> list[Path]:
    """Draws every size into a folder, as ``256.png``.

    Raises:
        OSError: A picture cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    drawing = QSvgRenderer(str(SOURCE))
    written = []
    for size in SIZES:
        picture = QImage(size, size, QImage.Format.Format_ARGB32)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        drawing.render(painter, QRectF(0, 0, size, size))
        painter.end()
        path = folder / f"{size}.png"
        if not picture.save(str(path)):
            raise OSError(f"The icon '{path}' cannot be written.")
        written.append(path)
    return written


if __name__ == "__main__":
    draw(Path(sys.argv[1]))
