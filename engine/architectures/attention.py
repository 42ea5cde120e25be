"""Attention for texts: one layer of self-attention, and the Transformer's encoder."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from engine.architectures.base import Architecture, TrainingDefaults, output_layer, require
from engine.architectures.regularisation import dropout_parameter
from engine.errors import Problem
from engine.spec.parameters import Parameters, parameter
from engine.spec.signature import Kind, Signature, Task

if TYPE_CHECKING:
    import keras

MAX_SCORES = 20_000_000
"""Attention scores of one example, heads × tokens × tokens (80 MB); a batch has many times them."""
MAX_WIDTH = 8_192
"""Heads × key size: the width of a layer's queries, keys and values each."""


class SelfAttentionParameters(Parameters):
    """Settings of the classifier with one layer of self-attention."""

    embedding: int = parameter(
        64,
        label="Embedding",
        help="Numbers that stand for one token; they are learnt with the rest.",
        unit="numbers",
        ge=1,
        le=1024,
    )
    heads: int = parameter(
        8,
        label="Heads",
        help="How many ways there are at once in which tokens look at each other.",
        unit="heads",
        ge=1,
        le=64,
    )
    key_size: int = parameter(
        64,
        label="Key size",
        help="Numbers of a head by which tokens find each other.",
        unit="numbers",
        ge=1,
        le=1024,
    )
    dropout: float = dropout_parameter(0.3, "the answers")


class SelfAttention(Architecture):
    """Multi-head self-attention over embedded tokens (mission M5).

    Positions, a residual connection and normalisation as in Vaswani et al. 2017, "Attention Is All
    You Need", https://arxiv.org/abs/1706.03762; the mean over the text before the classifier.
    """

    name = "self_attention"
    title = "Self-attention"
    short_title = "Self-attention"
    summary = (
        "Each token looks at all the others and takes what matters from them; the mean over the "
        "text decides. One layer, so that what looks at what can be seen."
    )
    formula = "Attention(Q, K, V) = softmax(Q Kᵀ / √d) V"
    kinds = (Kind.TEXT,)
    tasks = (Task.CLASSIFICATION, Task.MULTILABEL, Task.REGRESSION)
    parameters = SelfAttentionParameters
    # Countries by language 0.70, as with a rate of 0.001; names by language 0.76 after 10 epochs.
    defaults = TrainingDefaults(optimizer="adam", learning_rate=0.002, epochs=20, batch_size=64)
    reading = (
        "Vaswani et al. 2017, Attention Is All You Need",
        "Lin et al. 2017, A Structured Self-Attentive Sentence Embedding",
    )

    def check(self, signature: Signature, parameters: Parameters) -> list[Problem]:
        settings = require(parameters, SelfAttentionParameters)
        return attention_problems(settings.heads, settings.key_size, signature.input_shape[0])

    def build(self, signature: Signature, parameters: Parameters) -> keras.Model:
        import keras

        settings = require(parameters, SelfAttentionParameters)
        tokens = keras.Input(signature.input_shape, dtype="int32", name="tokens")
        mask = keras.ops.not_equal(tokens, 0)
        embedded = with_positions(tokens, signature.n_tokens, settings.embedding)
        if settings.dropout:
            embedded = keras.layers.Dropout(settings.dropout)(embedded)
        found = keras.layers.MultiHeadAttention(
            settings.heads, settings.key_size, name="attention"
        )(embedded, embedded, attention_mask=seen_by_all(mask))
        joined = keras.layers.Add(name="residual")([embedded, found])
        normed = keras.layers.LayerNormalization(name="normalisation")(joined)
        pooled = masked_mean(normed, mask)
        if settings.dropout:
            pooled = keras.layers.Dropout(settings.dropout)(pooled)
        return keras.Model(tokens, output_layer(signature)(pooled), name=self.name)


class TransformerParameters(Parameters):
    """Settings of the Transformer encoder."""

    embedding: int = parameter(
        64,
        label="Embedding",
        help="Numbers that stand for one token, in every layer.",
        unit="numbers",
        ge=1,
        le=1024,
    )
    layers: int = parameter(
        2,
        label="Layers",
        help="Blocks of attention and feed-forward network, one upon the other.",
        unit="layers",
        ge=1,
        le=24,
    )
    heads: int = parameter(
        4,
        label="Heads",
        help="How many ways there are at once in which tokens look at each other.",
        unit="heads",
        ge=1,
        le=64,
    )
    key_size: int = parameter(
        16,
        label="Key size",
        help="Numbers of a head by which tokens find each other; usually the embedding divided by "
        "the heads.",
        unit="numbers",
        ge=1,
        le=1024,
    )
    feed_forward: int = parameter(
        128,
        label="Feed-forward width",
        help="Units of the hidden layer that each token passes after the attention.",
        unit="units",
        ge=1,
        le=8192,
    )
    dropout: float = dropout_parameter(0.2, "each part's answers")
    norm_first: bool = parameter(
        True,
        label="Normalise first",
        help="Normalises before each part instead of after it (pre-norm): deep networks train more "
        "steadily. Off is as in the first paper.",
        advanced=True,
    )


class TransformerEncoder(Architecture):
    """The encoder of Vaswani et al. 2017, with the mean over the text before the classifier.

    Pre-norm as in Xiong et al. 2020, "On Layer Normalization in the Transformer Architecture",
    https://arxiv.org/abs/2002.04745.
    """

    name = "transformer"
    title = "Transformer encoder"
    short_title = "Transformer"
    summary = (
        "Layers in which each token looks at all the others and thinks over what it saw. The "
        "network behind today's language models; for more than a few thousand texts."
    )
    formula = "tokens + positions → [attention → feed-forward] × n → mean over the text → output"
    kinds = (Kind.TEXT,)
    tasks = (Task.CLASSIFICATION, Task.MULTILABEL, Task.REGRESSION)
    parameters = TransformerParameters
    # Countries by language 0.69 (0.70 with half the rate), names by language 0.78 after 10 epochs.
    defaults = TrainingDefaults(optimizer="adam", learning_rate=0.001, epochs=20, batch_size=64)
    reading = (
        "Vaswani et al. 2017, Attention Is All You Need",
        "Devlin et al. 2019, BERT: Pre-training of Deep Bidirectional Transformers",
        "Xiong et al. 2020, On Layer Normalization in the Transformer Architecture",
    )

    def check(self, signature: Signature, parameters: Parameters) -> list[Problem]:
        settings = require(parameters, TransformerParameters)
        return attention_problems(settings.heads, settings.key_size, signature.input_shape[0])

    def build(self, signature: Signature, parameters: Parameters) -> keras.Model:
        import keras

        settings = require(parameters, TransformerParameters)
        tokens = keras.Input(signature.input_shape, dtype="int32", name="tokens")
        mask = keras.ops.not_equal(tokens, 0)
        read = encoded(tokens, mask, signature.n_tokens, settings)
        pooled = masked_mean(read, mask)
        if settings.dropout:
            pooled = keras.layers.Dropout(settings.dropout)(pooled)
        return keras.Model(tokens, output_layer(signature)(pooled), name=self.name)


def attention_problems(heads: int, key_size: int, n_tokens: int) -> list[Problem]:
    """Attention that would fill the memory, as problems of `heads`.

    Args:
        heads: Attention heads.
        key_size: Numbers of a head.
        n_tokens: Tokens that look at as many tokens.
    """
    problems = []
    if heads * key_size > MAX_WIDTH:
        problems.append(
            Problem(
                "heads",
                f"{heads} heads of {key_size:,} numbers are {heads * key_size:,} for each token; "
                f"{MAX_WIDTH:,} are the most.",
                "Use fewer heads, or a smaller key size.",
            )
        )
    if heads * n_tokens**2 > MAX_SCORES:
        problems.append(
            Problem(
                "heads",
                f"{heads} heads over {n_tokens:,} tokens compare {heads * n_tokens**2:,} pairs for "
                f"each text; {MAX_SCORES:,} are the most.",
                "Use fewer heads, or set a smaller text length.",
            )
        )
    return problems


def encoded(
    tokens: keras.KerasTensor,
    mask: keras.KerasTensor,
    n_tokens: int,
    settings: TransformerParameters,
) -> keras.KerasTensor:
    """The Transformer's encoder.

    Args:
        tokens: Token ids, (batch, tokens).
        mask: True where they are no padding, (batch, tokens).
        n_tokens: How many different ones there are.
        settings: Layers, heads, sizes, dropout and where to normalise.

    Returns:
        (batch, tokens, embedding).
    """
    import keras

    read = with_positions(tokens, n_tokens, settings.embedding, "encoder")
    if settings.dropout:
        read = keras.layers.Dropout(settings.dropout)(read)
    seen = seen_by_all(mask)
    for number in range(1, settings.layers + 1):
        name = f"encoder_{number}"
        look = keras.layers.MultiHeadAttention(
            settings.heads, settings.key_size, name=f"{name}_attention"
        )
        attend = partial(_look_at_itself, look, attention_mask=seen)
        read = part(read, attend, f"{name}_attention", settings)
        read = part(read, feed_forward(settings, name), f"{name}_feed_forward", settings)
    if settings.norm_first:
        read = keras.layers.LayerNormalization(name="encoder_normalisation")(read)
    return read


def _look_at_itself(
    attention: keras.layers.Layer, inputs: keras.KerasTensor, **options: Any
) -> keras.KerasTensor:
    return attention(inputs, inputs, **options)


def part(
    inputs: keras.KerasTensor,
    answer: Callable[[keras.KerasTensor], keras.KerasTensor],
    name: str,
    settings: TransformerParameters,
) -> keras.KerasTensor:
    """A part of a Transformer with its residual connection, normalisation and dropout.

    Args:
        inputs: (batch, tokens, embedding).
        answer: The part itself; keeps the shape.
        name: How the layers around it are called.
        settings: Dropout, and where to normalise.

    Returns:
        (batch, tokens, embedding).
    """
    import keras

    normalise = keras.layers.LayerNormalization(name=f"{name}_normalisation")
    found = answer(normalise(inputs) if settings.norm_first else inputs)
    if settings.dropout:
        found = keras.layers.Dropout(settings.dropout)(found)
    joined = keras.layers.Add(name=f"{name}_residual")([inputs, found])
    return joined if settings.norm_first else normalise(joined)


def feed_forward(
    settings: TransformerParameters, name: str
) -> Callable[[keras.KerasTensor], keras.KerasTensor]:
    """Two dense layers that each token passes by itself."""
    import keras

    hidden = keras.layers.Dense(settings.feed_forward, activation="relu", name=f"{name}_hidden")
    back = keras.layers.Dense(settings.embedding, name=f"{name}_feed_forward")
    return lambda inputs: back(hidden(inputs))


def with_positions(
    tokens: keras.KerasTensor, n_tokens: int, size: int, name: str = ""
) -> keras.KerasTensor:
    """Learnt numbers for each token, and for each place in the text, added.

    Args:
        tokens: Token ids, (batch, tokens).
        n_tokens: How many different ones there are.
        size: Numbers of each.
        name: Put before the layers' names.

    Returns:
        (batch, tokens, size).
    """
    import keras

    prefix = f"{name}_" if name else ""
    places = keras.ops.cumsum(keras.ops.ones_like(tokens), axis=1) - 1
    of_tokens = keras.layers.Embedding(n_tokens, size, name=f"{prefix}embedding")(tokens)
    of_places = keras.layers.Embedding(tokens.shape[1], size, name=f"{prefix}positions")(places)
    return keras.layers.Add(name=f"{prefix}tokens_and_positions")([of_tokens, of_places])


def seen_by_all(mask: keras.KerasTensor) -> keras.KerasTensor:
    """The attention mask with which every token sees all but padding, (batch, 1, tokens)."""
    import keras

    return keras.ops.expand_dims(mask, 1)


def masked_mean(inputs: keras.KerasTensor, mask: keras.KerasTensor) -> keras.KerasTensor:
    """The mean over a text without its padding; 0 for a text of nothing else.

    Args:
        inputs: (batch, tokens, features).
        mask: True where there is text, (batch, tokens).

    Returns:
        (batch, features).
    """
    from keras import ops

    counted = ops.expand_dims(ops.cast(mask, "float32"), -1)
    n_counted = ops.maximum(ops.sum(counted, axis=1), 1.0)
    return ops.divide(ops.sum(ops.multiply(inputs, counted), axis=1), n_counted)
