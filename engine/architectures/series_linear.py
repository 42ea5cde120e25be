"""Linear models of series: a weighted sum of the steps of a window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.architectures.base import Architecture, TrainingDefaults, output_layer, require
from engine.architectures.linear import LinearParameters
from engine.architectures.regularisation import penalty
from engine.spec.parameters import Parameters
from engine.spec.signature import Kind, Signature, Task

if TYPE_CHECKING:
    import keras


class SeriesLinear(Architecture):
    """An autoregressive model (Yule 1927): for classes, a logistic regression on the window.

    Zeng et al. 2023, "Are Transformers Effective for Time Series Forecasting?"
    (https://arxiv.org/abs/2205.13504), found it better than many large networks.
    """

    name = "series_linear"
    title = "Linear model of a series"
    short_title = "Linear"
    summary = (
        "A weighted sum of the last steps: what every network for series has to beat, and often "
        "cannot. Every weight can be read: how much each past step counts."
    )
    formula = "y = β₀ + β₁x[t] + β₂x[t−1] + … + βₙx[t−n+1] + ε"
    kinds = (Kind.SERIES,)
    tasks = (Task.FORECASTING, Task.CLASSIFICATION, Task.REGRESSION, Task.CONTROL)
    parameters = LinearParameters
    is_linear = True
    # Neighbouring steps are nearly equal, so the flat directions of the error are found slowly:
    # many epochs, of milliseconds each. Error against the last value's on mackey_glass, seeds 0
    # and 1: 0.21 with 200 epochs of 0.003 and batches of 64, 0.08 with these. Least squares: 0.004.
    defaults = TrainingDefaults(optimizer="adam", learning_rate=0.01, epochs=400, batch_size=32)
    reading = (
        "Yule 1927, On a Method of Investigating Periodicities in Disturbed Series",
        "Box and Jenkins 1970, Time Series Analysis: Forecasting and Control",
        "Zeng, Chen, Zhang and Xu 2023, Are Transformers Effective for Time Series Forecasting?",
    )

    def build(self, signature: Signature, parameters: Parameters) -> keras.Model:
        import keras

        settings = require(parameters, LinearParameters)
        of_weights = penalty(settings.regularisation, settings.strength)
        return keras.Sequential(
            [
                keras.Input(signature.input_shape, name="window"),
                keras.layers.Flatten(name="steps"),
                output_layer(signature, kernel_regularizer=of_weights),
            ],
            name=self.name,
        )
