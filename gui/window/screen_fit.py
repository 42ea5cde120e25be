"""Keeps the window within what the screen leaves it."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize
from PySide6.QtWidgets import QWidget


def fit_to_screen(window: QWidget) -> None:
    """Makes a window no larger than its screen's free area, and moves it into it."""
    if window.isMaximized() or window.isFullScreen():
        return  # the system has placed it
    room = window.screen().availableGeometry()
    frame = window.frameGeometry().size() - window.size()  # nothing before it was shown
    place = placed_within(room, QRect(window.pos(), window.size() + frame))
    window.setMinimumSize(window.minimumSize().boundedTo(room.size()))
    if place.size() != window.size() + frame:
        window.resize(place.size() - frame)
    if place.topLeft() != window.pos():
        window.move(place.topLeft())


def placed_within(room: QRect, wanted: QRect) -> QRect:
    """Returns the wanted place, made smaller and moved as little as is needed to lie in a room."""
    size: QSize = wanted.size().boundedTo(room.size())
    left = min(max(wanted.left(), room.left()), room.right() + 1 - size.width())
    top = min(max(wanted.top(), room.top()), room.bottom() + 1 - size.height())
    return QRect(left, top, size.width(), size.height())
