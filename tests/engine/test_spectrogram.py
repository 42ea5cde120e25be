"""Log-mel spectrograms: against SciPy, against Keras, and known sounds in the right place."""

from __future__ import annotations

import json

import keras
import numpy as np
import pytest
from scipy import signal

from engine.datasets.base import Examples
from engine.errors import DatasetError
from engine.preprocessing import Preprocessing
from engine.preprocessing.audio import (
    RANGE_DB,
    SpectrogramInputs,
    SpectrogramSettings,
    log_mel,
)
from engine.spec.run_spec import PreprocessingSpec
from engine.spec.signature import Kind, Task

SHAPES = [(8_000, 5_600), (16_000, 16_000), (44_100, 22_050), (8_000, 4_999), (2_000, 800)]


def clips(n_samples: int) -> np.ndarray:
    """Noise that fades in, silence, a loud tone, a soft one, half silence, the last bit."""
    rng = np.random.default_rng(0)
    times = np.arange(n_samples)
    rows = [
        rng.normal(0, 3_000, n_samples) * np.linspace(0, 1, n_samples),
        np.zeros(n_samples),
        20_000 * np.sin(0.5 * times),
        100 * np.sin(0.5 * times),
        np.where(times < n_samples // 2, 0, rng.normal(0, 3_000, n_samples)),
        rng.integers(-1, 2, n_samples),
    ]
    return np.array(rows).astype(np.int16)


def fitted(waves: np.ndarray, rate: int, scaling: str = "none", bands: int | None = None):
    return SpectrogramInputs.fit(waves, np.arange(len(waves)), rate, scaling, bands)


def mel_by_hand(wave: np.ndarray, settings: SpectrogramSettings) -> np.ndarray:
    """Decibels of each band, (frames, bands), with SciPy's transform and a loop over triangles."""
    half = settings.fft // 2
    padded = np.pad(wave / 32_768, half, mode="reflect")
    window = np.zeros(settings.fft)
    start = (settings.fft - settings.window) // 2
    window[start : start + settings.window] = signal.get_window("hann", settings.window)
    frames = [
        padded[hop : hop + settings.fft] * window
        for hop in range(0, len(padded) - settings.fft + 1, settings.hop)
    ]
    power = np.abs(np.fft.rfft(frames, axis=1)) ** 2
    mel = lambda hertz: 2595 * np.log10(1 + hertz / 700)  # noqa: E731
    edges = np.linspace(mel(20), mel(settings.rate / 2), settings.bands + 2)
    bands = np.zeros((len(frames), settings.bands))
    for index in range(1, half + 1):
        height = mel(index * settings.rate / settings.fft)
        for band in range(settings.bands):
            low, centre, high = edges[band : band + 3]
            weight = min((height - low) / (centre - low), (high - height) / (high - centre))
            bands[:, band] += max(0, weight) * power[:, index]
    levels = 10 * np.log10(np.maximum(bands, 1e-10))
    return np.maximum(levels - max(levels.max(), -20), -RANGE_DB)


@pytest.mark.parametrize(("rate", "n_samples"), SHAPES)
def test_agrees_with_scipy(rate, n_samples):
    waves = clips(n_samples)
    settings = SpectrogramSettings.of(rate, n_samples)
    for wave in waves:
        np.testing.assert_allclose(log_mel(wave, rate), mel_by_hand(wave, settings), atol=0.01)


@pytest.mark.parametrize(
    ("rate", "n_samples", "scaling", "bands"),
    [
        *((*shape, "none", None) for shape in SHAPES),
        (8_000, 5_600, "standard", 20),
        (16_000, 8_000, "minmax", 100),
    ],
)
def test_the_saved_model_takes_waveforms_and_computes_the_same(
    rate, n_samples, scaling, bands, tmp_path
):
    waves = clips(n_samples)
    transform = fitted(waves, rate, scaling, bands)
    expected = transform.transform(waves)
    assert (expected.dtype, expected.shape[1:]) == (np.float32, transform.output_shape)
    model = keras.Model(*transform.build())
    assert model.output_shape[1:] == transform.output_shape
    found = model.predict_on_batch(waves.astype(np.float32))
    # In decibels: float32 sums in another order.
    np.testing.assert_allclose(found, expected, atol=0.004 / transform.scale, rtol=1e-4)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.predict_on_batch(waves.astype(np.float32)), found)


def test_a_clip_s_spectrogram_does_not_depend_on_the_others():
    waves = clips(4_000)
    transform = fitted(waves, 8_000)
    together = transform.transform(waves)
    model = keras.Model(*transform.build())
    for index, wave in enumerate(waves):
        np.testing.assert_array_equal(transform.transform(wave[np.newaxis])[0], together[index])
        alone = model.predict_on_batch(wave[np.newaxis].astype(np.float32))[0]
        np.testing.assert_allclose(alone, together[index], atol=0.004)


def test_many_clips_are_as_one_by_one():
    # More than one chunk.
    waves = np.random.default_rng(1).integers(-9_000, 9_000, (700, 4_000)).astype(np.int16)
    together = log_mel(waves, 8_000)
    for index in (0, 299, 650, 699):
        np.testing.assert_allclose(log_mel(waves[index], 8_000), together[index], atol=1e-3)


@pytest.mark.parametrize("hertz", [300, 1_000, 3_000])
def test_a_tone_is_in_its_band(hertz):
    wave = (9_000 * np.sin(2 * np.pi * hertz * np.arange(8_000) / 8_000)).astype(np.int16)
    levels = log_mel(wave, 8_000)
    edges = 1_127 * np.log1p(np.array([20, 4_000]) / 700)
    mels = np.linspace(*edges, SpectrogramSettings.of(8_000, 8_000).bands + 2)
    centres = 700 * np.expm1(mels[1:-1] / 1_127)
    assert np.abs(centres - hertz).argmin() in np.argsort(levels[50])[-2:]
    assert levels.max() == 0


def test_a_click_is_at_its_moment():
    wave = np.zeros(8_000, np.int16)
    wave[4_000] = 30_000
    levels = log_mel(wave, 8_000).mean(axis=1)
    assert abs(int(levels.argmax()) - 50) <= 1
    assert levels[40] == -RANGE_DB


def test_softer_is_the_same_picture():
    wave = clips(4_000)[2]
    np.testing.assert_allclose(
        log_mel(wave // 4, 8_000)[5:-5].max(axis=1),
        log_mel(wave, 8_000)[5:-5].max(axis=1),
        atol=0.1,
    )


def test_silence_is_dark_and_finite():
    assert (log_mel(np.zeros(4_000, np.int16), 8_000) == -RANGE_DB).all()


def test_standard_scaling_is_learnt_from_the_training_part_alone():
    waves = clips(4_000)
    train = np.array([0, 4])
    transform = SpectrogramInputs.fit(waves, train, 8_000, "standard")
    levels = transform.transform(waves[train])
    assert levels.mean() == pytest.approx(0, abs=1e-4)
    assert levels.std() == pytest.approx(1, abs=1e-4)
    other = waves.copy()
    other[5] = 32_767
    assert SpectrogramInputs.fit(other, train, 8_000, "standard").to_dict() == transform.to_dict()


def test_minmax_scaling_is_from_0_to_1():
    levels = fitted(clips(4_000), 8_000, "minmax").transform(clips(4_000))
    assert (levels.min(), levels.max()) == (0, 1)


def test_settings_by_rate():
    telephone = SpectrogramSettings.of(8_000, 8_000)
    assert (telephone.window, telephone.hop, telephone.fft, telephone.bands) == (200, 80, 256, 40)
    wide = SpectrogramSettings.of(16_000, 16_000)
    assert (wide.window, wide.hop, wide.fft, wide.bands) == (400, 160, 512, 64)


def test_clips_shorter_than_a_window_are_refused():
    with pytest.raises(DatasetError, match="too short") as caught:
        log_mel(np.zeros(128, np.int16), 8_000)
    assert "0.016 seconds" in caught.value.hint


def test_preprocessing_of_audio_survives_json():
    waves = clips(4_000)
    examples = Examples(
        waves,
        np.arange(6) % 2,
        Kind.AUDIO,
        Task.CLASSIFICATION,
        class_names=("a", "b"),
        rate=8_000,
    )
    spec = PreprocessingSpec(bands=24)
    preprocessing = Preprocessing.fit(examples, np.arange(6), spec)
    assert preprocessing.signature(examples).input_shape == (51, 24, 1)
    again = Preprocessing.from_dict(json.loads(json.dumps(preprocessing.to_dict())))
    np.testing.assert_array_equal(again.transform_x(waves), preprocessing.transform_x(waves))
