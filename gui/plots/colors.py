"""Colours of values: classes mixed by probability, and a scale whose steps look equal."""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt
from PySide6.QtGui import QColor

from gui.style.theme import Palette

# Anchors of cividis (Nuñez, Anderton, Renslow: Optimizing colormaps with consideration for color
# vision deficiency, PLoS ONE 13(7), 2018), between which colours are interpolated: lightness grows
# evenly, and the order is the same with any colour vision.
_ANCHORS: Final = (
    (0, 34, 78),
    (27, 52, 111),
    (60, 77, 110),
    (87, 101, 109),
    (112, 113, 115),
    (138, 134, 120),
    (165, 156, 116),
    (195, 179, 105),
    (225, 204, 85),
    (254, 232, 56),
)

Bytes = npt.NDArray[np.uint8]


@cache
def _scale() -> Bytes:
    anchors = np.array(_ANCHORS, np.float64)
    places = np.linspace(0, 255, len(anchors))
    channels = [np.interp(np.arange(256), places, anchors[:, channel]) for channel in range(3)]
    return np.stack(channels, axis=1).round().astype(np.uint8)


def scale_colors(values: npt.NDArray[np.floating], low: float, high: float) -> Bytes:
    """Returns a colour for each value, dark for the lowest and bright for the highest.

    Args:
        values: Any shape; what is not finite becomes the lowest.
        low, high: Ends of the scale.

    Returns:
        Red, green and blue, (*values.shape, 3).
    """
    size = high - low
    shares = (values - low) / size if np.isfinite(size) and size > 0 else np.full(values.shape, 0.5)
    shares = np.nan_to_num(np.clip(shares, 0, 1), nan=0.0)
    colors: Bytes = _scale()[(shares * 255).astype(np.intp)]
    return colors


def signed_colors(values: npt.NDArray[np.floating], most: float, colors: Palette) -> Bytes:
    """Returns a colour for each value: blue below zero, orange above, the ground's near it.

    The two tell apart with any colour vision, and lightness grows with the distance from zero.

    Args:
        values: Any shape; what is not finite becomes zero.
        most: Distance from zero of the strongest colours.
        colors: Of the theme.

    Returns:
        Red, green and blue, (*values.shape, 3).
    """
    shares = np.nan_to_num(np.clip(values / (most or 1.0), -1, 1))[..., np.newaxis]
    ground = np.array(_rgb(colors.surface), np.float64)
    below, above = (np.array(_rgb(tone), np.float64) for tone in colors.series[:2])
    tones = np.where(shares < 0, below, above)
    found: Bytes = (ground + np.abs(shares) * (tones - ground)).round().astype(np.uint8)
    return found


def strength_colors(shares: npt.NDArray[np.floating], colors: Palette) -> Bytes:
    """Returns a colour for each share, from the ground's for 0 to the first series' for 1.

    Args:
        shares: Any shape.
        colors: Of the theme.

    Returns:
        Red, green and blue, (*shares.shape, 3).
    """
    return signed_colors(-np.abs(shares), 1.0, colors)


def class_mix(probabilities: npt.NDArray[np.floating], colors: Palette) -> Bytes:
    """Returns the classes' colours mixed by their probabilities, faint enough to lie under points.

    Args:
        probabilities: (rows, columns, classes).
        colors: Of the theme.

    Returns:
        Red, green and blue, (rows, columns, 3).
    """
    n_classes = probabilities.shape[2]
    tones = np.array(
        [_rgb(colors.series[index % len(colors.series)]) for index in range(n_classes)]
    )
    shares = np.nan_to_num(np.clip(probabilities, 0, 1), nan=1 / n_classes)
    ground = np.array(_rgb(colors.surface))
    strength = 0.45 if colors.is_dark else 0.4
    mixed = ground + strength * (shares @ tones - ground * shares.sum(axis=2, keepdims=True))
    faint: Bytes = np.clip(mixed, 0, 255).round().astype(np.uint8)
    return faint


def readable_on(background: str, colors: Palette) -> str:
    """Returns the theme's text colour or its opposite, whichever is easier to read.

    Contrast as defined by WCAG 2.2.
    """
    choices = (colors.text, "#ffffff" if not colors.is_dark else "#0d1526")
    ground = _luminance(background)

    def contrast(color: str) -> float:
        bright, dark = sorted((_luminance(color), ground), reverse=True)
        return (bright + 0.05) / (dark + 0.05)

    return max(choices, key=contrast)


def _luminance(color: str) -> float:
    linear = [
        channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
        for channel in (part / 255 for part in _rgb(color))
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _rgb(color: str) -> tuple[int, int, int]:
    parts = QColor(color)
    return parts.red(), parts.green(), parts.blue()
