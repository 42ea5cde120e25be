"""AttentionPlot: where tokens look, as a heat map with the tokens on both axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from engine.devices.console.escaping import escaped
from engine.spec.formatting import percent_text
from gui.formatting.plain_text import plain_tip
from gui.plots.colors import strength_colors
from gui.plots.large_map import SCALE_HEIGHT, image_of, paint_scale
from gui.plots.saving import PlotSaver
from gui.style.theme import SPACING, TEXT_SMALL, current_theme, text_font

_WIDEST: Final = 11.0 * SPACING
_LARGEST_CELL: Final = 4.0 * SPACING


class AttentionPlot(QWidget):
    """Rows are the tokens that look, columns those that are looked at; darker is more.

    Args:
        parent: Owner.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._queries: tuple[str, ...] = ()
        self._keys: tuple[str, ...] = ()
        self._weights = np.zeros((0, 0), np.float32)
        self.saver = PlotSaver(self, dict)
        self.setMinimumSize(16 * SPACING, 16 * SPACING)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(self.tr("Attention"))
        current_theme().changed.connect(self.update)

    def show_weights(
        self, queries: Sequence[str], keys: Sequence[str], weights: npt.NDArray[np.floating]
    ) -> None:
        """Shows weights.

        Args:
            queries: Tokens that look.
            keys: Tokens that are looked at.
            weights: (queries, keys), from 0 to 1.

        Raises:
            ValueError: There is not one row for each query, or not one column for each key.
        """
        if weights.shape != (len(queries), len(keys)):
            raise ValueError(
                f"There must be {len(queries)} rows and {len(keys)} columns. "
                f"Received: {weights.shape}"
            )
        self._queries, self._keys = tuple(map(escaped, queries)), tuple(map(escaped, keys))
        self._weights = np.asarray(weights, np.float32)
        self.update()

    def text_at(self, place: QPointF) -> str:
        """What the cell at a place says; empty where there is none."""
        area = self._area()
        if not area.contains(place) or not self._weights.size:
            return ""
        row = int((place.y() - area.top()) / area.height() * len(self._queries))
        column = int((place.x() - area.left()) / area.width() * len(self._keys))
        row, column = min(row, len(self._queries) - 1), min(column, len(self._keys) - 1)
        weight = self._weights[row, column]
        text = self.tr("“{query}” looks at “{key}”: {weight}")
        return text.format(
            query=self._queries[row], key=self._keys[column], weight=percent_text(weight)
        )

    def _area(self) -> QRectF:
        """Where the cells are."""
        left, top = self._room(self._queries), self._room(self._keys)
        width = min(self.width() - left - 1, _LARGEST_CELL * len(self._keys))
        height = min(self.height() - top - 1 - SCALE_HEIGHT, _LARGEST_CELL * len(self._queries))
        return QRectF(left, top, max(1.0, width), max(1.0, height))

    def _room(self, tokens: Sequence[str]) -> float:
        metrics = QFontMetricsF(text_font(TEXT_SMALL))
        widest = max((metrics.horizontalAdvance(token) for token in tokens), default=0.0)
        return min(_WIDEST, widest) + SPACING

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._weights.size:
            return
        colors = current_theme().palette
        painter = QPainter(self)
        area = self._area()
        # From nothing to the most there is: attention spread over many tokens is small everywhere.
        most = float(self._weights.max()) or 1.0
        painter.drawImage(area, image_of(strength_colors(self._weights / most, colors)))
        painter.setPen(QColor(colors.border))
        painter.drawRect(area)
        painter.setPen(QColor(colors.text))
        painter.setFont(text_font(TEXT_SMALL))
        self._paint_queries(painter, area)
        self._paint_keys(painter, area)
        ramp = strength_colors(np.linspace(0, 1, 64), colors)
        high = percent_text(most)
        paint_scale(painter, self.width() / 2, area.bottom() + SPACING, ramp, "0", high)

    def _paint_queries(self, painter: QPainter, area: QRectF) -> None:
        metrics = QFontMetricsF(painter.font())
        height = area.height() / len(self._queries)
        step = max(1, int(np.ceil(metrics.height() / height)))
        align = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for row in range(0, len(self._queries), step):
            middle = area.top() + (row + 0.5) * height
            box = QRectF(0, middle - metrics.height(), area.left() - 4, 2 * metrics.height())
            painter.drawText(box, align, self._short(self._queries[row], metrics, box.width()))

    def _paint_keys(self, painter: QPainter, area: QRectF) -> None:
        metrics = QFontMetricsF(painter.font())
        width = area.width() / len(self._keys)
        step = max(1, int(np.ceil(0.8 * metrics.height() / width)))
        is_upright = all(metrics.horizontalAdvance(key) <= width for key in self._keys)
        align = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        for column in range(0, len(self._keys), step):
            middle = area.left() + (column + 0.5) * width
            if is_upright:
                box = QRectF(middle - width / 2, 0, width, area.top() - 2)
                bottom = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignBottom
                painter.drawText(box, bottom, self._keys[column])
                continue
            painter.save()
            painter.translate(middle, area.top() - 4)
            painter.rotate(-90)
            box = QRectF(0, -metrics.height(), area.top() - 4, 2 * metrics.height())
            painter.drawText(box, align, self._short(self._keys[column], metrics, box.width()))
            painter.restore()

    def _short(self, token: str, metrics: QFontMetricsF, room: float) -> str:
        return metrics.elidedText(token, Qt.TextElideMode.ElideRight, room)

    def event(self, event: QEvent) -> bool:
        if event.type() is QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            text = self.text_at(QPointF(event.pos()))
            if text:
                QToolTip.showText(event.globalPos(), plain_tip(text), self)
            else:
                QToolTip.hideText()
            return True
        return super().event(event)
