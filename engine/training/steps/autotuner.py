"""Autotuner: finds out while a run trains whether XLA makes its steps faster. For workers only.

Training begins at once with the plain graph, whose chunks are the measure. A thread of its own
traces and compiles the other graph meanwhile, on a twin of the model. Then that is tried between
chunks, still on the twin, so that the weights stay what Keras's own `fit` would give; only if it
is clearly faster does it take the model over.
"""

from __future__ import annotations

import contextlib
import logging
import math
import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from engine.devices.cores import usable_cores
from engine.spec.formatting import duration_text
from engine.training.plan import MAX_CHUNK_STEPS, Plan
from engine.training.steps.compiled import CompiledChunk, state_of
from engine.training.steps.loop import DeviceData, StepLoop
from engine.training.steps.measurements import (
    GAIN,
    NICE,
    PREPARING,
    PREPARING_RECURRENT,
    Measurements,
    Timed,
)

logger = logging.getLogger(__name__)

Indices = npt.NDArray[np.int32]

MAX_STATE_BYTES = 256 << 20
"""Of a larger model no twin is made: it has enough to do between two calls."""
CLEARLY = 1.1
"""A smaller gain over single calls is noise, and not told as a number."""
END_S = 0.1
"""The end of a run waits this long for a compilation, which cannot be cancelled."""
SWITCH_S = 0.0002
"""How long training waits, at most, for Python while the other thread traces. With Python's own
5 ms a linear model trained at half its speed meanwhile, with this at three quarters."""

_MAX_NUMBERS = 1 << 19  # of indices in one call


@dataclass(frozen=True)
class Choice:
    """How the steps are executed from now on.

    Attributes:
        xla: Compiled with XLA.
        reason: In words, with what was measured.
        speedup: How many times as fast as step by step; 0 where that was not measured.
    """

    xla: bool
    reason: str
    speedup: float


class _Stage(Enum):
    WAITING = auto()
    PREPARING = auto()
    TRYING = auto()
    DONE = auto()


class Autotuner:
    """Chooses how the steps of a run are executed, and has the loop do so.

    Args:
        loop: Trains the model.
        plan: What is fixed, and what may be tried.
        announce: Told the choice, once it is made; in the training thread.
        clock: Seconds, always rising.
    """

    def __init__(
        self,
        loop: StepLoop,
        plan: Plan,
        announce: Callable[[Choice], None] = lambda choice: None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._loop = loop
        self._plan = plan
        self._announce = announce
        self._clock = clock
        self._trial: _Preparation | None = None
        self.begin_anew()

    def begin_anew(self) -> None:
        """Measures and tries anew, as the steps of the loop are others from now on."""
        if self._trial is not None:
            self._trial.give_up(END_S)
        self._trial = None
        self._measured = Measurements(
            usable_cores(), PREPARING_RECURRENT if self._loop.is_mostly_recurrent else PREPARING
        )
        self._stage = _Stage.WAITING
        self._begun: tuple[float, float] | None = None
        self._started = 0.0

    @property
    def lost_s(self) -> float:
        """Seconds that measuring took from training."""
        return self._measured.lost_s

    def before(self, data: DeviceData, indices: Indices, batch_size: int) -> None:
        """To be called before each chunk of training steps, with what it will be given."""
        if not self._started:
            self._started = self._clock()
        if indices.shape[1] != batch_size:
            return
        if self._stage is _Stage.WAITING and self._plan.xla:
            self._compile_now(data, indices)
        elif self._stage is _Stage.PREPARING and self._trial is not None and self._trial.is_over:
            self._judge_preparation(self._trial)
        if self._stage is _Stage.TRYING and self._trial is not None:
            self._try(self._trial, data, indices)

    def after(
        self, data: DeviceData, indices: Indices, batch_size: int, seconds: float, remaining: int
    ) -> None:
        """To be called after each chunk of training steps.

        Args:
            data: What it was given.
            indices: What it was given.
            batch_size: Examples in each step; a rest says nothing of a whole batch.
            seconds: It took.
            remaining: Steps of the run still to come.
        """
        if indices.shape[1] != batch_size or self._stage is _Stage.DONE:
            return
        call = Timed(len(indices), seconds)
        measured = self._measured
        if self._begun is None:
            measured.traced_s = seconds
            self._begun = self._clock(), time.process_time()
            return
        if self._stage is _Stage.PREPARING:
            measured.slowed_s += seconds - call.steps * measured.plain_step_s
            return
        if not measured.plain:
            measured.traced_s -= call.step_s
        measured.plain.append(call)
        if self._stage is _Stage.WAITING and measured.is_settled:
            self._settle(data, indices, remaining)

    def close(self) -> None:
        """Ends what is measured. A compilation under way ends by itself, and is not used."""
        if self._trial is not None:
            self._trial.give_up(END_S)
        if self._stage is not _Stage.DONE and self._plan.tries_xla:
            self._choose(False, "The run ended before XLA could be tried.")
        self._trial = None
        self._stage = _Stage.DONE

    # ---- what is tried

    def _settle(self, data: DeviceData, indices: Indices, remaining: int) -> None:
        """The time of plain chunks is known: is there something to try, and time for it?"""
        measured = self._measured
        assert self._begun is not None
        wall, processor = self._clock() - self._begun[0], time.process_time() - self._begun[1]
        measured.busy = processor / max(wall, 1e-9)
        spent = self._clock() - self._started
        if not self._plan.tries_xla:
            self._choose(False, self._plan.fixed)
        elif not measured.affords_trying(spent, remaining):
            self._choose(False, "The rest of the run is too short for XLA to be tried.")
        elif _state_bytes(self._loop) > MAX_STATE_BYTES:
            self._choose(False, "The model is too large for XLA to be tried beside it.")
        elif measured.may_prepare(spent, len(data) // indices.shape[1]):
            self._stage = _Stage.PREPARING
            self._trial = _Preparation(self._loop, data, indices)
            self._trial.start()

    def _judge_preparation(self, trial: _Preparation) -> None:
        measured = self._measured
        if trial.error is not None or trial.chunk is None:
            self._choose(False, _unusable(trial.error))
        elif measured.is_far_slower(trial.single_s):
            self._choose(
                False,
                "XLA was tried and is not used: a step takes "
                f"{duration_text(trial.single_s)} with it and "
                f"{duration_text(measured.plain_step_s)} without.",
            )
        else:
            self._stage = _Stage.TRYING

    def _try(self, trial: _Preparation, data: DeviceData, indices: Indices) -> None:
        """Runs the next steps on the twin; then, if that was often enough, chooses."""
        assert trial.chunk is not None
        measured = self._measured
        if measured.is_decided:
            self._decide(trial.chunk)
            return
        rows = indices[: measured.trial_steps(len(indices), trial.single_s)]
        if not trial.chunk.fits(data.tensors, rows):
            return
        started = self._clock()
        try:
            trial.run(data, rows)
        except Exception as error:
            logger.exception("A compiled chunk failed.")
            self._choose(False, _unusable(error))
            return
        seconds = self._clock() - started
        measured.compiled.append(Timed(len(rows), seconds))
        measured.tried_s += seconds

    def _decide(self, chunk: CompiledChunk) -> None:
        measured = self._measured
        steps = max(call.steps for call in measured.compiled)
        times = (
            f"{steps:,} steps take {duration_text(steps * measured.compiled_step_s)} with it "
            f"and {duration_text(steps * measured.plain_step_s)} without."
        )
        if measured.gain >= GAIN:
            self._take(chunk)
            self._choose(True, f"They are compiled with XLA: {times}")
        else:
            self._choose(False, f"XLA was tried and is not used: {times}")

    def _compile_now(self, data: DeviceData, indices: Indices) -> None:
        """Does what the spec demands before the first step."""
        trial = _Preparation(self._loop, data, indices)
        trial.prepare()
        if trial.error is not None or trial.chunk is None:
            self._choose(False, _unusable(trial.error))
        else:
            self._take(trial.chunk)
            self._choose(True, "They are compiled with XLA, as was chosen.")

    def _take(self, chunk: CompiledChunk) -> None:
        chunk.adopt(self._loop.model)
        self._loop.use(chunk, lambda error: self._choose(False, _unusable(error)))

    def _choose(self, xla: bool, why: str) -> None:
        """Nothing is tried any more."""
        self._stage = _Stage.DONE
        self._trial = None
        speedup = self._speedup(xla)
        many = "Many steps run in one call."
        if speedup >= CLEARLY:
            many = f"{_times(speedup)} as fast as step by step: many steps run in one call."
        elif speedup:
            many = "About as fast as step by step, since each step has much to do."
        logger.info("Measuring took %.2f s from training.", self.lost_s)
        self._announce(Choice(xla, f"{many} {why}".strip(), speedup))

    def _speedup(self, xla: bool) -> float:
        measured = self._measured
        if not measured.plain or not measured.single_s:
            return 0.0
        is_measured = xla and bool(measured.compiled)
        return measured.single_s / (
            measured.compiled_step_s if is_measured else measured.plain_step_s
        )


class _Preparation:
    """A compiled chunk being made; in a thread of its own, once that is started."""

    def __init__(self, loop: StepLoop, data: DeviceData, indices: Indices) -> None:
        self.chunk: CompiledChunk | None = None
        self.error: Exception | None = None
        self.single_s = 0.0
        self._loop = loop
        self._data = data
        self._rows = indices[:1].copy()
        # A daemon, for a compilation cannot be cancelled and must not hold up the process's end.
        self._thread = threading.Thread(target=self._prepare_beside, name="xla", daemon=True)
        self._is_given_up = False

    def start(self) -> None:
        self._thread.start()

    @property
    def is_over(self) -> bool:
        return not self._thread.is_alive()

    def give_up(self, wait_s: float) -> None:
        """Has the thread end as soon as it can, and waits for that a little."""
        self._is_given_up = True
        if self._thread.is_alive():
            self._thread.join(wait_s)

    def _prepare_beside(self) -> None:
        if sys.platform == "linux":  # where a thread, and those it starts, have a priority each
            with contextlib.suppress(OSError):  # it may be low already, or not to be changed
                os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
        self.prepare()

    def prepare(self) -> None:
        """Traces and compiles, and times a step."""
        interval_s = sys.getswitchinterval()
        sys.setswitchinterval(SWITCH_S)
        try:
            with tf.device(f"/{self._loop.device}"):
                self._prepare()
        except Exception as error:
            logger.info("There is no compiled chunk.", exc_info=True)
            self.error = error
        finally:
            sys.setswitchinterval(interval_s)

    def _prepare(self) -> None:
        batch_size = self._rows.shape[1]
        steps = min(
            len(self._data) // batch_size, MAX_CHUNK_STEPS, max(1, _MAX_NUMBERS // batch_size)
        )
        chunk = self._loop.compiled(self._data, batch_size, steps)
        times: list[float] = []
        for _ in range(4):  # compiled by the first
            if self._is_given_up:
                return
            started = time.perf_counter()
            _wait(chunk.run(self._data.tensors, self._rows, 0, self._rates(1)))
            times.append(time.perf_counter() - started)
        self.single_s = min(times[1:])
        self.chunk = chunk

    def run(self, data: DeviceData, rows: Indices) -> None:
        """Tries steps on the twin."""
        assert self.chunk is not None
        _wait(self.chunk.run(data.tensors, rows, 0, self._rates(len(rows))))

    def _rates(self, n_steps: int) -> npt.NDArray[np.float32]:
        return np.full(n_steps, self._loop.rate, np.float32)


def _wait(noted: tuple[tf.Tensor | None, ...]) -> None:
    for values in noted:
        if values is not None:
            values.numpy()


def _state_bytes(loop: StepLoop) -> int:
    return sum(4 * math.prod(variable.shape) for variable in state_of(loop.model))


def _unusable(error: Exception | None) -> str:
    words = str(error or "").strip().splitlines()
    what = words[0][:200] if words else type(error).__name__
    return f"XLA cannot be used here, so plain steps go on and none is lost: {what}"


def _times(ratio: float) -> str:
    return f"{ratio:.0f} times" if ratio >= 10 else f"{ratio:.1f} times"
