"""Changes to a graph of layers: each returns a new graph. Plain data, no Keras.

What a change makes is well formed (names are unique, each layer comes after its inputs) as long as
the graph was; whether shapes fit is for `engine.graph.building` to say.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from engine.errors import Problem, SpecError
from engine.graph.layer_graph import NAME, LayerGraph, LayerNode, source_of
from engine.graph.layer_types import LAYER_TYPES
from engine.spec.parameters import shorten

Merge = Literal["Add", "Concatenate"]


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
    at = _place(graph, after)
    if type not in LAYER_TYPES or type == "Input":
        unknown = LAYER_TYPES.unknown(type)
        raise _refused(after, unknown.message, unknown.hint)
    name = _checked_name(graph, name) if name else fresh_name(graph, snake(type))
    inputs = (after,) * max(1, LAYER_TYPES[type].min_inputs)
    new = LayerNode(name, type, inputs, dict(parameters or {}))
    rest = [_rewired(node, {after: name}) for node in graph.nodes[at + 1 :]]
    return LayerGraph((*graph.nodes[: at + 1], new, *rest))


def remove(graph: LayerGraph, names: str | Sequence[str]) -> LayerGraph:
    """Takes layers out; what took their output takes their (first) input.

    Raises:
        SpecError: One is not there, or is the input.
    """
    for name in [names] if isinstance(names, str) else names:
        node = graph.nodes[_place(graph, name)]
        if not node.inputs:
            raise _refused(
                name, "The input cannot be removed: the data comes in there.", "Keep it."
            )
        rest = _without_shared(node, [item for item in graph.nodes if item.name != name])
        stand_in = node.inputs[0]
        graph = LayerGraph(tuple(_rewired(item, {name: stand_in}) for item in rest))
    return graph


def copy(graph: LayerGraph, names: str | Sequence[str]) -> LayerGraph:
    """Puts copies of layers behind the last of them.

    Several keep among themselves what feeds what; what the first ones took from outside, the copies
    take from the last one, and what took the output of the last one takes that of its copy.

    Raises:
        SpecError: One is not there, or is the input.
    """
    chosen = _chosen(graph, names)
    last = chosen[-1]
    renamed: dict[str, str] = {}
    made: list[LayerNode] = []
    for node in chosen:
        taken = LayerGraph((*graph.nodes, *made))
        renamed[node.name] = fresh_name(taken, re.sub(r"_\d+$", "", node.name))
        inputs = tuple(
            _renamed(item, renamed) if source_of(item) in renamed else last.name
            for item in node.inputs
        )
        made.append(replace(node, name=renamed[node.name], inputs=inputs))
    at = _place(graph, last.name)
    behind = [_rewired(node, {last.name: made[-1].name}) for node in graph.nodes[at + 1 :]]
    return LayerGraph((*graph.nodes[: at + 1], *made, *behind))


def move_up(graph: LayerGraph, name: str) -> LayerGraph:
    """Moves a layer one place towards the input.

    In a chain it changes places with the layer it takes its output from; between layers of
    different branches only the order in the list changes.

    Raises:
        SpecError: There is no such layer, or it cannot be moved further.
    """
    at = _place(graph, name)
    if at < 1 or not graph.nodes[at - 1].inputs:
        raise _refused(name, f"'{name}' cannot be moved up: it comes right behind the input.", "")
    return _swapped(graph, at - 1)


def move_down(graph: LayerGraph, name: str) -> LayerGraph:
    """Moves a layer one place towards the output; see `move_up`.

    Raises:
        SpecError: There is no such layer, or it cannot be moved further.
    """
    at = _place(graph, name)
    if at + 1 >= len(graph.nodes):
        raise _refused(name, f"'{name}' cannot be moved down: it is the last layer.", "")
    if not graph.nodes[at].inputs:
        raise _refused(name, "The input cannot be moved: the data comes in there.", "")
    return _swapped(graph, at)


def set_parameters(graph: LayerGraph, name: str, parameters: Mapping[str, Any]) -> LayerGraph:
    """Gives a layer other settings.

    Raises:
        SpecError: There is no such layer.
    """
    return _with(graph, name, lambda node: replace(node, parameters=dict(parameters)))


def set_inputs(graph: LayerGraph, name: str, inputs: Sequence[str]) -> LayerGraph:
    """Gives a layer other inputs; it is put behind them where it has to be.

    Raises:
        SpecError: There is no such layer or input, or it would feed itself.
    """
    place = _place(graph, name)
    for item in inputs:
        _place(graph, source_of(item))
        if source_of(item) in descendants(graph, name) | {name}:
            raise _refused(
                name,
                f"'{name}' cannot take '{item}': that is made from its own output.",
                "Take a layer that comes before it.",
            )
    parameters = dict(graph.nodes[place].parameters)
    if len(inputs) != len(graph.nodes[place].inputs):
        parameters.pop("call", None)  # it spoke of other inputs
    return _ordered(
        _with(graph, name, lambda node: replace(node, inputs=tuple(inputs), parameters=parameters))
    )


def rename(graph: LayerGraph, old: str, new: str) -> LayerGraph:
    """Gives a layer another name, and has everything that takes its output follow.

    Raises:
        SpecError: There is no such layer, or the new name is taken or no name.
    """
    _place(graph, old)
    if new == old:
        return graph
    new = _checked_name(graph, new, old)
    named = _with(graph, old, lambda node: replace(node, name=new))
    followed = (_rewired(node, {old: new}) for node in named.nodes)
    return LayerGraph(tuple(_sharing(node, old, new) for node in followed))


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
        raise _refused(run[0].name, unknown.message, unknown.hint)
    branch = LayerNode(
        fresh_name(graph, f"{snake(type)}_branch"), type, run[0].inputs[:1], dict(parameters or {})
    )
    name = fresh_name(LayerGraph((*graph.nodes, branch)), snake(merge))
    return _behind(
        graph, run[-1].name, [branch, LayerNode(name, merge, (run[-1].name, branch.name))]
    )


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


def _place(graph: LayerGraph, name: str) -> int:
    for at, node in enumerate(graph.nodes):
        if node.name == name:
            return at
    raise _refused(name, f"There is no layer '{name}'.", "Pick one of the list.")


def _chosen(graph: LayerGraph, names: str | Sequence[str]) -> list[LayerNode]:
    """The layers of these names in the graph's order, none of them the input."""
    places = sorted(
        {_place(graph, name) for name in ([names] if isinstance(names, str) else names)}
    )
    chosen = [graph.nodes[at] for at in places]
    for node in chosen:
        if not node.inputs:
            raise _refused(node.name, "The input is no part of this: the data comes in there.", "")
    if not chosen:
        raise SpecError([Problem("layers", "No layer is picked.", "Pick one in the list.")])
    return chosen


def _run(graph: LayerGraph, names: str | Sequence[str]) -> list[LayerNode]:
    """Layers of which each feeds the next, and the last alone what is outside."""
    run = _chosen(graph, names)
    inside = {node.name for node in run}
    entry = run[0].inputs[0]
    for node in run[1:]:
        if not any(source_of(item) in inside for item in node.inputs):
            raise _refused(
                node.name,
                f"'{node.name}' does not follow the other layers that are picked.",
                "Pick layers of which each takes its input from another one of them.",
            )
    for node in graph.nodes:
        taken = {source_of(item) for item in node.inputs} & inside - {run[-1].name}
        if node.name not in inside and taken:
            raise _refused(
                node.name,
                f"'{node.name}' takes the output of '{min(taken)}', inside what is picked.",
                f"Pick '{node.name}' too, or fewer layers.",
            )
    if source_of(entry) in inside:
        raise _refused(run[0].name, "These layers have no common input.", "Pick others.")
    return run


def _projection(graph: LayerGraph, run: Sequence[LayerNode], type: str) -> LayerNode:
    if type not in LAYER_TYPES:
        unknown = LAYER_TYPES.unknown(type)
        raise _refused(run[0].name, unknown.message, unknown.hint)
    declared = LAYER_TYPES[type].parameters.model_fields
    width_key = next((key for key in ("filters", "units") if key in declared), "")
    if not width_key:
        raise _refused(
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
    at = _place(graph, last)
    rest = [_rewired(node, {last: made[-1].name}) for node in graph.nodes[at + 1 :]]
    return LayerGraph((*graph.nodes[: at + 1], *made, *rest))


def _swapped(graph: LayerGraph, at: int) -> LayerGraph:
    """Exchanges the layers at `at` and behind it."""
    first, second = graph.nodes[at], graph.nodes[at + 1]
    feeds = any(source_of(item) == first.name for item in second.inputs)
    head, tail = graph.nodes[:at], graph.nodes[at + 2 :]
    if not feeds:
        return LayerGraph((*head, second, first, *tail))
    upper = _rewired(second, {first.name: first.inputs[0]})
    lower = replace(first, inputs=(second.name, *first.inputs[1:]))
    exchanged = {second.name: first.name, first.name: second.name}
    behind = [_rewired(node, exchanged) for node in tail]
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


def _with(graph: LayerGraph, name: str, change: Callable[[LayerNode], LayerNode]) -> LayerGraph:
    at = _place(graph, name)
    return LayerGraph((*graph.nodes[:at], change(graph.nodes[at]), *graph.nodes[at + 1 :]))


def _rewired(node: LayerNode, names: Mapping[str, str]) -> LayerNode:
    """The layer with other names in its inputs."""
    return replace(node, inputs=tuple(_renamed(item, names) for item in node.inputs))


def _renamed(reference: str, names: Mapping[str, str]) -> str:
    source = source_of(reference)
    if source not in names:
        return reference
    new = names[source]
    # Another layer need not have as many outputs.
    is_same = ":" in reference and ":" not in new and source != new
    return f"{new}:{reference.partition(':')[2]}" if is_same else new


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
        raise _refused(
            but or name,
            "A layer's name is a letter, then letters, digits and underscores. "
            f"Received: {shorten(name)}.",
            "Such as conv_1.",
        )
    if any(node.name == name for node in graph.nodes if node.name != but):
        raise _refused(
            but or name, f"Another layer is named '{name}' already.", "Take another name."
        )
    return name


def _refused(layer: str, message: str, hint: str) -> SpecError:
    return SpecError([Problem(f"layers.{layer}", message, hint)])
