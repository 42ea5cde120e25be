"""Convolutional network for texts: filters that look for runs of tokens, wherever they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from engine.architectures.base import Architecture, TrainingDefaults, output_layer, require
from engine.architectures.regularisation import dropout_parameter
from engine.spec.parameters import Parameters, parameter
from engine.spec.signature import Kind, Signature, Task

if TYPE_CHECKING:
    import keras


class TextCnnParameters(Parameters):
    """Settings of the convolutional network for texts."""

    embedding: int = parameter(
        64,
        label="Embedding",
        help="Numbers that stand for one token; they are learnt with the rest.",
        unit="numbers",
        ge=1,
        le=1024,
    )
    filters: int = parameter(
        128,
        label="Filters",
        help="How many patterns of each width are looked for.",
        unit="filters",
        ge=1,
        le=2048,
    )
    widths: tuple[Annotated[int, Field(ge=1, le=32)], ...] = parameter(
        (2, 3, 4, 5),
        label="Widths",
        help="How many tokens in a row a pattern spans; a group of filters for each number.",
        unit="tokens",
        min_length=1,
        max_length=8,
    )
    dropout: float = dropout_parameter(0.3, "the patterns' answers")


class TextCnn(Architecture):
    """Convolutions of several widths over embedded tokens, each at its strongest (Kim 2014).

    "Convolutional Neural Networks for Sentence Classification", https://arxiv.org/abs/1408.5882.
    """

    name = "text_cnn"
    title = "Convolutional network for texts"
    short_title = "Text CNN"
    summary = (
        "Each token becomes a few learnt numbers; filters look for runs of two to five tokens, and "
        "only each one's strongest answer counts. Quick, and good at short texts."
    )
    formula = "tokens → embedding → convolutions → maximum over the text → dense → output"
    kinds = (Kind.TEXT,)
    tasks = (Task.CLASSIFICATION, Task.MULTILABEL, Task.REGRESSION)
    parameters = TextCnnParameters
    defaults = TrainingDefaults(optimizer="adam", learning_rate=0.001, epochs=10, batch_size=64)

    def build(self, signature: Signature, parameters: Parameters) -> keras.Model:
        import keras

        settings = require(parameters, TextCnnParameters)
        tokens = keras.Input(signature.input_shape, dtype="int32", name="tokens")
        answers = strongest_answers(
            tokens, signature.n_tokens, settings.embedding, settings.filters, settings.widths
        )
        joined = keras.layers.Concatenate()(answers) if len(answers) > 1 else answers[0]
        if settings.dropout:
            joined = keras.layers.Dropout(settings.dropout)(joined)
        return keras.Model(tokens, output_layer(signature)(joined), name=self.name)


def strongest_answers(
    tokens: keras.KerasTensor,
    n_tokens: int,
    embedding: int,
    filters: int,
    widths: tuple[int, ...],
) -> list[keras.KerasTensor]:
    """What filters over embedded tokens answer, each at its strongest, padding excluded.

    Args:
        tokens: (batch, tokens), 0 where there is none.
        n_tokens: How many different ones there are.
        embedding: Numbers that stand for one token.
        filters: Of each width.
        widths: Tokens that a filter spans.

    Returns:
        For each width, (batch, filters).
    """
    import keras

    # 1 where there is text, 0 in the padding, which is token 0: (batch, tokens, 1).
    mask = keras.ops.expand_dims(keras.ops.cast(keras.ops.not_equal(tokens, 0), "float32"), -1)
    embedded = keras.layers.Embedding(n_tokens, embedding)(tokens)
    embedded = keras.ops.multiply(embedded, mask)
    answers = []
    for width in widths:
        found = keras.layers.Conv1D(
            filters, width, padding="same", activation="relu", name=f"width_{width}"
        )(embedded)
        # No answer is below 0, so a 0 in the padding never is the strongest.
        answers.append(keras.layers.GlobalMaxPooling1D()(keras.ops.multiply(found, mask)))
    return answers
