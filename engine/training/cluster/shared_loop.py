"""The step loop of a training that several workers share. Imported by workers only."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import keras

from engine.training.cluster.collective import Collective
from engine.training.cluster.shared_chunk import SharedChunk
from engine.training.steps.chunk import Augment, Noted, Tensors, metric_state
from engine.training.steps.loop import DeviceData, StepLoop


class SharedLoop(StepLoop):
    """Runs chunks of steps together with the other workers, which must run the same ones.

    Predicting is done by each for itself.

    Args:
        collective: The workers.
        model: Built and compiled, under no strategy.
        data: Examples of the kind the loop will see; only their shapes and types matter.
        augment: As for `StepLoop`; each worker draws other numbers.
        seed: Of the run.
    """

    def __init__(
        self,
        collective: Collective,
        model: keras.Model,
        data: DeviceData,
        augment: Augment | None = None,
        seed: int = 0,
    ) -> None:
        self._collective = collective
        super().__init__(model, data, None, augment, seed)

    @property
    def replicas(self) -> int:
        return len(self._collective)

    @property
    def can_repeat(self) -> bool:
        return False  # the others may have another state to go back to

    def _graph(
        self,
        step: Callable[[Any], Any],
        pattern: Tensors,
        batch_size: int | None,
        augment: Augment | None = None,
        rate: keras.Variable | None = None,
    ) -> Callable[..., Noted]:
        note = partial(metric_state, self._metrics)
        learns = step == self._model.train_step
        chunk = SharedChunk(
            self._collective,
            self._model,
            learns,
            self._metrics,
            note,
            pattern,
            augment,
            self._seed,
            rate,
        )
        return lambda *values: (note(), chunk(*values), None)
