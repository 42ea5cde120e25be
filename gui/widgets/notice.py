"""Notice: one sentence about the run, what to do next, and a button that does it."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt, Signal, Slot
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from gui.style.icons import icon_pixmap
from gui.style.label import Label
from gui.style.theme import SPACING, blend, current_theme, set_role

_ICONS = {
    "success": "success",
    "warning": "warning",
    "danger": "error",
    "accent": "info",
    "muted": "info",
}


RADIUS = 6.0


class Notice(QWidget):
    """A calm strip; hidden while there is nothing to say.

    Signals:
        activated(str): The button was pressed; the target that `show_text` was given.
    """

    activated = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._role = "muted"
        self._target = ""
        self._icon = Label()
        self.text = Label()
        self.hint = Label()
        self.button = QPushButton()
        self._build()
        current_theme().changed.connect(self._recolor)
        self.clear()

    def _build(self) -> None:
        words = QVBoxLayout()
        words.setSpacing(2)
        for label in (self.text, self.hint):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            words.addWidget(label)
        set_role(self.hint, "muted")
        self.button.clicked.connect(self._on_clicked)
        self.setMinimumHeight(5 * SPACING)
        row = QHBoxLayout(self)
        row.setContentsMargins(2 * SPACING, SPACING // 2, SPACING // 2, SPACING // 2)
        row.setSpacing(SPACING)
        row.addWidget(self._icon)
        row.addLayout(words, 1)
        row.addWidget(self.button)

    def show_text(
        self, text: str, role: str = "muted", hint: str = "", action: str = "", target: str = ""
    ) -> None:
        """Says something.

        Args:
            text: What is so.
            role: Its colour: ``muted``, ``accent``, ``success``, ``warning`` or ``danger``.
            hint: What to do next.
            action: What the button says; empty: no button.
            target: Given back by `activated`.
        """
        self._role, self._target = role, target
        self.text.setText(text)
        self.hint.setText(hint)
        self.hint.setVisible(bool(hint))
        self.button.setText(action)
        self.button.setVisible(bool(action))
        self.setAccessibleName(f"{text} {hint}".strip())
        self._recolor()
        self.show()

    def clear(self) -> None:
        """Says nothing and takes no room."""
        self._target = ""
        self.text.clear()
        self.hint.clear()
        self.hide()

    @Slot()
    def _on_clicked(self) -> None:
        if self._target:
            self.activated.emit(self._target)

    @Slot()
    def _recolor(self) -> None:
        self._icon.setPixmap(icon_pixmap(_ICONS[self._role], 20, self._role))
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draws the strip; a style sheet of its own would be parsed anew with every sentence."""
        palette = current_theme().palette
        color = getattr(palette, self._role)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QColor(blend(palette.surface, color, 0.3)))
        painter.setBrush(QColor(blend(palette.surface, color, 0.08)))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), RADIUS, RADIUS)
