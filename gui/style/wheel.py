"""The wheel over a field: it scrolls the page, unless the field was picked before."""

from __future__ import annotations

from functools import cache

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt
from PySide6.QtWidgets import QWidget


class _WheelGuard(QObject):
    """Leaves the wheel to what lies around a widget that has not the focus."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Wheel and not _has_focus(watched):
            event.ignore()
            return True
        return False


def wheel_needs_focus(field: QWidget) -> None:
    """Makes the wheel change a field only after it was clicked on or reached with Tab.

    A guard alone would not do: where the focus policy is Qt's own, the first tick of a wheel
    gives the focus before the event arrives.
    """
    field.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    field.installEventFilter(_guard())


@cache
def _guard() -> _WheelGuard:
    return _WheelGuard(QCoreApplication.instance())


def _has_focus(watched: QObject) -> bool:
    return isinstance(watched, QWidget) and watched.hasFocus()
