"""Trainer: epochs of chunks, validation, the best weights, and an event for everything.

Imported by workers only. Knows nothing of runs on disk; what it emits and offers is kept by others.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

import keras
import numpy as np
import numpy.typing as npt

from engine.errors import TrainingError
from engine.run_events import (
    EpochEnded,
    RunEvent,
    RunState,
    StateChanged,
    StepsDone,
)
from engine.training.checkpoint import Snapshot, take_snapshot
from engine.training.control import TrainingControl
from engine.training.feed import Chunk, Feed
from engine.training.loop import Array, StepLoop
from engine.training.order import shuffled
from engine.training.plan import ChunkLength

TEST_BATCH_SIZE = 256


class Observer(Protocol):
    """Looks at the model between chunks, for a live view."""

    def update(self, force: bool = False) -> None: ...

    def epoch_reached(self, epoch: int) -> None: ...


class Keeper(Protocol):
    """Takes states that must last."""

    def offer(self, snapshot: Snapshot) -> None: ...

    def offer_best(self, snapshot: Snapshot) -> None: ...


@dataclass(frozen=True)
class Schedule:
    """How long and in what portions to train.

    Attributes:
        epochs: Epochs to train.
        batch_size: Examples per step.
        seed: Decides the order of examples in each epoch.
    """

    epochs: int
    batch_size: int
    seed: int


@dataclass
class Outcome:
    """What came of a training.

    Attributes:
        history: One dict of metrics per complete epoch.
        best_epoch: The epoch, from 1, with the lowest validation loss (training loss where there
            is no validation part); 0 before the first.
        stopped: Someone stopped it before the last epoch was complete.
        step: Steps done.
    """

    history: list[dict[str, float]] = field(default_factory=list)
    best_epoch: int = 0
    stopped: bool = False
    step: int = 0


class _Stopped(Exception):
    """Someone asked to stop; unwinds to `Trainer.fit`."""


class Trainer:
    """Trains a compiled model.

    Args:
        run: Id put on every event.
        model: Built and compiled.
        loop: Runs the steps.
        train: Feeds the training part.
        validation: Feeds the validation part, or None.
        schedule: Epochs, batch size and seed.
        emit: Told every event, in order.
        control: Asked between chunks, in validation too.
        observers: Look at the model between chunks.
        keeper: Offered the state after each epoch, and the best one.
        in_units: Turns a metric by name from scaled units into the target's own.
    """

    def __init__(
        self,
        run: str,
        model: keras.Model,
        loop: StepLoop,
        train: Feed,
        validation: Feed | None,
        schedule: Schedule,
        emit: Callable[[RunEvent], None],
        control: TrainingControl,
        observers: tuple[Observer, ...] = (),
        keeper: Keeper | None = None,
        in_units: Callable[[str, Any], Any] = lambda name, value: value,
    ) -> None:
        self._run = run
        self._model = model
        self._loop = loop
        self._train = train
        self._validation = validation
        self._schedule = schedule
        self._emit = emit
        self._control = control
        self._observers = observers
        self._keeper = keeper
        self._in_units = in_units
        self._chunk = ChunkLength(schedule.batch_size)
        self._test_chunk = ChunkLength(TEST_BATCH_SIZE)
        self._clock = Stopwatch()
        self._best_weights: list[Array] | None = None
        self._best_loss = math.inf
        self._outcome = Outcome()

    def fit(self) -> Outcome:
        """Trains until the last epoch or until someone stops it.

        Raises:
            TrainingError: The loss is no longer a finite number; the model holds its best weights.
        """
        try:
            for epoch in range(1, self._schedule.epochs + 1):
                self._train_epoch(epoch)
        except _Stopped:
            self._outcome.stopped = True
        self._look()
        return self._outcome

    @property
    def has_best(self) -> bool:
        """An epoch is complete, and its weights can be restored."""
        return self._best_weights is not None

    def restore_best(self) -> None:
        """Gives the model the weights of the best epoch, if one is complete."""
        if self._best_weights is not None:
            self._model.set_weights(self._best_weights)
            for observer in self._observers:
                observer.epoch_reached(self._outcome.best_epoch)
            self._look()

    def _look(self) -> None:
        for observer in self._observers:
            observer.update(force=True)

    def _train_epoch(self, epoch: int) -> None:
        started = self._clock.seconds
        self._loop.reset_metrics()
        order = shuffled(len(self._train), self._schedule.seed, epoch)
        for data, indices in self._chunks(self._train, order, self._chunk):
            first_step = self._outcome.step
            with self._timed(indices, self._chunk):
                values = self._loop.train(data, indices, first_step)
            self._outcome.step += len(indices)
            shown = {name: self._in_units(name, value) for name, value in values.items()}
            self._emit(StepsDone(self._run, epoch, first_step, shown, self._clock.seconds))
            self._check_finite(values["loss"], first_step)
            for observer in self._observers:
                observer.update()
        training_s = self._clock.seconds - started
        metrics = self._results()
        if self._validation is not None:
            metrics |= {
                f"val_{k}": v for k, v in self._test(self._validation, may_stop=True).items()
            }
        self._end_epoch(epoch, metrics, started, training_s)

    def _end_epoch(
        self, epoch: int, metrics: dict[str, float], started: float, training_s: float
    ) -> None:
        outcome = self._outcome
        outcome.history.append(metrics)
        watched = metrics.get("val_loss", metrics["loss"])
        is_best = watched < self._best_loss
        if is_best:
            self._best_loss = watched
            self._best_weights = self._model.get_weights()
            outcome.best_epoch = epoch
        elapsed = self._clock.seconds
        self._emit(
            EpochEnded(
                self._run,
                epoch=epoch,
                step=outcome.step,
                metrics=metrics,
                duration_s=elapsed - started,
                elapsed_s=elapsed,
                samples_per_s=len(self._train) / max(training_s, 1e-9),
                is_best=is_best,
            )
        )
        for observer in self._observers:
            observer.epoch_reached(epoch)
        if self._keeper is not None:
            snapshot = take_snapshot(
                self._model,
                {
                    "epoch": epoch,
                    "step": outcome.step,
                    "best_epoch": outcome.best_epoch,
                    "history": outcome.history.copy(),
                },
            )
            self._keeper.offer(snapshot)
            if is_best:
                self._keeper.offer_best(snapshot)

    def evaluate(self, part: Feed) -> dict[str, float]:
        """Returns the loss and metrics over a part, by Keras's names, even after a stop."""
        return self._test(part, may_stop=False)

    def _test(self, part: Feed, may_stop: bool) -> dict[str, float]:
        self._loop.reset_metrics()
        rows = np.arange(len(part), dtype=np.int32)
        for data, indices in self._chunks(part, rows, self._test_chunk, may_stop):
            with self._timed(indices, self._test_chunk):
                self._loop.test(data, indices)
        return self._results()

    def _results(self) -> dict[str, float]:
        results = self._loop.results()
        return {name: self._in_units(name, value) for name, value in results.items()}

    @contextmanager
    def _timed(self, indices: npt.NDArray[np.int32], chunk: ChunkLength) -> Iterator[None]:
        started = time.perf_counter()
        yield
        if indices.shape[1] == chunk.batch_size:  # the smaller rest says nothing of a whole batch
            chunk.observe(len(indices), time.perf_counter() - started)

    def _chunks(
        self,
        part: Feed,
        order: npt.NDArray[np.int32],
        chunk: ChunkLength,
        may_stop: bool = True,
    ) -> Iterator[Chunk]:
        """Feeds a part in this order, chunk by chunk; see `Feed.chunks`.

        Raises:
            _Stopped: Someone asked to stop. Asked before each chunk, waiting while paused.
        """
        with contextlib.closing(part.chunks(order, chunk)) as chunks:
            while True:
                if may_stop:
                    self._wait_or_stop()
                found = next(chunks, None)
                if found is None:
                    return
                yield found

    def _wait_or_stop(self) -> None:
        with self._clock.stopped():
            stopping = self._control.should_stop(self._announce)
        if stopping:
            raise _Stopped

    def _announce(self, state: RunState) -> None:
        self._emit(StateChanged(self._run, state))

    def _check_finite(self, losses: npt.NDArray[np.float32], first_step: int) -> None:
        bad = np.flatnonzero(~np.isfinite(losses))
        if not len(bad):
            return
        self.restore_best()
        kept = (
            f"The weights of epoch {self._outcome.best_epoch} are kept."
            if self._best_weights is not None
            else "No epoch was complete, so there are no weights to keep."
        )
        raise TrainingError(
            f"The loss became {losses[bad[0]]} in step {first_step + bad[0] + 1:,}. {kept}",
            "The steps are too large: try a learning rate ten times smaller, "
            "or scale the inputs and the target.",
        )


class Stopwatch:
    """Seconds of training, pauses excluded."""

    def __init__(self) -> None:
        self._started = time.perf_counter()
        self._excluded = 0.0

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self._started - self._excluded

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """A context whose time does not count."""
        entered = time.perf_counter()
        try:
            yield
        finally:
            self._excluded += time.perf_counter() - entered
