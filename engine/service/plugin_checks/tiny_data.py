"""Tiny data of every kind and task, for contract tests over architectures.

A new kind or task is one line in `SIGNATURES`. `eight_rows` makes what goes in and what shall come
out, for whatever fits.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from engine.architectures.base import Architecture
from engine.spec.signature import Kind, Output, Signature, Task

Array = npt.NDArray[Any]

SIGNATURES = (
    Signature(Kind.TABLE, Task.REGRESSION, (4,)),
    Signature(Kind.TABLE, Task.CLASSIFICATION, (4,), 2),
    Signature(Kind.TABLE, Task.CLASSIFICATION, (4,), 3),
    Signature(Kind.TABLE, Task.MULTILABEL, (4,), 2),
    Signature(Kind.TABLE, Task.CONTROL, (4,), 2),
    Signature(Kind.TABLE, Task.CONTROL, (4,), n_values=2),
    Signature(Kind.TABLE, Task.ANOMALY, (4,)),
    Signature(Kind.IMAGE, Task.REGRESSION, (16, 16, 1)),
    Signature(Kind.IMAGE, Task.CLASSIFICATION, (16, 16, 1), 2),
    Signature(Kind.IMAGE, Task.CLASSIFICATION, (16, 16, 3), 4),
    Signature(Kind.IMAGE, Task.MULTILABEL, (16, 16, 1), 3),
    Signature(Kind.IMAGE, Task.CONTROL, (16, 16, 1), 3),
    Signature(Kind.IMAGE, Task.ANOMALY, (16, 16, 1)),
    Signature(Kind.TEXT, Task.CLASSIFICATION, (6,), 2, n_tokens=9),
    Signature(Kind.TEXT, Task.CLASSIFICATION, (6,), 4, n_tokens=9),
    Signature(Kind.TEXT, Task.MULTILABEL, (6,), 3, n_tokens=9),
    Signature(Kind.TEXT, Task.REGRESSION, (6,), n_tokens=9),
    Signature(Kind.TEXT, Task.TRANSLATION, (6,), 5, n_tokens=9, target_length=4),
    Signature(Kind.AUDIO, Task.CLASSIFICATION, (32, 16, 1), 4),
    Signature(Kind.AUDIO, Task.MULTILABEL, (32, 16, 1), 3),
    Signature(Kind.AUDIO, Task.REGRESSION, (32, 16, 1)),
    Signature(Kind.AUDIO, Task.TRANSCRIPTION, (32, 16, 1), 4, target_length=3),
    Signature(Kind.VIDEO, Task.CLASSIFICATION, (4, 16, 16, 1), 4),
    Signature(Kind.VIDEO, Task.MULTILABEL, (4, 16, 16, 1), 3),
    Signature(Kind.VIDEO, Task.REGRESSION, (4, 16, 16, 1)),
    Signature(Kind.SERIES, Task.FORECASTING, (12, 2), n_values=3),
    Signature(Kind.SERIES, Task.CLASSIFICATION, (12, 2), 4),
    Signature(Kind.SERIES, Task.MULTILABEL, (12, 2), 3),
    Signature(Kind.SERIES, Task.REGRESSION, (12, 2)),
    Signature(Kind.SERIES, Task.CONTROL, (12, 2), n_values=2),
    Signature(Kind.SERIES, Task.ANOMALY, (12, 2)),
)


def eight_rows(architecture: Architecture, signature: Signature) -> tuple[Array, Array]:
    """What the network receives and what it shall say, for eight examples that differ.

    Returns:
        Inputs (8, *the network's input), targets (8,) or (8, n_values) or (8, labels)
        or (8, target_length).
    """
    rng = np.random.default_rng(5)
    inputs = _inputs(signature, rng)
    targets = _targets(signature, inputs, rng)
    if architecture.is_autoregressive:
        start = np.full((8, 1), signature.n_classes, np.int32)
        inputs = np.concatenate([inputs, start, targets[:, :-1]], axis=1).astype(np.int32)
    return inputs, targets


def some_inputs(signature: Signature) -> Array:
    """What a network receives for eight examples that differ, (8, *input_shape)."""
    return _inputs(signature, np.random.default_rng(5))


def _inputs(signature: Signature, rng: np.random.Generator) -> Array:
    if signature.kind is not Kind.TEXT:
        return rng.normal(size=(8, *signature.input_shape)).astype(np.float32)
    inputs: Array = rng.integers(2, signature.n_tokens, (8, *signature.input_shape), dtype=np.int32)
    inputs[1::2, -2:] = 0  # every other text is shorter, and padded
    return inputs


def _targets(signature: Signature, inputs: Array, rng: np.random.Generator) -> Array:
    if signature.task is Task.ANOMALY:
        return np.zeros((8, 1), np.float32)  # nothing among the training examples is unusual
    if signature.target_length:
        tokens = rng.integers(1, signature.n_classes, (8, signature.target_length), dtype=np.int32)
        tokens[1::2, -1] = 0
        return tokens
    flat = inputs.reshape(8, -1)
    if not signature.n_classes:
        # On a plane through eight points, so that a linear model can learn it by heart, too.
        shifted = [np.roll(flat, -index, axis=1) for index in range(signature.n_values)]
        values = np.stack([item[:, :2].sum(axis=1) for item in shifted], axis=1)
        return values.astype(np.float32) / (1 if signature.kind is not Kind.TEXT else 8)
    if signature.output is Output.LABELS:
        if signature.kind in (Kind.TABLE, Kind.SERIES):  # a plane parts each label from the rest
            return (flat[:, : signature.n_classes] > 0).astype(np.float32)
        return (np.arange(8)[:, None] >> np.arange(signature.n_classes) & 1).astype(np.float32)
    if signature.kind in (Kind.TABLE, Kind.SERIES):
        return np.digitize(flat[:, 0], np.linspace(-0.5, 0.5, signature.n_classes - 1))
    return np.arange(8) % signature.n_classes
