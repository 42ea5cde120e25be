"""Epochs, validation, best weights and controls, on a model small enough to follow by hand."""

import contextlib
import itertools
import shutil
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from engine.errors import TrainingError, WorkspaceError
from engine.events.commands import Control
from engine.events.run_events import (
    EpochEnded,
    RunEvent,
    RunState,
    StateChanged,
    StepsDone,
)
from engine.training import checkpoint, checkpoint_writer
from engine.training.checkpoint import (
    Checkpoint,
    Snapshot,
    find_checkpoint,
    read_checkpoint,
    restore_snapshot,
    set_aside,
)
from engine.training.checkpoint_writer import CheckpointWriter
from engine.training.context import RunContext
from engine.training.control import TrainingControl
from engine.training.order import shuffled
from engine.training.plan import ChunkLength
from engine.training.progress import Progress
from engine.training.schedule import Schedule
from engine.training.steps.feed import ResidentFeed
from engine.training.steps.loop import DeviceData, StepLoop
from engine.training.trainer import Trainer


def _line(n_samples: int, seed: int = 0) -> ResidentFeed:
    x = np.random.default_rng(seed).normal(size=(n_samples, 1)).astype(np.float32)
    return ResidentFeed(DeviceData.place(x, 2 * x[:, 0] + 1))


class Bench:
    """A trainer of a one-unit model, with what it emitted."""

    def __init__(
        self, epochs: int = 3, learning_rate: float = 0.05, validation: bool = True, keeper=None
    ) -> None:
        keras.utils.set_random_seed(0)
        self.model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        self.model.compile(
            keras.optimizers.SGD(learning_rate),
            "mean_squared_error",
            metrics=["mean_absolute_error"],
            jit_compile=False,
        )
        train = _line(50)
        self.events: list[RunEvent] = []
        self.control = TrainingControl()
        self.on_event = lambda event: None
        self.trainer = Trainer(
            RunContext("run", "", Path(), self._emit, self.control),
            StepLoop(self.model, train.pattern),
            train,
            _line(20, seed=1) if validation else None,
            Schedule(epochs, batch_size=8, seed=3),
            checkpointer=keeper,
        )

    def _emit(self, event: RunEvent) -> None:
        self.events.append(event)
        self.on_event(event)

    def of(self, kind):
        return [event for event in self.events if isinstance(event, kind)]


def test_every_step_and_epoch_is_told_in_order():
    bench = Bench()
    outcome = bench.trainer.fit()
    steps = bench.of(StepsDone)
    assert [event.first_step for event in steps] == list(
        np.cumsum([0] + [event.n_steps for event in steps])[:-1]
    )
    assert sum(event.n_steps for event in steps) == 3 * 7 == outcome.step
    epochs = bench.of(EpochEnded)
    assert [event.epoch for event in epochs] == [1, 2, 3]
    assert set(epochs[0].metrics) == {
        "loss", "mean_absolute_error", "val_loss", "val_mean_absolute_error"
    }  # fmt: skip
    assert outcome.history == [event.metrics for event in epochs]
    assert not outcome.stopped
    assert isinstance(bench.events[-1], EpochEnded)


def test_it_learns_the_line():
    bench = Bench(epochs=40)
    bench.trainer.fit()
    kernel, bias = bench.model.get_weights()
    assert kernel[0, 0] == pytest.approx(2, abs=0.01)
    assert bias[0] == pytest.approx(1, abs=0.01)


def test_the_best_epoch_is_the_one_with_the_lowest_validation_loss():
    bench = Bench(epochs=6, learning_rate=0.9)  # large enough to jump about
    outcome = bench.trainer.fit()
    losses = [metrics["val_loss"] for metrics in outcome.history]
    assert outcome.best_epoch == 1 + int(np.argmin(losses))
    best = [event.epoch for event in bench.of(EpochEnded) if event.is_best]
    assert best[-1] == outcome.best_epoch


def test_restoring_the_best_weights_gives_the_best_validation_loss():
    bench = Bench(epochs=6, learning_rate=0.9)
    outcome = bench.trainer.fit()
    bench.trainer.restore_best()
    again = bench.trainer.evaluate(_line(20, seed=1))
    best = outcome.history[outcome.best_epoch - 1]
    assert again["loss"] == pytest.approx(best["val_loss"], rel=1e-5)


def test_without_validation_the_training_loss_decides():
    bench = Bench(validation=False)
    outcome = bench.trainer.fit()
    assert set(outcome.history[0]) == {"loss", "mean_absolute_error"}
    assert outcome.best_epoch == 1 + int(np.argmin([m["loss"] for m in outcome.history]))


def test_stop_in_the_middle_of_an_epoch():
    bench = Bench(epochs=100)

    def stop_in_second_epoch(event: RunEvent) -> None:
        if isinstance(event, StepsDone) and event.epoch == 2:
            bench.control.request(Control.STOP)

    bench.on_event = stop_in_second_epoch
    outcome = bench.trainer.fit()
    assert outcome.stopped
    assert len(outcome.history) == 1
    assert max(event.epoch for event in bench.of(StepsDone)) == 2


def test_pause_and_resume_are_told_and_change_no_weight():
    straight, paused = Bench(), Bench()
    straight.trainer.fit()

    def pause_once(event: RunEvent) -> None:
        if isinstance(event, StepsDone) and event.first_step == 7:
            paused.control.request(Control.PAUSE)
        if isinstance(event, StateChanged) and event.state is RunState.PAUSED:
            paused.control.request(Control.RESUME)

    paused.on_event = pause_once
    paused.trainer.fit()
    assert [event.state for event in paused.of(StateChanged)] == [
        RunState.PAUSED,
        RunState.RUNNING,
    ]
    for mine, his in zip(straight.model.get_weights(), paused.model.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, his)


def test_a_loss_that_is_no_number_ends_training_with_the_best_weights():
    bench = Bench(epochs=200, learning_rate=5.0)
    with pytest.raises(TrainingError, match="learning rate"):
        bench.trainer.fit()
    assert all(np.isfinite(weight).all() for weight in bench.model.get_weights())


def test_the_order_comes_from_seed_and_epoch_alone():
    np.testing.assert_array_equal(shuffled(30, 1, 5), shuffled(30, 1, 5))
    assert sorted(shuffled(30, 1, 5)) == list(range(30))
    assert (shuffled(30, 1, 5) != shuffled(30, 1, 6)).any()
    assert (shuffled(30, 1, 5) != shuffled(30, 2, 5)).any()


def test_the_smaller_last_batch_does_not_lengthen_chunks(monkeypatch):
    bench = Bench(epochs=5)  # six batches of 8 and one of 2
    seen = []
    monkeypatch.setattr(ChunkLength, "observe", lambda chunk, steps, seconds: seen.append(steps))
    bench.trainer.fit()
    assert seen == [1] * 6 * 5  # nor does the validation part, smaller than one test batch


def _at(step: int) -> Snapshot:
    return Snapshot(
        {"model/0000": np.full(3, step)}, {"training": Progress(9, step=step).to_dict()}
    )


def test_quick_epochs_are_not_all_written(tmp_path, monkeypatch):
    written, first = [], threading.Event()

    def write(path, snapshot):
        written.append(snapshot.progress["training"]["step"])
        first.set()

    seconds = itertools.count(1_000, 60)  # each look at the clock is a minute later
    monkeypatch.setattr(checkpoint_writer, "write_checkpoint", write)
    clock = SimpleNamespace(monotonic=lambda: float(next(seconds)))
    monkeypatch.setattr(checkpoint_writer, "time", clock)
    keeper = CheckpointWriter(tmp_path)
    keeper.offer(_at(1), None)
    assert first.wait(120)
    for step in (2, 3, 4):
        keeper.offer(_at(step), None)
    keeper.close()  # which does not wait for the rest to end
    assert written == [1, 4]


def test_what_somebody_waits_for_is_written_without_a_rest(tmp_path):
    keeper, saved = CheckpointWriter(tmp_path), threading.Event()
    with contextlib.closing(keeper):
        keeper._rested_at = time.monotonic() + 3600
        assert not keeper.is_ready
        keeper.offer(_at(1), None, saved.set)
        assert saved.wait(120)
        found = find_checkpoint(tmp_path).checkpoint
    assert found is not None
    assert found.progress.step == 1


def test_a_checkpoint_that_is_half_removed_is_not_seen_and_goes_with_the_next(
    tmp_path, monkeypatch
):
    def write(*steps):
        for step in steps:
            with contextlib.closing(CheckpointWriter(tmp_path)) as keeper:
                keeper.offer(_at(step), None)

    with monkeypatch.context() as killed:
        killed.setattr("shutil.rmtree", lambda *_, **__: None)
        write(1, 2, 3)
    assert len(list(tmp_path.glob("checkpoint-*"))) == 2
    assert len(list(tmp_path.glob("*checkpoint-*"))) == 3
    write(4)
    assert len(list(tmp_path.glob("*checkpoint-*"))) == 2


def test_metrics_are_durable_before_the_checkpoint_they_led_to(tmp_path):
    flushed = []
    keeper = CheckpointWriter(
        tmp_path, lambda: flushed.append(find_checkpoint(tmp_path).checkpoint)
    )
    keeper.offer(_at(1), None)
    keeper.close()
    assert flushed == [None]


def test_the_last_two_checkpoints_are_kept_and_the_best_weights_of_each(tmp_path):
    keeper = CheckpointWriter(tmp_path / "checkpoints")
    bench = Bench(epochs=8, keeper=keeper)
    outcome = bench.trainer.fit()
    keeper.close()
    names = sorted(path.name for path in (tmp_path / "checkpoints").iterdir())
    assert 1 <= len([name for name in names if name.startswith("checkpoint-")]) <= 2
    assert 1 <= len([name for name in names if name.startswith("best-")]) <= 2
    newest = find_checkpoint(tmp_path / "checkpoints").checkpoint
    assert newest is not None
    assert newest.progress.history == outcome.history
    assert newest.progress.is_over
    bench.trainer.restore_best()
    assert newest.best is not None
    for mine, kept in zip(bench.model.get_weights(), newest.best, strict=True):
        np.testing.assert_array_equal(mine, kept)


def test_a_training_learns_at_its_next_save_that_one_was_not_written(tmp_path):
    def refuse():
        raise WorkspaceError("The disk is full.")

    keeper = CheckpointWriter(tmp_path, refuse)
    keeper.offer(_at(1), None)
    keeper._thread.join()
    assert keeper.is_ready
    bench = Bench(epochs=8, keeper=keeper)
    with pytest.raises(WorkspaceError, match="disk is full"):
        bench.trainer.fit()
    assert len(bench.trainer.progress.history) == 1
    with pytest.raises(WorkspaceError, match="disk is full"):
        keeper.close()


def test_a_checkpoint_restores_every_variable(tmp_path):
    keeper = CheckpointWriter(tmp_path)
    bench = Bench(keeper=keeper)
    bench.trainer.fit()
    keeper.close()
    other = Bench()
    found = find_checkpoint(tmp_path).checkpoint
    assert found is not None
    restore_snapshot(other.model, found.snapshot)
    for mine, his in zip(bench.model.get_weights(), other.model.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, his)
    assert int(other.model.optimizer.iterations.numpy()) == 21


def test_a_damaged_checkpoint_is_passed_over(tmp_path):
    for step in (1, 2, 3):
        keeper = CheckpointWriter(tmp_path)
        keeper.offer(_at(step), None)
        keeper.close()
    damaged = tmp_path / "checkpoint-000003" / "variables.npz"
    content = bytearray(damaged.read_bytes())
    content[len(content) // 2] ^= 1
    damaged.write_bytes(content)
    with pytest.raises(Exception, match="checksum"):
        read_checkpoint(tmp_path / "checkpoint-000003")
    found = find_checkpoint(tmp_path)
    assert found.checkpoint is not None
    assert found.checkpoint.progress.step == 2
    assert [str(item) for item in found.damaged] == [
        "checkpoint-000003: variables.npz does not match its checksum"
    ]
    assert damaged.exists(), "looking changes nothing"


def test_what_is_damaged_is_set_aside_whole_and_can_be_put_back(tmp_path):
    for number in (3, 7):
        (tmp_path / f"checkpoint-{number:06d}").mkdir()
        (tmp_path / f"checkpoint-{number:06d}" / "variables.npz").write_text(str(number))
    (tmp_path / "damaged-checkpoint-000003").mkdir()  # one of that name is there already
    before = {path.name for path in tmp_path.iterdir()}
    undo = set_aside(find_checkpoint(tmp_path).damaged)
    assert {path.name for path in tmp_path.iterdir()} == {
        "damaged-checkpoint-000003",
        "damaged-checkpoint-000003.2",
        "damaged-checkpoint-000007",
    }
    assert (tmp_path / "damaged-checkpoint-000007" / "variables.npz").read_text() == "7"
    undo()
    assert {path.name for path in tmp_path.iterdir()} == before


def test_a_checkpoint_whose_best_weights_are_gone_is_passed_over(tmp_path):
    keeper = CheckpointWriter(tmp_path)
    keeper.offer(_at(1), [np.ones(3)])
    keeper.close()
    assert find_checkpoint(tmp_path).checkpoint is not None
    shutil.rmtree(tmp_path / "best-000001")
    assert find_checkpoint(tmp_path).checkpoint is None
    assert read_checkpoint(tmp_path / "checkpoint-000002").variables  # it is whole itself


def test_a_checkpoint_of_another_version_is_refused_and_stays(tmp_path, monkeypatch):
    keeper = CheckpointWriter(tmp_path)
    keeper.offer(_at(1), None)
    keeper.close()
    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "SCHEMA_VERSION", 99)
        with pytest.raises(WorkspaceError, match="another version of Descent"):
            _ = find_checkpoint(tmp_path).checkpoint
    assert find_checkpoint(tmp_path).checkpoint is not None


def test_checkpoints_are_in_the_order_of_their_numbers(tmp_path):
    for number in (999_998, 999_999, 1_000_000):
        state = Snapshot(_at(number).variables, {**_at(number).progress, "best": ""})
        checkpoint.write_checkpoint(tmp_path / f"checkpoint-{number:06d}", state)
    found = find_checkpoint(tmp_path).checkpoint
    assert found is not None
    assert found.progress.step == 1_000_000


class _Kept:
    """Keeps what is offered."""

    is_ready = True

    def __init__(self):
        self.offered = []

    def offer(self, snapshot, best, saved=None):
        self.offered.append(snapshot)


def test_a_state_that_is_not_finite_is_never_kept():
    keeper = _Kept()
    bench = Bench(epochs=5, keeper=keeper)

    def spoil(event):
        if isinstance(event, EpochEnded) and event.epoch == 3:
            bench.model.layers[0].bias.assign([np.nan])

    bench.on_event = spoil
    with pytest.raises(TrainingError, match="is kept"):
        bench.trainer.fit()
    assert len(keeper.offered) == 3  # epochs 1 and 2, and what was found again
    for snapshot in keeper.offered:
        assert all(np.isfinite(snapshot.variables[f"model/{k:04d}"]).all() for k in (0, 1))
    assert all(np.isfinite(weight).all() for weight in bench.model.get_weights())


def test_an_epoch_that_goes_on_takes_no_longer_than_it_did():
    keeper = _Kept()
    first = Bench(epochs=2, keeper=keeper)
    first.trainer.fit()
    values = keeper.offered[0].progress["training"] | {"elapsed_s": 3600.0, "epoch_s": 3.0}
    again = Bench(epochs=2)
    again.trainer.restore(
        Checkpoint(Snapshot(keeper.offered[0].variables, {"training": values}), None), {}
    )
    again.trainer.fit()
    (epoch,) = again.of(EpochEnded)
    assert epoch.epoch == 2
    assert 3.0 <= epoch.duration_s < 600.0
    assert epoch.elapsed_s >= 3600.0


def test_a_checkpoint_of_another_model_is_refused():
    bench = Bench()
    with pytest.raises(Exception, match="another model"):
        restore_snapshot(bench.model, _at(1))


def test_a_chunk_grows_to_its_target_and_no_further():
    chunk = ChunkLength(8, target_s=0.03)
    for _ in range(30):
        chunk.observe(chunk.steps, 0.001 * chunk.steps)
    assert chunk.steps == 30
    chunk.observe(chunk.steps, 3.0)
    assert chunk.steps == 1
