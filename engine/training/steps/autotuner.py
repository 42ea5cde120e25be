"""Autotuner: finds out while a run trains whether XLA makes its steps faster. For workers only.

Training begins at once with the plain graph, whose chunks are the measure. A thread of its own
traces and compiles the other graph meanwhile, on a twin of the model. Then that is tried between
chunks, still on the twin, so that the weights stay what Keras's own `fit` would give; only if it
is clearly faster does it take the model over.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

import numpy as np
import numpy.typing as npt

from engine.devices.compiled_programs import not_kept
from engine.devices.cores import usable_cores
from engine.spec.formatting import duration_text
from engine.training.plan import Plan
from engine.training.steps.compiled import CompiledChunk, state_of
from engine.training.steps.loop import DeviceData, StepLoop
from engine.training.steps.measurements import (
    GAIN,
    PREPARING,
    PREPARING_RECURRENT,
    Measurements,
    Timed,
)
from engine.training.steps.preparation import Preparation
from engine.training.steps.verdicts import Verdict, Verdicts

logger = logging.getLogger(__name__)

Indices = npt.NDArray[np.int32]

MAX_STATE_BYTES = 256 << 20
"""Of a larger model no twin is made: it has enough to do between two calls."""
CLEARLY = 1.1
"""A smaller gain over single calls is noise, and not told as a number."""
END_S = 0.1
"""The end of a run waits this long for a compilation, which cannot be cancelled."""


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
        self._trial: Preparation | None = None
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
        self._verdicts: Verdicts | None = None

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
        elif self._stage is _Stage.WAITING and self._verdicts is None and self._plan.tries_xla:
            self._recall(data, indices)
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

    # ---- what was found earlier

    def _recall(self, data: DeviceData, indices: Indices) -> None:
        """Goes by what was measured in an earlier run of such a model, if that is still known."""
        self._verdicts = Verdicts(self._loop, data, indices.shape[1])
        found = self._verdicts.recall()
        if found is None:
            return
        if found.is_faster:
            self._measured.earlier_step_s = found.plain_step_s
            self._stage = _Stage.PREPARING
            self._trial = Preparation(self._loop, data, indices)
            self._trial.start()
        else:
            self._choose(
                False,
                "XLA was tried in an earlier run of such a model and is not used: a step took "
                f"{duration_text(found.compiled_step_s)} with it and "
                f"{duration_text(found.plain_step_s)} without.",
            )

    def _remember(self, compiled_step_s: float) -> None:
        """For later runs of such a model; what contradicts an earlier one is measured anew."""
        measured, trial = self._measured, self._trial
        if self._verdicts is None or trial is None:
            return
        if measured.is_settled:
            plain_step_s = measured.plain_step_s
            is_faster = plain_step_s >= GAIN * compiled_step_s
            verdict = Verdict(is_faster, plain_step_s, compiled_step_s, 0, trial.programs)
            self._verdicts.remember(verdict)
        elif measured.plain_step_s < GAIN * compiled_step_s:
            self._verdicts.forget()

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
            self._trial = Preparation(self._loop, data, indices)
            self._trial.start()

    def _judge_preparation(self, trial: Preparation) -> None:
        measured = self._measured
        if trial.error is not None or trial.chunk is None:
            self._choose(False, _unusable(trial.error))
        elif measured.is_far_slower(trial.single_s):
            self._remember(trial.single_s)
            self._choose(
                False,
                "XLA was tried and is not used: a step takes "
                f"{duration_text(trial.single_s)} with it and "
                f"{duration_text(measured.plain_step_s)} without.",
            )
        else:
            self._stage = _Stage.TRYING

    def _try(self, trial: Preparation, data: DeviceData, indices: Indices) -> None:
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
        self._remember(measured.compiled_step_s)
        if measured.gain >= GAIN:
            self._take(chunk)
            self._choose(True, f"They are compiled with XLA: {times} {not_kept()}".strip())
        else:
            self._choose(False, f"XLA was tried and is not used: {times}")

    def _compile_now(self, data: DeviceData, indices: Indices) -> None:
        """Does what the spec demands before the first step."""
        trial = Preparation(self._loop, data, indices)
        trial.prepare()
        if trial.error is not None or trial.chunk is None:
            self._choose(False, _unusable(trial.error))
        else:
            self._take(trial.chunk)
            self._choose(True, f"They are compiled with XLA, as was chosen. {not_kept()}".strip())

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


def _state_bytes(loop: StepLoop) -> int:
    return sum(4 * math.prod(variable.shape) for variable in state_of(loop.model))


def _unusable(error: Exception | None) -> str:
    words = str(error or "").strip().splitlines()
    what = words[0][:200] if words else type(error).__name__
    return f"XLA cannot be used here, so plain steps go on and none is lost: {what}"


def _times(ratio: float) -> str:
    return f"{ratio:.0f} times" if ratio >= 10 else f"{ratio:.1f} times"
