"""Keras, with TensorFlow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import tensorflow as tf


class Runtime:
    """The model's file, opened."""

    batch = 256

    def __init__(self, path: Path, threads: int | None = None) -> None:
        if threads is not None:
            tf.config.threading.set_intra_op_parallelism_threads(threads)
        self.model = keras.saving.load_model(path, compile=False, safe_mode=True)
        self.types = {item.name: item.dtype for item in self.model.inputs}
        self.ask = tf.function(self.model, reduce_retracing=True)

    def __call__(self, feeds: dict[str, Any]) -> Any:
        """Returns what the file answers to inputs by name, (n, ...)."""
        given = {name: tf.constant(feeds[name], kind) for name, kind in self.types.items()}
        if not isinstance(self.model.input, dict):
            inputs = [*given.values()]
            return self.ask(inputs if len(inputs) > 1 else inputs[0]).numpy()
        return self.ask(given).numpy()
