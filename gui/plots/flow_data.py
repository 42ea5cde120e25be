"""FlowHistory: the gradient flow of a run as it grows, and what a heat map shows of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
import numpy.typing as npt

from engine.events.insights import GradientFlow

Floats = npt.NDArray[np.float64]

MAX_MEASUREMENTS: Final = 2_000
"""Beyond them every second one is forgotten; no map shows as many."""


class Quantity(StrEnum):
    """What is shown of each layer."""

    GRADIENT = "gradient_norms"
    UPDATE = "update_ratios"
    WEIGHT = "weight_norms"
    DEAD = "dead_units"


@dataclass(frozen=True)
class FlowScale:
    """What the colours of a map reach over.

    Attributes:
        low, high: Ends: exponents of ten, or shares where `is_log` is False.
        is_log: Values are shown by their logarithm.
    """

    low: float
    high: float
    is_log: bool

    def places(self, values: Floats) -> Floats:
        """Where values are on the scale, from 0 to 1; NaN for what has no place on it."""
        with np.errstate(divide="ignore", invalid="ignore"):
            found = np.log10(values) if self.is_log else values
            shares: Floats = (found - self.low) / (self.high - self.low)
        # Nothing at all has no logarithm; what is beyond all numbers is at the end.
        return np.where(np.isneginf(shares) | np.isnan(shares), np.nan, np.clip(shares, 0, 1))


class FlowHistory:
    """What was measured in a run, by step."""

    def __init__(self) -> None:
        self.layers: tuple[str, ...] = ()
        self._size = 0
        self._steps = np.empty(0)
        self._epochs = np.empty(0)
        self._values = np.empty((0, len(Quantity), 0), np.float32)

    def __len__(self) -> int:
        return self._size

    def clear(self) -> None:
        """Forgets everything."""
        self.__init__()  # type: ignore[misc]

    def add(self, event: GradientFlow) -> None:
        """Takes a measurement; those of later steps are forgotten: the run went back to there."""
        if event.layers:
            values = np.stack([getattr(event, quantity) for quantity in Quantity])
            self._add(event.layers, event.step, event.epoch, values)

    def put_before(self, events: Sequence[GradientFlow]) -> None:
        """Takes what was measured before all there is; what there is of later steps stays."""
        layers, size = self.layers, self._size
        steps, epochs, values = self._steps, self._epochs, self._values
        self.clear()
        for event in events:
            if not size or event.step < steps[0]:
                self.add(event)
        for place in range(size):
            self._add(layers, steps[place], epochs[place], values[place])

    def _add(
        self, layers: tuple[str, ...], step: float, epoch: float, values: npt.NDArray[np.float32]
    ) -> None:
        if layers != self.layers:
            self.clear()
            self.layers = layers
        self._size = int(np.searchsorted(self._steps[: self._size], step))
        if self._size == MAX_MEASUREMENTS:
            self._thin_out()
        if self._size == len(self._steps):
            self._grow()
        self._steps[self._size] = step
        self._epochs[self._size] = epoch
        self._values[self._size] = values
        self._size += 1

    def _grow(self) -> None:
        room = max(64, 2 * len(self._steps))
        steps, epochs, values = self._steps, self._epochs, self._values
        self._steps, self._epochs = np.empty(room), np.empty(room)
        self._values = np.empty((room, len(Quantity), len(self.layers)), np.float32)
        if self._size:
            self._steps[: self._size] = steps[: self._size]
            self._epochs[: self._size] = epochs[: self._size]
            self._values[: self._size] = values[: self._size]

    def _thin_out(self) -> None:
        kept = np.arange(0, self._size, 2)
        for array in (self._steps, self._epochs, self._values):
            array[: len(kept)] = array[kept]
        self._size = len(kept)

    @property
    def epochs(self) -> Floats:
        """Epochs done at each measurement, (measurements,)."""
        return self._epochs[: self._size]

    def step(self, place: int) -> int:
        """Steps done at a measurement."""
        return int(self._steps[: self._size][place])

    def values(self, quantity: Quantity) -> Floats:
        """Of every measurement, (layers, measurements)."""
        place = list(Quantity).index(quantity)
        return self._values[: self._size, place].T.astype(np.float64)

    def newest(self, quantity: Quantity) -> Floats:
        """What is now, (layers,)."""
        return self.values(quantity)[:, -1]

    def measurement_at(self, share: float) -> int:
        """Which measurement holds at a place from 0, the first epoch shown, to 1, the last."""
        return int(self._holding(np.array([share]))[0])

    def places(self, n_columns: int) -> npt.NDArray[np.intp]:
        """Which measurement each column of a picture shows, (columns,); time runs evenly."""
        return self._holding((np.arange(n_columns) + 0.5) / n_columns)

    def _holding(self, shares: Floats) -> npt.NDArray[np.intp]:
        first, last = self.epochs[0], self.epochs[-1]
        # The last measurement is as wide as the way to it was on average.
        end = last + (last - first) / max(1, self._size - 1)
        at = first + shares * (end - first)
        found: npt.NDArray[np.intp] = np.searchsorted(self.epochs, at, "right") - 1
        return found.clip(0, self._size - 1)

    def scale(self, quantity: Quantity) -> FlowScale:
        """What the colours reach over: whole powers of ten around all values, or all shares."""
        if quantity is Quantity.DEAD:
            return FlowScale(0.0, 1.0, is_log=False)
        values = self.values(quantity)
        known = np.log10(values[np.isfinite(values) & (values > 0)])
        if not known.size:
            return FlowScale(-1.0, 0.0, is_log=True)
        low, high = np.floor(known.min()), np.ceil(known.max())
        return FlowScale(float(low), float(max(high, low + 1)), is_log=True)
