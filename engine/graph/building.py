"""From a graph of layers to a Keras model, layer by layer. Imported by workers only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import keras

from engine.errors import Problem, SpecError
from engine.graph.adapting import adapted, input_problem, output_problem
from engine.graph.calls import filled, usual_call
from engine.graph.errors import in_words, misfit
from engine.graph.layer_graph import LayerGraph, LayerNode
from engine.graph.layer_types import LAYER_TYPES, Nested
from engine.graph.operations import operation_class
from engine.graph.unallocated import unallocated
from engine.spec.parameters import validate
from engine.spec.signature import Signature


@dataclass(frozen=True)
class Inferred:
    """What is known of one layer of a graph.

    Attributes:
        shape: Of its output, or of the first of several, without the batch axis.
        n_parameters: Weights it holds; 0 where it uses those of another layer.
    """

    shape: tuple[int | None, ...]
    n_parameters: int


@dataclass(frozen=True)
class Inference:
    """What is known of a graph.

    Attributes:
        layers: By name, as far as they could be built.
        problem: Why the next layer cannot be, at ``layers.3``; None where all can.
    """

    layers: dict[str, Inferred] = field(default_factory=dict)
    problem: Problem | None = None


def build_graph(graph: LayerGraph, signature: Signature, name: str = "custom") -> keras.Model:
    """Builds a model for data of this signature.

    The input, an embedding right behind it and the layer named ``output`` follow the data.

    Args:
        graph: The layers.
        signature: Of the data.
        name: The model's.

    Raises:
        SpecError: The layers do not fit together or do not fit the data, at ``layers.3``.
    """
    problem = input_problem(graph, signature)
    if problem is not None:
        raise SpecError([problem])
    fitted = adapted(graph, signature)
    builder = GraphBuilder()
    output = builder.build(fitted)
    problem = output_problem(fitted, tuple(output.shape[1:]), signature)
    if problem is not None:
        raise SpecError([problem])
    return keras.Model(builder.input, output, name=name)


def build_as_it_is(graph: LayerGraph, name: str) -> keras.Model:
    """Builds a model of just these layers, for the data they were made for.

    Raises:
        SpecError: The layers do not fit together, at ``layers.3``.
    """
    builder = GraphBuilder()
    output = builder.build(graph)
    return keras.Model(builder.input, output, name=name)


def infer(graph: LayerGraph, signature: Signature) -> Inference:
    """Finds each layer's output and weights for data of this signature; takes no memory for them.

    Returns:
        What is known, and the first layer that does not fit, with the reason.
    """
    problem = input_problem(graph, signature)
    if problem is not None:
        return Inference({}, problem)
    fitted = adapted(graph, signature)
    builder = GraphBuilder()
    with unallocated():
        try:
            output = builder.build(fitted)
        except SpecError as error:
            return Inference(builder.inferred(), error.problems[0])
        problem = output_problem(fitted, tuple(output.shape[1:]), signature)
        return Inference(builder.inferred(), problem)


class GraphBuilder:
    """Builds the layers of one graph; keeps what was built when one cannot be.

    Attributes:
        input: The model's input, once it is built.
    """

    def __init__(self) -> None:
        self.input: Any = None
        self._layers: dict[str, Any] = {}
        self._outputs: dict[str, list[Any]] = {}
        self._nodes: dict[str, LayerNode] = {}
        self._made_several: dict[str, bool] = {}

    def build(self, graph: LayerGraph) -> Any:
        """Returns the output of the last layer.

        Raises:
            SpecError: A layer does not fit, at ``layers.3``.
        """
        for at, node in enumerate(graph.nodes):
            try:
                made = self._made(node, at)
            except SpecError:
                raise
            except Exception as error:
                # Whatever Keras says of a layer that cannot be: it has no class of errors for it.
                received = [tuple(item.shape[1:]) for item in self._taken(node)]
                raise SpecError([in_words(error, node, at, received)]) from error
            self._outputs[node.name] = made if isinstance(made, list) else [made]
            self._nodes[node.name] = node
            self._made_several[node.name] = isinstance(made, list)
        return self._outputs[graph.nodes[-1].name][0]

    def with_several_outputs(self) -> tuple[str, ...]:
        """Names of the layers that put out several tensors, of the layers built so far."""
        return tuple(name for name, made in self._made_several.items() if made)

    def inferred(self) -> dict[str, Inferred]:
        """What is known of the layers built so far."""
        found = {}
        for name, outputs in self._outputs.items():
            is_shared = self._nodes[name].type == "SharedLayer"
            layer = None if is_shared else self._layers.get(name)
            count = layer.count_params() if isinstance(layer, keras.Layer) else 0
            found[name] = Inferred(tuple(outputs[0].shape[1:]), int(count))
        return found

    def _made(self, node: LayerNode, at: int) -> Any:
        if node.type == "Input":
            self.input = _input(node)
            return self.input
        inputs = self._taken(node, at)
        problem = misfit(node, at, [tuple(item.shape[1:]) for item in inputs])
        if problem is not None:
            raise SpecError([problem])
        kind = node
        if node.type == "SharedLayer":
            kind = self._nodes[node.parameters["layer"]]
            layer = self._layers[kind.name]
        else:
            layer = make(node)
        self._layers[node.name] = layer
        call = node.parameters.get("call")
        call = call or usual_call(kind.type, kind.parameters, len(inputs))
        args = [_argument(filled(item, inputs.__getitem__)) for item in call["args"]]
        kwargs = {
            key: _argument(filled(item, inputs.__getitem__)) for key, item in call["kwargs"].items()
        }
        if node.type == "Operation" and args[1:] and isinstance(args[1], list):
            args[1] = tuple(args[1])  # the places that get_item takes
        made = layer(*args, **kwargs)
        return list(made) if isinstance(made, list | tuple) else made

    def _taken(self, node: LayerNode, at: int = 0) -> list[Any]:
        taken = []
        for reference in node.inputs:
            source, _, number = reference.partition(":")
            outputs = self._outputs[source]
            place = int(number or 0)
            if place >= len(outputs):
                raise SpecError(
                    [
                        Problem(
                            f"layers.{at}.inputs",
                            f"'{source}' has {len(outputs)} output"
                            f"{'s' if len(outputs) > 1 else ''}. Received: {reference}.",
                            f"Take {source} itself.",
                        )
                    ]
                )
            taken.append(outputs[place])
        return taken


def make(node: LayerNode) -> Any:
    """The Keras layer or operation of a node, not yet called."""
    declared = LAYER_TYPES[node.type].parameters
    parameters = validate(declared, node.parameters)
    if node.type == "Operation":
        operation = operation_class(str(node.parameters.get("operation", "relu")))
        return operation.from_config({**parameters.keras, "name": node.name})
    if node.type == "OtherLayer":
        kind = getattr(keras.layers, str(node.parameters.get("layer", "Identity")))
        return kind.from_config({**parameters.keras, "name": node.name})
    arguments = {key: _nested(value) for key, value in parameters.arguments().items()}
    return getattr(keras.layers, node.type)(**arguments, name=node.name)


def _nested(value: Any) -> Any:
    if isinstance(value, Nested):
        return getattr(keras.layers, value.keras_class)(**value.arguments)
    return value


def _input(node: LayerNode) -> Any:
    parameters: Mapping[str, Any] = node.parameters
    return keras.Input(
        tuple(parameters.get("shape", ())),
        dtype=parameters.get("dtype", "float32"),
        name=node.name,
    )


def _argument(value: Any) -> Any:
    """What JSON says of an argument of a call, as Keras takes it."""
    if isinstance(value, dict) and "class_name" in value:
        return keras.saving.deserialize_keras_object(value)
    if isinstance(value, list):
        return [_argument(item) for item in value]
    return value
