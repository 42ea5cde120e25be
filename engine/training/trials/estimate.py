"""What a training would take of time and memory, from a few steps of a scratch model.

It uses the step loop of trainings, and touches no run. Imported by workers only.
"""

from __future__ import annotations

import contextlib
import gc
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import keras
import numpy as np
import numpy.typing as npt
import psutil
import tensorflow as tf

from engine.errors import Cancelled
from engine.events.messages import TrainingEstimated
from engine.graph import memory
from engine.inference.decoding import is_autoregressive
from engine.preprocessing.augmentation import brightest
from engine.training.model.augmenter import augmenter
from engine.training.model.building import build, compile_model
from engine.training.model.memory_check import Counted, count_memory
from engine.training.model.placement import Placement, place
from engine.training.model.transfer import Beginning, trained_from
from engine.training.plan import ChunkLength, Plan
from engine.training.prepared_data import PreparedData
from engine.training.steps.feed import Feed
from engine.training.steps.input_pipeline import feed_of, prepared_bytes
from engine.training.steps.loop import DeviceData, StepLoop
from engine.training.traces import training_graphs
from engine.training.trainer import TEST_BATCH_SIZE

TRAIN_S = 1.0
"""Seconds of measured training steps, at most; the call that traces the graph comes before."""
TEST_S = 0.4
"""Seconds of measured validation, at most."""
MIN_ROWS = 2048
"""Examples that are prepared to measure with, at least; and at least `MIN_BATCHES` batches."""
MIN_BATCHES = 16


def estimate(
    prepared: PreparedData, should_stop: Callable[[], bool], beginning: Beginning | None = None
) -> TrainingEstimated:
    """Measures some steps of a new model of a resolved spec, at the wanted batch size.

    Where that batch size does not fit into memory, it is halved until it does, by the count that
    also refuses what cannot be trained; times are those of the batch size that fits. XLA, which may
    make the steps faster, is left out: whether it does is measured while training.

    Args:
        prepared: Spec and data.
        should_stop: Asked between what takes its time.
        beginning: What the training would begin with, and keep from learning. Where that thaws,
            steps are those in which all learn: most of the time goes there.

    Raises:
        SpecError: No batch size fits into memory.
        Cancelled: A stop was asked for.
    """
    spec = prepared.spec
    epochs, wanted = int(spec.training.epochs or 1), int(spec.training.batch_size or 1)
    free = memory.available()
    counted = count_memory(prepared)
    fitting = _fitting(counted, free)
    _check(should_stop)
    if fitting:
        prepared = _with_batch_size(prepared, fitting)
    measured = _measured(prepared, should_stop, beginning)
    need = 0
    if counted is not None:
        need = counted.need.total - (0 if free.holds_copies else counted.need.copies)
    batch_size = fitting or wanted
    n_train, n_validation = len(prepared.parts.train), len(prepared.parts.validation)
    n_steps = math.ceil(n_train / batch_size)
    epoch_s = max(n_steps * measured.step_s, n_train * measured.feeding_s)
    epoch_s += n_validation * max(measured.test_s, measured.feeding_s)
    return TrainingEstimated(
        step_s=measured.step_s,
        epoch_s=epoch_s,
        total_s=epochs * epoch_s + measured.start_s,
        memory_bytes=need if fitting else max(need, measured.n_bytes),
        available_bytes=free.n_bytes,
        fitting_batch_size=fitting,
        device=measured.device,
    )


def _fitting(counted: Counted | None, free: memory.Available) -> int:
    """A smaller batch size, where the wanted one does not fit; 0 where it does.

    Raises:
        SpecError: None fits.
    """
    if counted is None:
        return 0
    fitting = memory.fitting_batch_size(counted.need, free)
    if not fitting:
        counted.check()
    return fitting if fitting < counted.need.batch_size else 0


def _with_batch_size(prepared: PreparedData, batch_size: int) -> PreparedData:
    training = prepared.spec.training.model_copy(update={"batch_size": batch_size})
    return replace(prepared, spec=prepared.spec.model_copy(update={"training": training}))


def _check(should_stop: Callable[[], bool]) -> None:
    if should_stop():
        raise Cancelled


@dataclass(frozen=True)
class _Measured:
    """What was measured.

    Attributes:
        step_s: Seconds for one training step.
        test_s: Seconds to test one example.
        feeding_s: Seconds to prepare one example beside the steps; 0 where all is prepared before.
        n_bytes: Memory that came to be used.
        device: Where it was computed.
        start_s: Seconds in which the graphs were made.
    """

    step_s: float
    test_s: float
    feeding_s: float
    n_bytes: int
    device: str
    start_s: float


class _Work(NamedTuple):
    """What working through batches took.

    Attributes:
        batch_s: Seconds for one batch.
        feeding_s: Seconds to prepare one example beside that.
        first_s: Seconds for the first call, which makes the graph.
    """

    batch_s: float
    feeding_s: float = 0.0
    first_s: float = 0.0


def _measured(
    prepared: PreparedData, should_stop: Callable[[], bool], beginning: Beginning | None
) -> _Measured:
    """Builds a scratch model, measures, and leaves nothing behind."""
    keras.backend.clear_session(free_memory=False)
    placement = place(prepared.spec, prepared.signature)
    try:
        with training_graphs(), placement.scope(), trained_from(beginning):
            return _Trial(prepared, placement, should_stop, beginning).run()
    finally:
        keras.backend.clear_session(free_memory=False)
        gc.collect()


class _Trial:
    """A scratch model and a part of the data, enough to measure with."""

    def __init__(
        self,
        prepared: PreparedData,
        placement: Placement,
        should_stop: Callable[[], bool],
        beginning: Beginning | None = None,
    ) -> None:
        spec, signature = prepared.spec, prepared.signature
        self._should_stop = should_stop
        self._memory = _Growth()
        self._batch_size = min(int(spec.training.batch_size or 1), len(prepared.parts.train))
        plan = Plan.of(prepared_bytes(prepared), spec.execution, memory.available().n_bytes)
        plan = replace(plan, xla=False)
        strategy = placement.make_strategy()
        with contextlib.nullcontext() if strategy is None else strategy.scope():
            network = build(spec, signature, placement.policy)
            if beginning is not None and spec.start.thaw_after is None:
                beginning.kept_of(network).freeze()
            compile_model(network, spec, signature, plan)
        self._look()
        self._is_streamed = not plan.resident
        self._some = _some_of(prepared, self._batch_size)
        self._is_taught = is_autoregressive(network, signature)
        train = self._feed("train")
        self._look()
        augment = augmenter(
            spec.augmentation, signature.kind, brightest(spec.preprocessing), prepared.scope
        )
        fused_for = self._batch_size if plan.fused else 0
        self._loop = StepLoop(network, train.pattern, strategy, augment, spec.seed, fused_for)

    def run(self) -> _Measured:
        """Measures training, preparation and validation."""
        validation = self._some.parts.validation
        size = self._batch_size
        trained = self._timed(self._feed("train"), size, self._train, TRAIN_S)
        tested, test_size = _Work(0.0), min(TEST_BATCH_SIZE, len(validation)) or 1
        if len(validation):
            tested = self._timed(self._feed("validation"), test_size, self._test, TEST_S)
        return _Measured(
            trained.batch_s,
            tested.batch_s / test_size,
            trained.feeding_s,
            self._memory.n_bytes,
            self._loop.device,
            trained.first_s + tested.first_s,
        )

    def _feed(self, part: str) -> Feed:
        return feed_of(self._some, part, not self._is_streamed, self._is_taught)

    def _train(self, data: DeviceData, indices: npt.NDArray[np.int32]) -> None:
        self._loop.train(data, indices)

    def _test(self, data: DeviceData, indices: npt.NDArray[np.int32]) -> None:
        self._loop.test(data, indices)

    def _timed(
        self,
        feed: Feed,
        batch_size: int,
        work: Callable[[DeviceData, npt.NDArray[np.int32]], None],
        budget_s: float,
    ) -> _Work:
        """Works on whole batches for some time."""
        chunk, order = ChunkLength(batch_size), np.arange(len(feed), dtype=np.int32)
        calls: list[tuple[int, float]] = []
        feeding_s, spent_s, first_s = 0.0, 0.0, 0.0
        while spent_s < budget_s:
            self._loop.reset_metrics()
            asked_at = time.perf_counter()
            with contextlib.closing(feed.chunks(order, chunk)) as chunks:
                for data, indices in chunks:
                    started = time.perf_counter()
                    if self._is_streamed and not feeding_s:
                        feeding_s = (started - asked_at) / len(data)
                    if indices.shape[1] == batch_size:  # not the smaller rest
                        work(data, indices)
                        took_s = time.perf_counter() - started
                        chunk.observe(len(indices), took_s)
                        if first_s:
                            calls.append((len(indices), took_s))
                            spent_s += took_s
                        first_s = first_s or took_s
                        self._look()
                    if spent_s >= budget_s:
                        break
        return _Work(_batch_s(calls), feeding_s, first_s)

    def _look(self) -> None:
        self._memory.look()
        _check(self._should_stop)


def _batch_s(calls: list[tuple[int, float]]) -> float:
    """Seconds for one batch: of the later half of the calls, which are as long as in a training."""
    later = calls[len(calls) // 2 :]
    return sum(seconds for _, seconds in later) / sum(batches for batches, _ in later)


def _some_of(prepared: PreparedData, batch_size: int) -> PreparedData:
    """As much of the data as is measured with."""
    n_rows = max(MIN_ROWS, MIN_BATCHES * batch_size)
    parts = prepared.parts
    some = replace(parts, train=parts.train[:n_rows], validation=parts.validation[:n_rows])
    return replace(prepared, parts=some)


class _Growth:
    """How much memory came to be used, where the weights are: of a GPU, or of this process."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._has_gpu = bool(tf.config.list_physical_devices("GPU"))
        if self._has_gpu:
            tf.config.experimental.reset_memory_stats("GPU:0")
        self._before = self._used()
        self.n_bytes = 0

    def look(self) -> None:
        """Takes note of what is used now."""
        self.n_bytes = max(self.n_bytes, self._used() - self._before)

    def _used(self) -> int:
        if self._has_gpu:
            return int(tf.config.experimental.get_memory_info("GPU:0")["peak"])
        return int(self._process.memory_info().rss)
