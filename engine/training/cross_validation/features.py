"""Features: one row of numbers, or a text, for each example, as simple models take them."""

from __future__ import annotations

import numpy as np

from engine.datasets.base import AnyArray, Examples, IndexArray
from engine.preprocessing import Preprocessing
from engine.spec.signature import Kind, Task

_BLOCK = 2048
_MAX_EDGE = 32  # of a picture; finer ones are averaged
_MAX_FEATURES = 4096
_CHUNKS = 8  # of a sound, in time


def can_be_described(examples: Examples) -> bool:
    """Whether a simple model can be expected to learn from such features."""
    if examples.kind is Kind.VIDEO or examples.task in (Task.TRANSLATION, Task.TRANSCRIPTION):
        return False
    return examples.kind is not Kind.IMAGE or max(examples.x.shape[1:3]) <= 2 * _MAX_EDGE


def features_of(examples: Examples, rows: IndexArray, preprocessing: Preprocessing) -> AnyArray:
    """Features of some examples.

    Args:
        examples: All of the data.
        rows: Which of them, (n,).
        preprocessing: Fitted without those that are to be predicted.

    Returns:
        Texts as they are, (n,); else (n, features): a table's columns as the network receives
        them, pixels, the values of a series, and of sounds loudness by pitch: its mean, spread
        and largest value, and the mean of each eighth of the time.
    """
    if examples.kind is Kind.TEXT:
        return np.array([str(text) for text in examples.x[rows]], object)
    blocks = [
        _described(examples.kind, preprocessing.transform_x(examples.x[rows[start:stop]]))
        for start, stop in _spans(len(rows))
    ]
    return np.concatenate(blocks)


def _spans(n: int) -> list[tuple[int, int]]:
    return [(start, min(n, start + _BLOCK)) for start in range(0, n, _BLOCK)]


def _described(kind: Kind, x: AnyArray) -> AnyArray:
    if kind is Kind.AUDIO:
        return _sounds(x[..., 0])
    if kind is Kind.IMAGE:
        x = _smaller(x)
    flat = np.asarray(x, np.float32).reshape(len(x), -1)
    step = -(-flat.shape[1] // _MAX_FEATURES)
    return flat[:, ::step]


def _smaller(x: AnyArray) -> AnyArray:
    """Pictures of at most `_MAX_EDGE` on each side, (n, height, width, channels)."""
    factor = -(-max(x.shape[1:3]) // _MAX_EDGE)
    if factor == 1:
        return x
    height, width = (side // factor * factor for side in x.shape[1:3])
    cut = x[:, :height, :width]
    shape = (len(x), height // factor, factor, width // factor, factor, x.shape[-1])
    return np.asarray(cut.reshape(shape).mean(axis=(2, 4)))


def _sounds(x: AnyArray) -> AnyArray:
    """Of spectrograms, (n, frames, bands)."""
    stretches = np.array_split(x, min(_CHUNKS, x.shape[1]), axis=1)
    means = [stretch.mean(axis=1) for stretch in stretches]
    parts = [x.mean(axis=1), x.std(axis=1), x.max(axis=1), *means]
    return np.concatenate(parts, axis=1).astype(np.float32)
