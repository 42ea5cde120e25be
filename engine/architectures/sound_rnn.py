"""Recurrent network for recordings: it listens moment by moment and remembers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from engine.architectures.base import Architecture, TrainingDefaults, output_layer, require
from engine.architectures.regularisation import dropout_parameter
from engine.errors import Problem
from engine.spec.parameters import Parameters, parameter
from engine.spec.signature import Kind, Signature, Task

if TYPE_CHECKING:
    import keras


class SoundRnnParameters(Parameters):
    """Settings of the recurrent network for sound."""

    units: tuple[Annotated[int, Field(ge=1, le=1024)], ...] = parameter(
        (64,),
        label="Units per layer",
        help="Size of each recurrent layer's memory, in each direction. A second layer listens to "
        "what the first one made of the sound.",
        unit="units",
        min_length=1,
        max_length=4,
    )
    cell: Literal["lstm", "gru"] = parameter(
        "gru",
        label="Memory",
        help="What remembers. A GRU has a quarter fewer weights than an LSTM.",
    )
    bidirectional: bool = parameter(
        True,
        label="Both directions",
        help="Listens forwards and backwards, so that each moment is heard with what follows.",
    )
    merged_frames: int = parameter(
        3,
        label="Merged frames",
        help="So many frames in a row, of usually 10 milliseconds each, become one moment by their "
        "mean. More is quicker and easier to remember, but blurs short sounds.",
        unit="frames",
        ge=1,
        le=50,
    )
    dropout: float = dropout_parameter(0.3, "the answers")


class SoundRnn(Architecture):
    """Recurrent layers along the frames, each unit at its strongest in the whole recording."""

    name = "sound_rnn"
    title = "Recurrent network for sound"
    short_title = "Sound RNN"
    summary = (
        "Listens to the recording moment by moment and remembers what came before. Good where it "
        "matters in which order the sounds come."
    )
    formula = "spectrogram → mean of neighbours → GRU ⇄ → maximum over time → dense → output"
    kinds = (Kind.AUDIO,)
    tasks = (Task.CLASSIFICATION, Task.MULTILABEL, Task.REGRESSION)
    parameters = SoundRnnParameters
    transfers = True
    # 1.0 and 0.983 of the test part of the spoken digits over two seeds, as good as the
    # convolutional network in twice the time.
    defaults = TrainingDefaults(optimizer="adam", learning_rate=0.003, epochs=30, batch_size=32)
    smaller = ({"merged_frames": 1},)
    reading = (
        "Graves, Mohamed and Hinton (2013): Speech Recognition with Deep Recurrent Neural "
        "Networks. arXiv:1303.5778",
        "Cho et al. (2014): Learning Phrase Representations using RNN Encoder-Decoder for "
        "Statistical Machine Translation (the GRU). arXiv:1406.1078",
        "Schuster and Paliwal (1997): Bidirectional Recurrent Neural Networks. IEEE Transactions "
        "on Signal Processing 45",
    )

    def check(self, signature: Signature, parameters: Parameters) -> list[Problem]:
        settings = require(parameters, SoundRnnParameters)
        frames = signature.input_shape[0]
        if settings.merged_frames <= frames:
            return []
        return [
            Problem(
                "merged_frames",
                f"A recording has {frames} frames; {settings.merged_frames} cannot become one.",
                f"Use {frames} at most, or longer clips.",
            )
        ]

    def build(self, signature: Signature, parameters: Parameters) -> keras.Model:
        import keras

        settings = require(parameters, SoundRnnParameters)
        frames, bands, _ = signature.input_shape
        layers: list[keras.layers.Layer] = [
            keras.Input(signature.input_shape, name="spectrogram"),
            keras.layers.Reshape((frames, bands), name="bands"),
        ]
        if settings.merged_frames > 1:
            layers.append(keras.layers.AveragePooling1D(settings.merged_frames, name="moments"))
        cell = {"lstm": keras.layers.LSTM, "gru": keras.layers.GRU}[settings.cell]
        for depth, units in enumerate(settings.units, start=1):
            memory = cell(units, return_sequences=True, name=f"memory_{depth}")
            layers.append(
                keras.layers.Bidirectional(memory, name=f"both_directions_{depth}")
                if settings.bidirectional
                else memory
            )
        # Silence may follow what was heard, so that the last moment need not know of it.
        layers.append(keras.layers.GlobalMaxPooling1D())
        if settings.dropout:
            layers.append(keras.layers.Dropout(settings.dropout))
        layers.append(output_layer(signature))
        return keras.Sequential(layers, name=self.name)
