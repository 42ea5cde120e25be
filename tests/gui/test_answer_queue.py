"""No event is lost, wherever the GUI thread was busy while a thread came to its end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QTimer
from pytestqt.qtbot import QtBot

from engine.events.analysing import AnalyseRun
from engine.events.commands import (
    Command,
    PreviewBatch,
    Request,
    Train,
)
from engine.events.messages import Event, Rejected
from engine.events.results import ResultCommand, ShowExamples
from engine.events.run_events import (
    EpochEnded,
    RunEnded,
    RunFinished,
    RunInterrupted,
    RunStarted,
    RunState,
)
from engine.spec.run_spec import RunSpec
from gui.state.controller import Controller
from gui.threads import answer_queue
from gui.threads.answer_queue import AnswerQueue
from gui.threads.training_thread import TrainingThread
from gui.threads.worker_pool import WorkerPool
from tests.gui.fake_data import fake_profile
from tests.gui.fake_engine import FakeEngine, FakeSampler, Gate
from tests.gui.run_fixtures import DIGITS

RUN = "run-1"
SPEC: dict[str, Any] = {"data": {"source": "moons"}, "model": {"name": "mlp"}}
N_EPOCHS = 3


def epoch(number: int) -> EpochEnded:
    return EpochEnded(RUN, number, 10 * number, {"loss": 1.0}, 1.0, 1.0, 1.0, False)


BEGINNING: list[Event] = [
    RunStarted(RUN, "name", RunSpec.from_dict(SPEC), fake_profile("moons"), N_EPOCHS, 10, 100),
    *(epoch(number) for number in range(1, N_EPOCHS + 1)),
]
LAST = RunFinished(RUN, reason="All epochs done.")


class Exit(BaseException):
    """What a library raises that wants the program to end."""


def finish() -> Event:
    return LAST


def fail() -> Event:
    raise ValueError("unexpected")


def die() -> Event:
    raise EOFError


def leave() -> Event:
    raise Exit


class HeldSession:
    """Answers with a run's events; before one of them it waits until the gate is open."""

    pid = 1

    def __init__(self, held: int, end: Callable[[], Event] = finish) -> None:
        self.gate = Gate(is_open=False)
        self.is_held = False
        self._held = held
        self._end = end

    def run(self, command: Command) -> Iterator[Event]:
        for place, event in enumerate([*BEGINNING, None]):
            if place == self._held:
                self.is_held = True
                self.gate.wait()
            yield self._end() if event is None else event

    def control(self, request: Request) -> None: ...

    def kill(self) -> None:
        self.gate.open()

    def close(self, timeout_s: float = 5.0) -> None: ...


def listen(pool: WorkerPool) -> list[tuple[int, Event]]:
    """What a pool answers. What is to be deleted goes after each event, as in a nested loop."""
    heard: list[tuple[int, Event]] = []

    def hear(ticket: int, event: Event) -> None:
        heard.append((ticket, event))
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)

    pool.answered.connect(hear)
    return heard


def end_without_gui(thread: TrainingThread) -> None:
    """Waits for a thread without an event loop: whatever it says must wait for the GUI thread."""
    assert thread.wait()


def close(qtbot: QtBot, pool: WorkerPool) -> None:
    with qtbot.waitSignal(pool.closed):
        pool.close()
    assert pool._threads == []


@pytest.fixture
def one_a_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """The GUI thread is so busy that it hears one event in each turn of its loop."""
    monkeypatch.setattr(answer_queue, "DRAIN_BUDGET_S", 0.0)


@pytest.mark.usefixtures("one_a_turn")
def test_no_timer_is_left_where_nothing_waits_any_more(qtbot: QtBot) -> None:
    queue = AnswerQueue()
    with qtbot.waitSignal(queue.answered):
        queue.put(1, LAST)
    assert not any(timer.isActive() for timer in queue.findChildren(QTimer))


@pytest.mark.usefixtures("one_a_turn")
@pytest.mark.parametrize("end", [finish, fail, die, leave])
@pytest.mark.parametrize("held", range(len(BEGINNING) + 1))
def test_events_that_wait_when_their_thread_ends_arrive_in_order_and_once(
    qtbot: QtBot, held: int, end: Callable[[], Event]
) -> None:
    session = HeldSession(held, end)
    pool = WorkerPool(lambda: session)
    heard = listen(pool)
    ticket = pool.train(Train(SPEC))
    (thread,) = pool._threads
    qtbot.waitUntil(lambda: session.is_held and len(heard) == held)
    pool.release_trainer()
    session.gate.open()
    end_without_gui(thread)
    assert len(heard) == held
    close(qtbot, pool)
    *before, last = [event for _, event in heard]
    assert before == BEGINNING
    assert last is LAST if end is finish else isinstance(last, RunInterrupted)
    assert {of for of, _ in heard} == {ticket}


@pytest.mark.usefixtures("one_a_turn")
def test_events_of_several_threads_arrive_before_the_pool_is_closed(qtbot: QtBot) -> None:
    sessions = [HeldSession(place) for place in range(3)]
    made = iter(sessions)
    pool = WorkerPool(lambda: next(made))
    heard = listen(pool)
    tickets = []
    for _ in sessions:
        tickets.append(pool.train(Train(SPEC)))
        pool._trainer = None  # the next one gets a worker of its own
        qtbot.waitUntil(lambda: sessions[len(tickets) - 1].is_held)
    threads = list(pool._threads)
    pool.close()
    for thread in threads:
        end_without_gui(thread)
    with qtbot.waitSignal(pool.closed):
        pass
    for ticket in tickets:
        assert [event for of, event in heard if of == ticket] == [*BEGINNING, LAST]


@pytest.mark.parametrize("command", [AnalyseRun("r"), ShowExamples("r")])
def test_a_worker_for_results_rests_when_nobody_asks_and_another_answers_then(
    qtbot: QtBot, command: ResultCommand
) -> None:
    sessions: list[HeldSession] = []

    def begin() -> HeldSession:
        sessions.append(HeldSession(held=0))
        return sessions[-1]

    pool = WorkerPool(begin)
    heard = listen(pool)
    first = pool.ask_result(command)
    qtbot.waitUntil(lambda: bool(sessions) and sessions[0].is_held)
    timer = pool._rests[type(command).is_quick]
    timer.timeout.emit()  # in the middle of a question nobody rests
    assert not timer.isSingleShot()
    assert timer.isActive()
    sessions[0].gate.open()
    qtbot.waitUntil(lambda: (first, LAST) in heard)
    (thread,) = pool._threads
    qtbot.waitUntil(lambda: thread.is_idle)
    timer.timeout.emit()
    qtbot.waitUntil(lambda: pool._threads == [])
    assert not timer.isActive()
    second = pool.ask_result(command)
    qtbot.waitUntil(lambda: len(sessions) == 2 and sessions[1].is_held)
    sessions[1].gate.open()
    qtbot.waitUntil(lambda: (second, LAST) in heard)
    close(qtbot, pool)


def test_what_was_not_asked_when_its_thread_ends_is_cancelled(qtbot: QtBot) -> None:
    session = HeldSession(held=0)
    pool = WorkerPool(lambda: session)
    heard = listen(pool)
    pool.warm_up()
    qtbot.waitUntil(lambda: session.is_held)
    ticket = pool.train(Train(SPEC))
    pool.kill_trainer()
    assert not pool.withdraw_training()
    qtbot.waitUntil(lambda: bool(heard) and heard[-1][0] == ticket)
    assert heard[-1][1] == Rejected("Cancelled.")
    close(qtbot, pool)


def test_what_was_taken_back_is_not_answered(qtbot: QtBot) -> None:
    session = HeldSession(held=0)
    pool = WorkerPool(lambda: session)
    heard = listen(pool)
    first = pool.warm_up()
    qtbot.waitUntil(lambda: session.is_held)
    pool.train(Train(SPEC))
    assert pool.withdraw_training()
    session.gate.open()
    close(qtbot, pool)
    assert {of for of, _ in heard} == {first}


@pytest.mark.usefixtures("one_a_turn")
def test_a_thread_that_dies_is_answered_for_and_another_takes_its_place(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_answer(self: TrainingThread, question: object) -> None:
        raise MemoryError

    with monkeypatch.context() as patched, qtbot.captureExceptions() as raised:
        patched.setattr(TrainingThread, "_answer", no_answer)
        pool = WorkerPool(lambda: HeldSession(held=-1))
        heard = listen(pool)
        tickets = [pool.warm_up(), pool.preview(PreviewBatch(SPEC))]
        qtbot.waitUntil(lambda: len(heard) == 2 and not pool._threads)
    assert [kind for kind, *_ in raised] == [MemoryError]
    assert [of for of, _ in heard] == tickets
    assert all(isinstance(event, Rejected) for _, event in heard)
    again = pool.warm_up()
    qtbot.waitUntil(lambda: heard[-1] == (again, LAST))
    close(qtbot, pool)


def test_a_thread_that_cannot_start_is_answered_for(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TrainingThread, "start", lambda self: None)
    pool = WorkerPool(lambda: HeldSession(held=-1))
    heard = listen(pool)
    ticket = pool.train(Train(SPEC))
    qtbot.waitUntil(lambda: len(heard) == 1)
    assert heard[0][0] == ticket
    assert isinstance(heard[0][1], Rejected)
    close(qtbot, pool)


@pytest.mark.usefixtures("one_a_turn")
@pytest.mark.parametrize("is_closing", [False, True], ids=["open", "closing"])
@pytest.mark.parametrize("is_killed", [False, True], ids=["to its end", "killed"])
def test_a_run_ends_and_so_does_closing_where_the_window_was_busy_while_its_thread_ended(
    qtbot: QtBot, tmp_path: Path, is_killed: bool, is_closing: bool
) -> None:
    engine = FakeEngine(tmp_path)
    controller = Controller(tmp_path, engine, FakeSampler)
    events: list[Any] = []
    closed: list[bool] = []
    controller.training.run_event.connect(events.append)
    controller.closed.connect(lambda: closed.append(True))
    controller.open()
    engine.hold_after_epoch = 2
    engine.is_deaf = True
    controller.drafts.set_draft(DIGITS)
    controller.start()
    qtbot.waitUntil(lambda: any(isinstance(e, EpochEnded) and e.epoch == 2 for e in events))
    thread = controller._pool._trainer
    assert thread is not None
    n_heard = len(events)
    if is_closing:
        controller.close()
        assert controller.training.state is RunState.STOPPING
    if is_killed:
        controller.training.kill()
    thread.retire()
    engine.go_on()
    end_without_gui(thread)
    assert len(events) == n_heard
    qtbot.waitUntil(lambda: not controller.training.is_active)
    assert isinstance(events[-1], RunInterrupted if is_killed else RunFinished)
    assert sum(isinstance(event, RunEnded) for event in events) == 1
    epochs = [event.epoch for event in events if isinstance(event, EpochEnded)]
    assert epochs == ([1, 2] if is_killed else [1, 2, 3, 4])
    controller.close()
    qtbot.waitUntil(lambda: closed == [True])
