"""Recordings as log-mel spectrograms: how loud each band of pitches is at each moment.

Nothing here needs TensorFlow; the window draws with `log_mel`. The model that is saved computes
the same with Keras's own `MelSpectrogram` layer.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from engine.datasets.base import AnyArray, IndexArray, Rows
from engine.datasets.packing import FileRows
from engine.errors import DatasetError
from engine.preprocessing.inputs import InputTransform

if TYPE_CHECKING:
    import keras

Float32Array = npt.NDArray[np.float32]

WINDOW_S, HOP_S = 0.025, 0.010
"""Seconds in a window, and from one to the next: the usual ones for speech (the HTK Book, 3.1)."""
RANGE_DB = 80.0
"""What is softer than the loudest band of a clip by more than this counts as silence."""
SILENCE_DB = -20.0
"""A clip whose loudest band stays below this is silent: 54 dB below a full-scale tone."""

FULL_SCALE = 32_768.0
"""Of a sample of 16 bits."""
MIN_POWER = 1e-10
_LOWEST_HERTZ = 20.0
_BANDS_LOW, _BANDS_HIGH = 40, 64
_CHUNK_BYTES = 32 << 20
# Every clip has thousands of levels, so that some clips tell mean and deviation well enough;
# of files that are only looked at, fewer are read.
_FIT_CLIPS, _FIT_FILES = 1_000, 24


@dataclass(frozen=True)
class SpectrogramSettings:
    """How a spectrogram is computed.

    Attributes:
        rate: Samples per second.
        window: Samples in a window (Hann, periodic).
        hop: Samples from one window to the next.
        fft: Length of the Fourier transform, the power of two from `window` on.
        bands: Triangular bands, evenly spaced on HTK's mel scale from 20 Hz to half the rate.
    """

    rate: int
    window: int
    hop: int
    fft: int
    bands: int

    @classmethod
    def of(cls, rate: int, n_samples: int, bands: int | None = None) -> SpectrogramSettings:
        """Chooses settings for clips of a rate and length.

        Args:
            rate: Samples per second.
            n_samples: Samples in a clip.
            bands: How many, a quarter of `fft` at most, so that each band holds a bin of the
                spectrum; None: 40 up to 8 kHz, as usual for speech by telephone, else 64.

        Raises:
            DatasetError: The clip is shorter than one window.
        """
        # Even: TensorFlow's windows of odd length are not periodic.
        window = max(16, 2 * round(rate * WINDOW_S / 2))
        fft = 1 << (window - 1).bit_length()
        if n_samples <= fft // 2:
            raise DatasetError(
                f"A clip is too short for a spectrogram. Received: {n_samples} samples at "
                f"{rate:,} Hz.",
                f"Choose clips of at least {(fft // 2 + 1) / rate:.2g} seconds.",
            )
        hop = max(1, round(rate * HOP_S))
        # Keras (3.15) misstates the number of frames of such lengths; see `n_frames`.
        hop += (n_samples + 1) % hop == 0
        default = _BANDS_LOW if rate <= 8_000 else _BANDS_HIGH
        return cls(rate, window, hop, fft, min(bands or default, fft // 4))

    def n_frames(self, n_samples: int) -> int:
        """Frames of a clip: windows are centred on every `hop`-th sample, the first included."""
        return 1 + n_samples // self.hop


def log_mel(
    waveforms: AnyArray, rate: int, bands: int | None = None, range_db: float = RANGE_DB
) -> Float32Array:
    """Returns the log-mel spectrogram of recordings.

    Power in each mel band in decibels, relative to the loudest of the clip (as librosa's
    ``power_to_db(ref=np.max)``): the same recording played softer gives the same picture.

    Args:
        waveforms: int16, (n_samples,), or several as (n, n_samples).
        rate: Samples per second.
        bands: How many bands; None: chosen from the rate.
        range_db: Softer values are raised to this far below the loudest.

    Returns:
        Decibels from -`range_db` to 0, (frames, bands) or (n, frames, bands).

    Raises:
        DatasetError: A clip is shorter than one window.
    """
    settings = SpectrogramSettings.of(rate, waveforms.shape[-1], bands)
    found = _decibels(np.atleast_2d(waveforms), settings, range_db)
    return found[0] if waveforms.ndim == 1 else found


class SpectrogramInputs(InputTransform):
    """Waveforms, int16 (n, n_samples), as log-mel spectrograms, (n, frames, bands, 1).

    Args:
        n_samples: Samples in a clip.
        settings: How spectrograms are computed.
        offset: Subtracted from the decibels.
        scale: Divides them.
    """

    type = "spectrogram"

    def __init__(
        self, n_samples: int, settings: SpectrogramSettings, offset: float, scale: float
    ) -> None:
        self.settings = settings
        self.offset, self.scale = offset, scale
        self.raw_shape = (n_samples,)
        self.output_shape = (settings.n_frames(n_samples), settings.bands, 1)

    @classmethod
    def fit(
        cls, rows: Rows, indices: IndexArray, rate: int, scaling: str, bands: int | None = None
    ) -> SpectrogramInputs:
        """Learns offset and scale, one for all bands, from the training part.

        Args:
            rows: All waveforms, (n, n_samples).
            indices: Those of the training part, (n_train,).
            rate: Samples per second.
            scaling: ``standard``: mean 0 and deviation 1. ``minmax``: from 0 to 1.
                ``none``: decibels.
            bands: How many bands; None: chosen from the rate.

        Raises:
            DatasetError: A clip is shorter than one window.
        """
        n_samples = rows.shape[1]
        settings = SpectrogramSettings.of(rate, n_samples, bands)
        offset, scale = 0.0, 1.0
        if scaling == "minmax":
            offset, scale = -RANGE_DB, RANGE_DB
        elif scaling == "standard":
            levels = _decibels(_some(rows, indices), settings, RANGE_DB)
            offset = float(levels.mean(dtype=np.float64))
            scale = float(levels.std(dtype=np.float64)) or 1.0
        return cls(n_samples, settings, offset, scale)

    def transform(self, rows: AnyArray) -> AnyArray:
        levels = _decibels(rows, self.settings, RANGE_DB)
        levels -= np.float32(self.offset)
        levels *= np.float32(1.0 / self.scale)
        return levels[..., np.newaxis]

    def build(self, reserved: Collection[str] = ()) -> tuple[keras.KerasTensor, keras.KerasTensor]:
        import keras

        settings = self.settings
        inputs = keras.Input(self.raw_shape, name="inputs")
        waves = keras.layers.Rescaling(1.0 / FULL_SCALE, name="full_scale")(inputs)
        levels = keras.layers.MelSpectrogram(
            fft_length=settings.fft,
            sequence_stride=settings.hop,
            sequence_length=settings.window,
            sampling_rate=settings.rate,
            num_mel_bins=settings.bands,
            min_freq=_LOWEST_HERTZ,
            min_power=MIN_POWER,
            # Keras takes the loudest of the whole batch; here each clip has its own.
            top_db=1_000.0,
            name="log_mel",
        )(waves)
        loudest = keras.ops.max(levels, axis=(1, 2), keepdims=True)
        levels = keras.ops.maximum(levels - keras.ops.maximum(loudest, SILENCE_DB), -RANGE_DB)
        levels = keras.layers.Permute((2, 1), name="time_first")(levels)
        levels = keras.layers.Reshape(self.output_shape, name="one_channel")(levels)
        scaling = keras.layers.Rescaling(
            1.0 / self.scale, -self.offset / self.scale, name="scaling"
        )
        return inputs, scaling(levels)

    def to_dict(self) -> dict[str, Any]:
        settings = self.settings
        return {
            "n_samples": self.raw_shape[0],
            "rate": settings.rate,
            "window": settings.window,
            "hop": settings.hop,
            "fft": settings.fft,
            "bands": settings.bands,
            "offset": self.offset,
            "scale": self.scale,
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> SpectrogramInputs:
        names = ("rate", "window", "hop", "fft", "bands")
        settings = SpectrogramSettings(*(values[name] for name in names))
        return cls(values["n_samples"], settings, values["offset"], values["scale"])


def _some(rows: Rows, indices: IndexArray) -> AnyArray:
    """Clips from which mean and deviation are learnt, drawn evenly, (n, n_samples)."""
    limit = _FIT_FILES if isinstance(rows, FileRows) else _FIT_CLIPS
    if len(indices) > limit:
        indices = indices[np.linspace(0, len(indices) - 1, limit).astype(np.int64)]
    if not isinstance(rows, FileRows):
        return rows[indices]
    read = [rows.try_read(int(index)) for index in indices]
    clips = [clip for clip in read if not isinstance(clip, str)]
    return np.stack(clips) if clips else np.zeros((1, rows.shape[1]), np.int16)


def _decibels(waveforms: AnyArray, settings: SpectrogramSettings, range_db: float) -> Float32Array:
    """Levels of clips, (n, n_samples), in decibels below the loudest, (n, frames, bands)."""
    n_frames = settings.n_frames(waveforms.shape[1])
    levels = np.empty((len(waveforms), n_frames, settings.bands), np.float32)
    # By chunks: the spectra of many clips at once would take far more memory than the result.
    step = max(1, _CHUNK_BYTES // (n_frames * settings.fft * 4))
    for start in range(0, len(waveforms), step):
        chunk = slice(start, start + step)
        levels[chunk] = _mel_power(waveforms[chunk], settings)
    np.maximum(levels, np.float32(MIN_POWER), out=levels)
    np.log10(levels, out=levels)
    levels *= np.float32(10.0)
    loudest = levels.max(axis=(1, 2), keepdims=True, initial=np.float32(SILENCE_DB))
    levels -= loudest
    return np.maximum(levels, np.float32(-range_db), out=levels)


def _mel_power(waveforms: AnyArray, settings: SpectrogramSettings) -> Float32Array:
    """Power in each band, (n, frames, bands), of clips, (n, n_samples)."""
    from scipy import fft

    waves = waveforms.astype(np.float32) * np.float32(1.0 / FULL_SCALE)
    half = settings.fft // 2
    padded = np.pad(waves, ((0, 0), (half, half)), mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(padded, settings.fft, axis=1)
    spectra = fft.rfft(windows[:, :: settings.hop] * window_of(settings), axis=2)
    power = np.square(spectra.real) + np.square(spectra.imag)
    return np.asarray(power @ mel_weights(settings), np.float32)


@lru_cache(maxsize=16)
def window_of(settings: SpectrogramSettings) -> Float32Array:
    """The periodic Hann window amid zeros, (fft,)."""
    window = 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(settings.window) / settings.window)
    before = (settings.fft - settings.window) // 2
    after = settings.fft - settings.window - before
    return np.pad(window, (before, after)).astype(np.float32)


@lru_cache(maxsize=16)
def mel_weights(settings: SpectrogramSettings) -> Float32Array:
    """Weight of each bin of the spectrum in each band, (fft // 2 + 1, bands).

    Triangles of height 1 that are straight on the mel scale, without the bin of 0 Hz: HTK's
    convention, as in `keras.layers.MelSpectrogram`.
    """
    edges = _mel(_edges(settings))
    bins = _mel(np.linspace(0.0, settings.rate / 2, settings.fft // 2 + 1))[:, np.newaxis]
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    weights = np.maximum(0.0, np.minimum(rising, falling))
    weights[0] = 0.0
    return weights.astype(np.float32)


def _edges(settings: SpectrogramSettings) -> npt.NDArray[np.float64]:
    """Lower edge, centres and upper edge of the bands in hertz, (bands + 2,)."""
    lowest, highest = _mel(np.array([_LOWEST_HERTZ, settings.rate / 2]))
    mels = np.linspace(lowest, highest, settings.bands + 2)
    return np.asarray(700.0 * np.expm1(mels / 1127.0), np.float64)


def _mel(hertz: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """HTK's mel scale."""
    return np.asarray(1127.0 * np.log1p(hertz / 700.0), np.float64)
