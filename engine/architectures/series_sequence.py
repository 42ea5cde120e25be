"""Networks that read a series step by step, or all steps at once: recurrent and Transformer."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from engine.architectures.attention import (
    TransformerParameters,
    attention_problems,
    feed_forward,
    part,
)
from engine.architectures.base import Architecture, TrainingDefaults, output_layer, require
from engine.architectures.recurrent import Cell, recurrent_stack
from engine.architectures.regularisation import dropout_parameter
from engine.architectures.series_start import start_direct_steps
from engine.errors import Problem
from engine.spec.parameters import Parameters, parameter
from engine.spec.signature import Kind, Output, Signature, Task

if TYPE_CHECKING:
    import keras

    from engine.architectures.known_examples import KnownExamples

_TASKS = (Task.FORECASTING, Task.CLASSIFICATION, Task.MULTILABEL, Task.REGRESSION, Task.CONTROL)


def direct_steps_parameter() -> int:
    """Declares how many of the last steps go straight to the output."""
    steps: int = parameter(
        8,
        label="Direct steps",
        help="Where numbers are predicted: so many of the last steps also reach the output "
        "directly, as a weighted sum that is computed first; the network learns what that misses. "
        "0: none do.",
        unit="steps",
        ge=0,
        le=10_000,
    )
    return steps


class SeriesRnnParameters(Parameters):
    """Settings of the recurrent network for series."""

    cell: Cell = parameter(
        "lstm",
        label="Cell",
        help="'lstm' and 'gru' have gates that keep what is far back; 'rnn' is the plain one, "
        "quicker and forgetful.",
    )
    units: tuple[Annotated[int, Field(ge=1, le=2048)], ...] = parameter(
        (32,),
        label="Units",
        help="Size of the memory of each recurrent layer. With several layers, each reads what the "
        "one before it made of the series.",
        unit="units",
        min_length=1,
        max_length=6,
    )
    bidirectional: bool = parameter(
        False,
        label="Both directions",
        help="A second memory reads the window from its end. Good for classes; a forecast hardly "
        "gains by it.",
    )
    direct_steps: int = direct_steps_parameter()
    dropout: float = dropout_parameter(0.0, "each layer's answers")


class SeriesRnn(Architecture):
    """Recurrent layers, and a linear part beside them as in Lai et al. 2018 (LSTNet)."""

    name = "series_rnn"
    title = "Recurrent network for series (LSTM)"
    short_title = "Series LSTM"
    summary = (
        "Reads the window step by step and keeps what matters in memory; the last steps also go "
        "straight to the forecast. For series whose past matters in its order."
    )
    formula = "hₜ = cell(xₜ, hₜ₋₁),  y = V h + Σ βᵢ x[t−i]"
    computes = "the best weighted sum of the past"
    kinds = (Kind.SERIES,)
    tasks = _TASKS
    parameters = SeriesRnnParameters
    transfers = True
    defaults = TrainingDefaults(
        optimizer="adam", learning_rate=0.003, epochs=50, batch_size=64, patience=15
    )
    reading = (
        "Hochreiter and Schmidhuber 1997, Long Short-Term Memory",
        "Lai et al. 2018, Modeling Long- and Short-Term Temporal Patterns with Deep Neural "
        "Networks",
        "Hewamalage, Bergmeir and Bandara 2021, Recurrent Neural Networks for Time Series "
        "Forecasting",
    )

    def check(self, signature: Signature, parameters: Parameters) -> list[Problem]:
        settings = require(parameters, SeriesRnnParameters)
        return direct_problems(signature, settings.direct_steps)

    def build(self, signature: Signature, parameters: Parameters) -> keras.Model:
        import keras

        settings = require(parameters, SeriesRnnParameters)
        window = keras.Input(signature.input_shape, name="window")
        read = recurrent_stack(
            window,
            settings.cell,
            settings.units,
            bidirectional=settings.bidirectional,
            dropout=settings.dropout,
        )
        outputs = with_direct_steps(window, read, signature, settings.direct_steps)
        return keras.Model(window, outputs, name=self.name)

    def start(self, network: keras.Model, parameters: Parameters, known: KnownExamples) -> None:
        start_direct_steps(network, known)


class SeriesTransformerParameters(TransformerParameters):
    """Settings of the Transformer for series."""

    embedding: int = parameter(
        32,
        label="Width",
        help="Numbers that stand for one step, in every layer.",
        unit="numbers",
        ge=1,
        le=1024,
    )
    heads: int = parameter(
        4,
        label="Heads",
        help="How many ways there are at once in which steps look at each other.",
        unit="heads",
        ge=1,
        le=64,
    )
    key_size: int = parameter(
        8,
        label="Key size",
        help="Numbers of a head by which steps find each other; usually the width divided by the "
        "heads.",
        unit="numbers",
        ge=1,
        le=1024,
    )
    feed_forward: int = parameter(
        64,
        label="Feed-forward width",
        help="Units of the hidden layer that each step passes after the attention.",
        unit="units",
        ge=1,
        le=8192,
    )
    direct_steps: int = direct_steps_parameter()
    dropout: float = dropout_parameter(0.0, "each part's answers")


class SeriesTransformer(Architecture):
    """The encoder of Vaswani et al. 2017 over the steps of a window, with learnt positions."""

    name = "series_transformer"
    title = "Transformer for series"
    short_title = "Series Transformer"
    summary = (
        "Each step of the window looks at all the others and takes what matters; the last steps "
        "also go straight to the forecast. For long windows and much data."
    )
    formula = "steps + positions → [attention → feed-forward] × n → y = V h + Σ βᵢ x[t−i]"
    computes = "the best weighted sum of the past"
    kinds = (Kind.SERIES,)
    tasks = _TASKS
    parameters = SeriesTransformerParameters
    transfers = True
    defaults = TrainingDefaults(
        optimizer="adam", learning_rate=0.001, epochs=60, batch_size=64, patience=15
    )
    reading = (
        "Vaswani et al. 2017, Attention Is All You Need",
        "Wen et al. 2023, Transformers in Time Series: A Survey",
        "Zeng, Chen, Zhang and Xu 2023, Are Transformers Effective for Time Series Forecasting?",
    )

    def check(self, signature: Signature, parameters: Parameters) -> list[Problem]:
        settings = require(parameters, SeriesTransformerParameters)
        n_steps = signature.input_shape[0]
        return [
            *attention_problems(settings.heads, settings.key_size, n_steps),
            *direct_problems(signature, settings.direct_steps),
        ]

    def build(self, signature: Signature, parameters: Parameters) -> keras.Model:
        import keras

        settings = require(parameters, SeriesTransformerParameters)
        window = keras.Input(signature.input_shape, name="window")
        read = _with_places(window, settings.embedding)
        for number in range(1, settings.layers + 1):
            name = f"encoder_{number}"
            look = keras.layers.MultiHeadAttention(
                settings.heads, settings.key_size, name=f"{name}_attention"
            )
            read = part(read, partial(_look_at_itself, look), f"{name}_attention", settings)
            read = part(read, feed_forward(settings, name), f"{name}_feed_forward", settings)
        if settings.norm_first:
            read = keras.layers.LayerNormalization(name="normalisation")(read)
        # For a class it does not matter when something happened. A forecast continues the last
        # step: error against the last value's on mackey_glass 0.10, with the mean 0.19.
        if signature.output is not Output.NUMBERS:
            read = keras.layers.GlobalAveragePooling1D(name="mean_over_steps")(read)
        else:
            read = keras.layers.Cropping1D((signature.input_shape[0] - 1, 0), name="last")(read)
            read = keras.layers.Flatten(name="last_step")(read)
        outputs = with_direct_steps(window, read, signature, settings.direct_steps)
        return keras.Model(window, outputs, name=self.name)

    def start(self, network: keras.Model, parameters: Parameters, known: KnownExamples) -> None:
        start_direct_steps(network, known)


def _look_at_itself(attention: keras.layers.Layer, inputs: keras.KerasTensor) -> keras.KerasTensor:
    return attention(inputs, inputs)


def _with_places(window: keras.KerasTensor, width: int) -> keras.KerasTensor:
    """Each step as `width` numbers, to which those learnt for its place are added.

    Args:
        window: (batch, steps, channels).
        width: Numbers of a step.

    Returns:
        (batch, steps, width).
    """
    import keras
    from keras import ops

    of_steps = keras.layers.Dense(width, name="steps")(window)
    places = ops.cumsum(ops.ones_like(window[:, :, 0], dtype="int32"), axis=1) - 1
    of_places = keras.layers.Embedding(window.shape[1], width, name="positions")(places)
    return keras.layers.Add(name="steps_and_positions")([of_steps, of_places])


def direct_problems(signature: Signature, direct_steps: int) -> list[Problem]:
    """Tells where more steps are to go straight to the output than there are."""
    n_steps = signature.input_shape[0]
    # The default is cut to what there is; a longer wish is a mistake.
    if direct_steps <= max(n_steps, 8):
        return []
    return [
        Problem(
            "direct_steps",
            f"The window has {n_steps:,} steps. Received: {direct_steps:,}.",
            f"Use at most {n_steps:,}, or a longer window.",
        )
    ]


def with_direct_steps(
    window: keras.KerasTensor,
    read: keras.KerasTensor,
    signature: Signature,
    direct_steps: int,
    slowness: float = 1.0,
) -> keras.KerasTensor:
    """The output of a network, and a weighted sum of the last steps added to it.

    The linear part is that of Lai et al. 2018, "Modeling Long- and Short-Term Temporal Patterns
    with Deep Neural Networks" (https://arxiv.org/abs/1703.07015): what is nearly linear need not be
    learnt by gates or attention, and the scale of the series is followed when it changes.

    Args:
        window: (batch, steps, channels).
        read: What the network made of it, (batch, features).
        signature: Of the data.
        direct_steps: How many steps; 0: none. Classes have none.
        slowness: Steps of Adam have the size of the learning rate, whatever they change: weights
            that are this many times as large as what they say change so much slower.

    Returns:
        (batch, n_outputs).
    """
    import keras

    n_steps = window.shape[1]
    kept = min(direct_steps, n_steps)
    if not kept or signature.output is not Output.NUMBERS:
        return output_layer(signature)(read)
    last = window
    if kept < n_steps:
        last = keras.layers.Cropping1D((n_steps - kept, 0), name="last_steps")(window)
    flat = keras.layers.Flatten(name="last_steps_in_a_row")(last)
    straight = keras.layers.Dense(signature.n_outputs, use_bias=False, name="direct")(flat)
    if slowness != 1.0:
        straight = keras.layers.Rescaling(1.0 / slowness, name="slowly")(straight)
    learnt = keras.layers.Dense(signature.n_outputs, name="learnt")(read)
    return keras.layers.Add(name="output")([learnt, straight])
