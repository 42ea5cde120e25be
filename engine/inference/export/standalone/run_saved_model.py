"""TensorFlow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tensorflow as tf


class Runtime:
    """The model's folder, opened."""

    batch = 256

    def __init__(self, path: Path, threads: int | None = None) -> None:
        if threads is not None:
            tf.config.threading.set_intra_op_parallelism_threads(threads)
        self.loaded = tf.saved_model.load(str(path))
        self.ask = self.loaded.signatures["serving_default"]
        self.types = {
            name: item.dtype for name, item in self.ask.structured_input_signature[1].items()
        }

    def __call__(self, feeds: dict[str, Any]) -> Any:
        """Returns what the file answers to inputs by name, (n, ...)."""
        given = {name: tf.constant(feeds[name], kind) for name, kind in self.types.items()}
        (found,) = self.ask(**given).values()
        return found.numpy()
