"""Rail: the left edge of the window: name, workflow, state of the engine, theme and help."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from gui.style.resources import logo_pixmap
from gui.style.theme import SPACING, set_role
from gui.window.engine_status import EngineStatus
from gui.window.help_button import HelpButton
from gui.window.theme_switch import ThemeSwitch
from gui.window.workflow_bar import Step, WorkflowBar

WIDTH: Final = 27 * SPACING


class Rail(QWidget):
    """What stays in view whatever page is shown.

    Args:
        steps: The steps of the workflow.
    """

    def __init__(self, steps: Iterable[Step], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.bar = WorkflowBar(steps, self)
        self.status = EngineStatus(self)
        self.theme_switch = ThemeSwitch(self)
        self.help = HelpButton(self)
        self.setProperty("role", "navigation")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedWidth(WIDTH)
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACING, 3 * SPACING, SPACING, SPACING)
        column.setSpacing(SPACING)
        column.addLayout(self._head())
        column.addSpacing(SPACING)
        column.addWidget(self.bar)
        column.addStretch(1)
        column.addWidget(self.status)
        column.addLayout(self._foot())

    def _head(self) -> QHBoxLayout:
        logo = QLabel(self)
        logo.setPixmap(logo_pixmap(28))
        name = QLabel("Descent", self)
        set_role(name, "title")
        head = QHBoxLayout()
        head.setContentsMargins(SPACING + 4, 0, 0, 0)
        head.setSpacing(SPACING + 2)
        head.addWidget(logo)
        head.addWidget(name)
        head.addStretch(1)
        return head

    def _foot(self) -> QHBoxLayout:
        foot = QHBoxLayout()
        foot.setContentsMargins(SPACING, 0, 0, 0)
        foot.addWidget(self.theme_switch)
        foot.addWidget(self.help)
        foot.addStretch(1)
        return foot
