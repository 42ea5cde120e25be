"""Drawings by hand as the pictures of a data set are: as large, as thick, as soft, as bright.

A model that learnt from digits of one size in the middle, light on dark, knows no others.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.datasets.base import AnyArray
from engine.events.trying import Stroke

Pixels = npt.NDArray[np.uint8]
FloatArray = npt.NDArray[np.float64]

MAX_EDGE = 96
"""Larger pictures are hardly drawn by hand."""
_FINE = 8  # pixels drawn for one of the picture, each way
_FOUND = 0.25  # of the ink: what is darker or lighter than this belongs to a stroke
_EVEN = 0.9  # share of the pictures whose edge must be of one tone
_MAX_TONE = 40.0  # by which tones of an edge may differ, and still be one
_FEW_PIXELS = 0.02


@dataclass(frozen=True)
class DrawingStyle:
    """How the pictures of a data set are drawn.

    Attributes:
        shape: Height and width.
        background: Tone of what is drawn on, 0 to 255.
        ink: Tone of a stroke.
        extent: The longer side of what is drawn, in pixels.
        width: Of a stroke, in pixels.
        softness: Standard deviation of the blur of an edge, in pixels.
        by_mass: The centre of mass is in the middle; else that of the box around the strokes.
    """

    shape: tuple[int, int]
    background: float = 0.0
    ink: float = 255.0
    extent: float = 20.0
    width: float = 2.5
    softness: float = 0.6
    by_mass: bool = True

    @classmethod
    def usual(cls, shape: tuple[int, int]) -> DrawingStyle:
        """Light on dark in five sevenths of the picture, as MNIST has it; for data that is gone."""
        edge = min(shape)
        return cls(shape, extent=edge * 20 / 28, width=edge * 2.5 / 28)

    @property
    def is_dark(self) -> bool:
        """Strokes are darker than what they are on."""
        return self.ink < self.background

    @property
    def pen(self) -> float:
        """How wide a pen should be, in units of a canvas on which people fill two thirds."""
        return min(0.25, max(0.03, self.width / max(self.extent, 1.0) * 0.65))


def is_drawable(shape: Sequence[int]) -> bool:
    """Whether pictures of a shape, (height, width[, 1]), may have been drawn by hand."""
    return len(shape) in (2, 3) and max(shape[:2]) <= MAX_EDGE and tuple(shape[2:]) in ((), (1,))


def style_of(pictures: AnyArray) -> DrawingStyle | None:
    """Learns how pictures are drawn; None where they are no drawings on a plain ground.

    Args:
        pictures: Some of them, (n, height, width), 0 to 255.
    """
    shape = (int(pictures.shape[1]), int(pictures.shape[2]))
    values = pictures.astype(np.float64)
    edges = np.concatenate(
        [values[:, 0], values[:, -1], values[:, 1:-1, 0], values[:, 1:-1, -1]], axis=1
    )
    tones = np.median(edges, axis=1)
    background = float(np.median(tones))
    if not len(values) or np.mean(np.abs(tones - background) < _MAX_TONE) < _EVEN:
        return None
    away = values - background
    sign = 1.0 if away.sum() >= 0 else -1.0
    strokes = np.maximum(sign * away, 0.0)
    inks = np.quantile(strokes.reshape(len(strokes), -1), 0.98, axis=1)
    ink = float(np.median(inks))
    if ink < _MAX_TONE or (sign * away < -_MAX_TONE).mean() > _FEW_PIXELS:
        return None
    seen = [_measures(picture / ink) for picture in strokes if (picture > _FOUND * ink).any()]
    if not seen:
        return None
    extent, width, softness = np.median([measure[:3] for measure in seen], axis=0)
    middles = np.array([measure[3:] for measure in seen])
    spread = middles.std(axis=0)
    return DrawingStyle(
        shape,
        background,
        float(np.clip(background + sign * ink, 0.0, 255.0)),
        float(extent),
        float(width),
        float(softness),
        bool(spread[:2].sum() <= spread[2:].sum()),
    )


def _measures(picture: FloatArray) -> tuple[float, ...]:
    """Extent, width and softness of strokes; centre of mass and of the box, each y and x.

    A stroke of length l and width w covers l·w and has an edge of 2·l, whose length is the sum
    of the gradient over a picture of 0 and 1. The steepest slope of an edge that was blurred by a
    Gaussian of deviation s is 1 / (s √2π).
    """
    rows, columns = np.nonzero(picture > _FOUND)
    height, width = np.ptp(rows) + 1, np.ptp(columns) + 1
    padded = np.pad(picture, 1)
    slopes = np.hypot(np.diff(padded, axis=0)[:, :-1], np.diff(padded, axis=1)[:-1])
    length = max(float(slopes.sum()) / 2, 1.0)
    steepest = max(float(np.quantile(slopes, 0.98)), 1e-3)
    total = max(float(picture.sum()), 1e-9)
    y, x = np.indices(picture.shape)
    return (
        float(max(height, width)),
        max(1.0, float(picture.sum()) / length),
        min(3.0, 1.0 / (steepest * math.sqrt(2 * math.pi))),
        float((y * picture).sum() / total),
        float((x * picture).sum() / total),
        float(rows.min() + rows.max()) / 2,
        float(columns.min() + columns.max()) / 2,
    )


def drawn(strokes: Sequence[Stroke], style: DrawingStyle) -> Pixels | None:
    """Draws strokes in the style of a data set.

    Args:
        strokes: In the order they were drawn.
        style: How the data is drawn.

    Returns:
        (height, width), 0 to 255; None where nothing is left of the drawing.
    """
    edge = max(style.shape)
    first = _ink(strokes, np.eye(2), np.zeros(2), edge * _FINE, edge * _FINE, None)
    rows, columns = np.nonzero(first > 0.5)
    if not len(rows):
        return None
    side = max(np.ptp(rows), np.ptp(columns)) + 1
    # The strokes shall be as wide as in the data once they are as large; the box is theirs.
    pen = style.width * _FINE
    room = max(style.extent * _FINE - pen, 1.0)
    lines = max(side - _widest(strokes) * edge * _FINE, 1.0)
    scale = min(room / lines, 4.0 * edge * _FINE / side) * edge * _FINE
    height, width = style.shape[0] * _FINE, style.shape[1] * _FINE
    middle = np.array([width, height]) / 2
    center = np.array([columns.min() + columns.max() + 1, rows.min() + rows.max() + 1]) / 2
    shift = middle - center / (edge * _FINE) * scale
    large = _ink(strokes, np.eye(2) * scale, shift, height, width, pen)
    if style.by_mass and large.any():
        y, x = np.indices(large.shape)
        mass = np.array([(x * large).sum(), (y * large).sum()]) / large.sum()
        large = _ink(strokes, np.eye(2) * scale, shift + middle - mass - 0.5, height, width, pen)
    fine = _blurred(large, style.softness * _FINE)
    small = fine.reshape(style.shape[0], _FINE, style.shape[1], _FINE).mean(axis=(1, 3))
    tones = style.background + (style.ink - style.background) * small
    return np.asarray(np.clip(np.rint(tones), 0, 255), np.uint8)


def _widest(strokes: Sequence[Stroke]) -> float:
    return max((stroke.width for stroke in strokes if not stroke.erases), default=0.0)


def _blurred(picture: FloatArray, deviation: float) -> FloatArray:
    from scipy.ndimage import gaussian_filter

    # A pixel averages over its own width, which softens by itself.
    left = math.sqrt(max(0.0, deviation**2 - _FINE**2 / 12))
    return np.asarray(gaussian_filter(picture, left), np.float64) if left > 0 else picture


def _ink(
    strokes: Sequence[Stroke],
    scale: FloatArray,
    shift: FloatArray,
    height: int,
    width: int,
    pen: float | None,
) -> FloatArray:
    """Where ink is, (height, width), 0 or 1.

    Args:
        strokes: In units of the canvas.
        scale, shift: From there to pixels; the unit matrix: the canvas fills the picture.
        height, width: Of the picture.
        pen: Width of what is drawn, in pixels; None: as it was drawn. What erases stays in
            proportion to what is drawn.
    """
    from PIL import Image, ImageDraw

    picture = Image.new("L", (width, height))
    brush = ImageDraw.Draw(picture)
    by = np.eye(2) * max(height, width) if pen is None else scale
    for stroke in strokes:
        line = np.asarray(stroke.points, np.float64) @ by + shift
        thick = stroke.width * by[0, 0] if pen is None or stroke.erases else pen
        tone, radius = 0 if stroke.erases else 255, thick / 2
        points = [(float(x), float(y)) for x, y in line]
        if len(points) > 1:
            brush.line(points, tone, max(1, round(thick)))
        for x, y in points:  # round ends and corners
            brush.ellipse((x - radius, y - radius, x + radius, y + radius), tone)
    return np.asarray(picture, np.float64) / 255.0
