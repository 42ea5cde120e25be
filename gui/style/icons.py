"""Icons of the window: one set (Phosphor), drawn as outlines, coloured by the theme.

The font and its table of names come with QtAwesome. They are read without importing that package:
its import and its first icon load a dozen fonts (0.2 s), the outlines of one take 0.02 s.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from PySide6.QtCore import QPointF, QRect, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QIcon,
    QIconEngine,
    QPainter,
    QPainterPath,
    QPixmap,
    QRawFont,
)

from engine.files.bounded import read_object
from gui.style.theme import blend, current_theme

_EM: Final = 256.0

NAMES: Final = {
    "data": "database",
    "model": "stack",
    "train": "chart-line",
    "results": "target",
    "runs": "list-bullets",
    "try": "flask",
    "start": "play",
    "pause": "pause",
    "resume": "play",
    "stop": "stop",
    "discard": "trash",
    "delete": "trash",
    "undo": "arrow-counter-clockwise",
    "redo": "arrow-clockwise",
    "restore": "arrow-u-up-left",
    "rename": "pencil-simple",
    "note": "note-pencil",
    "search": "magnifying-glass",
    "close": "x",
    "add": "plus",
    "copy": "copy",
    "folder": "folder-open",
    "file": "file-text",
    "export": "export",
    "settings": "gear-six",
    "light": "sun",
    "dark": "moon",
    "system": "circle-half",
    "info": "info",
    "warning": "warning",
    "error": "warning-circle",
    "success": "check-circle",
    "check": "check",
    "help": "question",
    "bell": "bell",
    "device": "cpu",
    "image": "image",
    "table": "table",
    "chart": "chart-bar",
    "scatter": "dots-nine",
    "time": "clock",
    "up": "caret-up",
    "down": "caret-down",
    "left": "caret-left",
    "right": "caret-right",
    "back": "arrow-left",
    "next": "arrow-right",
    "more": "dots-three",
    "overlay": "stack-simple",
    "reset": "arrow-counter-clockwise",
    "zoom": "magnifying-glass-plus",
    "keyboard": "keyboard",
    "text": "text-t",
    "sound": "microphone",
    "video": "film-strip",
    "series": "chart-line-up",
    "translate": "translate",
    "control": "game-controller",
}
"""What Descent calls an icon, and what Phosphor calls it."""


def icon(name: str, role: str = "text") -> QIcon:
    """Returns an icon that follows the theme by itself.

    Args:
        name: One of `NAMES`, or a name of Phosphor's such as ``chart-bar`` or ``play-fill``.
        role: The colour: a field of `Palette`, such as ``text``, ``muted``, ``accent``,
            ``on_accent`` or ``danger``. Disabled icons fade.

    Raises:
        KeyError: There is no such icon.
    """
    return QIcon(_GlyphEngine(NAMES.get(name, name), role))


def icon_pixmap(name: str, size: int, role: str = "text") -> QPixmap:
    """Returns an icon as a picture in today's colours, for a label.

    Args:
        name, role: As for `icon`.
        size: Edge in device-independent pixels.
    """
    return icon(name, role).pixmap(QSize(size, size))


class _GlyphEngine(QIconEngine):
    """Draws one outline, in the colour that the theme has at that moment."""

    def __init__(self, glyph: str, role: str) -> None:
        super().__init__()
        self._glyph = glyph
        self._role = role
        self._path = _outline(glyph)
        if not hasattr(current_theme().palette, role):
            raise KeyError(f"No colour is called {role!r}.")

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        palette = current_theme().palette
        color = getattr(palette, self._role)
        if mode is QIcon.Mode.Disabled:
            color = blend(color, palette.surface, 0.6)
        edge = min(rect.width(), rect.height())
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.translate(QPointF(rect.center()) - QPointF(edge - 1, edge - 1) / 2)
        painter.scale(edge / _EM, edge / _EM)
        painter.fillPath(self._path, QColor(color))
        painter.restore()

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        picture = QPixmap(size)
        if picture.isNull():  # whatever it is for has no room
            return picture
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        self.paint(painter, QRect(0, 0, size.width(), size.height()), mode, state)
        painter.end()
        return picture

    def clone(self) -> QIconEngine:
        return _GlyphEngine(self._glyph, self._role)


@cache
def _font() -> tuple[QRawFont, dict[str, str]]:
    package = find_spec("qtawesome")
    if package is None or not package.submodule_search_locations:
        raise RuntimeError("QtAwesome, which brings the icons, is not installed.")
    folder = Path(next(iter(package.submodule_search_locations))) / "fonts"
    font_file = max(folder.glob("phosphor-*.ttf"))
    names_file = max(folder.glob("phosphor-charmap-*.json"))
    names: dict[str, str] = read_object(names_file)
    return QRawFont(str(font_file), _EM), names


@cache
def _outline(glyph: str) -> QPainterPath:
    font, names = _font()
    if glyph not in names:
        raise KeyError(f"No icon is called {glyph!r}.")
    index = font.glyphIndexesForString(chr(int(names[glyph], 16)))[0]
    return font.pathForGlyph(index).translated(0.0, font.ascent())
