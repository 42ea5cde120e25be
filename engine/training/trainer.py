"""Trainer: epochs of chunks, validation, the best weights, and an event for everything.

Imported by workers only. Knows nothing of runs on disk; what it emits and offers is kept by others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.events.commands import ChangeEpochs, ChangeRate
from engine.events.run_events import (
    THAWED,
    CheckpointSaved,
    EpochEnded,
    PartTested,
    RunState,
    SettingChanged,
    StateChanged,
    StepsDone,
)
from engine.training.checkpoint import (
    Checkpoint,
    Snapshot,
    Weights,
    is_finite,
    restore_snapshot,
    take_snapshot,
)
from engine.training.context import RunContext
from engine.training.control import Change
from engine.training.divergence_guard import DivergenceGuard, Examine
from engine.training.model.thawing import Thawing
from engine.training.order import shuffled
from engine.training.pacer import Pacer
from engine.training.plan import ChunkLength
from engine.training.progress import Outcome, Progress
from engine.training.protocols import Checkpointer, Observer
from engine.training.rates import LearningRate
from engine.training.rollback import Rollback
from engine.training.rules import Rules
from engine.training.schedule import Schedule
from engine.training.steps.autotuner import Autotuner
from engine.training.steps.feed import Feed
from engine.training.steps.loop import StepLoop
from engine.training.stopwatch import Stopwatch

TEST_BATCH_SIZE = 256
SAVE_EVERY_S = 120.0
"""Longer epochs are saved in their middle this often, besides at their end."""
NOTIFY_EVERY_S = 0.25  # how far a validation is


class _Stopped(Exception):
    """Someone asked to stop; unwinds to `Trainer.fit`."""


class Trainer:
    """Trains a compiled model.

    Args:
        context: The run: its id, who is told of it, and what is asked of it, in validation too.
        loop: Runs the steps of a built and compiled model.
        train: Feeds the training part.
        validation: Feeds the validation part, or None.
        schedule: Epochs, batch size, seed, learning rate and stopping.
        observers: Look at the model between chunks.
        checkpointer: Offered the state after epochs, every few minutes, when asked, at the end.
        in_units: Turns a metric by name from scaled units into the target's own.
        chunk_length: Decides how long chunks are, given the examples of each step.
        tuner: Finds a faster way to execute the steps while they are being done.
        examine: Says what is wrong with a batch, given its places in the training part, (n,).
        thawing: Lets layers learn that are kept as they are at first; None: there are none.
    """

    def __init__(
        self,
        context: RunContext,
        loop: StepLoop,
        train: Feed,
        validation: Feed | None,
        schedule: Schedule,
        observers: tuple[Observer, ...] = (),
        checkpointer: Checkpointer | None = None,
        in_units: Callable[[str, Any], Any] = lambda name, value: value,
        chunk_length: Callable[[int], ChunkLength] = ChunkLength,
        tuner: Autotuner | None = None,
        examine: Examine | None = None,
        thawing: Thawing | None = None,
    ) -> None:
        self._run = context.id
        self._emit = context.emit
        self._control = context.control
        self._model = loop.model
        self._loop = loop
        self._train = train
        self._validation = validation
        self._schedule = schedule
        self._observers = observers
        self._checkpointer = checkpointer
        self._in_units = in_units
        self._tuner = tuner
        self._thawing = thawing
        self._pacer = Pacer(chunk_length(schedule.batch_size))
        self._test_pacer = Pacer(chunk_length(TEST_BATCH_SIZE))
        self._clock = Stopwatch()
        self._epoch_started = 0.0
        self._saved_at = 0.0
        self._notified_at = 0.0
        self._best_weights: Weights | None = None
        self._progress = Progress(schedule.epochs)
        self._rules = Rules(schedule.stopping, schedule.learning_rate)
        self._rate = LearningRate(
            loop.learning_rate,
            schedule.learning_rate,
            -(-len(train) // schedule.batch_size),
            schedule.epochs,
        )
        rollback = Rollback(loop, train, schedule, self._rate)
        self._guard = DivergenceGuard(rollback, len(train), schedule.seed, examine)

    def restore(self, checkpoint: Checkpoint, changes: Mapping[str, float]) -> None:
        """Goes on from a checkpoint.

        Args:
            checkpoint: What to go on from.
            changes: Settings that are others from here on, by their path in the spec. The batch
                size is that of the schedule already; epochs and learning rate are changed here.

        Raises:
            WorkspaceError: It is of another model.
        """
        restore_snapshot(self._model, checkpoint.snapshot)
        progress = self._progress = checkpoint.progress
        self._rate.restore(progress.rate)
        self._rules.restore(progress.rules)
        self._best_weights = checkpoint.best
        self._clock = Stopwatch(progress.elapsed_s)
        self._epoch_started = progress.elapsed_s - progress.epoch_s
        if "training.epochs" in changes:
            progress.ended = ""  # who asks for more wants more
            progress.epochs = max(int(changes["training.epochs"]), progress.epoch - 1)
            self._rate.extend(progress.epochs)
        if "training.learning_rate" in changes:
            self._rate.change(changes["training.learning_rate"], self._place)

    @property
    def progress(self) -> Progress:
        """How far it is; not to be changed."""
        return self._progress

    @property
    def step_s(self) -> float:
        """Seconds that a step takes, about."""
        return self._pacer.step_s

    def fit(self) -> Outcome:
        """Trains until the last epoch, until a rule ends it, or until someone stops it.

        Raises:
            TrainingError: The loss is no longer a finite number; the model is again as it was
                before that, as far as that is known.
        """
        progress = self._progress
        self._saved_at = self._clock.seconds
        self._guard.keep(self._snapshot())
        stopped = False
        try:
            while not progress.is_over:
                self._run_epoch()
        except _Stopped:
            stopped = True
        if not self._control.is_discarding:
            self._save()
        self._look()
        return Outcome.of(progress, stopped)

    @property
    def has_best(self) -> bool:
        """An epoch is complete, and its weights can be restored."""
        return self._best_weights is not None

    def restore_best(self) -> None:
        """Gives the model the weights of the best epoch, if one is complete."""
        if self._best_weights is not None:
            self._model.set_weights(self._best_weights)
            for observer in self._observers:
                observer.epoch_reached(self._progress.best_epoch)
            self._look()

    def evaluate(self, part: Feed) -> dict[str, float]:
        """Returns the loss and metrics over a part, by Keras's names, even after a stop."""
        return self._test(part, "test", may_stop=False)

    def _look(self) -> None:
        for observer in self._observers:
            observer.update(force=True)

    # ---- an epoch

    def _run_epoch(self) -> None:
        progress = self._progress
        self._epoch_started = self._clock.seconds - progress.epoch_s
        if self._thawing is not None and self._thawing.is_due(progress):
            self._thaw(self._thawing)
        if progress.trained is None:
            if not progress.consumed:
                self._loop.reset_metrics()
            self._learn()
            progress.trained = self._results()
            progress.training_s = self._clock.seconds - self._epoch_started
        metrics = dict(progress.trained)
        if self._validation is not None:
            tested = self._test(self._validation, "validation", may_stop=True)
            metrics |= {f"val_{name}": value for name, value in tested.items()}
        self._end_epoch(metrics)

    def _thaw(self, thawing: Thawing) -> None:
        """Lets layers that were kept learn, too, before the first step of an epoch."""
        before = self._rate.at(self._place)
        thawing.thaw(self._progress, self._rate, self._rules)
        self._guard.keep(self._snapshot())  # nothing leads back to what had fewer variables
        self._notify_change(THAWED, before, self._rate.at(self._place), thawing.reason)

    def _learn(self) -> None:
        """Runs the training steps that are left of the epoch."""
        progress, pacer = self._progress, self._pacer
        batch_size = self._schedule.batch_size
        order = shuffled(len(self._train), self._schedule.seed, progress.epoch)[progress.consumed :]
        for data, indices in pacer.feed(self._train, order, self._wait_or_stop):
            first_step = progress.step
            rates = self._rate.rates(self._place, len(indices))
            if self._tuner is not None:
                self._tuner.before(data, indices, batch_size)
            with pacer.timed(indices):
                values = self._loop.train(data, indices, first_step, rates)
            progress.step += len(indices)
            progress.consumed += indices.size
            if self._tuner is not None:
                self._tuner.after(data, indices, batch_size, pacer.took_s, self._left)
            shown = {name: self._in_units(name, value) for name, value in values.items()}
            self._emit(StepsDone(self._run, progress.epoch, first_step, shown, self._clock.seconds))
            self._check_finite(values["loss"], indices.shape[1])
            for observer in self._observers:
                observer.update()
            if self._clock.seconds - self._saved_at > SAVE_EVERY_S:
                self._save_if_ready()

    def _check_finite(self, losses: npt.NDArray[np.float32], batch_size: int) -> None:
        """Makes sure that the last chunk had finite losses.

        Raises:
            TrainingError: It had not; the last finite state is restored and saved.
        """
        diverged = self._guard.find(losses, self._progress, batch_size)
        if diverged is None:
            return
        self._progress = self._guard.go_back(diverged, self._pacer.step_s, self._pacer.chunk)
        self._save()
        raise self._guard.failure(diverged, self._progress)

    @property
    def _place(self) -> int:
        """The step that schedules count: the same as `Progress.step`, unless the batch changed."""
        progress = self._progress
        done = (progress.epoch - 1) * self._rate.steps_per_epoch
        return done + progress.consumed // self._schedule.batch_size

    @property
    def _left(self) -> int:
        """Steps of the run still to come, if no rule ends it before."""
        return self._progress.epochs * self._rate.steps_per_epoch - self._place

    def _end_epoch(self, metrics: dict[str, float]) -> None:
        progress = self._progress
        progress.history.append(metrics)
        watched = metrics.get("val_loss", metrics["loss"])
        is_best = watched < progress.best_loss
        if is_best:
            progress.best_loss = watched
            progress.best_epoch = progress.epoch
            self._best_weights = self._model.get_weights()
        rate = self._rate.at(self._place - 1)
        verdict = self._rules.epoch_ended(progress.epoch, metrics, self._rate)
        progress.ended = verdict.stop
        elapsed = self._clock.seconds
        self._emit(
            EpochEnded(
                self._run,
                epoch=progress.epoch,
                step=progress.step,
                metrics=metrics,
                duration_s=elapsed - self._epoch_started,
                elapsed_s=elapsed,
                samples_per_s=len(self._train) / max(progress.training_s, 1e-9),
                is_best=is_best,
                learning_rate=rate,
                patience=verdict.patience,
            )
        )
        ended = progress.epoch
        progress.next_epoch()
        if verdict.rate_change is not None and not progress.is_over:
            self._notify_change("training.learning_rate", *verdict.rate_change)
        for observer in self._observers:
            observer.epoch_reached(ended)
        self._epoch_started = self._clock.seconds
        self._save_if_ready()

    # ---- validation and test

    def _test(self, part: Feed, name: str, may_stop: bool) -> dict[str, float]:
        self._loop.reset_metrics()
        rows = np.arange(len(part), dtype=np.int32)
        done = 0
        ask = self._wait_or_stop if may_stop else lambda: None
        for data, indices in self._test_pacer.feed(part, rows, ask):
            with self._test_pacer.timed(indices):
                self._loop.test(data, indices)
            done += indices.size
            if self._clock.seconds - self._notified_at > NOTIFY_EVERY_S:
                self._notified_at = self._clock.seconds
                self._emit(PartTested(self._run, name, done, len(part)))
        return self._results()

    def _results(self) -> dict[str, float]:
        results = self._loop.results()
        return {name: self._in_units(name, value) for name, value in results.items()}

    # ---- what is asked between chunks

    def _wait_or_stop(self) -> None:
        """Does what somebody asked for; waits while paused.

        Raises:
            _Stopped: Someone asked to stop.
        """
        with self._clock.stopped():
            stopping = self._control.should_stop(self._announce, self._change, self._save_asked)
        if stopping:
            raise _Stopped

    def _announce(self, state: RunState) -> None:
        if state is RunState.PAUSED:
            self._save()  # a pause may last, and end with the machine
        self._emit(StateChanged(self._run, state))

    def _change(self, change: Change) -> None:
        """Carries out what somebody wants to be different from here on."""
        progress, reason = self._progress, "Changed while training."
        match change:
            case ChangeRate(learning_rate):
                before = self._rate.at(self._place)
                self._rate.change(learning_rate, self._place)
                self._notify_change("training.learning_rate", before, learning_rate, reason)
            case ChangeEpochs(epochs):
                planned = progress.epochs
                progress.epochs = max(epochs, progress.epoch)
                self._rate.extend(progress.epochs)
                self._notify_change("training.epochs", planned, progress.epochs, reason)
        if self._checkpointer is not None:  # a run that ends with the machine goes on with it
            self._save(lambda: None)
            self._checkpointer.wait()

    def _notify_change(self, setting: str, before: float, after: float, reason: str) -> None:
        place = self._progress.epoch, self._progress.step
        self._emit(SettingChanged(self._run, *place, setting, before, after, reason))

    # ---- what lasts

    def _save_if_ready(self) -> None:
        if self._checkpointer is not None and self._checkpointer.is_ready:
            self._save()

    def _save_asked(self) -> None:
        event = CheckpointSaved(self._run, len(self._progress.history), self._progress.step)
        self._save(lambda: self._emit(event))

    def _save(self, saved: Callable[[], None] | None = None) -> None:
        """Offers the state, from which a training goes on bit by bit as this one does.

        One that is not finite is not: it would take the place of the last that is. The loss tells
        of it in the next step.
        """
        if self._checkpointer is not None and is_finite(self._model):
            snapshot = self._snapshot()
            self._guard.keep(snapshot)
            self._saved_at = self._progress.elapsed_s
            self._checkpointer.offer(snapshot, self._best_weights, saved)

    def _snapshot(self) -> Snapshot:
        progress = self._progress
        progress.elapsed_s = self._clock.seconds
        progress.epoch_s = progress.elapsed_s - self._epoch_started
        progress.rate = self._rate.state()
        progress.rules = self._rules.state()
        return take_snapshot(self._model, {"training": progress.to_dict()})
