"""Watch: hands on how far the reading of data is, and ends it where someone asked to stop."""

from __future__ import annotations

import time
from collections.abc import Callable

from engine.errors import Cancelled
from engine.events.messages import DataProgress

INTERVAL_S = 0.1


class Watch:
    """A `Progress` that tells at most ten times a second.

    Args:
        emit: Told how far it is.
        is_cancelled: Says whether to stop.
    """

    def __init__(
        self, emit: Callable[[DataProgress], None], is_cancelled: Callable[[], bool]
    ) -> None:
        self._emit = emit
        self._is_cancelled = is_cancelled
        # What is over sooner need not be told.
        self._next_at = time.perf_counter() + INTERVAL_S

    def __call__(self, what: str, done: int, total: int) -> None:
        """Tells how far it is.

        Raises:
            Cancelled: Someone asked to stop.
        """
        if self._is_cancelled():
            raise Cancelled
        now = time.perf_counter()
        if now >= self._next_at:
            self._next_at = now + INTERVAL_S
            self._emit(DataProgress(what, done, total))
