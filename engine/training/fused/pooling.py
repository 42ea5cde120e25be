"""The mean over tokens, taken before what comes before it where that is less. For workers only."""

from __future__ import annotations

from collections.abc import Callable

import keras
import tensorflow as tf

from engine.training.fused.provenance import Provenance


def is_supported(layer: keras.layers.Layer) -> bool:
    """Whether it is the plain mean over tokens."""
    return (
        type(layer) is keras.layers.GlobalAveragePooling1D
        and layer.data_format == "channels_last"
        and not layer.keepdims
    )


def call(
    layer: keras.layers.GlobalAveragePooling1D, provenance: Provenance
) -> Callable[..., tf.Tensor]:
    """What may stand in for `layer.call`."""
    original = layer.call

    def run(inputs: tf.Tensor, mask: tf.Tensor | None = None) -> tf.Tensor:
        mean = provenance.pooled(inputs) if mask is None else None
        return original(inputs, mask=mask) if mean is None else mean()

    return run
