"""Changes to a graph of layers: each returns a new graph. Plain data, no Keras.

What a change makes is well formed (names are unique, each layer comes after its inputs) as long as
the graph was; whether shapes fit is for `engine.graph.building` to say.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from engine.graph.layer_graph import NAME, LayerGraph, LayerNode, source_of
from engine.graph.layer_types import LAYER_TYPES
from engine.graph.rewiring import (
    descendants,
    fresh_name,
    picked,
    place_of,
    refused,
    renamed,
    rewired,
    snake,
    with_changed,
)
from engine.spec.parameters import shorten


def add_after(
    graph: LayerGraph,
    after: str,
    type: str,
    parameters: Mapping[str, Any] | None = None,
    name: str = "",
) -> LayerGraph:
    """Puts a new layer between a layer and everything that takes its output.

    Args:
        graph: The graph.
        after: Name of the layer it comes behind.
        type: What the new layer is.
        parameters: Its settings; what is missing has its default.
        name: Its name; empty: one made of the type.

    Raises:
        SpecError: There is no such layer or type, or the name is taken or no name.
    """
    at = place_of(graph, after)
    if type not in LAYER_TYPES or type == "Input":
        unknown = LAYER_TYPES.unknown(type)
        raise refused(after, unknown.message, unknown.hint)
    name = _checked_name(graph, name) if name else fresh_name(graph, snake(type))
    inputs = (after,) * max(1, LAYER_TYPES[type].min_inputs)
    new = LayerNode(name, type, inputs, dict(parameters or {}))
    rest = [rewired(node, {after: name}) for node in graph.nodes[at + 1 :]]
    return LayerGraph((*graph.nodes[: at + 1], new, *rest))


def remove(graph: LayerGraph, names: str | Sequence[str]) -> LayerGraph:
    """Takes layers out; what took their output takes their (first) input.

    Raises:
        SpecError: One is not there, or is the input.
    """
    for name in [names] if isinstance(names, str) else names:
        node = graph.nodes[place_of(graph, name)]
        if not node.inputs:
            raise refused(name, "The input cannot be removed: the data comes in there.", "Keep it.")
        rest = _without_shared(node, [item for item in graph.nodes if item.name != name])
        stand_in = node.inputs[0]
        graph = LayerGraph(tuple(rewired(item, {name: stand_in}) for item in rest))
    return graph


def copy(graph: LayerGraph, names: str | Sequence[str]) -> LayerGraph:
    """Puts copies of layers behind the last of them.

    Several keep among themselves what feeds what; what the first ones took from outside, the copies
    take from the last one, and what took the output of the last one takes that of its copy.

    Raises:
        SpecError: One is not there, or is the input.
    """
    chosen = picked(graph, names)
    last = chosen[-1]
    copies: dict[str, str] = {}
    made: list[LayerNode] = []
    for node in chosen:
        taken = LayerGraph((*graph.nodes, *made))
        copies[node.name] = fresh_name(taken, re.sub(r"_\d+$", "", node.name))
        inputs = tuple(
            renamed(item, copies) if source_of(item) in copies else last.name
            for item in node.inputs
        )
        made.append(replace(node, name=copies[node.name], inputs=inputs))
    at = place_of(graph, last.name)
    behind = [rewired(node, {last.name: made[-1].name}) for node in graph.nodes[at + 1 :]]
    return LayerGraph((*graph.nodes[: at + 1], *made, *behind))


def move_up(graph: LayerGraph, name: str) -> LayerGraph:
    """Moves a layer one place towards the input.

    In a chain it changes places with the layer it takes its output from; between layers of
    different branches only the order in the list changes.

    Raises:
        SpecError: There is no such layer, or it cannot be moved further.
    """
    at = place_of(graph, name)
    if at < 1 or not graph.nodes[at - 1].inputs:
        raise refused(name, f"'{name}' cannot be moved up: it comes right behind the input.", "")
    return _swapped(graph, at - 1)


def move_down(graph: LayerGraph, name: str) -> LayerGraph:
    """Moves a layer one place towards the output; see `move_up`.

    Raises:
        SpecError: There is no such layer, or it cannot be moved further.
    """
    at = place_of(graph, name)
    if at + 1 >= len(graph.nodes):
        raise refused(name, f"'{name}' cannot be moved down: it is the last layer.", "")
    if not graph.nodes[at].inputs:
        raise refused(name, "The input cannot be moved: the data comes in there.", "")
    return _swapped(graph, at)


def set_parameters(graph: LayerGraph, name: str, parameters: Mapping[str, Any]) -> LayerGraph:
    """Gives a layer other settings.

    Raises:
        SpecError: There is no such layer.
    """
    return with_changed(graph, name, lambda node: replace(node, parameters=dict(parameters)))


def set_inputs(graph: LayerGraph, name: str, inputs: Sequence[str]) -> LayerGraph:
    """Gives a layer other inputs; it is put behind them where it has to be.

    Raises:
        SpecError: There is no such layer or input, or it would feed itself.
    """
    place = place_of(graph, name)
    for item in inputs:
        place_of(graph, source_of(item))
        if source_of(item) in descendants(graph, name) | {name}:
            raise refused(
                name,
                f"'{name}' cannot take '{item}': that is made from its own output.",
                "Take a layer that comes before it.",
            )
    parameters = dict(graph.nodes[place].parameters)
    if len(inputs) != len(graph.nodes[place].inputs):
        parameters.pop("call", None)  # it spoke of other inputs
    return _ordered(
        with_changed(
            graph, name, lambda node: replace(node, inputs=tuple(inputs), parameters=parameters)
        )
    )


def rename(graph: LayerGraph, old: str, new: str) -> LayerGraph:
    """Gives a layer another name, and has everything that takes its output follow.

    Raises:
        SpecError: There is no such layer, or the new name is taken or no name.
    """
    place_of(graph, old)
    if new == old:
        return graph
    new = _checked_name(graph, new, old)
    named = with_changed(graph, old, lambda node: replace(node, name=new))
    followed = (rewired(node, {old: new}) for node in named.nodes)
    return LayerGraph(tuple(_sharing(node, old, new) for node in followed))


def _swapped(graph: LayerGraph, at: int) -> LayerGraph:
    """Exchanges the layers at `at` and behind it."""
    first, second = graph.nodes[at], graph.nodes[at + 1]
    feeds = any(source_of(item) == first.name for item in second.inputs)
    head, tail = graph.nodes[:at], graph.nodes[at + 2 :]
    if not feeds:
        return LayerGraph((*head, second, first, *tail))
    upper = rewired(second, {first.name: first.inputs[0]})
    lower = replace(first, inputs=(second.name, *first.inputs[1:]))
    exchanged = {second.name: first.name, first.name: second.name}
    behind = [rewired(node, exchanged) for node in tail]
    return LayerGraph((*head, upper, lower, *behind))


def _ordered(graph: LayerGraph) -> LayerGraph:
    """The same layers, each behind its inputs, otherwise in the order they had."""
    placed: list[LayerNode] = []
    names: set[str] = set()
    waiting = list(graph.nodes)
    while waiting:
        ready = next(
            (node for node in waiting if all(source_of(i) in names for i in node.inputs)),
            waiting[0],
        )
        waiting.remove(ready)
        placed.append(ready)
        names.add(ready.name)
    return LayerGraph(tuple(placed))


def _sharing(node: LayerNode, old: str, new: str) -> LayerNode:
    """The layer, which may be another one used again, with that one's new name."""
    if node.type != "SharedLayer" or node.parameters.get("layer") != old:
        return node
    return replace(node, parameters={**node.parameters, "layer": new})


def _without_shared(removed: LayerNode, rest: Sequence[LayerNode]) -> list[LayerNode]:
    """The first layer that used the removed one again has its weights now."""
    heir = ""
    made = []
    for node in rest:
        if node.type == "SharedLayer" and node.parameters.get("layer") == removed.name:
            if not heir:
                heir = node.name
                node = replace(node, type=removed.type, parameters=removed.parameters)
            else:
                node = _sharing(node, removed.name, heir)
        made.append(node)
    return made


def _checked_name(graph: LayerGraph, name: str, but: str = "") -> str:
    if not NAME.fullmatch(name):
        raise refused(
            but or name,
            "A layer's name is a letter, then letters, digits and underscores. "
            f"Received: {shorten(name)}.",
            "Such as conv_1.",
        )
    if any(node.name == name for node in graph.nodes if node.name != but):
        raise refused(
            but or name, f"Another layer is named '{name}' already.", "Take another name."
        )
    return name
