"""Rail: the left edge of the window: name, workflow, state of the engine, theme and help."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QVBoxLayout, QWidget

from gui.state.messages import Messages
from gui.style.label import Label
from gui.style.resources import logo_pixmap
from gui.style.theme import SPACING, set_role
from gui.window.engine_status import EngineStatus
from gui.window.help_button import HelpButton
from gui.window.message_bell import MessageBell
from gui.window.theme_switch import ThemeSwitch
from gui.window.workflow_bar import Step, WorkflowBar

WIDTH: Final = 27 * SPACING
FOLDED_WIDTH: Final = 7 * SPACING


class Rail(QWidget):
    """What stays in view whatever page is shown.

    Args:
        steps: The steps of the workflow.
        messages: What the window says.
        log_path: The log file that messages refer to.
    """

    def __init__(
        self,
        steps: Iterable[Step],
        messages: Messages,
        log_path: Path | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.bar = WorkflowBar(steps, self)
        self.status = EngineStatus(self)
        self.theme_switch = ThemeSwitch(self)
        self.help = HelpButton(self)
        self.bell = MessageBell(messages, log_path, self)
        self.setProperty("role", "navigation")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._name = Label("Descent", self)
        self._head, self._foot = QHBoxLayout(), QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._build()
        self.set_folded(False)

    def _build(self) -> None:
        logo = Label(self)
        logo.setPixmap(logo_pixmap(28))
        set_role(self._name, "title")
        self._head.setSpacing(SPACING + 2)
        self._head.addWidget(logo)
        self._head.addWidget(self._name)
        self._head.addStretch(1)
        self._foot.addWidget(self.theme_switch)
        self._foot.addWidget(self.help)
        self._foot.addStretch(1)
        self._foot.addWidget(self.bell)
        self._column = QVBoxLayout(self)
        self._column.setSpacing(SPACING)
        self._column.addLayout(self._head)
        self._column.addSpacing(SPACING)
        self._column.addWidget(self.bar)
        self._column.addStretch(1)
        self._column.addWidget(self.status)
        self._column.addLayout(self._foot)

    @property
    def is_folded(self) -> bool:
        """It shows icons alone."""
        return self._is_folded

    def set_folded(self, is_folded: bool) -> None:
        """Shows icons alone, which leaves a narrow window to its page, or words beside them."""
        self._is_folded = is_folded
        self.setFixedWidth(FOLDED_WIDTH if is_folded else WIDTH)
        self._name.setVisible(not is_folded)
        for part in (self.bar, self.status, self.help):
            part.set_folded(is_folded)
        direction = QBoxLayout.Direction
        self._foot.setDirection(direction.TopToBottom if is_folded else direction.LeftToRight)
        self._foot.setContentsMargins(0 if is_folded else SPACING, 0, 0, 0)
        self._head.setContentsMargins(6 if is_folded else SPACING + 4, 0, 0, 0)
        side = SPACING // 2 if is_folded else SPACING
        self._column.setContentsMargins(side, (2 if is_folded else 3) * SPACING, side, SPACING)
