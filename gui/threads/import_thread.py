"""ImportThread: brings a model file of another program in, away from the GUI thread.

The file itself is opened in a confined process, which this thread watches.
"""

from __future__ import annotations

import logging
import threading
import traceback
from pathlib import Path

from PySide6.QtCore import QObject, QThread, Signal

from engine.errors import Cancelled, DescentError
from engine.events.messages import Rejected
from engine.graph.library import ModelLibrary, name_of

logger = logging.getLogger(__name__)


class ImportThread(QThread):
    """Brings one file in, and ends.

    Signals (emitted in this thread; connect slots of QObjects):
        brought(SavedModel): It is kept.
        failed(Rejected): It is not, and why. Neither comes where it was given up.

    Args:
        path: The file.
        library: Where it is kept.
        replaces: In the place of a model of its name; else under the first name that is free.
    """

    brought = Signal(object)
    failed = Signal(object)

    def __init__(
        self,
        path: Path,
        library: ModelLibrary,
        replaces: bool = False,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("import")
        self._path, self._library, self._replaces = path, library, replaces
        self._ended = threading.Event()

    def retire(self) -> None:
        """Gives it up; returns at once."""
        self._ended.set()

    def run(self) -> None:
        """Opens and keeps it (runs in the thread; called by Qt)."""
        threading.current_thread().name = self.objectName()
        from engine.service.importing.bringing import bring_in, free_name  # not before it is asked

        try:
            title, library = self._path.stem, self._library
            name = name_of(title) if self._replaces else free_name(library, title)
            model, _ = bring_in(self._path, library, name, self._go_on, self._replaces)
        except Cancelled:
            return
        except DescentError as error:
            self.failed.emit(Rejected(error.message, error.hint))
        except Exception as error:
            logger.exception("A model cannot be brought in")
            self.failed.emit(Rejected(str(error), details=traceback.format_exc()))
        else:
            self.brought.emit(model)

    def _go_on(self, what: str, done: int, total: int) -> None:
        if self._ended.is_set():
            raise Cancelled
