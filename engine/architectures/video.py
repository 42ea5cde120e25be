"""Networks for video: convolutions over space and time, and a look at each frame, remembered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from engine.architectures.base import Architecture, TrainingDefaults, output_layer, require
from engine.architectures.normalisation import batch_normalization
from engine.architectures.regularisation import dropout_parameter
from engine.errors import Problem
from engine.spec.parameters import Parameters, parameter
from engine.spec.signature import Kind, Signature, Task

if TYPE_CHECKING:
    import keras


class VideoParameters(Parameters):
    """Settings of the video network."""

    filters: tuple[Annotated[int, Field(ge=1, le=512)], ...] = parameter(
        (8, 16, 32),
        label="Filters per block",
        help="One block for each number: convolutions that look for a pattern that moves. Each "
        "block halves height and width.",
        unit="filters",
        min_length=1,
        max_length=6,
    )
    kernel_size: int = parameter(
        3,
        label="Kernel size",
        help="Frames, height and width of the stretch a filter looks at.",
        unit="pixels",
        ge=1,
        le=9,
    )
    dense_units: int = parameter(
        64,
        label="Dense units",
        help="Units of the layer between the convolutions and the output.",
        unit="units",
        ge=1,
        le=4096,
    )
    batch_normalization: bool = parameter(
        True,
        label="Batch normalization",
        help="Rescales each block's output over the batch; the network learns sooner and better.",
    )
    dropout: float = dropout_parameter(0.3, "dense units")


class VideoNetwork(Architecture):
    """Three-dimensional convolutions (Tran et al. 2015, arXiv:1412.0767), small."""

    name = "video_cnn"
    title = "Video network (3D CNN)"
    short_title = "3D CNN"
    summary = (
        "Filters slide over height, width and time, and so see how patterns move, wherever "
        "they do. The usual first network for short clips."
    )
    formula = "clip → [3D convolution → pooling] × n → strongest and mean answers → dense → softmax"
    kinds = (Kind.VIDEO,)
    tasks = (Task.CLASSIFICATION, Task.MULTILABEL, Task.REGRESSION)
    parameters = VideoParameters
    transfers = True
    # On 630 moving shapes, 135 in the test part, seeds 0 to 2: 0.956, 0.970 and 0.978; on 420 of
    # them 0.978, 0.922 and 0.944. There, over two seeds each, 0.94 without the means beside the
    # maxima or with twice the filters, and 0.93 at a learning rate of 0.0015; with filters dropped
    # in each block 0.88.
    defaults = TrainingDefaults(optimizer="adam", learning_rate=0.003, epochs=25, batch_size=16)
    recommended_for: ClassVar = {
        (Kind.VIDEO, Task.CLASSIFICATION): "Sees how patterns move, wherever they do.",
        (Kind.VIDEO, Task.MULTILABEL): "Sees how patterns move, wherever they do.",
        (Kind.VIDEO, Task.REGRESSION): "Sees how patterns move, wherever they do.",
    }
    smaller = ({"filters": (8, 16)}, {"filters": (8,)})
    reading = (
        "Tran, Bourdev, Fergus, Torresani and Paluri (2015): Learning Spatiotemporal Features with "
        "3D Convolutional Networks. arXiv:1412.0767",
        "Carreira and Zisserman (2017): Quo Vadis, Action Recognition? A New Model and the "
        "Kinetics Dataset. arXiv:1705.07750",
    )

    def check(self, signature: Signature, parameters: Parameters) -> list[Problem]:
        return _too_many_blocks(signature, require(parameters, VideoParameters).filters)

    def build(self, signature: Signature, parameters: Parameters) -> keras.Model:
        import keras

        settings = require(parameters, VideoParameters)
        clip = keras.Input(signature.input_shape, name="clip")
        answers = clip
        frames = signature.input_shape[0]
        for block, filters in enumerate(settings.filters):
            # Time is kept in full at first: motion is what is looked for.
            in_time = 2 if block and frames >= 4 else 1
            frames //= in_time
            for layer in _block(settings, filters, in_time):
                answers = layer(answers)
        # Whether a motion was seen, and how much of it, not where or when.
        strongest = keras.layers.GlobalMaxPooling3D(name="strongest")(answers)
        mean = keras.layers.GlobalAveragePooling3D(name="mean")(answers)
        joined = keras.layers.Concatenate(name="strongest_and_mean")([strongest, mean])
        outputs = keras.layers.Dense(settings.dense_units, activation="relu")(joined)
        if settings.dropout:
            outputs = keras.layers.Dropout(settings.dropout)(outputs)
        return keras.Model(clip, output_layer(signature)(outputs), name=self.name)


def _block(settings: VideoParameters, filters: int, in_time: int) -> list[keras.layers.Layer]:
    """Convolution, normalization, relu, and pooling that halves height and width."""
    import keras

    layers: list[keras.layers.Layer] = [
        keras.layers.Conv3D(filters, settings.kernel_size, padding="same")
    ]
    if settings.batch_normalization:
        layers.append(batch_normalization())
    layers.append(keras.layers.Activation("relu"))
    layers.append(keras.layers.MaxPooling3D((in_time, 2, 2)))
    return layers


class VideoRecurrentParameters(Parameters):
    """Settings of the recurrent network for video."""

    filters: tuple[Annotated[int, Field(ge=1, le=512)], ...] = parameter(
        (8, 16, 16),
        label="Filters per block",
        help="One block for each number: convolutions that look for a pattern in each frame by "
        "itself. Each block halves height and width.",
        unit="filters",
        min_length=1,
        max_length=6,
    )
    kernel_size: int = parameter(
        3,
        label="Kernel size",
        help="Width and height of the patch a filter looks at.",
        unit="pixels",
        ge=1,
        le=15,
    )
    cell: Literal["lstm", "gru"] = parameter(
        "lstm",
        label="Memory",
        help="What remembers the frames so far. A GRU has a quarter fewer weights than an LSTM.",
    )
    units: int = parameter(
        64, label="Units", help="Size of the memory.", unit="units", ge=1, le=2048
    )
    batch_normalization: bool = parameter(
        True,
        label="Batch normalization",
        help="Rescales each block's output over the batch; the network learns much sooner.",
    )
    dropout: float = dropout_parameter(0.2, "what is remembered")


class VideoRecurrentNetwork(Architecture):
    """The same convolutions on every frame, and an LSTM or GRU along them (Donahue et al. 2015)."""

    name = "video_rnn"
    title = "Recurrent video network (CNN + LSTM)"
    short_title = "CNN + LSTM"
    summary = (
        "Looks at each frame as a CNN does, and remembers across frames what was where. Good where "
        "the order and the places of things tell what happens, and clips are many."
    )
    formula = "clip → [convolution → pooling] × n, frame by frame → LSTM along the frames → softmax"
    kinds = (Kind.VIDEO,)
    tasks = (Task.CLASSIFICATION, Task.MULTILABEL, Task.REGRESSION)
    parameters = VideoRecurrentParameters
    transfers = True
    # On 420 moving shapes 0.68: it must learn each motion anew at each place, and these are few
    # clips for that.
    defaults = TrainingDefaults(optimizer="adam", learning_rate=0.002, epochs=30, batch_size=16)
    reading = (
        "Donahue et al. (2015): Long-term Recurrent Convolutional Networks for Visual Recognition "
        "and Description. arXiv:1411.4389",
        "Hochreiter and Schmidhuber (1997): Long Short-Term Memory. Neural Computation 9",
    )

    smaller = ({"filters": (8, 16)}, {"filters": (8,)})

    def check(self, signature: Signature, parameters: Parameters) -> list[Problem]:
        return _too_many_blocks(signature, require(parameters, VideoRecurrentParameters).filters)

    def build(self, signature: Signature, parameters: Parameters) -> keras.Model:
        import keras

        settings = require(parameters, VideoRecurrentParameters)
        layers: list[keras.layers.Layer] = [keras.Input(signature.input_shape, name="clip")]
        for block, filters in enumerate(settings.filters, start=1):
            convolution = keras.layers.Conv2D(filters, settings.kernel_size, padding="same")
            layers.append(keras.layers.TimeDistributed(convolution, name=f"convolution_{block}"))
            if settings.batch_normalization:
                # It takes the mean over all axes but the last, frames among them.
                layers.append(batch_normalization(f"normalization_{block}"))
            layers.append(keras.layers.Activation("relu"))
            pooling = keras.layers.MaxPooling2D(2)
            layers.append(keras.layers.TimeDistributed(pooling, name=f"pooling_{block}"))
        # The places are kept: motion is a change of them.
        layers.append(keras.layers.TimeDistributed(keras.layers.Flatten(), name="places"))
        memory = {"lstm": keras.layers.LSTM, "gru": keras.layers.GRU}[settings.cell]
        layers.append(memory(settings.units, name="memory"))
        if settings.dropout:
            layers.append(keras.layers.Dropout(settings.dropout))
        layers.append(output_layer(signature))
        return keras.Sequential(layers, name=self.name)


def _too_many_blocks(signature: Signature, filters: tuple[int, ...]) -> list[Problem]:
    height, width = signature.input_shape[1:3]
    if min(height, width) >> len(filters):
        return []
    return [
        Problem(
            "filters",
            f"Nothing is left of {height}×{width} frames after {len(filters)} blocks.",
            "Use fewer blocks, or larger frames.",
        )
    ]
