"""From a Keras model to a graph of layers. Imported by workers only."""

from __future__ import annotations

import inspect
import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras

from engine.errors import SpecError
from engine.files.bounded import parse_json
from engine.graph.calls import CallReader, usual_call
from engine.graph.layer_graph import LayerGraph, LayerNode, source_of
from engine.graph.layer_types import LAYER_TYPES
from engine.graph.operations import function_name
from engine.spec.parameters import validate

_MODELS = ("Functional", "Sequential", "Model")
_ATTENTION = ("MultiHeadAttention", "Attention")


def of_model(model: keras.Model) -> LayerGraph:
    """Reads the layers of a model, functional or sequential, with one input and one output.

    Models within it are taken apart. A layer that is called several times is a `SharedLayer` from
    the second time on; a layer or a setting that `LAYER_TYPES` does not know is kept as it is.

    Raises:
        ValueError: The model has several inputs or outputs, or is of a class of its own.
    """
    return read_model(model)[0]


def read_model(model: keras.Model) -> tuple[LayerGraph, dict[tuple[str, ...], str]]:
    """As `of_model`, and what each layer is called in the graph.

    Returns:
        The graph, and names in it by those of the layer and of the models around it, from the
        outermost on.

    Raises:
        ValueError: As `of_model`.
    """
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise ValueError(
            "A model with one input and one output is needed. Received: "
            f"{len(model.inputs)} inputs and {len(model.outputs)} outputs."
        )
    config = keras.Model(model.inputs, model.outputs).get_config()
    reader = _Reader()
    output = reader.read(config, {})
    return _sorted(reader.nodes, output), dict(reader.made)


@dataclass(frozen=True)
class _Called:
    """One call of one layer."""

    layer: Mapping[str, Any]
    number: int
    inbound: Mapping[str, Any]


class _Reader:
    """Collects the nodes of a model's configuration and of the models within it."""

    def __init__(self) -> None:
        self.nodes: dict[str, LayerNode] = {}
        self.made: dict[tuple[str, ...], str] = {}

    def read(
        self,
        config: Mapping[str, Any],
        given: Mapping[str, str],
        path: tuple[str, ...] = (),
    ) -> str:
        """Reads a functional model.

        Args:
            config: Its configuration.
            given: What stands for its input, by the name of its input layer; empty: a new input.
            path: Names of the models around it.

        Returns:
            The reference of its output.
        """
        found: dict[tuple[str, int], str] = {}
        calls = _calls(config)
        # Of several calls, one may need what a layer further down puts out.
        while calls:
            ready = next((call for call in calls if _sources(call.inbound) <= found.keys()), None)
            if ready is None:
                raise ValueError("The layers of the model feed each other in a circle.")
            calls.remove(ready)
            found[ready.layer["name"], ready.number] = self._call(ready, found, given, path)
        name, number, output = _single(config["output_layers"])
        return _numbered(found[name, number], output)

    def _call(
        self,
        call: _Called,
        found: Mapping[tuple[str, int], str],
        given: Mapping[str, str],
        path: tuple[str, ...],
    ) -> str:
        layer = call.layer
        if layer["class_name"] == "InputLayer":
            if layer["name"] in given:
                return given[layer["name"]]
            return self._add(layer["name"], "Input", (), _input_parameters(layer["config"]))
        kind, parameters = _read_layer(layer)
        reader = CallReader(
            lambda name, number, output: _numbered(found[name, number], output),
            is_set=kind == "MultiHeadAttention",
        )
        called = reader.read(call.inbound)
        whole = (*path, layer["name"])
        if layer["class_name"] in _MODELS:
            config = _functional(layer)
            name = _single(config["input_layers"])[0]
            return self.read(config, {name: reader.inputs[0]}, whole)
        is_again = whole in self.made and kind != "Operation"
        if is_again:
            parameters = {"layer": self.made[whole]}
        parameters = _with_call(kind, parameters, called, len(reader.inputs))
        made = self._add(
            layer["name"], "SharedLayer" if is_again else kind, reader.inputs, parameters
        )
        self.made.setdefault(whole, made)
        return made

    def _add(
        self, name: str, kind: str, inputs: Sequence[str], parameters: Mapping[str, Any]
    ) -> str:
        # A layer of a graph has letters of ASCII: é becomes e, what has no such letter is left out.
        stem = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
        stem = re.sub(r"\W", "_", stem)
        stem = stem if re.match(r"[A-Za-z]", stem) else f"layer_{stem}"
        fresh, number = stem, 1
        while fresh in self.nodes:
            fresh, number = f"{stem}_{number}", number + 1
        self.nodes[fresh] = LayerNode(fresh, kind, tuple(inputs), parameters)
        return fresh


def _calls(config: Mapping[str, Any]) -> list[_Called]:
    calls = []
    for layer in config["layers"]:
        inbound = layer["inbound_nodes"] or [{"args": [], "kwargs": {}}]
        calls += [_Called(layer, number, item) for number, item in enumerate(inbound)]
    return calls


def _sources(value: Any) -> set[tuple[str, int]]:
    """Layers and calls whose outputs are spoken of in a configuration."""
    if isinstance(value, Mapping):
        if value.get("class_name") == "__keras_tensor__":
            name, number, _ = value["config"]["keras_history"]
            return {(name, number)}
        return set().union(*(_sources(item) for item in value.values()))
    if isinstance(value, list | tuple):
        return set().union(*(_sources(item) for item in value))
    return set()


def _single(listed: Any) -> tuple[str, int, int]:
    """The one input or output of a model: Keras lists them, nested or not."""
    item = listed
    while isinstance(item, list | tuple) and not isinstance(item[0], str):
        item = item[0]
    return str(item[0]), int(item[1]), int(item[2])


def _numbered(reference: str, output: int) -> str:
    return f"{reference}:{output}" if output else reference


def _functional(layer: Mapping[str, Any]) -> Mapping[str, Any]:
    """The configuration of a model within a model, as a functional one."""
    config: Mapping[str, Any] = layer["config"]
    if layer["class_name"] == "Sequential":
        inner = keras.Sequential.from_config(dict(config))
        config = keras.Model(inner.inputs, inner.outputs).get_config()
    return config


def _input_parameters(config: Mapping[str, Any]) -> dict[str, Any]:
    shape = config["batch_shape"][1:]
    return {"shape": list(shape), "dtype": config["dtype"]}


def _with_call(
    kind: str, parameters: Mapping[str, Any], called: Mapping[str, Any], n_inputs: int
) -> dict[str, Any]:
    """The parameters with what the call says, as settings where it can be."""
    made = dict(parameters)
    args, kwargs = list(called["args"]), dict(called["kwargs"])
    if kind in _ATTENTION and kwargs.get("use_causal_mask"):
        made["causal"] = True
    if kind == "MultiHeadAttention":
        # Query and value may be named or not.
        args += [kwargs.pop(key) for key in ("query", "value", "key") if key in kwargs]
        mask = kwargs.get("attention_mask")
        made["masked"] = mask is not None and mask == {"input": n_inputs - 1}
    called = {"args": args, "kwargs": kwargs}
    if called != usual_call(kind, made, n_inputs):
        made["call"] = _jsonable(called)
    return made


def _read_layer(layer: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Type and parameters of a layer or operation, from its entry in a model's configuration."""
    name, config = layer["class_name"], layer["config"]
    if name in _MODELS:
        return "", {}
    if not str(layer["module"]).startswith("keras.layers"):
        settings = {key: _jsonable(value) for key, value in config.items() if key != "name"}
        return "Operation", {"operation": function_name(name), "keras": settings}
    if name in LAYER_TYPES:
        declared = LAYER_TYPES[name].parameters
        try:
            values = _jsonable(declared.read(config, not_default, name))
            return name, validate(declared, values).model_dump(mode="json", exclude={"call"})
        except (SpecError, KeyError):
            pass  # a setting that the declaration does not have
    return "OtherLayer", {"layer": name, "keras": _jsonable(not_default(name, config))}


def not_default(keras_class: str, config: Mapping[str, Any]) -> dict[str, Any]:
    """What in a layer's configuration is not as Keras has it, when nobody says otherwise."""
    made = getattr(keras.layers, keras_class)
    needed = {
        name: config[name]
        for name, item in inspect.signature(made.__init__).parameters.items()
        if item.default is inspect.Parameter.empty and name in config
    }
    usual = made(**{key: _revived(value) for key, value in needed.items()}).get_config()
    return {
        key: _jsonable(value)
        for key, value in config.items()
        if key != "name" and (key in needed or _jsonable(value) != _jsonable(usual.get(key)))
    }


def _revived(value: Any) -> Any:
    is_object = isinstance(value, Mapping) and "class_name" in value
    return keras.saving.deserialize_keras_object(value) if is_object else value


def _jsonable(value: Any) -> Any:
    """The same as JSON gives it back: lists in the place of tuples."""
    return parse_json(json.dumps(value))


def _sorted(nodes: Mapping[str, LayerNode], output: str) -> LayerGraph:
    """The layers that lead to the output, branch by branch, each behind its inputs."""
    placed: dict[str, LayerNode] = {}
    waiting = [source_of(output)]
    while waiting:
        node = nodes[waiting[-1]]
        needed = [source_of(item) for item in node.inputs]
        if node.type == "SharedLayer":
            needed.append(node.parameters["layer"])
        missing = [name for name in needed if name not in placed]
        if missing:
            waiting.append(missing[0])
            continue
        waiting.pop()
        placed.setdefault(node.name, node)
    ordered = list(placed.values())
    if ":" in output:
        ordered.append(LayerNode("chosen_output", "OtherLayer", (output,), {"layer": "Identity"}))
    return LayerGraph(tuple(ordered))
