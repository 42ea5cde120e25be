"""What the picture of a network says of a layer, in words."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QCoreApplication

from engine.events.messages import LayerInfo
from engine.graph.layer_types import LAYER_TYPES, Group
from gui.formatting.run_words import count_text, shape_text

_CONTEXT = "PictureWords"
_UNITS: Final = ("", "K", "M", "G", "T", "P")
_BYTES: Final = ("bytes", "KB", "MB", "GB", "TB", "PB", "EB")
_MERGES: Final = {"Add": "+", "Subtract": "−", "Multiply": "×", "Concatenate": "⧺", "Dot": "·"}


def translate(text: str) -> str:
    """Translates a text that is no part of a widget."""
    return QCoreApplication.translate(_CONTEXT, text)


def short_count(value: float) -> str:
    """A large number in three figures or so: 950, 34.8 K, 2.17 M."""
    return _scaled(value, 1000, _UNITS)


def bytes_text(n_bytes: float) -> str:
    """An amount of memory: 512 bytes, 1.5 MB."""
    return _scaled(n_bytes, 1024, _BYTES)


def _scaled(value: float, base: int, units: tuple[str, ...]) -> str:
    step = 0
    while value >= 999.5 and step < len(units) - 1:
        value /= base
        step += 1
    if not step:
        return f"{count_text(value)} {units[0]}".strip()
    # Three figures: 1.25, 12.5, 125.
    digits = 2 if value < 9.995 else 1 if value < 99.95 else 0
    number = f"{value:.{digits}f}"
    if "." in number:
        number = number.rstrip("0").rstrip(".")
    return f"{number} {units[step]}"


def is_small(layer_type: str) -> bool:
    """It only puts branches together, or is an operation without weights: drawn small."""
    if layer_type in LAYER_TYPES:
        return LAYER_TYPES[layer_type].group in (Group.MERGE, Group.OPERATION)
    # Operations are named as functions are, layers as classes are.
    return layer_type[:1].islower()


def merge_sign(layer_type: str) -> str:
    """The sign before the name of a merging layer; may be empty."""
    return _MERGES.get(layer_type, "")


def explanation(layer_type: str) -> str:
    """What a layer of this type does, and when to use it; empty where nobody knows."""
    return LAYER_TYPES[layer_type].help if layer_type in LAYER_TYPES else ""


def counts_text(layer: LayerInfo) -> str:
    """Weights and multiply-adds of a layer, in one short line."""
    parts = []
    if layer.n_parameters:
        parts.append(translate("{n} parameters").format(n=short_count(layer.n_parameters)))
    if layer.n_macs:
        parts.append(translate("{n} MACs").format(n=short_count(layer.n_macs)))
    return " · ".join(parts) or translate("no parameters")


def field_text(layer: LayerInfo, whole: tuple[int, ...]) -> str:
    """How much of the input a value sees; a dash where that says nothing.

    Args:
        layer: The layer.
        whole: Shape of the model's input.
    """
    seen = layer.receptive_field
    if not seen:
        return "–"
    full = whole[: len(seen)]
    if seen == full:
        return translate("all of the input ({size})").format(size=shape_text(full))
    return translate("{seen} of {size} of the input").format(
        seen=shape_text(seen), size=shape_text(full)
    )


def spoken(layer: LayerInfo) -> str:
    """A layer as a screen reader says it."""
    text = translate("{type} {name}: output {shape}, {counts}").format(
        type=layer.type,
        name=layer.name,
        shape=shape_text(layer.output_shape),
        counts=counts_text(layer),
    )
    if layer.inputs:
        text += ". " + translate("Takes from {names}.").format(names=", ".join(layer.inputs))
    return text
