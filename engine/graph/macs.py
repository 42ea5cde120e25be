"""Multiply-adds of one call of a layer, for one example. Imported by workers only.

Counted is what multiplies with weights or activations in sums: dense layers, convolutions,
recurrent layers, attention. Biases, activations, pooling, normalisation, merging and look-ups in
an embedding count 0, as is the custom of papers on architectures: "multiply-adds" in Howard et
al., MobileNets, 2017, table 4 onwards, and fvcore's `FlopCountAnalysis`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

Shape = Sequence[int]
"""Without the batch axis."""


def multiply_adds(operation: Any, inputs: Sequence[Shape], outputs: Sequence[Shape]) -> int:
    """Counts the multiply-adds of one call.

    Args:
        operation: A Keras layer or operation; its weights need a shape, and no values.
        inputs: Shapes of its inputs, without the batch axis; attention: query, value, key.
        outputs: Shapes of its outputs, likewise.
    """
    kind = type(operation).__name__
    if not inputs or not outputs:
        return 0
    if kind in _RULES:
        return int(_RULES[kind](operation, inputs, outputs[0]))
    if hasattr(operation, "cell"):
        return _recurrent(operation, inputs, outputs[0])
    return 0


def _dense(layer: Any, inputs: Sequence[Shape], output: Shape) -> int:
    return math.prod(inputs[0][:-1]) * math.prod(layer.kernel.shape)


def _einsum_dense(layer: Any, inputs: Sequence[Shape], output: Shape) -> int:
    """Every weight meets each number of the input with which it shares no letter."""
    taken, _, kernel = layer.equation.partition("->")[0].partition(",")
    sizes = dict(zip(kernel.strip(), layer.kernel.shape, strict=False))
    shared = math.prod(size for letter, size in sizes.items() if letter in taken)
    return math.prod(layer.kernel.shape) * math.prod(inputs[0]) // max(1, shared)


def _positions(layer: Any, shape: Shape) -> int:
    first = getattr(layer, "data_format", "channels_last") == "channels_first"
    return math.prod(shape[1:] if first else shape[:-1])


def _convolution(layer: Any, inputs: Sequence[Shape], output: Shape) -> int:
    # A kernel is (*sides, input channels / groups, filters): each output position needs all of it.
    return _positions(layer, output) * math.prod(layer.kernel.shape)


def _transposed(layer: Any, inputs: Sequence[Shape], output: Shape) -> int:
    # Each position of the input is spread over the whole kernel.
    return _positions(layer, inputs[0]) * math.prod(layer.kernel.shape)


def _depthwise(layer: Any, inputs: Sequence[Shape], output: Shape) -> int:
    return _positions(layer, output) * math.prod(layer.kernel.shape)


def _separable(layer: Any, inputs: Sequence[Shape], output: Shape) -> int:
    weights = math.prod(layer.depthwise_kernel.shape) + math.prod(layer.pointwise_kernel.shape)
    return _positions(layer, output) * weights


def _recurrent(layer: Any, inputs: Sequence[Shape], output: Shape) -> int:
    """Every step multiplies with all weights of the cells."""
    cell = layer.cell
    positions = 1
    if type(layer).__name__.startswith("ConvLSTM"):
        positions = _positions(layer, output[1:] if layer.return_sequences else output)
    n_steps = inputs[0][0]
    return int(n_steps * positions * sum(_cell_weights(item) for item in _cells(cell)))


def _cells(cell: Any) -> Sequence[Any]:
    return cell.cells if hasattr(cell, "cells") else (cell,)


def _cell_weights(cell: Any) -> int:
    named = (getattr(cell, name, None) for name in ("kernel", "recurrent_kernel"))
    return sum(math.prod(item.shape) for item in named if item is not None)


def _bidirectional(layer: Any, inputs: Sequence[Shape], output: Shape) -> int:
    both = (layer.forward_layer, layer.backward_layer)
    return sum(multiply_adds(item, inputs, [output]) for item in both)


def _time_distributed(layer: Any, inputs: Sequence[Shape], output: Shape) -> int:
    inner = [shape[1:] for shape in inputs]
    return inputs[0][0] * multiply_adds(layer.layer, inner, [output[1:]])


def _multi_head(layer: Any, inputs: Sequence[Shape], output: Shape) -> int:
    """Projections of query, key, value and output; then QKᵀ and the sum of values by weight.

    Source: Vaswani et al., Attention is all you need, 2017, sections 3.2.1 and 3.2.2.
    """
    query, value = inputs[0], inputs[1] if len(inputs) > 1 else inputs[0]
    key = inputs[2] if len(inputs) > 2 else value
    n_query, n_key = math.prod(query[:-1]), math.prod(key[:-1])
    heads, width = _heads(layer)
    projections = sum(
        positions * math.prod(part.kernel.shape)
        for positions, part in (
            (n_query, layer._query_dense),
            (n_key, layer._key_dense),
            (n_key, layer._value_dense),
            (n_query, layer._output_dense),
        )
    )
    return projections + n_query * n_key * heads * (width[0] + width[1])


def _heads(layer: Any) -> tuple[int, tuple[int, int]]:
    """Heads of the query, and width of keys and values."""
    if hasattr(layer, "head_dim"):  # grouped: fewer heads of keys, each used by several queries
        return int(layer.num_query_heads), (int(layer.head_dim), int(layer.head_dim))
    return int(layer.num_heads), (int(layer.key_dim), int(layer.value_dim))


def _attention(layer: Any, inputs: Sequence[Shape], output: Shape) -> int:
    query, value = inputs[0], inputs[1] if len(inputs) > 1 else inputs[0]
    return int(math.prod(query[:-1]) * value[-2] * (query[-1] + value[-1]))


def _dot(layer: Any, inputs: Sequence[Shape], output: Shape) -> int:
    axis = layer.axes if isinstance(layer.axes, int) else layer.axes[0]
    contracted = inputs[0][axis if axis < 0 else axis - 1]
    return math.prod(inputs[0]) // contracted * math.prod(inputs[1])


def _matmul(operation: Any, inputs: Sequence[Shape], output: Shape) -> int:
    return math.prod(output) * inputs[0][-1] if len(inputs) > 1 else 0


def _spectral(layer: Any, inputs: Sequence[Shape], output: Shape) -> int:
    return multiply_adds(layer.layer, inputs, [output])


_RULES = {
    "Dense": _dense,
    "EinsumDense": _einsum_dense,
    **{f"Conv{n}D": _convolution for n in (1, 2, 3)},
    **{f"Conv{n}DTranspose": _transposed for n in (1, 2, 3)},
    **{f"DepthwiseConv{n}D": _depthwise for n in (1, 2)},
    **{f"SeparableConv{n}D": _separable for n in (1, 2)},
    "Bidirectional": _bidirectional,
    "TimeDistributed": _time_distributed,
    "SpectralNormalization": _spectral,
    "MultiHeadAttention": _multi_head,
    "GroupedQueryAttention": _multi_head,
    "GroupQueryAttention": _multi_head,
    "Attention": _attention,
    "AdditiveAttention": _attention,
    "Dot": _dot,
    "Matmul": _matmul,
}
