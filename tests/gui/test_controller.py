"""The controller: answers, states, controls, faults and the end, against a fake engine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from engine.events.commands import (
    Control,
    DescribeModel,
    InspectData,
    Train,
    WarmUp,
)
from engine.events.messages import Rejected
from engine.events.run_events import (
    EpochEnded,
    RunFailed,
    RunFinished,
    RunInterrupted,
    RunStarted,
    RunState,
    RunStopped,
    StepsDone,
)
from engine.runs.store import RunStore
from engine.runs.workspace_lock import WorkspaceLock
from engine.spec.run_spec import RunSpec
from gui.state.controller import Controller
from gui.state.draft import Draft
from tests.gui.fake_engine import FakeEngine, FakeSampler, Gate, rejected

DIGITS = Draft(source="digits", model="cnn", training={"epochs": 4})
MOONS = Draft(source="moons", model="logistic_regression", training={"epochs": 4})


@pytest.fixture
def engine(tmp_path: Path) -> FakeEngine:
    return FakeEngine(tmp_path)


@pytest.fixture
def loading(engine: FakeEngine) -> Gate:
    """Before the controller is opened: TensorFlow goes on loading until this gate opens."""
    engine.warm_up.close()
    return engine.warm_up


@pytest.fixture
def controller(qtbot: QtBot, engine: FakeEngine) -> Iterator[Controller]:
    made = Controller(engine.workspace, engine, FakeSampler)
    made.open()
    yield made
    engine.open_gates()
    if not made.is_closing:
        with qtbot.waitSignal(made.closed):
            made.close()


@pytest.fixture
def events(controller: Controller) -> list[Any]:
    seen: list[Any] = []
    controller.training.run_event.connect(seen.append)
    return seen


@pytest.fixture
def states(controller: Controller) -> list[Any]:
    seen: list[Any] = []
    controller.training.state_changed.connect(seen.append)
    return seen


def run_until(qtbot: QtBot, controller: Controller, state: RunState | None) -> None:
    if controller.training.state is not state:
        signal = controller.training.state_changed
        with qtbot.waitSignal(signal, check_params_cb=lambda s: s is state):
            pass


def start_and_hold(qtbot: QtBot, controller: Controller, engine: FakeEngine) -> None:
    engine.hold_after_epoch = 2
    controller.drafts.set_draft(DIGITS)

    def is_second_epoch(event: Any) -> bool:
        return isinstance(event, EpochEnded) and event.epoch == 2

    with qtbot.waitSignal(controller.training.run_event, check_params_cb=is_second_epoch):
        controller.start()


class TestQuestions:
    def test_data_and_model_of_a_draft_are_answered(
        self, qtbot: QtBot, controller: Controller
    ) -> None:
        with qtbot.waitSignals(
            [controller.drafts.profile_changed] * 2 + [controller.drafts.model_changed] * 2
        ):
            controller.drafts.set_draft(DIGITS)
        assert controller.drafts.profile is not None
        assert controller.drafts.profile.title == "Handwritten digits"
        assert controller.drafts.model is not None
        assert controller.drafts.model.spec.training.epochs == 4

    def test_an_answer_to_an_older_draft_never_arrives(
        self, qtbot: QtBot, controller: Controller, engine: FakeEngine
    ) -> None:
        engine.inspect.close()
        seen: list[Any] = []
        controller.drafts.profile_changed.connect(seen.append)
        controller.drafts.choose_data("digits")
        qtbot.waitUntil(lambda: any(isinstance(c, InspectData) for c in engine.commands))
        controller.drafts.choose_data("moons")
        controller.drafts.choose_data("noisy_line")
        engine.inspect.open()
        qtbot.waitUntil(lambda: controller.drafts.profile is not None)
        assert [p.source for p in seen if p is not None] == ["noisy_line"]

    def test_of_several_waiting_questions_only_the_newest_is_asked(
        self, qtbot: QtBot, loading: Gate, controller: Controller, engine: FakeEngine
    ) -> None:
        for epochs in (1, 2, 3):
            controller.drafts.set_draft(DIGITS.with_training({"epochs": epochs}))
            qtbot.waitUntil(lambda: not controller.drafts._timer.isActive())
        loading.open()
        qtbot.waitUntil(lambda: controller.drafts.model is not None)
        asked = [c.spec["training"] for c in engine.commands if isinstance(c, DescribeModel)]
        assert asked == [{"epochs": 3}]

    def test_the_model_of_a_file_is_asked_once_its_kind_is_known(
        self, qtbot: QtBot, controller: Controller, engine: FakeEngine
    ) -> None:
        controller.drafts.choose_data("/data/people.csv")
        qtbot.waitUntil(lambda: controller.drafts.model is not None)
        asked = [c.spec["model"]["name"] for c in engine.commands if isinstance(c, DescribeModel)]
        assert asked == [controller.drafts.draft.model]
        kinds = [type(command) for command in engine.commands]
        assert kinds.index(InspectData) < kinds.index(DescribeModel)

    def test_a_run_takes_a_batch_question_back(
        self, qtbot: QtBot, controller: Controller, engine: FakeEngine
    ) -> None:
        engine.preview.close()
        controller.drafts.set_draft(DIGITS)
        controller.batches.ask()
        with qtbot.waitSignal(controller.batches.batch_rejected):
            controller.start()
        run_until(qtbot, controller, RunState.FINISHED)
        engine.preview.open()
        with qtbot.waitSignal(controller.batches.batch_changed, check_params_cb=bool):
            controller.batches.ask()

    def test_a_model_that_a_run_left_unasked_is_asked_after_it(
        self, qtbot: QtBot, controller: Controller, engine: FakeEngine
    ) -> None:
        controller.drafts.set_draft(DIGITS)
        controller.start()
        run_until(qtbot, controller, RunState.FINISHED)
        kinds = [type(command) for command in engine.commands]
        assert DescribeModel not in kinds[: kinds.index(Train) + 1]
        qtbot.waitUntil(lambda: controller.drafts.model is not None)

    def test_rejections_say_which_field(
        self, qtbot: QtBot, controller: Controller, engine: FakeEngine
    ) -> None:
        engine.rejections["cnn"] = rejected("model.parameters.filters", "Must be positive.")
        with qtbot.waitSignal(controller.drafts.model_rejected) as answer:
            controller.drafts.set_draft(DIGITS)
        assert answer.args[0].problems[0].field == "model.parameters.filters"
        assert controller.drafts.model_problem is answer.args[0]
        controller.drafts.set_draft(MOONS)
        assert controller.drafts.model_problem is None

    def test_unusable_data_is_refused(
        self, qtbot: QtBot, controller: Controller, engine: FakeEngine
    ) -> None:
        engine.rejections["moons"] = Rejected("There is no such file.", "Pick another.")
        with qtbot.waitSignal(controller.drafts.data_rejected):
            controller.drafts.set_draft(MOONS)
        assert controller.drafts.data_problem is not None
        assert controller.drafts.profile is None

    def test_data_brings_its_recommended_model(self, controller: Controller) -> None:
        controller.drafts.choose_data("digits")
        assert controller.drafts.draft.model == "cnn"
        controller.drafts.choose_data("noisy_line")
        assert controller.drafts.draft.model == "linear_regression"

    def test_what_was_chosen_comes_back_with_its_data_and_travels_to_no_other(
        self, controller: Controller
    ) -> None:
        drafts = controller.drafts
        drafts.choose_data("digits")
        drafts.choose_model("mlp")
        chosen = drafts.draft.with_training({"learning_rate": 0.5}).with_split({"test": 0.4})
        chosen = chosen.with_stopping({"patience": 3}).with_augmentation({"noise": 0.1})
        drafts.set_draft(chosen)
        drafts.choose_data("shapes")
        assert drafts.draft == Draft("shapes").with_model("cnn")
        drafts.choose_model("mlp")
        assert drafts.draft.training == {}
        drafts.choose_data("digits")
        assert drafts.draft == chosen

    def test_how_this_machine_works_and_the_seed_belong_to_no_data(
        self, controller: Controller
    ) -> None:
        controller.drafts.choose_data("digits")
        controller.drafts.set_draft(controller.drafts.draft.with_execution({"device": "cpu"}))
        controller.drafts.set_draft(controller.drafts.draft.with_seed(7))
        controller.drafts.choose_data("moons")
        assert controller.drafts.draft.execution == {"device": "cpu"}
        assert controller.drafts.draft.seed == 7

    def test_back_to_automatic_takes_back_every_choice(self, controller: Controller) -> None:
        drafts = controller.drafts
        drafts.choose_data("digits")
        automatic = drafts.draft
        assert drafts.is_automatic
        drafts.choose_model("mlp")
        drafts.set_draft(drafts.draft.with_training({"epochs": 3}))
        assert not drafts.is_automatic
        drafts.make_automatic()
        assert drafts.draft == automatic

    def test_a_files_model_is_picked_once_its_kind_is_known(
        self, qtbot: QtBot, controller: Controller
    ) -> None:
        controller.drafts.choose_data("digits")
        controller.drafts.choose_data("some/table.csv")
        qtbot.waitUntil(lambda: controller.drafts.draft.model == "table_ensemble")

    def test_a_file_brings_its_recommended_model_too(
        self, qtbot: QtBot, controller: Controller
    ) -> None:
        controller.drafts.choose_data("some/table.csv")
        qtbot.waitUntil(lambda: controller.drafts.draft.model == "table_ensemble")
        controller.drafts.choose_data("some/pets")
        qtbot.waitUntil(lambda: controller.drafts.draft.model == "cnn")

    def test_a_model_chosen_for_a_file_comes_back_with_it(
        self, qtbot: QtBot, controller: Controller
    ) -> None:
        controller.drafts.choose_data("some/pets")
        qtbot.waitUntil(lambda: controller.drafts.draft.model == "cnn")
        controller.drafts.choose_model("mlp")
        controller.drafts.choose_data("digits")
        controller.drafts.choose_data("some/pets")
        qtbot.waitUntil(lambda: controller.drafts.profile is not None)
        assert controller.drafts.draft.model == "mlp"

    def test_what_the_last_session_left_is_no_choice(
        self, qtbot: QtBot, controller: Controller
    ) -> None:
        controller.drafts.set_draft(replace(MOONS, model="mlp"))
        controller.drafts.choose_data("digits")
        assert controller.drafts.draft.model == "cnn"

    def test_a_models_settings_come_back_with_it(self, controller: Controller) -> None:
        controller.drafts.set_draft(MOONS)
        controller.drafts.choose_model("mlp")
        assert controller.drafts.draft.training == {}
        controller.drafts.choose_model("logistic_regression")
        assert controller.drafts.draft.training == {"epochs": 4}


class TestRun:
    def test_events_come_in_order_and_the_run_finishes(
        self, qtbot: QtBot, controller: Controller, events: list[Any], states: list[Any]
    ) -> None:
        controller.drafts.set_draft(DIGITS)
        controller.start()
        assert controller.training.state is RunState.PREPARING
        run_until(qtbot, controller, RunState.FINISHED)
        assert isinstance(events[0], RunStarted)
        assert isinstance(events[-1], RunFinished)
        assert [e.epoch for e in events if isinstance(e, EpochEnded)] == [1, 2, 3, 4]
        firsts = [e.first_step for e in events if isinstance(e, StepsDone)]
        assert firsts == list(range(0, 80, 10))
        assert states == [RunState.PREPARING, RunState.RUNNING, RunState.FINISHED]
        assert {e.run for e in events} == {controller.training.run}

    def test_many_events_arrive_in_order_and_none_is_lost(
        self, qtbot: QtBot, controller: Controller, engine: FakeEngine, events: list[Any]
    ) -> None:
        controller.drafts.set_draft(MOONS.with_training({"epochs": 500}))
        controller.start()
        run_until(qtbot, controller, RunState.FINISHED)
        assert [e.epoch for e in events if isinstance(e, EpochEnded)] == list(range(1, 501))

    def test_a_fresh_worker_stands_by_after_a_run(
        self, qtbot: QtBot, controller: Controller, engine: FakeEngine
    ) -> None:
        controller.drafts.set_draft(DIGITS)
        controller.start()
        run_until(qtbot, controller, RunState.FINISHED)
        qtbot.waitUntil(lambda: sum(isinstance(c, WarmUp) for c in engine.commands) == 2)
        # The trainer's alone: the inspector and the new worker stay.
        qtbot.waitUntil(lambda: sum(session.is_closed for session in engine.sessions) == 1)

    def test_pause_and_resume_show_at_once_and_then_happen(
        self, qtbot: QtBot, controller: Controller, engine: FakeEngine
    ) -> None:
        start_and_hold(qtbot, controller, engine)
        controller.training.pause()
        assert (controller.training.state, controller.training.pending) == (
            RunState.RUNNING,
            Control.PAUSE,
        )
        run_until(qtbot, controller, RunState.PAUSED)
        assert controller.training.pending is None
        controller.training.resume()
        assert (controller.training.state, controller.training.pending) == (
            RunState.PAUSED,
            Control.RESUME,
        )
        run_until(qtbot, controller, RunState.RUNNING)
        engine.go_on()
        run_until(qtbot, controller, RunState.FINISHED)
        assert engine.controls == [Control.PAUSE, Control.RESUME]

    def test_stopping_shows_before_the_worker_answers(
        self, qtbot: QtBot, controller: Controller, engine: FakeEngine, events: list[Any]
    ) -> None:
        start_and_hold(qtbot, controller, engine)
        engine.evaluate.close()
        controller.training.stop()
        assert controller.training.state is RunState.STOPPING
        controller.training.stop()
        controller.training.pause()
        engine.evaluate.open()
        run_until(qtbot, controller, RunState.STOPPED)
        assert engine.controls == [Control.STOP]
        assert isinstance(events[-1], RunStopped)
        assert events[-1].kept

    def test_stop_before_the_run_exists_is_not_lost(
        self, qtbot: QtBot, controller: Controller, engine: FakeEngine
    ) -> None:
        engine.prepare.close()
        engine.hold_after_epoch = 1
        controller.drafts.set_draft(DIGITS)
        controller.start()
        qtbot.waitUntil(lambda: bool(engine.trains()))
        controller.training.stop()
        assert controller.training.state is RunState.STOPPING
        engine.prepare.open()
        run_until(qtbot, controller, RunState.STOPPED)

    def test_stop_before_the_worker_was_asked_takes_the_run_back(
        self, qtbot: QtBot, loading: Gate, controller: Controller, engine: FakeEngine
    ) -> None:
        controller.drafts.set_draft(DIGITS)
        controller.start()
        controller.training.stop()
        assert controller.training.state is None
        with qtbot.waitSignal(controller.worker_ready):
            loading.open()
        assert engine.trains() == []
        # What had made way for the run is asked after all.
        qtbot.waitUntil(lambda: controller.drafts.model is not None)

    def test_discard_deletes_the_run_and_undo_brings_it_back(
        self, qtbot: QtBot, controller: Controller, engine: FakeEngine
    ) -> None:
        start_and_hold(qtbot, controller, engine)
        run = controller.training.run
        assert run is not None
        controller.training.discard()
        run_until(qtbot, controller, RunState.STOPPED)
        with RunStore(engine.workspace) as store:
            assert store.get(run).deleted_at is not None
        controller.repository.restore(run)
        qtbot.waitUntil(lambda: [r.id for r in controller.repository.runs] == [run])

    def test_a_refused_start_starts_nothing(
        self, qtbot: QtBot, controller: Controller, engine: FakeEngine
    ) -> None:
        engine.rejections["train"] = rejected("training.epochs", "Must be at least 1.")
        controller.drafts.set_draft(DIGITS)
        with qtbot.waitSignal(controller.training.start_rejected) as answer:
            controller.start()
        assert answer.args[0].problems[0].field == "training.epochs"
        assert controller.training.state is None
        assert controller.training.run is None

    def test_a_failure_before_the_first_event_ends_the_run(
        self, qtbot: QtBot, controller: Controller, engine: FakeEngine
    ) -> None:
        engine.fails_with = lambda run: RunFailed(run, reason="Loss is not a number.")
        controller.drafts.set_draft(DIGITS)
        controller.start()
        run_until(qtbot, controller, RunState.FAILED)
        assert not controller.training.is_active

    def test_a_killed_worker_interrupts_the_run_and_keeps_its_metrics(
        self, qtbot: QtBot, controller: Controller, engine: FakeEngine, events: list[Any]
    ) -> None:
        start_and_hold(qtbot, controller, engine)
        run = controller.training.run
        assert run is not None
        engine.kill_worker()
        run_until(qtbot, controller, RunState.INTERRUPTED)
        assert isinstance(events[-1], RunInterrupted)
        assert "SIGKILL" in events[-1].reason
        qtbot.waitUntil(
            lambda: [r.state for r in controller.repository.runs] == [RunState.INTERRUPTED]
        )
        with RunStore(engine.workspace) as store:
            assert [e.epoch for e in store.epochs(run)] == [1, 2]
        qtbot.waitUntil(lambda: sum(isinstance(c, WarmUp) for c in engine.commands) == 2)
        engine.hold_after_epoch = 0
        controller.start()
        run_until(qtbot, controller, RunState.FINISHED)

    def test_a_model_asked_about_during_a_run_is_answered_by_another_worker(
        self, qtbot: QtBot, controller: Controller, engine: FakeEngine
    ) -> None:
        start_and_hold(qtbot, controller, engine)
        with qtbot.waitSignal(
            controller.drafts.model_changed, check_params_cb=lambda model: model is not None
        ):
            controller.drafts.set_draft(MOONS)
        assert controller.training.state is RunState.RUNNING
        assert len(engine.trains()) == 1


class TestStoredRuns:
    def test_rename_note_delete_and_restore(
        self, qtbot: QtBot, controller: Controller, engine: FakeEngine
    ) -> None:
        with RunStore(engine.workspace) as store:
            run = store.create(RunSpec.from_dict(MOONS.to_spec()), "first", "Moons", "Model").id
        controller.repository.rename(run, "second")
        controller.repository.set_note(run, "worth a look")
        qtbot.waitUntil(
            lambda: (
                [(r.name, r.note) for r in controller.repository.runs]
                == [("second", "worth a look")]
            )
        )
        controller.repository.delete(run)
        qtbot.waitUntil(lambda: controller.repository.runs == ())
        controller.repository.restore(run)
        qtbot.waitUntil(lambda: len(controller.repository.runs) == 1)

    def test_a_failing_change_is_said_in_words(self, qtbot: QtBot, controller: Controller) -> None:
        with qtbot.waitSignal(controller.problem_found) as problem:
            controller.repository.rename("no-such-run", "name")
        assert problem.args[0].message

    def test_a_result_that_cannot_be_read_says_why(
        self, qtbot: QtBot, controller: Controller
    ) -> None:
        with qtbot.waitSignal(controller.repository.result_read) as answer:
            controller.repository.read_result("no-such-run")
        assert answer.args[0].problem is not None

    def test_curves_of_several_runs(
        self, qtbot: QtBot, controller: Controller, engine: FakeEngine
    ) -> None:
        controller.drafts.set_draft(DIGITS)
        controller.start()
        run_until(qtbot, controller, RunState.FINISHED)
        run = str(controller.training.run)
        with qtbot.waitSignal(controller.repository.curves_read) as answer:
            controller.repository.read_curves((run,), with_steps=True)
        (curves,) = answer.args[0]
        assert len(curves.epochs) == 4
        assert len(curves.steps["loss"]) == 80


class TestOpeningAndClosing:
    def test_a_second_window_may_look_but_not_train(self, qtbot: QtBot, engine: FakeEngine) -> None:
        with WorkspaceLock(engine.workspace):
            controller = Controller(engine.workspace, engine, FakeSampler)
            controller.open()
            assert controller.is_read_only
            controller.drafts.set_draft(DIGITS)
            with qtbot.waitSignal(controller.training.start_rejected):
                controller.start()
            with qtbot.waitSignal(controller.closed):
                controller.close()

    def test_closing_stops_and_keeps_the_run(
        self, qtbot: QtBot, controller: Controller, engine: FakeEngine, events: list[Any]
    ) -> None:
        start_and_hold(qtbot, controller, engine)
        with qtbot.waitSignal(controller.closed):
            controller.close()
        assert isinstance(events[-1], RunStopped)
        assert all(session.is_closed for session in engine.sessions)
        with RunStore(engine.workspace) as store:
            assert [r.state for r in store.runs()] == [RunState.STOPPED]

    def test_closing_while_tensorflow_loads_does_not_wait_for_it(
        self, qtbot: QtBot, engine: FakeEngine
    ) -> None:
        engine.warm_up.close()
        controller = Controller(engine.workspace, engine, FakeSampler)
        controller.open()
        with qtbot.waitSignal(controller.closed):
            controller.close()
        assert all(session.is_closed for session in engine.sessions)

    def test_the_workspace_is_free_after_closing(
        self, qtbot: QtBot, controller: Controller, engine: FakeEngine
    ) -> None:
        with qtbot.waitSignal(controller.closed):
            controller.close()
        with WorkspaceLock(engine.workspace) as lock:
            assert lock.is_held

    def test_stale_train_commands_are_not_asked_twice(
        self, qtbot: QtBot, controller: Controller, engine: FakeEngine
    ) -> None:
        start_and_hold(qtbot, controller, engine)
        controller.start()
        assert sum(isinstance(c, Train) for c in engine.commands) == 1
