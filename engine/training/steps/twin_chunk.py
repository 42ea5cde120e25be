"""A chunk of training steps in another way, tried on a twin before it touches the model.

For workers only. Its graph is traced on a twin of the model, which shares no Python object with it,
so that both can be at work in different threads. What was traced and compiled depends on the graph
and on shapes only, so the model's variables can take the place of the twin's without another
compilation. XLA compiles for fixed shapes: its chunk takes a fixed number of rows, of which any
number counts.
"""

from __future__ import annotations

import contextlib
import json

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from engine.files.bounded import parse_object
from engine.training.plan import Way
from engine.training.precision import use_bfloat16
from engine.training.steps.chunk import (
    Augment,
    Noted,
    StepGraph,
    Tensors,
    build_state,
    leaf_metrics,
    rate_variable,
)
from engine.training.steps.direct_call import DirectCall
from engine.training.steps.own_names import names_of_their_own


class TwinChunk:
    """Many training steps as one graph of its own. Made, and first run, in any thread.

    Args:
        way: In which it computes.
        model: Compiled, with its state built; it is not changed before `adopt`.
        pattern: x, y, and weights if there are any, of exactly the shapes it will see.
        shape: Steps it can run in one call, at most, and examples in each.
        augment: As for `StepGraph`.
        seed: As for `StepGraph`.
        fuses: Computes in fewer operations, as `engine.training.fused` does.

    Raises:
        Exception: There is no twin of such a model.
    """

    def __init__(
        self,
        way: Way,
        model: keras.Model,
        pattern: Tensors,
        shape: tuple[int, int],
        augment: Augment | None = None,
        seed: int = 0,
        fuses: bool = False,
    ) -> None:
        is_fixed = way is Way.XLA
        self._rows: int | None = shape[0] if is_fixed else None
        self._batch_size = shape[1]
        self._pattern = [
            tf.TensorSpec(values.shape if is_fixed else (None, *values.shape[1:]), values.dtype)
            for values in pattern
        ]
        twin = self._twin = twin_of(model, pattern)
        if way is Way.BFLOAT16:
            use_bfloat16(twin)
        graph = StepGraph(
            leaf_metrics(twin),
            twin.train_step,
            tf.distribute.get_strategy(),
            augment,
            seed,
            rate_variable(twin),
        )
        if fuses:
            graph.fuse(twin, shape[1])
        signature = [tuple(self._pattern), *StepGraph.signature(self._rows, self._batch_size)]
        function = tf.function(
            graph.run, input_signature=signature, jit_compile=is_fixed, autograph=False
        )
        if not is_fixed:
            self._call = direct = DirectCall(function)
            self._traced = direct.traced
            return
        told = ""
        with contextlib.suppress(Exception):  # then it is only compiled anew
            told = layers_of(twin)
        with names_of_their_own(repr((told, shape, self._pattern, fuses, repr(augment), seed))):
            self._call = self._traced = function.get_concrete_function()

    def fits(self, data: Tensors, indices: npt.NDArray[np.int32]) -> bool:
        """Whether it was made for such data and batches, and for as many of them."""
        return (
            indices.shape[1] == self._batch_size
            and (self._rows is None or len(indices) <= self._rows)
            and all(
                spec.is_compatible_with(it) for spec, it in zip(self._pattern, data, strict=True)
            )
        )

    def run(
        self,
        data: Tensors,
        indices: npt.NDArray[np.int32],
        first_step: int,
        rates: npt.NDArray[np.float32],
    ) -> Noted:
        """Runs one step for each row of indices; compiles before, the first time.

        Args:
            data: x, y, and weights if there are any.
            indices: (steps, batch_size), rows of `data`.
            first_step: Number of the first step in the whole run.
            rates: The learning rate of each step, (steps,).
        """
        n_steps = len(indices)
        missing = 0 if self._rows is None else self._rows - n_steps
        if missing:
            indices = np.pad(indices, ((0, missing), (0, 0)))
            rates = np.pad(rates, (0, missing))
        numbers = (tf.constant(n_steps), tf.constant(first_step), tf.constant(rates))
        before, after, results = self._call(data, tf.constant(indices), *numbers)
        return before, after[:n_steps] if missing else after, results

    def adopt(self, model: keras.Model) -> None:
        """Works on the model from now on, and no longer on its twin."""
        place = {
            id(_handle(ours)): _handle(theirs)
            for ours, theirs in zip(state_of(self._twin), state_of(model), strict=True)
        }
        self._traced.set_external_captures(
            [place.get(id(captured), captured) for captured in self._traced.captured_inputs]
        )


def layers_of(model: keras.Model) -> str:
    """What its layers are, as JSON, without how it is trained.

    Raises:
        Exception: A layer of somebody else's does not tell.
    """
    told = parse_object(model.to_json())
    told.pop("compile_config", None)
    return json.dumps(told, sort_keys=True)


def state_of(model: keras.Model) -> list[keras.Variable]:
    """Every variable that a training step may change, each once, in a fixed order."""
    found = (*model.variables, *model.optimizer.variables, *model.metrics_variables)
    return list({id(variable): variable for variable in found}.values())


def twin_of(model: keras.Model, pattern: Tensors) -> keras.Model:
    """A model of the same layers, compiled in the same way, in the same state.

    Args:
        model: Functional or sequential, compiled, with its state built.
        pattern: x and y of the kind it takes.

    Raises:
        Exception: It cannot be built again from what its layers tell of themselves.
    """
    twin = keras.models.clone_model(model)
    twin.dtype_policy = model.dtype_policy  # with 16 bits of range, it has the loss scaled
    twin.compile_from_config(model.get_compile_config())
    build_state(twin, pattern[0][:1], pattern[1][:1])
    ours, theirs = state_of(twin), state_of(model)
    shapes = [[(tuple(it.shape), it.dtype) for it in state] for state in (ours, theirs)]
    if shapes[0] != shapes[1]:
        raise ValueError("the model has variables of its own that a copy of it has not")
    for mine, its in zip(ours, theirs, strict=True):
        mine.assign(its.value)
    return twin


def _handle(variable: keras.Variable) -> tf.Tensor:
    return variable.value.handle
