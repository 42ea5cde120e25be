"""Files and folders from outside: dropped, named at the start, or opened by the system."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from PySide6.QtCore import QEvent, QObject, Signal, Slot
from PySide6.QtGui import QFileOpenEvent
from PySide6.QtWidgets import QApplication

from gui.pages.shared.page import Page

_RUNS: Final = "runs"
_DATA: Final = "data"


class Application(QApplication):
    """The application; macOS tells it what a double-click on a file wants opened.

    Signals:
        file_opened(str): The path of the file.
    """

    file_opened = Signal(str)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QFileOpenEvent) and event.file():
            self.file_opened.emit(event.file())
            return True
        return super().event(event)


class PathOpener(QObject):
    """Takes a path to the page that understands it; while pages are being built, it waits.

    Signals:
        page_requested(str): The name of the page that is to be shown.

    Args:
        pages: By name; they are filled in one by one.
    """

    page_requested = Signal(str)

    def __init__(self, pages: Mapping[str, Page], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pages = pages
        self._waiting = ""
        self._is_ready = False

    @Slot(str)
    def open(self, path: str) -> None:
        """Brings a run in, or shows data; of several that had to wait, the last."""
        if not self._is_ready:
            self._waiting = path
            return
        from engine.service.exchange.archive import SUFFIX  # the page of the runs has it by now

        name = _RUNS if path.lower().endswith(SUFFIX) else _DATA
        self.page_requested.emit(name)
        self._pages[name].open_path(path)

    @Slot()
    def open_waiting(self) -> None:
        """Opens what came early: every page is there now, and the engine was asked to open."""
        self._is_ready = True
        if self._waiting:
            self.open(self._waiting)
