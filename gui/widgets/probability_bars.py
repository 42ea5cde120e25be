"""ProbabilityBars: how likely a model finds each of a few classes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from engine.devices.console.escaping import escaped
from engine.spec.formatting import NOTHING, percent_text
from gui.style.theme import SPACING, TEXT_SMALL, current_theme, text_font

ROW: Final = 2 * SPACING + 2
_VALUE: Final = 6 * SPACING


class ProbabilityBars(QWidget):
    """A bar for each class, the true one marked."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shares: tuple[tuple[str, float], ...] = ()
        self._truth = ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(self.tr("Probabilities"))
        current_theme().changed.connect(self.update)

    def set_shares(self, shares: Sequence[tuple[str, float]], truth: str = "") -> None:
        """Shows classes with their probabilities, in order; `truth` is the true class, if known."""
        self._shares, self._truth = tuple(shares), truth
        said = (f"{name} {_share_text(share)}" for name, share in shares)
        self.setAccessibleDescription(", ".join(said))
        self.setVisible(bool(shares))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(20 * SPACING, ROW * len(self._shares))

    def minimumSizeHint(self) -> QSize:
        return QSize(14 * SPACING, ROW * len(self._shares))

    def paintEvent(self, _event: QPaintEvent) -> None:
        colors = current_theme().palette
        painter = QPainter(self)
        font = text_font(TEXT_SMALL)
        painter.setFont(font)
        metrics = QFontMetricsF(font)
        names = max(
            (metrics.horizontalAdvance(escaped(name)) for name, _ in self._shares), default=0
        )
        left = min(names + SPACING, 0.4 * self.width())
        room = max(8.0, self.width() - left - _VALUE - SPACING)
        middle = Qt.AlignmentFlag.AlignVCenter
        for place, (name, share) in enumerate(self._shares):
            top = float(place * ROW)
            is_true = name == self._truth
            painter.setPen(QColor(colors.text if is_true else colors.muted))
            shown = metrics.elidedText(escaped(name), Qt.TextElideMode.ElideRight, left - SPACING)
            painter.drawText(QRectF(0, top, left, ROW), middle, shown)
            value = share if math.isfinite(share) else 0.0
            painter.fillRect(QRectF(left, top + 5, room, ROW - 10), QColor(colors.raised))
            bar = QRectF(left, top + 5, room * min(1.0, max(0.0, value)), ROW - 10)
            painter.fillRect(bar, QColor(colors.series[2] if is_true else colors.series[0]))
            end = QRectF(left + room + SPACING, top, _VALUE, ROW)
            painter.drawText(end, middle, _share_text(share))
        painter.end()


def _share_text(share: float) -> str:
    return percent_text(share, 1) if math.isfinite(share) else NOTHING
