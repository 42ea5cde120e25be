"""Bars: examples per class, and the small histogram of a column."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from engine.devices.console.escaping import escaped
from gui.formatting.numbers import count_text, data_text
from gui.plots.saving import Columns, PlotSaver
from gui.style.theme import SPACING, TEXT_SMALL, blend, current_theme, text_font

_ROW: Final = 3 * SPACING
_BAR: Final = 12.0
_LONGEST_NAME: Final = 144.0
_MIDDLE: Final = Qt.AlignmentFlag.AlignVCenter


class ClassCountBars(QWidget):
    """Horizontal bars with the number of examples of each class; as tall as it has classes.

    Args:
        parent: Owner.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._names: tuple[str, ...] = ()
        self._counts: npt.NDArray[np.int64] = np.empty(0, np.int64)
        self.saver = PlotSaver(self, self.columns)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(self.tr("Examples per class"))
        current_theme().changed.connect(self.update)

    def columns(self) -> Columns:
        """The classes and their counts."""
        if not self._names:
            return {}
        return {self.tr("class"): self._names, self.tr("examples"): self._counts}

    def set_counts(self, names: Sequence[str], counts: npt.NDArray[np.integer]) -> None:
        """Shows counts.

        Args:
            names: Classes in index order.
            counts: Examples of each, (classes,).

        Raises:
            ValueError: There is not one count for each name.
        """
        if len(names) != len(counts):
            raise ValueError(
                f"There must be one count for each of {len(names)} names. Received: {len(counts)}"
            )
        self._names = tuple(map(escaped, names))
        self._counts = np.asarray(counts, np.int64)
        pairs = zip(self._names, self._counts.tolist(), strict=True)
        self.setAccessibleDescription(", ".join(f"{name} {count}" for name, count in pairs))
        self.updateGeometry()
        self.update()

    def clear(self) -> None:
        """Forgets the counts."""
        self.set_counts((), np.empty(0, np.int64))

    def sizeHint(self) -> QSize:
        return QSize(240, _ROW * len(self._names))

    def minimumSizeHint(self) -> QSize:
        return QSize(160, _ROW * len(self._names))

    def bar_rect(self, index: int) -> QRectF:
        """Returns where the bar of a class lies in the widget."""
        left, room = self._room()
        largest = max(1, int(self._counts.max()))
        length = room * int(self._counts[index]) / largest
        if self._counts[index]:
            length = max(2.0, length)
        return QRectF(left, index * _ROW + (_ROW - _BAR) / 2, length, _BAR)

    def _room(self) -> tuple[float, float]:
        """Returns where bars begin and how long they may be."""
        metrics = QFontMetricsF(text_font(TEXT_SMALL))
        names = max((metrics.horizontalAdvance(name) for name in self._names), default=0.0)
        left = min(_LONGEST_NAME, names, self.width() * 0.4) + SPACING
        counts = max((metrics.horizontalAdvance(f"{n}") for n in self._counts.tolist()), default=0)
        return left, max(8.0, self.width() - left - counts - 2 * SPACING)

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._names:
            return
        colors = current_theme().palette
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = text_font(TEXT_SMALL)
        painter.setFont(font)
        metrics = QFontMetricsF(font)
        left, _ = self._room()
        for index, name in enumerate(self._names):
            top = float(index * _ROW)
            if not event.rect().intersects(QRectF(0, top, self.width(), _ROW).toAlignedRect()):
                continue
            painter.setPen(QColor(colors.text))
            shown = metrics.elidedText(name, Qt.TextElideMode.ElideRight, left - SPACING)
            painter.drawText(QRectF(0, top, left, _ROW), _MIDDLE, shown)
            bar = self.bar_rect(index)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colors.series[index % len(colors.series)]))
            painter.drawRoundedRect(bar, 2, 2)
            painter.setPen(QColor(colors.muted))
            place = QRectF(bar.right() + SPACING, top, 120, _ROW)
            painter.drawText(place, _MIDDLE, count_text(self._counts[index]))
        painter.end()


class ColumnHistogram(QWidget):
    """The distribution of one column, small enough for a table cell or a list.

    Args:
        parent: Owner.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._counts: npt.NDArray[np.int64] = np.empty(0, np.int64)
        self._ends = (0.0, 0.0)
        self.saver = PlotSaver(self, self.columns)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        current_theme().changed.connect(self.update)

    def columns(self) -> Columns:
        """The lower and upper ends of the bins and their counts."""
        if not len(self._counts):
            return {}
        edges = np.linspace(*self._ends, len(self._counts) + 1)
        names = (self.tr("from"), self.tr("to"), self.tr("count"))
        return dict(zip(names, (edges[:-1], edges[1:], self._counts), strict=True))

    def set_counts(
        self, counts: npt.NDArray[np.integer], minimum: float, maximum: float, name: str = ""
    ) -> None:
        """Shows counts in equal bins.

        Args:
            counts: (bins,).
            minimum, maximum: Ends of the first and the last bin.
            name: For screen readers.
        """
        self._counts = np.asarray(counts, np.int64)
        self._ends = (float(minimum), float(maximum))
        self.setAccessibleName(name)
        if len(self._counts):
            low, high = (data_text(end) for end in self._ends)
            self.setAccessibleDescription(self.tr("from {0} to {1}").format(low, high))
        self.update()

    def clear(self) -> None:
        """Forgets the counts."""
        self.set_counts(np.empty(0, np.int64), 0.0, 0.0)

    def sizeHint(self) -> QSize:
        return QSize(160, 56)

    def minimumSizeHint(self) -> QSize:
        return QSize(80, 32)

    def bin_at(self, position: QPointF) -> int | None:
        """Returns the bin at a place in the widget."""
        if not len(self._counts):
            return None
        index = int(position.x() * len(self._counts) // max(1, self.width()))
        return min(len(self._counts) - 1, max(0, index))

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            index = self.bin_at(QPointF(event.pos()))
            if index is not None:
                low, high = self._ends
                width = (high - low) / len(self._counts)
                text = self.tr("{0} to {1}: {2}").format(
                    data_text(low + index * width),
                    data_text(low + (index + 1) * width),
                    count_text(self._counts[index]),
                )
                QToolTip.showText(event.globalPos(), text, self)
            return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        if not len(self._counts):
            return
        colors = current_theme().palette
        painter = QPainter(self)
        font = text_font(TEXT_SMALL)
        metrics = QFontMetricsF(font)
        has_text = self.height() >= 44
        floor = self.height() - (metrics.height() + 2 if has_text else 1)
        width = self.width() / len(self._counts)
        largest = max(1, int(self._counts.max()))
        for index, count in enumerate(self._counts.tolist()):
            height = max(1.0, (floor - 1) * count / largest) if count else 0.0
            left, right = round(index * width), round((index + 1) * width)
            bar = QRectF(left, floor - height, max(1, right - left - 1), height)
            painter.fillRect(bar, QColor(colors.series[0]))
        painter.fillRect(
            QRectF(0, floor, self.width(), 1), QColor(blend(colors.border, colors.muted, 0.3))
        )
        if has_text:
            painter.setFont(font)
            painter.setPen(QColor(colors.muted))
            area = QRectF(0, floor + 1, self.width(), metrics.height() + 2)
            low, high = (data_text(end) for end in self._ends)
            painter.drawText(area, Qt.AlignmentFlag.AlignLeft, low)
            painter.drawText(area, Qt.AlignmentFlag.AlignRight, high)
        painter.end()
