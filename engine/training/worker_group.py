"""WorkerGroup: the workers that train one model in step, as one of them sees them.

Imported by workers only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from engine.training.model.placement import Placement
from engine.training.plan import ChunkLength, Plan
from engine.training.resumption import Resumption
from engine.training.steps.chunk import Augment
from engine.training.steps.loop import DeviceData, StepLoop

if TYPE_CHECKING:
    import keras
    import tensorflow as tf


class WorkerGroup(Protocol):
    """The workers that train one model in step, as one of them sees them.

    What waits for the others raises a `TrainingError` where one of them is gone.
    """

    @property
    def is_chief(self) -> bool:
        """This worker owns the run: it alone writes, evaluates and saves."""

    @property
    def is_independent(self) -> bool:
        """Nobody has to wait while this worker measures something, or looks at the model."""

    def begin(self, run: str, name: str, resumption: Resumption | None) -> None:
        """Tells the others which run begins, or how it goes on; asked of the chief alone."""

    def agree(self, plan: Plan, placement: Placement) -> tuple[Plan, Placement]:
        """Returns how and where all of them execute the steps."""

    def make_loop(
        self,
        model: keras.Model,
        data: DeviceData,
        strategy: tf.distribute.Strategy | None = None,
        augment: Augment | None = None,
        seed: int = 0,
        fused_for: int = 0,
    ) -> StepLoop:
        """Returns what runs the steps; arguments are those of `StepLoop`."""

    def chunk_length(self, plan: Plan, batch_size: int) -> ChunkLength:
        """Returns how long chunks of steps are, the same for all of them."""

    def equalize(self, network: keras.Model) -> None:
        """Gives every worker the chief's variables."""

    def restore(self, network: keras.Model) -> None:
        """Takes back what was done to the network so that it could be trained in step."""


class Alone:
    """The group of a training that no other worker shares: nobody to ask, nobody to wait for."""

    is_chief = True
    is_independent = True
    make_loop = staticmethod(StepLoop)

    def begin(self, run: str, name: str, resumption: Resumption | None) -> None:
        """There is nobody to tell."""

    def agree(self, plan: Plan, placement: Placement) -> tuple[Plan, Placement]:
        """What this worker plans is what is done."""
        return plan, placement

    def chunk_length(self, plan: Plan, batch_size: int) -> ChunkLength:
        """As long as this worker's plan says."""
        return plan.chunk_length(batch_size)

    def equalize(self, network: keras.Model) -> None:
        """Its variables are the only ones."""

    def restore(self, network: keras.Model) -> None:
        """Nothing was done to the network."""


ALONE = Alone()
