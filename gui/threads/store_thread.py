"""StoreThread: reads and writes the workspace's runs, away from the GUI thread.

Runs may hold millions of steps, and each write waits for the disk; neither may hold up a window.
"""

from __future__ import annotations

import itertools
import logging
import threading
import traceback
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QThread, Signal

from engine.errors import DescentError
from engine.events.messages import Rejected

if TYPE_CHECKING:
    from engine.runs.store import RunStore

logger = logging.getLogger(__name__)

Job = Callable[["RunStore"], Any]

_tickets = itertools.count(1)


@dataclass(frozen=True)
class _Request:
    ticket: int
    key: str
    job: Job


class StoreThread(QThread):
    """Carries out jobs on the run store, one after another.

    Signals (emitted in this thread; connect slots of QObjects):
        done(ticket, result): A job's result.
        failed(ticket, Rejected): A job's failure, in words.

    Args:
        workspace: Folder of the store; opened in this thread.
    """

    done = Signal(object, object)
    failed = Signal(object, object)

    def __init__(self, workspace: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("store")
        self._workspace = workspace
        self._condition = threading.Condition()
        self._waiting: deque[_Request] = deque()
        self._is_retired = False
        self._store: RunStore | None = None

    def submit(self, job: Job, key: str = "") -> int:
        """Queues a job (from the GUI thread).

        Args:
            job: Called with the store, in this thread.
            key: Where given, a job of that key that still waits is dropped: newest wins.

        Returns:
            The ticket under which the result comes.
        """
        request = _Request(next(_tickets), key, job)
        with self._condition:
            if key:
                self._waiting = deque(item for item in self._waiting if item.key != key)
            self._waiting.append(request)
            self._condition.notify()
        return request.ticket

    def retire(self) -> None:
        """Lets the thread end once all jobs are done; returns at once."""
        with self._condition:
            self._is_retired = True
            self._condition.notify()

    def run(self) -> None:
        """Carries out jobs until retired (runs in the thread; called by Qt)."""
        threading.current_thread().name = self.objectName()
        try:
            while (request := self._next()) is not None:
                self._carry_out(request)
        finally:
            close = getattr(self._store, "close", None)
            if close is not None:
                close()

    def _next(self) -> _Request | None:
        with self._condition:
            while not self._waiting:
                if self._is_retired:
                    return None
                self._condition.wait()
            return self._waiting.popleft()

    def _carry_out(self, request: _Request) -> None:
        try:
            if self._store is None:
                from engine.runs.store import RunStore

                self._store = RunStore(self._workspace)
            result = request.job(self._store)
        except DescentError as error:
            self.failed.emit(request.ticket, Rejected(error.message, error.hint))
        except Exception as error:
            logger.exception("A job on the run store failed")
            self.failed.emit(request.ticket, _unexpected(error))
        else:
            self.done.emit(request.ticket, result)


def _unexpected(error: Exception) -> Rejected:
    return Rejected(
        f"The workspace could not be read or written. Received: {error}",
        "Check that the disk is not full and the folder is writable.",
        details=traceback.format_exc(),
    )
