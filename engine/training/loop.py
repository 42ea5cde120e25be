"""The step loop: many of Keras's own train steps inside one graph call. Imported by workers only.

Keras's `fit` comes back to Python after every step, which costs a small model most of its time.
Here the data rests on the device, and one `tf.function` runs a chunk of steps in a
`tf.while_loop`, gathering each batch by index. The arithmetic is that of `Model.train_step`,
so without XLA every weight is bit-identical to `fit` given the same order of examples.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from engine.training.replicas import DividedChunk
from engine.training.watching import Values, Watching

Array = npt.NDArray[Any]
FloatArray = npt.NDArray[np.float32]
Augment = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


@dataclass(frozen=True)
class DeviceData:
    """Examples held on the device.

    Attributes:
        x: (n_samples, *input_shape).
        y: (n_samples, …).
        weights: How much each example counts in the loss, (n_samples,), or each position of it,
            (n_samples, positions); None: all the same.
    """

    x: tf.Tensor
    y: tf.Tensor
    weights: tf.Tensor | None = None

    @classmethod
    def place(cls, x: Array, y: Array, weights: Array | None = None) -> DeviceData:
        """Copies arrays to the device."""
        return cls(
            tf.constant(x), tf.constant(y), None if weights is None else tf.constant(weights)
        )

    @property
    def tensors(self) -> tuple[tf.Tensor, ...]:
        """What a train step takes: x, y, and weights if there are any."""
        return (self.x, self.y) if self.weights is None else (self.x, self.y, self.weights)

    @property
    def tested(self) -> tuple[tf.Tensor, ...]:
        """What a test step takes: weights only where they say which positions there are."""
        is_by_position = self.weights is not None and self.weights.shape.rank > 1
        return self.tensors if is_by_position else (self.x, self.y)

    def __len__(self) -> int:
        return int(self.x.shape[0])


class StepLoop:
    """Runs chunks of training and evaluation steps of a compiled model.

    Args:
        model: A built and compiled Keras model, made under `strategy.scope()` if one is given.
        data: Examples of the kind the loop will see; only their shapes and types matter.
        xla: Compile chunks with XLA.
        strategy: A `tf.distribute` strategy; a batch is divided among its replicas.
        augment: Changes the inputs of a training batch at random, given them and a seed, (2,).
        seed: Of the run; with the number of the step it decides what `augment` does.

    Attributes:
        watching: Lets single training steps be looked at.
    """

    def __init__(
        self,
        model: keras.Model,
        data: DeviceData,
        xla: bool = False,
        strategy: tf.distribute.Strategy | None = None,
        augment: Augment | None = None,
        seed: int = 0,
    ) -> None:
        self._seed = seed
        self._model = model
        self.watching = Watching()
        self._strategy = strategy or tf.distribute.get_strategy()
        self._build_state(data)
        self._metrics = _leaf_metrics(model)
        self._replicas = self._strategy.num_replicas_in_sync
        self._rate = _rate_variable(model)
        self._train_chunk = self._graph(model.train_step, data.tensors, xla, augment, self._rate)
        self._test_chunk = self._graph(model.test_step, data.tested, xla)
        self._predict = tf.function(
            lambda x: model(x, training=False),
            input_signature=[tf.TensorSpec((None, *data.x.shape[1:]), data.x.dtype)],
            autograph=False,
        )

    def _build_state(self, data: DeviceData) -> None:
        """Creates optimizer and metric variables, which must exist before a graph is traced."""
        model = self._model
        x, y = data.x[:1], data.y[:1]
        with self._strategy.scope():
            model.optimizer.build(model.trainable_variables)
            model.compute_metrics(x, y, model(x, training=False))
            model.reset_metrics()

    def _graph(
        self,
        step: Callable[[Any], Any],
        pattern: tuple[tf.Tensor, ...],
        xla: bool,
        augment: Augment | None = None,
        rate: keras.Variable | None = None,
    ) -> Callable[..., Any]:
        """The graph of a chunk: `step` over rows of indices, metric state noted after each.

        `rate` is given the rate of each step before it.
        """
        strategy = self._strategy
        if self._replicas > 1:
            learns = rate is not None
            return DividedChunk(
                strategy, step, self._metrics, self._metric_state, learns, augment, self._seed, rate
            )

        def replica_step(
            data: tuple[tf.Tensor, ...], indices: tf.Tensor, index: tf.Tensor, number: tf.Tensor
        ) -> None:
            rows = indices[index]
            x, *rest = (tf.gather(values, rows) for values in data)
            if augment is not None:
                x = augment(x, tf.stack([self._seed, number + index]))
            step((x, *rest))

        def chunk(
            data: tuple[tf.Tensor, ...],
            indices: tf.Tensor,
            first_step: tf.Tensor,
            rates: tf.Tensor,
        ) -> tf.Tensor:
            n_steps = tf.shape(indices)[0]
            notes = tf.TensorArray(tf.float32, size=n_steps)

            def body(index: tf.Tensor, notes: tf.TensorArray) -> tuple[tf.Tensor, tf.TensorArray]:
                if rate is not None:
                    rate.assign(rates[index])
                strategy.run(replica_step, args=(data, indices, index, first_step))
                return index + 1, notes.write(index, self._metric_state())

            _, notes = tf.while_loop(lambda index, _: index < n_steps, body, (0, notes))
            return notes.stack()

        # Unknown chunk and batch lengths: one graph serves every chunk, the last batch included.
        signature = [
            tuple(tf.TensorSpec((None, *values.shape[1:]), values.dtype) for values in pattern),
            tf.TensorSpec((None, None), tf.int32),
            tf.TensorSpec((), tf.int32),
            tf.TensorSpec((None,), tf.float32),
        ]
        return tf.function(
            chunk, input_signature=signature, jit_compile=xla or None, autograph=False
        )

    def _metric_state(self) -> tf.Tensor:
        """What is noted after each step, in one vector, which is one operation.

        Total and count of metrics that are means, the result so far of others.
        """
        state: list[Any] = []
        for metric in self._metrics:
            state += [metric.total, metric.count] if _is_mean(metric) else [metric.result()]
        return tf.stack([tf.cast(value, tf.float32) for value in state])

    def reset_metrics(self) -> None:
        """Starts a new epoch, or an evaluation."""
        self._model.reset_metrics()

    def train(
        self,
        data: DeviceData,
        indices: npt.NDArray[np.int32],
        first_step: int = 0,
        rates: FloatArray | None = None,
    ) -> dict[str, FloatArray]:
        """Runs one training step for each row of indices.

        Args:
            data: The training examples.
            indices: (steps, batch_size), rows of `data`. With several replicas each takes its
                share of a batch, as `engine.training.replicas` divides it.
            first_step: Steps done in the whole run before this chunk; decides the augmentation.
            rates: The learning rate of each step, (steps,); None: as the optimizer has it.

        Returns:
            Value of each metric for each batch alone, (steps,), by Keras's name.
        """
        if rates is None:
            rate = 0.0 if self._rate is None else self._rate.numpy()
            rates = np.full(len(indices), rate, np.float32)
        tensors = data.tensors

        def steps(rows: npt.NDArray[np.int32], first: int, each: FloatArray) -> Values:
            return self._run(self._train_chunk, tensors, rows, first, each)

        return self.watching.run(steps, tensors, indices, first_step, rates)

    def test(self, data: DeviceData, indices: npt.NDArray[np.int32]) -> dict[str, FloatArray]:
        """Evaluates the rows of indices without learning; otherwise like `train`.

        Weights of examples do not count; those of positions do.
        """
        rates = np.zeros(len(indices), np.float32)  # nothing is learnt
        return self._run(self._test_chunk, data.tested, indices, 0, rates)

    def _run(
        self,
        chunk: Callable[..., tf.Tensor],
        data: tuple[tf.Tensor, ...],
        indices: Array,
        first_step: int,
        rates: FloatArray,
    ) -> dict[str, FloatArray]:
        before = self._metric_state().numpy()
        noted = chunk(
            data, tf.constant(indices), tf.constant(first_step), tf.constant(rates)
        ).numpy()
        return self._per_batch(before, noted)

    def _per_batch(self, before: FloatArray, noted: FloatArray) -> dict[str, FloatArray]:
        """Takes running means apart into the value of each batch.

        The totals are float32 sums over the epoch, so a value is exact to about
        6e-8 × the total; the weights and the epoch's own result are not touched by this.

        Args:
            before: Metric state before the chunk, (states,).
            noted: Metric state after each step, (steps, states).
        """
        with np.errstate(invalid="ignore"):  # a diverged loss is infinite, and told by the trainer
            change = np.diff(noted.astype(np.float64), axis=0, prepend=before[np.newaxis])
        values: dict[str, FloatArray] = {}
        position = 0
        for metric in self._metrics:
            if _is_mean(metric):
                with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
                    mean = change[:, position] / change[:, position + 1]
                    values[metric.name] = mean.astype(np.float32)
                position += 2
            else:
                values[metric.name] = noted[:, position]
                position += 1
        return values

    def results(self) -> dict[str, float]:
        """Returns every metric over all steps since `reset_metrics`, by Keras's name."""
        return {metric.name: float(metric.result()) for metric in self._metrics}

    def predict(self, x: Array, batch_size: int = 1024) -> FloatArray:
        """Returns the model's outputs, (n_samples, outputs)."""
        parts = [
            self._predict(tf.constant(x[start : start + batch_size])).numpy()
            for start in range(0, len(x), batch_size)
        ]
        return np.concatenate(parts)

    @property
    def device(self) -> str:
        """Where the weights really are, such as ``CPU:0``, or ``GPU:0, GPU:1``."""
        if self._replicas > 1:
            devices = self._strategy.extended.worker_devices
            return ", ".join(device.rpartition("device:")[2] for device in devices)
        variables = self._model.trainable_variables or self._model.variables
        return tf.convert_to_tensor(variables[0]).device.rpartition("device:")[2]


def _rate_variable(model: keras.Model) -> keras.Variable | None:
    """The learning rate, where it is a variable and no schedule of Keras's own."""
    optimizer = model.optimizer
    # A schedule would be evaluated for a look at `learning_rate`, and could not be assigned to.
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    rate = inner._learning_rate
    return rate if isinstance(rate, keras.Variable) else None


def _leaf_metrics(model: keras.Model) -> list[keras.metrics.Metric]:
    """The metrics one by one: the loss first, then those the model was compiled with."""
    leaves: list[keras.metrics.Metric] = []
    for metric in model.metrics:
        # The group of those it was compiled with may be empty.
        leaves += list(getattr(metric, "metrics", [metric]))
    return leaves


def _is_mean(metric: keras.metrics.Metric) -> bool:
    """Its result is total / count and nothing more, so batches can be told apart."""
    return isinstance(metric, keras.metrics.Mean) and (
        type(metric).result is keras.metrics.Mean.result
    )
