"""Why a layer cannot stand where it does, in plain words, with a way out; no Keras."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from engine.errors import DescentError, Problem
from engine.graph.layer_graph import LayerNode
from engine.graph.layer_types import LAYER_TYPES, Group
from engine.spec.formatting import axes_text

Shape = tuple[int | None, ...]

_SAME_SHAPE = ("Add", "Multiply", "Average", "Maximum", "Minimum", "Subtract")


def misfit(node: LayerNode, at: int, received: Sequence[Shape]) -> Problem | None:
    """What can be told from the shapes alone, before Keras is asked.

    Args:
        node: The layer.
        at: Its number in the graph.
        received: Shapes of its inputs, without the batch axis.
    """
    kind = LAYER_TYPES[node.type]
    if kind.ranks and received and len(received[0]) not in kind.ranks:
        return Problem(
            f"layers.{at}",
            f"{_title(node)} takes {kind.takes}. Received: {axes_text(received[0])}.",
            _rank_hint(len(received[0]), kind.ranks),
        )
    if node.type in _SAME_SHAPE and not _can_meet(received):
        shapes = " and ".join(axes_text(shape) for shape in received)
        return Problem(
            f"layers.{at}",
            f"{_title(node)} takes inputs of one shape. Received: {shapes}.",
            "Bring them to one shape, as with a Dense or a 1×1 convolution before it, or join "
            "them with Concatenate.",
        )
    if node.type == "Concatenate":
        return _concatenation(node, at, received)
    return _emptied(node, at, received)


def in_words(error: Exception, node: LayerNode, at: int, received: Sequence[Shape]) -> Problem:
    """What Keras says of a layer, as a problem at that layer.

    Args:
        error: What building the layer raised.
        node: The layer.
        at: Its number in the graph.
        received: Shapes of its inputs, without the batch axis.
    """
    where = f"layers.{at}"
    if isinstance(error, DescentError):
        return Problem(where, f"{_title(node)}: {error.message}", error.hint)
    text = str(error)
    shapes = " and ".join(axes_text(shape) for shape in received) or "nothing"
    if re.search(r"negative|non-positive|zero or negative|<= ?0", text, re.IGNORECASE):
        return _shrunk(node, where, shapes)
    if "total size" in text or "must be unchanged" in text or "reshape" in text.lower():
        return Problem(
            where,
            f"{_title(node)} cannot bring {shapes} into a shape with another number of values.",
            "Give it a shape with as many values, or -1 for one side to let it follow.",
        )
    if re.search(r"broadcast|matching shapes|compatible shapes", text):
        return Problem(
            where,
            f"{_title(node)} cannot join {shapes}.",
            "Bring its inputs to one shape.",
        )
    return Problem(
        where,
        f"{_title(node)} cannot take {shapes}: {_first_sentence(text, error)}",
        "Change its settings or its inputs, or remove it.",
    )


def _title(node: LayerNode) -> str:
    name = node.parameters.get("operation" if node.type == "Operation" else "layer")
    kind = str(name) if node.type in ("Operation", "OtherLayer") and name else node.type
    return f"'{node.name}' ({kind})"


def _rank_hint(rank: int, ranks: Sequence[int]) -> str:
    if rank > max(ranks):
        if max(ranks) == 1:
            return "Put a Flatten or a global pooling before it."
        return "Take the kind of layer for this number of axes, or put a Reshape before it."
    if rank == 1:
        return "Put it before the Flatten or global pooling, or a Reshape before it."
    return "Put a Reshape before it, or take the kind of layer for this number of axes."


def _can_meet(shapes: Sequence[Shape]) -> bool:
    """Whether shapes are equal, where 1 fits everything, from the last axis on."""
    for axis in range(1, max((len(shape) for shape in shapes), default=0) + 1):
        sides = {shape[-axis] for shape in shapes if len(shape) >= axis} - {1, None}
        if len(sides) > 1:
            return False
    return True


def _concatenation(node: LayerNode, at: int, received: Sequence[Shape]) -> Problem | None:
    rank = len(received[0])
    axis = int(node.parameters.get("axis", -1))
    place = axis - 1 if axis > 0 else axis + rank
    shapes = " and ".join(axes_text(shape) for shape in received)
    rest = {shape[:place] + shape[place + 1 :] for shape in received}
    if 0 <= place < rank and len({len(shape) for shape in received}) == 1 and len(rest) == 1:
        return None
    return Problem(
        f"layers.{at}",
        f"{_title(node)} joins along one axis; all others must be equal. Received: {shapes}.",
        "Bring its inputs to the same size, as with the padding 'same', or choose another axis.",
    )


def _emptied(node: LayerNode, at: int, received: Sequence[Shape]) -> Problem | None:
    """A convolution or pooling of which nothing is left."""
    group = LAYER_TYPES[node.type].group
    if group not in (Group.CONVOLUTION, Group.POOLING) or node.type.endswith("Transpose"):
        return None
    sizes = node.parameters.get("kernel_size", node.parameters.get("pool_size"))
    if sizes is None or node.parameters.get("padding", "valid") != "valid" or not received:
        return None
    if group is Group.CONVOLUTION and "padding" not in node.parameters:
        return None  # the declared default keeps the size
    window = _list(sizes)
    dilation = _list(node.parameters.get("dilation_rate", 1)) * len(window)
    reach = [(size - 1) * rate + 1 for size, rate in zip(window, dilation, strict=False)]
    given = received[0][: len(reach)]
    if any(side is not None and side < size for side, size in zip(given, reach, strict=False)):
        return _shrunk(node, f"layers.{at}", axes_text(received[0]), reach)
    return None


def _list(value: Any) -> list[int]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _shrunk(node: LayerNode, where: str, shapes: str, reach: Sequence[int] = ()) -> Problem:
    window = f" with its window of {'×'.join(map(str, reach))}" if reach else ""
    return Problem(
        where,
        f"Nothing is left of {shapes} after {_title(node)}{window}.",
        "Take a smaller window, the padding 'same', or fewer poolings before it.",
    )


def _first_sentence(text: str, error: Exception) -> str:
    """Keras's own words, without what only programmers need."""
    text = re.sub(r"Exception encountered when calling [^\n]*\n+", "", text)
    text = re.sub(r"\x1b\[[0-9;]*m", "", text).strip()
    first = next((line.strip() for line in text.splitlines() if line.strip()), "")
    first = re.split(r"(?<=[.!?])\s", first)[0]
    first = first if len(first) <= 200 else first[:199] + "…"
    first = first or type(error).__name__
    return first if first[-1] in ".!?…" else first + "."
