"""Which values of pixels are black and white: told by the values there are, not by their type."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.datasets.base import AnyArray
from engine.errors import DatasetError
from engine.spec.parameters import Parameters, parameter

Pixels = npt.NDArray[np.uint8]

DEPTHS = (255, 1_023, 4_095, 16_383, 65_535)
"""White of 8, 10, 12, 14 and 16 bits, as cameras and scanners write them."""
FEW_STEPS = 16
"""Whole numbers up to this are no brightness of 8 bits but steps, such as those of a mask."""
# Values of less than this share of the way from 0 up to them keep hardly 32 of 256 steps.
_NARROW = 1 / 8
# Of new values, as many may lie far outside.
_FEW_OUTSIDE = 0.1


class RangeParameters(Parameters):
    """What is black and white, where people say so."""

    black: float | None = parameter(
        None,
        label="Black",
        help="The value that is black, in images of more than 8 bits; where there are none, in "
        "all. Left open: told by the values of all of them.",
        advanced=True,
    )
    white: float | None = parameter(
        None,
        label="White",
        help="The value that is white, likewise.",
        advanced=True,
    )


@dataclass(frozen=True)
class PixelRange:
    """Which numbers are black and white.

    Attributes:
        low, high: They become 0 and 255; what lies outside becomes black or white.
    """

    low: float = 0.0
    high: float = 255.0

    @property
    def is_bytes(self) -> bool:
        """Bytes as they are."""
        return (self.low, self.high) == (0, 255)

    def pixels(self, values: AnyArray) -> Pixels:
        """Returns bytes, 0 to 255, rounded; of the shape of `values`."""
        if values.dtype == np.uint8 and self.is_bytes:
            return values
        is_float = values.dtype.kind == "f"  # which may hold anything
        numbers: npt.NDArray[np.floating] = values.astype(np.float64 if is_float else np.float32)
        scaled = (numbers - self.low) * (255.0 / (self.high - self.low))
        pixels: Pixels = np.clip(np.rint(scaled), 0, 255).astype(np.uint8)
        return pixels

    @classmethod
    def of(cls, lowest: float, highest: float, is_whole: bool) -> PixelRange:
        """The usual range of pixels that values between these were taken from."""
        if is_whole and lowest >= 0 and FEW_STEPS < highest <= 255:
            return cls(0, 255)
        if lowest >= 0 and highest <= 1:
            return cls(0, 1)
        if not is_whole and lowest >= -1 and highest <= 1:
            return cls(-1, 1)
        if not is_whole and lowest >= 0 and FEW_STEPS < highest <= 255:
            return cls(0, 255)
        if 0 < highest - lowest <= _NARROW * highest:
            return cls(lowest, highest)
        return cls(min(lowest, 0), highest if highest > lowest else lowest + 1)

    @classmethod
    def of_files(cls, lowest: float, highest: float, is_whole: bool) -> PixelRange:
        """As `of`, but whole numbers beyond 8 bits end at the next of the usual `DEPTHS`."""
        usual = cls.of(lowest, highest, is_whole)
        if not is_whole or usual.low != 0 or not 255 < highest <= DEPTHS[-1]:
            return usual
        return cls(0, next(depth for depth in DEPTHS if depth >= highest))

    def asked(self, black: float | None, white: float | None) -> PixelRange:
        """The range with what people say instead.

        Raises:
            DatasetError: White is not above black.
        """
        low = self.low if black is None else black
        high = self.high if white is None else white
        if low >= high:
            raise DatasetError(
                f"White must be above black. Received: {number_text(low)} as black and "
                f"{number_text(high)} as white.",
                "Set both, or neither.",
            )
        return PixelRange(low, high)

    def misfit(self, values: AnyArray) -> str:
        """Says that new values are of another range, so that nearly all would be black or white.

        Args:
            values: Of one image or several, at least one.

        Returns:
            A sentence; empty where they may be of this range.
        """
        lowest, highest = float(values.min()), float(values.max())
        wide = self.high - self.low
        is_fraction = values.dtype.kind == "f" and wide > FEW_STEPS and 0 <= lowest < highest <= 1
        outside = values[(values < self.low - wide) | (values > self.high + wide)]
        # A value that stands for none, or a few hot pixels, are cut off as in training.
        is_few = outside.size <= _FEW_OUTSIDE * values.size or bool(np.ptp(outside) == 0)
        if is_few and not is_fraction:
            return ""
        return f"{number_text(lowest)} to {number_text(highest)}, where the model knows {self}."

    def __str__(self) -> str:
        return f"{number_text(self.low)} (black) to {number_text(self.high)} (white)"


def number_text(value: float) -> str:
    """A value of a pixel for people."""
    return f"{value:,.0f}" if value == round(value) else f"{value:.4g}"
