"""Takes a foreign model, whose file was looked at, apart into layers and weights of one's own.

Imported by the confined process only, once nothing but allowed layers is in the file.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import keras
import numpy as np

from engine.graph.adapting import OUTPUT
from engine.graph.building import build_as_it_is
from engine.graph.layer_graph import LayerGraph, LayerNode
from engine.graph.reading import read_model
from engine.graph.unallocated import unallocated
from engine.inference.foreign_models.configuration import MAX_EXAMPLE
from engine.inference.foreign_models.refusal import Refused

_OWN: Final = "_with_preprocessing"
"""How Descent names what it saves: a network, with what it prepares around it."""
_SLACK: Final = 1_000
_TRIED: Final = 4
_TOLERANCE: Final = 1e-5


def take(path: Path, config: dict[str, Any], n_stored: int, to: Path) -> dict[str, Any]:
    """Loads a model, takes it apart, puts it together again, and saves that.

    Args:
        path: An archive of what was looked at.
        config: Its configuration.
        n_stored: Numbers that lie in its file of weights.
        to: Where the model is saved: the network alone, which answers as the foreign one did.

    Returns:
        ``graph`` as `LayerGraph.to_dict`, ``title``, ``input_shape``, ``output_shape``,
        ``n_weights`` and ``is_own``, whether Descent saved the file.

    Raises:
        Refused: It has more weights than the file, or is more than a graph of layers.
    """
    _check_size(config, n_stored)
    model = keras.saving.load_model(path, compile=False, safe_mode=True)
    network, is_own = _network(model)
    if not network.built or not getattr(network, "inputs", None):
        raise Refused("the model", "the shape of its inputs is not known")
    try:
        graph, names = read_model(network)
    except ValueError as error:
        raise Refused("the model", str(error).rstrip(".")) from None
    again = build_as_it_is(graph, str(network.name))
    _copy_weights(network, again, names)
    graph = _with_output(graph)
    fitted = build_as_it_is(graph, str(network.name))
    fitted.set_weights(again.get_weights())
    _check_same(network, fitted)
    again = fitted
    again.compiled = False
    again.save(to)
    return {
        "graph": graph.to_dict(),
        "title": str(network.name)[:80],
        "input_shape": list(network.inputs[0].shape[1:]),
        "output_shape": list(network.outputs[0].shape[1:]),
        "n_weights": sum(math.prod(weight.shape) for weight in network.weights),
        "is_own": is_own,
    }


def _check_size(config: dict[str, Any], n_stored: int) -> None:
    """Makes sure that building it takes no more than the file holds."""
    with unallocated():
        model = keras.saving.deserialize_keras_object(config, safe_mode=True)
        wanted = sum(math.prod(variable.shape) for variable in model.variables)
    if wanted > n_stored + _SLACK:
        raise Refused(
            "the model", f"its layers have {wanted:,} weights, of which the file holds {n_stored:,}"
        )
    for layer in model._flatten_layers(include_self=False):
        for node in getattr(layer, "_inbound_nodes", ()):
            for tensor in node.output_tensors:
                n_numbers = math.prod(side or 1 for side in tensor.shape)
                if n_numbers > MAX_EXAMPLE:
                    raise Refused(
                        f"layer '{layer.name}'", f"it makes {n_numbers:,} numbers of one example"
                    )


def _network(model: keras.Model) -> tuple[keras.Model, bool]:
    """The network in what Descent saved; of others, the whole model."""
    if str(model.name).endswith(_OWN):
        for layer in model.layers:
            if isinstance(layer, keras.Model):
                return layer, True
    return model, False


def _copy_weights(
    network: keras.Model, again: keras.Model, names: Mapping[tuple[str, ...], str]
) -> None:
    """Gives the layers of a graph the weights of those they were made of.

    Args:
        network: Has them.
        again: Made of the graph.
        names: As `engine.graph.reading.read_model` gives them.
    """
    originals = {names.get(path): layer for path, layer in _layers(network)}
    for layer in again.layers:
        if not layer.weights:
            continue
        original = originals.get(layer.name)
        if original is None or [it.shape for it in original.weights] != [
            it.shape for it in layer.weights
        ]:
            raise Refused(f"layer '{layer.name}'", "it is more than layers that feed each other")
        layer.set_weights(original.get_weights())


def _layers(
    model: keras.Model, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], keras.layers.Layer]]:
    """The layers of a model and of those within it, by their names from the outermost on."""
    for layer in model.layers:
        whole = (*path, layer.name)
        if isinstance(layer, keras.Model):
            yield from _layers(layer, whole)
        else:
            yield whole, layer


def _with_output(graph: LayerGraph) -> LayerGraph:
    """The graph with its last Dense layer as the output that follows the data.

    An activation that stands behind it becomes its own.
    """
    *others, last = graph.nodes
    activation = {"Softmax": "softmax"}.get(last.type, last.parameters.get("activation"))
    if last.type in ("Activation", "Softmax") and len(last.inputs) == 1 and others:
        before = others[-1]
        is_plain = before.type == "Dense" and before.parameters.get("activation") == "linear"
        if is_plain and last.inputs == (before.name,) and last.parameters.get("axis", -1) == -1:
            others.pop()
            last = replace(before, parameters={**before.parameters, "activation": activation})
    names = {node.name for node in others}
    shared = {str(node.parameters.get("layer")) for node in others if node.type == "SharedLayer"}
    if last.type == "Dense" and OUTPUT not in names and last.name not in shared:
        last = LayerNode(OUTPUT, last.type, last.inputs, last.parameters)
    return LayerGraph((*others, last))


def _check_same(network: keras.Model, again: keras.Model) -> None:
    """Makes sure that both say the same of some inputs."""
    taken = network.inputs[0]
    shape = (_TRIED, *(side or _TRIED for side in taken.shape[1:]))
    random = np.random.default_rng(0)
    if str(taken.dtype) == "string":
        raise Refused("the model", "it takes text as it is, which Descent prepares itself")
    if str(taken.dtype).startswith(("int", "uint")):
        x = random.integers(0, 2, shape).astype(str(taken.dtype))
    else:
        x = random.normal(size=shape).astype(str(taken.dtype))
    said, told = (np.asarray(item(x, training=False)) for item in (network, again))
    spread = max(1.0, float(np.max(np.abs(said), initial=0.0)))
    if said.shape != told.shape or not np.allclose(
        said, told, rtol=0, atol=_TOLERANCE * spread, equal_nan=True
    ):
        raise Refused("the model", "taken apart into layers it answers otherwise")
