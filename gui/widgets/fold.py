"""Fold: a heading that shows and hides what is under it."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtWidgets import QToolButton, QVBoxLayout, QWidget

from gui.style.icons import icon
from gui.style.theme import SPACING, set_role


class Fold(QWidget):
    """A section that starts closed.

    Args:
        title: What the heading says.
        content: What it hides.

    Attributes:
        content: The same.
    """

    def __init__(self, title: str, content: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.content = content
        self.header = QToolButton(self)
        self.header.setText(title)
        self.header.setCheckable(True)
        set_role(self.header, "flat")
        self.header.setIconSize(QSize(12, 12))
        self.header.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.header.toggled.connect(self.set_open)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACING)
        column.addWidget(self.header, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(content)
        self.set_open(False)

    @property
    def is_open(self) -> bool:
        """The content is shown."""
        return self.header.isChecked()

    @Slot(bool)
    def set_open(self, is_open: bool) -> None:
        """Shows or hides the content."""
        self.header.setChecked(is_open)
        self.header.setIcon(icon("down" if is_open else "right", "muted"))
        self.content.setVisible(is_open)
