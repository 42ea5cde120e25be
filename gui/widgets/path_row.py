"""PathRow: where something lies on disk, with a button that shows it in the file manager."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from gui.style.label import Label
from gui.style.theme import SPACING, set_role


def show_in_file_manager(path: Path) -> None:
    """Opens a folder, or the folder of a file, in the system's file manager."""
    folder = path if path.is_dir() else path.parent
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))


class PathRow(QWidget):
    """A title, the path, and the button.

    Args:
        title: What lies there.
        path: A file or a folder.
    """

    def __init__(self, title: str, path: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.path = path
        name = Label(title)
        set_role(name, "muted")
        name.setFixedWidth(14 * SPACING)
        self.text = Label(str(path))
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        self.text.setWordWrap(True)
        self.text.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.button = QPushButton(self.tr("Show"))
        self.button.setAccessibleName(
            self.tr("Show in the file manager: {what}").format(what=title)
        )
        self.button.clicked.connect(self._on_clicked)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACING)
        row.addWidget(name)
        row.addWidget(self.text, 1)
        row.addWidget(self.button)

    @Slot()
    def _on_clicked(self) -> None:
        show_in_file_manager(self.path)
