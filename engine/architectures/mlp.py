"""Multilayer perceptron: Dense layers one after another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from engine.architectures.base import (
    Architecture,
    TrainingDefaults,
    embedded,
    output_layer,
    require,
)
from engine.parameters import Parameters, parameter
from engine.problem import Kind, Signature, Task

if TYPE_CHECKING:
    import keras


class MlpParameters(Parameters):
    """Settings of the multilayer perceptron."""

    units: tuple[Annotated[int, Field(ge=1, le=8192)], ...] = parameter(
        (32, 32),
        label="Hidden layers",
        help="Units of each hidden layer. More units and layers can bend more, "
        "and overfit more easily.",
        unit="units",
        min_length=1,
        max_length=12,
    )
    activation: Literal["relu", "tanh", "sigmoid", "elu", "gelu", "swish"] = parameter(
        "relu",
        label="Activation",
        help="What bends the sums between layers. Without it the network would be linear.",
    )
    batch_normalization: bool = parameter(
        False,
        label="Batch normalization",
        help="Rescales each layer's output over the batch; keeps gradients alive in deep networks.",
    )
    dropout: float = parameter(
        0.0,
        label="Dropout",
        help="Share of units switched off at random in each training step; "
        "a remedy for overfitting.",
        ge=0.0,
        le=0.9,
    )


class MultilayerPerceptron(Architecture):
    """Stacked Dense layers."""

    name = "mlp"
    title = "Multilayer perceptron (MLP)"
    short_title = "MLP"
    summary = (
        "Layers of weighted sums with a bend in between. Learns curved boundaries and relations; "
        "the usual first network for tables."
    )
    formula = "h = f(W₁x + b₁),  y = g(W₂h + b₂)"
    kinds = (Kind.TABLE, Kind.IMAGE, Kind.SERIES)
    tasks = (Task.CLASSIFICATION, Task.REGRESSION, Task.FORECASTING, Task.CONTROL)
    parameters = MlpParameters
    embeds_categories = True
    defaults = TrainingDefaults(optimizer="adam", learning_rate=0.003, epochs=100, batch_size=32)
    recommended_for: ClassVar = {
        (Kind.TABLE, Task.CLASSIFICATION): "Bends its boundary where the data asks for it.",
        (Kind.TABLE, Task.REGRESSION): "Follows curved relations that a straight line misses.",
        (Kind.TABLE, Task.CONTROL): "What it sees and what to do are a few numbers each.",
    }

    def build(self, signature: Signature, parameters: Parameters) -> keras.Model:
        import keras

        settings = require(parameters, MlpParameters)
        layers: list[keras.layers.Layer] = [keras.Input(signature.input_shape, name="features")]
        if len(signature.input_shape) > 1:
            layers.append(keras.layers.Flatten())
        for units in settings.units:
            layers.append(keras.layers.Dense(units))
            if settings.batch_normalization:
                layers.append(keras.layers.BatchNormalization())
            layers.append(keras.layers.Activation(settings.activation))
            if settings.dropout:
                layers.append(keras.layers.Dropout(settings.dropout))
        layers.append(output_layer(signature))
        if not signature.category_sizes:
            return keras.Sequential(layers, name=self.name)
        inputs = keras.Input(signature.input_shape, name="features")
        outputs = embedded(inputs, signature)
        for layer in layers[1:]:
            outputs = layer(outputs)
        return keras.Model(inputs, outputs, name=self.name)
