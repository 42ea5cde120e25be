"""The learning rate of each step: a schedule, and what plateaus and people make of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.spec.training_spec import ScheduleSpec

FloatArray = npt.NDArray[np.float32]
_Wide = npt.NDArray[np.float64]


class LearningRate:
    """The learning rate at every step of a run.

    The formulas are those of `keras.optimizers.schedules`: ``CosineDecay`` with its warm-up,
    ``ExponentialDecay``, and its staircase for steps. Warm-up rises from 0 at the first step; a
    cosine and an exponential schedule share out what is left of the training after it, while steps
    are counted in epochs from the beginning, as Goyal et al. 2017
    (https://arxiv.org/abs/1706.02677) count them.

    Args:
        base: The learning rate that the schedule begins with, above 0.
        schedule: How it changes.
        steps_per_epoch: Steps in one epoch.
        epochs: Epochs of the whole training.
    """

    def __init__(
        self, base: float, schedule: ScheduleSpec, steps_per_epoch: int, epochs: int
    ) -> None:
        self._base = base
        self._schedule = schedule
        self._steps_per_epoch = steps_per_epoch
        self._epochs = epochs
        self._changed: tuple[float, int] | None = None
        self._share = 1.0
        self._reduction = 1.0
        self._minimum = 0.0

    @property
    def steps_per_epoch(self) -> int:
        """Steps in one epoch."""
        return self._steps_per_epoch

    def rates(self, first_step: int, n_steps: int) -> FloatArray:
        """Returns the learning rate of each step.

        Args:
            first_step: Steps done in the whole run before.
            n_steps: How many.

        Returns:
            float32 (n_steps,).
        """
        steps = np.arange(first_step, first_step + n_steps, dtype=np.float64)
        wanted = self._unreduced(steps) * self._share
        reduced = np.maximum(wanted * self._reduction, self._minimum)
        return np.where(wanted <= self._minimum, wanted, reduced).astype(np.float32)

    def at(self, step: int) -> float:
        """Returns the learning rate of one step, counted from 0 over the whole run."""
        return float(self.rates(step, 1)[0])

    def multiply(self, factor: float, minimum: float = 0.0) -> None:
        """Makes the learning rate smaller from here on, as `ReduceLROnPlateau` does.

        Args:
            factor: What every rate to come is multiplied by.
            minimum: No rate is reduced below this. What the schedule itself makes smaller stays.
        """
        self._reduction *= factor
        self._minimum = minimum

    def change(self, rate: float, step: int) -> None:
        """Goes on with another learning rate, from which the schedule goes on in its own shape.

        A warm-up under way is over then, and earlier reductions no longer count.

        Args:
            rate: What `at(step)` becomes, above 0.
            step: Steps done in the whole run before.
        """
        self._changed = (rate, step)
        self._begin_anew(1.0)

    def thaw(self, share: float) -> None:
        """Goes on with a share of what the schedule says, in its own shape, as more layers learn.

        What plateaus of the few layers took no longer counts.

        Args:
            share: Of every rate to come, above 0.
        """
        self._begin_anew(share)

    def _begin_anew(self, share: float) -> None:
        self._share, self._reduction, self._minimum = share, 1.0, 0.0

    def extend(self, epochs: int) -> None:
        """Shapes the schedule for another number of epochs: the rest is what it then would be."""
        self._epochs = epochs

    def state(self) -> dict[str, Any]:
        """Returns everything that decides the rates to come, as JSON values."""
        return {
            "base": self._base,
            "steps_per_epoch": self._steps_per_epoch,
            "epochs": self._epochs,
            "changed": list(self._changed) if self._changed else None,
            "share": self._share,
            "reduction": self._reduction,
            "minimum": self._minimum,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Goes on from what `state` returned, where steps may hold other batches by now."""
        self._base = float(state["base"])
        self._epochs = int(state["epochs"])
        changed = state["changed"]
        scale = self._steps_per_epoch / int(state["steps_per_epoch"])
        self._changed = (float(changed[0]), round(changed[1] * scale)) if changed else None
        self._share = float(state.get("share", 1.0))  # earlier versions knew none
        self._reduction = float(state["reduction"])
        self._minimum = float(state["minimum"])

    def _unreduced(self, steps: _Wide) -> _Wide:
        """What the schedule says, as changed by people, without what plateaus took."""
        shape = self._decay(steps)
        if self._changed is not None:
            rate, step = self._changed
            return rate * shape / self._decay(np.array([step], np.float64))
        if self._warmup_steps:
            shape = np.where(steps < self._warmup_steps, steps / self._warmup_steps, shape)
        return self._base * shape

    @property
    def _warmup_steps(self) -> int:
        return round(self._schedule.warmup * self._steps_per_epoch)

    def _decay(self, steps: _Wide) -> _Wide:
        """Share of the learning rate that is left at each step, without warm-up; above 0."""
        schedule = self._schedule
        if schedule.name == "constant":
            return np.ones_like(steps)
        if schedule.name == "step":
            return schedule.factor ** np.floor(steps / (schedule.every * self._steps_per_epoch))
        total = max(1, self._epochs * self._steps_per_epoch - self._warmup_steps)
        done = np.clip((steps - self._warmup_steps) / total, 0.0, 1.0)
        if schedule.name == "exponential":
            return schedule.final**done
        cosine = 0.5 * (1.0 + np.cos(np.pi * done))
        return (1.0 - schedule.final) * cosine + schedule.final
