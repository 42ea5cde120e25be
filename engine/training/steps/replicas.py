"""How a batch is divided among the replicas of a `tf.distribute` strategy, exactly.

Keras gives every replica's mean the same weight. Where a batch does not divide evenly, or has fewer
examples than there are replicas (an empty share is what gives NaN in keras issue 21061), that is
wrong; what is done here makes it right, in the gradient and in what is watched.

Imported by workers only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from functools import partial
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from engine.training.steps.chunk import augmented

SEED_STRIDE = 1_000_003
"""Seeds of two replicas, or workers, are this far apart, so that they draw other numbers."""


class Division(StrEnum):
    """How a batch is divided.

    EVEN: Each replica takes as many examples: Keras's own arithmetic is right.
    UNEVEN: Shares differ by one example. An example's weight is multiplied by
        share × replicas / batch, so that the mean of the replicas is that of the batch. Where
        positions have weights, the loss is a mean over them, which does not heed their size: there
        it stays the mean of the replicas' means, as with Keras's own `fit`.
    WHOLE: The batch has fewer examples than there are replicas: each does all of it, and what is
        counted is divided by the number of replicas.
    """

    EVEN = "even"
    UNEVEN = "uneven"
    WHOLE = "whole"

    @classmethod
    def of(cls, batch_size: int, n_replicas: int) -> Division:
        if batch_size < n_replicas:
            return cls.WHOLE
        return cls.UNEVEN if batch_size % n_replicas else cls.EVEN


class DividedChunk:
    """A chunk of steps, each divided among the replicas of a strategy.

    Args:
        strategy: One with several replicas.
        step: Keras's train step or test step.
        metrics: All that it changes, the loss first.
        note: What is to be returned of them after each step.
        learns: It is a train step.
        augment: Changes the inputs of a batch at random, given them and a seed, (2,).
        seed: Of the run.
        rate: Given the learning rate before each step.
    """

    def __init__(
        self,
        strategy: tf.distribute.Strategy,
        step: Callable[[Any], Any],
        metrics: Sequence[keras.metrics.Metric],
        note: Callable[[], tf.Tensor],
        learns: bool,
        augment: Callable[[tf.Tensor, tf.Tensor], tf.Tensor] | None = None,
        seed: int = 0,
        rate: keras.Variable | None = None,
    ) -> None:
        self._strategy = strategy
        self._step = step
        self._metrics = metrics
        self._note = note
        self._learns = learns
        self._augment = augment
        self._seed = seed
        self._rate = rate
        self._copied: tuple[tuple[tf.Tensor, ...], tuple[Any, ...]] = ((), ())
        self._graphs: dict[Division, Callable[..., tf.Tensor]] = {}

    def __call__(
        self,
        data: tuple[tf.Tensor, ...],
        indices: tf.Tensor,
        first_step: tf.Tensor,
        rates: tf.Tensor,
    ) -> tf.Tensor:
        """Runs a step for each row of indices, (steps, batch_size).

        Args:
            data: x, y, and weights if there are any; copied to each replica's device once.
            indices: Rows of `data`.
            first_step: Steps done in the whole run before this chunk.
            rates: The learning rate of each step, (steps,).

        Returns:
            What `note` gave after each step, (steps, …).
        """
        strategy, batches = self._strategy, indices.numpy()
        n_replicas, batch_size = strategy.num_replicas_in_sync, batches.shape[1]
        division = Division.of(batch_size, n_replicas)
        if division is Division.WHOLE:
            parts = [batches] * n_replicas
        else:
            parts = np.array_split(batches, n_replicas, axis=1)
        factors = [part.shape[1] * n_replicas / batch_size for part in parts]
        share = self._each(lambda number: tf.constant(parts[number]))
        factor = self._each(lambda number: tf.constant(factors[number], tf.float32))
        copies = self._copies(data)
        values = (copies, share, factor, first_step, rates)
        if division not in self._graphs:
            # Not compiled with XLA: one program cannot run on several devices.
            self._graphs[division] = tf.function(
                partial(self._chunk, division),
                input_signature=[
                    tuple(_pattern(copy, 1) for copy in copies),
                    _pattern(share, 2),
                    _pattern(factor, 0),
                    _pattern(first_step, 0),
                    _pattern(rates, 1),
                ],
                autograph=False,
            )
        return self._graphs[division](*values)

    def _each(self, value: Callable[[int], tf.Tensor]) -> Any:
        """A value for each replica on this machine, given its number among those on all."""
        return self._strategy.experimental_distribute_values_from_function(
            lambda context: value(context.replica_id_in_sync_group)
        )

    def _copies(self, data: tuple[tf.Tensor, ...]) -> tuple[Any, ...]:
        """The data on each replica's device, so that no step fetches it from another."""
        known, copies = self._copied
        if len(known) != len(data) or any(a is not b for a, b in zip(known, data, strict=True)):
            copies = tuple(self._copy(tensor) for tensor in data)
            self._copied = (data, copies)
        return copies

    def _copy(self, tensor: tf.Tensor) -> Any:
        return self._each(lambda _number: tf.identity(tensor))

    def _chunk(
        self,
        division: Division,
        data: tuple[tf.Tensor, ...],
        indices: tf.Tensor,
        factor: tf.Tensor,
        first_step: tf.Tensor,
        rates: tf.Tensor,
    ) -> tf.Tensor:
        step = partial(self._replica_step, division)
        n_steps = tf.shape(rates)[0]
        notes = tf.TensorArray(tf.float32, size=n_steps)

        def body(index: tf.Tensor, notes: tf.TensorArray) -> tuple[tf.Tensor, tf.TensorArray]:
            if self._rate is not None:
                self._rate.assign(rates[index])
            self._strategy.run(step, args=(data, indices, factor, index, first_step))
            return index + 1, notes.write(index, self._note())

        _, notes = tf.while_loop(lambda index, _: index < n_steps, body, (0, notes))
        return notes.stack()

    def _replica_step(
        self,
        division: Division,
        data: tuple[tf.Tensor, ...],
        indices: tf.Tensor,
        factor: tf.Tensor,
        index: tf.Tensor,
        first_step: tf.Tensor,
    ) -> None:
        rows = indices[index]
        batch = tuple(tf.gather(values, rows) for values in data)
        x, y, *weights = augmented(self._augment, batch, self._seed_of(first_step + index))
        is_weighted = (
            self._learns
            and division is Division.UNEVEN
            and not (weights and weights[0].shape.rank > 1)
        )
        if is_weighted:
            given = weights[0] if weights else tf.ones(tf.shape(rows))
            weights = [given * tf.cast(factor, given.dtype)]
        changed: list[Any] = []
        if division is Division.WHOLE:
            changed = [variable for metric in self._metrics for variable in metric.variables]
        elif is_weighted:
            # The loss is larger by the factor. Other metrics do not heed the weights of examples.
            changed = [self._metrics[0].total]
        before = [tf.convert_to_tensor(variable) for variable in changed]
        self._step((x, y, *weights))
        # Their state is sums, which the replicas' are added up to.
        for variable, was in zip(changed, before, strict=True):
            counted = tf.convert_to_tensor(variable) - was
            variable.assign(was + counted / tf.cast(factor, counted.dtype))

    def _seed_of(self, number: tf.Tensor) -> tf.Tensor:
        """Replicas draw other numbers than each other for their examples."""
        replica = tf.distribute.get_replica_context().replica_id_in_sync_group
        return tf.stack([self._seed + SEED_STRIDE * replica, number])


def _pattern(value: Any, n_open: int) -> Any:
    """What a graph takes in place of a value, of any length along its first axes."""
    specs = [
        tf.TensorSpec([None] * n_open + part.shape[n_open:], part.dtype)
        for part in tf.nest.flatten(value, expand_composites=True)
    ]
    return specs[0] if tf.is_tensor(value) else type(tf.type_spec_from_value(value))(*specs)
