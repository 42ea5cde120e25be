"""TrainingThread: the one place that waits for the engine.

`run` executes in the thread of its own; everything else belongs to the GUI thread.
"""

from __future__ import annotations

import itertools
import logging
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from PySide6.QtCore import QObject, QThread

from engine.events.commands import Command, Control, Request
from engine.events.messages import Event, Rejected, Terminal
from engine.events.run_events import RunInterrupted, RunStarted
from gui.threads.answer_queue import AnswerQueue

logger = logging.getLogger(__name__)

CLOSE_TIMEOUT_S = 7.0  # more than the worker's own limit, so that they do not race
CANCELLED = "Cancelled."
"""What a worker says that was asked to stop, and what is said of a question that was not asked."""

_tickets = itertools.count(1)


class SessionLike(Protocol):
    """What the thread needs of `engine.service.session.Session`."""

    @property
    def pid(self) -> int | None: ...

    def run(self, command: Command) -> Iterator[Event]: ...

    def control(self, request: Request) -> None: ...

    def kill(self) -> None: ...

    def close(self, timeout_s: float = ...) -> None: ...


SessionFactory = Callable[[], SessionLike]


@dataclass(frozen=True)
class Question:
    """A command that waits, or is being answered.

    Attributes:
        ticket: Unique number, by which its events are told from those of other questions.
        command: What is asked.
        key: Of several waiting questions with one key, only the newest is asked.
    """

    ticket: int
    command: Command
    key: str = ""


class TrainingThread(QThread):
    """Runs the commands of one engine session, one after another, and hands on their events.

    The last event of each question is a `Terminal`, whatever happens to the worker. Of those that
    a thread could not answer any more, `unanswered` tells once it has ended. Only who takes a
    question back, or puts another of its key in its place, waits for nothing.

    Args:
        sessions: Makes the session; called in this thread.
        answers: Is given every event. It outlives the thread.
        name: Name of the thread, for logs and debuggers.
    """

    def __init__(
        self,
        sessions: SessionFactory,
        answers: AnswerQueue,
        name: str = "training",
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self._sessions = sessions
        self._answers = answers
        self._session: SessionLike | None = None
        self._condition = threading.Condition()
        self._waiting: deque[Question] = deque()
        self._current: Question | None = None
        self._open: dict[int, RunStarted | None] = {}  # by ticket, and the run that has begun
        self._cancelled = 0  # ticket of the question that is not wanted any more
        self._is_retired = False

    # ---- for the GUI thread

    @property
    def pid(self) -> int | None:
        """Process id of the worker, if one is alive."""
        session = self._session
        return session.pid if session is not None else None

    @property
    def is_busy(self) -> bool:
        """A command is being answered."""
        return self._current is not None

    @property
    def is_idle(self) -> bool:
        """No command is being answered, and none waits."""
        with self._condition:
            return self._current is None and not self._waiting

    def ask(self, command: Command, key: str = "") -> int:
        """Queues a command.

        Args:
            command: What to ask.
            key: Where given, a question of that key that still waits is dropped unanswered.

        Returns:
            The ticket that comes with each of its events.
        """
        question = Question(next(_tickets), command, key)
        with self._condition:
            if key:
                self._drop(key)
            self._waiting.append(question)
            self._open[question.ticket] = None
            self._condition.notify()
        return question.ticket

    def withdraw(self, key: str) -> bool:
        """Drops a question that still waits to be asked. Returns whether there was one."""
        with self._condition:
            return not self._is_retired and self._drop(key)

    def cancel(self, key: str) -> None:
        """Drops a question that still waits, or stops the one that is being answered.

        The latter is answered all the same, as a rule by `Rejected`.
        """
        with self._condition:
            self._drop(key)
            current = self._current
            if current is None or current.key != key:
                return
            self._cancelled = current.ticket
        self.control(Control.STOP)

    def control(self, request: Request) -> None:
        """Passes a request to the training under way, at once."""
        session = self._session
        if session is not None:
            session.control(request)

    def retire(self) -> None:
        """Lets the thread end after the command under way; what waits is not asked."""
        with self._condition:
            self._is_retired = True
            self._condition.notify()

    def abort(self) -> None:
        """Retires and ends the worker at once."""
        self.retire()
        session = self._session
        if session is not None:
            session.kill()

    def unanswered(self) -> list[tuple[int, Terminal]]:
        """What is to be said to the questions that a thread which has ended left open."""
        with self._condition:
            return [(ticket, self._last_word(ticket)) for ticket in self._open]

    # ---- in the thread

    def run(self) -> None:
        """Answers questions until retired (runs in the thread; called by Qt)."""
        threading.current_thread().name = self.objectName()
        try:
            while (question := self._next()) is not None:
                self._answer(question)
        finally:
            self._close_session()

    def _next(self) -> Question | None:
        with self._condition:
            self._current = None
            while not self._waiting and not self._is_retired:
                self._condition.wait()
            if self._is_retired:
                return None
            self._current = self._waiting.popleft()
            return self._current

    def _answer(self, question: Question) -> None:
        details = ""
        try:
            if self._session is None:
                self._session = self._sessions()
            if question.ticket == self._cancelled:
                self._publish(question.ticket, Rejected(CANCELLED))
                return
            is_stopped = False
            for event in self._session.run(question.command):
                self._publish(question.ticket, event)
                if isinstance(event, Terminal):
                    return
                if question.ticket == self._cancelled and not is_stopped:
                    # The stop may have come before the command did; a second one does no harm.
                    is_stopped = True
                    self._session.control(Control.STOP)
        except BaseException:  # a library's wish to end the program, too: it would end the window
            details = traceback.format_exc()
            logger.exception("The engine's session failed on %s", type(question.command).__name__)
        self._publish(question.ticket, self._last_word(question.ticket, details))

    def _publish(self, ticket: int, event: Event) -> None:
        with self._condition:
            if isinstance(event, RunStarted):
                self._open[ticket] = event
            elif isinstance(event, Terminal):
                self._open.pop(ticket, None)
        self._answers.put(ticket, event)

    def _last_word(self, ticket: int, details: str = "") -> Terminal:
        """The terminal event of a command that the engine left without one."""
        is_waiting = any(question.ticket == ticket for question in self._waiting)
        if is_waiting and self._is_retired:
            return Rejected(CANCELLED)
        message = "The engine ended without an answer."
        hint = "Try again. If it happens again, the details help to find out why."
        started = self._open[ticket]
        if started is None:
            return Rejected(message, hint, details=details)
        return RunInterrupted(started.run, reason=message, hint=hint, details=details)

    def _close_session(self) -> None:
        if self._session is None:
            return
        try:
            self._session.close(CLOSE_TIMEOUT_S)
        except Exception:
            logger.exception("The engine's session did not close")

    def _drop(self, key: str) -> bool:
        dropped = [question for question in self._waiting if question.key == key]
        for question in dropped:
            self._waiting.remove(question)
            del self._open[question.ticket]
        return bool(dropped)
