"""A small network to begin one's own model with, for data of any kind; plain data, no Keras."""

from __future__ import annotations

from typing import Any

from engine.graph.layer_graph import LayerGraph, LayerNode
from engine.spec.signature import Kind, Signature, Task, embedding_width

_RELU = {"activation": "relu"}
_ALL_ROWS = {"start": None, "stop": None, "step": None}


def starter(signature: Signature) -> LayerGraph:
    """A network that can learn such data, with layers to look at and to change."""
    chain = _Chain(signature)
    if signature.task is Task.ANOMALY:
        return _autoencoder(chain, signature)
    if signature.task is Task.TRANSCRIPTION:
        chain.add("flat_bands", "TimeDistributed", layer="Flatten")
        chain.add("listen", "Conv1D", filters=64, kernel_size=5, **_RELU)
        chain.add("halve", "MaxPooling1D", pool_size=2, padding="same")
        chain.add("remember", "Bidirectional", cell="GRU", units=64, return_sequences=True)
    elif signature.task is Task.TRANSLATION:
        chain.add("embedding", "Embedding", input_dim=signature.n_tokens, output_dim=64)
        chain.add("read", "Bidirectional", cell="GRU", units=64)
        chain.add("repeat", "RepeatVector", n=signature.target_length)
        chain.add("write", "GRU", units=128, return_sequences=True)
    else:
        _BODIES[signature.kind](chain)
    chain.add("output", "Dense", units=signature.n_outputs)
    return chain.graph()


class _Chain:
    """Layers one after another."""

    def __init__(self, signature: Signature) -> None:
        self.n_tokens = signature.n_tokens
        self.category_sizes = signature.category_sizes
        dtype = "int32" if signature.n_tokens else "float32"
        shape = list(signature.input_shape)
        self.nodes = [LayerNode("input", "Input", (), {"shape": shape, "dtype": dtype})]

    def add(self, name: str, type: str, **parameters: Any) -> None:
        self.nodes.append(LayerNode(name, type, (self.nodes[-1].name,), parameters))

    def graph(self) -> LayerGraph:
        return LayerGraph(tuple(self.nodes))


def _table(chain: _Chain) -> None:
    if chain.category_sizes:
        _embed(chain)
    chain.add("dense_1", "Dense", units=32, **_RELU)
    chain.add("dense_2", "Dense", units=32, **_RELU)


def _embed(chain: _Chain) -> None:
    """As `engine.architectures.base.embedded`: the last features are indices of categories."""
    entry = chain.nodes[0]
    n_plain = entry.parameters["shape"][0] - len(chain.category_sizes)
    parts = []
    if n_plain:
        chain.nodes.append(_columns("numbers", entry.name, {**_ALL_ROWS, "stop": n_plain}))
        parts.append("numbers")
    for place, size in enumerate(chain.category_sizes):
        name = f"category_{place + 1}"
        chain.nodes.append(_columns(f"column_{place + 1}", entry.name, n_plain + place))
        chain.add(f"index_{place + 1}", "Operation", operation="cast", keras={"dtype": "int32"})
        width = embedding_width(size)
        chain.add(name, "Embedding", input_dim=size, output_dim=width)
        parts.append(name)
    if parts[1:]:
        chain.nodes.append(LayerNode("features_and_categories", "Concatenate", tuple(parts)))


def _columns(name: str, entry: str, which: Any) -> LayerNode:
    """Takes one column of the features, or several: a group of ``start``, ``stop``, ``step``."""
    columns = which if isinstance(which, int) else {"class_name": "__slice__", "config": which}
    rows = {"class_name": "__slice__", "config": _ALL_ROWS}
    call = {"args": [{"input": 0}, [rows, columns]], "kwargs": {}}
    return LayerNode(name, "Operation", (entry,), {"operation": "get_item", "call": call})


def _image(chain: _Chain) -> None:
    chain.add("conv_1", "Conv2D", filters=32, **_RELU)
    chain.add("pool_1", "MaxPooling2D", padding="same")
    chain.add("conv_2", "Conv2D", filters=64, **_RELU)
    chain.add("pool_2", "MaxPooling2D", padding="same")
    chain.add("flatten", "Flatten")
    chain.add("dense", "Dense", units=64, **_RELU)


def _text(chain: _Chain) -> None:
    chain.add("embedding", "Embedding", input_dim=chain.n_tokens, output_dim=64)
    chain.add("conv", "Conv1D", filters=64, kernel_size=3, **_RELU)
    chain.add("strongest", "GlobalMaxPooling1D")


def _audio(chain: _Chain) -> None:
    chain.add("flat_bands", "TimeDistributed", layer="Flatten")
    chain.add("conv_1", "Conv1D", filters=64, kernel_size=5, **_RELU)
    chain.add("pool_1", "MaxPooling1D", pool_size=2, padding="same")
    chain.add("conv_2", "Conv1D", filters=128, kernel_size=5, **_RELU)
    chain.add("strongest", "GlobalMaxPooling1D")


def _video(chain: _Chain) -> None:
    chain.add("conv_1", "Conv3D", filters=8, **_RELU)
    chain.add("pool_1", "MaxPooling3D", pool_size=[1, 2, 2], padding="same")
    chain.add("conv_2", "Conv3D", filters=16, **_RELU)
    chain.add("strongest", "GlobalMaxPooling3D")
    chain.add("dense", "Dense", units=64, **_RELU)


def _series(chain: _Chain) -> None:
    chain.add("conv_1", "Conv1D", filters=32, padding="causal", **_RELU)
    chain.add("conv_2", "Conv1D", filters=32, padding="causal", dilation_rate=2, **_RELU)
    chain.add("flatten", "Flatten")
    chain.add("dense", "Dense", units=64, **_RELU)


_BODIES = {
    Kind.TABLE: _table,
    Kind.IMAGE: _image,
    Kind.TEXT: _text,
    Kind.AUDIO: _audio,
    Kind.VIDEO: _video,
    Kind.SERIES: _series,
}


def _autoencoder(chain: _Chain, signature: Signature) -> LayerGraph:
    """Restores what came in from a few numbers; what it cannot restore is unusual."""
    chain.add("flatten", "Flatten")
    width = max(1, min(16, (signature.n_inputs + 1) // 2))
    chain.add("shrink", "Dense", units=64, **_RELU)
    chain.add("code", "Dense", units=width)
    chain.add("grow", "Dense", units=64, **_RELU)
    chain.add("restored", "Dense", units=signature.n_inputs)
    chain.nodes.append(LayerNode("difference", "Subtract", ("flatten", "restored")))
    chain.add("square", "Operation", operation="square")
    settings = {"axis": -1, "keepdims": True}
    chain.add("score", "Operation", operation="mean", keras=settings)
    return chain.graph()
