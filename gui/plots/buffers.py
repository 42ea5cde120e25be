"""Arrays that grow, and a pyramid of extremes that makes a million points cheap to draw."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

FACTOR: Final = 8
"""How many entries of one level make one of the next."""


class GrowingArray:
    """A one-dimensional array with room at its end, doubled when it is full.

    Args:
        dtype: Of its values.
    """

    def __init__(self, dtype: npt.DTypeLike = np.float64) -> None:
        self._room: npt.NDArray[Any] = np.empty(64, dtype)
        self._size = 0

    def __len__(self) -> int:
        return self._size

    @property
    def values(self) -> npt.NDArray[Any]:
        """What is in it, as a view, (values,)."""
        return self._room[: self._size]

    def append(self, values: npt.ArrayLike) -> None:
        """Adds values at the end, (new,)."""
        new = np.atleast_1d(np.asarray(values, self._room.dtype))
        needed = self._size + len(new)
        if needed > len(self._room):
            room = np.empty(max(needed, 2 * len(self._room)), self._room.dtype)
            room[: self._size] = self.values
            self._room = room
        self._room[self._size : needed] = new
        self._size = needed

    def truncate(self, size: int) -> None:
        """Drops what lies behind the first values."""
        self._size = min(self._size, max(0, size))


class Pyramid:
    """A series of values with the minimum and maximum of every 8, 64, 512… of them.

    Appending costs what is appended; asking for a picture costs its number of bars, however long
    the series is. Values that are not finite are kept but are no minimum and no maximum.
    """

    def __init__(self) -> None:
        self._raw = GrowingArray(np.float32)
        self._low: list[GrowingArray] = []
        self._high: list[GrowingArray] = []

    def __len__(self) -> int:
        return len(self._raw)

    @property
    def values(self) -> npt.NDArray[np.float32]:
        """All values, as a view, (values,)."""
        return self._raw.values

    def append(self, values: npt.ArrayLike) -> None:
        """Adds values at the end, (new,)."""
        self._raw.append(values)
        low = high = self._raw.values
        level = 0
        while len(low) >= FACTOR:
            if level == len(self._low):
                self._low.append(GrowingArray(np.float32))
                self._high.append(GrowingArray(np.float32))
            done = len(self._low[level])
            complete = len(low) // FACTOR
            if complete > done:
                part = slice(done * FACTOR, complete * FACTOR)
                self._low[level].append(_reduce(np.fmin, low[part], FACTOR, level == 0))
                self._high[level].append(_reduce(np.fmax, high[part], FACTOR, level == 0))
            low, high = self._low[level].values, self._high[level].values
            level += 1

    def truncate(self, size: int) -> None:
        """Drops what lies behind the first values."""
        self._raw.truncate(size)
        for level, (low, high) in enumerate(zip(self._low, self._high, strict=True)):
            low.truncate(size // FACTOR ** (level + 1))
            high.truncate(size // FACTOR ** (level + 1))

    def bars(
        self, first: int, last: int, width: int
    ) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float32], npt.NDArray[np.float32], int]:
        """Returns the extremes of equal stretches of the series.

        The stretches lie at multiples of their length, a power of two: appending moves none.

        Args:
            first, last: Indices that must be covered, the last one exclusive.
            width: How many stretches there is room for.

        Returns:
            Index in the middle of each stretch, minima, maxima (each (stretches,)), and the
            length of a stretch. Stretches without a finite value are left out.
        """
        first, last = max(0, first), min(len(self), last)
        if last <= first:
            nothing = np.empty(0, np.float32)
            return np.empty(0), nothing, nothing, 1
        length = 1
        while (last - first) / length > max(1, width):
            length *= 2
        first -= first % length
        whole = first + (last - first) // length * length
        low, high = self._extremes(first, whole, length)
        middle = first + np.arange(len(low), dtype=np.float64) * length + (length - 1) / 2
        if whole < last:
            rest_low, rest_high = self._extremes(whole, last, last - whole)
            low, high = np.append(low, rest_low), np.append(high, rest_high)
            middle = np.append(middle, (whole + last - 1) / 2)
        shown = np.isfinite(low)
        return middle[shown], low[shown], high[shown], length

    def _extremes(
        self, first: int, last: int, length: int
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Returns minima and maxima of stretches; ``last - first`` is a multiple of ``length``."""
        level, size = 0, 1
        while (
            level < len(self._low)
            and length % (size * FACTOR) == 0
            and first % (size * FACTOR) == 0
            and len(self._low[level]) * size * FACTOR >= last
        ):
            level += 1
            size *= FACTOR
        part = slice(first // size, last // size)
        if level == 0:
            raw = self._raw.values[part]
            return (
                _reduce(np.fmin, raw, length, True),
                _reduce(np.fmax, raw, length, True),
            )
        low, high = self._low[level - 1].values[part], self._high[level - 1].values[part]
        return (
            _reduce(np.fmin, low, length // size, False),
            _reduce(np.fmax, high, length // size, False),
        )


def _reduce(
    smallest: np.ufunc, values: npt.NDArray[np.float32], length: int, is_raw: bool
) -> npt.NDArray[np.float32]:
    """Returns one extreme of every ``length`` values; what is not finite counts for nothing."""
    if is_raw and not np.isfinite(values).all():
        values = np.where(np.isfinite(values), values, np.float32(np.nan))
    if length == 1 or len(values) == 0:
        return values
    reduced: npt.NDArray[np.float32] = smallest.reduce(values.reshape(-1, length), axis=1)
    return reduced
