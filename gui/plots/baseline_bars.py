"""BaselineBars: a number beside those of simple models, each with its interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from engine.devices.console.escaping import escaped
from gui.style.theme import SPACING, TEXT_SMALL, current_theme, text_font

ROW: Final = 2 * SPACING + 2
MOST: Final = 4


@dataclass(frozen=True)
class Bar:
    """One model.

    Attributes:
        name: What people read.
        value: Its number.
        text: The number as it is written.
        interval: Its ends; None: not known.
        is_own: It is the model that the page is about.
    """

    name: str
    value: float
    text: str
    interval: tuple[float, float] | None = None
    is_own: bool = False


class BaselineBars(QWidget):
    """Bars from zero on one scale, with a whisker each; or a sentence in their place."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.bars: tuple[Bar, ...] = ()
        self._words = ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(self.tr("Beside simple models"))
        current_theme().changed.connect(self.update)

    def set_bars(self, bars: Sequence[Bar], words: str = "") -> None:
        """Shows models; the room stays the same for any number of them.

        Args:
            bars: At most `MOST`; the rest is left out.
            words: Read where there are none.
        """
        self.bars = tuple(bars[:MOST])
        self._words = words
        said = ", ".join(f"{bar.name} {bar.text}" for bar in self.bars)
        self.setAccessibleDescription(said or words)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(40 * SPACING, MOST * ROW)

    def minimumSizeHint(self) -> QSize:
        return QSize(20 * SPACING, MOST * ROW)

    def paintEvent(self, _event: QPaintEvent) -> None:
        colors = current_theme().palette
        painter = QPainter(self)
        font = text_font(TEXT_SMALL)
        painter.setFont(font)
        if not self.bars:
            painter.setPen(QColor(colors.muted))
            flags = Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(QRectF(self.rect()), int(flags), escaped(self._words))
            painter.end()
            return
        metrics = QFontMetricsF(font)
        names = max(metrics.horizontalAdvance(escaped(bar.name)) for bar in self.bars)
        left = min(names + 2 * SPACING, 0.45 * self.width())
        values = max(metrics.horizontalAdvance(bar.text) for bar in self.bars)
        room = max(16.0, self.width() - left - values - 2 * SPACING)
        low, high = self._scale()
        top = (self.height() - ROW * len(self.bars)) / 2
        for bar in self.bars:
            self._paint_bar(painter, bar, QRectF(left, top, room, ROW), (low, high))
            painter.setPen(QColor(colors.text if bar.is_own else colors.muted))
            shown = metrics.elidedText(
                escaped(bar.name), Qt.TextElideMode.ElideRight, left - SPACING
            )
            middle = Qt.AlignmentFlag.AlignVCenter
            painter.drawText(QRectF(0, top, left, ROW), middle, shown)
            painter.drawText(QRectF(left + room + SPACING, top, values + 2, ROW), middle, bar.text)
            top += ROW
        painter.end()

    def _scale(self) -> tuple[float, float]:
        """From zero, or the lowest where there is less, to the largest end of all."""
        ends = [bar.value for bar in self.bars]
        ends += [end for bar in self.bars if bar.interval for end in bar.interval]
        finite = [end for end in ends if math.isfinite(end)]
        low, high = min(0.0, *finite, 0.0), max(0.0, *finite, 0.0)
        return low, high if high > low else low + 1.0

    def _paint_bar(
        self, painter: QPainter, bar: Bar, area: QRectF, scale: tuple[float, float]
    ) -> None:
        colors = current_theme().palette
        low, high = scale

        def at(value: float) -> float:
            share = (min(high, max(low, value)) - low) / (high - low)
            return area.left() + share * area.width()

        painter.fillRect(area.adjusted(0, 5, 0, -5), QColor(colors.raised))
        if math.isfinite(bar.value):
            zero, end = at(0.0), at(bar.value)
            rect = QRectF(min(zero, end), area.top() + 5, abs(end - zero), area.height() - 10)
            painter.fillRect(rect, QColor(colors.accent if bar.is_own else colors.series[7]))
        if bar.interval is not None and all(map(math.isfinite, bar.interval)):
            painter.setPen(QPen(QColor(colors.text), 1))
            middle = round(area.center().y())
            first, last = (round(at(end)) for end in bar.interval)
            painter.drawLine(first, middle, last, middle)
            for end in (first, last):
                painter.drawLine(end, middle - 3, end, middle + 3)
