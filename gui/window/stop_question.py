"""StopQuestion: asked where the window is closed on a training under way."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox, QWidget


class StopQuestion(QMessageBox):
    """Stop and close, or keep training; Escape and Return keep training.

    Attributes:
        stop: The button that stops.
    """

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setIcon(QMessageBox.Icon.Question)
        self.setWindowTitle(self.tr("Training is running"))
        self.setText(self.tr("Training is running. Stop, keep the model and close?"))
        self.stop = self.addButton(self.tr("Stop and close"), QMessageBox.ButtonRole.AcceptRole)
        keep = self.addButton(self.tr("Keep training"), QMessageBox.ButtonRole.RejectRole)
        self.setDefaultButton(keep)
        self.setEscapeButton(keep)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
