"""StatePanel: what stands in a view's place while it is empty, loading, or cannot be shown."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from gui.style.icons import icon_pixmap
from gui.style.label import Label
from gui.style.theme import SPACING, current_theme, set_role
from gui.widgets.progress_bar import ProgressBar

TEXT_WIDTH = 50 * SPACING


class StatePanel(QWidget):
    """An icon, a heading, a sentence, and what can be done.

    Signals:
        action_requested(): The button was pressed.
    """

    action_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icon_name, self._icon_role = "", "muted"
        self._middle = QWidget(self)
        self._icon = Label(self._middle)
        self.title = Label(self._middle)
        self.text = Label(self._middle)
        self.progress = ProgressBar(self._middle)
        self.button = QPushButton(self._middle)
        self._build()
        current_theme().changed.connect(self._recolor)

    def _build(self) -> None:
        set_role(self.title, "heading")
        set_role(self.text, "muted")
        center = Qt.AlignmentFlag.AlignHCenter
        for label in (self._icon, self.title, self.text):
            label.setAlignment(center)
        for label in (self.title, self.text):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.progress.setRange(0, 0)
        self.progress.setTextVisible(False)
        self.progress.setFixedSize(20 * SPACING, SPACING // 2)
        self.button.clicked.connect(self.action_requested)
        middle = self._middle
        middle.setMaximumWidth(TEXT_WIDTH)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addStretch(1)
        row.addWidget(middle, 100)
        row.addStretch(1)
        column = QVBoxLayout(middle)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACING)
        column.addStretch(2)
        for widget in (self._icon, self.title, self.text):
            column.addWidget(widget)
        column.addSpacing(SPACING)
        column.addWidget(self.progress, 0, center)
        column.addWidget(self.button, 0, center)
        column.addStretch(3)

    def show_state(
        self,
        icon_name: str,
        title: str,
        text: str = "",
        action_text: str = "",
        is_busy: bool = False,
        is_error: bool = False,
    ) -> None:
        """Shows a state.

        Args:
            icon_name: Name of the icon.
            title: What is so.
            text: What to do, or what happens.
            action_text: What the button says; empty: no button.
            is_busy: Something is on its way.
            is_error: It went wrong.
        """
        self._icon_name = icon_name
        self._icon_role = "danger" if is_error else "muted"
        self.title.setText(title)
        self.text.setText(text)
        self.text.setVisible(bool(text))
        self.button.setText(action_text)
        self.button.setVisible(bool(action_text))
        self.progress.setRange(0, 0)
        self.progress.setVisible(is_busy)
        self.setAccessibleName(f"{title} {text}".strip())
        self._recolor()

    def set_progress(self, done: int, total: int) -> None:
        """Shows how far it is, while busy; a total of 0: nobody knows."""
        # QProgressBar counts in 32 bits.
        self.progress.setRange(0, 1_000 if total else 0)
        if total:
            self.progress.setValue(round(1_000 * min(done, total) / total))

    @Slot()
    def _recolor(self) -> None:
        if self._icon_name:
            self._icon.setPixmap(icon_pixmap(self._icon_name, 40, self._icon_role))
