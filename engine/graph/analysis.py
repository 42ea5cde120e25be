"""What each layer of a model costs and sees, without running it. Imported by workers only."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import keras

from engine.events.messages import LayerInfo
from engine.graph.macs import multiply_adds
from engine.graph.receptive import Reach, after, lengths, of_input

Shape = tuple[int, ...]

_BYTES = {"float64": 8, "int64": 8, "uint64": 8, "float16": 2, "bfloat16": 2, "int16": 2}
_BYTES |= {"uint16": 2, "bool": 1, "int8": 1, "uint8": 1, "string": 0}
FLOAT_BYTES = 4


@dataclass(frozen=True)
class Analysis:
    """One layer, for one example.

    Attributes:
        type: Its Keras class.
        output_shape: Of its (first) output, without the batch axis; an open axis counts as 1.
        n_parameters: Weights it holds; 0 where it uses those of a layer before it.
        n_macs: Multiply-adds, see `engine.graph.macs`.
        activation_bytes: Memory of its outputs.
        kept_bytes: What training keeps of it until the gradients are known: its outputs, and what
            recurrent and attention layers hold within.
        receptive_field: Positions of the model's input that one value of the output sees, along
            the input's axes of place or time; empty where that means nothing.
    """

    type: str
    output_shape: Shape
    n_parameters: int
    n_macs: int
    activation_bytes: int
    kept_bytes: int
    receptive_field: Shape = ()


def analyse(model: keras.Model) -> dict[str, Analysis]:
    """Finds what each layer of a model costs and sees.

    Weights need shapes and no values: the model may have been built within `unallocated`.

    Multiply-adds count products in sums alone: dense, convolution, recurrent and attention layers.
    Pooling, normalisation, activations, merging, biases and embeddings (a look-up) count 0, as in
    Howard et al., MobileNets, 2017. What of the input one value sees is the largest over all paths.

    Args:
        model: Functional or sequential. Models within it are taken apart.

    Returns:
        By name of the layer, as `engine.graph.layer_graph` names them: letters, digits and
        underscores, ``name_1`` for the second call of a layer. In an order in which each layer
        comes after its inputs.
    """
    walk = _Walk()
    first = model.inputs[0]
    shape = _shape(first)
    given = {id(first): of_input(shape)}
    walk.model(model, given)
    # A table's features have no order. Tokens do: they are looked up in an embedding.
    if len(shape) == 1 and not walk.is_text:
        return walk.found
    return {
        name: _with_field(item, walk.reaches.get(name, ()), shape)
        for name, item in walk.found.items()
    }


def _with_field(item: Analysis, reaches: Sequence[Reach], shape: Shape) -> Analysis:
    values = {**vars(item), "receptive_field": lengths(reaches, shape) if reaches else ()}
    return Analysis(**values)


@dataclass
class _Walk:
    """Goes through a model call by call, and through the models within it."""

    found: dict[str, Analysis] = field(default_factory=dict)
    reaches: dict[str, tuple[Reach, ...]] = field(default_factory=dict)
    is_text: bool = False
    _seen: set[int] = field(default_factory=set)

    def model(self, model: keras.Model, reach: dict[int, tuple[Reach, ...]]) -> None:
        """Takes every layer of a functional model.

        Args:
            model: The model.
            reach: What its tensors see, by their id; filled.
        """
        functional = keras.Model(model.inputs, model.outputs)
        for node in _nodes(functional):
            operation = node.operation
            if isinstance(operation, keras.Model):
                self._inner(operation, node, reach)
                continue
            taken = _taken(node)
            seen = [reach.get(id(item), ()) for item in taken]
            if type(operation).__name__ == "InputLayer":
                made = reach.get(id(node.outputs[0]), ())
            else:
                shapes = [_shape(item) for item in taken]
                made = after(operation, seen, shapes, _shape(node.outputs[0]))
                self.is_text |= _looks_up(operation, seen)
            for item in node.outputs:
                reach[id(item)] = made
            name = self._name(operation.name)
            self.reaches[name] = made
            self.found[name] = self._analysis(operation, taken, node.outputs)

    def _inner(self, model: keras.Model, node: Any, reach: dict[int, tuple[Reach, ...]]) -> None:
        taken = _taken(node)
        for inside, outside in zip(model.inputs, taken, strict=False):
            reach[id(inside)] = reach.get(id(outside), ())
        self.model(model, reach)
        for inside, outside in zip(model.outputs, node.outputs, strict=False):
            reach[id(outside)] = reach.get(id(inside), ())

    def _analysis(self, operation: Any, taken: Sequence[Any], outputs: Sequence[Any]) -> Analysis:
        is_again = id(operation) in self._seen
        self._seen.add(id(operation))
        is_layer = isinstance(operation, keras.Layer)
        shapes = [_shape(item) for item in outputs]
        inputs = [_shape(item) for item in taken]
        n_bytes = sum(_n_bytes(item) for item in outputs)
        return Analysis(
            type(operation).__name__,
            shapes[0] if shapes else (),
            count_weights(operation) if is_layer and not is_again else 0,
            multiply_adds(operation, inputs, shapes),
            n_bytes,
            n_bytes + _within(operation, inputs),
        )

    def _name(self, name: str) -> str:
        stem = re.sub(r"\W", "_", name)
        stem = stem if re.match(r"[A-Za-z]", stem) else f"layer_{stem}"
        fresh, number = stem, 1
        while fresh in self.found:
            fresh, number = f"{stem}_{number}", number + 1
        return fresh


def count_weights(layer: Any, trainable: bool = False) -> int:
    """Weights of a layer or model, by their shapes alone."""
    weights = layer.trainable_weights if trainable else layer.weights
    return sum(math.prod(weight.shape) for weight in weights)


def layers_of(analyses: Mapping[str, Analysis]) -> list[LayerInfo]:
    """What is known of the layers, to compare their sizes."""
    return [
        LayerInfo(
            name,
            item.type,
            item.output_shape,
            item.n_parameters,
            n_macs=item.n_macs,
            activation_bytes=item.activation_bytes,
            receptive_field=item.receptive_field,
        )
        for name, item in analyses.items()
    ]


def _nodes(model: Any) -> Iterator[Any]:
    for depth in sorted(model._nodes_by_depth, reverse=True):
        yield from model._nodes_by_depth[depth]


def _taken(node: Any) -> list[Any]:
    """The tensors that a call takes; of attention query, value and key."""
    arguments = node.arguments
    if "Attention" in type(node.operation).__name__:
        places = dict(zip(("query", "value", "key"), arguments.args, strict=False))
        named = places | {key: item for key, item in arguments.kwargs.items() if item is not None}
        found = [named[key] for key in ("query", "value", "key") if key in named]
        if found and all(isinstance(item, keras.KerasTensor) for item in found):
            return found
    return list(node.input_tensors)


def _looks_up(operation: Any, seen: Sequence[Sequence[Reach]]) -> bool:
    is_embedding = type(operation).__name__ == "Embedding"
    return is_embedding and any(item and item[0].axis == 0 for item in seen)


def _shape(tensor: Any) -> Shape:
    return tuple(1 if side is None else int(side) for side in tensor.shape[1:])


def _n_bytes(tensor: Any) -> int:
    dtype = keras.backend.standardize_dtype(tensor.dtype)
    return math.prod(_shape(tensor)) * _BYTES.get(dtype, FLOAT_BYTES)


def _within(operation: Any, inputs: Sequence[Shape]) -> int:
    """What a layer holds within until the gradients are known, beside its outputs."""
    kind = type(operation).__name__
    if kind == "Bidirectional":
        both = (operation.forward_layer, operation.backward_layer)
        return sum(_within(item, inputs) for item in both)
    if kind == "MultiHeadAttention" and inputs:
        query, value = inputs[0], inputs[1] if len(inputs) > 1 else inputs[0]
        n_query, n_key = math.prod(query[:-1]), math.prod(value[:-1])
        width = operation.num_heads * (operation.key_dim + operation.value_dim)
        scores = 2 * operation.num_heads * n_query * n_key  # before and after the softmax
        return int(FLOAT_BYTES * (scores + (n_query + n_key) * width))
    if hasattr(operation, "cell") and inputs and hasattr(operation.cell, "units"):
        # The gates and the states of every step.
        gates = {"LSTMCell": 6, "GRUCell": 5}.get(type(operation.cell).__name__, 2)
        return int(FLOAT_BYTES * inputs[0][0] * gates * operation.cell.units)
    return 0
