"""Messages: the one door through which the window speaks to the person, without a dialog."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from gui.style.icons import icon, icon_pixmap
from gui.style.theme import SPACING, blend, current_theme, set_role

Action = Callable[[], object]

MAX_SHOWN: Final = 3
INFO_SECONDS: Final = 10
"""How long a plain message stays; warnings and errors stay until they are dismissed."""
_COLOR: Final = {"info": "accent", "warning": "warning", "error": "danger"}


@dataclass(frozen=True)
class Message:
    """Something that was said.

    Attributes:
        level: ``info``, ``warning`` or ``error``.
        text: What happened, in a sentence.
        hint: What to do next; may be empty.
        details: A traceback or a log, to be copied; may be empty.
        action_text: What the button says; empty: no button.
        is_lasting: It cannot be dismissed; it describes how things are.
    """

    level: str
    text: str
    hint: str = ""
    details: str = ""
    action_text: str = ""
    is_lasting: bool = False


class Messages(QWidget):
    """Bars at the top of the window, newest first.

    Signals:
        shown(Message): A message was shown.

    Attributes:
        history: Everything that was said, oldest first.

    Args:
        log_path: The log file that details refer to.
    """

    shown = Signal(object)

    def __init__(self, log_path: Path | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.history: list[Message] = []
        self._log_path = log_path
        self._bars: list[MessageBar] = []
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(1)
        self.setVisible(False)

    @property
    def bars(self) -> tuple[MessageBar, ...]:
        """The bars on screen, newest first."""
        return tuple(self._bars)

    def show_info(self, text: str, action_text: str = "", action: Action | None = None) -> None:
        """Says that something went well; goes away by itself.

        Args:
            text: What happened.
            action_text: What the button says, such as ``Undo``.
            action: What the button does.
        """
        self._show(Message("info", text, action_text=action_text), action)

    def show_warning(
        self,
        text: str,
        hint: str = "",
        action_text: str = "",
        action: Action | None = None,
        is_lasting: bool = False,
    ) -> None:
        """Says what the person should know.

        Args:
            text: What is so.
            hint: What to do about it.
            action_text: What the button says.
            action: What the button does.
            is_lasting: It describes how things are and cannot be dismissed.
        """
        message = Message("warning", text, hint, action_text=action_text, is_lasting=is_lasting)
        self._show(message, action)

    def show_error(self, text: str, hint: str = "", details: str = "") -> None:
        """Says that something went wrong; `details` can be unfolded and copied."""
        self._show(Message("error", text, hint, details), None)

    @Slot()
    def dismiss_newest(self) -> None:
        """Takes the newest message that can be dismissed off the screen."""
        for bar in self._bars:
            if not bar.message.is_lasting:
                self._remove(bar)
                return

    def withdraw(self, text: str) -> None:
        """Takes every message of that text off the screen; what it said is no longer so."""
        for bar in [bar for bar in self._bars if bar.message.text == text]:
            self._remove(bar)

    def _show(self, message: Message, action: Action | None) -> None:
        self.history.append(message)
        for same in [bar for bar in self._bars if bar.message == message]:
            self._remove(same)
        bar = MessageBar(message, action, self._log_path, self)
        bar.dismissed.connect(self._on_dismissed)
        self._bars.insert(0, bar)
        self._layout.insertWidget(0, bar)
        passing = [bar for bar in self._bars if not bar.message.is_lasting]
        for old in passing[MAX_SHOWN:]:
            self._remove(old)
        self.setVisible(True)
        self.shown.emit(message)

    @Slot(object)
    def _on_dismissed(self, bar: MessageBar) -> None:
        self._remove(bar)

    def _remove(self, bar: MessageBar) -> None:
        if bar not in self._bars:
            return
        self._bars.remove(bar)
        self._layout.removeWidget(bar)
        bar.hide()
        bar.deleteLater()
        self.setVisible(bool(self._bars))


class MessageBar(QFrame):
    """One message on screen.

    Signals:
        dismissed(MessageBar): It was closed, acted on, or its time is over.
    """

    dismissed = Signal(object)

    def __init__(
        self, message: Message, action: Action | None, log_path: Path | None, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.setObjectName("message")
        self.message = message
        self._action = action
        self._log_path = log_path
        self._icon = QLabel()
        self._details = QPlainTextEdit()
        self._build()
        current_theme().changed.connect(self._recolor)
        self._recolor()
        if message.level == "info":
            timer = QTimer(self)
            timer.setSingleShot(True)
            timer.timeout.connect(self._dismiss)
            timer.start(INFO_SECONDS * 1000)

    def _build(self) -> None:
        self.setAccessibleName(self.message.text)
        self.setAccessibleDescription(self.message.hint)
        row = QHBoxLayout()
        row.setSpacing(SPACING)
        self._icon.setFixedHeight(4 * SPACING)
        row.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._words(), 1, Qt.AlignmentFlag.AlignVCenter)
        if self.message.details:
            show = self._button(self.tr("Details"), self._on_details_toggled)
            show.setCheckable(True)
            row.addWidget(show, 0, Qt.AlignmentFlag.AlignTop)
            copy = self._button(self.tr("Copy"), self._on_copy)
            row.addWidget(copy, 0, Qt.AlignmentFlag.AlignTop)
        if self.message.action_text:
            act = self._button(self.message.action_text, self._on_action)
            row.addWidget(act, 0, Qt.AlignmentFlag.AlignTop)
        if not self.message.is_lasting:
            close = QToolButton()
            close.setIcon(icon("close", "muted"))
            set_role(close, "flat")
            close.setToolTip(self.tr("Dismiss (Esc)"))
            close.setAccessibleName(self.tr("Dismiss this message"))
            close.clicked.connect(self._dismiss)
            row.addWidget(close, 0, Qt.AlignmentFlag.AlignTop)
        self._details.setReadOnly(True)
        self._details.setPlainText(self._details_text())
        self._details.setAccessibleName(self.tr("Details of the error"))
        self._details.setFixedHeight(16 * SPACING)
        self._details.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * SPACING, SPACING, SPACING, SPACING)
        column.addLayout(row)
        column.addWidget(self._details)

    def _words(self) -> QWidget:
        words = QWidget()
        column = QVBoxLayout(words)
        column.setContentsMargins(0, 3, 0, 3)
        column.setSpacing(2)
        column.addWidget(self._label(self.message.text))
        if self.message.hint:
            hint = self._label(self.message.hint)
            set_role(hint, "muted")
            column.addWidget(hint)
        return words

    def _label(self, text: str) -> QLabel:
        label = QLabel(text)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setWordWrap(True)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        return label

    def _button(self, text: str, slot: Callable[[], None]) -> QPushButton:
        button = QPushButton(text)
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
    def _on_action(self) -> None:
        if self._action is not None:
            self._action()
        self.dismissed.emit(self)

    @Slot()
    def _on_details_toggled(self) -> None:
        self._details.setVisible(self._details.isHidden())

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
            f"#message {{ background: {ground}; border: none; border-bottom: 1px solid {line}; }}"
        )
