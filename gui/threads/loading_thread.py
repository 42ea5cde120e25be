"""LoadingThread: imports what the window needs next, away from the GUI thread."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable

from PySide6.QtCore import QObject, QThread, Signal

logger = logging.getLogger(__name__)


class LoadingThread(QThread):
    """Imports modules while the window answers; one request after another.

    Signals (emitted in this thread; connect slots of QObjects):
        loaded(name): It was tried; what failed, fails again where it is used, and is told there.

    Args:
        load: Imports what belongs to a name; creates no object of Qt's.
    """

    loaded = Signal(str)

    def __init__(self, load: Callable[[str], object], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("loading")
        self._load = load
        self._names: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def ask(self, name: str) -> None:
        """Queues an import (from the GUI thread)."""
        self._names.put(name)

    def retire(self) -> None:
        """Lets the thread end after what it is at; returns at once."""
        self._names.put(None)

    def run(self) -> None:
        """Imports until retired (runs in the thread; called by Qt)."""
        threading.current_thread().name = self.objectName()
        while (name := self._names.get()) is not None:
            try:
                self._load(name)
            except Exception:
                logger.exception("%s cannot be imported", name)
            self.loaded.emit(name)
