"""Convolutions over time, for series."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from engine.architectures.base import Architecture, TrainingDefaults, output_layer, require
from engine.architectures.regularisation import dropout_parameter
from engine.errors import Problem
from engine.spec.parameters import Parameters, parameter
from engine.spec.signature import Kind, Signature, Task

if TYPE_CHECKING:
    import keras


class SeriesParameters(Parameters):
    """Settings of the series network."""

    filters: tuple[Annotated[int, Field(ge=1, le=512)], ...] = parameter(
        (32, 32),
        label="Filters per layer",
        help="One convolution for each number. Each filter looks for one pattern in time; each "
        "layer sees twice as far as the one before.",
        unit="filters",
        min_length=1,
        max_length=10,
    )
    kernel_size: int = parameter(
        3, label="Kernel size", help="Steps a filter looks at.", unit="steps", ge=1, le=50
    )
    dense_units: int = parameter(
        64,
        label="Dense units",
        help="Units of the layer between the convolutions and the forecast.",
        unit="units",
        ge=1,
        le=4096,
    )
    dropout: float = dropout_parameter(0.0, "dense units")


class SeriesNetwork(Architecture):
    """Causal, dilated convolutions (van den Oord et al. 2016, arXiv:1609.03499), small."""

    name = "series_cnn"
    title = "Series network (1D CNN)"
    short_title = "1D CNN"
    summary = (
        "Filters slide over the past and look for patterns in time, each layer farther apart; "
        "a dense layer makes the forecast of all steps at once."
    )
    formula = "window → [causal convolution] × n → dense → forecast"
    kinds = (Kind.SERIES,)
    tasks = (Task.FORECASTING, Task.CLASSIFICATION, Task.MULTILABEL, Task.REGRESSION, Task.CONTROL)
    parameters = SeriesParameters
    defaults = TrainingDefaults(
        optimizer="adam", learning_rate=0.002, epochs=50, batch_size=64, patience=15
    )
    recommended_for: ClassVar = {
        (Kind.SERIES, Task.CLASSIFICATION): "Finds a pattern whenever it comes.",
        (Kind.SERIES, Task.MULTILABEL): "Finds a pattern whenever it comes.",
        (Kind.SERIES, Task.REGRESSION): "Finds a pattern whenever it comes.",
    }
    smaller = ({"kernel_size": 2}, {"kernel_size": 1})
    reading = (
        "van den Oord et al. 2016, WaveNet: A Generative Model for Raw Audio",
        "Bai, Kolter and Koltun 2018, An Empirical Evaluation of Generic Convolutional and "
        "Recurrent Networks for Sequence Modeling",
    )

    def check(self, signature: Signature, parameters: Parameters) -> list[Problem]:
        return convolution_problems(signature, require(parameters, SeriesParameters))

    def build(self, signature: Signature, parameters: Parameters) -> keras.Model:
        import keras

        settings = require(parameters, SeriesParameters)
        return keras.Sequential(
            [
                keras.Input(signature.input_shape, name="window"),
                *reading_layers(settings),
                output_layer(signature),
            ],
            name=self.name,
        )


def convolution_problems(signature: Signature, settings: SeriesParameters) -> list[Problem]:
    """Finds filters and layers that reach beyond the window."""
    n_steps, n_layers = signature.input_shape[0], len(settings.filters)
    problems = []
    if settings.kernel_size > n_steps:
        problems.append(
            Problem(
                "kernel_size",
                f"A filter cannot look at more steps than the window has, {n_steps:,}. "
                f"Received: {settings.kernel_size}.",
                "Make it smaller, or the window longer.",
            )
        )
    if n_layers > 2 and 2 ** (n_layers - 1) >= n_steps:
        problems.append(
            Problem(
                "filters",
                f"Each layer looks twice as far back as the one before, the last "
                f"{2 ** (n_layers - 1):,} steps; the window has {n_steps:,}. "
                f"Received: {n_layers} layers.",
                "Use fewer layers, or a longer window.",
            )
        )
    return problems


def reading_layers(settings: SeriesParameters) -> list[keras.layers.Layer]:
    """Convolutions over a window, and the dense layer that sums up what they found."""
    import keras

    layers: list[keras.layers.Layer] = [
        keras.layers.Conv1D(
            filters,
            settings.kernel_size,
            padding="causal",
            dilation_rate=2**depth,
            activation="relu",
        )
        for depth, filters in enumerate(settings.filters)
    ]
    layers += [
        keras.layers.Flatten(),
        keras.layers.Dense(settings.dense_units, activation="relu"),
    ]
    if settings.dropout:
        layers.append(keras.layers.Dropout(settings.dropout))
    return layers
