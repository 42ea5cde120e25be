"""ShortcutButton: a push button and its action with a shortcut, always in the same state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QSize
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QPushButton, QWidget

from gui.style.icons import icon
from gui.style.theme import set_role

ICON_SIZE: Final = QSize(22, 16)
"""Wider than high: the icon stays 16 pixels, with room between it and the text."""


class ShortcutButton(QPushButton):
    """A button whose action also answers to a shortcut while its page is shown.

    Args:
        text: What it says.
        icon_name: Its icon.
        slot: What it does.
        page: The widget that gets the action.
        shortcut: Keys, such as ``Ctrl+P``; empty for none.
        role: ``primary``, ``danger``, ``flat`` or empty.
        help_text: What it does, in a sentence.
    """

    def __init__(
        self,
        text: str,
        icon_name: str,
        slot: Callable[[], None],
        page: QWidget,
        shortcut: str = "",
        role: str = "",
        help_text: str = "",
    ) -> None:
        super().__init__(text)
        self._help = help_text or text
        self.action = QAction(icon(icon_name), text, page)
        self.action.setShortcut(QKeySequence(shortcut))
        self.action.triggered.connect(slot)
        self.clicked.connect(slot)
        page.addAction(self.action)
        self._icon_name = icon_name
        self._is_primary = role == "primary"
        self._show_icon(True)
        self.setIconSize(ICON_SIZE)
        self.setAccessibleName(text)
        set_role(self, role)
        keys = self.action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        self.setToolTip(f"{self._help} ({keys})" if keys else self._help)

    def _show_icon(self, is_enabled: bool) -> None:
        role = "on_accent" if self._is_primary and is_enabled else "text"
        self.setIcon(icon(self._icon_name, role))

    def show_as(self, is_visible: bool, is_enabled: bool = True, text: str = "") -> None:
        """Sets what it looks like; a hidden one does not answer to its shortcut."""
        had_focus = self.hasFocus()
        self.setVisible(is_visible)
        if is_enabled is not self.isEnabled():
            self.setEnabled(is_enabled)
            self._show_icon(is_enabled)
        self.action.setEnabled(is_visible and is_enabled)
        if text and text != self.text():
            self.setText(text)
            self.setAccessibleName(text)
        if had_focus and is_visible and is_enabled:
            self.setFocus()
