"""Cluster: the group of workers of a training that several share. Imported by workers only.

Each worker holds the whole model in plain variables, and learns from the same sum of gradients as
the others, so that all hold the same weights, metrics and optimizer, and whatever can be done with
a model trained alone (clipping, accumulating, checkpoints, a look by one worker only) can be done
here without asking the others.
"""

from __future__ import annotations

from dataclasses import replace

import keras
import numpy as np
import tensorflow as tf

from engine.training.cluster.collective import Collective
from engine.training.cluster.shared_loop import SharedLoop
from engine.training.cluster.team import Team, TeamChunkLength
from engine.training.model.placement import Placement
from engine.training.plan import ChunkLength, Plan
from engine.training.resumption import Resumption
from engine.training.steps.chunk import Augment
from engine.training.steps.loop import DeviceData
from engine.training.steps.replicas import SEED_STRIDE


class Cluster:
    """The workers of a training that several share; a `WorkerGroup`.

    Make it before TensorFlow computes anything in this process.

    Args:
        team: The workers, all there.
        use_gpu: Take a GPU if there is one: the first worker of a host its first one, and so on.

    Raises:
        DescentError: TensorFlow cannot listen at the address, or there are too few GPUs.
    """

    is_independent = False

    def __init__(self, team: Team, use_gpu: bool = True) -> None:
        self._team = team
        self._collective = Collective(team, use_gpu)

    @property
    def is_chief(self) -> bool:
        return self._team.workers.is_chief

    def begin(self, run: str, name: str, resumption: Resumption | None) -> None:
        """Tells the others which run begins, or how it goes on.

        Its variables follow with `equalize`.

        Raises:
            TrainingError: Someone is gone.
        """
        checkpoint = None if resumption is None else resumption.checkpoint
        self._team.notify(
            {
                "run": run,
                "name": name,
                "progress": None if checkpoint is None else checkpoint.progress.to_dict(),
                "changes": {} if resumption is None else dict(resumption.changes),
                "reason": "" if resumption is None else resumption.reason,
            }
        )

    def agree(self, plan: Plan, placement: Placement) -> tuple[Plan, Placement]:
        """Returns how all workers execute the steps: data in memory where all have room for it.

        Raises:
            TrainingError: Someone is gone.
        """
        fixed = (
            f"{len(self._collective)} workers share each batch and hold the same weights. XLA, "
            "gradient flow and live views are off: the workers would wait for each other."
        )
        resident = self._team.all_can(plan.resident)
        policy = self._team.agree(placement.policy)
        plan = replace(
            plan,
            resident=resident,
            xla=False,
            tries_xla=False,
            tries_bfloat16=False,
            fused=False,
            fixed=fixed,
        )
        # Which device each one takes is the collective's matter.
        return plan, replace(placement, devices=(), policy=policy)

    def make_loop(
        self,
        model: keras.Model,
        data: DeviceData,
        strategy: tf.distribute.Strategy | None = None,
        augment: Augment | None = None,
        seed: int = 0,
        fused_for: int = 0,
    ) -> SharedLoop:
        """Returns what runs the steps, in step with the others.

        A strategy and fused layers are for one worker alone: what `agree` gives asks for neither.
        """
        for layer in _batch_layers(model):
            layer.synchronized = True  # it looks at the batch of all workers; before tracing
        return SharedLoop(self._collective, model, data, augment, seed)

    def chunk_length(self, plan: Plan, batch_size: int) -> ChunkLength:
        """Returns how long chunks are, at all workers."""
        return TeamChunkLength(self._team, batch_size, plan.chunk)

    def equalize(self, network: keras.Model) -> None:
        """Gives every worker the chief's variables; the random numbers stay different.

        Raises:
            TrainingError: Someone is gone.
        """
        variables = [*network.variables, *network.optimizer.variables, *network.metrics_variables]
        unique = list({id(variable): variable.value for variable in variables}.values())
        self._collective.broadcast(unique, is_source=self.is_chief)
        self._vary_seeds(network)

    def _vary_seeds(self, network: keras.Model) -> None:
        """Workers drop other units for their examples; the chief's seeds are the run's."""
        for variable in network.non_trainable_variables:
            if "seed_generator_state" in variable.path and not self.is_chief:
                seed, count = variable.numpy()
                variable.assign(
                    np.array([seed + self._collective.index * SEED_STRIDE, count], np.uint32)
                )

    def restore(self, network: keras.Model) -> None:
        """Lets layers look at their own batch again: a saved model is as one trained alone."""
        for layer in _batch_layers(network):
            layer.synchronized = False


def _batch_layers(network: keras.Model) -> list[keras.layers.BatchNormalization]:
    """Layers that look at the whole batch."""
    return [
        layer
        for layer in network._flatten_layers()
        if isinstance(layer, keras.layers.BatchNormalization)
    ]
