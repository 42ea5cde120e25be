"""OpenDialogs: lets the person pick a file or a folder, without holding up the window."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtWidgets import QFileDialog, QWidget

from engine.datasets import FORMATS
from gui.state.settings import Settings


class OpenDialogs(QObject):
    """The dialogs, which begin where something was opened last.

    Signals:
        path_chosen(str): A file or a folder was picked.

    Args:
        settings: Remembers the folder.
        window: Whose dialogs they are.
    """

    path_chosen = Signal(str)

    def __init__(self, settings: Settings, window: QWidget) -> None:
        super().__init__(window)
        self._settings = settings
        self._window = window

    def remember(self, path: str) -> None:
        """The next dialog begins beside it."""
        self._settings.set("data/folder", str(Path(path).parent))

    @Slot()
    def ask_for_file(self) -> None:
        """Lets the person pick a file."""
        suffixes = sorted({suffix for form in FORMATS for suffix in form.suffixes} - {""})
        patterns = " ".join(f"*{suffix}" for suffix in suffixes)
        dialog = self._dialog(self.tr("Open a file"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        filters = [self.tr("Data ({patterns})").format(patterns=patterns), self.tr("All files (*)")]
        dialog.setNameFilters(filters)
        dialog.open()

    @Slot()
    def ask_for_folder(self) -> None:
        """Lets the person pick a folder."""
        dialog = self._dialog(self.tr("Open a folder"))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly, True)
        dialog.open()

    def ask_where(self, name: str, is_folder: bool, then: Callable[[str], None]) -> None:
        """Asks where something lies now.

        Args:
            name: What it is called.
            is_folder: It is one.
            then: Is given the path.
        """
        dialog = self._new(self.tr("Where is {name} now?").format(name=name))
        mode = QFileDialog.FileMode
        dialog.setFileMode(mode.Directory if is_folder else mode.ExistingFile)
        dialog.fileSelected.connect(then)
        dialog.open()

    def _dialog(self, title: str) -> QFileDialog:
        dialog = self._new(title)
        dialog.fileSelected.connect(self.path_chosen)
        return dialog

    def _new(self, title: str) -> QFileDialog:
        dialog = QFileDialog(self._window, title, self._settings.get("data/folder", ""))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        return dialog
