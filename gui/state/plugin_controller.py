"""PluginController: what other packages add to the window, and what is left out and why."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal, Slot

from engine.spec.plugins.record import PluginRecord, PluginState
from gui.threads.plugin_thread import PluginThread


class PluginController(QObject):
    """Has plug-ins found, loaded and checked in a thread of its own.

    Signals, all in the GUI thread:
        changed(): The registries have more than before.
        left_out(tuple[PluginRecord, ...]): Plug-ins of which it was known already that they are
            left out; once, where there are any.
        refused(PluginRecord): One that is new was found unsound.
        failed(details): Nobody knows what other packages add.
        closed(): After `close`: the thread has ended.
    """

    changed = Signal()
    left_out = Signal(object)
    refused = Signal(object)
    failed = Signal(str)
    closed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.records: tuple[PluginRecord, ...] = ()
        self.is_loaded = False
        self._thread = PluginThread(self)
        self._thread.loaded.connect(self._on_loaded)
        self._thread.checked.connect(self._on_checked)
        self._thread.failed.connect(self._on_failed)
        self._thread.finished.connect(self._on_finished)

    def open(self) -> None:
        """Begins to look."""
        self._thread.start()

    def close(self) -> None:
        """Lets the thread end; `closed` says when it has."""
        self._thread.retire()

    @Slot(object)
    def _on_loaded(self, records: tuple[PluginRecord, ...]) -> None:
        before, self.records = self.records, records
        known = [item for item in records if item.state is PluginState.REFUSED]
        if not self.is_loaded and known:
            self.left_out.emit(tuple(known))
        self.is_loaded = True
        if _ready(records) != _ready(before):
            self.changed.emit()

    @Slot(object)
    def _on_checked(self, record: PluginRecord) -> None:
        if record.state is PluginState.REFUSED:
            self.refused.emit(record)

    @Slot(str)
    def _on_failed(self, details: str) -> None:
        self.failed.emit(details)

    @Slot()
    def _on_finished(self) -> None:
        self._thread.wait()  # its last instructions; `finished` comes just before them
        self.closed.emit()


def _ready(records: tuple[PluginRecord, ...]) -> list[PluginRecord]:
    return [record for record in records if record.state is PluginState.READY]
