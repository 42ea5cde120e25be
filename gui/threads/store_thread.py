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

from engine.errors import DatabaseDamaged, DescentError, WorkspaceGone
from engine.events.messages import REPAIR, Rejected

if TYPE_CHECKING:
    from engine.runs.store import RunStore

logger = logging.getLogger(__name__)

Job = Callable[["RunStore"], Any]
Upkeep = Callable[[Path], Any]

_tickets = itertools.count(1)


@dataclass(frozen=True)
class _Request:
    ticket: int
    key: str
    job: Job | None
    upkeep: Upkeep | None = None


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
        return self._put(_Request(next(_tickets), key, job))

    def submit_upkeep(self, upkeep: Upkeep) -> int:
        """Queues what is done to the workspace as a whole; the store is closed for it.

        Args:
            upkeep: Called with the workspace's folder, in this thread.

        Returns:
            The ticket under which the result comes.
        """
        return self._put(_Request(next(_tickets), "", None, upkeep))

    def _put(self, request: _Request) -> int:
        with self._condition:
            if request.key:
                self._waiting = deque(item for item in self._waiting if item.key != request.key)
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
            self._close_store()

    def _close_store(self) -> None:
        store, self._store = self._store, None
        close = getattr(store, "close", None)
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
            result = self._result_of(request)
        except DescentError as error:
            offer = REPAIR if isinstance(error, DatabaseDamaged) else ""
            self._look_again(error)
            self.failed.emit(request.ticket, Rejected(error.message, error.hint, offer=offer))
        except Exception as error:
            logger.exception("A job on the run store failed")
            self.failed.emit(request.ticket, _unexpected(error))
        else:
            self.done.emit(request.ticket, result)

    def _look_again(self, error: DescentError) -> None:
        """What is gone may be there again the next time, and what was full have room.

        Where nothing lies in its place, nothing is made either: its disk may come back.
        """
        from engine.runs.places import DATABASE

        is_there = (self._workspace / DATABASE).exists()
        can_only_look = getattr(self._store, "problem", None) is not None
        if can_only_look or (isinstance(error, WorkspaceGone) and is_there):
            self._close_store()

    def _result_of(self, request: _Request) -> Any:
        if request.job is None:
            self._close_store()
            return request.upkeep(self._workspace) if request.upkeep is not None else None
        if self._store is None:
            from engine.runs.store import RunStore

            self._store = RunStore(self._workspace)
        return request.job(self._store)


def _unexpected(error: Exception) -> Rejected:
    return Rejected(
        f"The workspace could not be read or written. Received: {error}",
        "Check that the disk is not full and the folder is writable.",
        details=traceback.format_exc(),
    )
