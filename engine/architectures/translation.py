"""Recurrent network from one text to another: read whole, then written with attention."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from engine.architectures.base import Architecture, TrainingDefaults, require
from engine.architectures.regularisation import dropout_parameter
from engine.errors import Problem
from engine.spec.parameters import Parameters, parameter
from engine.spec.signature import Kind, Signature, Task

if TYPE_CHECKING:
    import keras

MAX_OUTPUTS = 5_000_000
"""Probabilities for one example, positions × tokens; beyond it a batch fills the memory."""


class TranslatorParameters(Parameters):
    """Settings of the recurrent translator."""

    embedding: int = parameter(
        64,
        label="Embedding",
        help="Numbers that stand for one token; they are learnt with the rest.",
        unit="numbers",
        ge=1,
        le=1024,
    )
    units: int = parameter(
        128,
        label="Units",
        help="Size of the memory with which the text is read in each direction, and written.",
        unit="units",
        ge=1,
        le=2048,
    )
    dropout: float = dropout_parameter(0.0, "what was read that is")


class Translator(Architecture):
    """GRUs that read and write, joined by attention; all positions are predicted at once.

    Attention as in Luong et al. 2015, "Effective Approaches to Attention-based Neural Machine
    Translation", https://arxiv.org/abs/1508.04025, without feeding back what was written.
    """

    name = "gru_translator"
    title = "Recurrent translator (GRU with attention)"
    short_title = "GRU translator"
    summary = (
        "Reads the text in both directions, then writes the other one, looking back for each token "
        "at what matters there. For short texts with a clear answer: dates, numbers, phrases."
    )
    formula = "tokens → embedding → GRU ⇄ → [GRU → attention → GRU] → softmax at each position"
    kinds = (Kind.TEXT,)
    tasks = (Task.TRANSLATION,)
    parameters = TranslatorParameters
    # Exactly right, unseen: numbers in words from English to French 0.993, dates to ISO 0.998.
    defaults = TrainingDefaults(optimizer="adam", learning_rate=0.002, epochs=20, batch_size=64)
    recommended_for: ClassVar = {
        (Kind.TEXT, Task.TRANSLATION): "Learns short texts with a clear answer in minutes.",
    }

    def check(self, signature: Signature, parameters: Parameters) -> list[Problem]:
        return too_many_outputs(signature, "units")

    def build(self, signature: Signature, parameters: Parameters) -> keras.Model:
        import keras

        settings = require(parameters, TranslatorParameters)
        units = settings.units
        tokens = keras.Input(signature.input_shape, dtype="int32", name="tokens")
        embedded = keras.layers.Embedding(
            signature.n_tokens, settings.embedding, mask_zero=True, name="embedding"
        )(tokens)
        read, forward, backward = keras.layers.Bidirectional(
            keras.layers.GRU(units, return_sequences=True, return_state=True), name="reader"
        )(embedded)
        summary = keras.layers.Concatenate(name="summary")([forward, backward])
        if settings.dropout:
            read = keras.layers.Dropout(settings.dropout)(read)
        start = keras.layers.Dense(units, activation="tanh", name="start")(summary)
        drafted = keras.layers.GRU(units, return_sequences=True, name="draft")(
            keras.layers.RepeatVector(signature.target_length)(summary), initial_state=start
        )
        keys = keras.layers.Dense(units, use_bias=False, name="keys")(read)
        mask = keras.ops.not_equal(tokens, 0)
        found = keras.layers.Attention(use_scale=True, name="attention")(
            [drafted, read, keys], mask=[None, mask]
        )
        written = keras.layers.GRU(units, return_sequences=True, name="writer")(
            keras.layers.Concatenate()([drafted, found])
        )
        outputs = keras.layers.Dense(signature.n_classes, activation="softmax", name="output")(
            keras.layers.Concatenate()([written, found])
        )
        return keras.Model(tokens, outputs, name=self.name)


def too_many_outputs(signature: Signature, field: str) -> list[Problem]:
    """More probabilities for one example than memory holds, as a problem of a field."""
    size = signature.target_length * signature.n_classes
    if size <= MAX_OUTPUTS:
        return []
    return [
        Problem(
            field,
            f"{signature.target_length:,} positions of {signature.n_classes:,} tokens each are "
            "too many to predict at once.",
            "Leave long texts out, or make the vocabulary smaller.",
        )
    ]
