"""Says what a model is made of, without memory for its weights. Imported by workers only."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping
from typing import Any

import keras

from engine.architectures import ARCHITECTURES
from engine.events.messages import LayerInfo, ModelDescribed
from engine.graph.adapting import as_taught
from engine.graph.analysis import Analysis, analyse
from engine.graph.building import GraphBuilder
from engine.graph.code import code_of, lines_of
from engine.graph.layer_graph import LayerGraph, LayerNode, source_of
from engine.graph.reading import of_model
from engine.graph.unallocated import unallocated
from engine.inference.decoding import is_autoregressive
from engine.spec.formatting import shape_text
from engine.spec.run_spec import RunSpec
from engine.spec.signature import Signature
from engine.training.model.building import build
from engine.training.model.memory_check import checked_need


def describe_network(spec: RunSpec, signature: Signature, n_rows: int = 0) -> ModelDescribed:
    """Builds the model of a resolved spec and lists its layers.

    Args:
        spec: With every choice closed.
        signature: Of the data.
        n_rows: Examples for training and validation.

    Raises:
        SpecError: Training it takes more memory than there is.
    """
    # So that layers without a name are counted from the first. Collecting garbage as well would
    # take most of the time an edit is answered in, and there are no weights to free.
    keras.backend.clear_session(free_memory=False)
    is_pretrained = spec.model.parameters.get("weights") not in (None, "none")
    with contextlib.nullcontext() if is_pretrained else unallocated():
        network = build(spec, signature)
    need = checked_need(spec, signature, network, n_rows)
    with unallocated():
        graph = graph_of(network, signature)
        builder = GraphBuilder()
        output = builder.build(graph)
        flat = keras.Model(builder.input, output)
        analyses = analyse(flat)
    several = builder.with_several_outputs()
    code = code_of(graph, spec, signature, several)
    lines = lines_of(graph, several)
    if is_pretrained:
        code = (
            "# The layers alone: the weights that were learnt before come from\n"
            f'# keras.applications, with weights="{spec.model.parameters["weights"]}".\n{code}'
        )
    if computed := ARCHITECTURES[spec.model.chosen].computes:
        code = (
            f"# Before the first step, Descent computes {computed};\n# this code does not.\n{code}"
        )
    made = {layer.name: layer for layer in flat.layers}
    described = ModelDescribed(
        spec,
        tuple(
            _info(node, made.get(node.name), analyses[node.name], lines[node.name])
            for node in graph.nodes
        ),
        n_parameters=network.count_params(),
        n_trainable=sum(math.prod(weights.shape) for weights in network.trainable_variables),
        n_macs=sum(item.n_macs for item in analyses.values()),
        memory_bytes=need.total,
        # Weights that were learnt before are no part of a graph.
        graph={} if is_pretrained else graph.to_dict(),
        code=code,
    )
    keras.backend.clear_session(free_memory=False)
    return described


def graph_of(network: keras.Model, signature: Signature) -> LayerGraph:
    """The layers of a network for such data, to be edited."""
    graph = of_model(network)
    return as_taught(graph, signature) if is_autoregressive(network, signature) else graph


def _info(
    node: LayerNode, layer: keras.layers.Layer | None, analysis: Analysis, code: str
) -> LayerInfo:
    if node.type in ("Operation", "OtherLayer"):
        shown = str(node.parameters["operation" if node.type == "Operation" else "layer"])
    else:
        shown = node.type
    return LayerInfo(
        name=node.name,
        type=shown,
        output_shape=analysis.output_shape,
        n_parameters=analysis.n_parameters,
        details=_details(node, layer),
        inputs=tuple(dict.fromkeys(source_of(item) for item in node.inputs)),
        n_macs=analysis.n_macs,
        activation_bytes=analysis.activation_bytes,
        receptive_field=analysis.receptive_field,
        code=code,
    )


def _details(node: LayerNode, layer: keras.layers.Layer | None) -> str:
    """The settings people look for, in words."""
    if node.type == "SharedLayer":
        return f"the layer {node.parameters['layer']} again"
    if layer is None or node.type in ("Input", "Operation"):
        return ""
    config: dict[str, Any] = layer.get_config()
    words: list[str] = []
    inner = config.get("layer")
    if isinstance(inner, Mapping):
        words.append(str(inner["class_name"]))
        config = dict(inner["config"])
    for key, one, many in (
        ("filters", "{} filter", "{} filters"),
        ("units", "{} unit", "{} units"),
        ("num_heads", "{} head", "{} heads"),
        ("key_dim", "key size {}", "key size {}"),
        ("rate", "rate {}", "rate {}"),
    ):
        if key in config:
            words.append((one if config[key] == 1 else many).format(config[key]))
    for key in ("kernel_size", "pool_size"):
        if key in config:
            words.append(shape_text(config[key]))
    if config.get("activation") not in (None, "linear"):
        words.append(str(config["activation"]))
    return ", ".join(words)
