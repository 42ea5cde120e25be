"""CurveData: what one metric of a run was, by step and by epoch; knows nothing of Qt."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from gui.plots.buffers import GrowingArray, Pyramid
from gui.plots.smoothing import MovingAverage

X_AXES: Final = ("step", "epoch", "time")
SMOOTHED_AT_ONCE: Final = 50_000
"""Values smoothed in one redraw: about 7 ms. The rest follows in the next ones."""

Floats = npt.NDArray[np.float64]


class CurveData:
    """Values of a metric: of each batch, and of each epoch in training and validation.

    Step 1 is the first one; the value of step ``n`` lies at index ``n - 1``.
    """

    def __init__(self) -> None:
        self.steps_per_epoch = 0
        self.batches = Pyramid()
        self._strength = 0.0
        self._average: MovingAverage | None = None
        self.smoothed = Pyramid()
        self._marks_step = GrowingArray()
        self._marks_time = GrowingArray()
        self.epochs = GrowingArray()
        self.epoch_steps = GrowingArray()
        self.epoch_times = GrowingArray()
        self.train = GrowingArray()
        self.validation = GrowingArray()
        self.first_not_finite: int | None = None

    def __len__(self) -> int:
        return len(self.batches)

    @property
    def is_empty(self) -> bool:
        """Nothing was added."""
        return not len(self.batches) and not len(self.epochs)

    @property
    def strength(self) -> float:
        """Of the smoothing; 0 for none."""
        return self._strength

    def append_steps(
        self, first_step: int, values: npt.NDArray[np.floating], elapsed_s: float
    ) -> None:
        """Adds the values of a chunk of steps; see `CurvesPlot.append_steps`."""
        if first_step < len(self.batches):
            self.rewind(first_step)
        elif first_step > len(self.batches):
            self.batches.append(np.full(first_step - len(self.batches), np.nan, np.float32))
        if not len(values):
            return
        if self.first_not_finite is None and not np.isfinite(values).all():
            self.first_not_finite = first_step + 1 + int(np.argmin(np.isfinite(values)))
        if not len(self._marks_step) or self._marks_step.values[-1] < first_step:
            self._marks_step.append(first_step)
            last = self._marks_time.values[-1] if len(self._marks_time) else 0.0
            self._marks_time.append(last)
        self.batches.append(values)
        self._mark(first_step + len(values), elapsed_s)

    def append_epoch(
        self,
        epoch: int,
        step: int,
        elapsed_s: float,
        train: float | None,
        validation: float | None,
    ) -> None:
        """Adds the means of an epoch; one that is there already is replaced."""
        known = int(np.searchsorted(self.epochs.values, epoch))
        for array, value in (
            (self.epochs, epoch),
            (self.epoch_steps, step),
            (self.epoch_times, elapsed_s),
            (self.train, np.nan if train is None else train),
            (self.validation, np.nan if validation is None else validation),
        ):
            array.truncate(known)
            array.append(float(value))
        if not self.steps_per_epoch and epoch > 0:
            self.steps_per_epoch = max(1, round(step / epoch))

    def set_smoothing(self, strength: float) -> None:
        """Chooses the strength; `smooth` then works through the values."""
        self._average = MovingAverage(strength) if strength > 0 else None
        self._strength = strength
        self.smoothed = Pyramid()

    def smooth(self) -> bool:
        """Smooths some more values; returns whether some are left."""
        if self._average is None:
            return False
        done = len(self.smoothed)
        part = self.batches.values[done : done + SMOOTHED_AT_ONCE]
        self.smoothed.append(self._average.extend(part))
        return len(self.smoothed) < len(self.batches)

    # ---- the horizontal axis

    def x_of_steps(self, steps: npt.ArrayLike, axis: str) -> Floats:
        """Returns where steps lie on an axis: ``step``, ``epoch`` or ``time`` (seconds)."""
        numbers = np.asarray(steps, np.float64)
        if axis == "epoch":
            return _along(numbers, *self._epoch_knots(), 1 / max(1, self.steps_per_epoch))
        if axis == "time":
            return self._interpolate(numbers)
        return numbers

    def steps_of_x(self, x: float, axis: str) -> float:
        """Returns the step at a place on an axis."""
        if axis == "epoch":
            steps, epochs = self._epoch_knots()
            return float(_along(np.array([x]), epochs, steps, max(1, self.steps_per_epoch))[0])
        if axis == "time":
            steps, times = self._clock()
            return float(np.interp(x, times, steps)) if len(times) else 0.0
        return x

    def x_of_epochs(self, axis: str) -> Floats:
        """Returns where the ends of the epochs lie on an axis, (epochs,)."""
        by_axis = {"step": self.epoch_steps, "epoch": self.epochs, "time": self.epoch_times}
        values: Floats = by_axis[axis].values
        return values

    def end(self, axis: str) -> float:
        """Returns where the data ends on an axis; 0 where there is none."""
        ends = [0.0]
        if len(self.batches):
            ends.append(float(self.x_of_steps(len(self.batches), axis)))
        if len(self.epochs):
            ends.append(float(self.x_of_epochs(axis)[-1]))
        return max(end for end in ends if np.isfinite(end))

    def _epoch_knots(self) -> tuple[Floats, Floats]:
        """Returns steps and the epochs complete then; a batch of another size moves them."""
        steps = np.concatenate(([0.0], self.epoch_steps.values))
        return steps, np.concatenate(([0.0], self.epochs.values))

    def _interpolate(self, steps: Floats) -> Floats:
        known, times = self._clock()
        if not len(known):
            return np.full(steps.shape, np.nan)
        return np.interp(steps, known, times)

    def _clock(self) -> tuple[Floats, Floats]:
        """Returns steps and the seconds at which they were done, both growing."""
        if len(self._marks_step):
            return self._marks_step.values, self._marks_time.values
        return self.epoch_steps.values, self.epoch_times.values

    def _mark(self, step: int, elapsed_s: float) -> None:
        last = float(self._marks_time.values[-1]) if len(self._marks_time) else 0.0
        self._marks_step.append(step)
        self._marks_time.append(max(last, elapsed_s))

    def set_clock(self, steps: Floats, times: Floats) -> None:
        """Says when steps were done, for a stored run whose chunks are not known any more."""
        for array, values in ((self._marks_step, steps), (self._marks_time, times)):
            array.truncate(0)
            array.append(values)

    def rewind(self, n_steps: int) -> None:
        """Forgets what lies behind some steps: the run went back to a checkpoint."""
        self.batches.truncate(n_steps)
        kept = int(np.searchsorted(self._marks_step.values, n_steps, side="right"))
        self._marks_step.truncate(kept)
        self._marks_time.truncate(kept)
        kept = int(np.searchsorted(self.epoch_steps.values, n_steps, side="right"))
        for array in (
            self.epochs,
            self.epoch_steps,
            self.epoch_times,
            self.train,
            self.validation,
        ):
            array.truncate(kept)
        if self.first_not_finite is not None and self.first_not_finite > n_steps:
            self.first_not_finite = None
        if len(self.smoothed) > n_steps:
            self.set_smoothing(self._strength)


def _along(x: Floats, known_x: Floats, known_y: Floats, slope: float) -> Floats:
    """Interpolates, and goes on with a slope behind the last knot."""
    inside = np.interp(x, known_x, known_y)
    beyond = known_y[-1] + (x - known_x[-1]) * slope
    return np.where(x > known_x[-1], beyond, inside)


def logarithm(values: npt.ArrayLike) -> Floats:
    """Returns decimal logarithms; NaN where there is none."""
    numbers = np.asarray(values, np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(numbers > 0, np.log10(numbers), np.nan)
