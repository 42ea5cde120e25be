"""Recurrent networks for texts: plain RNN, LSTM and GRU, in both directions and stacked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from engine.architectures.base import Architecture, TrainingDefaults, output_layer, require
from engine.architectures.regularisation import dropout_parameter
from engine.spec.parameters import Parameters, parameter
from engine.spec.signature import Kind, Signature, Task

if TYPE_CHECKING:
    import keras

Cell = Literal["rnn", "lstm", "gru"]


class RecurrentParameters(Parameters):
    """Settings of the recurrent networks for texts."""

    embedding: int = parameter(
        64,
        label="Embedding",
        help="Numbers that stand for one token; they are learnt with the rest.",
        unit="numbers",
        ge=1,
        le=1024,
    )
    units: tuple[Annotated[int, Field(ge=1, le=2048)], ...] = parameter(
        (64,),
        label="Units",
        help="Size of the memory of each recurrent layer. With several layers, each reads what the "
        "one before it made of the text.",
        unit="units",
        min_length=1,
        max_length=6,
    )
    bidirectional: bool = parameter(
        True,
        label="Both directions",
        help="A second memory reads the text from its end, so that beginning and end count alike.",
    )
    dropout: float = dropout_parameter(0.3, "each layer's answers")


class _Recurrent(Architecture):
    """What the three have in common: embedded tokens, recurrent layers, and what they end with."""

    cell: Cell
    kinds = (Kind.TEXT,)
    tasks = (Task.CLASSIFICATION, Task.MULTILABEL, Task.REGRESSION)
    parameters = RecurrentParameters

    def build(self, signature: Signature, parameters: Parameters) -> keras.Model:
        import keras

        settings = require(parameters, RecurrentParameters)
        tokens = keras.Input(signature.input_shape, dtype="int32", name="tokens")
        embedded = keras.layers.Embedding(signature.n_tokens, settings.embedding, name="embedding")(
            tokens
        )
        if settings.dropout:
            embedded = keras.layers.Dropout(settings.dropout)(embedded)
        read = recurrent_stack(
            embedded,
            self.cell,
            settings.units,
            bidirectional=settings.bidirectional,
            dropout=settings.dropout,
            mask=keras.ops.not_equal(tokens, 0),
        )
        return keras.Model(tokens, output_layer(signature)(read), name=self.name)


class PlainRnn(_Recurrent):
    """The simplest recurrence (Elman 1990)."""

    name = "rnn"
    cell = "rnn"
    title = "Plain recurrent network (RNN)"
    short_title = "Plain RNN"
    summary = (
        "Reads a text token by token and mixes each with what it remembers. Simple and quick; it "
        "forgets what is far back, as gradients vanish on the way. LSTM and GRU mend that."
    )
    formula = "hₜ = tanh(W xₜ + U hₜ₋₁ + b),  y = g(V h + c)"
    # Countries by language 0.71, names by language 0.78 (after 10 epochs).
    defaults = TrainingDefaults(optimizer="adam", learning_rate=0.001, epochs=20, batch_size=64)
    reading = ("Elman 1990, Finding Structure in Time",)


class Lstm(_Recurrent):
    """Long short-term memory (mission M4)."""

    name = "lstm"
    cell = "lstm"
    title = "Long short-term memory (LSTM)"
    short_title = "LSTM"
    summary = (
        "Reads a text token by token; gates decide what is kept in memory, what is forgotten and "
        "what is told. Remembers what stood far back."
    )
    formula = "cₜ = fₜ ⊙ cₜ₋₁ + iₜ ⊙ c̃ₜ,  hₜ = oₜ ⊙ tanh(cₜ),  y = g(V h + c)"
    # Countries by language 0.74 and 0.77 (seeds 0 and 1; 0.72 in one direction), names by language
    # 0.81 after 10 epochs.
    defaults = TrainingDefaults(optimizer="adam", learning_rate=0.003, epochs=20, batch_size=64)
    reading = (
        "Hochreiter and Schmidhuber 1997, Long Short-Term Memory",
        "Gers, Schmidhuber and Cummins 2000, Learning to Forget: Continual Prediction with LSTM",
    )


class Gru(_Recurrent):
    """Gated recurrent unit."""

    name = "gru"
    cell = "gru"
    title = "Gated recurrent unit (GRU)"
    short_title = "GRU"
    summary = (
        "Reads a text token by token with two gates: how much of its memory is renewed, and how "
        "much of it counts for that. Like an LSTM with fewer weights."
    )
    formula = "hₜ = zₜ ⊙ hₜ₋₁ + (1 − zₜ) ⊙ h̃ₜ,  y = g(V h + c)"
    # Countries by language 0.75 and 0.78 (seeds 0 and 1), names by language 0.82 after 10 epochs.
    defaults = TrainingDefaults(optimizer="adam", learning_rate=0.003, epochs=20, batch_size=64)
    reading = (
        "Cho et al. 2014, Learning Phrase Representations using RNN Encoder–Decoder for "
        "Statistical Machine Translation",
    )


def recurrent_stack(
    inputs: keras.KerasTensor,
    cell: Cell,
    units: Sequence[int],
    *,
    bidirectional: bool = False,
    dropout: float = 0.0,
    mask: keras.KerasTensor | None = None,
) -> keras.KerasTensor:
    """Reads a sequence with recurrent layers, one upon the other.

    Args:
        inputs: (batch, steps, features).
        cell: What the layers are made of.
        units: Memory of each layer, at least one.
        bidirectional: Each layer reads from both ends; then it has twice the features.
        dropout: Share of each layer's answers switched off in training.
        mask: True where there is something to read, (batch, steps); None: everywhere.

    Returns:
        What the last layer ends with, (batch, features).
    """
    import keras

    made: dict[str, Any] = {
        "rnn": keras.layers.SimpleRNN,
        "lstm": keras.layers.LSTM,
        "gru": keras.layers.GRU,
    }
    outputs = inputs
    for number, size in enumerate(units, start=1):
        name = f"{cell}_{number}"
        layer = made[cell](size, return_sequences=number < len(units), name=name)
        if bidirectional:
            layer = keras.layers.Bidirectional(layer, name=f"{name}_both_ways")
        outputs = layer(outputs, mask=mask)
        if dropout:
            outputs = keras.layers.Dropout(dropout)(outputs)
    return outputs
