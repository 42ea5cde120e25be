"""FileDrop: a file or a folder that is dropped anywhere on the window."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, QObject, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QWidget

from gui.window.drop_hint import DropHint


class FileDrop(QObject):
    """Takes one local file or folder at a time, and says meanwhile what a drop would do.

    Signals:
        dropped(str): Its path.

    Args:
        window: Where it may be dropped.
    """

    dropped = Signal(str)

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._hint = DropHint(window)
        window.setAcceptDrops(True)
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QDragEnterEvent):
            path = _path_of(event)
            if path:
                event.acceptProposedAction()
                text = self.tr("Drop to open {name}").format(name=Path(path).name)
                self._hint.show_over(self._window, text)
        elif event.type() == QEvent.Type.DragLeave:
            self._hint.hide()
        elif isinstance(event, QDropEvent) and event.type() == QEvent.Type.Drop:
            self._hint.hide()
            path = _path_of(event)
            if path:
                event.acceptProposedAction()
                self.dropped.emit(path)
        else:
            return False
        return True


def _path_of(event: QDropEvent) -> str:
    """The one local file or folder that is dragged; empty where it is something else."""
    urls = event.mimeData().urls()
    return urls[0].toLocalFile() if len(urls) == 1 and urls[0].isLocalFile() else ""
