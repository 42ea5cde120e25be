"""Whether it was memory that ran out: told by an error, or by the system where it killed a worker.

Needs no TensorFlow: errors of TensorFlow are known by their names.
"""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import Final

RESIDENT_LIMIT: Final = 256 << 20
"""Prepared data up to this many bytes is held on the device; more is streamed.

The worker holds it up to three times while it is placed, and shall stay within 1.5 GB of its idle
size. Streaming costs a model with work to do nothing that can be measured.
"""

MEMORY_HINT: Final = "A smaller batch or model takes less; so does closing other programs."

_ERRORS: Final = ("ResourceExhaustedError",)
_VAGUE_ERRORS: Final = (
    "InternalError",
    "UnknownError",
    "XlaRuntimeError",
    "RuntimeError",
    "ImportError",
    "OSError",
)
_WORDS: Final = (
    "out of memory",
    "out_of_memory",
    "resource_exhausted",
    "failed to allocate",
    "failed to map segment",  # a library that finds no room to be loaded
    "cannot allocate memory",
    "can't start new thread",  # no room for its stack, or too many of them
)
_LAST_WORDS: Final = ("std::bad_alloc", "out of memory")
_PERIOD_S: Final = 1.0
_LITTLE: Final = 64 << 20
_LITTLE_SHARE: Final = 0.02

# Counters of processes that the kernel killed for memory: of the whole machine since Linux 4.13
# (https://docs.kernel.org/filesystems/proc.html), and of a container's group
# (https://docs.kernel.org/admin-guide/cgroup-v2.html, memory.events).
_KILLS: Final = (Path("/proc/vmstat"), Path("/sys/fs/cgroup/memory.events"))


def is_out_of_memory(error: BaseException | None) -> bool:
    """Says whether an error, or one that led to it, is for want of memory."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        name, text = type(error).__name__, str(error).lower()
        if isinstance(error, MemoryError) or name in _ERRORS:
            return True
        # CUDA's libraries and XLA tell it in words alone.
        if name in _VAGUE_ERRORS and any(word in text for word in _WORDS):
            return True
        error = error.__cause__ or error.__context__
    return False


def memory_text(error: BaseException) -> str:
    """What happened, in words, with what the error says of it."""
    lines = str(error).strip().splitlines()
    received = lines[0].strip() if lines else type(error).__name__
    return f"Memory ran out. Received: {received.rstrip('.')}."


class MemoryWitness:
    """Notes what the system says of memory while a worker lives, to judge its death by.

    Called in the parent's process, with every sign of the worker.
    """

    def __init__(self) -> None:
        self._kills = _kills()
        self._was_short = False
        self._next_at = 0.0

    def look(self) -> None:
        """Notes whether memory is short; at most once a second, and cheap."""
        now = time.monotonic()
        if now >= self._next_at:
            self._next_at = now + _PERIOD_S
            self._was_short = _is_short()

    def blames_memory(self, signal_name: str, log_tail: str) -> bool:
        """Says whether a worker that was ended by a signal died of memory.

        Args:
            signal_name: Such as ``SIGKILL``.
            log_tail: The last that it printed.
        """
        if signal_name == "SIGABRT":  # C++ found no memory: the process ends itself
            return any(word in log_tail.lower() for word in _LAST_WORDS)
        if signal_name != "SIGKILL":
            return False
        after = _kills()
        if after:
            return any(after[name] > self._kills.get(name, 0) for name in after)
        return self._was_short


def _kills() -> dict[str, int]:
    """Processes that were killed for memory so far, by counter; empty where nobody counts."""
    counts: dict[str, int] = {}
    for path in _KILLS:
        with contextlib.suppress(OSError, ValueError):
            for line in path.read_text("ascii").splitlines():
                name, _, value = line.partition(" ")
                if name == "oom_kill":
                    counts[str(path)] = int(value)
    return counts


def _is_short() -> bool:
    import psutil

    memory = psutil.virtual_memory()
    return bool(memory.available < max(_LITTLE, _LITTLE_SHARE * memory.total))
