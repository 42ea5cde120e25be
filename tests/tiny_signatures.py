"""Tiny data of every kind and task, for contract tests over the architectures.

A new kind or task is one line in `SIGNATURES`; an architecture that is heavy with its defaults has
a line in `TINY`. `eight_rows` makes what goes in and what shall come out::

    for architecture, signature in fitting_pairs():
        inputs, targets = eight_rows(architecture, signature)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from engine.architectures import ARCHITECTURES
from engine.architectures.base import Architecture
from engine.spec.signature import Kind, Signature, Task

Array = npt.NDArray[Any]
Pair = tuple[Architecture, Signature]
EVERYTHING = pytest.mark.everything

SIGNATURES = (
    Signature(Kind.TABLE, Task.REGRESSION, (4,)),
    Signature(Kind.TABLE, Task.CLASSIFICATION, (4,), 2),
    Signature(Kind.TABLE, Task.CLASSIFICATION, (4,), 3),
    Signature(Kind.TABLE, Task.CONTROL, (4,), 2),
    Signature(Kind.TABLE, Task.CONTROL, (4,), n_values=2),
    Signature(Kind.TABLE, Task.ANOMALY, (4,)),
    Signature(Kind.IMAGE, Task.REGRESSION, (16, 16, 1)),
    Signature(Kind.IMAGE, Task.CLASSIFICATION, (16, 16, 1), 2),
    Signature(Kind.IMAGE, Task.CLASSIFICATION, (16, 16, 3), 4),
    Signature(Kind.IMAGE, Task.CONTROL, (16, 16, 1), 3),
    Signature(Kind.IMAGE, Task.ANOMALY, (16, 16, 1)),
    Signature(Kind.TEXT, Task.CLASSIFICATION, (6,), 2, n_tokens=9),
    Signature(Kind.TEXT, Task.CLASSIFICATION, (6,), 4, n_tokens=9),
    Signature(Kind.TEXT, Task.REGRESSION, (6,), n_tokens=9),
    Signature(Kind.TEXT, Task.TRANSLATION, (6,), 5, n_tokens=9, target_length=4),
    Signature(Kind.AUDIO, Task.CLASSIFICATION, (32, 16, 1), 4),
    Signature(Kind.AUDIO, Task.REGRESSION, (32, 16, 1)),
    Signature(Kind.AUDIO, Task.TRANSCRIPTION, (32, 16, 1), 4, target_length=3),
    Signature(Kind.VIDEO, Task.CLASSIFICATION, (4, 16, 16, 1), 4),
    Signature(Kind.VIDEO, Task.REGRESSION, (4, 16, 16, 1)),
    Signature(Kind.SERIES, Task.FORECASTING, (12, 2), n_values=3),
    Signature(Kind.SERIES, Task.CLASSIFICATION, (12, 2), 4),
    Signature(Kind.SERIES, Task.REGRESSION, (12, 2)),
    Signature(Kind.SERIES, Task.CONTROL, (12, 2), n_values=2),
    Signature(Kind.SERIES, Task.ANOMALY, (12, 2)),
)

TINY: dict[str, dict[str, object]] = {
    "applications": {"application": "MobileNetV3Small"},
    "resnet": {"filters": [4, 8], "blocks": 1},
    "video_cnn": {"filters": [4, 4], "dense_units": 16},
    "video_rnn": {"filters": [4, 4], "units": 16},
    "transformer": {"layers": 1},
    "series_transformer": {"layers": 1},
    "transformer_translator": {"layers": 1},
}
"""Parameters by architecture, where the defaults would take long."""
HEAVY = ("applications",)
"""Architectures of so many layers that one signature has to do for training and exporting."""


def fitting_pairs() -> list[Pair]:
    """Every architecture with every signature it claims to fit."""
    return [
        (architecture, signature)
        for architecture in ARCHITECTURES
        for signature in SIGNATURES
        if not architecture.misfit(signature.kind, signature.task)
    ]


def one_of_each(pairs: list[Pair], by: Callable[[Signature], object]) -> list[Pair]:
    """One pair of each architecture and what `by` returns: the last; of heavy ones one at all."""
    chosen = {
        (item.name, "" if item.name in HEAVY else by(signature)): (item, signature)
        for item, signature in pairs
    }
    return list(chosen.values())


def few_of_all(pairs: list[Pair]) -> list[Pair]:
    """So few that each architecture is there, and each task of each kind of data."""
    wanted = {_task_of(pair) for pair in pairs}
    chosen = []
    for name in dict.fromkeys(item.name for item, _ in pairs):
        own = [pair for pair in pairs if pair[0].name == name]
        chosen.append(next((pair for pair in own if _task_of(pair) in wanted), own[-1]))
        wanted.discard(_task_of(chosen[-1]))
    for pair in pairs:
        if _task_of(pair) in wanted:
            chosen.append(pair)
            wanted.discard(_task_of(pair))
    return chosen


def _task_of(pair: Pair) -> tuple[Kind, Task, bool]:
    return pair[1].kind, pair[1].task, pair[1].is_binary


def dear_unless(chosen: list[Pair], pairs: list[Pair]) -> list[Any]:
    """All pairs for `parametrize`; those that are not chosen run with ``--everything`` only."""
    few = {pair_id(pair) for pair in chosen}
    return [
        pytest.param(pair, id=pair_id(pair), marks=() if pair_id(pair) in few else EVERYTHING)
        for pair in pairs
    ]


def pair_id(pair: Pair) -> str:
    """A test id, such as ``cnn-image-classification-4``."""
    architecture, signature = pair
    return "-".join(
        [architecture.name, signature.kind, signature.task, str(signature.n_classes)]
    )  # fmt: skip


def eight_rows(architecture: Architecture, signature: Signature) -> tuple[Array, Array]:
    """What the network receives and what it shall say, for eight examples that differ.

    Returns:
        Inputs (8, *the network's input), targets (8,) or (8, n_values) or (8, target_length).
    """
    rng = np.random.default_rng(5)
    if signature.kind is Kind.TEXT:
        inputs = rng.integers(2, signature.n_tokens, (8, *signature.input_shape), dtype=np.int32)
        inputs[1::2, -2:] = 0  # every other text is shorter, and padded
    else:
        inputs = rng.normal(size=(8, *signature.input_shape)).astype(np.float32)
    targets = _targets(signature, inputs, rng)
    if architecture.is_autoregressive:
        start = np.full((8, 1), signature.n_classes, np.int32)
        inputs = np.concatenate([inputs, start, targets[:, :-1]], axis=1).astype(np.int32)
    return inputs, targets


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
    if signature.kind in (Kind.TABLE, Kind.SERIES):
        return np.digitize(flat[:, 0], np.linspace(-0.5, 0.5, signature.n_classes - 1))
    return np.arange(8) % signature.n_classes
