"""The training thread: order, the newest question only, faults, and its end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from engine.events.commands import (
    Command,
    Control,
    DescribeModel,
    InspectData,
    Train,
    WarmUp,
)
from engine.events.messages import Event, Rejected, WorkerReady
from engine.events.run_events import RunInterrupted, RunStarted
from engine.spec.run_spec import RunSpec
from gui.threads.answer_queue import AnswerQueue
from gui.threads.training_thread import TrainingThread
from tests.gui.fake_data import fake_profile
from tests.gui.fake_engine import FakeEngine

READY = WorkerReady("2.21.0", "3.15.1", ("CPU:0",), 1.0)
SPEC: dict[str, Any] = {"data": {"source": "moons"}, "model": {"name": "mlp"}}


class ScriptedSession:
    """Answers every command with what a function yields."""

    pid = 1

    def __init__(self, script: Callable[[Command], Iterator[Event]]) -> None:
        self._script = script
        self.is_closed = False

    def run(self, command: Command) -> Iterator[Event]:
        return self._script(command)

    def control(self, control: Control) -> None: ...

    def kill(self) -> None: ...

    def close(self, timeout_s: float = 5.0) -> None:
        self.is_closed = True


@pytest.fixture
def threads(qtbot: QtBot) -> Iterator[list[TrainingThread]]:
    made: list[TrainingThread] = []
    yield made
    for thread in made:
        thread.abort()
        assert thread.wait(10_000)


def start(threads: list[TrainingThread], sessions: Callable[[], Any]) -> TrainingThread:
    thread = TrainingThread(sessions, AnswerQueue())
    threads.append(thread)
    thread.start()
    return thread


def answers(thread: TrainingThread) -> list[tuple[int, Event]]:
    seen: list[tuple[int, Event]] = []
    thread._answers.answered.connect(lambda ticket, event: seen.append((ticket, event)))
    return seen


def started(run: str) -> RunStarted:
    return RunStarted(run, "name", RunSpec.from_dict(SPEC), fake_profile("moons"), 1, 1, 1)


def test_questions_are_answered_in_order(
    qtbot: QtBot, threads: list[TrainingThread], tmp_path: Path
) -> None:
    thread = start(threads, FakeEngine(tmp_path))
    seen = answers(thread)
    tickets = [thread.ask(WarmUp()), thread.ask(InspectData(SPEC)), thread.ask(WarmUp())]
    qtbot.waitUntil(lambda: len(seen) == 3)
    assert [ticket for ticket, _ in seen] == tickets


def test_of_one_key_only_the_newest_waiting_question_is_asked(
    qtbot: QtBot, threads: list[TrainingThread], tmp_path: Path
) -> None:
    engine = FakeEngine(tmp_path)
    engine.warm_up.close()
    thread = start(threads, engine)
    seen = answers(thread)
    thread.ask(WarmUp())
    qtbot.waitUntil(lambda: bool(engine.commands))
    thread.ask(DescribeModel(SPEC), "describe")
    newest = thread.ask(DescribeModel(SPEC), "describe")
    engine.warm_up.open()
    qtbot.waitUntil(lambda: len(seen) == 2)
    assert seen[-1][0] == newest


def test_a_withdrawn_question_is_not_asked(
    qtbot: QtBot, threads: list[TrainingThread], tmp_path: Path
) -> None:
    engine = FakeEngine(tmp_path)
    engine.warm_up.close()
    thread = start(threads, engine)
    seen = answers(thread)
    thread.ask(WarmUp())
    qtbot.waitUntil(lambda: bool(engine.commands))
    thread.ask(Train(SPEC), "train")
    assert thread.withdraw("train")
    assert not thread.withdraw("train")
    last = thread.ask(InspectData(SPEC))
    engine.warm_up.open()
    qtbot.waitUntil(lambda: bool(seen) and seen[-1][0] == last)
    assert engine.trains() == []


def test_thousands_of_events_arrive_in_order(qtbot: QtBot, threads: list[TrainingThread]) -> None:
    def script(command: Command) -> Iterator[Event]:
        for number in range(5_000):
            yield started(str(number))
        yield READY

    thread = start(threads, lambda: ScriptedSession(script))
    seen = answers(thread)
    thread.ask(WarmUp())
    qtbot.waitUntil(lambda: bool(seen) and seen[-1][1] is READY)
    runs = [event.run for _, event in seen if isinstance(event, RunStarted)]
    assert runs == [str(number) for number in range(5_000)]


@pytest.mark.parametrize("error", [ValueError("unexpected"), EOFError()])
def test_a_session_that_raises_is_answered_for(
    qtbot: QtBot, threads: list[TrainingThread], error: Exception
) -> None:
    def script(command: Command) -> Iterator[Event]:
        raise error
        yield READY

    thread = start(threads, lambda: ScriptedSession(script))
    seen = answers(thread)
    thread.ask(WarmUp())
    qtbot.waitUntil(lambda: len(seen) == 1)
    answer = seen[0][1]
    assert isinstance(answer, Rejected)
    assert type(error).__name__ in answer.details


def test_a_session_that_cannot_be_made_is_answered_for(
    qtbot: QtBot, threads: list[TrainingThread]
) -> None:
    def no_session() -> Any:
        raise OSError("no more processes")

    thread = start(threads, no_session)
    seen = answers(thread)
    thread.ask(WarmUp())
    qtbot.waitUntil(lambda: len(seen) == 1)
    assert isinstance(seen[0][1], Rejected)


def test_a_run_that_ends_without_a_word_is_interrupted(
    qtbot: QtBot, threads: list[TrainingThread]
) -> None:
    def script(command: Command) -> Iterator[Event]:
        yield started("run-1")

    thread = start(threads, lambda: ScriptedSession(script))
    seen = answers(thread)
    thread.ask(Train(SPEC))
    qtbot.waitUntil(lambda: len(seen) == 2)
    assert isinstance(seen[-1][1], RunInterrupted)
    assert seen[-1][1].run == "run-1"


def test_retiring_closes_the_session_and_ends_the_thread(
    qtbot: QtBot, threads: list[TrainingThread]
) -> None:
    session = ScriptedSession(lambda _command: iter([READY]))
    thread = start(threads, lambda: session)
    seen = answers(thread)
    thread.ask(WarmUp())
    qtbot.waitUntil(lambda: len(seen) == 1)
    with qtbot.waitSignal(thread.finished):
        thread.retire()
    assert session.is_closed
