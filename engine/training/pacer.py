"""Pacer: feeds a part of the data chunk by chunk, and learns from each how long the next shall be.

Imported by workers only.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt

from engine.training.plan import ChunkLength
from engine.training.steps.feed import Chunk, Feed


class Pacer:
    """Feeds parts of the data chunk by chunk.

    Args:
        chunk: How long the chunks are; told what each took.

    Attributes:
        chunk: As given.
        took_s: Seconds that the last chunk took.
    """

    def __init__(self, chunk: ChunkLength) -> None:
        self.chunk = chunk
        self.took_s = 0.0

    @property
    def step_s(self) -> float:
        """Seconds that a step of the last chunk took, about."""
        return self.took_s / max(1, self.chunk.steps)

    def feed(
        self,
        part: Feed,
        order: npt.NDArray[np.int32],
        ask: Callable[[], None],
    ) -> Iterator[Chunk]:
        """Feeds a part in this order, chunk by chunk; see `Feed.chunks`.

        Args:
            part: What is fed.
            order: Rows of it, (n,).
            ask: Called before each chunk; may wait there, or raise to end it.
        """
        with contextlib.closing(part.chunks(order, self.chunk)) as chunks:
            while True:
                ask()
                found = next(chunks, None)
                if found is None:
                    return
                yield found

    @contextmanager
    def timed(self, indices: npt.NDArray[np.int32]) -> Iterator[None]:
        """A context in which a chunk is worked on, (steps, batch_size)."""
        started = time.perf_counter()
        yield
        self.took_s = time.perf_counter() - started
        # The smaller rest says nothing of a whole batch.
        if indices.shape[1] == self.chunk.batch_size:
            self.chunk.observe(len(indices), self.took_s)
