"""Arrays of numbers, such as series, clips and rows, as the model's file takes them."""

from __future__ import annotations

from typing import Any

import numpy as np


def prepare(inputs: Any, card: dict[str, Any]) -> dict[str, Any]:
    """Returns the file's inputs for examples (n, ...) in the data's own units."""
    steps = card["prepare"]
    shape = tuple(steps["raw_shape"])
    x = np.asarray(inputs)
    if x.shape[1:] != shape:
        raise ValueError(f"Examples of shape {shape} are expected. Received: {x.shape[1:]}.")
    if card["entry"] == "raw":
        return {"inputs": x}
    offset, scale = np.asarray(steps["offset"]), np.asarray(steps["scale"])
    # In 64 bits: large numbers that differ little, such as seconds, are one number in 32.
    return {"inputs": ((x.astype(np.float64) - offset) / scale).astype(np.float32)}
