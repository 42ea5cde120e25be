"""ShareBars: names with their probabilities as bars, one a line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from engine.devices.console.escaping import escaped
from engine.spec.formatting import percent_text
from gui.style.theme import SPACING, blend, current_theme, text_font

ROW_HEIGHT = 3 * SPACING


@dataclass(frozen=True)
class ShareRow:
    """A line.

    Attributes:
        name: What it is of.
        share: 0 to 1.
        is_said: It is what is said.
        threshold: From which share on it is said; None: the largest is.
        text: What stands behind the bar; empty: the share in percent.
    """

    name: str
    share: float
    is_said: bool = False
    threshold: float | None = None
    text: str = ""

    @property
    def words(self) -> str:
        """What stands behind the bar."""
        return self.text or percent_text(self.share, 1)


class ShareBars(QWidget):
    """Bars that grow from the left; what is said is in the accent colour, and bold."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows: tuple[ShareRow, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_rows(self, rows: Sequence[ShareRow]) -> None:
        """Shows other lines."""
        if len(rows) != len(self.rows):
            self.updateGeometry()
        self.rows = tuple(rows)
        self.setAccessibleName("; ".join(f"{row.name} {row.words}" for row in self.rows))
        self.setMinimumHeight(ROW_HEIGHT * len(self.rows))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(30 * SPACING, ROW_HEIGHT * len(self.rows))

    def paintEvent(self, _event: QPaintEvent) -> None:
        colors = current_theme().palette
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        plain, bold = text_font(), text_font(bold=True)
        metrics = QFontMetrics(bold)
        percent = metrics.horizontalAdvance("100.0 %") + SPACING
        widest = max((metrics.horizontalAdvance(escaped(it.name)) for it in self.rows), default=0)
        names = min(widest + 2 * SPACING, int(0.45 * self.width()))
        room = max(4 * SPACING, self.width() - names - percent - SPACING)
        for place, row in enumerate(self.rows):
            top = place * ROW_HEIGHT
            painter.setFont(bold if row.is_said else plain)
            painter.setPen(QColor(colors.text if row.is_said else colors.muted))
            name = QFontMetrics(painter.font()).elidedText(
                escaped(row.name), Qt.TextElideMode.ElideMiddle, names - SPACING
            )
            middle = int(Qt.AlignmentFlag.AlignVCenter)
            painter.drawText(QRectF(0, top, names - SPACING, ROW_HEIGHT), middle, name)
            right = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight)
            painter.drawText(
                QRectF(self.width() - percent, top, percent, ROW_HEIGHT),
                right,
                row.words,
            )
            groove = QRectF(names, top + ROW_HEIGHT / 2 - 5, room, 10)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colors.raised))
            painter.drawRoundedRect(groove, 3, 3)
            bar = QRectF(groove)
            bar.setWidth(max(2.0, room * min(1.0, max(0.0, row.share))))
            tone = colors.accent if row.is_said else blend(colors.raised, colors.muted, 0.6)
            painter.setBrush(QColor(tone))
            painter.drawRoundedRect(bar, 3, 3)
            if row.threshold is not None:
                at = names + room * row.threshold
                painter.setPen(QPen(QColor(colors.text), 1.5))
                painter.drawLine(int(at), top + 4, int(at), top + ROW_HEIGHT - 4)
