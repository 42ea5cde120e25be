"""How often what follows a training is drawn: as often as the window's share of a core allows.

A training uses every core, and its threads wait for the one that had to make room: what the window
uses of a core, the training loses of all of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

SHARE: Final = 0.03
"""Of a core, what the window may use while it follows."""
SHORTEST_MS: Final = 250
LONGEST_MS: Final = 1_000
_LOOK_S: Final = 2.0
_FORGOTTEN_S: Final = 10.0


class Pace:
    """The time between two redraws, from what the window used of a processor lately.

    Args:
        clock: Seconds, always rising.
        used: Seconds of processor time that the process has used.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        used: Callable[[], float] = time.process_time,
    ) -> None:
        self._clock, self._used = clock, used
        self._interval_ms = float(SHORTEST_MS)
        self._looked = clock(), used()

    @property
    def interval_ms(self) -> int:
        """Between two redraws from now on; to be asked at each."""
        seconds = self._clock() - self._looked[0]
        if seconds >= _LOOK_S:
            share = (self._used() - self._looked[1]) / seconds
            if seconds < _FORGOTTEN_S:  # else nothing was followed for a while
                self._interval_ms *= min(2.0, max(0.5, share / SHARE))
                self._interval_ms = min(LONGEST_MS, max(SHORTEST_MS, self._interval_ms))
            self._looked = self._clock(), self._used()
        return round(self._interval_ms)


FOLLOWING: Final = Pace()
"""That of the window."""
