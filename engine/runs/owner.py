"""Owner: the process a run belongs to, so that a run whose process died can be told."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Self

import psutil

# Start times are derived from the wall clock, which the machine may correct in between.
_CLOCK_TOLERANCE_S = 5.0


@dataclass(frozen=True)
class Owner:
    """A process, told apart from a later one with the same number by its start time.

    Attributes:
        pid: Its number.
        started_s: When it started, in seconds since 1970.
    """

    pid: int
    started_s: float

    @classmethod
    def this_process(cls) -> Self:
        return cls(os.getpid(), psutil.Process().create_time())

    @property
    def is_alive(self) -> bool:
        """It runs. A process that has ended and waits to be collected does not count."""
        try:
            process = psutil.Process(self.pid)
            with process.oneshot():
                if process.status() in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD):
                    return False
                return abs(process.create_time() - self.started_s) <= _CLOCK_TOLERANCE_S
        except psutil.NoSuchProcess:
            return False
        except psutil.AccessDenied:
            return True
