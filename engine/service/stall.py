"""StallWatch: notices that a worker gives no sign of progress any more.

Used by a session, in the parent's process: a worker that is wholly stuck could not tell itself.
"""

from __future__ import annotations

import statistics
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from engine.events.messages import Event
from engine.events.run_events import (
    PlaceFound,
    PlaceLost,
    RunEvent,
    RunState,
    StateChanged,
    StepsDone,
)

CEILING_S = 60.0
FLOOR_S = 10.0
TIMES_USUAL = 20.0
POLL_S = 1.0
"""How often a session that hears nothing looks at the clock."""

_KNOWN = 5  # signs that must have come before their usual interval means anything
_REMEMBERED = 100


@dataclass(frozen=True)
class Silence:
    """For how long nothing came, and how long it usually takes, in seconds; 0: not known."""

    silent_s: float
    usual_s: float


class StallWatch:
    """Keeps the times of a run's signs and decides when there were none for too long.

    Every event of a run is a sign. While steps are trained, silence is too long after 20 times
    the usual interval between signs, but never before 10 s and never later than after 60 s: a
    chunk of steps lasts 30 ms as a rule, and 20 times that is what a busy disk, a garbage
    collection or another program can take at any time. Before the first steps and after the last
    ones, where a large model may be built, compiled or saved in one go, it is 60 s. A pause is no
    silence. A silence that ended by itself was none to worry about: only one twice as long is
    told again.

    Time in which the machine slept, or this process was held, does not count.

    Args:
        clock: Seconds that only rise.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._state = RunState.PREPARING
        self._intervals: deque[float] = deque(maxlen=_REMEMBERED)
        self._last_sign = self._last_look = clock()
        self._forgiven_s = 0.0
        self._is_notified = False

    @property
    def usual_s(self) -> float:
        """The median interval between the last signs of training; 0: not known."""
        known = len(self._intervals) >= _KNOWN
        return statistics.median(self._intervals) if known else 0.0

    @property
    def limit_s(self) -> float:
        """How long a silence may last."""
        limit = CEILING_S
        if self._state is RunState.RUNNING and self.usual_s:
            limit = max(FLOOR_S, min(CEILING_S, TIMES_USUAL * self.usual_s))
        return max(limit, 2 * self._forgiven_s)

    def heard(self, event: Event) -> None:
        """Takes a sign."""
        now = self._clock()
        silent_s = now - self._last_sign
        if self._is_notified:
            self._is_notified = False
            self._forgiven_s = max(self._forgiven_s, silent_s)
        elif self._state is RunState.RUNNING and isinstance(event, RunEvent):
            self._intervals.append(silent_s)
        self._last_sign = self._last_look = now
        if isinstance(event, StateChanged):
            self._state = event.state
        elif isinstance(event, StepsDone):
            self._state = RunState.RUNNING
        elif isinstance(event, PlaceLost):
            self._state = RunState.PAUSED  # it waits for people
        elif isinstance(event, PlaceFound):
            self._state = RunState.PREPARING  # or training, or saving: what comes next says so

    def look(self) -> Silence | None:
        """Asked about every `POLL_S` while nothing comes.

        Returns:
            The silence, once, where it has lasted too long.
        """
        now = self._clock()
        slept_s = now - self._last_look - 5 * POLL_S
        if slept_s > 0:
            self._last_sign += slept_s
        self._last_look = now
        silent_s = now - self._last_sign
        if self._is_notified or self._state is RunState.PAUSED or silent_s < self.limit_s:
            return None
        self._is_notified = True
        return Silence(silent_s, self.usual_s)
