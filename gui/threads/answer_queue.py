"""AnswerQueue: what background threads have to say, until it is said in the GUI thread.

It belongs to the listener. A thread may end, and its object go, while its answers still wait here;
that it has ended waits behind them, so that whoever lets it go has heard everything before.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass

from PySide6.QtCore import QObject, Qt, QThread, QTimer, Signal, Slot

from engine.events.messages import Event

DRAIN_BUDGET_S = 0.004


@dataclass(frozen=True)
class _Answer:
    ticket: int
    event: Event


class AnswerQueue(QObject):
    """Hands on answers in the order in which they came, none lost, each once.

    A few milliseconds' worth at a time, so that a fast model cannot freeze the window.

    Signals, in the GUI thread:
        answered(ticket, event): An event of a question.
        ended(QThread): A thread has ended; everything that it put here was handed on before.
    """

    answered = Signal(object, object)
    ended = Signal(object)
    _arrived = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._guard = threading.Lock()
        self._waiting: deque[_Answer | QThread] = deque()
        self._is_woken = False
        self._drain_again = QTimer(self)
        self._drain_again.setSingleShot(True)
        self._drain_again.setInterval(0)
        self._drain_again.timeout.connect(self._drain)
        self._arrived.connect(self._drain, Qt.ConnectionType.QueuedConnection)

    def put(self, ticket: int, event: Event) -> None:
        """Takes an event of a question, from any thread."""
        self._put(_Answer(ticket, event))

    def put_end(self, thread: QThread) -> None:
        """Takes note that a thread has ended and will put nothing more."""
        self._put(thread)

    def _put(self, item: _Answer | QThread) -> None:
        with self._guard:
            self._waiting.append(item)
            wake, self._is_woken = not self._is_woken, True
        if wake:
            self._arrived.emit()

    def _next(self) -> _Answer | QThread | None:
        with self._guard:
            if self._waiting:
                return self._waiting.popleft()
            self._is_woken = False
            return None

    def _has_more(self) -> bool:
        """Something waits; without it no timer is left, which might outlive who listens."""
        with self._guard:
            return bool(self._waiting)

    @Slot()
    def _drain(self) -> None:
        deadline = time.perf_counter() + DRAIN_BUDGET_S
        while (item := self._next()) is not None:
            if isinstance(item, _Answer):
                self.answered.emit(item.ticket, item.event)
            else:
                self.ended.emit(item)
            if time.perf_counter() > deadline and self._has_more():
                self._drain_again.start()
                return
