"""Calling a traced graph without what `tf.function` does at every call. For workers only."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from engine.training.steps.rewriting import call_options


class DirectCall:
    """Calls a graph whose inputs are known to be of its signature.

    `tf.function` compares every input, and every variable that the graph uses, with the signature
    anew: 1 to 3 ms a call on two cores, for a model of a few layers, in chunks of 30 ms. Here the
    call is one operation. It is traced by the first call. Not for graphs compiled with XLA, which
    this operation would run uncompiled.

    Args:
        function: With an input signature, of tensors in nests; returns a tuple of tensors.
        is_only_pruned: As for `call_options`.
    """

    def __init__(self, function: Any, is_only_pruned: bool = False) -> None:
        self._function = function
        self._options = call_options(is_only_pruned)
        self._traced: Any = None
        self._types: list[tf.DType] = []

    @property
    def traced(self) -> Any:
        """The concrete function; traced now, if it was not yet."""
        if self._traced is None:
            self._traced = self._function.get_concrete_function()
            self._types = [output.dtype for output in self._traced.outputs]
        return self._traced

    def __call__(self, *values: Any) -> tuple[tf.Tensor, ...]:
        """What the function returns for `values`."""
        traced = self.traced
        inputs = [tf.convert_to_tensor(value) for value in tf.nest.flatten(values)]
        return tuple(
            tf.raw_ops.StatefulPartitionedCall(
                args=[*inputs, *traced.captured_inputs],
                Tout=self._types,
                f=traced,
                config_proto=self._options,
            )
        )
