"""Tiny data of every kind and task, with every architecture it fits, for contract tests.

An architecture that is heavy with its defaults has a line in `TINY`. `eight_rows` makes what goes
in and what shall come out::

    for architecture, signature in fitting_pairs():
        inputs, targets = eight_rows(architecture, signature)
"""

from __future__ import annotations

from collections.abc import Callable

from engine.architectures import ARCHITECTURES
from engine.architectures.base import Architecture
from engine.service.plugin_checks.tiny_data import SIGNATURES, eight_rows
from engine.spec.signature import Signature

__all__ = [
    "HEAVY",
    "SIGNATURES",
    "TINY",
    "eight_rows",
    "fitting_pairs",
    "one_of_each",
    "pair_id",
]

TINY: dict[str, dict[str, object]] = {
    "applications": {"application": "MobileNetV3Small"},
    "resnet": {"filters": [4, 8], "blocks": 1},
    "video_cnn": {"filters": [4, 4], "dense_units": 16},
    "video_rnn": {"filters": [4, 4], "units": 16},
}
"""Parameters by architecture, where the defaults would take long."""
HEAVY = ("applications",)
"""Architectures of so many layers that one signature has to do for training and exporting."""


def fitting_pairs() -> list[tuple[Architecture, Signature]]:
    """Every architecture with every signature it claims to fit."""
    return [
        (architecture, signature)
        for architecture in ARCHITECTURES
        for signature in SIGNATURES
        if not architecture.misfit(signature.kind, signature.task)
    ]


def one_of_each(
    pairs: list[tuple[Architecture, Signature]], by: Callable[[Signature], object]
) -> list[tuple[Architecture, Signature]]:
    """One pair of each architecture and what `by` returns: the last; of heavy ones one at all."""
    chosen = {
        (item.name, "" if item.name in HEAVY else by(signature)): (item, signature)
        for item, signature in pairs
    }
    return list(chosen.values())


def pair_id(pair: tuple[Architecture, Signature]) -> str:
    """A test id, such as ``cnn-image-classification-4``."""
    architecture, signature = pair
    return "-".join(
        [architecture.name, signature.kind, signature.task, str(signature.n_classes)]
    )  # fmt: skip
