"""A run that was ended anywhere and goes on is, bit by bit, the run that never ended."""

import json
import multiprocessing
import os
import queue
import random
import signal
import time

import numpy as np
import pytest

from engine.errors import DatasetError, SpecError, WorkspaceError
from engine.events.commands import (
    ChangeEpochs,
    ChangeRate,
    Control,
    ResumeRun,
    Train,
)
from engine.events.run_events import (
    OTHER_DATA,
    CheckpointSaved,
    EpochEnded,
    PartTested,
    RunFailed,
    RunFinished,
    RunInterrupted,
    RunStarted,
    RunState,
    RunStopped,
    SettingChanged,
    StateChanged,
    StepsDone,
)
from engine.runs.store import RunStore
from engine.service import running
from engine.service.session import Session
from engine.training import checkpoint_writer, recorder, trainer
from engine.training.checkpoint import find_checkpoint
from engine.training.control import TrainingControl
from engine.training.plan import ChunkLength
from engine.training.steps.loop import StepLoop

EPOCHS = 5
MANY = 100_000
"""Epochs of a run that is stopped: the training may be far ahead of what is told of it."""


def _spec(**changes):
    """Everything that has a state: Dropout, averages, momenta, schedule, patience, augmentation."""
    values = {
        "data": {"source": "iris"},
        "augmentation": {"noise": 0.05},
        "model": {"name": "mlp", "parameters": {"dropout": 0.2, "batch_normalization": True}},
        "training": {"epochs": EPOCHS, "batch_size": 8, "accumulate": 2},
        "schedule": {"name": "cosine", "warmup": 0.5, "plateau_patience": 1},
        "execution": {"reproducible": True},
        "seed": 5,
    }
    for path, value in changes.items():
        part, _, name = path.partition("__")
        values.setdefault(part, {})[name] = value
    return values


@pytest.fixture
def store(tmp_path):
    with RunStore(tmp_path / "workspace") as store:
        yield store


@pytest.fixture
def small_steps(monkeypatch):
    """One step per chunk, told at once, and a checkpoint after each where there is time for it."""
    monkeypatch.setattr(recorder, "GATHER_S", 0.0)
    monkeypatch.setattr(ChunkLength, "observe", lambda chunk, steps, seconds: None)
    monkeypatch.setattr(trainer, "SAVE_EVERY_S", 0.0)
    monkeypatch.setattr(checkpoint_writer, "TIME_SHARE", 1.0)


class _End(Exception):
    """Stands for the death of the process."""


class _SavedThenEnded(TrainingControl):
    """Stands for a death after a checkpoint, both between steps that are told.

    Events come from another thread, at which the training is some steps further, or many.
    """

    def __init__(self, saved_at, ended_at):
        super().__init__()
        self._saved_at, self._ended_at = saved_at, ended_at
        self._n_looks = 0
        self.saved = queue.Queue()

    def note(self, event, control):
        if isinstance(event, CheckpointSaved):
            self.saved.put(event)

    def should_stop(self, *calls):
        self._n_looks += 1
        if self._n_looks == self._saved_at:
            self.request(Control.SAVE)
        if self._n_looks == self._ended_at:
            self.saved.put(self.saved.get(timeout=120))  # on the disk, however slow that is
            raise _End
        return super().should_stop(*calls)


class _AskedAt(TrainingControl):
    """Somebody asks for something at one of the training's own looks, however late events come."""

    def __init__(self, look, *requests):
        super().__init__()
        self._left, self._requests = look, requests

    def should_stop(self, *calls):
        self._left -= 1
        if self._left == 0:
            for request in self._requests:
                self.request(request)
        return super().should_stop(*calls)


IN_SECOND_EPOCH = 25
"""A look in the second epoch where every chunk is one step."""


def _train(store, spec, on_event=lambda event, control: None, control=None):
    control = control or TrainingControl()
    events = []

    def emit(event):
        events.append(event)
        on_event(event, control)

    return events, running.train(spec, store, emit, control)


def _resume(store, run, on_event=lambda event, control: None, accepts=False, **changes):
    control = TrainingControl()
    events = []

    def emit(event):
        events.append(event)
        on_event(event, control)

    named = {path.replace("__", "."): value for path, value in changes.items()}
    return events, running.resume(run, named, store, emit, control, accepts_changes=accepts)


@pytest.fixture(scope="module")
def straight(tmp_path_factory):
    """A run that never ended before its time, with chunks as long as they get."""
    with RunStore(tmp_path_factory.mktemp("straight")) as store:
        _, ended = _train(store, _spec())
        assert isinstance(ended, RunFinished), ended
        yield _everything(store, ended.run)


def _everything(store, run):
    """Each variable, the best weights, and each number that was recorded."""
    found = find_checkpoint(store.folder(run) / "checkpoints").checkpoint
    assert found is not None
    return {
        "variables": dict(found.snapshot.variables),
        "best": dict(enumerate(found.best)),
        "epochs": [(event.epoch, event.step, event.metrics) for event in store.epochs(run)],
        "rates": [event.learning_rate for event in store.epochs(run)],
        "steps": store.steps(run),
        "history": found.progress.history,
        "metrics": store.get(run).metrics,
    }


def _assert_same(mine, other):
    assert mine["epochs"] == other["epochs"]
    assert mine["rates"] == other["rates"]
    assert mine["history"] == other["history"]
    assert mine["metrics"] == other["metrics"]
    for group in ("variables", "best", "steps"):
        assert mine[group].keys() == other[group].keys()
        for name, values in mine[group].items():
            np.testing.assert_array_equal(values, other[group][name], err_msg=str(name))


@pytest.mark.parametrize("kill", range(6))
def test_a_run_that_died_anywhere_ends_as_if_it_had_not(store, straight, small_steps, kill):
    chance = random.Random(kill)
    counts = iter([chance.randrange(1, 60), chance.randrange(1, 40)])
    left = [next(counts)]

    def die(event, control):
        if isinstance(event, StepsDone | EpochEnded | PartTested):
            left[0] -= event.n_steps if isinstance(event, StepsDone) else 1
        if left[0] <= 0:
            raise _End

    _, ended = _train(store, _spec(), die)
    assert isinstance(ended, RunFailed)
    left = [next(counts)]
    _, again = _resume(store, ended.run, die)
    while isinstance(again, RunFailed):
        _, again = _resume(store, ended.run)
    assert isinstance(again, RunFinished), again
    _assert_same(_everything(store, ended.run), straight)


def test_a_run_that_died_after_its_last_epoch_is_evaluated_and_saved(store, straight, monkeypatch):
    def die(*_):
        raise _End

    with monkeypatch.context() as patched:
        patched.setattr("engine.training.trained_model.TrainedModel.save", die)
        _, ended = _train(store, _spec())
    assert isinstance(ended, RunFailed)
    assert not (store.folder(ended.run) / "model.keras").exists()
    _, again = _resume(store, ended.run)
    assert isinstance(again, RunFinished), again
    assert (store.folder(ended.run) / "model.keras").exists()
    _assert_same(_everything(store, ended.run), straight)


@pytest.mark.parametrize("in_validation", [False, True])
def test_a_run_that_was_paused_and_stopped_ends_as_if_it_had_not(
    store, straight, small_steps, monkeypatch, in_validation
):
    if in_validation:  # several chunks, to be held between them
        monkeypatch.setattr(trainer, "TEST_BATCH_SIZE", 4)
    control = TrainingControl()
    method = "test" if in_validation else "train"
    work, left = getattr(StepLoop, method), [17]

    def work_until_paused(loop, *given):  # in its own thread: events come later than they happen
        left[0] -= 1
        if left[0] == 0:
            control.request(Control.PAUSE)
        return work(loop, *given)

    def stop_where_paused(event, control):
        if isinstance(event, StateChanged) and event.state is RunState.PAUSED:
            control.request(Control.STOP)

    monkeypatch.setattr(StepLoop, method, work_until_paused)
    _, ended = _train(store, _spec(), stop_where_paused, control)
    assert isinstance(ended, RunStopped), ended
    monkeypatch.undo()
    events, again = _resume(store, ended.run)
    started = events[0]
    assert isinstance(started, RunStarted)
    assert started.step > 0
    assert isinstance(again, RunFinished), again
    mine = _everything(store, ended.run)
    # Validation in batches of another size sums in another order.
    if in_validation:
        mine = {**straight, "variables": mine["variables"], "steps": mine["steps"]}
    _assert_same(mine, straight)


def test_a_finished_run_with_more_epochs_is_the_longer_run(store):
    constant = {"schedule": {}}
    _, short = _train(store, _spec(training__epochs=2) | constant)
    events, ended = _resume(store, short.run, training__epochs=EPOCHS)
    assert isinstance(ended, RunFinished), ended
    assert ended.reason.startswith("All 5 epochs are done.")
    _, long = _train(store, _spec() | constant)
    _assert_same(_everything(store, short.run), _everything(store, long.run))
    changes = store.changes(short.run)
    assert [(item.setting, item.before, item.after) for item in changes] == [
        ("training.epochs", 2, EPOCHS)
    ]
    assert isinstance(events[0], RunStarted)
    assert (events[0].epochs, events[0].epochs_done) == (EPOCHS, 2)


def test_saving_now_writes_a_checkpoint_in_the_middle_of_an_epoch(store, monkeypatch):
    monkeypatch.setattr(ChunkLength, "observe", lambda chunk, steps, seconds: None)
    saved = []

    def look(event, control):
        if isinstance(event, CheckpointSaved):
            saved.append(
                (event, find_checkpoint(store.folder(event.run) / "checkpoints").checkpoint)
            )

    _, ended = _train(store, _spec(), look, _AskedAt(IN_SECOND_EPOCH, Control.SAVE))
    assert isinstance(ended, RunFinished), ended
    event, found = saved[0]
    assert found.progress.step >= event.step > 15


def test_the_learning_rate_and_the_epochs_can_be_changed_while_training(store, monkeypatch):
    monkeypatch.setattr(ChunkLength, "observe", lambda chunk, steps, seconds: None)
    control = _AskedAt(IN_SECOND_EPOCH, ChangeRate(0.0003), ChangeEpochs(3))
    spec = _spec() | {"schedule": {}}
    events, ended = _train(store, spec, control=control)
    assert isinstance(ended, RunFinished), ended
    assert ended.reason.startswith("All 3 epochs are done.")
    notified = [event for event in events if isinstance(event, SettingChanged)]
    assert notified == store.changes(ended.run)
    assert [(event.setting, event.after) for event in notified] == [
        ("training.learning_rate", 0.0003),
        ("training.epochs", 3),
    ]
    assert store.epochs(ended.run)[-1].learning_rate == pytest.approx(0.0003)
    assert store.get(ended.run).epochs_planned == 3


def test_a_change_is_on_the_disk_before_the_training_goes_on(store, small_steps, monkeypatch):
    write, changed = checkpoint_writer.CheckpointWriter._write, []

    def write_slowly(writer, offer, folder):
        time.sleep(0.5)
        write(writer, offer, folder)

    def change_then_die(event, control):
        if isinstance(event, EpochEnded) and event.epoch == 1:
            control.request(ChangeEpochs(3))
        changed.extend([event] if isinstance(event, SettingChanged) else [])
        if changed and isinstance(event, StepsDone):
            raise _End

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint_writer.CheckpointWriter, "_write", write_slowly)
        _, ended = _train(store, _spec() | {"schedule": {}}, change_then_die)
    assert isinstance(ended, RunFailed)
    _, again = _resume(store, ended.run)
    assert isinstance(again, RunFinished), again
    assert [event.epoch for event in store.epochs(ended.run)] == [1, 2, 3]


def test_what_was_changed_while_training_holds_after_a_resume(store, small_steps):
    def change_then_die(event, control):
        if isinstance(event, EpochEnded) and event.epoch == 1:
            control.request(ChangeRate(0.0003))
            control.request(ChangeEpochs(4))
        if isinstance(event, EpochEnded) and event.epoch == 3:
            raise _End

    _, ended = _train(store, _spec() | {"schedule": {}}, change_then_die)
    assert isinstance(ended, RunFailed)
    _, again = _resume(store, ended.run)
    assert isinstance(again, RunFinished), again
    epochs = store.epochs(ended.run)
    assert [event.epoch for event in epochs] == [1, 2, 3, 4]
    assert epochs[-1].learning_rate == pytest.approx(0.0003)


def test_early_stopping_says_why_and_restores_the_best_weights(store):
    spec = _spec(stopping__patience=2, training__epochs=60, training__learning_rate=0.05)
    _, ended = _train(store, spec | {"schedule": {}})
    assert isinstance(ended, RunFinished), ended
    assert ended.reason.startswith("Stopped early: the validation loss has not improved")
    epochs = store.epochs(ended.run)
    best = min(epochs, key=lambda event: event.metrics["val_loss"])
    assert epochs[-1].epoch == best.epoch + 2
    assert f"The weights of epoch {best.epoch} are kept." in ended.reason
    with pytest.raises(WorkspaceError, match="is over after"):
        _resume(store, ended.run)
    _, again = _resume(store, ended.run, training__epochs=100)
    assert isinstance(again, RunFinished), again
    assert len(store.epochs(ended.run)) > len(epochs)


def test_half_the_batch_goes_on_with_the_examples_that_are_left(store, monkeypatch):
    monkeypatch.setattr(ChunkLength, "observe", lambda chunk, steps, seconds: None)
    control = _SavedThenEnded(saved_at=20, ended_at=23)
    # A plateau as long as the run: whether a shorter one comes depends on how sums are rounded.
    spec = _spec(schedule__plateau_patience=EPOCHS)
    _, ended = _train(store, spec, control.note, control)
    assert isinstance(ended, RunFailed)
    events, again = _resume(store, ended.run, training__batch_size=4, training__accumulate=4)
    saved = control.saved.get_nowait()
    assert (saved.epoch, saved.step) == (1, 16), saved  # in the middle of the second
    assert (events[0].epochs_done, events[0].step) == (1, 16)
    assert isinstance(again, RunFinished), again
    record = store.get(ended.run)
    assert record.spec.training.batch_size == 4
    assert [event.epoch for event in store.epochs(ended.run)] == [1, 2, 3, 4, 5]
    settings = {item.setting: (item.before, item.after) for item in store.changes(ended.run)}
    assert settings == {"training.batch_size": (8, 4), "training.accumulate": (2, 4)}
    steps = store.steps(ended.run)["loss"]
    assert np.isfinite(steps).all()
    assert len(steps) == store.epochs(ended.run)[-1].step


class TestRefused:
    @pytest.fixture
    def stopped(self, store):
        def stop(event, control):
            if isinstance(event, EpochEnded):
                control.request(Control.STOP)

        _, ended = _train(store, _spec(training__epochs=MANY), stop)
        assert isinstance(ended, RunStopped)
        return ended.run

    def test_other_data_or_another_model(self, store, stopped):
        with pytest.raises(SpecError, match="cannot be changed in a run that goes on"):
            _resume(store, stopped, data__source="digits")
        with pytest.raises(SpecError, match="cannot be changed"):
            _resume(store, stopped, training__optimizer="sgd")
        assert store.get(stopped).state is RunState.STOPPED

    def test_values_out_of_range(self, store, stopped):
        with pytest.raises(SpecError, match=r"training\.batch_size"):
            _resume(store, stopped, training__batch_size=0)
        assert store.get(stopped).state is RunState.STOPPED

    def test_a_run_that_another_process_trains(self, store, stopped):
        other = multiprocessing.get_context("spawn").Process(target=_nothing)
        with store._database.write() as connection:
            connection.execute(
                "UPDATE runs SET state = 'running', owner_pid = ?, owner_started_s = "
                "(SELECT owner_started_s FROM runs)",
                (os.getpid(),),
            )
        with pytest.raises(WorkspaceError, match="is being trained by process"):
            _resume(store, stopped)
        assert not other.is_alive()

    def test_a_deleted_run(self, store, stopped):
        store.delete(stopped)
        with pytest.raises(WorkspaceError, match="was deleted"):
            _resume(store, stopped)

    def test_data_that_has_changed(self, store, tmp_path):
        table = tmp_path / "table.csv"
        rows = [f"{index},{index % 3},{index * 2}" for index in range(60)]
        table.write_text("a,b,y\n" + "\n".join(rows), encoding="utf-8")

        def stop(event, control):
            if isinstance(event, EpochEnded):
                control.request(Control.STOP)

        spec = {"data": {"source": str(table), "target": "y"}, "training": {"epochs": MANY}}
        _, ended = _train(store, spec, stop)
        rows[7] = "7,1,1400"
        table.write_text("a,b,y\n" + "\n".join(rows), encoding="utf-8")
        with pytest.raises(DatasetError, match=r"1 file changed .*column .y."):
            _resume(store, ended.run)
        assert store.get(ended.run).state is RunState.STOPPED
        assert store.changes(ended.run) == []

        done = store.epochs(ended.run)[-1]
        _resume(store, ended.run, stop, accepts=True)
        (mark,) = store.changes(ended.run)
        assert (mark.setting, mark.epoch) == (OTHER_DATA, done.epoch + 1)
        assert mark.step >= done.step
        assert mark.reason.startswith("1 file changed")
        assert "'y'" in mark.reason

    def test_a_finished_run_without_more_epochs(self, store):
        _, ended = _train(store, _spec(training__epochs=2))
        with pytest.raises(WorkspaceError, match="is over after 2 epochs") as caught:
            _resume(store, ended.run)
        assert "more epochs" in caught.value.hint


def _nothing():
    """What a process does that only lends its number."""


def test_which_runs_can_go_on(store):
    def stop(event, control):
        if isinstance(event, EpochEnded) and event.epoch == 2:
            control.request(Control.STOP)

    _, finished = _train(store, _spec(training__epochs=1))
    _, stopped = _train(store, _spec(training__epochs=MANY), stop)
    assert store.has_checkpoint(stopped.run)
    assert store.has_checkpoint(finished.run)
    with pytest.raises(WorkspaceError, match="is over after 1 epochs"):
        _resume(store, finished.run)
    epochs = store.get(stopped.run).epochs_done + 1
    assert isinstance(_resume(store, stopped.run, training__epochs=epochs)[1], RunFinished)


@pytest.mark.parametrize("moment", ["first step", "third epoch"])
def test_a_worker_killed_by_the_system_goes_on_in_another(tmp_path, warm_workers, straight, moment):
    def is_time(event):
        if moment == "first step":
            return isinstance(event, StepsDone)
        return isinstance(event, EpochEnded) and event.epoch == 3

    session = Session(tmp_path)
    try:
        killed = False
        for event in session.run(Train(_spec())):
            if is_time(event) and not killed:
                killed = True
                os.kill(session.pid, signal.SIGKILL)
        assert isinstance(event, RunInterrupted | RunFinished)
        if isinstance(event, RunInterrupted):
            notified = list(session.run(ResumeRun(event.run)))
            event = notified[-1]
        assert isinstance(event, RunFinished), event
        with RunStore(tmp_path) as store:
            _assert_same(_everything(store, event.run), straight)
            spec = json.loads((store.folder(event.run) / "spec.json").read_text("utf-8"))
            assert spec["seed"] == 5
    finally:
        session.close()
