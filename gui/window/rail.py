"""Rail: the left edge of the window: name, workflow, state of the engine, theme and help."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QToolButton, QVBoxLayout, QWidget

from gui.style.icons import icon
from gui.style.resources import logo_pixmap
from gui.style.theme import SPACING, set_role
from gui.window.engine_status import EngineStatus
from gui.window.theme_switch import ThemeSwitch
from gui.window.workflow_bar import Step, WorkflowBar

WIDTH: Final = 27 * SPACING


class Rail(QWidget):
    """What stays in view whatever page is shown.

    Signals:
        help_requested(): The person wants to see the shortcuts.
        guide_requested(str): The person wants a page of the guide, by its name; empty: the one
            about the picked architecture.

    Args:
        steps: The steps of the workflow.
    """

    help_requested = Signal()
    guide_requested = Signal(str)

    def __init__(self, steps: Iterable[Step], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.bar = WorkflowBar(steps, self)
        self.status = EngineStatus(self)
        self.theme_switch = ThemeSwitch(self)
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
        button = QToolButton(self)
        button.setIcon(icon("keyboard"))
        set_role(button, "flat")
        button.setToolTip(self.tr("Keyboard shortcuts (F1)"))
        button.setAccessibleName(self.tr("Keyboard shortcuts"))
        button.clicked.connect(self.help_requested)
        foot = QHBoxLayout()
        foot.setContentsMargins(SPACING, 0, 0, 0)
        foot.addWidget(self.theme_switch)
        foot.addWidget(button)
        foot.addWidget(self._guide_button())
        foot.addStretch(1)
        return foot

    def _guide_button(self) -> QToolButton:
        """A menu of what the guide is asked most."""
        menu = QMenu(self)
        for name, title in (
            ("", self.tr("About this architecture")),
            ("overfitting", self.tr("Overfitting")),
            ("vanishing_gradients", self.tr("Vanishing gradients")),
            ("exploding_gradients", self.tr("Exploding gradients")),
        ):
            menu.addAction(title, partial(self.guide_requested.emit, name))
            if not name:
                menu.addSeparator()
        button = QToolButton(self)
        button.setIcon(icon("help"))
        button.setMenu(menu)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        set_role(button, "flat")
        button.setToolTip(self.tr("Guide: what each model is, and what goes wrong (Shift+F1)"))
        button.setAccessibleName(self.tr("Guide"))
        return button
