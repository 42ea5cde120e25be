"""Features for simple models: columns, pixels, mean spectra, steps of a window; few and plain."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from engine.datasets.base import AnyArray, Examples, IndexArray
from engine.inference.baselines.base import CHUNK, Lesson
from engine.preprocessing.table import TableInputs
from engine.spec.signature import Kind

MAX_PIXELS = 1_024
MAX_STEPS = 1_024
_FIT_ROWS = 50_000
_CHUNK_VALUES = 16_000_000

Features = Callable[[IndexArray], AnyArray]
"""Returns features, (n, features), for examples by their index."""


@dataclass(frozen=True, eq=False)
class Scaled:
    """Features brought to mean 0 and deviation 1, as in training; gaps become the mean."""

    features: Features
    mean: AnyArray
    scale: AnyArray

    def __call__(self, rows: IndexArray) -> AnyArray:
        found = (self.features(rows) - self.mean) / self.scale
        return np.nan_to_num(found, nan=0.0, posinf=0.0, neginf=0.0)


def scaled_features(lesson: Lesson, train: IndexArray) -> Scaled:
    """Features of any kind of data but text, scaled by those of these examples.

    Raises:
        ValueError: There are none.
    """
    plain = _plain_features(lesson, train)

    def features(rows: IndexArray) -> AnyArray:
        return in_chunks(plain, rows, _chunk(lesson.examples))

    seen = features(train[:_FIT_ROWS])
    if not seen.size:
        raise ValueError("there is nothing to learn from")
    known = np.where(np.isfinite(seen), seen, np.nan)
    counts = np.maximum(np.isfinite(known).sum(axis=0), 1)
    mean = np.nansum(known, axis=0) / counts
    deviation = np.sqrt(np.nansum((known - mean) ** 2, axis=0) / counts)
    return Scaled(features, mean, np.where(deviation > 1e-12, deviation, 1.0))


def in_chunks(function: Features, rows: IndexArray, size: int = CHUNK) -> AnyArray:
    """Calls a function for some examples at a time, so that little of the data is held."""
    parts = [function(rows[start : start + size]) for start in range(0, len(rows), size)]
    return np.concatenate(parts) if parts else function(rows)


def _chunk(examples: Examples) -> int:
    """Examples of which not more is held than a few of their arrays' megabytes."""
    n_values = int(np.prod(examples.x.shape[1:], dtype=np.int64))
    return int(np.clip(_CHUNK_VALUES // max(1, n_values), 1, CHUNK))


def _plain_features(lesson: Lesson, train: IndexArray) -> Features:
    examples = lesson.examples
    match examples.kind:
        case Kind.TABLE:
            if "columns" not in examples.reading:
                return lambda rows: examples.x[rows].astype(np.float64)
            columns = examples.reading["columns"]
            table = TableInputs.fit(examples.x[train[:_FIT_ROWS]], columns, "standard")
            return lambda rows: table.transform(examples.x[rows]).astype(np.float64)
        case Kind.IMAGE:
            return lambda rows: small_pictures(examples.x[rows])
        case Kind.VIDEO:
            return lambda rows: small_clips(examples.x[rows])
        case Kind.AUDIO:
            inputs = lesson.preprocessing.inputs
            return lambda rows: mean_spectra(inputs.transform(examples.x[rows]))
        case Kind.SERIES:
            return lambda rows: _last_steps(examples.x[rows])
        case _:
            raise ValueError(f"there are no features of {examples.kind.value} data")


def small_pictures(pictures: AnyArray) -> AnyArray:
    """Pictures, (n, height, width, channels), averaged over blocks, (n, at most 1,024)."""
    _, height, width, channels = pictures.shape
    block = 1
    while -(-height // block) * -(-width // block) * channels > MAX_PIXELS:
        block += 1
    if min(height, width) < block:
        block = 1
    found = pictures.astype(np.float32)
    if block > 1:
        height, width = height // block * block, width // block * block
        cut = found[:, :height, :width]
        blocks = cut.reshape(len(cut), height // block, block, width // block, block, channels)
        found = blocks.mean(axis=(2, 4))
    return found.reshape(len(found), -1).astype(np.float64)


def small_clips(clips: AnyArray) -> AnyArray:
    """Clips as the mean of their frames, and how much each place changes from one to the next."""
    frames = clips.astype(np.float32)
    moved = np.abs(np.diff(frames, axis=1)).mean(axis=1) if frames.shape[1] > 1 else frames[:, 0]
    return np.concatenate([small_pictures(frames.mean(axis=1)), small_pictures(moved)], axis=1)


def mean_spectra(spectrograms: AnyArray) -> AnyArray:
    """Spectrograms, (n, frames, bands, 1), as mean and deviation of each band, (n, 2 · bands)."""
    bands = spectrograms[..., 0].astype(np.float64)
    return np.concatenate([bands.mean(axis=1), bands.std(axis=1)], axis=1)


def _last_steps(windows: AnyArray) -> AnyArray:
    """The last steps of windows, (n, steps, channels), as many as features may be."""
    kept = max(1, MAX_STEPS // windows.shape[2])
    return windows[:, -kept:].reshape(len(windows), -1).astype(np.float64)
