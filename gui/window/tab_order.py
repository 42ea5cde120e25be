"""Tab leads where the eye goes: part by part, and in each from the top and the left."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QWidget

ROW_PX: Final = 12
"""What differs less in height stands in one row."""


def eye_order(parts: Iterable[QWidget]) -> list[QWidget]:
    """Returns what Tab stops at.

    Qt's own order is that in which widgets were made, which is another wherever something is made
    when it is first needed.

    Args:
        parts: In the order in which they are read; each is read row by row.
    """
    found: dict[QWidget, None] = {}
    for part in parts:
        stops = [item for item in (part, *part.findChildren(QWidget)) if _is_stop(item)]
        found.update(dict.fromkeys(sorted(stops, key=lambda item: _place_in(part, item))))
    return list(found)


def move_focus(parts: Iterable[QWidget], current: QWidget | None, is_forward: bool) -> bool:
    """Gives the focus to what Tab, or Shift+Tab, leads to.

    Args:
        parts: See `eye_order`.
        current: What has the focus; something inside a stop counts as that.
        is_forward: It was Tab.

    Returns:
        There was something to lead to.
    """
    parts = tuple(parts)
    stops = eye_order(parts)
    if not stops:
        return False
    holder = current
    while holder is not None and holder not in stops:
        holder = holder.parentWidget()
    if holder is not None:
        stop = stops[(stops.index(holder) + (1 if is_forward else -1)) % len(stops)]
    else:
        near = _beside(parts, current) or stops
        stop = near[0 if is_forward else -1]
    reasons = Qt.FocusReason
    stop.setFocus(reasons.TabFocusReason if is_forward else reasons.BacktabFocusReason)
    return True


def _beside(parts: tuple[QWidget, ...], gone: QWidget | None) -> list[QWidget]:
    """What can be reached in the part of something that went while it had the focus."""
    for part in parts:
        if gone is not None and part.isAncestorOf(gone):
            return eye_order((part,))
    return []


def _is_stop(item: QWidget) -> bool:
    takes_tab = item.focusPolicy() & Qt.FocusPolicy.TabFocus == Qt.FocusPolicy.TabFocus
    return takes_tab and item.focusProxy() is None and item.isVisible() and item.isEnabled()


def _place_in(part: QWidget, item: QWidget) -> tuple[int, int]:
    corner = item.mapTo(part, QPoint(0, 0)) if item is not part else QPoint(0, 0)
    return (corner.y() + item.height() // 2) // ROW_PX, corner.x()
