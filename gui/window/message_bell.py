"""MessageBell: a button that shows once more what the window said."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PySide6.QtCore import QPoint, QRectF, Qt, Slot
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QToolButton, QVBoxLayout, QWidget

from gui.formatting.plain_text import plain_tip
from gui.state.messages import Messages, SaidMessage
from gui.style.icons import icon
from gui.style.label import Label
from gui.style.theme import SPACING, current_theme, set_role
from gui.window.message_bar import MessageBar

LIST_WIDTH: Final = 56 * SPACING
LIST_HEIGHT: Final = 64 * SPACING
DOT: Final = 8.0


class MessageBell(QToolButton):
    """At the foot of the rail; a dot says that something was not read, or still holds.

    Args:
        messages: What was said.
        log_path: The log file that details refer to.
    """

    def __init__(
        self, messages: Messages, log_path: Path | None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._messages = messages
        self._log_path = log_path
        self._unread: set[SaidMessage] = set()
        self._list: MessageList | None = None
        self.setIcon(icon("bell"))
        set_role(self, "flat")
        self.clicked.connect(self.open_list)
        messages.shown.connect(self._on_shown)
        messages.history_changed.connect(self._describe)
        current_theme().changed.connect(self.update)
        self._describe()

    @property
    def has_dot(self) -> bool:
        """A warning or an error was not read, or describes how things still are."""
        kept = self._messages.kept
        return any(said.message.is_lasting or said in self._unread for said in kept)

    @property
    def opened(self) -> MessageList | None:
        """The list, while it is on screen."""
        return self._list

    @Slot()
    def open_list(self) -> None:
        """Shows what was said, newest first."""
        self._unread.clear()
        self._describe()
        self._list = MessageList(self._messages.kept, self._log_path, self)
        self._list.destroyed.connect(self._on_list_gone)
        self._list.show_above(self)

    @Slot()
    def _on_list_gone(self) -> None:
        self._list = None

    @Slot(object)
    def _on_shown(self, said: SaidMessage) -> None:
        if said.message.level != "info":
            self._unread.add(said)

    @Slot()
    def _describe(self) -> None:
        n_kept = len(self._messages.kept)
        self._unread.intersection_update(self._messages.kept)
        text = self.tr("Messages: the last {n}").format(n=n_kept)
        text = text if n_kept else self.tr("Messages: none yet")
        self.setToolTip(plain_tip(self.tr("{text} (Ctrl+M)").format(text=text)))
        self.setAccessibleName(text)
        self.setAccessibleDescription(self.tr("Something is unread.") if self.has_dot else "")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self.has_dot:
            return
        palette = current_theme().palette
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QColor(palette.window))
        painter.setBrush(QColor(palette.warning))
        painter.drawEllipse(QRectF(self.width() - DOT - 6, 4, DOT, DOT))


class MessageList(QFrame):
    """What was said, newest first; closes with Escape or a click beside it."""

    def __init__(
        self, kept: tuple[SaidMessage, ...], log_path: Path | None, parent: QWidget
    ) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setProperty("card", True)
        self.setAccessibleName(self.tr("Messages"))
        sheet = QWidget(self)
        column = QVBoxLayout(sheet)
        column.setContentsMargins(0, 0, SPACING, 0)
        column.setSpacing(SPACING)
        self.bars = [MessageBar(said, log_path, sheet, is_listed=True) for said in kept]
        for bar in self.bars:
            column.addWidget(bar)
        if not kept:
            nothing = Label(self.tr("Nothing was said yet."), sheet)
            set_role(nothing, "muted")
            column.addWidget(nothing)
        column.addStretch(1)
        area = QScrollArea(self)
        area.setWidget(sheet)
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        for ground in (area.viewport(), sheet):
            ground.setAutoFillBackground(False)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(*(SPACING,) * 4)
        outer.addWidget(area)
        self._needed = column.sizeHint().height() + 3 * SPACING

    def show_above(self, button: QWidget) -> None:
        """Opens over a button, within its window."""
        window = button.window()
        height = min(LIST_HEIGHT, self._needed, window.height() - 10 * SPACING)
        self.resize(min(LIST_WIDTH, window.width() - 4 * SPACING), max(height, 8 * SPACING))
        self.move(button.mapToGlobal(QPoint(0, -self.height() - SPACING)))
        self.show()
