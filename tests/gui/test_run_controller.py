"""What can be asked of a run under way, and of one that has ended."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from engine.events.commands import (
    ChangeEpochs,
    ChangeRate,
    Control,
    ResumeRun,
)
from engine.events.run_events import (
    CheckpointSaved,
    EpochEnded,
    RunStarted,
    RunState,
    SettingChanged,
    StepsDone,
)
from engine.runs.store import RunStore
from engine.runs.workspace_lock import WorkspaceLock
from gui.state.continuing import Continuation
from gui.state.controller import Controller
from gui.state.run_controller import EPOCHS, RATE
from tests.gui.fake_engine import FakeEngine, FakeSampler
from tests.gui.run_fixtures import DIGITS


class Run:
    """A controller on a fake engine, and what it said."""

    def __init__(self, qtbot: QtBot, folder: Path) -> None:
        self.qtbot = qtbot
        self.engine = FakeEngine(folder)
        self.controller = Controller(folder, self.engine, FakeSampler)
        self.events: list[Any] = []
        self.controller.training.run_event.connect(self.events.append)
        self.controller.open()
        self.run_controller = self.controller.training

    def wait_for(self, state: RunState | None) -> None:
        self.qtbot.waitUntil(lambda: self.controller.training.state is state)

    def hold(self, epoch: int = 2) -> str:
        self.engine.hold_after_epoch = epoch
        self.controller.drafts.set_draft(DIGITS)
        self.controller.start()
        self.wait_for_epoch(epoch)
        return str(self.controller.training.run)

    def wait_for_epoch(self, epoch: int) -> None:
        self.qtbot.waitUntil(
            lambda: any(isinstance(e, EpochEnded) and e.epoch == epoch for e in self.events)
        )

    def kill(self) -> None:
        self.engine.kill_worker()
        self.wait_for(RunState.INTERRUPTED)

    def wait_until_listed(self, state: RunState) -> None:
        repository = self.controller.repository
        self.qtbot.waitUntil(lambda: [record.state for record in repository.runs] == [state])

    def of(self, kind: type) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


@pytest.fixture
def on(qtbot: QtBot, tmp_path: Path) -> Iterator[Run]:
    made = Run(qtbot, tmp_path)
    yield made
    made.engine.open_gates()
    if not made.controller.is_closing:
        with qtbot.waitSignal(made.controller.closed):
            made.controller.close()


class TestAsking:
    @pytest.mark.parametrize("is_paused", [False, True])
    def test_saving_is_waited_for_until_it_is_answered(self, on: Run, is_paused: bool) -> None:
        on.hold()
        if is_paused:
            on.run_controller.pause()
            on.wait_for(RunState.PAUSED)
        on.run_controller.save()
        assert "save" in on.run_controller.waiting
        on.qtbot.waitUntil(lambda: not on.run_controller.waiting)
        assert [e.epoch for e in on.of(CheckpointSaved)] == [2]

    def test_saving_is_asked_once_until_it_is_answered(self, on: Run) -> None:
        on.hold()
        on.engine.is_deaf = True
        on.run_controller.save()
        on.run_controller.save()
        assert on.engine.controls == [Control.SAVE]

    def test_rate_and_epochs_are_asked_and_become_what_is_so(self, on: Run) -> None:
        on.hold()
        assert on.run_controller.epochs == 4
        on.run_controller.change_rate(0.25)
        on.run_controller.change_epochs(6)
        assert set(on.run_controller.waiting) == {RATE, EPOCHS}
        on.qtbot.waitUntil(lambda: not on.run_controller.waiting)
        assert (on.run_controller.learning_rate, on.run_controller.epochs) == (0.25, 6)
        assert on.engine.controls == [ChangeRate(0.25), ChangeEpochs(6)]
        on.engine.go_on()
        on.wait_for(RunState.FINISHED)
        assert [e.epoch for e in on.of(EpochEnded)] == [1, 2, 3, 4, 5, 6]

    def test_a_plateau_is_no_answer_to_a_wish(self, on: Run) -> None:
        def plateau(epoch: int, run: str) -> list[SettingChanged]:
            return [SettingChanged(run, epoch, 20, RATE, 0.003, 0.001, "On a plateau.")]

        on.hold(1)
        on.engine.is_deaf = True
        on.run_controller.change_rate(0.25)
        on.engine.more_events = plateau
        on.engine.hold_after_epoch = 2
        for session in on.engine.sessions:
            session.wake()
        on.qtbot.waitUntil(lambda: bool(on.of(SettingChanged)))
        assert on.run_controller.learning_rate == 0.001
        assert on.run_controller.waiting == {RATE: ChangeRate(0.25)}

    def test_nothing_is_asked_of_a_run_that_cannot_hear(self, on: Run) -> None:
        on.run_controller.save()
        on.run_controller.change_rate(0.1)
        on.engine.prepare.close()
        on.controller.drafts.set_draft(DIGITS)
        on.controller.start()
        on.run_controller.change_epochs(9)
        assert on.run_controller.waiting == {}
        assert on.engine.controls == []
        on.engine.prepare.open()
        on.wait_for(RunState.FINISHED)

    def test_what_was_asked_ends_with_the_run(self, on: Run) -> None:
        on.hold()
        on.engine.is_deaf = True
        on.run_controller.save()
        on.run_controller.change_rate(0.5)
        on.kill()
        assert on.run_controller.waiting == {}


class TestContinuing:
    def test_a_killed_run_goes_on_behind_what_it_did(self, on: Run) -> None:
        run = on.hold()
        on.kill()
        on.wait_until_listed(RunState.INTERRUPTED)
        assert on.controller.repository.continuation(run) is Continuation.GO_ON
        on.events.clear()
        on.engine.hold_after_epoch = 0
        with on.qtbot.waitSignal(on.controller.repository.history_read) as history:
            on.controller.continue_run(run)
            assert on.controller.training.state is RunState.PREPARING
        on.wait_for(RunState.FINISHED)
        assert on.engine.resumes() == [ResumeRun(run, {})]
        assert [e.epoch for e in history.args[0].epochs][:2] == [1, 2]
        started = on.of(RunStarted)[0]
        assert (started.run, started.step, started.epochs_done) == (run, 40, 2)
        assert on.of(StepsDone)[0].first_step == 40
        with RunStore(on.engine.workspace) as store:
            assert [e.epoch for e in store.epochs(run)] == [1, 2, 3, 4]
            assert len(store.steps(run)["loss"]) == 80

    def test_a_finished_run_goes_on_with_more_epochs(self, on: Run) -> None:
        on.controller.drafts.set_draft(DIGITS)
        on.controller.start()
        on.wait_for(RunState.FINISHED)
        run = str(on.controller.training.run)
        on.wait_until_listed(RunState.FINISHED)
        assert on.controller.repository.continuation(run) is Continuation.EXTEND
        on.controller.continue_run(run, 7)
        on.qtbot.waitUntil(lambda: bool(on.engine.resumes()))
        on.wait_for(RunState.FINISHED)
        assert on.engine.resumes() == [ResumeRun(run, {"training.epochs": 7})]
        assert on.run_controller.epochs == 7

    def test_a_run_under_way_or_unknown_cannot_be_continued(self, on: Run) -> None:
        run = on.hold()
        assert on.controller.repository.continuation(run) is Continuation.NO
        assert on.controller.repository.continuation("no such run") is Continuation.NO
        assert on.controller.repository.continuation(None) is Continuation.NO
        on.controller.continue_run(run)
        assert on.engine.resumes() == []

    def test_a_refusal_is_said_and_nothing_is_lost(self, on: Run) -> None:
        from engine.events.messages import Rejected

        run = on.hold()
        on.kill()
        on.engine.rejections["resume"] = Rejected("The data has changed.", "Start anew.")
        with on.qtbot.waitSignal(on.controller.training.start_rejected) as refused:
            on.controller.continue_run(run)
        assert refused.args[0].message == "The data has changed."
        assert on.controller.training.state is None
        on.wait_until_listed(RunState.INTERRUPTED)

    def test_a_window_that_may_only_look_continues_nothing(
        self, qtbot: QtBot, tmp_path: Path
    ) -> None:
        engine = FakeEngine(tmp_path)
        with WorkspaceLock(tmp_path):
            controller = Controller(tmp_path, engine, FakeSampler)
            controller.open()
            with qtbot.waitSignal(controller.training.start_rejected):
                controller.continue_run("20260101-000000-aaaa")
            with qtbot.waitSignal(controller.closed):
                controller.close()

    @pytest.mark.expects_messages
    def test_a_history_that_cannot_be_read_is_said(self, on: Run) -> None:
        with on.qtbot.waitSignals(
            [on.controller.problem_found, on.controller.repository.history_read]
        ):
            on.controller.repository.read_history("no such run")


def test_the_window_sends_exactly_the_settings_of_the_draft(on: Run) -> None:
    draft = (
        DIGITS.with_execution({"reproducible": True, "xla": "off"})
        .with_schedule({"name": "cosine"})
        .with_stopping({"patience": 3})
    )
    on.controller.drafts.set_draft(draft)
    on.controller.start()
    on.wait_for(RunState.FINISHED)
    assert [command.spec for command in on.engine.trains()] == [draft.to_spec()]
