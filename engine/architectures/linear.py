"""Linear and logistic regression: one Dense layer, no hidden units."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from engine.architectures.base import Architecture, TrainingDefaults, output_layer, require
from engine.spec.parameters import Parameters, parameter
from engine.spec.signature import Kind, Signature, Task

if TYPE_CHECKING:
    import keras


class LinearParameters(Parameters):
    """Settings of both regressions."""

    regularisation: Literal["none", "l1", "l2"] = parameter(
        "none",
        label="Regularisation",
        help="'l2' keeps coefficients small, 'l1' sets useless ones to zero. "
        "Both guard against overfitting.",
    )
    strength: float = parameter(
        0.01,
        label="Regularisation strength",
        help="Weight of the penalty in the loss. Used only with l1 or l2.",
        gt=0.0,
        le=10.0,
    )


class _OneLayer(Architecture):
    """What both regressions share: flattened features into one Dense layer."""

    parameters = LinearParameters
    is_linear = True

    def build(self, signature: Signature, parameters: Parameters) -> keras.Model:
        import keras

        settings = require(parameters, LinearParameters)
        penalties = {"none": None, "l1": keras.regularizers.L1, "l2": keras.regularizers.L2}
        penalty = penalties[settings.regularisation]
        return keras.Sequential(
            [
                keras.Input(signature.input_shape, name="features"),
                output_layer(
                    signature, kernel_regularizer=penalty(settings.strength) if penalty else None
                ),
            ],
            name=self.name,
        )


class LinearRegression(_OneLayer):
    """A weighted sum of the features (mission M1)."""

    name = "linear_regression"
    title = short_title = "Linear regression"
    summary = (
        "Predicts a number as a weighted sum of the features. "
        "Every coefficient can be read: how much the prediction changes per unit of a feature."
    )
    formula = "y = β₀ + β₁x₁ + … + βₙxₙ + ε"
    kinds = (Kind.TABLE,)
    tasks = (Task.REGRESSION,)
    # Single examples make noisy steps, and the coefficients keep trembling by the root of the rate:
    # the worst of noisy_plane's is 13 % off with 0.01, 5 % with 0.003, 3 % with this (seeds 0 to 2;
    # least squares: 3 %).
    defaults = TrainingDefaults(optimizer="sgd", learning_rate=0.001, epochs=100, batch_size=1)
    reading = (
        "Legendre 1805 and Gauss 1809, on the method of least squares",
        "Hoerl and Kennard 1970, Ridge Regression",
        "Tibshirani 1996, Regression Shrinkage and Selection via the Lasso",
        "James, Witten, Hastie and Tibshirani 2021, An Introduction to Statistical Learning, "
        "chapters 3 and 6",
    )


class LogisticRegression(_OneLayer):
    """A weighted sum through a sigmoid each, or a softmax for several classes (mission M2)."""

    name = "logistic_regression"
    title = short_title = "Logistic regression"
    summary = (
        "Predicts the probability of a class from a weighted sum of the features. "
        "Draws a straight boundary between classes; with several classes it is multinomial."
    )
    formula = "P(y=1 | x) = 1 / (1 + exp(−(β₀ + β₁x₁ + … + βₙxₙ)))"
    kinds = (Kind.TABLE,)
    tasks = (Task.CLASSIFICATION, Task.MULTILABEL)
    defaults = TrainingDefaults(optimizer="sgd", learning_rate=0.01, epochs=100, batch_size=1)
    reading = (
        "Cox 1958, The Regression Analysis of Binary Sequences",
        "Hosmer, Lemeshow and Sturdivant 2013, Applied Logistic Regression",
        "James, Witten, Hastie and Tibshirani 2021, An Introduction to Statistical Learning, "
        "chapter 4",
    )
