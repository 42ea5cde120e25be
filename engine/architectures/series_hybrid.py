"""A linear forecast and a network that learns what it misses."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from engine.architectures.base import Architecture, TrainingDefaults, require
from engine.architectures.regularisation import dropout_parameter
from engine.architectures.series import SeriesParameters, convolution_problems, reading_layers
from engine.architectures.series_sequence import with_direct_steps
from engine.architectures.series_start import start_direct_steps
from engine.errors import Problem
from engine.spec.parameters import Parameters
from engine.spec.signature import Kind, Signature, Task

if TYPE_CHECKING:
    import keras

    from engine.architectures.known_examples import KnownExamples


# The linear path is where it should be from the beginning: noise in the gradients would drive it
# off. A power of two, so that nothing is rounded.
_SLOWNESS = 64.0


class SeriesHybridParameters(SeriesParameters):
    """Those of the network beside the linear path."""

    dropout: float = dropout_parameter(0.3, "dense units")


class SeriesHybrid(Architecture):
    """Zhang 2003, with the convolutions of `SeriesNetwork` in the place of his perceptron.

    The network is shown each step as it stands to the last one, which stays the same where a series
    grows, and its level pressed smoothly into a range, so that no later level is beyond what it
    has met.
    """

    name = "series_hybrid"
    title = "Linear forecast and a network"
    short_title = "Hybrid"
    summary = (
        "Begins at the best weighted sum of the past steps, which is computed, not learnt; beside "
        "it, convolutions learn what that misses, and stop when the validation part says so."
    )
    formula = "y = β₀ + Σ βᵢ x[t−i] + network(x[t−i] − x[t], tanh x[t−i])"
    computes = "the best weighted sum of the past"
    kinds = (Kind.SERIES,)
    tasks = (Task.FORECASTING, Task.REGRESSION)
    parameters = SeriesHybridParameters
    # On the 18 series of tests/benchmarks/trials_series.py, seeds 0 to 2: 0.84 times the error of
    # the better of autoregression and exponential smoothing; series_cnn 1.36.
    defaults = TrainingDefaults(
        optimizer="adam", learning_rate=0.001, epochs=200, batch_size=64, patience=20
    )
    recommended_for: ClassVar = {
        (Kind.SERIES, Task.FORECASTING): "Begins at a linear forecast, and bends it where the data "
        "asks for that.",
    }
    smaller = ({"kernel_size": 2}, {"kernel_size": 1})
    reading = (
        "Zhang 2003, Time Series Forecasting Using a Hybrid ARIMA and Neural Network Model",
        "Zeng, Chen, Zhang and Xu 2023, Are Transformers Effective for Time Series Forecasting?",
        "van den Oord et al. 2016, WaveNet: A Generative Model for Raw Audio",
    )

    def defaults_for(self, signature: Signature) -> TrainingDefaults:
        """About twenty steps an epoch."""
        if not signature.n_train:
            return self.defaults
        power = round(math.log2(max(1.0, signature.n_train / 20)))
        return replace(self.defaults, batch_size=2 ** min(8, max(4, power)))

    def check(self, signature: Signature, parameters: Parameters) -> list[Problem]:
        return convolution_problems(signature, require(parameters, SeriesHybridParameters))

    def build(self, signature: Signature, parameters: Parameters) -> keras.Model:
        import keras
        from keras import ops

        settings = require(parameters, SeriesHybridParameters)
        window = keras.Input(signature.input_shape, name="window")
        levels = keras.layers.Activation("tanh", name="levels")(window)
        differences = ops.subtract(window, window[:, -1:])
        read = keras.layers.Concatenate(name="levels_and_differences")([levels, differences])
        for layer in reading_layers(settings):
            read = layer(read)
        outputs = with_direct_steps(window, read, signature, signature.input_shape[0], _SLOWNESS)
        return keras.Model(window, outputs, name=self.name)

    def start(self, network: keras.Model, parameters: Parameters, known: KnownExamples) -> None:
        start_direct_steps(network, known, _SLOWNESS)
