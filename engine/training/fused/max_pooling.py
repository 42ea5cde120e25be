"""Max pooling before the bias and the activation that come before it. For workers only.

The largest of several numbers stays the largest under whatever rises: adding the same to all, and
most activations. So pooling may come first, and what follows has a quarter of the numbers to work
on, forwards and backwards. Of numbers that an activation makes equal another one may get the
gradient, but where that happens an activation is flat, and the gradient zero.
"""

from __future__ import annotations

from collections.abc import Callable

import keras
import tensorflow as tf

from engine.training.fused.provenance import Provenance, Risen

Function = Callable[[tf.Tensor], tf.Tensor]

_POOLING = (keras.layers.MaxPooling1D, keras.layers.MaxPooling2D, keras.layers.MaxPooling3D)
_CONVOLUTIONS = (keras.layers.Conv2D, keras.layers.Conv3D)  # one over time may be causal
_RISING = (
    keras.activations.linear,
    keras.activations.relu,
    keras.activations.elu,
    keras.activations.selu,
    keras.activations.softplus,
    keras.activations.sigmoid,
    keras.activations.tanh,
)
"""Activations that never fall; `gelu` and `silu` do."""


def is_supported(layer: keras.layers.Layer) -> bool:
    """Whether going before what it is fed by saves work: it leaves less than it is given."""
    return type(layer) in _POOLING and max(layer.strides) > 1 and bool(fed_by(layer))


def fed_by(layer: keras.layers.Layer) -> list[keras.layers.Layer]:
    """The layers before it that end with something that pooling may go before."""
    inputs = (tensor for node in layer._inbound_nodes for tensor in node.input_tensors)
    before = (tensor._keras_history.operation for tensor in inputs)
    return [it for it in before if _rises(it)]


def _rises(layer: keras.layers.Layer) -> bool:
    if type(layer) in _CONVOLUTIONS:
        return (
            layer.data_format == "channels_last"
            and layer.quantization_mode is None
            and layer.activation in _RISING
        )
    return type(layer) is keras.layers.Activation and layer.activation in _RISING


def call_rising(layer: keras.layers.Layer, provenance: Provenance) -> Callable[..., tf.Tensor]:
    """What may stand in for the `call` of one of `fed_by`: it computes the same, and is noted."""
    start, rise = _halves(layer)

    def run(inputs: tf.Tensor) -> tf.Tensor:
        before = start(inputs)
        outputs = rise(before)
        provenance.note_risen(outputs, Risen(before, rise))
        return outputs

    return run


def _halves(layer: keras.layers.Layer) -> tuple[Function, Function]:
    """What a layer does before pooling may come, and what may come after pooling."""
    if type(layer) is keras.layers.Activation:
        return tf.identity, layer.activation

    def convolve(inputs: tf.Tensor) -> tf.Tensor:
        return layer.convolution_op(inputs, layer.kernel)

    def rise(convolved: tf.Tensor) -> tf.Tensor:
        if layer.use_bias:
            convolved = convolved + tf.convert_to_tensor(layer.bias)
        return layer.activation(convolved)

    return convolve, rise


def call(layer: keras.layers.Layer, provenance: Provenance) -> Callable[..., tf.Tensor]:
    """What may stand in for `layer.call`."""
    original = layer.call

    def run(inputs: tf.Tensor) -> tf.Tensor:
        risen = provenance.risen(inputs)
        return original(inputs) if risen is None else risen.of(original(risen.before))

    return run
