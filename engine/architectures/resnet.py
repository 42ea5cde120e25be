"""Residual network for small images: blocks that add a correction to what came in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from engine.architectures.base import Architecture, TrainingDefaults, output_layer, require
from engine.architectures.normalisation import batch_normalization
from engine.architectures.regularisation import (
    Regularisation,
    dropout_parameter,
    penalty,
    regularisation_parameter,
    strength_parameter,
)
from engine.errors import Problem
from engine.spec.formatting import shape_text
from engine.spec.parameters import Parameters, parameter
from engine.spec.signature import Kind, Signature, Task

if TYPE_CHECKING:
    import keras


class ResNetParameters(Parameters):
    """Settings of the residual network."""

    filters: tuple[Annotated[int, Field(ge=1, le=1024)], ...] = parameter(
        (16, 32, 64),
        label="Filters per stage",
        help="One stage for each number; each stage after the first halves width and height.",
        unit="filters",
        min_length=1,
        max_length=6,
    )
    blocks: int = parameter(
        2,
        label="Blocks per stage",
        help="Residual blocks of two convolutions each. Three stages of 3 blocks are the ResNet-20 "
        "of the paper; deeper ones need more data and time.",
        unit="blocks",
        ge=1,
        le=18,
    )
    kernel_size: int = parameter(
        3,
        label="Kernel size",
        help="Width and height of the patch a filter looks at.",
        unit="pixels",
        ge=1,
        le=7,
    )
    pre_activation: bool = parameter(
        False,
        label="Pre-activation",
        help="Normalizes and bends before each convolution instead of after it, so that nothing "
        "stands in the way of the sum; helps very deep networks learn.",
        advanced=True,
    )
    dropout: float = dropout_parameter(0.0, "the pooled answers")
    regularisation: Regularisation = regularisation_parameter()
    strength: float = strength_parameter(0.0001)


class ResidualNetwork(Architecture):
    """Residual blocks in stages, as for CIFAR-10 in section 4.2 of He et al. 2016.

    Where a block changes the shape, a 1×1 convolution brings what is skipped to the new one.
    """

    name = "resnet"
    title = "Residual network (ResNet)"
    short_title = "ResNet"
    summary = (
        "Each block only learns what to add to its input, which passes by unchanged. So gradients "
        "reach the first layers, and the network can be much deeper than a plain one."
    )
    formula = "y = relu(x + F(x)),  F = convolution → normalization → relu → convolution → …"
    kinds = (Kind.IMAGE,)
    tasks = (Task.CLASSIFICATION, Task.MULTILABEL, Task.REGRESSION, Task.CONTROL)
    convolves_images = True
    parameters = ResNetParameters
    transfers = True
    # On the digits, over three seeds: 0.994 of the test part (lowest 0.985) in ten epochs; the same
    # with 0.001, with one block a stage, and with pre-activation.
    defaults = TrainingDefaults(optimizer="adam", learning_rate=0.003, epochs=10, batch_size=64)
    reading = (
        "He, Zhang, Ren and Sun (2016): Deep Residual Learning for Image Recognition. "
        "arXiv:1512.03385",
        "He, Zhang, Ren and Sun (2016): Identity Mappings in Deep Residual Networks. "
        "arXiv:1603.05027",
        "Ioffe and Szegedy (2015): Batch Normalization: Accelerating Deep Network Training by "
        "Reducing Internal Covariate Shift. arXiv:1502.03167",
    )

    smaller = ({"filters": (16, 32)}, {"filters": (16,)})

    def check(self, signature: Signature, parameters: Parameters) -> list[Problem]:
        settings = require(parameters, ResNetParameters)
        height, width = signature.input_shape[:2]
        for stage in range(2, len(settings.filters) + 1):
            if max(height, width) == 1:
                size = shape_text(signature.input_shape[:2])
                return [
                    Problem(
                        "filters",
                        f"Stage {stage} has nothing to halve: a {size} image is one pixel by then.",
                        "Use fewer stages, or larger images.",
                    )
                ]
            height, width = -(-height // 2), -(-width // 2)
        return []

    def build(self, signature: Signature, parameters: Parameters) -> keras.Model:
        import keras

        settings = require(parameters, ResNetParameters)
        image = keras.Input(signature.input_shape, name="image")
        block = _pre_activated if settings.pre_activation else _plain
        outputs = _convolution(settings, settings.filters[0], 1, "stem")(image)
        if not settings.pre_activation:
            outputs = _bent(outputs, "stem")
        for stage, filters in enumerate(settings.filters, start=1):
            for number in range(1, settings.blocks + 1):
                stride = 2 if stage > 1 and number == 1 else 1
                name = f"stage_{stage}_block_{number}"
                outputs = block(settings, outputs, filters, stride, name)
        if settings.pre_activation:
            outputs = _bent(outputs, "last")
        outputs = keras.layers.GlobalAveragePooling2D(name="pooling")(outputs)
        if settings.dropout:
            outputs = keras.layers.Dropout(settings.dropout)(outputs)
        return keras.Model(image, output_layer(signature)(outputs), name=self.name)


def _plain(
    settings: ResNetParameters, inputs: keras.KerasTensor, filters: int, stride: int, name: str
) -> keras.KerasTensor:
    """Convolution, normalization, relu, convolution, normalization; added; relu."""
    import keras

    found = _convolution(settings, filters, stride, f"{name}_first")(inputs)
    found = _bent(found, f"{name}_first")
    found = _convolution(settings, filters, 1, f"{name}_second")(found)
    found = batch_normalization(f"{name}_second_normalization")(found)
    passed = inputs
    if stride > 1 or inputs.shape[-1] != filters:
        passed = _projection(settings, filters, stride, name)(inputs)
        passed = batch_normalization(f"{name}_projection_normalization")(passed)
    added = keras.layers.Add(name=f"{name}_sum")([passed, found])
    return keras.layers.Activation("relu", name=f"{name}_relu")(added)


def _pre_activated(
    settings: ResNetParameters, inputs: keras.KerasTensor, filters: int, stride: int, name: str
) -> keras.KerasTensor:
    """Normalization, relu, convolution, twice; added."""
    import keras

    bent = _bent(inputs, f"{name}_first")
    found = _convolution(settings, filters, stride, f"{name}_first")(bent)
    found = _bent(found, f"{name}_second")
    found = _convolution(settings, filters, 1, f"{name}_second")(found)
    passed = inputs
    if stride > 1 or inputs.shape[-1] != filters:
        passed = _projection(settings, filters, stride, name)(bent)
    return keras.layers.Add(name=f"{name}_sum")([passed, found])


def _convolution(
    settings: ResNetParameters, filters: int, stride: int, name: str
) -> keras.layers.Layer:
    import keras

    return keras.layers.Conv2D(
        filters,
        settings.kernel_size,
        strides=stride,
        padding="same",
        use_bias=False,  # batch normalization brings its own
        kernel_initializer="he_normal",
        kernel_regularizer=penalty(settings.regularisation, settings.strength),
        name=f"{name}_convolution",
    )


def _projection(
    settings: ResNetParameters, filters: int, stride: int, name: str
) -> keras.layers.Layer:
    import keras

    return keras.layers.Conv2D(
        filters,
        1,
        strides=stride,
        use_bias=False,
        kernel_initializer="he_normal",
        kernel_regularizer=penalty(settings.regularisation, settings.strength),
        name=f"{name}_projection",
    )


def _bent(inputs: keras.KerasTensor, name: str) -> keras.KerasTensor:
    """Normalization and relu."""
    import keras

    normalized = batch_normalization(f"{name}_normalization")(inputs)
    return keras.layers.Activation("relu", name=f"{name}_relu")(normalized)
