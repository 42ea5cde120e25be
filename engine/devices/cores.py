"""How many cores of the processor this process may use."""

from __future__ import annotations

import os


def usable_cores() -> int:
    """Returns how many there are: fewer than the machine has where the process is kept to some."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
