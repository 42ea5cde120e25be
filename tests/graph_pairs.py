"""Keras models and graphs for the tests of `engine.graph`."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from tiny_signatures import TINY

from engine.graph.layer_graph import LayerGraph, LayerNode
from engine.spec.parameters import validate


def network_of(pair: tuple[Any, Any]) -> keras.Model:
    """The architecture's network for the signature, small."""
    architecture, signature = pair
    settings = validate(architecture.parameters, TINY.get(architecture.name, {}))
    return architecture.build(signature, settings)


def plain_layers(network: keras.Model) -> list[keras.layers.Layer]:
    """The layers of a model and of the models within it."""
    found = []
    for layer in network.layers:
        is_model = isinstance(layer, keras.Model)
        found += plain_layers(layer) if is_model else [layer]
    return [layer for layer in found if not isinstance(layer, keras.layers.InputLayer)]


def same_answers(one: keras.Model, other: keras.Model, x: Any) -> None:
    """Both have the same layers, and with the weights of the one give the same answers."""
    weights = {layer.name: layer.get_weights() for layer in plain_layers(one)}
    for layer in other.layers:
        if layer.weights:
            layer.set_weights(weights[layer.name])
    assert other.count_params() == one.count_params()
    np.testing.assert_array_equal(other(x), one(x))


def chain(*nodes: tuple[str, dict[str, Any]], shape: tuple[int, ...] = (4,)) -> LayerGraph:
    """An input and layers one after another, each named by its type and place: ``dense_1``."""
    made = [LayerNode("input", "Input", (), {"shape": list(shape), "dtype": "float32"})]
    for number, (kind, parameters) in enumerate(nodes, start=1):
        name = f"{kind.lower()}_{number}"
        made.append(LayerNode(name, kind, (made[-1].name,), parameters))
    return LayerGraph(tuple(made))
