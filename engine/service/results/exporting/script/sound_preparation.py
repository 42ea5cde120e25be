"""How recordings become spectrograms, in plain code."""

from __future__ import annotations

from typing import Final

from engine.preprocessing.audio import SpectrogramInputs
from engine.service.results.exporting.script.subject import Subject

_CODE: Final = '''\
# Log-mel spectrograms: how loud each band of pitches is at each moment.
RATE, WINDOW, HOP, FFT, BANDS = {rate}, {window}, {hop}, {fft}, {bands}


def mel(hertz):
    """HTK's mel scale."""
    return 1127.0 * np.log1p(hertz / 700.0)


def mel_weights():
    """Weight of each bin of the spectrum in each band: triangles on the mel scale."""
    lowest, highest = mel(np.array([20.0, RATE / 2]))
    edges = mel(700.0 * np.expm1(np.linspace(lowest, highest, BANDS + 2) / 1127.0))
    bins = mel(np.linspace(0.0, RATE / 2, FFT // 2 + 1))[:, np.newaxis]
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    weights = np.maximum(0.0, np.minimum(rising, falling))
    weights[0] = 0.0
    return weights.astype("float32")


hann = 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(WINDOW) / WINDOW)
before = (FFT - WINDOW) // 2
hann = np.pad(hann, (before, FFT - WINDOW - before)).astype("float32")
weights_of_bands = mel_weights()


def spectrograms(waves):
    """Decibels below the loudest moment of each clip, (n, frames, bands)."""
    waves = waves.astype("float32") * np.float32(1.0 / 32_768.0)
    padded = np.pad(waves, ((0, 0), (FFT // 2, FFT // 2)), mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, FFT, axis=1)[:, ::HOP]
    spectra = fft.rfft(windows * hann, axis=2)
    power = (np.square(spectra.real) + np.square(spectra.imag)) @ weights_of_bands
    levels = np.float32(10.0) * np.log10(np.maximum(power, np.float32(1e-10)))
    loudest = levels.max(axis=(1, 2), keepdims=True, initial=np.float32(-20.0))
    return np.maximum(levels - loudest, np.float32(-80.0))


{learnt}
levels = np.concatenate([spectrograms(clip) for clip in np.array_split(x, len(x))])
x = ((levels - np.float32(offset)) * np.float32(1.0 / scale))[..., np.newaxis]'''


def sound_code(
    subject: Subject, inputs: SpectrogramInputs, is_literal: bool
) -> tuple[str, tuple[str, ...]]:
    """Statements that make ``x`` of waveforms."""
    scaling = subject.spec.preprocessing.decided().scaling
    if is_literal or scaling == "none":
        learnt = (
            "# Mean and deviation of the decibels of the training part, as Descent learnt them.\n"
            f"offset, scale = {inputs.offset!r}, {inputs.scale!r}"
        )
    elif scaling == "minmax":
        learnt = "offset, scale = -80.0, 80.0"
    else:
        learnt = (
            "# Mean and deviation of the decibels of (at most 1,000 clips of) the training part.\n"
            "some = train\n"
            "if len(train) > 1_000:\n"
            '    some = train[np.linspace(0, len(train) - 1, 1_000).astype("int64")]\n'
            "levels = np.concatenate([spectrograms(x[[place]]) for place in some])\n"
            'offset, scale = levels.mean(dtype="float64"), levels.std(dtype="float64")'
        )
    values = {
        name: getattr(inputs.settings, name) for name in ("rate", "window", "hop", "fft", "bands")
    }
    return _CODE.format(learnt=learnt, **values), ("import numpy as np", "from scipy import fft")
