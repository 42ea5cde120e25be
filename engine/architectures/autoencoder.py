"""Autoencoder: what it cannot make again from a few numbers is unusual."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import Field

from engine.architectures.base import Architecture, TrainingDefaults, require
from engine.architectures.regularisation import dropout_parameter
from engine.errors import Problem
from engine.spec.parameters import Parameters, parameter
from engine.spec.signature import Kind, Signature, Task

if TYPE_CHECKING:
    import keras

LARGEST_OPEN_BOTTLENECK = 8
"""The widest bottleneck that is chosen by itself.

Of the digits, the one left out of training is found with a ROC AUC of 0.997 through 8 numbers and
of 0.86 through 32 (the zeros, seed 0): a wide bottleneck makes what it never saw, too. Rows of
breast_cancer: 0.92 through 4 numbers, 0.91 through 7 (mean of seeds 0 to 2).
"""


class AutoencoderParameters(Parameters):
    """Settings of the autoencoder."""

    units: tuple[Annotated[int, Field(ge=1, le=8192)], ...] = parameter(
        (32,),
        label="Hidden layers",
        help="Tables: units of each layer before the bottleneck; behind it they come in the "
        "reverse order.",
        unit="units",
        min_length=1,
        max_length=8,
    )
    filters: tuple[Annotated[int, Field(ge=1, le=512)], ...] = parameter(
        (16, 32),
        label="Filters per layer",
        help="Images and series: one convolution for each number, each halving the size; behind "
        "the bottleneck they come in the reverse order.",
        unit="filters",
        min_length=1,
        max_length=6,
    )
    kernel_size: int = parameter(
        3,
        label="Kernel size",
        help="Images and series: pixels or steps a filter looks at.",
        ge=1,
        le=25,
    )
    bottleneck: int | None = parameter(
        None,
        label="Bottleneck",
        help="How many numbers an example must pass through. Few keep only what is usual; many "
        "let unusual things pass, too. Left open: a sixth of the inputs, from 1 to 8.",
        unit="numbers",
        ge=1,
        le=4096,
    )
    noise: float = parameter(
        0.0,
        label="Noise",
        help="Deviation of noise added to the inputs in training, while the clean ones are to be "
        "made again (denoising). Keeps a wide network from merely copying.",
        ge=0.0,
        le=1.0,
    )
    dropout: float = dropout_parameter(0.0, "hidden values")


class Autoencoder(Architecture):
    """Reconstruction error as a score of anomaly.

    Hinton and Salakhutdinov 2006, Science 313:504-507; as a detector of anomalies: Sakurada and
    Yairi 2014. The network's output is the score itself: the mean squared difference between its
    scaled input and what it makes of it, (batch, 1). Training makes the score small.
    """

    name = "autoencoder"
    title = "Autoencoder"
    short_title = "Autoencoder"
    summary = (
        "Squeezes each example through a few numbers and makes it again. What is usual it learns "
        "to make again; what it cannot is unusual: the error is the score."
    )
    formula = "score = mean((x − decode(encode(x)))²)"
    kinds = (Kind.TABLE, Kind.IMAGE, Kind.SERIES)
    tasks = (Task.ANOMALY,)
    convolves_images = True
    parameters = AutoencoderParameters
    defaults = TrainingDefaults("adam", 0.002, epochs=100, batch_size=32, patience=20)
    recommended_for: ClassVar = {
        (Kind.IMAGE, Task.ANOMALY): "Learns how images usually look, and needs no labels for it.",
        (Kind.SERIES, Task.ANOMALY): "Learns the usual course, and needs no labels for it.",
    }
    smaller = tuple({"filters": (16,), "kernel_size": size} for size in (3, 2, 1))
    reading = (
        "Hinton and Salakhutdinov 2006, Reducing the Dimensionality of Data with Neural Networks",
        "Sakurada and Yairi 2014, Anomaly Detection Using Autoencoders with Nonlinear "
        "Dimensionality Reduction",
        "Vincent et al. 2008, Extracting and Composing Robust Features with Denoising Autoencoders",
        "Ruff et al. 2021, A Unifying Review of Deep and Shallow Anomaly Detection",
    )

    def defaults_for(self, signature: Signature) -> TrainingDefaults:
        """Images and windows are many numbers each: fewer epochs do."""
        if signature.kind is Kind.TABLE:
            return self.defaults
        return TrainingDefaults("adam", 0.002, epochs=40, batch_size=64, patience=10)

    def check(self, signature: Signature, parameters: Parameters) -> list[Problem]:
        settings = require(parameters, AutoencoderParameters)
        problems = []
        width = settings.bottleneck
        if width is not None and width >= signature.n_inputs and not settings.noise:
            problems.append(
                Problem(
                    "bottleneck",
                    f"A bottleneck as wide as the input lets everything pass, and nothing would "
                    f"be unusual. Received: {width:,} for {signature.n_inputs:,} inputs.",
                    "Make it smaller, or add noise, so that copying is not enough.",
                )
            )
        if signature.kind is Kind.TABLE:
            return problems
        shortest = min(signature.input_shape[:-1])
        if 2 ** (len(settings.filters) - 1) >= shortest and len(settings.filters) > 1:
            most = max(1, math.ceil(math.log2(shortest)))
            problems.append(
                Problem(
                    "filters",
                    f"Each convolution halves the size, and {shortest:,} cannot be halved "
                    f"{len(settings.filters)} times. Received: {len(settings.filters)} layers.",
                    f"Use at most {most}.",
                )
            )
        if settings.kernel_size > shortest:
            problems.append(
                Problem(
                    "kernel_size",
                    f"A filter cannot be larger than what it looks at, {shortest:,}. "
                    f"Received: {settings.kernel_size}.",
                    "Make it smaller.",
                )
            )
        return problems

    def build(self, signature: Signature, parameters: Parameters) -> keras.Model:
        import keras

        settings = require(parameters, AutoencoderParameters)
        inputs = keras.Input(signature.input_shape, name="example")
        hidden = inputs
        if settings.noise:
            hidden = keras.layers.GaussianNoise(settings.noise, name="noise")(hidden)
        width = settings.bottleneck or open_bottleneck(signature.n_inputs)
        if signature.kind is Kind.TABLE:
            made = _dense(hidden, width, settings)
        else:
            made = _convolved(hidden, width, settings)
        # Of layers alone, so that the score is a part of the picture, and can be edited.
        difference = keras.layers.Subtract(name="difference")([inputs, made])
        squared = keras.layers.Multiply(name="squared")([difference, difference])
        flat = keras.layers.Reshape((signature.n_inputs, 1), name="all_differences")(squared)
        score = keras.layers.GlobalAveragePooling1D(name="score")(flat)
        return keras.Model(inputs, score, name=self.name)


def open_bottleneck(n_inputs: int) -> int:
    """The width that is taken where none was chosen."""
    return max(1, min(LARGEST_OPEN_BOTTLENECK, n_inputs // 6))


def _dense(
    hidden: keras.KerasTensor, width: int, settings: AutoencoderParameters
) -> keras.KerasTensor:
    """Makes a table's row again, (batch, features)."""
    import keras

    n_features = hidden.shape[1]
    for number, units in enumerate(settings.units, start=1):
        hidden = keras.layers.Dense(units, activation="relu", name=f"encoder_{number}")(hidden)
        if settings.dropout:
            hidden = keras.layers.Dropout(settings.dropout)(hidden)
    hidden = keras.layers.Dense(width, name="bottleneck")(hidden)
    for number, units in enumerate(reversed(settings.units), start=1):
        hidden = keras.layers.Dense(units, activation="relu", name=f"decoder_{number}")(hidden)
    return keras.layers.Dense(n_features, name="reconstruction")(hidden)


def _convolved(
    hidden: keras.KerasTensor, width: int, settings: AutoencoderParameters
) -> keras.KerasTensor:
    """Makes an image or a window again, of the same shape."""
    import keras

    wanted = tuple(hidden.shape[1:])
    is_image = len(wanted) == 3
    convolution: Any = keras.layers.Conv2D if is_image else keras.layers.Conv1D
    back: Any = keras.layers.Conv2DTranspose if is_image else keras.layers.Conv1DTranspose
    options: dict[str, Any] = {"padding": "same", "activation": "relu"}
    for number, filters in enumerate(settings.filters, start=1):
        hidden = convolution(
            filters, settings.kernel_size, strides=2, name=f"encoder_{number}", **options
        )(hidden)
        if settings.dropout:
            hidden = keras.layers.Dropout(settings.dropout)(hidden)
    small = tuple(hidden.shape[1:])
    hidden = keras.layers.Flatten(name="flatten")(hidden)
    hidden = keras.layers.Dense(width, name="bottleneck")(hidden)
    hidden = keras.layers.Dense(math.prod(small), activation="relu", name="unfolded")(hidden)
    hidden = keras.layers.Reshape(small, name="folded")(hidden)
    for number, filters in enumerate(reversed(settings.filters), start=1):
        hidden = back(
            filters, settings.kernel_size, strides=2, name=f"decoder_{number}", **options
        )(hidden)
    # Halved and doubled, odd sizes come back a little larger than they were.
    surplus = [
        (0, found - side) for found, side in zip(hidden.shape[1:-1], wanted[:-1], strict=True)
    ]
    if any(extra for _, extra in surplus):
        crop: Any = keras.layers.Cropping2D if is_image else keras.layers.Cropping1D
        hidden = crop(tuple(surplus) if is_image else surplus[0], name="cropped")(hidden)
    return convolution(wanted[-1], settings.kernel_size, padding="same", name="reconstruction")(
        hidden
    )
