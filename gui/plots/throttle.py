"""Redraws of a plot: coalesced, few a second, none while it cannot be seen."""

from __future__ import annotations

import itertools
import time
from typing import Final

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QWidget

from gui.plots.pace import FOLLOWING

INTERVAL_MS: Final = 100
"""Between redraws that people ask for: ten a second look fluent."""

# Plots that take turns never add up to one long turn of the event loop.
N_TURNS: Final = 4
_phases = itertools.cycle(turn / N_TURNS for turn in range(N_TURNS))


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
        self._phase = next(_phases)
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
        """Asks for a redraw soon: something was chosen, moved or made larger."""
        self._ask(INTERVAL_MS)

    def follow(self) -> None:
        """Asks for a redraw in its turn: a training went on."""
        self._ask(FOLLOWING.interval_ms)

    def _ask(self, interval_ms: int) -> None:
        self._is_wanted = True
        if not self._widget.isVisible():
            return
        wait_ms = round((self._phase * interval_ms - time.monotonic() * 1000) % interval_ms)
        if not self._timer.isActive() or wait_ms < self._timer.remainingTime():
            self._timer.start(wait_ms)

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
