"""A learning rate to train with, from the losses of a range test."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]

FEWEST = 10
"""Rates that must have been tried for a curve to say anything."""
CLEAR_FALL = 0.03
"""A loss that falls by less than this share of itself may as well be noise."""
BEGUN = 0.1
"""Share of the whole fall after which the loss counts as falling."""
_REACH = 3
_NICE = (1.0, 2.0, 3.0, 5.0, 10.0)


@dataclass(frozen=True)
class Advice:
    """A learning rate, and why.

    Attributes:
        rate: None where the losses tell nothing.
        reason: In words.
    """

    rate: float | None
    reason: str


def suggest(rates: FloatArray, losses: FloatArray) -> Advice:
    """Suggests a learning rate.

    The smaller of two rules of thumb, both known from fastai's ``lr_find``: where the loss falls
    most steeply, and a tenth of where it is lowest. At the lowest point itself steps are too large
    already: the loss is about to rise.

    Args:
        rates: Rising, (n,).
        losses: Smoothed, (n,), finite.
    """
    if len(rates) < FEWEST:
        if len(rates) == 0:
            return Advice(None, "The loss is not a number from the first step on.")
        return Advice(None, "Too few learning rates were tried to tell.")
    start = float(np.median(losses[:FEWEST]))
    lowest = int(np.argmin(losses))
    first = losses[: max(FEWEST, len(losses) // 4)]
    noise = 1.4826 * float(np.median(np.abs(first - np.median(first))))  # outliers aside
    fall = start - float(losses[lowest])
    if fall < max(CLEAR_FALL * abs(start), 4 * noise) or lowest < 2:
        return Advice(
            None,
            "The loss falls clearly with none of the rates tried. More data in a batch, or another "
            "model, may show more.",
        )
    steepest = float(rates[_steepest(losses[: lowest + 1], start - BEGUN * fall)])
    tenth = float(rates[lowest]) / 10
    best = f"it is lowest at {_plain(float(rates[lowest]))}"
    if steepest <= tenth:
        rate = nice(steepest)
        return Advice(
            rate,
            f"{_plain(rate)}: there the loss falls most steeply; {best}, where steps are "
            "almost too large.",
        )
    rate = nice(tenth)
    return Advice(
        rate,
        f"{_plain(rate)}: a tenth of where the loss is lowest, for {best}, "
        "where steps are almost too large.",
    )


def _steepest(losses: FloatArray, begun: float) -> int:
    """Where the loss falls most steeply, once it has fallen below `begun` for good.

    Before that a noisy loss may fall more steeply by chance.
    """
    above = np.flatnonzero(losses >= begun)
    first = int(above[-1]) if len(above) else 0
    padded = np.pad(losses.astype(np.float64), _REACH, mode="edge")
    kernel = np.bartlett(2 * _REACH + 3)[1:-1]
    smooth = np.convolve(padded, kernel / kernel.sum(), mode="valid")
    slope = np.gradient(smooth)
    return first + int(np.argmin(slope[first:]))


def nice(rate: float) -> float:
    """The nearest rate, in logarithms, of 1, 2, 3 or 5 times a power of ten."""
    power = math.floor(math.log10(rate))
    mantissa = rate / 10**power
    nearest = min(_NICE, key=lambda item: abs(math.log(item / mantissa)))
    return float(f"{nearest * 10.0**power:.1g}")


def _plain(rate: float) -> str:
    """A rate in digits that people read, such as ``0.003`` or ``1e-05``."""
    return f"{rate:.2g}"
