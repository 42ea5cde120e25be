"""What changes to a graph of layers are made of: layers found by name, references led elsewhere."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from engine.errors import Problem, SpecError
from engine.graph.layer_graph import LayerGraph, LayerNode, source_of


def fresh_name(graph: LayerGraph, stem: str) -> str:
    """A name of this stem that no layer has, such as ``dense_2``."""
    taken = {node.name for node in graph.nodes}
    if stem not in taken:
        return stem
    number = 1
    while f"{stem}_{number}" in taken:
        number += 1
    return f"{stem}_{number}"


def descendants(graph: LayerGraph, name: str) -> set[str]:
    """Names of all layers that the output of a layer reaches."""
    reached = {name}
    for node in graph.nodes:
        if any(source_of(item) in reached for item in node.inputs):
            reached.add(node.name)
    return reached - {name}


def snake(type: str) -> str:
    """A type's name as layers are named: ``conv2d``, ``global_max_pooling1d``."""
    parted = re.sub(r"([a-z])([A-Z])", r"\1_\2", type)
    return re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", parted).lower()


def place_of(graph: LayerGraph, name: str) -> int:
    """Where a layer stands in the list.

    Raises:
        SpecError: There is none of this name.
    """
    for at, node in enumerate(graph.nodes):
        if node.name == name:
            return at
    raise refused(name, f"There is no layer '{name}'.", "Pick one of the list.")


def picked(graph: LayerGraph, names: str | Sequence[str]) -> list[LayerNode]:
    """The layers of these names in the graph's order, none of them the input."""
    places = sorted(
        {place_of(graph, name) for name in ([names] if isinstance(names, str) else names)}
    )
    chosen = [graph.nodes[at] for at in places]
    for node in chosen:
        if not node.inputs:
            raise refused(node.name, "The input is no part of this: the data comes in there.", "")
    if not chosen:
        raise SpecError([Problem("layers", "No layer is picked.", "Pick one in the list.")])
    return chosen


def with_changed(
    graph: LayerGraph, name: str, change: Callable[[LayerNode], LayerNode]
) -> LayerGraph:
    """The graph with one layer changed."""
    at = place_of(graph, name)
    return LayerGraph((*graph.nodes[:at], change(graph.nodes[at]), *graph.nodes[at + 1 :]))


def rewired(node: LayerNode, names: Mapping[str, str]) -> LayerNode:
    """The layer with other names in its inputs."""
    return replace(node, inputs=tuple(renamed(item, names) for item in node.inputs))


def renamed(reference: str, names: Mapping[str, str]) -> str:
    """A reference to a layer's output under the layer's other name."""
    source = source_of(reference)
    if source not in names:
        return reference
    new = names[source]
    # Another layer need not have as many outputs.
    is_same = ":" in reference and ":" not in new and source != new
    return f"{new}:{reference.partition(':')[2]}" if is_same else new


def refused(layer: str, message: str, hint: str) -> SpecError:
    """The error that says what is wrong with a layer."""
    return SpecError([Problem(f"layers.{layer}", message, hint)])
