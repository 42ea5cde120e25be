"""LiteRT: the model's arithmetic in 32, 16 or 8 bits. Imported by workers only."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from engine.inference.export.apart import converted_apart
from engine.inference.export.boundary import Boundary
from engine.inference.export.frozen import frozen

METADATA: Final = "descent"


def write_litert(
    boundary: Boundary,
    card: Mapping[str, Any],
    path: Path,
    samples: npt.NDArray[Any],
) -> None:
    """Writes a model for LiteRT, one example at a time.

    Args:
        boundary: What is in the file.
        card: Kept in its metadata; its format says in how many bits.
        path: The file.
        samples: Of the training part, as the file takes them, (n, …): of 8 bits the ranges of all
            values are learnt from them; none: weights alone are of 8 bits.

    Raises:
        Exception: Whatever the converter raises of what it cannot convert.
    """
    with _pooled_by_planes():
        function = frozen(boundary.function, boundary.specs)
    content = (
        converted_apart(function, samples.astype(boundary.specs[0].dtype.as_numpy_dtype))
        if card["format"] == "litert_int8"
        else _converted(function, is_half=card["format"] == "litert_float16")
    )
    path.write_bytes(_with_metadata(content, card))


def _converted(function: Any, is_half: bool) -> bytes:
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function], tf.Module())
    if is_half:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.target_spec.supported_types = [tf.float16]
    return bytes(converter.convert())


@contextmanager
def _pooled_by_planes() -> Iterator[None]:
    """Within it Keras pools clips frame by frame and then over time: LiteRT has planes alone."""
    pooling = keras.layers.MaxPooling3D
    with patch.object(pooling, "call", _pooled):
        yield


def _pooled(layer: keras.layers.MaxPooling3D, clips: Any) -> Any:
    """What `MaxPooling3D` gives, (batch, frames, height, width, channels).

    Raises:
        ValueError: Its windows overlap, or leave something out.
    """
    if tuple(layer.pool_size) != tuple(layer.strides):
        raise ValueError(f"The layer '{layer.name}' pools in a way that LiteRT does not know.")
    n, frames, height, width, channels = clips.shape
    over, *plane = layer.pool_size
    planes = tf.reshape(clips, (n * frames, height, width, channels))
    smaller = tf.nn.max_pool2d(planes, plane, plane, layer.padding.upper())
    height, width = smaller.shape[1:3]
    apart = tf.reshape(smaller, (n, frames, height * width * channels))
    if layer.padding == "same":
        missing = -frames % over
        ends = [[0, 0], [missing // 2, missing - missing // 2], [0, 0]]
        apart = tf.pad(apart, ends, constant_values=apart.dtype.min)
        frames += missing
    kept = frames // over
    apart = tf.reshape(apart[:, : kept * over], (n * kept, over, height * width * channels))
    return tf.reshape(tf.reduce_max(apart, axis=1), (n, kept, height, width, channels))


def _with_metadata(content: bytes, card: Mapping[str, Any]) -> bytes:
    """The same file with what it says of itself, as JSON in its metadata."""
    from tensorflow.lite.python import schema_py_generated as schema
    from tensorflow.lite.tools import flatbuffer_utils

    model = flatbuffer_utils.convert_bytearray_to_object(bytearray(content))
    brief = {key: value for key, value in card.items() if key not in ("prepare", "inputs")}
    buffer, entry = schema.BufferT(), schema.MetadataT()
    buffer.data = np.frombuffer(json.dumps(brief).encode(), np.uint8)
    entry.name, entry.buffer = METADATA, len(model.buffers)
    model.buffers.append(buffer)
    model.metadata = [*(model.metadata or []), entry]
    model.description = str(card.get("name", "")) or "Descent"
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))
