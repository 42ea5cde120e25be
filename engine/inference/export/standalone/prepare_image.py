"""Images of any size, brought to the size of the model as they were when it was trained."""

from __future__ import annotations

from typing import Any

import numpy as np

BITS = 22  # of the fractions of weights, as Pillow counts them


def prepare(inputs: Any, card: dict[str, Any]) -> dict[str, Any]:
    """Returns the file's inputs for images, each (height, width, channels), 0 to 255."""
    height, width, channels = card["prepare"]["raw_shape"]
    how = card.get("resize", "stretch")
    images = [fitted(np.asarray(image), height, width, channels, how) for image in inputs]
    return {"inputs": np.stack(images)}


def fitted(image: Any, height: int, width: int, channels: int, how: str) -> Any:
    """Returns an image at the model's size, uint8, (height, width, channels).

    Args:
        image: uint8, (height, width) or (height, width, channels); grey, or red, green and blue.
        height, width, channels: Of the model.
        how: ``stretch``, ``crop`` or ``pad``, where the proportions are others.
    """
    if image.ndim == 2:
        image = image[:, :, None]
    if image.shape[2] != channels:
        raise ValueError(f"Images of {channels} channels are expected. Received: {image.shape}.")
    rows, columns = image.shape[:2]
    if (rows, columns) == (height, width):
        return image
    if how == "crop":
        scale = min(columns / width, rows / height)
        left, top = (columns - scale * width) / 2, (rows - scale * height) / 2
        return resized(image, height, width, (left, top, columns - left, rows - top))
    if how == "pad":
        scale = min(width / columns, height / rows)
        inner_w, inner_h = max(1, round(columns * scale)), max(1, round(rows * scale))
        bars = np.zeros((height, width, channels), np.uint8)
        x, y = (width - inner_w) // 2, (height - inner_h) // 2
        inner = resized(image, inner_h, inner_w, (0, 0, columns, rows))
        bars[y : y + inner_h, x : x + inner_w] = inner
        return bars
    return resized(image, height, width, (0, 0, columns, rows))


def resized(image: Any, height: int, width: int, box: tuple[float, ...]) -> Any:
    """Returns what is in a box of an image at another size, as Pillow's bilinear filter does.

    Bit by bit as Pillow 13; others resize the width first, which may round otherwise, by 1.
    """
    left, top, right, bottom = box
    if (top, bottom, image.shape[0]) != (0, height, height):
        image = _along(image.transpose(1, 0, 2), height, top, bottom).transpose(1, 0, 2)
    if (left, right, image.shape[1]) != (0, width, width):
        image = _along(image, width, left, right)
    return image


def _along(image: Any, size: int, start: float, stop: float) -> Any:
    """Resizes the second axis: each new pixel is a mean of the old ones under a triangle."""
    scale = (stop - start) / size
    support = max(scale, 1.0)
    found = np.empty((image.shape[0], size, image.shape[2]), np.uint8)
    pixels = image.astype(np.int64)
    for place in range(size):
        centre = start + (place + 0.5) * scale
        first = max(int(centre - support + 0.5), 0)
        last = min(int(centre + support + 0.5), image.shape[1])
        away = (np.arange(first, last) - centre + 0.5) * (1.0 / support)
        weights = np.maximum(0.0, 1.0 - np.abs(away))
        weights = np.floor(weights / weights.sum() * (1 << BITS) + 0.5).astype(np.int64)
        total = np.tensordot(pixels[:, first:last], weights, axes=(1, 0)) + (1 << (BITS - 1))
        found[:, place] = np.clip(total >> BITS, 0, 255)
    return found
