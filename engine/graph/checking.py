"""Reads a graph of layers from JSON values and says everything that is wrong with it; no Keras."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from engine.errors import Problem, SpecError
from engine.graph.foreign import foreign_parts
from engine.graph.layer_graph import NAME, SCHEMA_VERSION, LayerGraph, LayerNode, source_of
from engine.spec.formatting import shorten

if TYPE_CHECKING:
    from engine.graph.layer_types import LayerParameters, LayerType
    from engine.spec.registry import Registry

MAX_LAYERS: Final = 5000
_FIELDS: Final = ("name", "type", "inputs", "parameters")


def checked_graph(values: Any, prefix: str = "graph") -> LayerGraph:
    """Builds a graph from what `LayerGraph.to_dict` returned, or from what people wrote.

    Raises:
        SpecError: With everything that is wrong, at ``prefix.layers.3.parameters.units``.
    """
    layers = _layers_of(values, prefix)
    nodes: list[LayerNode] = []
    problems: list[Problem] = []
    for at, item in enumerate(layers):
        try:
            nodes.append(_node(item, f"{prefix}.layers.{at}"))
        except SpecError as error:
            problems += error.problems
    if not problems:
        problems = check_nodes(nodes, f"{prefix}.layers")
    if problems:
        raise SpecError(problems)
    return LayerGraph(tuple(nodes))


def _layer_types() -> Registry[LayerType]:
    """All types, loaded when the first graph is checked: a window that opens needs none."""
    from engine.graph.layer_types import LAYER_TYPES

    return LAYER_TYPES


def check_nodes(nodes: Sequence[LayerNode], prefix: str = "layers") -> list[Problem]:
    """Finds what is wrong with the layers of a graph, without looking at shapes.

    Args:
        nodes: In the graph's order.
        prefix: Put before the number of each layer in the problems.
    """
    if not nodes:
        return [Problem(prefix, "A model needs layers. Received none.", "Begin with an Input.")]
    problems = list(_name_problems(nodes, prefix))
    places: dict[str, int] = {}
    for at, node in enumerate(nodes):
        places.setdefault(node.name, at)
    for at, node in enumerate(nodes):
        where = f"{prefix}.{at}"
        if node.type not in _layer_types():
            unknown = _layer_types().unknown(node.type)
            problems.append(Problem(f"{where}.type", unknown.message, unknown.hint))
            continue
        problems += _parameter_problems(node, where)
        problems += _input_problems(node, at, places, where)
        problems += _sharing_problems(node, at, nodes, where)
    return problems + list(_end_problems(nodes, prefix))


def _layers_of(values: Any, prefix: str) -> Sequence[Any]:
    """The list of layers in what was read.

    Raises:
        SpecError: It holds none, or is of another version.
    """
    hint = "Open a file that 'Export as a file' or 'models describe --graph' wrote."
    if not isinstance(values, Mapping):
        message = f"A model is a group of named values. Received: {shorten(values)}."
        raise SpecError([Problem(prefix, message, hint)])
    version = values.get("schema_version")
    if version != SCHEMA_VERSION or isinstance(version, bool):
        message = f"The version of the model must be {SCHEMA_VERSION}. Received: "
        raise SpecError(
            [Problem(f"{prefix}.schema_version", f"{message}{shorten(version)}.", hint)]
        )
    unknown = [key for key in values if key not in ("schema_version", "layers", "title")]
    if unknown:
        message = f"There is no setting named {shorten(unknown[0])}."
        raise SpecError([Problem(f"{prefix}.{unknown[0]}", message, "Remove it.")])
    layers = values.get("layers")
    if not isinstance(layers, Sequence) or isinstance(layers, str):
        message = f"Must be a list of layers. Received: {shorten(layers)}."
        raise SpecError([Problem(f"{prefix}.layers", message, hint)])
    if len(layers) > MAX_LAYERS:
        message = f"A model has {MAX_LAYERS} layers at most. Received: {len(layers)}."
        raise SpecError([Problem(f"{prefix}.layers", message, "Use fewer layers.")])
    return layers


def _node(item: Any, where: str) -> LayerNode:
    if not isinstance(item, Mapping):
        message = f"A layer is a group of named values. Received: {shorten(item)}."
        raise SpecError([Problem(where, message, f"It has {', '.join(_FIELDS)}.")])
    problems = [
        Problem(f"{where}.{key}", "A layer has no such setting.", f"It has {', '.join(_FIELDS)}.")
        for key in item
        if key not in _FIELDS
    ]
    for key in ("name", "type"):
        if not isinstance(item.get(key), str):
            problems.append(
                Problem(f"{where}.{key}", f"Must be text. Received: {shorten(item.get(key))}.")
            )
    inputs = item.get("inputs", ())
    if (
        not isinstance(inputs, Sequence)
        or isinstance(inputs, str)
        or not all(isinstance(name, str) for name in inputs)
    ):
        message = f"Must be a list of names of layers. Received: {shorten(inputs)}."
        problems.append(Problem(f"{where}.inputs", message))
    parameters = item.get("parameters", {})
    if not isinstance(parameters, Mapping):
        message = f"Must be a group of named settings. Received: {shorten(parameters)}."
        problems.append(Problem(f"{where}.parameters", message))
    if problems:
        raise SpecError(problems)
    return LayerNode(str(item["name"]), str(item["type"]), tuple(inputs), dict(parameters))


def _name_problems(nodes: Sequence[LayerNode], prefix: str) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    for at, node in enumerate(nodes):
        if not NAME.fullmatch(node.name):
            yield Problem(
                f"{prefix}.{at}.name",
                "A layer's name is a letter, then letters, digits and underscores. "
                f"Received: {shorten(node.name)}.",
                "Such as conv_1.",
            )
        elif node.name in seen:
            yield Problem(
                f"{prefix}.{at}.name",
                f"Two layers are named '{node.name}': number {seen[node.name] + 1} and {at + 1}.",
                "Rename one of them.",
            )
        seen.setdefault(node.name, at)


def _parameter_problems(node: LayerNode, where: str) -> list[Problem]:
    declared = _layer_types()[node.type].parameters
    try:
        from engine.spec.parameters import validate  # not where nothing is to be checked

        parameters = validate(declared, node.parameters, f"{where}.parameters")
    except SpecError as error:
        return list(error.problems)
    problems = [
        Problem(
            f"{where}.parameters.keras",
            "Only Keras's own layers can stand here, without code and files. "
            f"Received: {shorten(foreign)}.",
            "Remove it.",
        )
        for foreign in foreign_parts(node.parameters)
    ]
    return problems + _call_problems(node, parameters, where)


def _call_problems(node: LayerNode, parameters: LayerParameters, where: str) -> list[Problem]:
    """Places of inputs, in how a layer is called, that it does not have."""
    call = parameters.call
    if not call:
        return []
    field = f"{where}.parameters.call"
    if not isinstance(call.get("args"), list) or not isinstance(call.get("kwargs"), Mapping):
        message = f"Must hold a list 'args' and a group 'kwargs'. Received: {shorten(call)}."
        return [Problem(field, message, "Remove it, to have the usual way.")]
    n_inputs = len(node.inputs)
    return [
        Problem(
            field,
            f"'{node.name}' is called with input {shorten(place)}, and it has {n_inputs}.",
            "Give it as many inputs, or remove 'call'.",
        )
        for place in _places(call)
        if not isinstance(place, int) or isinstance(place, bool) or not 0 <= place < n_inputs
    ]


def _places(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        if set(value) == {"input"}:
            yield value["input"]
            return
        for item in value.values():
            yield from _places(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _places(item)


def _input_problems(
    node: LayerNode, at: int, places: Mapping[str, int], where: str
) -> Iterator[Problem]:
    kind = _layer_types()[node.type]
    field = f"{where}.inputs"
    n_inputs = len(node.inputs)
    if n_inputs < kind.min_inputs or (kind.max_inputs is not None and n_inputs > kind.max_inputs):
        yield Problem(
            field,
            f"'{node.name}' takes {_number_text(kind)}. Received: {n_inputs}.",
            "Choose other inputs, or another layer.",
        )
    for name in node.inputs:
        source, colon, number = name.partition(":")
        if source not in places:
            yield Problem(
                field,
                f"'{node.name}' takes its input from '{source}', which does not exist.",
                f"Take one of the layers before it: {', '.join(list(places)[:at][-4:])}.",
            )
        elif places[source] == at:
            yield Problem(field, f"'{node.name}' takes its own output.", "Take a layer before it.")
        elif places[source] > at:
            yield Problem(
                field,
                f"'{node.name}' takes the output of '{source}', which comes after it.",
                "Put it behind; a network has no circles.",
            )
        elif colon and not number.isdecimal():
            yield Problem(
                field,
                f"An output is told by its number, from 0. Received: {shorten(name)}.",
                f"Such as {source}:1, or {source} for the first.",
            )


def _number_text(kind: LayerType) -> str:
    least, most = kind.min_inputs, kind.max_inputs
    if most == 0:
        return "no input"
    if most is None:
        return f"{least} or more inputs"
    if least == most:
        return f"{least} input{'s' if least > 1 else ''}"
    return f"{least} to {most} inputs"


def _sharing_problems(
    node: LayerNode, at: int, nodes: Sequence[LayerNode], where: str
) -> Iterator[Problem]:
    if node.type != "SharedLayer":
        return
    wanted = node.parameters.get("layer")
    before = [item for item in nodes[:at] if item.name == wanted]
    if not before or before[0].type in ("Input", "SharedLayer", "Operation"):
        able = [
            item.name
            for item in nodes[:at]
            if item.type not in ("Input", "SharedLayer", "Operation")
        ]
        yield Problem(
            f"{where}.parameters.layer",
            f"'{node.name}' uses a layer again that is not before it. Received: {shorten(wanted)}.",
            f"Name one of {', '.join(able[-4:])}." if able else "There is none; remove it.",
        )


def _end_problems(nodes: Sequence[LayerNode], prefix: str) -> Iterator[Problem]:
    """One input, one output, nothing that leads nowhere."""
    inputs = [at for at, node in enumerate(nodes) if node.type == "Input"]
    if not inputs:
        yield Problem(prefix, "The model has no Input layer.", "Begin with one.")
    for at in inputs[1:]:
        yield Problem(
            f"{prefix}.{at}",
            f"A model has one Input layer; '{nodes[at].name}' is another one.",
            "Remove it, and take the first one in its place.",
        )
    used = {source_of(name) for node in nodes for name in node.inputs}
    for at, node in enumerate(nodes[:-1]):
        if node.name not in used:
            yield Problem(
                f"{prefix}.{at}",
                f"Nothing takes the output of '{node.name}'.",
                "Have another layer take it, or remove it.",
            )
    if nodes[-1].type == "Input":
        yield Problem(
            f"{prefix}.{len(nodes) - 1}", "Nothing comes behind the input.", "Add a layer."
        )
