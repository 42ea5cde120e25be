"""ReplaceQuestion: a model that is brought in bears the name of one that is there."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox, QWidget


class ReplaceQuestion(QMessageBox):
    """Asks whether the new one takes the place of the old one; the safe answer is the default.

    Args:
        name: Of the model that is there.
        parent: Over which window it is asked.
    """

    def __init__(self, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setIcon(QMessageBox.Icon.Question)
        self.setWindowTitle(self.tr("Bring a model in"))
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setText(self.tr("You have a model named “{name}”.").format(name=name))
        self.setInformativeText(
            self.tr(
                "If it is replaced, its layers and its weights are gone. Runs that began with them "
                "keep what they have learnt."
            )
        )
        self.both = self.addButton(self.tr("Keep both"), QMessageBox.ButtonRole.AcceptRole)
        self.replace = self.addButton(self.tr("Replace it"), QMessageBox.ButtonRole.DestructiveRole)
        cancel = self.addButton(self.tr("Cancel"), QMessageBox.ButtonRole.RejectRole)
        self.setDefaultButton(self.both)
        self.setEscapeButton(cancel)

    @property
    def answer(self) -> bool | None:
        """Whether it is to be replaced; None: nothing is to be brought in."""
        clicked = self.clickedButton()
        return clicked is self.replace if clicked in (self.both, self.replace) else None
