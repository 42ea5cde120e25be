"""MessageToasts: messages that lie over the page for a while and move nothing."""

from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import Final

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, QSize, Qt, QTimer, Slot
from PySide6.QtGui import QCursor
from PySide6.QtWidgets import QAbstractButton, QApplication, QWidget

from gui.state.messages import Messages, SaidMessage
from gui.style.theme import SPACING
from gui.window.message_bar import MessageBar
from gui.window.message_room import GAP, area_in, controls_in, free_place, is_control

MAX_SHOWN: Final = 3
SECONDS: Final = 10
"""How long a plain message stays, and how long any does while others wait."""
SETTLING_MS: Final = 700
"""A click this soon was meant for what lay there before, and goes to it."""
RESTING_MS: Final = 300
"""A pointer that rests so long over a control that is covered is meant for the control."""
WIDTH: Final = 52 * SPACING
ABOVE_FOOT: Final = 8 * SPACING
"""Room for the buttons at the foot of a page, which no message covers."""


class MessageToasts(QObject):
    """Shows messages over a widget, near its lower right, each where none stands yet.

    They cover no field and no button where that can be helped. One that is shown stays where it is
    until it goes, whatever comes or goes beside it, unless the pointer or the keyboard comes to
    what it covers: it gives way. Where there is no room for another it waits: plain ones go after
    some seconds, and while one waits, so does every other that was there as long. All can be read
    again (`MessageBell`).

    Args:
        messages: What is said.
        host: What they lie over.
        log_path: The log file that details refer to.
    """

    def __init__(self, messages: Messages, host: QWidget, log_path: Path | None) -> None:
        super().__init__(host)
        self._messages = messages
        self._host = host
        self._log_path = log_path
        self._bars: list[MessageBar] = []
        self._waiting: deque[SaidMessage] = deque()
        self._aged: set[MessageBar] = set()
        self._resting = QTimer(self)
        self._resting.setSingleShot(True)
        self._resting.timeout.connect(self._on_resting)
        host.installEventFilter(self)
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        application.focusChanged.connect(self._on_focus)
        messages.shown.connect(self._on_shown)
        messages.put_away.connect(self._on_put_away)

    @property
    def bars(self) -> tuple[MessageBar, ...]:
        """What is on screen, newest first."""
        return tuple(reversed(self._bars))

    @property
    def n_waiting(self) -> int:
        """How many wait for room."""
        return len(self._waiting)

    @property
    def is_asking(self) -> bool:
        """The pointer was moved on a message; where it rests will be looked at."""
        return self._resting.isActive()

    @Slot()
    def dismiss_newest(self) -> None:
        """Takes the newest message off the screen."""
        if self._bars:
            self._remove(self._bars[-1])

    # ---- coming

    @Slot(object)
    def _on_shown(self, said: SaidMessage) -> None:
        self._waiting.append(said)
        self._show_waiting()

    def _show_waiting(self) -> None:
        while self._waiting:
            bar = MessageBar(self._waiting[0], self._log_path, self._host)
            place = self._place_of(bar)
            aged = [other for other in self._bars if other in self._aged]
            while aged and (place is None or len(self._bars) == MAX_SHOWN):
                self._take_off(aged.pop(0))
                place = self._place_of(bar)
            if place is None or len(self._bars) == MAX_SHOWN:
                bar.deleteLater()
                return
            self._waiting.popleft()
            self._show(bar, place)

    def _show(self, bar: MessageBar, place: QRect) -> None:
        bar.dismissed.connect(self._remove)
        bar.resized.connect(self._on_resized)
        self._bars.append(bar)
        bar.setAttribute(Qt.WidgetAttribute.WA_Hover)
        bar.installEventFilter(self)
        self._lay(bar, place)
        bar.show()
        bar.raise_()
        timer = QTimer(bar)
        timer.setSingleShot(True)
        timer.timeout.connect(self._on_aged)
        timer.start(SECONDS * 1000)

    def _lay(self, bar: MessageBar, place: QRect) -> None:
        bar.setGeometry(place)
        bar.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        QTimer.singleShot(SETTLING_MS, bar, lambda: _settle(bar))

    # ---- giving way

    @Slot()
    def follow_page(self) -> None:
        """Puts messages elsewhere that cover what another page has there, once it is laid out."""
        QTimer.singleShot(0, self, self._uncover)

    @Slot()
    def _uncover(self) -> None:
        controls = controls_in(self._host, self._host.findChildren(MessageBar))
        for bar in self.bars:
            if any(bar.geometry().intersects(area) for area in controls):
                place = self._place_of(bar)
                if place is not None and place != bar.geometry():
                    self._lay(bar, place)

    @Slot(QWidget, QWidget)
    def _on_focus(self, _before: QWidget | None, now: QWidget | None) -> None:
        if now is not None and self._host.isAncestorOf(now) and is_control(now):
            self._give_way_to(area_in(self._host, now), now)

    @Slot()
    def _on_resting(self) -> None:
        """The pointer rests on a message: is it meant for what lies below?"""
        point = self._host.mapFromGlobal(QCursor.pos())
        for area in controls_in(self._host, self._host.findChildren(MessageBar)):
            if area.contains(point):
                self._give_way_to(area)
                return

    def _give_way_to(self, area: QRect, control: QWidget | None = None) -> None:
        """Puts messages that cover a control elsewhere; where there is no room, the bell has them.

        Args:
            area: Where it is seen.
            control: It; what belongs to a message itself is let be.
        """
        for bar in self.bars:
            if not bar.geometry().intersects(area):
                continue
            if control is not None and bar.isAncestorOf(control):
                continue
            place = self._place_of(bar, area)
            if place is None:
                self._remove(bar)
            else:
                self._lay(bar, place)

    # ---- going

    @Slot()
    def _on_aged(self) -> None:
        timer = self.sender()
        assert isinstance(timer, QTimer)
        bar = timer.parent()
        assert isinstance(bar, MessageBar)
        if _is_being_read(bar):
            timer.start(SECONDS * 1000)
            return
        self._aged.add(bar)
        if bar.message.level == "info":
            self._remove(bar)
        else:
            self._show_waiting()

    @Slot(object)
    def _on_put_away(self, said: SaidMessage) -> None:
        if said in self._waiting:
            self._waiting.remove(said)
        for bar in [bar for bar in self._bars if bar.said is said]:
            self._remove(bar)

    @Slot(object)
    def _remove(self, bar: MessageBar) -> None:
        self._take_off(bar)
        self._show_waiting()

    def _take_off(self, bar: MessageBar) -> None:
        if bar in self._bars:
            self._bars.remove(bar)
            self._aged.discard(bar)
            bar.hide()
            bar.deleteLater()

    # ---- places

    def _place_of(self, bar: MessageBar, area: QRect | None = None) -> QRect | None:
        """Where a bar fits, over none of the others and where that is possible over no control.

        A single one is shown in any case.

        Args:
            bar: What is placed.
            area: What it gives way to; None: what has the focus, if that is a control.

        Returns:
            The place; None: nowhere.
        """
        room = self._host.rect().adjusted(GAP, GAP, -2 * GAP, -ABOVE_FOOT)
        width = min(WIDTH, room.width())
        height = _height_of(bar, width)
        taken = [other.geometry() for other in self._bars if other is not bar]
        controls = controls_in(self._host, self._host.findChildren(MessageBar))
        kept_clear = self._focused() if area is None else area
        avoided = [*taken, *([] if kept_clear.isEmpty() else [kept_clear])]
        place = free_place(room, QSize(width, height), avoided, controls)
        if place is not None or taken or area is not None:
            return place
        return QRect(room.right() - width, max(room.top(), room.bottom() - height), width, height)

    def _focused(self) -> QRect:
        """Where the control that has the focus is seen; empty: none has."""
        focused = self._host.window().focusWidget()
        if focused is None or not self._host.isAncestorOf(focused) or not is_control(focused):
            return QRect()
        return area_in(self._host, focused)

    @Slot(object)
    def _on_resized(self, bar: MessageBar) -> None:
        """Details unfold below the button that was pressed, which stays under the pointer."""
        layout = bar.layout()
        assert layout is not None
        layout.activate()
        height = _height_of(bar, bar.width())
        top = min(bar.y(), self._host.height() - height - GAP)
        bar.setGeometry(bar.x(), max(GAP, top), bar.width(), height)
        bar.raise_()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._host and event.type() == QEvent.Type.Resize:
            shown, self._bars = self._bars, []
            for bar in shown:
                place = self._place_of(bar)
                if place is None:  # the bell keeps it
                    bar.hide()
                    bar.deleteLater()
                else:
                    self._bars.append(bar)
                    bar.setGeometry(place)
        if event.type() == QEvent.Type.HoverMove and watched in self._bars:
            assert isinstance(watched, MessageBar)
            on_button = isinstance(watched.childAt(_point_on(watched)), QAbstractButton)
            self._resting.stop() if on_button else self._resting.start(RESTING_MS)
        if event.type() == QEvent.Type.HoverLeave and watched in self._bars:
            self._resting.stop()
        return False


def _point_on(widget: QWidget) -> QPoint:
    """Where the pointer is on a widget."""
    return widget.mapFromGlobal(QCursor.pos())


def _height_of(bar: MessageBar, width: int) -> int:
    """What its words need in that width."""
    height = bar.heightForWidth(width)
    return height if height > 0 else bar.sizeHint().height()


def _settle(bar: MessageBar) -> None:
    bar.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents, False)


def _is_being_read(bar: MessageBar) -> bool:
    """The pointer or the keyboard is on it."""
    focused = bar.window().focusWidget()
    return bar.underMouse() or (focused is not None and bar.isAncestorOf(focused))
