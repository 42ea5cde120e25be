"""SignedBars: what adds and what takes away, a bar each from a common zero."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from engine.devices.console.escaping import escaped
from gui.plots.saving import Columns, PlotSaver
from gui.style.theme import SPACING, TEXT_SMALL, current_theme, text_font

_ROW: Final = 3 * SPACING
_BAR: Final = 12.0
_LONGEST_NAME: Final = 240.0
_MIDDLE: Final = Qt.AlignmentFlag.AlignVCenter


@dataclass(frozen=True)
class SignedBar:
    """One bar.

    Attributes:
        name: What it is of.
        value: Its length, to the right where it adds.
        text: The value in words.
        low, high: Ends of its interval; both NaN: it has none.
    """

    name: str
    value: float
    text: str
    low: float = float("nan")
    high: float = float("nan")


class SignedBars(QWidget):
    """Horizontal bars, orange to the right and blue to the left of zero; as tall as needed.

    Args:
        parent: Owner.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bars: tuple[SignedBar, ...] = ()
        self.saver = PlotSaver(self, self.columns)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        current_theme().changed.connect(self.update)

    @property
    def bars(self) -> tuple[SignedBar, ...]:
        """What is shown, from the top."""
        return self._bars

    def set_bars(self, bars: Sequence[SignedBar]) -> None:
        """Shows bars from the top."""
        self._bars = tuple(bars)
        self.setAccessibleDescription(", ".join(f"{it.name} {it.text}" for it in bars))
        self.setFixedHeight(_ROW * len(self._bars))
        self.updateGeometry()
        self.update()

    def columns(self) -> Columns:
        """Names, values and intervals."""
        if not self._bars:
            return {}
        return {
            self.tr("name"): [it.name for it in self._bars],
            self.tr("value"): np.array([it.value for it in self._bars]),
            self.tr("low"): np.array([it.low for it in self._bars]),
            self.tr("high"): np.array([it.high for it in self._bars]),
        }

    def sizeHint(self) -> QSize:
        return QSize(320, _ROW * len(self._bars))

    def minimumSizeHint(self) -> QSize:
        return QSize(200, _ROW * len(self._bars))

    def _extent(self) -> tuple[float, float]:
        """The lowest and the highest place that is drawn; zero lies between."""
        places = [0.0]
        for bar in self._bars:
            places += [it for it in (bar.value, bar.low, bar.high) if np.isfinite(it)]
        low, high = min(places), max(places)
        return (low, high) if high > low else (0.0, 1.0)

    def _layout(self) -> tuple[float, float, float]:
        """Where names end, and where the bars' room begins and ends."""
        metrics = QFontMetricsF(text_font(TEXT_SMALL))
        longest = max((metrics.horizontalAdvance(escaped(it.name)) for it in self._bars), default=0)
        texts = max((metrics.horizontalAdvance(it.text) for it in self._bars), default=0.0)
        names = min(_LONGEST_NAME, longest, self.width() * 0.45)
        left = names + SPACING + texts + 2 * SPACING
        return names, left, max(left + 24.0, self.width() - 1.0)

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._bars:
            return
        colors = current_theme().palette
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = text_font(TEXT_SMALL)
        painter.setFont(font)
        metrics = QFontMetricsF(font)
        names, left, right = self._layout()
        low, high = self._extent()
        scale = (right - left) / (high - low)
        zero = left - low * scale
        painter.setPen(QPen(QColor(colors.border), 1))
        painter.drawLine(QPointF(zero, 0), QPointF(zero, self.height()))
        for index, bar in enumerate(self._bars):
            top = float(index * _ROW)
            name = metrics.elidedText(escaped(bar.name), Qt.TextElideMode.ElideRight, names)
            painter.setPen(QColor(colors.text))
            painter.drawText(QRectF(0, top, names, _ROW), _MIDDLE, name)
            painter.setPen(QColor(colors.muted))
            value_room = QRectF(names, top, left - names - 2 * SPACING, _ROW)
            painter.drawText(value_room, _MIDDLE | Qt.AlignmentFlag.AlignRight, bar.text)
            end = zero + bar.value * scale
            place = QRectF(min(zero, end), top + (_ROW - _BAR) / 2, abs(end - zero), _BAR)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colors.series[1 if bar.value >= 0 else 0]))
            painter.drawRoundedRect(place, 2, 2)
            if np.isfinite(bar.low) and np.isfinite(bar.high):
                self._paint_interval(painter, top + _ROW / 2, zero, scale, bar)
        painter.end()

    def _paint_interval(
        self, painter: QPainter, middle: float, zero: float, scale: float, bar: SignedBar
    ) -> None:
        painter.setPen(QPen(QColor(current_theme().palette.text), 1))
        low, high = zero + bar.low * scale, zero + bar.high * scale
        painter.drawLine(QPointF(low, middle), QPointF(high, middle))
        for end in (low, high):
            painter.drawLine(QPointF(end, middle - 3), QPointF(end, middle + 3))
