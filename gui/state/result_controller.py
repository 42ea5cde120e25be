"""ResultController: asks about the results of runs, and hands on the answers."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from engine.events.messages import DataProgress, Event, Rejected
from engine.events.results import ResultAnswer, ResultCommand
from gui.threads.worker_pool import WorkerPool


class ResultController(QObject):
    """Asks workers of their own, so that neither a training nor the draft is disturbed.

    Signals, all in the GUI thread:
        answered(ResultAnswer): The answer to a question; whoever wants it knows it by its type
            and run.
        progressed(ResultCommand, DataProgress): How far the answer to a question is.
        refused(ResultCommand, Rejected): A question cannot be answered, in words.

    Args:
        pool: Answers the questions.
    """

    answered = Signal(object)
    progressed = Signal(object, object)
    refused = Signal(object, object)

    def __init__(self, pool: WorkerPool, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = pool
        self._asked: dict[int, tuple[ResultCommand, str]] = {}

    def ask(self, command: ResultCommand, key: str = "") -> None:
        """Asks a question.

        Args:
            command: The question.
            key: An older question of that key is dropped, or stopped: the newest wins.
        """
        if key:
            self.cancel(key)
        self._asked[self._pool.ask_result(command, key)] = (command, key)

    def cancel(self, key: str) -> None:
        """Takes back the question of a key; nothing is said of it any more."""
        for ticket, (command, asked_as) in list(self._asked.items()):
            if asked_as == key:
                del self._asked[ticket]
                self._pool.cancel_result(key, type(command).is_quick)

    def handle(self, ticket: int, event: Event) -> None:
        """Takes an answer; one to a question that was taken back is dropped."""
        if ticket not in self._asked:
            return
        command, _ = self._asked[ticket]
        if isinstance(event, DataProgress):
            self.progressed.emit(command, event)
            return
        del self._asked[ticket]
        if isinstance(event, ResultAnswer):
            self.answered.emit(event)
        elif isinstance(event, Rejected):
            self.refused.emit(command, event)
