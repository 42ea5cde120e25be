"""Finds the layer from which on an exported model answers otherwise. Imported by workers only."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import keras
import numpy as np
import tensorflow as tf

from engine.datasets.base import AnyArray
from engine.inference.export.boundary import Boundary
from engine.inference.export.card import NETWORK, PREPARED

_EQUAL: Final = 1e-4
"""Of the range of a layer's answers."""

Ask = Callable[[keras.Model, AnyArray], AnyArray]


def first_different(network: keras.Model, x: AnyArray, ask: Ask) -> keras.layers.Layer | None:
    """The first layer whose answers are others in another format; None: none are.

    Looks in halves, as what a layer does wrong goes on to those behind it.

    Args:
        network: As it was trained.
        x: What it receives, (n, …).
        ask: Answers for a network in the other format.
    """
    layers = [
        layer
        for layer in network.layers
        if not isinstance(layer, keras.layers.InputLayer)
        and isinstance(getattr(layer, "output", None), keras.KerasTensor)
    ]
    first, last = 0, len(layers)
    while first < last:
        middle = (first + last) // 2
        if _differs(keras.Model(network.inputs[0], layers[middle].output), x, ask):
            last = middle
        else:
            first = middle + 1
    return layers[first] if first < len(layers) else None


def _differs(part: keras.Model, x: AnyArray, ask: Ask) -> bool:
    wanted = np.asarray(part(x, training=False), np.float64)
    found = np.asarray(ask(part, x), np.float64)
    if found.shape != wanted.shape:
        return True
    limit = _EQUAL * max(float(np.ptp(wanted)), 1e-9)
    return not bool((np.abs(found - wanted) <= limit).all())


def asked_in(format: str) -> Ask:
    """Asks a network in a format, in this process."""

    def ask(part: keras.Model, x: AnyArray) -> AnyArray:
        with tempfile.TemporaryDirectory() as folder:
            return _asked(part, x, format, Path(folder) / "part")

    return ask


def _asked(part: keras.Model, x: AnyArray, format: str, path: Path) -> AnyArray:
    batch = 1 if format.startswith("litert") else None
    kind = tf.as_dtype(part.inputs[0].dtype)
    spec = tf.TensorSpec((batch, *part.inputs[0].shape[1:]), kind, name="inputs")
    boundary = Boundary(lambda given: part(given, training=False), (spec,), PREPARED, NETWORK)
    card: dict[str, Any] = {"entry": PREPARED, "format": "litert", "output": {"type": "numbers"}}
    if format == "onnx":
        from engine.inference.export.onnx_file import write_onnx
        from engine.inference.export.standalone import run_onnx

        write_onnx(boundary, card, path)
        return np.asarray(run_onnx.Runtime(path)({"inputs": x}))
    from engine.inference.export.litert_file import write_litert
    from engine.inference.export.standalone import run_litert

    write_litert(boundary, card, path, x)
    runtime = run_litert.Runtime(path)
    rows = [runtime({"inputs": x[row : row + 1]}).copy() for row in range(len(x))]
    return np.concatenate(rows)
