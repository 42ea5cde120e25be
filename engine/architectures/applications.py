"""The networks of `keras.applications`: large and well known, learnt anew or already trained.

Weights are read from Keras's own cache; see `engine.architectures.keras_weights`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from engine.architectures.base import Architecture, TrainingDefaults, output_layer, require
from engine.architectures.normalisation import BATCH_MOMENTUM
from engine.architectures.regularisation import dropout_parameter
from engine.datasets.box.keras_files import keras_folder
from engine.errors import Problem, SpecError
from engine.spec.parameters import Parameters, parameter
from engine.spec.signature import Kind, Signature, Task

if TYPE_CHECKING:
    import keras

LARGEST_OWN_SIZE = 224
"""What larger images are made smaller to, unless told otherwise: the size of ImageNet's."""

# Of ImageNet's pixels, 0 to 1: red, green, blue.
_MEAN = (0.485, 0.456, 0.406)
_DEVIATION = (0.229, 0.224, 0.225)
# Caffe's mean, of pixels 0 to 255: blue, green, red.
_CAFFE_MEAN = (103.939, 116.779, 123.68)


@dataclass(frozen=True)
class Application:
    """One network of `keras.applications`.

    Attributes:
        function: Its name there.
        weights: File of its ImageNet weights without the last layer, in Keras's cache.
        scale, offset: What it was trained on, of a pixel from 0 to 1: scale × pixel + offset; one
            number, or one for each colour.
        smallest: Least width and height.
        is_bgr: It takes blue first.
        options: Further arguments.
    """

    function: str
    weights: str
    scale: float | tuple[float, ...] = 1.0
    offset: float | tuple[float, ...] = 0.0
    smallest: int = 32
    is_bgr: bool = False
    options: tuple[tuple[str, bool], ...] = ()


APPLICATIONS: dict[str, Application] = {
    "MobileNetV2": Application(
        "MobileNetV2",
        "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5",
        scale=2.0,
        offset=-1.0,
    ),
    "MobileNetV3Small": Application(
        "MobileNetV3Small",
        "weights_mobilenet_v3_small_224_1.0_float_no_top_v2.h5",
        scale=2.0,
        offset=-1.0,
        options=(("include_preprocessing", False),),
    ),
    # It scales and normalizes by itself; but Keras divides by the square root of the deviation once
    # more where it downloads the weights itself, so that it is done here, before that.
    "EfficientNetB0": Application(
        "EfficientNetB0",
        "efficientnetb0_notop.h5",
        scale=tuple(255.0 / deviation**0.5 for deviation in _DEVIATION),
        offset=tuple(
            255.0 * mean * (1.0 - 1.0 / deviation**0.5)
            for mean, deviation in zip(_MEAN, _DEVIATION, strict=True)
        ),
    ),
    "EfficientNetV2B0": Application("EfficientNetV2B0", "efficientnetv2-b0_notop.h5", scale=255.0),
    "ResNet50": Application(
        "ResNet50",
        "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5",
        scale=255.0,
        offset=tuple(-mean for mean in _CAFFE_MEAN),
        is_bgr=True,
    ),
    "DenseNet121": Application(
        "DenseNet121",
        "densenet121_weights_tf_dim_ordering_tf_kernels_notop.h5",
        scale=tuple(1.0 / deviation for deviation in _DEVIATION),
        offset=tuple(
            -mean / deviation for mean, deviation in zip(_MEAN, _DEVIATION, strict=True)
        ),
    ),
    "Xception": Application(
        "Xception",
        "xception_weights_tf_dim_ordering_tf_kernels_notop.h5",
        scale=2.0,
        offset=-1.0,
        smallest=71,
    ),
}  # fmt: skip


class ApplicationParameters(Parameters):
    """Settings of a network of `keras.applications`."""

    application: Literal[
        "MobileNetV2",
        "MobileNetV3Small",
        "EfficientNetB0",
        "EfficientNetV2B0",
        "ResNet50",
        "DenseNet121",
        "Xception",
    ] = parameter(
        "MobileNetV2",
        label="Network",
        help="The MobileNets are small and quick; EfficientNets are more exact for their size; "
        "ResNet50, DenseNet121 and Xception are large and want a GPU.",
    )
    weights: Literal["none", "imagenet"] = parameter(
        "none",
        label="Weights",
        help="'imagenet' begins with what was learnt from a million photos; the file must lie in "
        "Keras's folder of models, where 'models download' puts it. 'none' begins at random.",
    )
    frozen: bool = parameter(
        False,
        label="Frozen",
        help="Keeps the network as it is and trains the last layer alone: quick, and right for a "
        "few hundred photos. Only with weights.",
    )
    image_size: int | None = parameter(
        None,
        label="Image size",
        help="Width and height to which images are resized. Left open: as they are, within 32 "
        "(Xception: 71) and 224.",
        unit="pixels",
        ge=32,
        le=1024,
    )
    dropout: float = dropout_parameter(0.2, "the pooled answers")


class KerasApplication(Architecture):
    """A network of `keras.applications`, pooled, with an output for the data at hand."""

    name = "applications"
    title = "Well-known networks (Keras applications)"
    short_title = "Application"
    summary = (
        "MobileNet, EfficientNet, ResNet50 and others as their authors built them. With weights "
        "from ImageNet a few hundred photos are enough; from scratch they want many."
    )
    formula = "image → resize → [network] → average over places → output"
    kinds = (Kind.IMAGE,)
    tasks = (Task.CLASSIFICATION, Task.MULTILABEL, Task.REGRESSION, Task.CONTROL)
    convolves_images = True
    parameters = ApplicationParameters
    transfers = True
    # MobileNetV2 from scratch on the digits: 0.92 of the test part in ten epochs. Without weights
    # it is not the network for a thousand images; the CNN has 0.98 there.
    defaults = TrainingDefaults(optimizer="adam", learning_rate=0.001, epochs=10, batch_size=32)
    reading = (
        "Sandler et al. (2018): MobileNetV2: Inverted Residuals and Linear Bottlenecks. "
        "arXiv:1801.04381",
        "Howard et al. (2019): Searching for MobileNetV3. arXiv:1905.02244",
        "Tan and Le (2019): EfficientNet: Rethinking Model Scaling for Convolutional Neural "
        "Networks. arXiv:1905.11946",
        "Tan and Le (2021): EfficientNetV2: Smaller Models and Faster Training. arXiv:2104.00298",
        "He, Zhang, Ren and Sun (2016): Deep Residual Learning for Image Recognition. "
        "arXiv:1512.03385",
        "Huang et al. (2017): Densely Connected Convolutional Networks. arXiv:1608.06993",
        "Chollet (2017): Xception: Deep Learning with Depthwise Separable Convolutions. "
        "arXiv:1610.02357",
        "Chollet: Transfer learning and fine-tuning. In the developer guides of Keras.",
    )

    def check(self, signature: Signature, parameters: Parameters) -> list[Problem]:
        settings = require(parameters, ApplicationParameters)
        application = APPLICATIONS[settings.application]
        problems = []
        channels = signature.input_shape[-1]
        if channels not in (1, 3):
            problems.append(
                Problem(
                    "application",
                    f"{settings.application} takes grey or coloured images, of 1 or 3 channels. "
                    f"Received: {channels}.",
                    "Use cnn or resnet, which take any number.",
                )
            )
        if settings.image_size is not None and settings.image_size < application.smallest:
            problems.append(
                Problem(
                    "image_size",
                    f"{settings.application} halves images five times and takes none below "
                    f"{application.smallest}×{application.smallest}. "
                    f"Received: {settings.image_size}.",
                    f"Use at least {application.smallest}, or leave it open.",
                )
            )
        if settings.weights == "imagenet":
            path = weights_path(application)
            if not path.is_file():
                problems.append(
                    Problem(
                        "weights",
                        f"The weights of {settings.application} are not on this machine. "
                        f"The file that is missing is {path.name}.",
                        f"Put it in {path.parent}, or let Descent download it: descent-cli models "
                        f"download {settings.application}. Or begin without weights.",
                    )
                )
        elif settings.frozen:
            problems.append(
                Problem(
                    "frozen",
                    "Without weights the network knows nothing worth keeping.",
                    "Take the weights 'imagenet', or let the whole network learn.",
                )
            )
        return problems

    def build(self, signature: Signature, parameters: Parameters) -> keras.Model:
        """The application is one layer in it, itself a model.

        Raises:
            SpecError: The file of weights cannot be read.
        """
        import keras

        settings = require(parameters, ApplicationParameters)
        application = APPLICATIONS[settings.application]
        image = keras.Input(signature.input_shape, name="image")
        backbone = _backbone(application, _size(signature, settings, application), settings)
        prepared = _prepared(image, backbone.input_shape[1:3], application)
        if settings.weights == "imagenet":
            # Even where it learns: its averages are worth more than those of a few batches.
            found = backbone(prepared, training=False)
        else:
            found = backbone(prepared)
        pooled = keras.layers.GlobalAveragePooling2D(name="pooling")(found)
        if settings.dropout:
            pooled = keras.layers.Dropout(settings.dropout)(pooled)
        return keras.Model(image, output_layer(signature)(pooled), name=self.name)


def weights_path(application: Application) -> Path:
    """Where Keras keeps the weights of an application: ``models`` below ``KERAS_HOME``."""
    return keras_folder() / "models" / application.weights


def _size(
    signature: Signature, settings: ApplicationParameters, application: Application
) -> tuple[int, int]:
    """Height and width that the network receives."""
    if settings.image_size is not None:
        return settings.image_size, settings.image_size
    height, width = (
        min(max(side, application.smallest), LARGEST_OWN_SIZE) for side in signature.input_shape[:2]
    )
    return height, width


def _backbone(
    application: Application, size: tuple[int, int], settings: ApplicationParameters
) -> keras.Model:
    import keras

    backbone = getattr(keras.applications, application.function)(
        include_top=False, weights=None, input_shape=(*size, 3), **dict(application.options)
    )
    if settings.weights == "imagenet":
        path = weights_path(application)
        try:
            backbone.load_weights(path)
        except (OSError, ValueError, KeyError) as error:
            raise SpecError(
                [
                    Problem(
                        "model.parameters.weights",
                        f"{path} holds no weights of {settings.application}: {error}",
                        "Replace the file by a whole one, or begin without weights.",
                    )
                ]
            ) from error
        backbone.trainable = not settings.frozen
        return backbone
    # MobileNet's own 0.999 is made for a million images; on a thousand, validation would stay at
    # chance for dozens of epochs.
    for layer in backbone.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = BATCH_MOMENTUM
    return backbone


def _prepared(
    image: keras.KerasTensor, size: tuple[int, int], application: Application
) -> keras.KerasTensor:
    """The image as the network was made for: of its size, in three colours, in its range."""
    import keras

    prepared = image
    if tuple(image.shape[1:3]) != tuple(size):
        prepared = keras.layers.Resizing(*size, name="resizing")(prepared)
    if image.shape[-1] == 1:
        prepared = keras.layers.Concatenate(name="three_colours")([prepared] * 3)
    elif application.is_bgr:
        prepared = keras.ops.flip(prepared, axis=-1)
    scale, offset = (
        list(value) if isinstance(value, tuple) else value
        for value in (application.scale, application.offset)
    )
    return keras.layers.Rescaling(scale, offset, name="range")(prepared)
