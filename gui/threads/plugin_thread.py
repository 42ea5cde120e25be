"""PluginThread: finds, loads and has checked what other packages add, away from the GUI thread.

Their modules are imported in this thread, and only once a process of its own has found them sound.
"""

from __future__ import annotations

import logging
import threading
import traceback

from PySide6.QtCore import QObject, QThread, Signal

from engine.spec.plugins.loading import PLUGINS
from engine.spec.plugins.record import PluginState

logger = logging.getLogger(__name__)


class PluginThread(QThread):
    """Runs once, when the window opens; takes no time where no package adds anything.

    Signals (emitted in this thread; connect slots of QObjects):
        loaded(tuple[PluginRecord, ...]): What there is; what is sound can be used from now on.
        checked(PluginRecord): One that is new, with its verdict.
        failed(details): It broke; what other packages add is not there.
    """

    loaded = Signal(object)
    checked = Signal(object)
    failed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("plugins")
        self._ended = threading.Event()

    def retire(self) -> None:
        """Lets the thread end; returns at once. A check under way is given up."""
        self._ended.set()

    def run(self) -> None:
        """Looks, loads and checks (runs in the thread; called by Qt)."""
        threading.current_thread().name = self.objectName()
        try:
            self._look()
        except Exception:
            logger.exception("Plug-ins cannot be looked for")
            self.failed.emit(traceback.format_exc())

    def _look(self) -> None:
        records = PLUGINS.load()
        self.loaded.emit(records)
        new = [record for record in records if record.state is PluginState.UNCHECKED]
        if not new:
            return
        from engine.service.plugin_checks import check_all

        for record in check_all(new, should_stop=self._ended.is_set):
            self.checked.emit(record)
        if not self._ended.is_set():
            self.loaded.emit(PLUGINS.load())
