"""Autotuner: finds out while a run trains whether another way makes its steps faster. For workers.

Training begins at once with the plain graph, whose chunks are the measure. A thread of its own
traces and compiles another graph meanwhile, on a twin of the model. Then that is tried between
chunks, still on the twin, so that the weights stay what Keras's own `fit` would give; only if it
is clearly faster does it take the model over. Of several ways one is tried after the other, each
against what is in use by then.
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
from engine.training.plan import Plan, Way
from engine.training.steps.loop import DeviceData, StepLoop
from engine.training.steps.measurements import (
    GAINS,
    PREPARING,
    PREPARING_RECURRENT,
    Measurements,
    Timed,
)
from engine.training.steps.preparation import Preparation
from engine.training.steps.twin_chunk import TwinChunk, state_of
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
        way: Another than the plain graph; None: that.
        reason: In words, with what was measured.
        speedup: How many times as fast as step by step; 0 where that was not measured.
    """

    way: Way | None
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
        self._ways = list(self._plan.tried)  # to try, from the first on
        self._taken: Way | None = None
        self._said: list[str] = []
        self._measured = Measurements(usable_cores(), self._preparing)
        self._stage = _Stage.WAITING
        self._begun: tuple[float, float] | None = None
        self._started = 0.0
        self._verdicts: Verdicts | None = None
        self._earlier: Verdict | None = None  # against the way in question

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
        elif self._stage is _Stage.WAITING and self._verdicts is None and self._ways:
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
        if self._stage is not _Stage.DONE and self._earlier is not None:
            self._go_by(self._earlier)
        if self._stage is not _Stage.DONE and self._ways:
            self._choose(f"The run ended before {self._names} could be tried.")
        self._trial = None
        self._stage = _Stage.DONE

    # ---- what was found earlier

    def _recall(self, data: DeviceData, indices: Indices) -> None:
        """Goes by what was measured in an earlier run of such a model, if that is still known."""
        way = self._ways[0]
        in_question = (way,) if self._taken is None else (way, self._taken)
        self._verdicts = Verdicts(self._loop, data, indices.shape[1], in_question)
        found = self._verdicts.recall()
        if found is None:
            return
        if found.is_faster:
            self._measured.earlier_step_s = found.plain_step_s
            self._prepare(data, indices)
        else:
            self._earlier = found  # until it is known how busy the machine is now

    def _go_by(self, found: Verdict) -> None:
        self._go_on(
            f"{self._ways[0].value} was tried in an earlier run of such a model and is not used: "
            f"a step took {duration_text(found.trial_step_s)} with it and "
            f"{duration_text(found.plain_step_s)} without."
        )

    def _remember(self, trial: Preparation, trial_step_s: float) -> None:
        """For later runs of such a model; what contradicts an earlier one is measured anew."""
        measured = self._measured
        if self._verdicts is None:
            return
        is_faster = measured.plain_step_s >= GAINS[trial.way] * trial_step_s
        if measured.is_settled:
            verdict = Verdict(is_faster, measured.plain_step_s, trial_step_s, 0, trial.programs)
            self._verdicts.remember(verdict)
        elif not is_faster:
            self._verdicts.forget()

    # ---- what is tried

    def _settle(self, data: DeviceData, indices: Indices, remaining: int) -> None:
        """The time of plain chunks is known: is there something to try, and time for it?"""
        measured, earlier = self._measured, self._earlier
        if earlier is not None and not earlier.was_busier(measured.plain_step_s):
            self._go_by(earlier)
            return
        assert self._begun is not None
        wall, processor = self._clock() - self._begun[0], time.process_time() - self._begun[1]
        measured.busy = processor / max(wall, 1e-9)
        spent = self._clock() - self._started
        if not self._ways:
            self._choose(self._plan.fixed)
        elif not measured.affords_trying(spent, remaining):
            self._choose(f"The rest of the run is too short for {self._names} to be tried.")
        elif _state_bytes(self._loop) > MAX_STATE_BYTES:
            self._choose(f"The model is too large for {self._names} to be tried beside it.")
        elif measured.may_prepare(spent, len(data) // indices.shape[1]):
            self._prepare(data, indices)

    def _prepare(self, data: DeviceData, indices: Indices) -> None:
        self._stage = _Stage.PREPARING
        self._earlier = None
        self._trial = Preparation(self._ways[0], self._loop, data, indices)
        self._trial.start()

    def _judge_preparation(self, trial: Preparation) -> None:
        measured = self._measured
        if trial.error is not None or trial.chunk is None:
            self._go_on(_unusable(trial.way, trial.error))
        elif measured.is_far_slower(trial.single_s):
            self._remember(trial, trial.single_s)
            self._go_on(
                f"{trial.way.value} was tried and is not used: a step takes "
                f"{duration_text(trial.single_s)} with it and "
                f"{duration_text(measured.plain_step_s)} without."
            )
        else:
            self._stage = _Stage.TRYING

    def _try(self, trial: Preparation, data: DeviceData, indices: Indices) -> None:
        """Runs the next steps on the twin; then, if that was often enough, chooses."""
        assert trial.chunk is not None
        measured = self._measured
        if measured.is_decided:
            self._decide(trial, trial.chunk)
            return
        rows = indices[: measured.trial_steps(len(indices), trial.single_s)]
        if not trial.chunk.fits(data.tensors, rows):
            return
        started = self._clock()
        try:
            trial.run(data, rows)
        except Exception as error:
            logger.exception("A chunk with %s failed.", trial.way.value)
            self._go_on(_unusable(trial.way, error))
            return
        seconds = self._clock() - started
        measured.trials.append(Timed(len(rows), seconds))
        measured.tried_s += seconds

    def _decide(self, trial: Preparation, chunk: TwinChunk) -> None:
        measured = self._measured
        steps = max(call.steps for call in measured.trials)
        times = (
            f"{steps:,} steps take {duration_text(steps * measured.trial_step_s)} with it "
            f"and {duration_text(steps * measured.plain_step_s)} without."
        )
        self._remember(trial, measured.trial_step_s)
        if measured.gain < GAINS[trial.way]:
            self._go_on(f"{trial.way.value} was tried and is not used: {times}")
            return
        self._take(trial.way, chunk)
        if trial.way is Way.XLA:
            self._go_on(f"They are compiled with XLA: {times} {not_kept()}".strip())
        else:
            self._go_on(f"Layers compute in bfloat16, weights have 32 bits: {times}")

    def _compile_now(self, data: DeviceData, indices: Indices) -> None:
        """Does what the spec demands before the first step."""
        trial = Preparation(Way.XLA, self._loop, data, indices)
        trial.prepare()
        if trial.error is not None or trial.chunk is None:
            self._choose(_unusable(trial.way, trial.error))
        else:
            self._take(trial.way, trial.chunk)
            self._choose(f"They are compiled with XLA, as was chosen. {not_kept()}".strip())

    def _take(self, way: Way, chunk: TwinChunk) -> None:
        if self._taken is not None:
            self._said = []  # of what is not in use any more
        self._taken = way
        chunk.adopt(self._loop.model)
        self._loop.use(chunk, self._give_back)

    def _give_back(self, error: Exception) -> None:
        """What was taken failed in its first call, and plain steps go on."""
        assert self._taken is not None
        way, self._taken = self._taken, None
        self._said = []
        self._choose(_unusable(way, error))

    def _go_on(self, said: str) -> None:
        """Of this way all is known: the next one is tried against what is in use by now."""
        self._said.append(said)
        self._measured.begin_another(is_taken=self._ways.pop(0) is self._taken)
        if not self._ways:
            self._choose()
            return
        self._measured.preparing = self._preparing
        self._stage = _Stage.WAITING
        self._trial = self._verdicts = self._earlier = None

    def _choose(self, why: str = "") -> None:
        """Nothing is tried any more.

        Args:
            why: What is to be said besides what was said of each way.
        """
        self._stage = _Stage.DONE
        self._trial = None
        speedup = self._speedup()
        many = "Many steps run in one call."
        if speedup >= CLEARLY:
            many = f"{_times(speedup)} as fast as step by step: many steps run in one call."
        elif speedup:
            many = "About as fast as step by step, since each step has much to do."
        logger.info("Measuring took %.2f s from training.", self.lost_s)
        said = " ".join(it for it in (many, *self._said, why) if it)
        self._announce(Choice(self._taken, said, speedup))

    def _speedup(self) -> float:
        measured = self._measured
        if not measured.plain or not measured.single_s:
            return 0.0
        return measured.single_s / measured.plain_step_s

    @property
    def _names(self) -> str:
        """Of what was not tried yet."""
        return " and ".join(way.value for way in self._ways)

    @property
    def _preparing(self) -> float:
        """Seconds of preparing the next way, for each of the first trace."""
        way = self._ways[0] if self._ways else Way.XLA
        is_long = way is Way.XLA and self._loop.is_mostly_recurrent
        return PREPARING_RECURRENT if is_long else PREPARING[way]


def _state_bytes(loop: StepLoop) -> int:
    return sum(4 * math.prod(variable.shape) for variable in state_of(loop.model))


def _unusable(way: Way, error: Exception | None) -> str:
    words = str(error or "").strip().splitlines()
    what = words[0][:200] if words else type(error).__name__
    return f"{way.value} cannot be used here, so plain steps go on and none is lost: {what}"


def _times(ratio: float) -> str:
    return f"{ratio:.0f} times" if ratio >= 10 else f"{ratio:.1f} times"
