"""The window's own shortcuts: each an action of the window, which the shortcut sheet lists."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QMainWindow


@dataclass(frozen=True)
class Shortcut:
    """What keys do.

    Attributes:
        text: What it does, in words.
        do: Does it.
        keys: Each of them alone.
        is_last: What has the focus comes first: its own undo is not the window's.
    """

    text: str
    do: Callable[[], object]
    keys: tuple[str, ...]
    is_last: bool = False


def add_actions(window: QMainWindow, shortcuts: Iterable[Shortcut]) -> None:
    """Adds an action for each to the window."""
    for shortcut in shortcuts:
        action = QAction(shortcut.text, window)
        action.setShortcuts([QKeySequence(key) for key in shortcut.keys])
        if shortcut.is_last:  # done by `do_last`: two shortcuts of the same keys are ambiguous
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        action.triggered.connect(lambda _is_checked, do=shortcut.do: do())
        window.addAction(action)


def do_last(window: QMainWindow, event: QKeyEvent) -> bool:
    """Does what the keys mean that nothing in the window took for itself.

    Returns:
        They mean something.
    """
    keys = QKeySequence(event.keyCombination())
    for action in window.actions():
        is_last = action.shortcutContext() is Qt.ShortcutContext.WidgetShortcut
        if is_last and keys in action.shortcuts():
            action.trigger()
            return True
    return False
