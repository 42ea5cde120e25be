"""The window's own shortcuts: each an action of the window, which the shortcut sheet lists."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtGui import QAction, QKeySequence

if TYPE_CHECKING:
    from gui.window.main_window import MainWindow


def add_actions(window: MainWindow, steps: list[tuple[str, str]]) -> None:
    """Adds the actions to the window.

    Args:
        window: The window.
        steps: Name and title of each page, in order.
    """
    for number, (name, title) in enumerate(steps, start=1):
        _add(window, title, partial(window.show_page, name), f"Ctrl+{number}")
    _add(window, window.tr("Keyboard shortcuts"), window.show_shortcuts, "F1", "?")
    about = window.tr("Guide: about this architecture")
    _add(window, about, window.show_guide, "Shift+F1")
    _add(window, window.tr("Dismiss a message"), window.messages.dismiss_newest, "Escape")
    _add(window, window.tr("Close the window"), window.close, "Ctrl+Q")


def _add(window: MainWindow, text: str, do: Callable[[], object], *keys: str) -> None:
    action = QAction(text, window)
    action.setShortcuts([QKeySequence(key) for key in keys])
    action.triggered.connect(lambda _is_checked: do())
    window.addAction(action)
