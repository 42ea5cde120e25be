"""Stopwatch: seconds of training."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Stopwatch:
    """Seconds of training, pauses excluded.

    Args:
        seconds: Those of before, where a training goes on.
    """

    def __init__(self, seconds: float = 0.0) -> None:
        self._started = time.perf_counter() - seconds
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
