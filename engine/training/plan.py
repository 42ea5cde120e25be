"""How the steps are executed: what a plan says, and how long a chunk of steps is."""

from __future__ import annotations

from dataclasses import dataclass

TARGET_CHUNK_S = 0.030
MAX_CHUNK_STEPS = 10_000


RESIDENT_LIMIT = 256 << 20
"""Prepared data up to this many bytes is held on the device; more is streamed.

The worker holds it up to three times while it is placed, and shall stay within 1.5 GB of its idle
size. Streaming costs a model with work to do nothing that can be measured.
"""


@dataclass(frozen=True)
class Plan:
    """How the steps of a run are executed.

    Attributes:
        resident: The data is held on the device, batches are gathered by index.
        xla: Chunks are compiled with XLA. Off: bit-identical to Keras's `fit`.
    """

    resident: bool = True
    xla: bool = False

    @classmethod
    def of(cls, n_bytes: int) -> Plan:
        """The plan for this many bytes of prepared training and validation data."""
        return cls(resident=n_bytes <= RESIDENT_LIMIT)

    @property
    def reason(self) -> str:
        """The choice in words."""
        where = (
            "The data is held in memory"
            if self.resident
            else "The data is streamed, so that memory stays flat,"
        )
        return (
            f"{where} and many steps run in one call; "
            "XLA is off, so every weight equals that of Keras's own fit."
        )


class ChunkLength:
    """Adapts the number of steps in a chunk so that one chunk lasts about `target_s`.

    Short enough for the curves to move and for Stop to answer at once, long enough for the time
    between chunks not to matter.

    Args:
        batch_size: Examples in each of its steps.
        target_s: Wanted seconds for one chunk.
    """

    def __init__(self, batch_size: int, target_s: float = TARGET_CHUNK_S) -> None:
        self.batch_size = batch_size
        self._target_s = target_s
        self._steps = 1
        self._calls = 0

    @property
    def steps(self) -> int:
        """Steps to run in the next chunk."""
        return self._steps

    def observe(self, steps: int, seconds: float) -> None:
        """Learns from a chunk that was run."""
        self._calls += 1
        if self._calls == 1:
            return  # the first call traces the graph; its time says nothing about a step
        wanted = int(self._target_s * steps / max(seconds, 1e-6))
        # At most doubling, so that one lucky measurement cannot make a chunk of many seconds.
        self._steps = max(1, min(wanted, 2 * max(steps, self._steps), MAX_CHUNK_STEPS))
