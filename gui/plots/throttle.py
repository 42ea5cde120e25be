"""Redraws of a plot: coalesced, at most ten a second, none while it cannot be seen."""

from __future__ import annotations

import itertools
import time
from typing import Final

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QWidget

# Training uses every core: what drawing takes, it loses. Ten a second look fluent on a curve.
INTERVAL_MS: Final = 100

# Plots that take turns never add up to one long turn of the event loop.
N_TURNS: Final = 4
_phases = itertools.cycle(turn * INTERVAL_MS / N_TURNS for turn in range(N_TURNS))


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
        self._phase_ms = next(_phases)
        self.n_redraws = 0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
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
        self._timer.start(round((self._phase_ms - time.monotonic() * 1000) % INTERVAL_MS))

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
        self.n_redraws += 1
        self.due.emit()
