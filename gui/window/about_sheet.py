"""AboutSheet: which Descent this is, under which licence, and where it keeps what."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QVBoxLayout, QWidget

from engine.devices.versions import version_lines
from engine.files import cache_folder
from gui.style.label import Label
from gui.style.theme import SPACING, set_role
from gui.widgets.path_row import PathRow


class AboutSheet(QDialog):
    """A sheet that stays beside the window.

    Args:
        workspace: Folder that holds the runs.
        log_path: The log file; None: there is none.
    """

    def __init__(
        self, workspace: Path, log_path: Path | None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("About Descent"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        descent, others = version_lines()
        title = Label(descent)
        set_role(title, "title")
        column = QVBoxLayout(self)
        column.setContentsMargins(*(3 * SPACING,) * 4)
        column.setSpacing(SPACING)
        column.addWidget(title)
        for text in (
            self.tr("Train neural networks on your own machine, and watch them learn."),
            others,
            self.tr("MIT licence. Nothing you do here leaves this machine."),
        ):
            label = Label(text)
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            set_role(label, "muted")
            column.addWidget(label)
        column.addSpacing(SPACING)
        self.paths = [PathRow(self.tr("Runs"), workspace)]
        if log_path is not None:
            self.paths.append(PathRow(self.tr("Log"), log_path))
        self.paths.append(PathRow(self.tr("Unpacked data"), cache_folder()))
        for row in self.paths:
            column.addWidget(row)
        column.addStretch(1)
        self.resize(72 * SPACING, column.sizeHint().height())
