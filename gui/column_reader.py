"""ColumnReader: reads a table's header in a thread of its own; no slow disk holds up the window."""

from __future__ import annotations

import logging
import threading
import traceback
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from engine.errors import DescentError
from engine.events import Rejected

logger = logging.getLogger(__name__)


class ColumnReader(QObject):
    """Finds out which columns a file has.

    Signals, in the GUI thread for slots of QObjects that live there:
        columns_read(str, tuple[str, ...]): The names in the header of the file of that path.
        failed(str, Rejected): The file of that path cannot be read.
    """

    columns_read = Signal(str, object)
    failed = Signal(str, object)

    def read(self, path: str) -> None:
        """Starts reading; one of the signals answers."""
        # A daemon, for a drive that does not answer must not keep the program alive.
        threading.Thread(target=self._read, args=(path,), name="columns", daemon=True).start()

    def _read(self, path: str) -> None:
        try:
            from engine.datasets.table import column_names

            answer: object = column_names(Path(path))
        except DescentError as error:
            answer = Rejected(error.message, error.hint)
        except Exception as error:
            logger.exception("The header of %s could not be read", path)
            message = self.tr("'{path}' cannot be read. Received: {error}")
            answer = Rejected(
                message.format(path=path, error=error), details=traceback.format_exc()
            )
        try:
            if isinstance(answer, Rejected):
                self.failed.emit(path, answer)
            else:
                self.columns_read.emit(path, answer)
        except RuntimeError:
            logger.debug("The window was gone before %s was read", path)
