"""How the steps are executed: what a plan says, and how long a chunk of steps is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from engine.devices.out_of_memory import RESIDENT_LIMIT
from engine.spec.training_spec import ExecutionSpec

TARGET_CHUNK_S = 0.030
MAX_CHUNK_STEPS = 10_000
SINGLE_CALLS = 4
"""The first calls are of a single step, which tells what a run step by step would take."""
SINGLE_S = 0.005  # unless a step takes longer: chunks hardly grow then


RESIDENT_SHARE = 0.25
"""Of the memory that is free, what the data held on the device may take at most."""


class Way(Enum):
    """Another graph of the same steps, whose results differ from the plain one's by rounding."""

    BFLOAT16 = "bfloat16"
    """Layers compute in 16 bits, which some processors multiply faster; weights have 32."""
    XLA = "XLA"
    """The steps are compiled into one program."""


@dataclass(frozen=True)
class Plan:
    """How the steps of a run are executed, as far as it is known before the first.

    Attributes:
        resident: The data is held on the device, batches are gathered by index.
        xla: Chunks are compiled with XLA from the first on.
        tries_xla: XLA is tried while training, and used if it is faster.
        tries_bfloat16: So are layers that compute in bfloat16.
        fused: Layers are computed in fewer, larger products, where that can be. With neither this
            nor XLA every weight is bit-identical to that of Keras's `fit`.
        chunk: Steps in one call; None: as many as take `TARGET_CHUNK_S`.
        fixed: Why nothing is tried, in words, where that was not the spec's own wish.
    """

    resident: bool = True
    xla: bool = False
    tries_xla: bool = False
    tries_bfloat16: bool = False
    fused: bool = False
    chunk: int | None = None
    fixed: str = ""

    @classmethod
    def of(
        cls,
        n_bytes: int,
        execution: ExecutionSpec | None = None,
        free_bytes: int | None = None,
        replicas: int = 1,
        may_shorten: bool = False,
    ) -> Plan:
        """The plan for a run.

        Args:
            n_bytes: Bytes of prepared training and validation data.
            execution: What the spec fixes.
            free_bytes: Memory that can be had; None: not known.
            replicas: Devices, or workers, that share each batch.
            may_shorten: Layers may compute in bfloat16 where that is faster.
        """
        wanted = ExecutionSpec() if execution is None else execution
        fits = free_bytes is None or n_bytes <= RESIDENT_SHARE * free_bytes
        fixed = ""
        if replicas > 1:
            fixed = "XLA is off, for one program cannot run on several devices."
        elif wanted.reproducible:
            fixed = "XLA is off and nothing is decided by timing, so that the run can be repeated."
        elif wanted.xla == "off":
            fixed = "XLA is off."
        return cls(
            resident=n_bytes <= RESIDENT_LIMIT and fits
            if wanted.data == "auto"
            else wanted.data == "resident",
            xla=not fixed and wanted.xla == "on",
            tries_xla=not fixed and wanted.xla == "auto",
            tries_bfloat16=may_shorten
            and replicas == 1
            and not wanted.reproducible
            and wanted.layers != "keras"
            and wanted.xla != "on",
            fused=wanted.layers != "keras",
            chunk=wanted.chunk,
            fixed=fixed,
        )

    @property
    def tried(self) -> tuple[Way, ...]:
        """The ways that are tried while training, in their order."""
        tries = {Way.BFLOAT16: self.tries_bfloat16, Way.XLA: self.tries_xla}
        return tuple(way for way, is_tried in tries.items() if is_tried)

    @property
    def where(self) -> str:
        """Where the data is, in words."""
        if self.resident:
            return "The data is held in memory."
        return "The data is streamed, so that memory stays flat."

    @property
    def reason(self) -> str:
        """The choice in words."""
        if self.xla:
            how = "They are compiled with XLA, as was chosen."
        elif self.tried:
            names = " or ".join(way.value for way in self.tried)
            how = f"Whether {names} makes them faster is measured while training."
        else:
            how = self.fixed or "XLA is off."
        return f"Many steps run in one call. {how} {self.where}"

    def chunk_length(self, batch_size: int) -> ChunkLength:
        """How long chunks are."""
        return ChunkLength(batch_size, fixed=self.chunk)


class ChunkLength:
    """Adapts the number of steps in a chunk so that one chunk lasts about `target_s`.

    Short enough for the curves to move and for Stop to answer at once, long enough for the time
    between chunks not to matter.

    Args:
        batch_size: Examples in each of its steps.
        target_s: Wanted seconds for one chunk.
        fixed: As many steps in each chunk, however long they take.
    """

    def __init__(
        self, batch_size: int, target_s: float = TARGET_CHUNK_S, fixed: int | None = None
    ) -> None:
        self.batch_size = batch_size
        self._target_s = target_s
        self._fixed = fixed
        self._steps = fixed or 1
        self._calls = 0

    @property
    def steps(self) -> int:
        """Steps to run in the next chunk."""
        return self._steps

    def observe(self, steps: int, seconds: float) -> None:
        """Learns from a chunk that was run."""
        self._calls += 1
        if self._fixed or self._calls == 1:
            return  # the first call traces the graph; its time says nothing about a step
        if self._calls <= SINGLE_CALLS and seconds < SINGLE_S:
            return
        wanted = round(self._target_s * steps / max(seconds, 1e-6))
        # At most doubling, so that one lucky measurement cannot make a chunk of many seconds.
        self._steps = max(1, min(wanted, 2 * max(steps, self._steps), MAX_CHUNK_STEPS))
