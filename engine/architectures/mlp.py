"""Multilayer perceptron: Dense layers one after another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from engine.architectures.base import (
    Architecture,
    TrainingDefaults,
    embedded,
    output_layer,
    require,
)
from engine.architectures.normalisation import batch_normalization
from engine.architectures.regularisation import (
    Regularisation,
    dropout_parameter,
    penalty,
    regularisation_parameter,
    strength_parameter,
)
from engine.errors import Problem
from engine.spec.parameters import Parameters, parameter
from engine.spec.signature import Kind, Signature, Task

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
    residual: bool = parameter(
        False,
        label="Residual",
        help="Adds what goes into each hidden layer after the first to what comes out, so that "
        "gradients reach the first layers of a deep network. Where the number of units changes, "
        "a learnt projection fits one to the other.",
    )
    dropout: float = dropout_parameter(0.0, "units")
    regularisation: Regularisation = regularisation_parameter()
    strength: float = strength_parameter(0.001)


class MultilayerPerceptron(Architecture):
    """Stacked Dense layers."""

    name = "mlp"
    title = "Multilayer perceptron (MLP)"
    short_title = "MLP"
    summary = (
        "Layers of weighted sums with a bend in between. Learns curved boundaries and relations; "
        "the network to learn from first."
    )
    formula = "h = f(W₁x + b₁),  y = g(W₂h + b₂)"
    kinds = (Kind.TABLE, Kind.IMAGE, Kind.SERIES)
    tasks = (Task.CLASSIFICATION, Task.MULTILABEL, Task.REGRESSION, Task.FORECASTING, Task.CONTROL)
    parameters = MlpParameters
    transfers = True
    embeds_categories = True
    defaults = TrainingDefaults(optimizer="adam", learning_rate=0.003, epochs=100, batch_size=32)

    reading = (
        "Goodfellow, Bengio and Courville (2016): Deep Learning, chapter 6. MIT Press",
        "Rumelhart, Hinton and Williams (1986): Learning representations by back-propagating "
        "errors. Nature 323",
        "Srivastava et al. (2014): Dropout: A Simple Way to Prevent Neural Networks from "
        "Overfitting. JMLR 15",
        "Gorishniy et al. (2021): Revisiting Deep Learning Models for Tabular Data. "
        "arXiv:2106.11959",
    )

    def check(self, signature: Signature, parameters: Parameters) -> list[Problem]:
        settings = require(parameters, MlpParameters)
        if not settings.residual or len(settings.units) > 1:
            return []
        return [
            Problem(
                "residual",
                "There is one hidden layer; a connection that skips a layer needs a second.",
                "Give more hidden layers, such as 32, 32, or switch it off.",
            )
        ]

    def build(self, signature: Signature, parameters: Parameters) -> keras.Model:
        import keras

        settings = require(parameters, MlpParameters)
        features = keras.Input(signature.input_shape, name="features")
        flat = [keras.layers.Flatten()] if len(signature.input_shape) > 1 else []
        hidden = [_hidden(settings, units) for units in settings.units]
        regularizer = penalty(settings.regularisation, settings.strength)
        output = output_layer(signature, kernel_regularizer=regularizer)
        if not signature.category_sizes and not settings.residual:
            layers = [features, *flat, *(layer for group in hidden for layer in group), output]
            return keras.Sequential(layers, name=self.name)
        outputs = _through(flat, embedded(features, signature))
        for depth, layers in enumerate(hidden):
            given, outputs = outputs, _through(layers, outputs)
            if settings.residual and depth:
                outputs = _with_skipped(given, outputs, depth)
        return keras.Model(features, output(outputs), name=self.name)


def _hidden(settings: MlpParameters, units: int) -> list[keras.layers.Layer]:
    """One hidden layer, with what belongs to it."""
    import keras

    regularizer = penalty(settings.regularisation, settings.strength)
    layers: list[keras.layers.Layer] = [keras.layers.Dense(units, kernel_regularizer=regularizer)]
    if settings.batch_normalization:
        layers.append(batch_normalization())
    layers.append(keras.layers.Activation(settings.activation))
    if settings.dropout:
        layers.append(keras.layers.Dropout(settings.dropout))
    return layers


def _through(layers: list[keras.layers.Layer], outputs: keras.KerasTensor) -> keras.KerasTensor:
    for layer in layers:
        outputs = layer(outputs)
    return outputs


def _with_skipped(
    given: keras.KerasTensor, outputs: keras.KerasTensor, depth: int
) -> keras.KerasTensor:
    """The sum of a layer's input, projected where its width differs, and its output."""
    import keras

    if given.shape[-1] != outputs.shape[-1]:
        projection = keras.layers.Dense(
            outputs.shape[-1], use_bias=False, name=f"projection_{depth}"
        )
        given = projection(given)
    return keras.layers.Add(name=f"sum_{depth}")([given, outputs])
