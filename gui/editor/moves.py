"""What the editor does to several layers at once, made of the engine's single changes; no Qt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from engine.graph import blocks, editing
from engine.graph.layer_graph import LayerGraph, LayerNode, source_of
from engine.graph.layer_types import LAYER_TYPES
from engine.graph.rewiring import descendants

Shapes = Mapping[str, tuple[int, ...]]
"""Shapes of the outputs of layers, as far as they are known, by name."""

_PROJECTIONS: Final = {1: "Dense", 2: "Conv1D", 3: "Conv2D", 4: "Conv3D"}
"""What brings an example of so many axes to another width."""
_WIDTHS: Final = frozenset({"units", "filters"})


def move(graph: LayerGraph, names: Sequence[str], row: int) -> LayerGraph:
    """Moves layers so that they stand before what is the row of that number now.

    Raises:
        SpecError: One of them cannot be moved there.
    """
    places = {node.name: at for at, node in enumerate(graph.nodes)}
    above = [name for name in names if places[name] < row]
    below = [name for name in names if places[name] >= row]
    for target, name in enumerate(below, start=row):
        for _ in range(places[name] - target):
            graph = editing.move_up(graph, name)
    for steps, name in enumerate(reversed(above), start=1):
        for _ in range(row - steps - places[name]):
            graph = editing.move_down(graph, name)
    return graph


def wrap_residual(graph: LayerGraph, names: Sequence[str], shapes: Shapes) -> LayerGraph:
    """Adds what comes into layers to what comes out; brings it to their shape where they differ.

    Raises:
        SpecError: They do not follow each other.
    """
    nodes = [node for node in graph.nodes if node.name in set(names)]
    before = behind = None
    if nodes and nodes[0].inputs:
        before = shapes.get(source_of(nodes[0].inputs[0]))
        behind = shapes.get(nodes[-1].name)
    if not before or not behind or before == behind or len(before) != len(behind):
        return blocks.wrap_residual(graph, names)
    projection = _PROJECTIONS.get(len(before), "")
    wrapped = blocks.wrap_residual(graph, names, projection)
    there = {node.name for node in graph.nodes}
    made = [node for node in wrapped.nodes if node.name not in there and node.type == projection]
    if not made or "kernel_size" not in LAYER_TYPES[projection].parameters.model_fields:
        return wrapped
    window = [_window(a, b) for a, b in zip(before[:-1], behind[:-1], strict=True)]
    kernel, strides = [k for k, _ in window], [s for _, s in window]
    one = len(window) == 1  # Conv1D's are numbers, not lists
    fitting = {
        **made[0].parameters,
        "filters": behind[-1],
        "kernel_size": kernel[0] if one else kernel,
        "strides": strides[0] if one else strides,
        "padding": "valid",
    }
    return editing.set_parameters(wrapped, made[0].name, fitting)


def _window(before: int, behind: int) -> tuple[int, int]:
    """Kernel and stride of a convolution without padding that makes one size of another.

    A kernel of 1, as in He et al. (2016), where that does it; a larger one where layers without
    padding have cut the edges off.
    """
    stride = max(1, -(-before // max(behind, 1)))
    if (before - 1) // stride + 1 == behind:
        return 1, stride
    stride = max(1, before // max(behind, 1))
    return max(1, before - (behind - 1) * stride), stride


def add_branch(graph: LayerGraph, names: Sequence[str]) -> LayerGraph:
    """Adds a second way beside layers: one layer like the last of them that has a width.

    Raises:
        SpecError: They do not follow each other.
    """
    nodes = [node for node in graph.nodes if node.name in set(names)]
    model = next((node for node in reversed(nodes) if _has_width(node)), None)
    if model is None:
        return blocks.add_branch(graph, names)
    return blocks.add_branch(graph, names, model.type, _shown(model))


def possible_inputs(graph: LayerGraph, name: str) -> tuple[str, ...]:
    """Layers that a layer can take its inputs from: all but those that its own output reaches."""
    reached = descendants(graph, name) | {name}
    return tuple(node.name for node in graph.nodes if node.name not in reached)


def _has_width(node: LayerNode) -> bool:
    if node.type not in LAYER_TYPES:
        return False
    kind = LAYER_TYPES[node.type]
    is_plain = kind.min_inputs == 1 and kind.is_editable
    return is_plain and bool(_WIDTHS & kind.parameters.model_fields.keys())


def _shown(node: LayerNode) -> dict[str, Any]:
    """A layer's settings without what belongs to this very one, such as how it is called."""
    return {key: value for key, value in node.parameters.items() if key != "call"}
