"""PolePlot: the cart and its pole, an episode replayed at the speed it really has."""

from __future__ import annotations

import math
import time
from typing import Final

from PySide6.QtCore import QPointF, QRectF, Qt, QTimer, Signal, Slot
from PySide6.QtGui import (
    QColor,
    QHideEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QShowEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from engine.events.insights import EpisodePlayed
from gui.formatting.numbers import MINUS
from gui.plots.saving import PlotSaver
from gui.style.theme import SPACING, TEXT_SMALL, current_theme, text_font

INTERVAL_MS: Final = 40
REST_S: Final = 1.0
"""How long the end of an episode is seen before the next one begins."""
# Of gymnasium's CartPole-v1, in metres: where an episode ends, and the pole.
_TRACK: Final = 2.4
_POLE: Final = 1.0
_CART: Final = (0.5, 0.3)


class PolePlot(QWidget):
    """Replays the newest episode again and again; it rests while it cannot be seen.

    Signals:
        moved(): Another step is shown.

    Args:
        parent: Owner.
    """

    moved = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.episode: EpisodePlayed | None = None
        self._next: EpisodePlayed | None = None
        self._began = 0.0
        self.step = 0
        self.saver = PlotSaver(self, dict)
        self.setMinimumSize(20 * SPACING, 14 * SPACING)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(self.tr("The pole on its cart"))
        self._timer = QTimer(self)
        self._timer.setInterval(INTERVAL_MS)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._advance)
        current_theme().changed.connect(self.update)

    @property
    def is_moving(self) -> bool:
        """An episode is being replayed."""
        return self._timer.isActive()

    def show_episode(self, episode: EpisodePlayed) -> None:
        """Plays an episode after the one that is being shown."""
        self._next = episode
        if self.episode is None:
            self._begin()

    def show_step(self, step: int) -> None:
        """Shows a step of the episode."""
        if self.episode is not None:
            self.step = max(0, min(step, self.episode.n_steps))
            self.moved.emit()
            self.update()

    @Slot()
    def _advance(self) -> None:
        episode = self.episode
        if episode is None:
            return
        elapsed = time.monotonic() - self._began
        if elapsed > episode.n_steps * episode.step_s + REST_S:
            self._begin()
            return
        step = min(int(elapsed / episode.step_s), episode.n_steps)
        if step != self.step:
            self.show_step(step)

    def _begin(self) -> None:
        self.episode, self._next = self._next or self.episode, None
        self._began = time.monotonic()
        if self.isVisible() and self.episode is not None:
            self._timer.start()
        self.show_step(0)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self.episode is not None:
            self._began = time.monotonic() - self.step * self.episode.step_s
            self._timer.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._timer.stop()

    def paintEvent(self, event: QPaintEvent) -> None:
        episode = self.episode
        if episode is None:
            return
        colors = current_theme().palette
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(colors.surface))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        position, _, angle, _ = (float(value) for value in episode.states[self.step])
        scale = min(self.width() / (2 * _TRACK + 1.2), self.height() / (_POLE + 1.1))
        ground = self.height() / 2 + 0.65 * scale
        middle = self.width() / 2
        self._paint_track(painter, middle, ground, scale)
        cart = QPointF(middle + position * scale, ground - _CART[1] * scale / 2 - 3)
        size = (_CART[0] * scale, _CART[1] * scale)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colors.series[0]))
        corner = QPointF(cart.x() - size[0] / 2, cart.y() - size[1] / 2)
        painter.drawRoundedRect(QRectF(corner.x(), corner.y(), *size), 3, 3)
        joint = QPointF(cart.x(), corner.y() + 0.2 * size[1])
        length = _POLE * scale
        tip = joint + QPointF(length * math.sin(angle), -length * math.cos(angle))
        pen = QPen(QColor(colors.series[1]), max(4.0, 0.09 * scale))
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        painter.drawLine(joint, tip)

    def _paint_track(self, painter: QPainter, middle: float, ground: float, scale: float) -> None:
        colors = current_theme().palette
        painter.setPen(QPen(QColor(colors.muted), 1))
        reach = _TRACK * scale
        painter.drawLine(QPointF(middle - reach, ground), QPointF(middle + reach, ground))
        painter.setFont(text_font(TEXT_SMALL))
        for place in (-_TRACK, 0.0, _TRACK):
            x = middle + place * scale
            painter.drawLine(QPointF(x, ground), QPointF(x, ground + 5))
            box = QRectF(x - 40, ground + 6, 80, 2 * SPACING)
            label = f"{place:.1f} m".replace("-", MINUS) if place else "0"
            painter.drawText(box, Qt.AlignmentFlag.AlignHCenter, label)
