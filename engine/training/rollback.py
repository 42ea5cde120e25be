"""Rollback: back to the last finite state of a training. Imported by workers only."""

from __future__ import annotations

import contextlib

import numpy as np

from engine.training.checkpoint import Snapshot, restore_snapshot
from engine.training.order import shuffled
from engine.training.plan import ChunkLength
from engine.training.progress import Progress
from engine.training.rates import LearningRate
from engine.training.schedule import Schedule
from engine.training.steps.feed import Feed
from engine.training.steps.loop import StepLoop

REPLAY_S = 10.0
"""Steps are done again for this long at most."""


class Rollback:
    """Goes back to a state that was copied, and from there on again.

    Copying the state before each chunk would cost all trainings a few hundredths of their time;
    doing some steps again costs only those that fail.

    Args:
        loop: Runs the steps of the model whose state it is.
        train: Feeds the training part.
        schedule: Batch size and seed.
        rate: The learning rate of each step.
    """

    def __init__(self, loop: StepLoop, train: Feed, schedule: Schedule, rate: LearningRate) -> None:
        self._model = loop.model
        self._loop = loop
        self._train = train
        self._schedule = schedule
        self._rate = rate

    def to(
        self, snapshot: Snapshot, wanted: Progress, step_s: float, chunk: ChunkLength
    ) -> Progress:
        """Restores the state at a place, or an earlier one if that is too far away.

        Args:
            snapshot: A finite state.
            wanted: The place, in the middle of an epoch.
            step_s: Seconds that a step takes.
            chunk: How many steps are done at once.

        Returns:
            How far the training is, in the state restored.
        """
        copied = self._put_back(snapshot)
        n_steps = wanted.step - copied.step
        if n_steps * step_s > REPLAY_S or (n_steps and not self._loop.can_repeat):
            return copied
        self._replay(copied, wanted, chunk)
        if all(np.isfinite(weight).all() for weight in self._model.get_weights()):
            return wanted
        return self._put_back(snapshot)

    def _put_back(self, snapshot: Snapshot) -> Progress:
        restore_snapshot(self._model, snapshot)
        return Progress.from_dict(snapshot.progress["training"])

    def _replay(self, copied: Progress, wanted: Progress, chunk: ChunkLength) -> None:
        """Does the steps in between again; validation changes nothing and is left out."""
        step, consumed = copied.step, copied.consumed
        for epoch in range(copied.epoch, wanted.epoch + 1):
            order = shuffled(len(self._train), self._schedule.seed, epoch)
            end = wanted.consumed if epoch == wanted.epoch else len(order)
            if not consumed:
                self._loop.reset_metrics()
            with contextlib.closing(self._train.chunks(order[consumed:end], chunk)) as chunks:
                for data, indices in chunks:
                    place = (epoch - 1) * self._rate.steps_per_epoch
                    place += consumed // self._schedule.batch_size
                    rates = self._rate.rates(place, len(indices))
                    self._loop.train(data, indices, step, rates)
                    step += len(indices)
                    consumed += indices.size
            consumed = 0
