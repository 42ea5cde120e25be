"""Runs of layers made into blocks: what passes by is added, or a second way is joined. No Keras."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from engine.graph.layer_graph import LayerGraph, LayerNode, source_of
from engine.graph.layer_types import LAYER_TYPES
from engine.graph.rewiring import fresh_name, picked, place_of, refused, rewired, snake

Merge = Literal["Add", "Concatenate"]


def wrap_residual(
    graph: LayerGraph, names: str | Sequence[str], projection: str = ""
) -> LayerGraph:
    """Adds what comes into a run of layers to what comes out of it (He et al. 2016).

    Args:
        graph: The graph.
        names: The layers, each of which takes its input from the one before.
        projection: A type, such as ``Dense`` or ``Conv2D``, of a layer that brings what passes by
            to the shape of what comes out; it takes the width of the run's last layer that has
            one, and a kernel of 1. Empty: what passes by is added as it is.

    Raises:
        SpecError: They are no run, or there is no such type.
    """
    run = _run(graph, names)
    made: list[LayerNode] = []
    passed = run[0].inputs[0]
    if projection:
        made.append(_projection(graph, run, projection))
        passed = made[0].name
    name = fresh_name(LayerGraph((*graph.nodes, *made)), "add")
    made.append(LayerNode(name, "Add", (passed, run[-1].name)))
    return _behind(graph, run[-1].name, made)


def add_branch(
    graph: LayerGraph,
    names: str | Sequence[str],
    type: str = "Dense",
    parameters: Mapping[str, Any] | None = None,
    merge: Merge = "Concatenate",
) -> LayerGraph:
    """Adds a second way beside a run of layers; both are joined behind it.

    Args:
        graph: The graph.
        names: The layers, each of which takes its input from the one before.
        type: What the one layer of the new way is.
        parameters: Its settings; what is missing has its default.
        merge: How both ways are joined.

    Raises:
        SpecError: They are no run, or there is no such type.
    """
    run = _run(graph, names)
    if type not in LAYER_TYPES or type == "Input":
        unknown = LAYER_TYPES.unknown(type)
        raise refused(run[0].name, unknown.message, unknown.hint)
    branch = LayerNode(
        fresh_name(graph, f"{snake(type)}_branch"), type, run[0].inputs[:1], dict(parameters or {})
    )
    name = fresh_name(LayerGraph((*graph.nodes, branch)), snake(merge))
    return _behind(
        graph, run[-1].name, [branch, LayerNode(name, merge, (run[-1].name, branch.name))]
    )


def _run(graph: LayerGraph, names: str | Sequence[str]) -> list[LayerNode]:
    """Layers of which each feeds the next, and the last alone what is outside."""
    run = picked(graph, names)
    inside = {node.name for node in run}
    entry = run[0].inputs[0]
    for node in run[1:]:
        if not any(source_of(item) in inside for item in node.inputs):
            raise refused(
                node.name,
                f"'{node.name}' does not follow the other layers that are picked.",
                "Pick layers of which each takes its input from another one of them.",
            )
    for node in graph.nodes:
        taken = {source_of(item) for item in node.inputs} & inside - {run[-1].name}
        if node.name not in inside and taken:
            raise refused(
                node.name,
                f"'{node.name}' takes the output of '{min(taken)}', inside what is picked.",
                f"Pick '{node.name}' too, or fewer layers.",
            )
    if source_of(entry) in inside:
        raise refused(run[0].name, "These layers have no common input.", "Pick others.")
    return run


def _projection(graph: LayerGraph, run: Sequence[LayerNode], type: str) -> LayerNode:
    if type not in LAYER_TYPES:
        unknown = LAYER_TYPES.unknown(type)
        raise refused(run[0].name, unknown.message, unknown.hint)
    declared = LAYER_TYPES[type].parameters.model_fields
    width_key = next((key for key in ("filters", "units") if key in declared), "")
    if not width_key:
        raise refused(
            run[0].name,
            f"A projection must be able to change the width. Received: {type}.",
            "Take Dense, Conv1D, Conv2D or Conv3D.",
        )
    parameters: dict[str, Any] = {"use_bias": False} if "use_bias" in declared else {}
    widths = [
        node.parameters[key]
        for node in run
        for key in ("filters", "units")
        if key in node.parameters
    ]
    if widths:
        parameters[width_key] = widths[-1]
    if "kernel_size" in declared:
        kernel = declared["kernel_size"].default
        parameters["kernel_size"] = [1] * len(kernel) if isinstance(kernel, tuple) else 1
        strides = _strides(run, len(kernel) if isinstance(kernel, tuple) else 1)
        parameters["strides"] = strides if isinstance(kernel, tuple) else strides[0]
    return LayerNode(fresh_name(graph, "projection"), type, run[0].inputs[:1], parameters)


def _strides(run: Sequence[LayerNode], n_axes: int) -> list[int]:
    """By how much a run makes its input smaller, along each axis."""
    product = [1] * n_axes
    for node in run:
        value = node.parameters.get("strides") or node.parameters.get("pool_size") or 1
        sides = value if isinstance(value, list | tuple) else [value] * n_axes
        if len(sides) == n_axes:
            product = [a * b for a, b in zip(product, sides, strict=True)]
    return product


def _behind(graph: LayerGraph, last: str, made: Sequence[LayerNode]) -> LayerGraph:
    """Puts layers behind one, whose output is taken from the last of them now."""
    at = place_of(graph, last)
    rest = [rewired(node, {last: made[-1].name}) for node in graph.nodes[at + 1 :]]
    return LayerGraph((*graph.nodes[: at + 1], *made, *rest))
