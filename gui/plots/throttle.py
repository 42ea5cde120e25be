"""Redraws of a plot: coalesced, at most fifteen a second, none while it cannot be seen."""

from __future__ import annotations

import time
from typing import Final

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QWidget

INTERVAL_MS: Final = 1000 // 15


class Throttle(QObject):
    """Turns any number of requests into few redraws.

    Args:
        widget: What is redrawn; it owns the throttle. Its `showEvent` must call `shown`.

    Signals:
        due: Redraw now.
    """

    due = Signal()

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self._widget = widget
        self._is_wanted = False
        self._last = 0.0
        self.n_redraws = 0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setTimerType(Qt.TimerType.CoarseTimer)
        self._timer.timeout.connect(self.flush)

    @property
    def is_wanted(self) -> bool:
        """Something was asked for that is not drawn yet."""
        return self._is_wanted

    def request(self) -> None:
        """Asks for a redraw soon."""
        self._is_wanted = True
        if self._timer.isActive() or not self._widget.isVisible():
            return
        waited_ms = (time.monotonic() - self._last) * 1000
        self._timer.start(max(0, round(INTERVAL_MS - waited_ms)))

    def shown(self) -> None:
        """Catches up after the widget was hidden."""
        if self._is_wanted:
            self.request()

    @Slot()
    def flush(self) -> None:
        """Redraws now what was asked for."""
        self._timer.stop()
        if not self._is_wanted or not self._widget.isVisible():
            return
        self._is_wanted = False
        self._last = time.monotonic()
        self.n_redraws += 1
        self.due.emit()
