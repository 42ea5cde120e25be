"""Making a chunk that is to be tried beside the training, from what was kept if it is compiled.

For workers only.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import threading
import time

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from engine.devices.compiled_programs import compiled_programs
from engine.training.plan import MAX_CHUNK_STEPS, Way
from engine.training.steps.loop import DeviceData, StepLoop
from engine.training.steps.measurements import NICE
from engine.training.steps.twin_chunk import TwinChunk

logger = logging.getLogger(__name__)

Indices = npt.NDArray[np.int32]

SWITCH_S = 0.0002
"""How long training waits, at most, for Python while the other thread traces. With Python's own
5 ms a linear model trained at half its speed meanwhile, with this at three quarters."""

_MAX_NUMBERS = 1 << 19  # of indices in one call


class Preparation:
    """A chunk being made; in a thread of its own, once that is started.

    Args:
        way: In which it computes.
        loop: Trains the model.
        data: Examples of exactly the shapes the chunk will see.
        indices: Rows of them, (steps, batch_size).

    Attributes:
        chunk: Once it is there.
        error: Why there is none.
        single_s: Seconds of a single step of it.
        programs: Names of what was compiled for it, and kept; empty: it was there before.
    """

    def __init__(self, way: Way, loop: StepLoop, data: DeviceData, indices: Indices) -> None:
        self.way = way
        self.chunk: TwinChunk | None = None
        self.error: Exception | None = None
        self.single_s = 0.0
        self.programs: tuple[str, ...] = ()
        self._loop = loop
        self._data = data
        self._rows = indices[:1].copy()
        # A daemon, for a compilation cannot be cancelled and must not hold up the process's end.
        self._thread = threading.Thread(target=self._prepare_beside, name="twin", daemon=True)
        self._is_given_up = False

    def start(self) -> None:
        """Begins beside the training."""
        self._thread.start()

    @property
    def is_over(self) -> bool:
        """It was started and has ended, in one way or the other."""
        return not self._thread.is_alive()

    def give_up(self, wait_s: float) -> None:
        """Has the thread end as soon as it can, and waits for that a little."""
        self._is_given_up = True
        if self._thread.is_alive():
            self._thread.join(wait_s)

    def _prepare_beside(self) -> None:
        if sys.platform == "linux":  # where a thread, and those it starts, have a priority each
            with contextlib.suppress(OSError):  # it may be low already, or not to be changed
                os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
        self.prepare()

    def prepare(self) -> None:
        """Traces and compiles, and times a step."""
        interval_s = sys.getswitchinterval()
        sys.setswitchinterval(SWITCH_S)
        try:
            with tf.device(f"/{self._loop.device}"):
                self._prepare()
        except Exception as error:
            logger.info("There is no chunk with %s.", self.way.value, exc_info=True)
            self.error = error
        finally:
            sys.setswitchinterval(interval_s)

    def _prepare(self) -> None:
        if self.way is not Way.XLA:
            self._make()
            return
        programs = compiled_programs()
        before = programs.check()
        try:
            self._make()
        except Exception as error:
            if not before or not _is_of_reading(error):
                raise
            # What was kept cannot be used: it is compiled as the first time.
            logger.info("Compiled programs that were kept are forgotten.", exc_info=True)
            programs.forget()
            before = frozenset()
            self._make()
        self.programs = programs.note(before)

    def _make(self) -> None:
        batch_size = self._rows.shape[1]
        steps = min(
            len(self._data) // batch_size, MAX_CHUNK_STEPS, max(1, _MAX_NUMBERS // batch_size)
        )
        chunk = self._loop.twin_chunk(self.way, self._data, batch_size, steps)
        times: list[float] = []
        for _ in range(4):  # compiled, or rewritten, by the first
            if self._is_given_up:
                return
            started = time.perf_counter()
            _wait(chunk.run(self._data.tensors, self._rows, 0, self._rates(1)))
            times.append(time.perf_counter() - started)
        self.single_s = min(times[1:])
        self.chunk = chunk

    def run(self, data: DeviceData, rows: Indices) -> None:
        """Tries steps on the twin."""
        assert self.chunk is not None
        _wait(self.chunk.run(data.tensors, rows, 0, self._rates(len(rows))))

    def _rates(self, n_steps: int) -> npt.NDArray[np.float32]:
        return np.full(n_steps, self._loop.rate, np.float32)


def _wait(noted: tuple[tf.Tensor | None, ...]) -> None:
    for values in noted:
        if values is not None:
            values.numpy()


def _is_of_reading(error: Exception) -> bool:
    """A program that was kept cannot be read; any other failure says nothing against those kept."""
    kinds = (tf.errors.DataLossError, tf.errors.OutOfRangeError)
    words = ("Serialized cache key", "CpuAotCompilationResult")
    return isinstance(error, kinds) or any(word in str(error) for word in words)
