"""Budget: what looking at a training may take of its time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Budget:
    """Earns a share of the time a training takes, and is spent by looking at it.

    Nothing is spent that was not earned before, unless so much training is still to come that it
    will be; so the share holds for short trainings too.

    Args:
        share: Of the training time that may be spent.
        clock: Seconds, always rising.
    """

    def __init__(self, share: float, clock: Callable[[], float] = time.perf_counter) -> None:
        self._share = share
        self._clock = clock
        self._trained_s = 0.0
        self._spent_s = 0.0
        self._seen_at: float | None = None

    @property
    def trained_s(self) -> float:
        """Seconds of training seen so far, without what was spent."""
        return self._trained_s

    @property
    def spent_s(self) -> float:
        """Seconds spent so far."""
        return self._spent_s

    def train(self) -> None:
        """To be called when training has gone on up to now."""
        now = self._clock()
        if self._seen_at is not None:
            self._trained_s += now - self._seen_at
        self._seen_at = now

    def wait(self) -> None:
        """To be called when what comes until now was no training."""
        self._seen_at = self._clock()

    def affords(self, seconds: float, coming_s: float = 0.0) -> bool:
        """Says whether so much can be spent.

        Args:
            seconds: What it costs.
            coming_s: Seconds of training that are expected still.
        """
        return self._spent_s + seconds <= self._share * (self._trained_s + coming_s)

    def charge(self, seconds: float) -> None:
        """Counts what was spent elsewhere, in another thread."""
        self._spent_s += seconds

    @contextmanager
    def spending(self) -> Iterator[None]:
        """A context whose time is spent, and is no training."""
        started = self._clock()
        try:
            yield
        finally:
            self._spent_s += self._clock() - started
            self.wait()
