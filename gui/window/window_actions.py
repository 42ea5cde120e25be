"""The window's own shortcuts: each an action of the window, which the shortcut sheet lists."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMainWindow


@dataclass(frozen=True)
class Shortcut:
    """What keys do.

    Attributes:
        text: What it does, in words.
        do: Does it.
        keys: Each of them alone.
    """

    text: str
    do: Callable[[], object]
    keys: tuple[str, ...]


def add_actions(window: QMainWindow, shortcuts: Iterable[Shortcut]) -> None:
    """Adds an action for each to the window."""
    for shortcut in shortcuts:
        action = QAction(shortcut.text, window)
        action.setShortcuts([QKeySequence(key) for key in shortcut.keys])
        action.triggered.connect(lambda _is_checked, do=shortcut.do: do())
        window.addAction(action)
