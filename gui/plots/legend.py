"""LegendBar: names, colours and values of the curves of a plot, in one line above it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from pyqtgraph.graphicsItems.ScatterPlotItem import Symbols
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from engine.devices.console.escaping import escaped
from gui.style.theme import SPACING, TEXT_SMALL, current_theme, text_font

_SWATCH: Final = 14
_LINE_HEIGHT: Final = 20


@dataclass(frozen=True)
class LegendEntry:
    """One curve.

    Attributes:
        name: What people read.
        color: ``#rrggbb``.
        value: At the crosshair or the last one, in words; empty for none.
        mark: ``line``, ``dashes``, ``dot`` or ``area``, as it is drawn; or pyqtgraph's name of the
            shape of points, such as ``shape:s``.
    """

    name: str
    color: str
    value: str = ""
    mark: str = "line"


class LegendBar(QWidget):
    """Paints entries side by side, in as many lines as they need; a caption at the right.

    Values take the room of the widest one so far, so that nothing moves while they change.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._entries: tuple[LegendEntry, ...] = ()
        self._caption = self._short_caption = self._shown_caption = ""
        self._widths: list[float] = []
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self._font = text_font(TEXT_SMALL)
        self._metrics = QFontMetricsF(self._font)
        self._needs_line = False

    @property
    def entries(self) -> tuple[LegendEntry, ...]:
        """What is shown."""
        return self._entries

    @property
    def caption(self) -> str:
        """What is read at the right."""
        return self._caption

    def set_entries(
        self, entries: tuple[LegendEntry, ...], caption: str = "", short_caption: str = ""
    ) -> None:
        """Shows entries, and at the right for example where the crosshair is.

        Args:
            entries: The curves.
            caption: What is read at the right.
            short_caption: The same in fewer letters, for where it spares a line.
        """
        if entries == self._entries and caption == self._caption:
            return
        before = self.heightForWidth(self.width())
        if [entry.name for entry in entries] != [entry.name for entry in self._entries]:
            self._widths = [0.0] * len(entries)
        entries = tuple(replace(entry, name=escaped(entry.name)) for entry in entries)
        self._measure(entries)
        self._entries, self._caption = entries, escaped(caption)
        self._short_caption = escaped(short_caption) or self._caption
        self.setAccessibleDescription(self.text())
        if self.heightForWidth(self.width()) != before:
            self.updateGeometry()
        self.update()

    def _measure(self, entries: tuple[LegendEntry, ...]) -> None:
        """Widens the room for values where it must be."""
        needed = [self._metrics.horizontalAdvance(entry.value) for entry in entries]
        self._widths = [max(pair) for pair in zip(needed, self._widths, strict=True)]

    def text(self) -> str:
        """Returns what it shows in words, for screen readers and tests."""
        parts = [f"{entry.name} {entry.value}".strip() for entry in self._entries]
        return ", ".join([*parts, self._caption] if self._caption else parts)

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        places = self._places(width)
        rows = 1 + (int(places[-1].y()) // _LINE_HEIGHT if places else 0)
        rows += 1 if self._needs_line else 0
        return rows * _LINE_HEIGHT

    def sizeHint(self) -> QSize:
        return QSize(120, self.heightForWidth(max(self.width(), 240)))

    def minimumSizeHint(self) -> QSize:
        return QSize(0, _LINE_HEIGHT)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Other rows may be needed for another width; not every layout asks again."""
        super().resizeEvent(event)
        if self.height() != self.heightForWidth(self.width()):
            self.updateGeometry()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.ApplicationFontChange):
            self._font = text_font(TEXT_SMALL)
            self._metrics = QFontMetricsF(self._font)
            self._widths = [0.0] * len(self._entries)
            self._measure(self._entries)
            self.updateGeometry()
        super().changeEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        colors = current_theme().palette
        painter = QPainter(self)
        painter.setFont(self._font)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for entry, place in zip(self._entries, self._places(self.width()), strict=True):
            _paint_mark(painter, entry, place)
            left = place.x() + _SWATCH + SPACING / 2
            name_width = self._metrics.horizontalAdvance(entry.name)
            painter.setPen(QColor(colors.muted))
            height = float(_LINE_HEIGHT)
            middle = Qt.AlignmentFlag.AlignVCenter
            painter.drawText(QRectF(left, place.y(), name_width + 2, height), middle, entry.name)
            painter.setPen(QColor(colors.text))
            left += name_width + SPACING / 2
            painter.drawText(QRectF(left, place.y(), 400.0, height), middle, entry.value)
        if self._shown_caption:
            painter.setPen(QColor(colors.muted))
            painter.drawText(
                QRectF(0, self.height() - _LINE_HEIGHT, self.width(), _LINE_HEIGHT),
                Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight,
                self._shown_caption,
            )
        painter.end()

    def _places(self, width: int) -> list[QPointF]:
        """Returns the top left corner of each entry."""
        places: list[QPointF] = []
        x = y = 0.0
        for entry, value in zip(self._entries, self._widths, strict=True):
            needed = _SWATCH + SPACING / 2 + self._metrics.horizontalAdvance(entry.name)
            needed += value + SPACING / 2 if value else 0.0
            if x > 0 and x + needed > width:
                x, y = 0.0, y + _LINE_HEIGHT
            places.append(QPointF(x, y))
            x += needed + 2 * SPACING
        fits = [
            text for text in (self._caption, self._short_caption) if x + self._room(text) <= width
        ]
        self._needs_line = x > 0 and not fits
        self._shown_caption = fits[0] if fits else self._caption
        return places

    def _room(self, text: str) -> float:
        return self._metrics.horizontalAdvance(text) if text else 0.0


def _paint_mark(painter: QPainter, entry: LegendEntry, place: QPointF) -> None:
    middle = place.y() + _LINE_HEIGHT / 2
    color = QColor(entry.color)
    if entry.mark == "dot":
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        painter.drawEllipse(QPointF(place.x() + _SWATCH / 2, middle), 3.0, 3.0)
    elif entry.mark.startswith("shape:"):
        painter.save()
        painter.translate(place.x() + _SWATCH / 2, middle)
        painter.scale(8, 8)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        if entry.mark[-1] in "+x":
            painter.setPen(QPen(color, 0.0))
        painter.drawPath(Symbols[entry.mark.removeprefix("shape:")])
        painter.restore()
    elif entry.mark == "area":
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        painter.drawRoundedRect(QRectF(place.x() + 2, middle - 5, 10, 10), 2, 2)
    else:
        pen = QPen(color, 2.0)
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        if entry.mark == "dashes":
            pen.setDashPattern([2.0, 1.5])
        painter.setPen(pen)
        painter.drawLine(QPointF(place.x(), middle), QPointF(place.x() + _SWATCH, middle))
