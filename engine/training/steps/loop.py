"""The step loop: many of Keras's own train steps inside one graph call. Imported by workers only.

Keras's `fit` comes back to Python after every step, which costs a small model most of its time.
Here the data rests on the device, and one `tf.function` runs a chunk of steps in a
`tf.while_loop`, gathering each batch by index. The arithmetic is that of `Model.train_step`,
so every weight is bit-identical to `fit` given the same order of examples, unless layers are fused
or XLA is used: then it is so to rounding.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from engine.training.fused import describe, is_mostly_recurrent
from engine.training.plan import Way
from engine.training.steps.chunk import (
    Augment,
    FloatArray,
    Noted,
    StepGraph,
    Tensors,
    Values,
    build_state,
    leaf_metrics,
    metric_state,
    rate_variable,
    values_of,
)
from engine.training.steps.direct_call import DirectCall
from engine.training.steps.replicas import DividedChunk
from engine.training.steps.step_probe import StepProbing
from engine.training.steps.twin_chunk import TwinChunk, state_of

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class DeviceData:
    """Examples held on the device.

    Attributes:
        x: (n_samples, *input_shape).
        y: (n_samples, …).
        weights: How much each example counts in the loss, (n_samples,), or each position of it,
            (n_samples, positions); None: all the same.
        batch_size: Of every batch of the part that they belong to; None: the last is smaller, or
            it is not known.
    """

    x: tf.Tensor
    y: tf.Tensor
    weights: tf.Tensor | None = None
    batch_size: int | None = None

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
        strategy: A `tf.distribute` strategy; a batch is divided among its replicas.
        augment: Changes the inputs of a training batch at random, given them and a seed, (2,).
        seed: Of the run; with the number of the step it decides what `augment` does.
        fused_for: Examples in a batch, if training steps may be computed in fewer operations, as
            `engine.training.fused` does on one replica; 0: as Keras computes them, bit by bit.

    Attributes:
        probing: Lets single training steps be looked at.
        fused: What is computed in fewer operations, as a sentence; empty: nothing.
        is_mostly_recurrent: Its training graph is mostly steps of fused recurrent layers.
    """

    def __init__(
        self,
        model: keras.Model,
        data: DeviceData,
        strategy: tf.distribute.Strategy | None = None,
        augment: Augment | None = None,
        seed: int = 0,
        fused_for: int = 0,
    ) -> None:
        self._seed, self._augment, self._model = seed, augment, model
        self.probing = StepProbing()
        self._strategy = strategy or tf.distribute.get_strategy()
        self.fused = describe(model) if fused_for and self.replicas == 1 else ""
        self._fused_for = fused_for if self.fused else 0
        self.is_mostly_recurrent = bool(self.fused) and is_mostly_recurrent(model)
        self._pattern = data
        self._changing = threading.Lock()  # nobody copies a model that is being changed
        self._begin_steps()
        self.renew_prediction()

    def _begin_steps(self) -> None:
        """Makes the state of steps as the model is compiled now; graphs follow when wanted."""
        with self._strategy.scope():
            build_state(self._model, self._pattern.x[:1], self._pattern.y[:1])
        self._metrics = leaf_metrics(self._model)
        self._results: FloatArray | None = None
        self._taken: TwinChunk | None = None
        self._failed: Callable[[Exception], None] | None = None
        self._rate = rate_variable(self._model)
        self._chunks: dict[tuple[bool, int | None], Callable[..., Noted]] = {}

    def renew(self, change: Callable[[], None]) -> None:
        """Makes steps anew, as other weights learn from now on; the weights stay what they are.

        Args:
            change: Says which weights learn, and compiles the model again.
        """
        with self._changing, self._strategy.scope():
            change()
            self._begin_steps()

    def renew_prediction(self) -> None:
        """Forgets the graph of predictions: the model computes in another way from now on."""
        self._predict = tf.function(
            lambda x: self._model(x, training=False),
            input_signature=[_any_number_of(self._pattern.x)],
            autograph=False,
        )

    def _chunk(self, learns: bool, data: DeviceData, indices: Array) -> Callable[..., Noted]:
        """What runs steps over such rows of data; its graph is made when it is first wanted.

        Where all batches have the same length, `fit` computes with that constant, and the graph
        has to know it as well: TensorFlow multiplies by the inverse of a constant where it would
        divide by a number that only the step knows, which is not the same to the bit.
        """
        is_known = indices.shape[1] == data.batch_size and self.replicas == 1
        batch_size = data.batch_size if is_known else None
        found = self._chunks.get((learns, batch_size))
        if found is None:
            model, of = self._model, self._pattern
            if learns:
                tensors, augment, rate = of.tensors, self._augment, self._rate
                found = self._graph(model.train_step, tensors, batch_size, augment, rate)
            else:
                found = self._graph(model.test_step, of.tested, batch_size)
            self._chunks[learns, batch_size] = found
        return found

    def _graph(
        self,
        step: Callable[[Any], Any],
        pattern: Tensors,
        batch_size: int | None,
        augment: Augment | None = None,
        rate: keras.Variable | None = None,
    ) -> Callable[..., Noted]:
        """The graph of a chunk: `step` over rows of indices, metric state noted after each.

        `rate` is given the rate of each step before it. Batches have `batch_size` examples; None:
        any number of them.
        """
        strategy, metrics = self._strategy, self._metrics
        if self.replicas > 1:
            learns, note = rate is not None, partial(metric_state, metrics)
            divided = DividedChunk(strategy, step, metrics, note, learns, augment, self._seed, rate)
            return lambda *values: (note(), divided(*values), None)
        graph = StepGraph(metrics, step, strategy, augment, self._seed, rate)
        is_fused = bool(self._fused_for) and step == self._model.train_step
        if is_fused:
            graph.fuse(self._model, self._fused_for)
        # Unknown lengths of chunks: one graph serves them all.
        function = DirectCall(
            tf.function(
                graph.run,
                input_signature=[
                    tuple(_any_number_of(values) for values in pattern),
                    *StepGraph.signature(None, batch_size),
                ],
                autograph=False,
            ),
            is_only_pruned=is_fused and self.is_mostly_recurrent,
        )
        return lambda data, indices, first, rates: function(
            data, indices, tf.constant(indices.shape[0]), first, rates
        )

    @property
    def augments(self) -> str:
        """What changes its batches at random, in words of its own; empty: nothing."""
        return "" if self._augment is None else repr(self._augment)

    @property
    def learning_rate(self) -> float:
        """That of the optimizer, of which each device may have a copy."""
        return float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))

    @property
    def replicas(self) -> int:
        """Devices, or workers, that share each batch."""
        return int(self._strategy.num_replicas_in_sync)

    @property
    def model(self) -> keras.Model:
        """What it trains."""
        return self._model

    def twin_chunk(self, way: Way, data: DeviceData, batch_size: int, steps: int) -> TwinChunk:
        """Makes a training chunk that works on a twin of the model. For any thread.

        Args:
            way: In which it computes.
            data: Examples of exactly the shapes it will see.
            batch_size: Examples in each step.
            steps: Steps it can run in one call, at most.
        """
        shape = (steps, batch_size)
        with self._changing:
            return TwinChunk(
                way, self._model, data.tensors, shape, self._augment, self._seed, bool(self.fused)
            )

    @property
    def rate(self) -> float:
        """The learning rate of the last step; 0 where a schedule of Keras's own decides it."""
        return 0.0 if self._rate is None else float(self._rate.numpy())

    def use(
        self, chunk: TwinChunk, failed: Callable[[Exception], None] = lambda error: None
    ) -> None:
        """Runs training steps that fit through another chunk from now on.

        Args:
            chunk: It works on this loop's model.
            failed: Told if its first call fails. That call is then undone, done by plain steps, and
                these go on.
        """
        self._taken = chunk
        self._failed = failed

    @property
    def can_repeat(self) -> bool:
        """Steps can be done again from an earlier state, whenever that is wanted."""
        return True

    def reset_metrics(self) -> None:
        """Starts a new epoch, or an evaluation."""
        self._results = None
        self._model.reset_metrics()

    def train(
        self,
        data: DeviceData,
        indices: npt.NDArray[np.int32],
        first_step: int = 0,
        rates: FloatArray | None = None,
    ) -> Values:
        """Runs one training step for each row of indices.

        Args:
            data: The training examples.
            indices: (steps, batch_size), rows of `data`. With several replicas each takes its
                share of a batch, as `engine.training.steps.replicas` divides it.
            first_step: Steps done in the whole run before this chunk; decides the augmentation.
            rates: The learning rate of each step, (steps,); None: as the optimizer has it.

        Returns:
            Value of each metric for each batch alone, (steps,), by Keras's name.
        """
        if rates is None:
            rates = np.full(len(indices), self.rate, np.float32)
        tensors = data.tensors

        def steps(rows: npt.NDArray[np.int32], first: int, each: FloatArray) -> Values:
            if self._taken is not None and self._taken.fits(tensors, rows):
                noted = self._try(self._taken, tensors, rows, first, each)
                if noted is not None:
                    return noted
            return self._run(self._chunk(True, data, rows), tensors, rows, first, each)

        return self.probing.run(steps, tensors, indices, first_step, rates)

    def _try(
        self,
        chunk: TwinChunk,
        data: Tensors,
        indices: npt.NDArray[np.int32],
        first_step: int,
        rates: FloatArray,
    ) -> Values | None:
        """Runs it; None where the first call of it failed, and changed nothing."""
        if self._failed is None:
            return self._read(chunk.run(data, indices, first_step, rates))
        variables = state_of(self._model)
        before = [variable.numpy() for variable in variables]
        try:
            noted = self._read(chunk.run(data, indices, first_step, rates))
        except Exception as error:
            for variable, value in zip(variables, before, strict=True):
                variable.assign(value)
            self._taken = None
            self._failed(error)
            noted = None
        self._failed = None
        return noted

    def test(self, data: DeviceData, indices: npt.NDArray[np.int32]) -> Values:
        """Evaluates the rows of indices without learning; otherwise like `train`.

        Weights of examples do not count; those of positions do.
        """
        rates = np.zeros(len(indices), np.float32)  # nothing is learnt
        chunk = self._chunk(False, data, indices)
        return self._run(chunk, data.tested, indices, 0, rates)

    def _run(
        self,
        chunk: Callable[..., Noted],
        data: Tensors,
        indices: Array,
        first_step: int,
        rates: FloatArray,
    ) -> Values:
        return self._read(
            chunk(data, tf.constant(indices), tf.constant(first_step), tf.constant(rates))
        )

    def _read(self, noted: Noted) -> Values:
        before, after, results = noted
        self._results = None if results is None else results.numpy()
        return values_of(self._metrics, before.numpy(), after.numpy())

    def results(self) -> dict[str, float]:
        """Returns every metric over all steps since `reset_metrics`, by Keras's name."""
        if self._results is None:
            return {metric.name: float(metric.result()) for metric in self._metrics}
        values = self._results.tolist()
        return {metric.name: value for metric, value in zip(self._metrics, values, strict=True)}

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
        if self._strategy.num_replicas_in_sync > 1:
            devices = self._strategy.extended.worker_devices
            return ", ".join(device.rpartition("device:")[2] for device in devices)
        variables = self._model.trainable_variables or self._model.variables
        return tf.convert_to_tensor(variables[0]).device.rpartition("device:")[2]


def _any_number_of(values: tf.Tensor) -> tf.TensorSpec:
    """The signature of tensors like these, (n, …), for any n."""
    return tf.TensorSpec((None, *values.shape[1:]), values.dtype)
