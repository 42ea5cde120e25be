"""Multi-head attention in fewer, larger products. For workers only.

Queries, keys and values of one input are projected in one product, laid out so that the heads can
be multiplied at once. Where only the mean over the queries is wanted, the mean is taken of the
probabilities, which is the same since what follows is linear: one weighted mean of the inputs for
each head is projected instead of every token.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from engine.training.fused.provenance import Looked, Provenance

_HIDDEN = -0.7 * tf.float32.max
"""The score of what is masked, as in Keras: where nothing is seen, all is seen alike."""


_PARTS = ("_query_dense", "_key_dense", "_value_dense", "_output_dense")


def is_supported(layer: keras.layers.Layer) -> bool:
    """Whether this module computes exactly what the layer does."""
    return (
        type(layer) is keras.layers.MultiHeadAttention
        and layer.built
        and not (layer.dropout or layer._flash_attention or layer._use_gate)
        and layer.attention_axes == (1,)
        and len(layer._output_dense.kernel.shape) == 3
        and layer.compute_dtype == layer.variable_dtype == "float32"
        and all(_is_plain(dense) for dense in (layer.__dict__[name] for name in _PARTS))
    )


def _is_plain(dense: keras.layers.Layer) -> bool:
    return (
        dense.quantization_mode is None
        and not dense.lora_enabled
        and dense.activity_regularizer is None
    )


def call(layer: keras.layers.MultiHeadAttention, provenance: Provenance) -> Callable[..., Any]:
    """What may stand in for `layer.call`."""
    original = layer.call

    def run(
        query: tf.Tensor,
        value: tf.Tensor,
        key: tf.Tensor | None = None,
        *arguments: Any,
        training: bool | None = None,
        **options: Any,
    ) -> Any:
        wants_scores = arguments or options.get("return_attention_scores")
        if not training or wants_scores or query.shape.rank != 3:
            return original(query, value, key, *arguments, training=training, **options)
        with _stood_in(layer, provenance):
            return original(query, value, key, training=training, **options)

    return run


@contextmanager
def _stood_in(layer: keras.layers.MultiHeadAttention, provenance: Provenance) -> Iterator[None]:
    """Keras prepares the masks as ever; all products are made in one place."""

    def attend(
        query: tf.Tensor,
        key: tf.Tensor,
        value: tf.Tensor,
        attention_mask: tf.Tensor | None = None,
        training: bool | None = None,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
    ) -> tuple[tf.Tensor, None]:
        if use_causal_mask and attention_mask is None:
            attention_mask = layer._compute_causal_mask(query, value)
        return attention.of(query, key, value, attention_mask), None

    attention = _Attention(layer, provenance)
    originals = {name: layer.__dict__[name] for name in _PARTS}
    layer.__dict__.update(dict.fromkeys(_PARTS, _as_it_is), _compute_attention=attend)
    try:
        yield
    finally:
        layer.__dict__.update(originals)
        del layer.__dict__["_compute_attention"]


def _as_it_is(inputs: tf.Tensor) -> tf.Tensor:
    return inputs


@dataclass(frozen=True)
class _Projection:
    """Weights of one of the projections to heads.

    Attributes:
        kernel: (features, heads, size).
        bias: (heads, size), if there is one.
    """

    kernel: tf.Tensor
    bias: tf.Tensor | None

    @classmethod
    def of(cls, dense: keras.layers.Layer, scale: float = 1.0) -> _Projection:
        kernel = tf.convert_to_tensor(dense.kernel)
        bias = None if dense.bias is None else tf.convert_to_tensor(dense.bias)
        if scale != 1.0:
            kernel, bias = kernel * scale, None if bias is None else bias * scale
        return cls(kernel, bias)


class _Attention:
    """The products of one attention layer, in one trace."""

    def __init__(self, layer: keras.layers.MultiHeadAttention, provenance: Provenance) -> None:
        self._provenance = provenance
        # Scores are divided by the root of the size; here the queries are, which are fewer.
        self._query = _Projection.of(layer._query_dense, layer._inverse_sqrt_key_dim)
        self._key = _Projection.of(layer._key_dense)
        self._value = _Projection.of(layer._value_dense)
        dense = layer._output_dense
        self._output_kernel = tf.convert_to_tensor(dense.kernel)
        self._output_bias = None if dense.bias is None else tf.convert_to_tensor(dense.bias)

    def of(
        self, query: tf.Tensor, key: tf.Tensor, value: tf.Tensor, mask: tf.Tensor | None
    ) -> tf.Tensor:
        """The layer's output.

        Args:
            query: (batch, queries, features).
            key: (batch, keys, features).
            value: (batch, keys, features).
            mask: True where a query sees a key, (batch or 1, queries or 1, keys), or with heads
                behind the batch.

        Returns:
            (batch, queries, features).
        """
        if query is key:
            queries, keys = self._heads(query, (self._query, self._key))
        else:
            (queries,) = self._heads(query, (self._query,))
            (keys,) = self._heads(key, (self._key,))
        scores = tf.matmul(queries, keys, transpose_b=True)
        if mask is not None:
            mask = tf.cast(mask, tf.bool)
            while mask.shape.rank < 4:
                mask = tf.expand_dims(mask, -3)
            scores = tf.where(mask, scores, _HIDDEN)
        seen = tf.nn.softmax(scores)
        (values,) = self._heads(value, (self._value,))
        found = self._projected(tf.transpose(tf.matmul(seen, values), (0, 2, 1, 3)))
        self._provenance.note_pooled(found, lambda: self._mean(seen, value))
        return found

    def _mean(self, seen: tf.Tensor, value: tf.Tensor) -> tf.Tensor:
        """The mean of the output over the queries, (batch, features).

        Args:
            seen: Probabilities, (batch, heads, queries, keys).
            value: (batch, keys, features).
        """
        weighted = tf.matmul(tf.reduce_mean(seen, 2), value)
        kernel = tf.transpose(self._value.kernel, (1, 0, 2))
        heads = tf.transpose(tf.matmul(tf.transpose(weighted, (1, 0, 2)), kernel), (1, 0, 2))
        if self._value.bias is not None:
            heads = heads + self._value.bias
        return self._projected(heads)

    def _projected(self, heads: tf.Tensor) -> tf.Tensor:
        """The output projection of (batch, …, heads, size), to (batch, …, features)."""
        n_heads, size, n_features = self._output_kernel.shape
        shape = tf.shape(heads)
        kernel = tf.reshape(self._output_kernel, (n_heads * size, n_features))
        rows = tf.matmul(tf.reshape(heads, (-1, n_heads * size)), kernel)
        if self._output_bias is not None:
            rows = tf.nn.bias_add(rows, self._output_bias)
        projected = tf.reshape(rows, tf.concat([shape[:-2], [n_features]], 0))
        return tf.ensure_shape(projected, (*heads.shape[:-2], n_features))

    def _heads(
        self, inputs: tf.Tensor, projections: tuple[_Projection, ...]
    ) -> tuple[tf.Tensor, ...]:
        """Projections of inputs, (batch, heads, tokens, size) each; all of one size."""
        looked = self._provenance.looked(inputs)
        _, n_heads, size = projections[0].kernel.shape
        kernel = tf.concat([tf.reshape(it.kernel, (-1, n_heads * size)) for it in projections], 1)
        bias = None
        if projections[0].bias is not None:
            bias = tf.concat(
                [tf.reshape(it.bias, (-1,)) for it in projections if it.bias is not None], 0
            )
        found = _to_heads(inputs, kernel, bias, looked, (len(projections), n_heads, size))
        return tuple(tf.unstack(found))


def _to_heads(
    inputs: tf.Tensor,
    kernel: tf.Tensor,
    bias: tf.Tensor | None,
    looked: Looked | None,
    layout: tuple[int, int, int],
) -> tf.Tensor:
    """Several projections in one product.

    Args:
        inputs: (batch, tokens, features).
        kernel: (features, parts × heads × size).
        bias: (parts × heads × size,).
        looked: The table that the inputs are rows of, if there is one.
        layout: Parts, heads, size.

    Returns:
        (parts, batch, heads, tokens, size).
    """
    n_tokens, n_features = inputs.shape[1:]

    def projected(rows: tf.Tensor) -> tf.Tensor:
        product = tf.matmul(rows, kernel)
        return product if bias is None else tf.nn.bias_add(product, bias)

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def compute(
        inputs: tf.Tensor, kernel: tf.Tensor, *bias: tf.Tensor
    ) -> tuple[tf.Tensor, Callable[..., Any]]:
        rows = tf.reshape(inputs, (-1, n_features))
        if looked is None:
            sums = tf.reshape(projected(rows), (-1, n_tokens, *layout))
            found = tf.transpose(sums, (2, 0, 3, 1, 4))
        else:
            found = _looked_up(looked, projected, layout)

        def gradient(of_found: tf.Tensor) -> list[tf.Tensor]:
            of_sums = tf.transpose(of_found, (1, 3, 0, 2, 4))
            of_sums = tf.reshape(of_sums, (-1, layout[0] * layout[1] * layout[2]))
            of_rows = tf.matmul(of_sums, kernel, transpose_b=True)
            return [
                tf.reshape(of_rows, tf.shape(inputs)),
                tf.matmul(rows, of_sums, transpose_a=True),
                *(tf.raw_ops.BiasAddGrad(out_backprop=of_sums) for _ in bias),
            ]

        return found, gradient

    return compute(inputs, kernel, *(() if bias is None else (bias,)))


def _looked_up(
    looked: Looked, projected: Callable[[tf.Tensor], tf.Tensor], layout: tuple[int, int, int]
) -> tf.Tensor:
    """As `_to_heads`, of rows of a table that is projected once."""
    n_parts, n_heads, size = layout
    n_rows = int(looked.table.shape[0])
    table = tf.reshape(projected(looked.table), (n_rows, n_parts * n_heads, size))
    table = tf.reshape(tf.transpose(table, (1, 0, 2)), (-1, size))
    # Each head has its own copy of the rows, so that they come in the order that is wanted.
    heads = tf.reshape(tf.range(n_parts * n_heads), (n_parts, 1, n_heads, 1))
    rows = tf.cast(looked.rows, tf.int32)[tf.newaxis, :, tf.newaxis]
    return tf.gather(table, heads * n_rows + rows)
