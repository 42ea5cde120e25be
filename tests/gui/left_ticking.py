"""What a test of the window leaves running in Qt: threads and timers, with where they started."""

from __future__ import annotations

import inspect
import weakref
from collections.abc import Callable
from typing import Any

import shiboken6
from PySide6.QtCore import QObject, QThread, QTimer

from tests.left_running import PATIENCE_S, Place, here, in_words, recorded


class _Shot:
    """One call of `QTimer.singleShot` that has yet to come."""

    def __init__(self, context: QObject | None, call: Callable[[], object], place: Place) -> None:
        self._context = None if context is None else weakref.ref(context)
        self.what = getattr(call, "__qualname__", repr(call))
        # As Qt does it: what waits for its turn keeps nobody alive.
        self._call = weakref.WeakMethod(call) if inspect.ismethod(call) else lambda: call
        self.place = place
        self.is_due = True

    def __call__(self) -> None:
        self.is_due = False
        call = self._call()
        if call is not None:
            call()

    def is_waiting(self) -> bool:
        """Whether it would still come, whatever has become of the test."""
        context = self._context() if self._context is not None else None
        is_gone = self._context is not None and (context is None or not shiboken6.isValid(context))
        return self.is_due and not is_gone


_threads: dict[int, weakref.ref[QThread]] = {}
_timers: dict[int, weakref.ref[QTimer]] = {}
_shots: list[_Shot] = []


def record_starts() -> None:
    """From now on it is known where each thread and each timer of Qt was started."""

    def note(started: dict[int, Any]) -> Callable[[Any, Place], None]:
        def note_it(item: Any, place: Place) -> None:
            item._started_at = place
            started[id(item)] = weakref.ref(item)

        return note_it

    QThread.start = recorded(QThread.start, note(_threads))  # type: ignore[method-assign]
    QTimer.start = recorded(QTimer.start, note(_timers))  # type: ignore[method-assign]
    QTimer.singleShot = staticmethod(_recorded_shot(QTimer.singleShot))  # type: ignore[method-assign]


def _recorded_shot(single_shot: Callable[..., None]) -> Callable[..., None]:
    def shoot(delay_ms: int, *arguments: Any) -> None:
        *others, call = arguments
        if not callable(call):  # a slot by its name
            single_shot(delay_ms, *arguments)
            return
        context = next((other for other in others if isinstance(other, QObject)), None)
        owner = getattr(call, "__self__", None)
        if context is None and isinstance(owner, QObject):
            context = owner
            others.append(owner)
        shot = _Shot(context, call, here())
        _shots.append(shot)
        single_shot(delay_ms, *others, shot.__call__)

    return shoot


def forget() -> None:
    """What was started until now is none of the next test's."""
    for started in (_threads, _timers, _shots):
        started.clear()


def threads() -> list[str]:
    """Threads that do not end, in words."""
    found = []
    for thread in _alive(_threads):
        if thread is not QThread.currentThread() and not thread.wait(round(1000 * PATIENCE_S)):
            found.append(f"The thread {_name(thread)}, started at\n{_place(thread)}")
    return found


def timers() -> list[str]:
    """Timers that will tick, in words, each once; those that can be are stopped."""
    found = []
    for timer in _alive(_timers):
        if timer.isActive():
            found.append(f"The timer {_name(timer)}, started at\n{_place(timer)}")
            timer.stop()
    for shot in _shots:
        if shot.is_waiting():
            found.append(f"The single shot of {shot.what}, asked for at\n{in_words(shot.place)}")
    _shots.clear()
    return found


def _alive(started: dict[int, weakref.ref[Any]]) -> list[Any]:
    items = [reference() for reference in list(started.values())]
    return [item for item in items if item is not None and shiboken6.isValid(item)]


def _name(item: QObject) -> str:
    parent = item.parent()
    owner = f" of {type(parent).__name__}" if parent is not None else ""
    return f"{item.objectName() or type(item).__name__!r}{owner}"


def _place(item: Any) -> str:
    return in_words(getattr(item, "_started_at", None))
