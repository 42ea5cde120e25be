"""What an example is compared with: one of its kind in which there is nothing to see."""

from __future__ import annotations

import numpy as np

from engine.datasets.base import AnyArray
from engine.inference.explaining.base import Case
from engine.preprocessing.audio import RANGE_DB, SpectrogramInputs
from engine.spec.signature import Kind


def empty_like(case: Case) -> tuple[AnyArray, str]:
    """An example in which there is nothing to see, as the network takes it, and what it is.

    Pictures and clips: one plain colour, the median of each channel, which is the ground of a
    drawing. Sounds: silence. Series: each channel level, at its mean in the examples that the case
    is compared with, or at its own.

    Returns:
        (1, *input_shape), and words for it.
    """
    x, kind = case.prepared, case.signature.kind
    if kind is Kind.AUDIO:
        inputs = case.preprocessing.inputs
        silence = float(x.min())
        if isinstance(inputs, SpectrogramInputs):
            silence = (-RANGE_DB - inputs.offset) / inputs.scale
        return np.full_like(x, silence), "silence"
    if kind is Kind.SERIES:
        if case.background is None:
            level = x.mean(axis=1, keepdims=True)
            return np.broadcast_to(level, x.shape).copy(), "a series level at its own mean"
        known = case.preprocessing.transform_x(case.background)
        level = known.mean(axis=(0, 1), keepdims=True, dtype=np.float64).astype(x.dtype)
        return np.broadcast_to(level, x.shape).copy(), "a series level at the mean in training"
    plain = np.median(x, axis=tuple(range(x.ndim - 1)), keepdims=True).astype(x.dtype)
    what = "a clip" if kind is Kind.VIDEO else "a picture"
    return np.broadcast_to(plain, x.shape).copy(), f"{what} of its median colour alone"
