"""The guard itself: what a test leaves running in Qt is found, and named with its start."""

from __future__ import annotations

import threading

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QObject, QThread, QTimer, Slot

from tests.gui import left_ticking


class Owner(QObject):
    """Something with a timer."""

    def __init__(self) -> None:
        super().__init__()
        self.n_calls = 0
        self.timer = QTimer(self)
        self.timer.setObjectName("pulse")

    @Slot()
    def call(self) -> None:
        self.n_calls += 1


class Held(QThread):
    """Runs until it may end."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("held")
        self.gate = threading.Event()

    def run(self) -> None:
        self.gate.wait()


@pytest.fixture(autouse=True)
def from_now(qapp):
    left_ticking.forget()


def destroy(item: QObject) -> None:
    item.deleteLater()
    QCoreApplication.sendPostedEvents(item, QEvent.Type.DeferredDelete)


def test_a_timer_that_goes_on_is_stopped():
    owner = Owner()
    owner.timer.start(1_000_000)
    (found,) = left_ticking.timers()
    assert "The timer 'pulse' of Owner" in found
    assert __file__ in found
    assert f"in {test_a_timer_that_goes_on_is_stopped.__name__}" in found
    assert not owner.timer.isActive()
    assert left_ticking.timers() == []


def test_one_that_has_ended_or_is_gone_is_none(qtbot):
    owner, other = Owner(), Owner()
    owner.timer.setSingleShot(True)
    with qtbot.waitSignal(owner.timer.timeout):
        owner.timer.start(0)
    other.timer.start(1_000_000)
    destroy(other)
    assert left_ticking.timers() == []


@pytest.mark.parametrize("has_context", [False, True])
def test_a_single_shot_that_has_yet_to_come(qtbot, has_context):
    owner = Owner()
    context = (owner,) if has_context else ()
    QTimer.singleShot(1_000_000, *context, owner.call)
    (found,) = left_ticking.timers()
    assert "Owner.call" in found
    assert f"in {test_a_single_shot_that_has_yet_to_come.__name__}" in found
    destroy(owner)
    assert left_ticking.timers() == []


def test_one_of_nobody_that_has_yet_to_come():
    QTimer.singleShot(1_000_000, lambda: None)
    (found,) = left_ticking.timers()
    assert "<lambda>" in found
    assert left_ticking.timers() == []  # named once


def test_single_shots_come_all_the_same(qtbot):
    owner = Owner()
    QTimer.singleShot(0, owner, owner.call)
    QTimer.singleShot(0, owner.call)
    QTimer.singleShot(0, lambda: owner.call())
    qtbot.waitUntil(lambda: owner.n_calls == 3)
    assert left_ticking.timers() == []


def test_a_thread_that_does_not_end(monkeypatch):
    thread = Held()
    thread.start()
    with monkeypatch.context() as patched:
        patched.setattr(left_ticking, "PATIENCE_S", 0.05)
        (found,) = left_ticking.threads()
    assert "The thread 'held'" in found
    assert f"in {test_a_thread_that_does_not_end.__name__}" in found
    thread.gate.set()
    assert left_ticking.threads() == []  # one that is told to end is waited for
