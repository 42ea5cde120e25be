"""Networks for recordings: convolutions over a spectrogram in time, and one that writes them down.

Both look at all bands of a moment at once, so that a filter is a short sound, found whenever it
comes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from engine.architectures.base import Architecture, TrainingDefaults, output_layer, require
from engine.errors import Problem
from engine.parameters import Parameters, parameter
from engine.problem import Kind, Signature, Task

if TYPE_CHECKING:
    import keras

_DROPOUT_HELP = (
    "Share of the answers switched off at random in each training step; a remedy for overfitting."
)


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
    dropout: float = parameter(0.3, label="Dropout", help=_DROPOUT_HELP, ge=0.0, le=0.9)


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
    tasks = (Task.CLASSIFICATION, Task.REGRESSION)
    parameters = SoundCnnParameters
    # 280 spoken digits make nine steps an epoch; over three seeds the test part is at 0.98 to 1.0
    # after 30 of them.
    defaults = TrainingDefaults(optimizer="adam", learning_rate=0.003, epochs=30, batch_size=32)
    recommended_for: ClassVar = {
        (Kind.AUDIO, Task.CLASSIFICATION): "Hears a sound whenever in the recording it comes.",
        (Kind.AUDIO, Task.REGRESSION): "Hears a sound whenever in the recording it comes.",
    }

    def check(self, signature: Signature, parameters: Parameters) -> list[Problem]:
        settings = require(parameters, SoundCnnParameters)
        return _too_many_blocks(signature, len(settings.filters), "filters")

    def build(self, signature: Signature, parameters: Parameters) -> keras.Model:
        import keras

        settings = require(parameters, SoundCnnParameters)
        layers = _blocks(signature, settings.filters, settings.kernel_size)
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
        "of moments; a text may have one character a moment at most.",
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
    dropout: float = parameter(0.1, label="Dropout", help=_DROPOUT_HELP, ge=0.0, le=0.9)


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
    defaults = TrainingDefaults(optimizer="adam", learning_rate=0.003, epochs=20, batch_size=32)
    recommended_for: ClassVar = {
        (Kind.AUDIO, Task.TRANSCRIPTION): "Learns what is said when from the texts alone.",
    }

    def check(self, signature: Signature, parameters: Parameters) -> list[Problem]:
        settings = require(parameters, SoundTranscriberParameters)
        n_blocks = len(settings.filters)
        moments = signature.input_shape[0] >> n_blocks
        # A blank must part two equal characters, so that twice as many may be needed.
        needed = max(1, 2 * signature.target_length - 1)
        if moments >= needed:
            return []
        return [
            Problem(
                "filters",
                f"{n_blocks} blocks leave {moments} moments of {signature.input_shape[0]} frames; "
                f"a text of {signature.target_length} characters may need {needed}.",
                "Use fewer blocks, or bring longer recordings of shorter texts.",
            )
        ]

    def build(self, signature: Signature, parameters: Parameters) -> keras.Model:
        """The output is (batch, moments, n_classes): logits, as CTC takes them."""
        import keras

        settings = require(parameters, SoundTranscriberParameters)
        layers = _blocks(signature, settings.filters, settings.kernel_size)
        memory = keras.layers.GRU(settings.units, return_sequences=True)
        layers.append(keras.layers.Bidirectional(memory, name="both_directions"))
        if settings.dropout:
            layers.append(keras.layers.Dropout(settings.dropout))
        layers.append(keras.layers.Dense(signature.n_classes, name="output"))
        return keras.Sequential(layers, name=self.name)


def _blocks(
    signature: Signature, filters: tuple[int, ...], kernel_size: int
) -> list[keras.layers.Layer]:
    """Input and blocks: from (frames, bands, 1) to (moments, filters)."""
    import keras

    frames, bands, _ = signature.input_shape
    layers: list[keras.layers.Layer] = [
        keras.Input(signature.input_shape, name="spectrogram"),
        keras.layers.Reshape((frames, bands), name="bands"),
    ]
    for number in filters:
        layers += [
            keras.layers.Conv1D(number, kernel_size, padding="same", activation="relu"),
            keras.layers.MaxPooling1D(2),
        ]
    return layers


def _too_many_blocks(signature: Signature, n_blocks: int, field: str) -> list[Problem]:
    frames = signature.input_shape[0]
    if frames >> n_blocks:
        return []
    return [
        Problem(
            field,
            f"Nothing is left of {frames} frames after {n_blocks} blocks, each of which halves "
            "them.",
            "Use fewer blocks, or longer clips.",
        )
    ]
