"""Moving shapes: clips drawn on the spot, told apart by how the shape moves and by nothing else."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engine.datasets.base import Dataset, Examples, Progress, silent
from engine.datasets.box.made import data_seed
from engine.spec.parameters import Parameters, parameter
from engine.spec.signature import Kind, Task

FloatArray = npt.NDArray[np.float64]

BEHAVIOURS = ("left", "right", "up", "down", "growing", "shrinking", "circling", "bouncing")
_SHAPES = ("disc", "square", "triangle", "ring")
_FRAME_RATE = 8.0


class MovingShapesParameters(Parameters):
    """How many clips, and how large."""

    n_samples: int = parameter(
        900, label="Clips", help="How many clips are made.", unit="clips", ge=50, le=5_000
    )
    frames: int = parameter(
        12, label="Frames", help="Frames of each clip.", unit="frames", ge=6, le=32
    )
    size: int = parameter(
        32, label="Size", help="Width and height of each frame.", unit="pixels", ge=16, le=64
    )
    noise: float = parameter(
        0.1,
        label="Noise",
        help="Standard deviation of the noise on each pixel, of its range 0 to 1.",
        ge=0.0,
        le=0.5,
    )
    seed: int = data_seed()


class MovingShapes(Dataset):
    """Clips of one shape each, of random form, size, brightness, place and speed.

    No single frame gives the behaviour away: where a shape is, how large and of which form says
    nothing of how it moves.
    """

    name = "moving_shapes"
    title = "Moving shapes"
    description = (
        "Short clips of a disc, square, triangle or ring that moves to a side, grows, shrinks, "
        "circles or bounces. Which of these does it do?"
    )
    kind = Kind.VIDEO
    task = Task.CLASSIFICATION
    parameters = MovingShapesParameters

    def load(self, parameters: MovingShapesParameters, progress: Progress = silent) -> Examples:
        rng = np.random.default_rng(parameters.seed)
        n_samples, size = parameters.n_samples, parameters.size
        y = rng.permutation(np.arange(n_samples) % len(BEHAVIOURS)).astype(np.int64)
        x = np.empty((n_samples, parameters.frames, size, size, 1), np.uint8)
        for index, behaviour in enumerate(y):
            if index % 32 == 0:
                progress("Drawing clips", index, n_samples)
            x[index, ..., 0] = _clip(rng, BEHAVIOURS[behaviour], parameters)
        return Examples(
            x=x,
            y=y,
            kind=self.kind,
            task=self.task,
            target_name="behaviour",
            class_names=BEHAVIOURS,
            facts=(("Frames", f"{parameters.frames} of {size} × {size} pixels"),),
            frame_rate=_FRAME_RATE,
        )


def _clip(
    rng: np.random.Generator, behaviour: str, parameters: MovingShapesParameters
) -> npt.NDArray[np.uint8]:
    """One clip, (frames, size, size)."""
    centres, radii = _motion(rng, behaviour, parameters.frames)
    shape, angle = _SHAPES[rng.integers(len(_SHAPES))], rng.uniform(0, 2 * np.pi)
    # A slow turn, whatever the behaviour, so that a turn says nothing.
    steps = np.arange(parameters.frames, dtype=np.float64)
    angles: FloatArray = angle + rng.uniform(-0.1, 0.1) * steps
    cover = _cover(shape, centres, radii, angles, parameters.size)
    back, front = rng.uniform(0.0, 0.35), rng.uniform(0.6, 1.0)
    if rng.random() < 0.5:
        back, front = 1.0 - back, 1.0 - front
    pixels = back + (front - back) * cover
    pixels += rng.normal(0.0, parameters.noise, pixels.shape)
    return np.clip(np.rint(255.0 * pixels), 0, 255).astype(np.uint8)


def _motion(rng: np.random.Generator, behaviour: str, frames: int) -> tuple[FloatArray, FloatArray]:
    """Centres, (frames, 2) as x and y, and radii, (frames,), of a frame with sides of length 1."""
    way = np.linspace(0.0, 1.0, frames)
    radius = rng.uniform(0.1, 0.2)
    radii = np.full(frames, radius)
    room = (radius, 1.0 - radius)
    if behaviour in ("left", "right", "up", "down"):
        length = rng.uniform(0.3, 0.6)
        begin = rng.uniform(room[0], room[1] - length)
        moved = begin + length * way
        if behaviour in ("left", "up"):
            moved = moved[::-1]
        rest = np.full(frames, rng.uniform(*room)) + rng.uniform(-0.05, 0.05) * way
        across = behaviour in ("left", "right")
        return np.stack([moved, rest] if across else [rest, moved], axis=1), radii
    if behaviour in ("growing", "shrinking"):
        small = rng.uniform(0.08, 0.13)
        radii = small + rng.uniform(0.08, 0.15) * way
        if behaviour == "shrinking":
            radii = radii[::-1]
        drift = rng.uniform(-0.05, 0.05, 2) * way[:, np.newaxis]
        return rng.uniform(0.3, 0.7, 2) + drift, radii
    if behaviour == "circling":
        wide = rng.uniform(0.12, 0.25)
        turn = rng.choice((-1.0, 1.0)) * rng.uniform(0.8, 1.5) * 2 * np.pi
        phase = rng.uniform(0, 2 * np.pi) + turn * way
        middle = rng.uniform(wide + radius, 1.0 - wide - radius, 2)
        return middle + wide * np.stack([np.cos(phase), np.sin(phase)], axis=1), radii
    # Bouncing: straight and slanting, thrown back by the walls.
    slant = rng.uniform(0.15, 0.35) * np.pi + rng.integers(4) * np.pi / 2
    path = rng.uniform(1.2, 2.0) * np.stack([np.cos(slant) * way, np.sin(slant) * way], axis=1)
    return _reflected(rng.uniform(*room, 2) + path, *room), radii


def _reflected(values: FloatArray, low: float, high: float) -> FloatArray:
    """Folds values back into a range as walls do."""
    width = high - low
    folded = np.mod(values - low, 2 * width)
    return low + np.where(folded > width, 2 * width - folded, folded)


def _cover(
    shape: str, centres: FloatArray, radii: FloatArray, angles: FloatArray, size: int
) -> FloatArray:
    """How much of each pixel the shape covers, 0 to 1, (frames, size, size)."""
    place = (np.arange(size) + 0.5) / size
    x = place[np.newaxis, np.newaxis, :] - centres[:, 0, np.newaxis, np.newaxis]
    y = place[np.newaxis, :, np.newaxis] - centres[:, 1, np.newaxis, np.newaxis]
    cos, sin = (turned(angles)[:, np.newaxis, np.newaxis] for turned in (np.cos, np.sin))
    x, y = cos * x - sin * y, sin * x + cos * y
    radius = radii[:, np.newaxis, np.newaxis]
    if shape == "disc":
        inside = radius - np.hypot(x, y)
    elif shape == "ring":
        inside = 0.35 * radius - np.abs(np.hypot(x, y) - 0.7 * radius)
    elif shape == "square":
        inside = 0.85 * radius - np.maximum(np.abs(x), np.abs(y))
    else:
        # Distance from the three sides, of normals 120 degrees apart.
        sides = [np.cos(a) * x + np.sin(a) * y for a in np.arange(3) * 2 * np.pi / 3]
        inside = 0.6 * radius - np.maximum.reduce(sides)
    return np.clip(inside * size + 0.5, 0.0, 1.0)
