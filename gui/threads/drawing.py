"""Drawing: asks a plot of another package what to draw, in a thread of its own.

The program's end does not wait for that thread, and it touches nothing of Qt's: nobody knows how
long someone else's code takes, and what is left of the window when it returns.
"""

from __future__ import annotations

import itertools
import logging
import queue
import threading
import traceback

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from engine.errors import PluginError
from engine.spec.plugins.plots import Chart, Plot, RunData

logger = logging.getLogger(__name__)

LOOK_EVERY_MS = 50

Answer = tuple[int, Chart | PluginError | None]

_tickets = itertools.count(1)


class Drawing(QObject):
    """Asks plots; none of its methods waits.

    Signals:
        answered(ticket, answer): A `Chart`, None where nothing is to be drawn of this run, or a
            `PluginError` that says why it cannot be drawn.
    """

    answered = Signal(object, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._answers: queue.SimpleQueue[Answer] = queue.SimpleQueue()
        self._n_waiting = 0
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_EVERY_MS)
        self._timer.timeout.connect(self._look)

    def ask(self, plot: Plot, run: RunData) -> int:
        """Asks one plot about a run; returns the ticket under which its answer comes."""
        ticket = next(_tickets)
        threading.Thread(
            target=_draw, args=(self._answers, ticket, plot, run), name="plot", daemon=True
        ).start()
        self._n_waiting += 1
        self._timer.start()
        return ticket

    @Slot()
    def _look(self) -> None:
        while not self._answers.empty():
            ticket, answer = self._answers.get()
            self._n_waiting -= 1
            if not self._n_waiting:
                self._timer.stop()
            self.answered.emit(ticket, answer)


def _draw(answers: queue.SimpleQueue[Answer], ticket: int, plot: Plot, run: RunData) -> None:
    """Runs in a thread of its own."""
    try:
        answers.put((ticket, plot.draw(run)))
    except Exception as error:
        logger.exception("The plot '%s' failed", plot.name)
        told = error if isinstance(error, PluginError) else PluginError(str(error))
        if not told.details:
            told.details = traceback.format_exc()
        answers.put((ticket, told))
