"""StepProbing: a single step of a chunk, done alone, with a look at what is before and after it.

Imported by workers only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from engine.training.steps.chunk import FloatArray, Values

Run = Callable[[npt.NDArray[np.int32], int, FloatArray], Values]
"""Runs the rows of indices, (steps, batch_size), from a step on, with their learning rates."""


class StepProbe(Protocol):
    """Looks at one step."""

    def place(self, n_steps: int, batch_size: int) -> int:
        """Which of the next steps it wants to see; below 0 for none of them."""

    def around(self, run: Callable[[], Values], batch: tuple[tf.Tensor, ...], step: int) -> Values:
        """Lets the step be done by calling `run`, and returns what that returns.

        Args:
            run: Does the step.
            batch: What it takes, before augmentation: x, y, and weights if there are any.
            step: Steps done before it.
        """


class StepProbing:
    """Cuts a chunk where one of its steps is watched; the arithmetic stays the same, bit by bit."""

    def __init__(self) -> None:
        self._probe: StepProbe | None = None
        self.step = 0

    def ask(self, probe: StepProbe | None) -> None:
        """Lets one of the next steps be watched, once; None: no more."""
        self._probe = probe

    def run(
        self,
        steps: Run,
        data: tuple[tf.Tensor, ...],
        indices: npt.NDArray[np.int32],
        first_step: int,
        rates: FloatArray,
    ) -> Values:
        """Runs a chunk.

        Args:
            steps: Runs a part of it.
            data: x, y, and weights if there are any.
            indices: (steps, batch_size), rows of `data`.
            first_step: Steps done before it.
            rates: The learning rate of each step, (steps,).
        """
        self.step = first_step + len(indices)
        probe = self._probe
        place = -1 if probe is None else probe.place(*indices.shape)
        if probe is None or not 0 <= place < len(indices):
            return steps(indices, first_step, rates)
        self._probe = None
        parts: list[Values] = []
        if place:
            parts.append(steps(indices[:place], first_step, rates[:place]))
        here, after = slice(place, place + 1), place + 1
        batch: Any = tuple(tf.gather(values, indices[place]) for values in data)
        number = first_step + place
        parts.append(probe.around(lambda: steps(indices[here], number, rates[here]), batch, number))
        if after < len(indices):
            parts.append(steps(indices[after:], first_step + after, rates[after:]))
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
