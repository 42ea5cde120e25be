"""Convolutions of single points with a stride, so that no library writes beyond its memory.

Imported by workers only.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import keras
import tensorflow as tf


@contextlib.contextmanager
def sampling_first() -> Iterator[None]:
    """Such a convolution gets only the points that it looks at, and needs no stride then.

    Residual networks have them where they shrink. On some processors (an AMD EPYC with AVX-512, and
    TensorFlow 2.21) oneDNN's gradient of their kernels overwrites what lies behind its memory: a
    training ends in a segmentation fault, or goes on with wrong numbers. What is computed stays the
    same. Where Keras is built in another way one day, nothing is changed.
    """
    nn: Any = getattr(getattr(getattr(keras, "src", None), "backend", None), "nn", None)
    original = getattr(nn, "conv", None)
    if original is None:
        yield
        return

    def conv(
        inputs: tf.Tensor,
        kernel: tf.Tensor,
        strides: int | Sequence[int] = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: int | Sequence[int] = 1,
    ) -> tf.Tensor:
        steps = _steps(strides, len(kernel.shape) - 2)
        is_last = (data_format or keras.config.image_data_format()) == "channels_last"
        if is_last and max(steps) > 1 and set(kernel.shape[:-2]) == {1}:
            inputs = inputs[(slice(None), *(slice(None, None, step) for step in steps))]
            strides = 1
        return original(inputs, kernel, strides, padding, data_format, dilation_rate)

    nn.conv = conv
    try:
        yield
    finally:
        nn.conv = original


def _steps(strides: int | Sequence[int], n_axes: int) -> tuple[int, ...]:
    return (strides,) * n_axes if isinstance(strides, int) else tuple(strides)
