"""PageLoading: what comes after the first paint is imported piece by piece, in a thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from gui.threads.loading_thread import LoadingThread
from gui.window.page_list import PAGES, page_class

PAGE_GAP_MS: Final = 10
"""Between the building of two pages: input and painting come first."""
_CATALOGUE: Final = "catalogue"
_ENGINE: Final = "engine"
_FIRST_RUN: Final = "first run"


class PageLoading(QObject):
    """Has the window's pages imported, while the window answers; first the one that is looked at.

    What cannot be imported is said to be there all the same: whoever uses it meets the error.

    Signals, all in the GUI thread; each is answered before the next is imported:
        catalogue_loaded(): What can be trained on and with is there; a draft is read with it.
        page_loaded(str): The page of that name can be built.
        all_loaded(): All pages are there, and what the engine is opened with. What the first run
            shows is imported after it.
        ended(): The thread has ended.

    Args:
        current_page: Tells which page is looked at.
    """

    catalogue_loaded = Signal()
    page_loaded = Signal(str)
    all_loaded = Signal()
    ended = Signal()

    def __init__(self, current_page: Callable[[], str], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._current_page = current_page
        self._waiting = [*PAGES, _ENGINE, _FIRST_RUN]
        self._is_running = self._is_closed = False
        self._thread = LoadingThread(_load, self)
        self._thread.loaded.connect(self._on_loaded)
        self._thread.finished.connect(self._on_finished)

    @property
    def is_running(self) -> bool:
        """Something is being imported, or will be."""
        return self._is_running

    def open(self) -> None:
        """Begins, with the catalogue."""
        self._is_running = True
        self._thread.start()
        self._thread.ask(_CATALOGUE)

    def close(self) -> None:
        """Says nothing more; lets the thread end after what it is at. `ended` says when it has."""
        self._is_closed = True
        self._thread.retire()

    @Slot(str)
    def _on_loaded(self, name: str) -> None:
        if self._is_closed:
            return
        if name == _CATALOGUE:
            self.catalogue_loaded.emit()
        elif name in PAGES:
            self.page_loaded.emit(name)
        elif name == _ENGINE:
            self.all_loaded.emit()
        if name == _FIRST_RUN:
            self._thread.retire()
        else:
            QTimer.singleShot(PAGE_GAP_MS, self, self._ask)

    @Slot()
    def _ask(self) -> None:
        name = self._current_page()
        if name not in self._waiting:
            name = self._waiting[0]
        self._waiting.remove(name)
        self._thread.ask(name)

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
        pass
    elif name == _ENGINE:
        import gui.window.single_instance  # noqa: F401
    else:
        from gui.insights import (  # noqa: F401
            attention_view,
            feature_maps_view,
            filters_view,
            flow_view,
            forecast_view,
            pole_view,
            samples_view,
            units_view,
        )
        from gui.pages.results import curves_tab, overview_tab, values_part  # noqa: F401
