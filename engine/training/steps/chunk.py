"""The graph of a chunk: many of Keras's own train or test steps in one call. For workers only."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from engine.training.fused import fused

FloatArray = npt.NDArray[np.float32]
Values = dict[str, FloatArray]
"""Of each batch, (steps,), by the metric's Keras name."""
Augment = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
Tensors = tuple[tf.Tensor, ...]
Noted = tuple[tf.Tensor, tf.Tensor, tf.Tensor | None]
"""Metric state before a chunk, (states,), and after each step, (steps, states), and the result of
each metric at its end, (metrics,), where that is known."""


class StepGraph:
    """What one call computes: steps over rows of indices, and metric state noted after each.

    Args:
        metrics: All that a step changes, the loss first.
        step: `model.train_step` or `model.test_step`.
        strategy: One with a single replica.
        augment: Changes the inputs of a batch at random, given them and a seed, (2,).
        seed: Of the run; with the number of the step it decides what `augment` does.
        rate: A variable that is given the learning rate of each step before it.
    """

    def __init__(
        self,
        metrics: Sequence[keras.metrics.Metric],
        step: Callable[[Any], Any],
        strategy: tf.distribute.Strategy,
        augment: Augment | None = None,
        seed: int = 0,
        rate: keras.Variable | None = None,
    ) -> None:
        self._metrics = metrics
        self._step = step
        self._strategy = strategy
        self._augment = augment
        self._seed = seed
        self._rate = rate
        self._context: Callable[[], contextlib.AbstractContextManager[None]]
        self._context = contextlib.nullcontext

    def fuse(self, model: keras.Model, batch_size: int) -> None:
        """Has the steps computed in fewer operations, as `engine.training.fused.fused` does.

        Args:
            model: Whose step it is.
            batch_size: Examples in a batch.
        """
        self._context = partial(fused, model, batch_size=batch_size)

    @staticmethod
    def signature(rows: int | None, batch_size: int | None) -> tuple[tf.TensorSpec, ...]:
        """What `run` takes after `data`; None: any number of them."""
        return (
            tf.TensorSpec((rows, batch_size), tf.int32),
            tf.TensorSpec((), tf.int32),
            tf.TensorSpec((), tf.int32),
            tf.TensorSpec((rows,), tf.float32),
        )

    def run(
        self,
        data: Tensors,
        indices: tf.Tensor,
        n_steps: tf.Tensor,
        first_step: tf.Tensor,
        rates: tf.Tensor,
    ) -> Noted:
        """Runs the first `n_steps` rows of indices.

        Args:
            data: x, y, and weights if there are any.
            indices: (rows, batch_size), rows of `data`.
            n_steps: How many of its rows count.
            first_step: Number of the first step in the whole run.
            rates: The learning rate of each step, (rows,).
        """
        before = metric_state(self._metrics)
        size = tf.shape(indices)[0]  # of rows, not of steps: XLA knows it where it is fixed

        def body(index: tf.Tensor, notes: tf.TensorArray) -> tuple[tf.Tensor, tf.TensorArray]:
            if self._rate is not None:
                self._rate.assign(rates[index])
            self._strategy.run(self._one, args=(data, indices, index, first_step))
            return index + 1, notes.write(index, metric_state(self._metrics))

        notes = tf.TensorArray(tf.float32, size=size, element_shape=before.shape)
        with self._context():  # here, since a graph may be traced much later than it is made
            _, notes = tf.while_loop(lambda index, _: index < n_steps, body, (0, notes))
        results = [tf.cast(metric.result(), tf.float32) for metric in self._metrics]
        return before, notes.stack(), tf.stack(results)

    def _one(self, data: Tensors, indices: tf.Tensor, index: tf.Tensor, first: tf.Tensor) -> None:
        """One step on one replica."""
        batch = tuple(tf.gather(values, indices[index]) for values in data)
        self._step(augmented(self._augment, batch, tf.stack([self._seed, first + index])))


def augmented(augment: Augment | None, batch: Tensors, seed: tf.Tensor) -> Tensors:
    """A batch changed at random: its inputs, and its targets where they follow them.

    Args:
        augment: Changes the inputs, given them and a seed; one that has `targets` changes the
            targets with it, given them and the same seed. None: nothing is changed.
        batch: x, y, and weights if there are any.
        seed: (2,).
    """
    if augment is None:
        return batch
    x, y, *weights = batch
    follow = getattr(augment, "targets", None)
    return (augment(x, seed), y if follow is None else follow(y, seed), *weights)


def metric_state(metrics: Sequence[keras.metrics.Metric]) -> tf.Tensor:
    """What is noted after each step, in one vector, which is one operation.

    Total and count of metrics that are means, the result so far of others.
    """
    state: list[Any] = []
    for metric in metrics:
        state += [metric.total, metric.count] if is_mean(metric) else [metric.result()]
    return tf.stack([tf.cast(value, tf.float32) for value in state])


def build_state(model: keras.Model, x: tf.Tensor, y: tf.Tensor) -> None:
    """Creates optimizer and metric variables, which must exist before a graph is traced.

    Args:
        model: Compiled.
        x: An example, (1, *input_shape).
        y: Its target, (1, …).
    """
    if not model.optimizer.built:  # built twice, one that scales the loss has variables twice
        model.optimizer.build(model.trainable_variables)
    model.compute_metrics(x, y, _predictions(model, x))
    model.reset_metrics()


def _predictions(model: keras.Model, x: tf.Tensor) -> Any:
    """Something of the shape of predictions for `x`, (1, …).

    Zeros where the shape is known: a recurrent model that is called outside of a graph goes through
    its steps one by one, which takes half a second.
    """
    outputs = getattr(model, "outputs", None) or []
    if len(outputs) != 1 or None in outputs[0].shape[1:]:
        return model(x, training=False)
    return tf.zeros((1, *outputs[0].shape[1:]), outputs[0].dtype)


def rate_variable(model: keras.Model) -> keras.Variable | None:
    """The learning rate, where it is a variable and no schedule of Keras's own."""
    optimizer = model.optimizer
    # A schedule would be evaluated for a look at `learning_rate`, and could not be assigned to.
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    rate = inner._learning_rate
    return rate if isinstance(rate, keras.Variable) else None


def leaf_metrics(model: keras.Model) -> Sequence[keras.metrics.Metric]:
    """The metrics one by one: the loss first, then those the model was compiled with."""
    leaves: list[keras.metrics.Metric] = []
    for metric in model.metrics:
        # The group of those it was compiled with may be empty.
        leaves += list(getattr(metric, "metrics", [metric]))
    return leaves


def is_mean(metric: keras.metrics.Metric) -> bool:
    """Its result is total / count and nothing more, so batches can be told apart."""
    return isinstance(metric, keras.metrics.Mean) and (
        type(metric).result is keras.metrics.Mean.result
    )


def values_of(
    metrics: Sequence[keras.metrics.Metric], before: FloatArray, noted: FloatArray
) -> Values:
    """Takes running means apart into the value of each batch.

    The totals are float32 sums over the epoch, so a value is exact to about
    6e-8 × the total; the weights and the epoch's own result are not touched by this.

    Args:
        metrics: Those of the model, as `leaf_metrics` lists them.
        before: Metric state before the chunk, (states,).
        noted: Metric state after each step, (steps, states).
    """
    with np.errstate(invalid="ignore"):  # a diverged loss is infinite, and told by the trainer
        change = np.diff(noted.astype(np.float64), axis=0, prepend=before[np.newaxis])
    values: Values = {}
    position = 0
    for metric in metrics:
        if is_mean(metric):
            with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
                mean = change[:, position] / change[:, position + 1]
                values[metric.name] = mean.astype(np.float32)
            position += 2
        else:
            values[metric.name] = noted[:, position]
            position += 1
    return values
