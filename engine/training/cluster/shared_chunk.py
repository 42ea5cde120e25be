"""The graph of a chunk of steps whose batches workers share. Imported by workers only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf

from engine.training.cluster.collective import Collective, add_up
from engine.training.steps.chunk import Augment, augmented
from engine.training.steps.replicas import SEED_STRIDE


class SharedChunk:
    """Many steps in one call: a share of each batch here, the others elsewhere.

    The arithmetic is that of Keras's train step for the whole batch, to rounding: a worker's
    gradient and metrics count as much as its share of the examples, however unevenly a batch
    divides, and where a loss is a mean over weighted positions, as much as their weights.
    One graph serves every chunk: workers that trace at different moments would never meet.

    Args:
        collective: The workers.
        model: Built and compiled, with optimizer and metric variables.
        learns: Train; otherwise test.
        metrics: All that are watched, the loss first.
        note: What is to be returned of them after each step.
        pattern: Tensors of the kind that will be given: x, y, and weights if any.
        augment: Changes the inputs of a batch at random, given them and a seed, (2,).
        seed: Of the run.
        rate: Given the learning rate before each step.
    """

    def __init__(
        self,
        collective: Collective,
        model: keras.Model,
        learns: bool,
        metrics: Sequence[keras.metrics.Metric],
        note: Callable[[], tf.Tensor],
        pattern: Sequence[tf.Tensor],
        augment: Augment | None = None,
        seed: int = 0,
        rate: keras.Variable | None = None,
    ) -> None:
        self._collective = collective
        self._model = model
        self._learns = learns
        self._loss = metrics[0]
        self._state = [variable.value for metric in metrics for variable in metric.variables]
        self._note = note
        self._augment = augment if learns else None
        self._seed = seed
        self._rate = rate
        self._by_weight = len(pattern) > 2 and _is_by_weight(model)
        self._graph = tf.function(
            self._chunk,
            input_signature=[
                tuple(tf.TensorSpec((None, *part.shape[1:]), part.dtype) for part in pattern),
                tf.TensorSpec((None, None), tf.int32),
                tf.TensorSpec((), tf.int32),
                tf.TensorSpec((None,), tf.float32),
            ],
            autograph=False,
        )

    def __call__(
        self,
        data: tuple[tf.Tensor, ...],
        indices: tf.Tensor,
        first_step: tf.Tensor,
        rates: tf.Tensor,
    ) -> tf.Tensor:
        """Runs a step for each row of indices, together with the other workers.

        Args:
            data: x, y, and weights if there are any.
            indices: (steps, batch_size), rows of `data`: the whole batch, of which a share is
                taken. The same at all workers.
            first_step: Steps done in the whole run before this chunk.
            rates: The learning rate of each step, (steps,).

        Returns:
            What `note` gave after each step, (steps, …).

        Raises:
            TrainingError: Another worker is gone.
        """
        return self._collective.guarded(lambda: self._graph(data, indices, first_step, rates))

    def _chunk(
        self,
        data: tuple[tf.Tensor, ...],
        indices: tf.Tensor,
        first_step: tf.Tensor,
        rates: tf.Tensor,
    ) -> tf.Tensor:
        n_steps = tf.shape(indices)[0]
        notes = tf.TensorArray(tf.float32, size=n_steps)
        model = self._model

        def body(index: tf.Tensor, notes: tf.TensorArray) -> tuple[tf.Tensor, tf.TensorArray]:
            if self._rate is not None:
                self._rate.assign(rates[index])
            before = [tf.identity(variable) for variable in self._state]
            with tf.control_dependencies(before):
                for variable in self._state:
                    variable.assign(tf.zeros_like(variable))
            gradients, counted = self._collective.strategy.run(
                self._share, args=(data, indices[index], first_step + index)
            )
            for variable, was, new in zip(self._state, before, counted, strict=True):
                variable.assign(was + new)
            if self._learns:
                model.optimizer.apply(gradients, model.trainable_variables)
            return index + 1, notes.write(index, self._note())

        _, notes = tf.while_loop(
            lambda index, _: index < n_steps, body, (0, notes), parallel_iterations=1
        )
        return notes.stack()

    def _share(
        self, data: tuple[tf.Tensor, ...], batch: tf.Tensor, number: tf.Tensor
    ) -> tuple[list[tf.Tensor], list[tf.Tensor]]:
        """This worker's part of a step.

        Returns:
            The gradient, and what the metrics counted, both of the whole batch.
        """
        n_workers, worker = len(self._collective), self._collective.index
        n = tf.shape(batch)[0]
        start, stop = n * worker // n_workers, n * (worker + 1) // n_workers
        # Where there are fewer examples than workers, some compute one that does not count.
        rows = batch[start : tf.maximum(stop, start + 1)]
        counts = tf.cast(stop > start, tf.float32)
        mine = tuple(tf.gather(values, rows) for values in data)
        seed = tf.stack([self._seed + SEED_STRIDE * worker, number])
        x, y, *weights = augmented(self._augment, mine, seed)
        if self._by_weight:
            whole = tf.cast(tf.reduce_sum(tf.gather(data[2], batch)), tf.float32)
            weight = tf.cast(tf.reduce_sum(weights[0]), tf.float32)
            share = counts * tf.math.divide_no_nan(weight, whole)
        else:
            share = tf.cast(stop - start, tf.float32) / tf.cast(n, tf.float32)
        gradients = self._learn(x, y, weights, share, tf.cast(n, tf.float32))
        counted = [value * tf.cast(counts, value.dtype) for value in map(_read, self._state)]
        total = add_up([*gradients, *counted])
        return total[: len(gradients)], total[len(gradients) :]

    def _learn(
        self, x: Any, y: Any, weights: list[tf.Tensor], share: tf.Tensor, n: tf.Tensor
    ) -> list[tf.Tensor]:
        """Keras's train or test step up to the gradient, which counts as much as the share."""
        model, weight = self._model, weights[0] if weights else None
        with tf.GradientTape() as tape:
            outputs = model(x, training=self._learns)
            loss = model._compute_loss(
                x=x, y=y, y_pred=outputs, sample_weight=weight, training=self._learns
            )
            # Within a strategy Keras divides it by the number of replicas.
            loss = loss * tf.cast(len(self._collective), loss.dtype)
            goal = model.optimizer.scale_loss(loss * tf.cast(share, loss.dtype))
        self._loss.update_state(loss, sample_weight=share * n)
        model.compute_metrics(x, y, outputs, sample_weight=weight)
        if not self._learns:
            return []
        variables = [variable.value for variable in model.trainable_variables]
        return [
            tf.zeros_like(variable) if gradient is None else gradient
            for variable, gradient in zip(variables, tape.gradient(goal, variables), strict=True)
        ]


def _read(variable: tf.Variable) -> tf.Tensor:
    return variable.read_value()


def _is_by_weight(model: keras.Model) -> bool:
    """Its loss is a mean over weights, not over examples."""
    return getattr(model.loss, "reduction", "") == "mean_with_sample_weight"
