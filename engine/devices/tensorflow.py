"""TensorFlow is imported here first: what has to be set before anything computes, is set here."""

from __future__ import annotations

import contextlib


def load_tensorflow() -> None:
    """Imports TensorFlow and has it take a GPU's memory as it needs it.

    All of it at once, its default, would starve every other program on the GPU.
    """
    import tensorflow as tf

    for gpu in tf.config.list_physical_devices("GPU"):
        with contextlib.suppress(RuntimeError):  # it computes already; then it is too late
            tf.config.experimental.set_memory_growth(gpu, True)
