"""The learning-rate range test: a scratch model is trained with ever larger steps.

After Smith 2017 (https://arxiv.org/abs/1506.01186); rates rise exponentially as in fastai's
``lr_find``. It uses the step loop of trainings, and touches no run. Imported by workers only.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass

import keras
import numpy as np
import numpy.typing as npt

from engine.events.messages import RatesTried, RateTried
from engine.inference.decoding import is_autoregressive
from engine.preprocessing.augmentation import brightest
from engine.training.model.augmenter import augmenter
from engine.training.model.building import build, compile_model
from engine.training.model.placement import Placement, place
from engine.training.model.transfer import Beginning, trained_from
from engine.training.order import shuffled
from engine.training.plan import ChunkLength, Plan
from engine.training.prepared_data import PreparedData
from engine.training.steps.feed import Feed
from engine.training.steps.input_pipeline import feed_of, prepared_bytes
from engine.training.steps.loop import StepLoop
from engine.training.traces import training_graphs
from engine.training.trials.rate_advice import suggest

LOWEST, HIGHEST = 1e-7, 10.0
N_RATES = 120
"""Rates tried: 15 in each decade."""
EXAMPLES_PER_RATE = 32
"""With smaller batches each rate is held for several steps, whose losses are averaged."""
SMOOTHING = 0.7
"""Weight of what was before in the smoothed loss, which lags by 0.7 / 0.3 rates: 1/6 decade."""
EXPLODED = 3.0
"""A loss this many times that of the beginning ends the test; the plot has room for no more."""

Emit = Callable[[RateTried], None]


def find_rate(
    prepared: PreparedData,
    emit: Emit,
    should_stop: Callable[[], bool],
    beginning: Beginning | None = None,
) -> RatesTried:
    """Trains a new model of a resolved spec with rising learning rates, until its loss explodes.

    Args:
        prepared: Spec and data. Its learning rate, schedule and epochs do not matter.
        emit: Told of each rate.
        should_stop: Asked between chunks of steps.
        beginning: What the training would begin with, and keep from learning.

    Returns:
        What was tried, and a suggestion. Losses are in the units of the target.
    """
    placement = place(prepared.spec, prepared.signature)
    keras.backend.clear_session(free_memory=False)
    try:
        with training_graphs(), placement.scope(), trained_from(beginning):
            trial = _Trial(prepared, emit, placement, beginning)
            stopped = trial.run(should_stop)
    finally:
        keras.backend.clear_session(free_memory=False)
    rates = np.array(trial.rates, np.float32)
    losses = np.array(trial.losses, np.float32)
    advice = suggest(rates, losses)
    reason = f"Stopped before the end. {advice.reason}" if stopped else advice.reason
    return RatesTried(rates, losses, advice.rate, reason)


@dataclass(frozen=True)
class _Pace:
    """How many steps each rate is held.

    Attributes:
        n_rates: Rates in all.
        hold: Steps with each.
    """

    n_rates: int
    hold: int

    @classmethod
    def of(cls, batch_size: int, accumulate: int) -> _Pace:
        hold = -(-EXAMPLES_PER_RATE // batch_size)
        # Weights change once in `accumulate` steps, which shall be with one rate.
        return cls(N_RATES, -(-hold // accumulate) * accumulate)

    def rates(self, first_step: int, n_steps: int) -> npt.NDArray[np.float32]:
        """The learning rate of each step, (n_steps,)."""
        number = np.arange(first_step, first_step + n_steps) // self.hold
        return np.asarray(self.rate_of(number), np.float32)

    def rate_of(self, number: npt.NDArray[np.int64] | int) -> npt.NDArray[np.float64]:
        """The rates with these numbers, from 0."""
        share = np.asarray(number, np.float64) / (self.n_rates - 1)
        return LOWEST * (HIGHEST / LOWEST) ** share

    @property
    def n_steps(self) -> int:
        """Steps in all."""
        return self.n_rates * self.hold


class _Trial:
    """A scratch model, and what came of each rate so far."""

    def __init__(
        self,
        prepared: PreparedData,
        emit: Emit,
        placement: Placement,
        beginning: Beginning | None = None,
    ) -> None:
        spec, signature = prepared.spec, prepared.signature
        self._prepared = prepared
        self._emit = emit
        plan = Plan.of(prepared_bytes(prepared), spec.execution)
        strategy = placement.make_strategy()
        with contextlib.nullcontext() if strategy is None else strategy.scope():
            network = build(spec, signature, placement.policy)
            if beginning is not None:
                beginning.apply(network)
                beginning.kept_of(network).freeze()
            compile_model(network, spec, signature, plan)
        is_taught = is_autoregressive(network, signature)
        self._feed: Feed = feed_of(prepared, "train", plan.resident, is_taught)
        augment = augmenter(
            spec.augmentation, signature.kind, brightest(spec.preprocessing), prepared.scope
        )
        batch_size = int(spec.training.batch_size or 1)
        fused_for = batch_size if plan.fused else 0
        pattern = self._feed.pattern
        self._loop = StepLoop(network, pattern, strategy, augment, spec.seed, fused_for)
        self._batch_size = min(batch_size, len(self._feed))
        self._pace = _Pace.of(self._batch_size, spec.training.accumulate)
        self._smooth = _Smooth()
        self.rates: list[float] = []
        self.losses: list[float] = []

    def run(self, should_stop: Callable[[], bool]) -> bool:
        """Tries rates until the loss explodes; returns whether someone stopped it before."""
        waiting: list[float] = []
        for losses in self._steps():
            waiting += losses.tolist()
            while len(waiting) >= self._pace.hold:
                held, waiting = waiting[: self._pace.hold], waiting[self._pace.hold :]
                if not self._note(float(np.mean(held))):
                    return False
            if should_stop():
                return True
        return False

    def _note(self, loss: float) -> bool:
        """Takes note of the loss with the next rate; says whether to go on."""
        if not math.isfinite(loss):
            return False
        smoothed = self._smooth(float(self._prepared.preprocessing.restore_metric("loss", loss)))
        rate = float(self._pace.rate_of(len(self.rates)))
        self.rates.append(rate)
        self.losses.append(smoothed)
        self._emit(RateTried(rate, smoothed))
        return smoothed <= EXPLODED * self.losses[0]

    def _steps(self) -> Generator[npt.NDArray[np.float32]]:
        """Trains, epoch by epoch in the order of a training; yields losses of whole batches."""
        step, epoch = 0, 0
        chunk = ChunkLength(self._batch_size)
        seed = self._prepared.spec.seed
        while step < self._pace.n_steps:
            epoch += 1
            self._loop.reset_metrics()
            for data, indices in self._feed.chunks(shuffled(len(self._feed), seed, epoch), chunk):
                if indices.shape[1] < self._batch_size:
                    continue  # the smaller rest would look noisier than it is
                started = time.perf_counter()
                rates = self._pace.rates(step, len(indices))
                values = self._loop.train(data, indices, step, rates)
                chunk.observe(len(indices), time.perf_counter() - started)
                step += len(indices)
                yield values["loss"]
                if step >= self._pace.n_steps:
                    return


class _Smooth:
    """An exponential moving average, without its bias to 0 at the beginning."""

    def __init__(self) -> None:
        self._total = 0.0
        self._weight = 0.0

    def __call__(self, value: float) -> float:
        self._total = SMOOTHING * self._total + (1 - SMOOTHING) * value
        self._weight = SMOOTHING * self._weight + (1 - SMOOTHING)
        return self._total / self._weight
