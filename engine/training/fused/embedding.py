"""Notes of which table the tokens that an `Embedding` made are rows. For workers only."""

from __future__ import annotations

from collections.abc import Callable

import keras
import tensorflow as tf

from engine.training.fused.provenance import Looked, Provenance


def is_supported(layer: keras.layers.Layer) -> bool:
    """Whether its output is plainly rows of its table."""
    return (
        type(layer) is keras.layers.Embedding
        and layer.built
        and not layer.lora_enabled
        and layer.quantization_mode is None
        and layer.compute_dtype == layer.variable_dtype == "float32"
    )


def call(layer: keras.layers.Embedding, provenance: Provenance) -> Callable[[tf.Tensor], tf.Tensor]:
    """What may stand in for `layer.call`: it computes the same, and is noted."""
    original = layer.call

    def run(inputs: tf.Tensor) -> tf.Tensor:
        outputs = original(inputs)
        if inputs.shape.rank == 2:
            rows = tf.cast(inputs, tf.int32)
            # Keras counts negative ones from the end.
            rows = tf.where(rows < 0, rows + layer.input_dim, rows)
            provenance.note_looked(outputs, Looked(tf.convert_to_tensor(layer.embeddings), rows))
        return outputs

    return run
