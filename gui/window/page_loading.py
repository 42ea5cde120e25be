"""PageLoading: what comes after the first paint is imported piece by piece, in a thread."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QObject, Signal, Slot

from gui.threads.loading_thread import LoadingThread
from gui.window.page_list import PAGES, page_class

_CATALOGUE: Final = "catalogue"
_ENGINE: Final = "engine"


class PageLoading(QObject):
    """Has the window's pages imported, each when it is asked for, while the window answers.

    What cannot be imported is said to be there all the same: whoever uses it meets the error.

    Signals, all in the GUI thread:
        catalogue_loaded(): What can be trained on and with is there; a draft is read with it.
        page_loaded(str): The module of the page of that name is there.
        engine_loaded(): What is needed once all pages are there is there, too; it was the last.
        ended(): The thread has ended.
    """

    catalogue_loaded = Signal()
    page_loaded = Signal(str)
    engine_loaded = Signal()
    ended = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._is_running = False
        self._thread = LoadingThread(_load, self)
        self._thread.loaded.connect(self._on_loaded)
        self._thread.finished.connect(self._on_finished)

    @property
    def is_running(self) -> bool:
        """Something is being imported, or may be asked for."""
        return self._is_running

    def open(self) -> None:
        """Begins with the catalogue."""
        self._is_running = True
        self._thread.start()
        self._thread.ask(_CATALOGUE)

    def ask_for_page(self, name: str) -> None:
        """Asks for a page; `page_loaded` answers."""
        self._thread.ask(name)

    def ask_for_engine(self) -> None:
        """Asks for the rest; `engine_loaded` answers."""
        self._thread.ask(_ENGINE)

    def close(self) -> None:
        """Lets the thread end after what it is at; `ended` says when it has."""
        self._thread.retire()

    @Slot(str)
    def _on_loaded(self, name: str) -> None:
        if name in PAGES:
            self.page_loaded.emit(name)
        elif name == _CATALOGUE:
            self.catalogue_loaded.emit()
        else:
            self.close()
            self.engine_loaded.emit()

    @Slot()
    def _on_finished(self) -> None:
        self._thread.wait()  # its last instructions; `finished` comes just before them
        self._is_running = False
        self.ended.emit()


def _load(name: str) -> None:
    """Imports a page, or what else is needed after the first paint (runs in the thread)."""
    if name in PAGES:
        page_class(name)
    elif name == _CATALOGUE:
        import engine.architectures
        import engine.training.defaults
    else:
        import engine.runs.workspace_lock
        import engine.service.session
