"""Requests to a training under way."""

import threading

from engine.events.commands import Control
from engine.events.run_events import RunState
from engine.training.control import TrainingControl


def test_nothing_asked_means_go_on():
    announced: list[RunState] = []
    assert not TrainingControl().should_stop(announced.append)
    assert announced == []


def test_stop_is_final():
    control = TrainingControl()
    control.request(Control.STOP)
    control.request(Control.RESUME)
    assert control.should_stop(lambda _: None)
    assert not control.is_discarding


def test_discard_stops_too():
    control = TrainingControl()
    control.request(Control.DISCARD)
    assert control.should_stop(lambda _: None)
    assert control.is_discarding


def test_pause_waits_until_resumed():
    control = TrainingControl()
    control.request(Control.PAUSE)
    announced: list[RunState] = []
    paused = threading.Event()
    answers: list[bool] = []

    def announce(state: RunState) -> None:
        announced.append(state)
        paused.set()

    thread = threading.Thread(target=lambda: answers.append(control.should_stop(announce)))
    thread.start()
    assert paused.wait(120)
    assert answers == []
    control.request(Control.RESUME)
    thread.join(120)
    assert answers == [False]
    assert announced == [RunState.PAUSED, RunState.RUNNING]


def test_stop_ends_a_pause():
    control = TrainingControl()
    control.request(Control.PAUSE)
    announced: list[RunState] = []

    def announce(state: RunState) -> None:
        announced.append(state)
        control.request(Control.STOP)

    assert control.should_stop(announce)
    assert announced == [RunState.PAUSED]


def test_pause_after_stop_does_not_wait():
    control = TrainingControl()
    control.request(Control.STOP)
    control.request(Control.PAUSE)
    assert control.should_stop(lambda _: None)
