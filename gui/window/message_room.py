"""Where on a page a message covers no field and no button."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product
from typing import Final

from PySide6.QtCore import QPoint, QRect, QSize
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QScrollBar,
    QTabBar,
    QTextEdit,
    QWidget,
)

from gui.style.label import Label
from gui.style.theme import SPACING

GAP: Final = SPACING
"""Between two messages, and between one and what it does not cover."""
_CONTROLS: Final = (
    QAbstractButton,
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QTabBar,
    QTextEdit,
)
_MOST_EDGES: Final = 40


def is_control(widget: QWidget) -> bool:
    """Whether something is pressed, moved or typed there, or it names what is."""
    if isinstance(widget, Label):
        return widget.buddy() is not None
    if isinstance(widget, (QPlainTextEdit, QTextEdit)):
        return not widget.isReadOnly()
    return isinstance(widget, _CONTROLS) and not isinstance(widget, QScrollBar)


def area_in(host: QWidget, widget: QWidget) -> QRect:
    """The part of a widget that is seen, in a host's coordinates."""
    area, place = widget.rect(), widget
    while place is not host:
        above = place.parentWidget()
        if above is None:
            return QRect()
        area = area.translated(place.pos()).intersected(above.rect())
        place = above
    return area


def controls_in(host: QWidget, besides: Iterable[QWidget] = ()) -> list[QRect]:
    """Where fields and buttons are seen on a host, in its coordinates.

    Args:
        host: The page.
        besides: Widgets whose own buttons do not count.
    """
    left_out = tuple(besides)
    found = []
    for widget in host.findChildren(QWidget):
        if not is_control(widget) or not widget.isVisible():
            continue
        if any(other.isAncestorOf(widget) for other in left_out):
            continue
        area = area_in(host, widget)
        if not area.isEmpty():
            found.append(area)
    return found


def free_place(
    room: QRect, size: QSize, taken: Sequence[QRect], controls: Sequence[QRect]
) -> QRect | None:
    """The place nearest to the lower right that covers no control, or else the fewest.

    Args:
        room: Within it.
        size: Of what is placed.
        taken: What is never covered.
        controls: What is not covered where that is possible.

    Returns:
        The place; None: there is none beside what is taken.
    """
    edges = [*taken, *controls[:_MOST_EDGES]]
    bottoms = {room.bottom(), *(area.top() - GAP for area in edges)}
    rights = {
        room.right(),
        room.left() + size.width(),
        *(area.left() - GAP for area in edges),
    }
    best, fewest = None, len(controls) + 1
    corners = (QPoint(*corner) for corner in product(rights, bottoms))
    for corner in sorted(corners, key=lambda it: (room.bottomRight() - it).manhattanLength()):
        place = QRect(corner - QPoint(size.width(), size.height()), size)
        if place.top() < room.top() or place.left() < room.left():
            continue
        if corner.x() > room.right() or corner.y() > room.bottom():
            continue
        if any(place.intersects(area) for area in taken):
            continue
        n_covered = sum(place.intersects(area) for area in controls)
        if n_covered < fewest:
            best, fewest = place, n_covered
        if not n_covered:
            break
    return best
