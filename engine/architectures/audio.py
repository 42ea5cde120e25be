"""Networks for recordings: convolutions over a spectrogram, and one that writes down what is said.

Unless told otherwise they look at all bands of a moment at once, so that a filter is a short sound,
found whenever it comes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from engine.architectures.base import Architecture, TrainingDefaults, output_layer, require
from engine.architectures.regularisation import dropout_parameter
from engine.errors import Problem
from engine.spec.parameters import Parameters, parameter
from engine.spec.signature import Kind, Signature, Task

if TYPE_CHECKING:
    import keras


class SoundCnnParameters(Parameters):
    """Settings of the convolutional network for sound."""

    filters: tuple[Annotated[int, Field(ge=1, le=1024)], ...] = parameter(
        (64, 128),
        label="Filters per block",
        help="One block of convolution and pooling for each number. Each filter listens for one "
        "short sound; later blocks hear longer ones.",
        unit="filters",
        min_length=1,
        max_length=8,
    )
    kernel_size: int = parameter(
        5,
        label="Kernel size",
        help="Frames a filter listens to; a frame is usually 10 milliseconds.",
        unit="frames",
        ge=1,
        le=63,
    )
    convolution: Literal["time", "time_and_pitch"] = parameter(
        "time",
        label="Convolution along",
        help="'time': a filter hears all bands at once, a sound of a certain pitch. "
        "'time_and_pitch' slides along both, as over an image: it finds the same sound higher or "
        "lower too, and takes several times as long.",
    )
    dropout: float = dropout_parameter(0.3, "the answers")


class SoundCnn(Architecture):
    """Convolutions over time, each at its strongest in the whole recording."""

    name = "sound_cnn"
    title = "Convolutional network for sound"
    short_title = "Sound CNN"
    summary = (
        "Filters slide along the spectrogram and listen for short sounds; only each one's "
        "strongest answer in the recording counts, whenever it came."
    )
    formula = "spectrogram → [convolution → pooling] × n → maximum over time → dense → output"
    kinds = (Kind.AUDIO,)
    tasks = (Task.CLASSIFICATION, Task.MULTILABEL, Task.REGRESSION)
    parameters = SoundCnnParameters
    transfers = True
    # 280 spoken digits make nine steps an epoch; over three seeds the 60 of the test part are at
    # 1.0, 0.967 and 1.0 after 30 of them. Along time and pitch: 0.967 in half as much time again.
    defaults = TrainingDefaults(optimizer="adam", learning_rate=0.003, epochs=30, batch_size=32)
    recommended_for: ClassVar = {
        (Kind.AUDIO, Task.CLASSIFICATION): "Hears a sound whenever in the recording it comes.",
        (Kind.AUDIO, Task.MULTILABEL): "Hears a sound whenever in the recording it comes.",
        (Kind.AUDIO, Task.REGRESSION): "Hears a sound whenever in the recording it comes.",
    }
    smaller = ({"filters": (64,)},)
    reading = (
        "Abdel-Hamid et al. (2014): Convolutional Neural Networks for Speech Recognition. "
        "IEEE/ACM Transactions on Audio, Speech, and Language Processing 22",
        "Sainath and Parada (2015): Convolutional Neural Networks for Small-footprint Keyword "
        "Spotting. Interspeech",
        "Hershey et al. (2017): CNN Architectures for Large-Scale Audio Classification. "
        "arXiv:1609.09430",
    )

    def check(self, signature: Signature, parameters: Parameters) -> list[Problem]:
        settings = require(parameters, SoundCnnParameters)
        frames, bands, _ = signature.input_shape
        sizes = {"frames": frames}
        if settings.convolution == "time_and_pitch":
            sizes["bands"] = bands
        n_blocks = len(settings.filters)
        return [
            Problem(
                "filters",
                f"Nothing is left of {size} {what} after {n_blocks} blocks, each of which halves "
                "them.",
                f"Use fewer blocks, or {'longer clips' if what == 'frames' else 'more bands'}.",
            )
            for what, size in sizes.items()
            if not size >> n_blocks
        ]

    def build(self, signature: Signature, parameters: Parameters) -> keras.Model:
        import keras

        settings = require(parameters, SoundCnnParameters)
        n_blocks = len(settings.filters)
        if settings.convolution == "time":
            layers = _blocks(signature, settings.filters, settings.kernel_size, n_blocks)
        else:
            layers = _blocks_of_images(signature, settings.filters, settings.kernel_size)
        layers.append(keras.layers.GlobalMaxPooling1D())
        if settings.dropout:
            layers.append(keras.layers.Dropout(settings.dropout))
        layers.append(output_layer(signature))
        return keras.Sequential(layers, name=self.name)


class SoundTranscriberParameters(Parameters):
    """Settings of the network that writes down what it hears."""

    filters: tuple[Annotated[int, Field(ge=1, le=1024)], ...] = parameter(
        (64, 64),
        label="Filters per block",
        help="One block of convolution and pooling for each number. Each block halves the number "
        "of moments, as long as enough of them are left: a text may have one character a moment at "
        "most.",
        unit="filters",
        min_length=1,
        max_length=6,
    )
    kernel_size: int = parameter(
        5,
        label="Kernel size",
        help="Frames a filter listens to; a frame is usually 10 milliseconds.",
        unit="frames",
        ge=1,
        le=63,
    )
    units: int = parameter(
        64,
        label="Units",
        help="Memory of the recurrent layer, in each direction.",
        unit="units",
        ge=1,
        le=2048,
    )
    dropout: float = dropout_parameter(0.1, "the answers")


class SoundTranscriber(Architecture):
    """Convolutions, a bidirectional GRU, and at each moment a character or nothing (CTC).

    Graves et al. 2006, "Connectionist Temporal Classification",
    https://doi.org/10.1145/1143844.1143891. Token 0 is the blank, as in `keras.losses.CTC`.
    """

    name = "sound_transcriber"
    title = "Transcriber (CTC)"
    short_title = "Transcriber"
    summary = (
        "Hears the recording forwards and backwards and says at each moment which character it "
        "hears, or none. It learns from texts alone, without being told what is when."
    )
    formula = "spectrogram → [convolution → pooling] × n → GRU in both directions → dense → CTC"
    kinds = (Kind.AUDIO,)
    tasks = (Task.TRANSCRIPTION,)
    parameters = SoundTranscriberParameters
    transfers = True
    defaults = TrainingDefaults(optimizer="adam", learning_rate=0.003, epochs=20, batch_size=32)
    recommended_for: ClassVar = {
        (Kind.AUDIO, Task.TRANSCRIPTION): "Learns what is said when from the texts alone.",
    }

    reading = (
        "Graves, Fernández, Gomez and Schmidhuber (2006): Connectionist Temporal Classification. "
        "ICML. doi:10.1145/1143844.1143891",
        "Hannun (2017): Sequence Modeling with CTC. Distill. doi:10.23915/distill.00008",
        "Amodei et al. (2016): Deep Speech 2: End-to-End Speech Recognition in English and "
        "Mandarin. arXiv:1512.02595",
    )

    def check(self, signature: Signature, parameters: Parameters) -> list[Problem]:
        frames, needed = signature.input_shape[0], _moments_needed(signature)
        if frames >= needed:
            return []
        return [
            Problem(
                "filters",
                f"Recordings of {frames} frames are too short: a text of "
                f"{signature.target_length} characters may need {needed} moments.",
                "Bring longer recordings, or shorter texts.",
            )
        ]

    def build(self, signature: Signature, parameters: Parameters) -> keras.Model:
        """The output is (batch, moments, n_classes): logits, as CTC takes them."""
        import keras

        settings = require(parameters, SoundTranscriberParameters)
        spare = signature.input_shape[0] // _moments_needed(signature)
        n_halvings = min(len(settings.filters), spare.bit_length() - 1)
        layers = _blocks(signature, settings.filters, settings.kernel_size, n_halvings)
        memory = keras.layers.GRU(settings.units, return_sequences=True)
        layers.append(keras.layers.Bidirectional(memory, name="both_directions"))
        if settings.dropout:
            layers.append(keras.layers.Dropout(settings.dropout))
        layers.append(keras.layers.Dense(signature.n_classes, name="output"))
        return keras.Sequential(layers, name=self.name)


def _moments_needed(signature: Signature) -> int:
    """A blank must part two equal characters, so that nearly twice as many may be needed."""
    return max(1, 2 * signature.target_length - 1)


def _blocks(
    signature: Signature, filters: tuple[int, ...], kernel_size: int, n_halvings: int
) -> list[keras.layers.Layer]:
    """Input and blocks, the first of which halve: from (frames, bands, 1) to (moments, filters)."""
    import keras

    frames, bands, _ = signature.input_shape
    layers: list[keras.layers.Layer] = [
        keras.Input(signature.input_shape, name="spectrogram"),
        keras.layers.Reshape((frames, bands), name="bands"),
    ]
    for block, number in enumerate(filters):
        layers.append(keras.layers.Conv1D(number, kernel_size, padding="same", activation="relu"))
        if block < n_halvings:
            layers.append(keras.layers.MaxPooling1D(2))
    return layers


def _blocks_of_images(
    signature: Signature, filters: tuple[int, ...], kernel_size: int
) -> list[keras.layers.Layer]:
    """The same in two dimensions: to (moments, bands × filters), as a pitch is no other's equal."""
    import keras

    frames, bands, _ = signature.input_shape
    layers: list[keras.layers.Layer] = [keras.Input(signature.input_shape, name="spectrogram")]
    for number in filters:
        layers += [
            keras.layers.Conv2D(number, kernel_size, padding="same", activation="relu"),
            keras.layers.MaxPooling2D(2),
        ]
        frames, bands = frames // 2, bands // 2
    layers.append(keras.layers.Reshape((frames, bands * filters[-1]), name="moments"))
    return layers
