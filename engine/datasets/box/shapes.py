"""Shapes drawn by chance: any place, size, turn, thickness and brightness, with noise over it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.datasets.base import Dataset, Examples, Progress, silent
from engine.datasets.box.made import data_seed
from engine.spec.parameters import Parameters, parameter
from engine.spec.signature import Kind, Task

Points = npt.NDArray[np.float64]
Pixels = npt.NDArray[np.uint8]

# Drawn this much larger and averaged, so that edges are smooth as in photographs.
_OVERSAMPLING = 4
_MIN_CONTRAST = 60.0


class ShapesParameters(Parameters):
    """How many, how large, how hard."""

    n_samples: int = parameter(
        4_000, label="Examples", help="How many images are drawn.", ge=50, le=20_000
    )
    n_classes: int = parameter(
        5,
        label="Shapes",
        help="How many kinds of shapes: circle, square, triangle, star, cross, pentagon, ring, "
        "moon, in this order. The later ones are easier to mistake.",
        ge=2,
        le=8,
    )
    size: int = parameter(
        32, label="Image size", help="Width and height.", unit="pixels", ge=16, le=64
    )
    colour: bool = parameter(
        False, label="Colours", help="Shape and ground in random colours instead of greys."
    )
    noise: float = parameter(
        0.05,
        label="Noise",
        help="Standard deviation of the noise, as a share of the full brightness. Without noise "
        "nearly all shapes can be told apart; at 0.4 small ones drown.",
        ge=0.0,
        le=1.0,
    )
    seed: int = data_seed()


def _regular(n_corners: int) -> Points:
    angles = 2 * np.pi * np.arange(n_corners) / n_corners
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


def _star() -> Points:
    corners = _regular(10)
    corners[1::2] *= 0.42
    return corners


def _cross() -> Points:
    arm = 0.33
    quarter = np.array([[arm, arm], [arm, 0.94], [-arm, 0.94], [-arm, arm]])
    quarters = []
    for turn in range(4):
        angle = turn * np.pi / 2
        turned = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        quarters.append(quarter @ turned.T)
    return np.concatenate(quarters)


def _ring() -> Points:
    """Once around outside and back around inside."""
    outside = _regular(64)
    closed = np.concatenate([outside, outside[:1]])
    return np.concatenate([closed, 0.6 * closed[::-1]])


def _moon() -> Points:
    angles = np.linspace(-np.pi * 0.62, np.pi * 0.62, 48)
    outside = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    inside = np.stack([np.cos(angles) * 0.75 - 0.18, np.sin(angles) * 0.95], axis=1)
    return np.concatenate([outside, inside[::-1]])


SHAPES: dict[str, Callable[[], Points]] = {
    "circle": lambda: _regular(64),
    "square": lambda: _regular(4),
    "triangle": lambda: _regular(3),
    "star": _star,
    "cross": _cross,
    "pentagon": lambda: _regular(5),
    "ring": _ring,
    "moon": _moon,
}
"""Outlines within the unit circle, (corners, 2)."""


class Shapes(Dataset):
    """Images of one shape each."""

    name = "shapes"
    title = "Drawn shapes"
    description = (
        "Circles, squares, triangles and more, drawn at any place, size and angle, light on dark "
        "or dark on light, with noise. Where a shape is must not matter."
    )
    kind = Kind.IMAGE
    task = Task.CLASSIFICATION
    recommended_model = "cnn"
    parameters = ShapesParameters

    def load(self, parameters: Any, progress: Progress = silent) -> Examples:
        """Draws x, uint8 (n_samples, size, size, 1 or 3), in random order of classes."""
        rng = np.random.default_rng(parameters.seed)
        size, channels = parameters.size, 3 if parameters.colour else 1
        names = tuple(SHAPES)[: parameters.n_classes]
        outlines = [SHAPES[name]() for name in names]
        y = rng.permutation(np.arange(parameters.n_samples) % len(names))
        x = np.empty((parameters.n_samples, size, size, channels), np.uint8)
        for index, label in enumerate(y.tolist()):
            if index % 200 == 0:
                progress("Drawing shapes", index, len(y))
            x[index] = _draw(outlines[label], size, channels, parameters.noise, rng)
        return Examples(
            x=x,
            y=y.astype(np.int64),
            kind=self.kind,
            task=self.task,
            target_name="shape",
            class_names=names,
            notes=(
                "Shapes are 30 to 80 % of the image wide, wholly inside it, and may be stretched "
                "by up to a fifth.",
            ),
        )


def _draw(
    outline: Points, size: int, channels: int, noise: float, rng: np.random.Generator
) -> Pixels:
    """One image, uint8 (size, size, channels)."""
    radius = size * rng.uniform(0.15, 0.4)
    mask = _mask(_placed(outline, size, radius, rng), size)[..., np.newaxis]
    ground, ink = _tones(channels, rng)
    image = ground + (ink - ground) * mask
    image += rng.normal(0.0, 255.0 * noise, image.shape) if noise else 0.0
    pixels: Pixels = np.clip(np.rint(image), 0, 255).astype(np.uint8)
    return pixels


def _placed(outline: Points, size: int, radius: float, rng: np.random.Generator) -> Points:
    """The outline in pixels: stretched a little, turned, moved."""
    angle = rng.uniform(0, 2 * np.pi)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    stretch = np.array([1.0, rng.uniform(0.8, 1.0)])
    centre = rng.uniform(radius, size - radius, 2)
    placed: Points = (outline * stretch) @ turn.T * radius + centre
    return placed


def _mask(corners: Points, size: int) -> npt.NDArray[np.float64]:
    """How much of each pixel the shape covers, 0 to 1, (size, size)."""
    from PIL import Image, ImageDraw

    large = Image.new("L", (size * _OVERSAMPLING, size * _OVERSAMPLING))
    flat = (corners * _OVERSAMPLING).ravel().tolist()
    ImageDraw.Draw(large).polygon(flat, fill=255)
    small = large.resize((size, size), Image.Resampling.BOX)
    covered: npt.NDArray[np.float64] = np.asarray(small, np.float64) / 255.0
    return covered


def _tones(
    channels: int, rng: np.random.Generator
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Ground and shape, (channels,), far enough apart to be seen."""
    while True:
        ground, ink = rng.uniform(0, 255, (2, channels))
        if np.abs(ground - ink).max() >= _MIN_CONTRAST:
            return ground, ink
