"""What the picture of a network says of a layer, in words."""

from __future__ import annotations

from typing import Final

from engine.events.messages import LayerInfo
from engine.graph.layer_types import LAYER_TYPES, Group
from engine.spec.formatting import NOTHING, shape_text
from gui.formatting.numbers import count_text, short_count
from gui.formatting.translation import translate

_MERGES: Final = {"Add": "+", "Subtract": "−", "Multiply": "×", "Concatenate": "⧺", "Dot": "·"}


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
        parts.append(translate("{n} parameters").format(n=count_text(layer.n_parameters)))
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
        return NOTHING
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
