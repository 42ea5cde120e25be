"""Tiny data of every kind and task, for contract tests over the architectures.

A new kind or task is one line in `SIGNATURES`; an architecture that is heavy with its defaults has
a line in `TINY`. `eight_rows` makes what goes in and what shall come out::

    for architecture, signature in fitting_pairs():
        inputs, targets = eight_rows(architecture, signature)
"""

from __future__ import annotations

from typing import Any

import pytest

from engine.architectures import ARCHITECTURES
from engine.architectures.base import Architecture
from engine.service.plugin_checks.tiny_data import SIGNATURES, eight_rows
from engine.spec.signature import Kind, Signature, Task

__all__ = [
    "HEAVY",
    "SIGNATURES",
    "TINY",
    "dear_unless",
    "eight_rows",
    "few_of_all",
    "fitting_pairs",
    "pair_id",
]

Pair = tuple[Architecture, Signature]
EVERYTHING = pytest.mark.everything

TINY: dict[str, dict[str, object]] = {
    "applications": {"application": "MobileNetV3Small"},
    "resnet": {"filters": [4, 8], "blocks": 1},
    "video_cnn": {"filters": [4, 4], "dense_units": 16},
    "video_rnn": {"filters": [4, 4], "units": 16},
    "table_prototypes": {"prototypes": [8], "noise": 0.0},  # few enough to be learnt by heart
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
