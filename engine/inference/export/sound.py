"""The log-mel spectrogram by products and sums alone, which every format has.

A Fourier transform is one convolution with sines and cosines under the window. Imported by workers
only.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from engine.preprocessing.audio import (
    FULL_SCALE,
    MIN_POWER,
    RANGE_DB,
    SILENCE_DB,
    SpectrogramInputs,
    mel_weights,
    window_of,
)


def mel_levels(waves: Any, inputs: SpectrogramInputs) -> Any:
    """What `SpectrogramInputs.transform` gives.

    Args:
        waves: Samples from -32,768 to 32,767, float32 (batch, n_samples).
        inputs: How the spectrogram is computed.

    Returns:
        float32 (batch, frames, bands, 1).
    """
    settings = inputs.settings
    half = settings.fft // 2
    padded = tf.pad(waves / FULL_SCALE, [[0, 0], [half, half]], mode="REFLECT")
    spectrum = tf.nn.conv1d(
        padded[:, :, tf.newaxis], _waves_of(inputs), stride=settings.hop, padding="VALID"
    )
    real, imaginary = spectrum[..., : half + 1], spectrum[..., half + 1 :]
    power = tf.matmul(tf.square(real) + tf.square(imaginary), mel_weights(settings))
    levels = tf.math.log(tf.maximum(power, MIN_POWER)) * np.float32(10.0 / np.log(10.0))
    loudest = tf.reduce_max(levels, axis=[1, 2], keepdims=True)
    levels = tf.maximum(levels - tf.maximum(loudest, SILENCE_DB), -RANGE_DB)
    scaled = (levels - np.float32(inputs.offset)) * np.float32(1.0 / inputs.scale)
    return scaled[..., tf.newaxis]


def _waves_of(inputs: SpectrogramInputs) -> Any:
    """Cosines and sines of each frequency under the window, (fft, 1, 2 × (fft // 2 + 1))."""
    n = inputs.settings.fft
    angles = 2.0 * np.pi * np.outer(np.arange(n), np.arange(n // 2 + 1)) / n
    waves = np.concatenate([np.cos(angles), -np.sin(angles)], axis=1)
    return (waves * window_of(inputs.settings)[:, np.newaxis]).astype(np.float32)[:, np.newaxis]
