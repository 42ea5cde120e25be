"""RestartQuestion: asked where a run shall go on that has nothing to go on from any more."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox, QWidget


class RestartQuestion(QMessageBox):
    """Begin it again as a new run, or leave it; Escape and Return leave it.

    Attributes:
        restart: The button that begins it again.

    Args:
        problem: Why it cannot go on, in words.
        parent: Over which it is shown.
    """

    def __init__(self, problem: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setIcon(QMessageBox.Icon.Question)
        self.setWindowTitle(self.tr("The run cannot go on"))
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setText(problem)
        self.setInformativeText(
            self.tr(
                "It can be begun again, as a new run with the same settings that names this one. "
                "This one stays as it is."
            )
        )
        self.restart = self.addButton(
            self.tr("Begin again as a new run"), QMessageBox.ButtonRole.AcceptRole
        )
        leave = self.addButton(self.tr("Leave it"), QMessageBox.ButtonRole.RejectRole)
        self.setDefaultButton(leave)
        self.setEscapeButton(leave)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
