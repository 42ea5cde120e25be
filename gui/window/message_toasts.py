"""MessageToasts: messages that lie over the page for a while and move nothing."""

from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import Final

from PySide6.QtCore import QEvent, QObject, QRect, Qt, QTimer, Slot
from PySide6.QtWidgets import QWidget

from gui.state.messages import Messages, SaidMessage
from gui.style.theme import SPACING
from gui.window.message_bar import MessageBar

MAX_SHOWN: Final = 3
SECONDS: Final = 10
"""How long a plain message stays, and how long any does while others wait."""
SETTLING_MS: Final = 700
"""A click this soon was meant for what lay there before, and goes to it."""
WIDTH: Final = 52 * SPACING
GAP: Final = SPACING
ABOVE_FOOT: Final = 8 * SPACING
"""Room for the buttons at the foot of a page, which no message covers."""


class MessageToasts(QObject):
    """Shows messages over a widget, at its lower right, each where none stands yet.

    One that is shown stays where it is until it goes, whatever comes or goes beside it. Where
    there is no room for another it waits: plain ones go after some seconds, and while one waits,
    so does every other that was there as long. All can be read again (`MessageBell`).

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
        host.installEventFilter(self)
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
        bar.setGeometry(place)
        bar.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        bar.show()
        bar.raise_()
        QTimer.singleShot(SETTLING_MS, bar, lambda: _settle(bar))
        timer = QTimer(bar)
        timer.setSingleShot(True)
        timer.timeout.connect(self._on_aged)
        timer.start(SECONDS * 1000)

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

    def _place_of(self, bar: MessageBar) -> QRect | None:
        """Where a bar fits: as low as may be, over none of the others; None: nowhere.

        A single one is shown in any case.
        """
        room = self._host.rect().adjusted(GAP, GAP, -2 * GAP, -ABOVE_FOOT)
        width = min(WIDTH, room.width())
        height = _height_of(bar, width)
        taken = [other.geometry() for other in self._bars if other is not bar]
        bottoms = [room.bottom(), *(rect.top() - GAP for rect in taken)]
        for bottom in sorted(bottoms, reverse=True):
            place = QRect(room.right() - width, bottom - height, width, height)
            if place.top() >= room.top() and not any(place.intersects(rect) for rect in taken):
                return place
        if taken:
            return None
        return QRect(room.right() - width, max(room.top(), room.bottom() - height), width, height)

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
        return False


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
