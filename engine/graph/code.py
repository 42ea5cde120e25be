"""A graph of layers as Keras code that runs by itself. Imported by workers only."""

from __future__ import annotations

import inspect
import itertools
import keyword
from collections.abc import Collection, Mapping
from typing import Any, Final

import keras

from engine.graph.building import GraphBuilder
from engine.graph.calls import filled, usual_call
from engine.graph.expressions import Code, arguments_of, call, expression, same
from engine.graph.layer_graph import LayerGraph, LayerNode, source_of
from engine.graph.layer_types import LAYER_TYPES
from engine.graph.operations import function_path, operation_class
from engine.graph.training_code import training_code
from engine.graph.unallocated import unallocated
from engine.spec.parameters import validate
from engine.spec.run_spec import RunSpec
from engine.spec.signature import Signature

_TAKEN: Final = frozenset({"keras", "layers", "ops", "model", "np", "slice", *keyword.kwlist})


def code_of(
    graph: LayerGraph,
    spec: RunSpec | None = None,
    signature: Signature | None = None,
    several: Collection[str] | None = None,
) -> str:
    """The model as a script.

    Args:
        graph: A well-formed graph whose Input says its shape.
        spec: A resolved one; without it (or the signature), there is the model alone.
        signature: Of the data.
        several: The layers with several outputs, as a `GraphBuilder` that built it tells; None:
            it is built to find out.

    Returns:
        Imports and the model; with a spec, also how it is compiled and trained, on stand-ins of the
        data's shape.
    """
    writer = _Writer(graph, several)
    body = writer.sequential() if writer.is_chain() else writer.functional()
    parts = ["import keras"]
    if "layers." in body and "ops." in body.replace("keras.ops.", ""):
        parts[0] += "\nfrom keras import layers, ops"
    elif "layers." in body:
        parts[0] += "\nfrom keras import layers"
    elif "ops." in body:
        parts[0] += "\nfrom keras import ops"
    if spec is None or signature is None:
        return f"{parts[0]}\n\n{body}\n"
    entry = next(node for node in graph.nodes if node.type == "Input")
    seed = f"keras.utils.set_random_seed({spec.seed})"
    training = training_code(spec, signature, entry.parameters)
    head = parts[0].replace("import keras\n", "import keras\nimport numpy as np\n", 1)
    head = head if "numpy" in head else f"{head}\nimport numpy as np"
    return f"{head}\n\n{seed}\n\n{body}\n\n{training}"


def lines_of(graph: LayerGraph, several: Collection[str] | None = None) -> dict[str, str]:
    """The line of code that makes each layer, by its name; `several` as of `code_of`."""
    writer = _Writer(graph, several)
    return {node.name: writer.line(node) for node in graph.nodes}


class _Writer:
    """Writes the layers of one graph."""

    def __init__(self, graph: LayerGraph, several: Collection[str] | None) -> None:
        self._graph = graph
        self._nodes = {node.name: node for node in graph.nodes}
        self._several = _with_several_outputs(graph) if several is None else several
        # A layer that is used again needs a name of its own beside that of its output.
        self._shared = {
            str(node.parameters["layer"]) for node in graph.nodes if node.type == "SharedLayer"
        }

    def is_chain(self) -> bool:
        """Each layer takes just the output of the one before it, in the usual way."""
        nodes = self._graph.nodes
        return all(
            node.inputs == (before.name,)
            and node.type not in ("Operation", "SharedLayer", "MultiHeadAttention")
            and not node.parameters.get("call")
            and before.name not in self._several
            for before, node in itertools.pairwise(nodes)
        )

    def sequential(self) -> str:
        made = [_made(node) for node in self._graph.nodes]
        lines = "".join(f"        {_indented(line, 8)},\n" for line in made)
        return f"model = keras.Sequential(\n    [\n{lines}    ]\n)"

    def functional(self) -> str:
        lines = [self.line(node) for node in self._graph.nodes]
        entry = next(node.name for node in self._graph.nodes if node.type == "Input")
        output = self._reference(self._graph.nodes[-1].name)
        return "\n".join([*lines, f"model = keras.Model({_variable(entry)}, {output})"])

    def line(self, node: LayerNode) -> str:
        """What makes a layer's output."""
        variable = _variable(node.name)
        if node.type == "Input":
            return _made(node, f"{variable} = ")
        if node.type == "Operation":
            return f"{variable} = {self._operation(node)}"
        kind = node
        before = ""
        if node.type == "SharedLayer":
            kind = self._nodes[str(node.parameters["layer"])]
            function = f"{_variable(kind.name)}_layer"
        elif node.name in self._shared:
            function = f"{variable}_layer"
            before = f"{function} = {_made(node)}\n"
        else:
            called = call("", self._arguments(node, kind))
            return _made(node, f"{variable} = ", called)
        return before + call(f"{variable} = {function}", self._arguments(node, kind))

    def _arguments(self, node: LayerNode, kind: LayerNode) -> list[str]:
        called = node.parameters.get("call") or usual_call(
            kind.type, kind.parameters, len(node.inputs)
        )
        return [
            *(self._value(item, node) for item in called["args"]),
            *(f"{key}={self._value(item, node)}" for key, item in called["kwargs"].items()),
        ]

    def _operation(self, node: LayerNode) -> str:
        name = str(node.parameters.get("operation", "relu"))
        settings: Mapping[str, Any] = node.parameters.get("keras") or {}
        called = node.parameters.get("call") or usual_call(node.type, {}, len(node.inputs))
        if name == "get_item" and not called["kwargs"] and len(called["args"]) == 2:
            return f"{self._value(called['args'][0], node)}[{_key(called['args'][1])}]"
        arguments = self._arguments(node, node)
        path = function_path(name)
        keywords = _keywords(path, settings) if path else None
        if keywords is None:
            made = operation_class(name)
            values = {
                "module": made.__module__,
                "class_name": made.__name__,
                "config": {**settings, "name": node.name},
                "registered_name": made.__name__,
            }
            return f"keras.saving.deserialize_keras_object({values!r})({', '.join(arguments)})"
        function = path.removeprefix("keras.")
        return call(function, [*arguments, *keywords])

    def _value(self, value: Any, node: LayerNode) -> str:
        """A part of a call, with variables in the places of inputs."""
        return expression(filled(value, lambda number: Code(self._reference(node.inputs[number]))))

    def _reference(self, reference: str) -> str:
        source = source_of(reference)
        number = reference.partition(":")[2] or "0"
        variable = _variable(source)
        return f"{variable}[{number}]" if source in self._several else variable


def _made(node: LayerNode, head: str = "", behind: str = "") -> str:
    """The call that makes a layer, with what stands before and behind it."""
    named = f"name={expression(node.name)}"
    if node.type == "Input":
        shape = expression(list(node.parameters.get("shape", ()))) or "()"
        dtype = node.parameters.get("dtype", "float32")
        kind = [] if dtype == "float32" else [f"dtype={expression(dtype)}"]
        return call(f"{head}keras.Input", [f"shape={shape}", *kind, named])
    if node.type == "OtherLayer":
        keras_class = str(node.parameters.get("layer", "Identity"))
        settings: Mapping[str, Any] = node.parameters.get("keras") or {}
    else:
        keras_class = node.type
        settings = validate(LAYER_TYPES[node.type].parameters, node.parameters).arguments()
    written = [*arguments_of(keras_class, settings), named]
    return call(f"{head}layers.{keras_class}", written, behind)


def _keywords(path: str, settings: Mapping[str, Any]) -> list[str] | None:
    """The settings of an operation as arguments of its function; None: it does not take them."""
    function: Any = keras
    for part in path.split(".")[1:]:
        function = getattr(function, part)
    declared = inspect.signature(function).parameters
    written = []
    for key, value in settings.items():
        if key in declared:
            if not same(value, declared[key].default):
                written.append(f"{key}={expression(value)}")
        elif value is not None:
            return None
    return written


def _key(value: Any) -> str:
    """What stands in square brackets."""
    items = value if isinstance(value, list) else [value]
    return ", ".join(_place(item) for item in items)


def _place(item: Any) -> str:
    if isinstance(item, Mapping) and item.get("class_name") == "__slice__":
        config = item["config"]
        start, stop = ("" if config[side] is None else config[side] for side in ("start", "stop"))
        step = "" if config["step"] is None else f":{config['step']}"
        return f"{start}:{stop}{step}"
    return expression(item)


def _variable(name: str) -> str:
    return f"{name}_" if name in _TAKEN else name


def _indented(text: str, by: int) -> str:
    return text.replace("\n", "\n" + " " * by)


def _with_several_outputs(graph: LayerGraph) -> Collection[str]:
    with unallocated():
        builder = GraphBuilder()
        builder.build(graph)
        return builder.with_several_outputs()
