"""MessageBar: one message, with what to do next, its details, and the button that acts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QPlainTextEdit,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from gui.state.messages import SaidMessage
from gui.style.icons import icon, icon_pixmap
from gui.style.label import Label
from gui.style.theme import SPACING, blend, current_theme, set_role

_COLOR: Final = {"info": "accent", "warning": "warning", "error": "danger"}


class MessageBar(QFrame):
    """What was said. What can be done about it goes when it is done.

    Signals:
        dismissed(MessageBar): The person wants it out of the way.
        resized(MessageBar): It needs another height.

    Args:
        said: The message.
        log_path: The log file that details refer to.
        is_listed: It stands in the list of what was said, with the time, and cannot be dismissed.
    """

    dismissed = Signal(object)
    resized = Signal(object)

    def __init__(
        self, said: SaidMessage, log_path: Path | None, parent: QWidget, is_listed: bool = False
    ) -> None:
        super().__init__(parent)
        self.setObjectName("message")
        self.said = said
        self.message = said.message
        self._log_path = log_path
        self._icon = Label(self)
        self._details = QPlainTextEdit(self)
        self._act: QPushButton | None = None
        self._build(is_listed)
        said.acted.connect(self._on_acted)
        current_theme().changed.connect(self._recolor)
        self._recolor()

    def _build(self, is_listed: bool) -> None:
        self.setAccessibleName(self.message.text)
        self.setAccessibleDescription(self.message.hint)
        row = QHBoxLayout()
        row.setSpacing(SPACING)
        self._icon.setFixedHeight(4 * SPACING)
        row.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._words(is_listed), 1, Qt.AlignmentFlag.AlignVCenter)
        if not is_listed:
            row.addWidget(self._close_button(), 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * SPACING, SPACING, SPACING, SPACING)
        column.setSpacing(SPACING // 2)
        column.addLayout(row)
        buttons = self._buttons()
        if buttons:
            foot = QHBoxLayout()
            foot.setSpacing(SPACING)
            foot.addStretch(1)
            for button in buttons:
                foot.addWidget(button)
            column.addLayout(foot)
        self._details.setReadOnly(True)
        self._details.setPlainText(self._details_text())
        self._details.setAccessibleName(self.tr("Details of the error"))
        self._details.setFixedHeight(16 * SPACING)
        self._details.hide()
        column.addWidget(self._details)

    def _words(self, is_listed: bool) -> QWidget:
        words = QWidget(self)
        column = QVBoxLayout(words)
        column.setContentsMargins(0, 3, 0, 3)
        column.setSpacing(2)
        column.addWidget(self._label(self.message.text))
        if self.message.hint:
            hint = self._label(self.message.hint)
            set_role(hint, "muted")
            column.addWidget(hint)
        if is_listed:
            when = self._label(self.said.said_at.strftime("%H:%M:%S"))
            set_role(when, "small")
            column.addWidget(when)
        return words

    def _buttons(self) -> list[QPushButton]:
        buttons = []
        if self.message.details:
            show = self._button(self.tr("Details"), self._on_details_toggled)
            show.setCheckable(True)
            buttons += [show, self._button(self.tr("Copy"), self._on_copy)]
        if self.message.action_text and self.said.can_act:
            self._act = self._button(self.message.action_text, self.said.act)
            buttons.append(self._act)
        return buttons

    def _close_button(self) -> QToolButton:
        close = QToolButton(self)
        close.setIcon(icon("close", "muted"))
        set_role(close, "flat")
        close.setToolTip(self.tr("Dismiss (Esc)"))
        close.setAccessibleName(self.tr("Dismiss this message"))
        close.clicked.connect(self._dismiss)
        return close

    def _label(self, text: str) -> Label:
        label = Label(text, self)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setWordWrap(True)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        return label

    def _button(self, text: str, slot: Callable[[], None]) -> QPushButton:
        button = QPushButton(text, self)
        set_role(button, "flat")
        button.clicked.connect(slot)
        return button

    def _details_text(self) -> str:
        log = self.tr("Log: {path}").format(path=self._log_path) if self._log_path else ""
        return "\n\n".join(part for part in (self.message.details.strip(), log) if part)

    @Slot()
    def _dismiss(self) -> None:
        self.dismissed.emit(self)

    @Slot()
    def _on_acted(self) -> None:
        if self._act is not None:
            self._act.hide()

    @Slot()
    def _on_details_toggled(self) -> None:
        self._details.setVisible(self._details.isHidden())
        self.resized.emit(self)

    @Slot()
    def _on_copy(self) -> None:
        parts = (self.message.text, self.message.hint, self._details_text())
        QGuiApplication.clipboard().setText("\n".join(part for part in parts if part))

    @Slot()
    def _recolor(self) -> None:
        palette = current_theme().palette
        role = _COLOR[self.message.level]
        color = getattr(palette, role)
        self._icon.setPixmap(icon_pixmap(self.message.level, 24, role))
        ground = blend(palette.surface, color, 0.10)
        line = blend(palette.surface, color, 0.35)
        self.setStyleSheet(
            f"#message {{ background: {ground}; border: 1px solid {line}; border-radius: 8px; }}"
        )
