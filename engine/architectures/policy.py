"""Policy network: from what is observed to what is done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from engine.architectures.base import Architecture, TrainingDefaults, output_layer, require
from engine.architectures.regularisation import (
    Regularisation,
    dropout_parameter,
    penalty,
    regularisation_parameter,
    strength_parameter,
)
from engine.spec.parameters import Parameters, parameter
from engine.spec.signature import Kind, Signature, Task

if TYPE_CHECKING:
    import keras


class PolicyParameters(Parameters):
    """Settings of the policy network."""

    units: tuple[Annotated[int, Field(ge=1, le=4096)], ...] = parameter(
        (64, 64),
        label="Hidden layers",
        help="Units of each hidden layer between what is observed and what is done.",
        unit="units",
        min_length=1,
        max_length=8,
    )
    dropout: float = dropout_parameter(0.0, "units")
    regularisation: Regularisation = regularisation_parameter()
    strength: float = strength_parameter(0.0001)


class PolicyNetwork(Architecture):
    """A small network that acts as it was shown (behavioural cloning, Pomerleau 1991).

    Tanh, orthogonal first weights, and a last layer a hundred times smaller, so that no action is
    preferred at first: what Andrychowicz et al. 2021, "What Matters for On-Policy Deep
    Actor-Critic Methods?", found best for policies of this size.
    """

    name = "policy"
    title = "Policy network"
    short_title = "Policy"
    summary = (
        "Sees what a robot's sensors say and chooses what to do, as it was shown. Smooth, small "
        "and without a preference at first. A history of observations is seen all at once."
    )
    formula = "action = argmax π(a | o),  π = softmax(W₃ tanh(W₂ tanh(W₁o)))"
    kinds = (Kind.TABLE, Kind.SERIES)
    tasks = (Task.CONTROL,)
    parameters = PolicyParameters
    # Measured on the pole (60 demonstrations, seeds 0 to 2): see tests/engine/test_policy.py.
    defaults = TrainingDefaults(optimizer="adam", learning_rate=0.003, epochs=40, batch_size=64)
    recommended_for: ClassVar = {
        (Kind.TABLE, Task.CONTROL): "What it observes and what to do are a few numbers each.",
        (Kind.SERIES, Task.CONTROL): "Sees the last observations at once, and so how they change.",
    }
    reading = (
        "Pomerleau 1991, Efficient Training of Artificial Neural Networks for Autonomous "
        "Navigation",
        "Ross, Gordon and Bagnell 2011, A Reduction of Imitation Learning and Structured "
        "Prediction to No-Regret Online Learning",
        "Andrychowicz et al. 2021, What Matters for On-Policy Deep Actor-Critic Methods?",
    )

    def build(self, signature: Signature, parameters: Parameters) -> keras.Model:
        import keras

        settings = require(parameters, PolicyParameters)
        layers: list[keras.layers.Layer] = [keras.Input(signature.input_shape, name="observation")]
        if len(signature.input_shape) > 1:
            layers.append(keras.layers.Flatten(name="history"))
        for number, units in enumerate(settings.units, start=1):
            layers.append(
                keras.layers.Dense(
                    units,
                    activation="tanh",
                    kernel_initializer=keras.initializers.Orthogonal(2**0.5),
                    kernel_regularizer=penalty(settings.regularisation, settings.strength),
                    name=f"hidden_{number}",
                )
            )
            if settings.dropout:
                layers.append(keras.layers.Dropout(settings.dropout))
        first = keras.initializers.Orthogonal(0.01)
        layers.append(output_layer(signature, kernel_initializer=first))
        return keras.Sequential(layers, name=self.name)
