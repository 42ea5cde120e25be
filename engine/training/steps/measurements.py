"""Measuring: the times of chunks, and what they say of trying another way and using it. Pure."""

from __future__ import annotations

import statistics
import sys
from dataclasses import dataclass, field
from typing import NamedTuple

from engine.training.plan import Way

SHARE = 0.05
"""Of the expected time of a run, what measuring may take."""
MOST_S = 3.0
"""Seconds that measuring may take, however long a run is."""
GAINS = {Way.XLA: 1.15, Way.BFLOAT16: 1.2}
"""A way is used from this many times as fast on. Less is noise, and its rounding is another."""
FAR_SLOWER = 5.0
"""A step this many times as slow as one now is not measured any further."""
TRIALS = 3
TRIAL_S = 0.030

_SETTLED_S = 0.1
PREPARING = {Way.XLA: 3.0, Way.BFLOAT16: 1.5}
"""Seconds of tracing again and compiling, for each that the first trace took: with XLA 0.8 to 1.7
for a linear model, 2.1 to 2.4 for attention. Without it there is nothing to compile."""
PREPARING_RECURRENT = 7.0
"""The same for a graph of recurrent layers, whose first trace is short: 5.8 to 8.8 for an LSTM."""
_TURN_S = 0.1
"""What a call of a single step may take over and above the step itself: it is timed beside the
training, in a thread of low priority, which waits for its turn."""
_WAITING = 0.05
"""Of that time, what training waits for Python and for memory, though a processor is idle."""
NICE = 10
"""Of the thread that compiles, where a thread can have a priority of its own."""
CLAIM = 0.1 if sys.platform == "linux" else 0.5
"""Of a processor that training could use, what that thread gets: on Linux, which weighs
`NICE` as 110 and the rest as 1024, 110 / (110 + 1024)."""
_RECENT = 5
_NEAR_THE_END = 2.0  # times as long as preparing takes, for it to be worth it


class Timed(NamedTuple):
    """One call: so many steps took so many seconds."""

    steps: int
    seconds: float

    @property
    def step_s(self) -> float:
        return self.seconds / self.steps


@dataclass
class Measurements:
    """What was measured in a run.

    Attributes:
        cores: Processors that the run may use.
        preparing: Seconds that tracing again and compiling take, for each that the first trace
            took.
        traced_s: Seconds of the first call, which traces the graph besides its steps.
        plain: Each later call of the graph that is in use.
        trials: Each call of the one that is tried.
        busy: Processors in use while plain chunks ran, on average.
        slowed_s: Seconds that training took longer than usual while one was prepared beside it.
        tried_s: Seconds of steps that were tried, and not trained with.
        earlier_step_s: Seconds of a plain step in an earlier run; counts until those are settled.
        single_call_s: Seconds of a step that was a call of its own, before another way was taken.
    """

    cores: int
    preparing: float = PREPARING[Way.XLA]
    traced_s: float = 0.0
    plain: list[Timed] = field(default_factory=list)
    trials: list[Timed] = field(default_factory=list)
    busy: float = 1.0
    slowed_s: float = 0.0
    tried_s: float = 0.0
    earlier_step_s: float = 0.0
    single_call_s: float = 0.0

    def begin_another(self, is_taken: bool) -> None:
        """Measures another way next; after one was taken, against that."""
        if is_taken:
            self.single_call_s = self.single_s
            self.plain = self.trials
        self.trials = []
        self.earlier_step_s = 0.0

    @property
    def lost_s(self) -> float:
        """Seconds that measuring took from training so far."""
        return max(0.0, self.slowed_s) + self.tried_s

    @property
    def plain_step_s(self) -> float:
        """Seconds of a step in chunks as long as they are now."""
        if self.earlier_step_s and not self.is_settled:
            return self.earlier_step_s
        longest = max(call.steps for call in self.plain)
        recent = [call.step_s for call in self.plain if 2 * call.steps >= longest]
        return statistics.median(recent[-_RECENT:])

    @property
    def trial_step_s(self) -> float:
        """Seconds of a step that was tried, in chunks as long as they were tried."""
        longest = max(call.steps for call in self.trials)
        return statistics.median(call.step_s for call in self.trials if 2 * call.steps >= longest)

    @property
    def single_s(self) -> float:
        """Seconds of a step that is a call of its own; 0 where none was one."""
        if self.single_call_s:
            return self.single_call_s
        singles = [call.seconds for call in self.plain if call.steps == 1]
        return statistics.median(singles) if singles else 0.0

    @property
    def is_settled(self) -> bool:
        """Chunks have grown to their length, so that their time can be relied upon."""
        if len(self.plain) < TRIALS or sum(call.seconds for call in self.plain) < _SETTLED_S:
            return False
        last = self.plain[-TRIALS:]
        return 2 * last[0].steps >= last[-1].steps

    def budget_s(self, spent_s: float, remaining: int) -> float:
        """Seconds that measuring may take.

        Args:
            spent_s: Seconds the run took so far.
            remaining: Its steps still to come.
        """
        return min(MOST_S, SHARE * (spent_s + remaining * self.plain_step_s))

    @property
    def preparing_s(self) -> float:
        """Seconds that tracing and compiling beside the training will take, by experience."""
        return self.preparing * max(0.0, self.traced_s)

    @property
    def preparing_costs_s(self) -> float:
        """What of them the training will lose: less where a processor is idle."""
        claimed = 0.0 if self._idle == 1.0 else CLAIM / (self._idle + CLAIM)
        return self.preparing_s * max(_WAITING, claimed / max(1.0, self.busy))

    @property
    def _idle(self) -> float:
        """Of a processor, what training leaves to the thread that prepares."""
        return min(1.0, max(0.0, self.cores - self.busy))

    def affords_trying(self, spent_s: float, remaining: int) -> bool:
        """Whether another way can be tried within the budget, and before the run ends."""
        cost = self.preparing_costs_s + TRIALS * min(TRIAL_S, 2 * self.plain_step_s)
        takes_s = self.preparing_s / min(1.0, self._idle + CLAIM)
        in_time = remaining * self.plain_step_s >= _NEAR_THE_END * takes_s
        return in_time and cost <= self.budget_s(spent_s, remaining)

    def may_prepare(self, spent_s: float, steps_per_epoch: int) -> bool:
        """Whether it is time to prepare one: not in a first epoch that would be much longer then.

        Args:
            spent_s: Seconds the run took so far.
            steps_per_epoch: In an epoch, or in what of it is known.
        """
        is_first = 1 + sum(call.steps for call in self.plain) < steps_per_epoch
        return not is_first or self.preparing_costs_s <= SHARE * spent_s

    def is_far_slower(self, single_s: float) -> bool:
        """Whether a step that took so long as a single call can be dismissed."""
        return single_s - _TURN_S > FAR_SLOWER * self.plain_step_s

    def trial_steps(self, steps: int, single_s: float) -> int:
        """How many of the next steps to try, so that a trial takes no longer than a chunk.

        Args:
            steps: As many as there are.
            single_s: Seconds of a single step of it.
        """
        guess = single_s if not self.trials else self.trials[-1].step_s
        return max(1, min(steps, int(TRIAL_S / max(guess, 1e-9))))

    @property
    def is_decided(self) -> bool:
        """It was tried often enough."""
        if not self.trials:
            return False
        longest = max(call.steps for call in self.trials)
        return sum(2 * call.steps >= longest for call in self.trials) >= TRIALS

    @property
    def gain(self) -> float:
        """How many times as fast as those now the steps that were tried are."""
        return self.plain_step_s / self.trial_step_s
