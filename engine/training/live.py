"""What can be watched while a model learns: its predictions over a grid, and its coefficients.

Imported by workers only. An observer is asked between chunks and looks only as often as it may
cost: at most ten times a second and a twentieth of the training time.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from engine.datasets.base import Examples
from engine.events import CoefficientsUpdated, FloatArray, RunEvent, SurfaceUpdated
from engine.preprocessing import Preprocessing
from engine.problem import Kind, Output
from engine.training.loop import Array, StepLoop

if TYPE_CHECKING:
    import keras

LINE_POINTS = 200
GRID_POINTS = 60
MARGIN = 0.1
MIN_INTERVAL_S = 0.1
TIME_SHARE = 0.05


class Throttled:
    """An observer that limits itself."""

    def __init__(self) -> None:
        self._next_at = 0.0

    def update(self, force: bool = False) -> None:
        """Looks at the model if it is time to, or if forced."""
        started = time.perf_counter()
        if not force and started < self._next_at:
            return
        self.look()
        ended = time.perf_counter()
        self._next_at = ended + max(MIN_INTERVAL_S, (ended - started) / TIME_SHARE)

    def look(self) -> None:
        """Looks at the model now."""
        raise NotImplementedError


class Surface(Throttled):
    """Predictions over the range of one or two features, in the data's own units."""

    def __init__(
        self,
        run: str,
        loop: StepLoop,
        examples: Examples,
        preprocessing: Preprocessing,
        emit: Callable[[RunEvent], None],
    ) -> None:
        super().__init__()
        self._run = run
        self._loop = loop
        self._emit = emit
        self._preprocessing = preprocessing
        self._signature = preprocessing.signature(examples)
        columns = examples.x[:].T
        self._axes = tuple(_axis(column, len(columns)) for column in columns)
        grid = np.stack(np.meshgrid(*self._axes), axis=-1)
        self._shape = grid.shape[:-1]
        self._inputs = preprocessing.transform_x(grid.reshape(-1, len(self._axes)))

    def look(self) -> None:
        outputs: Array = self._loop.predict(self._inputs, batch_size=len(self._inputs))
        if self._signature.output is Output.NUMBERS:
            outputs = self._preprocessing.restore_y(outputs)
        elif self._signature.is_binary:
            outputs = np.concatenate([1.0 - outputs, outputs], axis=1)
        values = outputs.reshape(*self._shape, -1).astype(np.float32)
        self._emit(SurfaceUpdated(self._run, self._axes, values))


def _axis(column: FloatArray, n_axes: int) -> FloatArray:
    """The range of a feature and a little more, (points,)."""
    low, high = float(np.nanmin(column)), float(np.nanmax(column))  # gaps are NaN
    margin = MARGIN * ((high - low) or 1.0)
    points = LINE_POINTS if n_axes == 1 else GRID_POINTS
    return np.linspace(low - margin, high + margin, points, dtype=np.float32)


class Coefficients(Throttled):
    """The coefficients of a one-layer model, in the data's own units."""

    def __init__(
        self,
        run: str,
        model: keras.Model,
        examples: Examples,
        preprocessing: Preprocessing,
        emit: Callable[[RunEvent], None],
    ) -> None:
        super().__init__()
        self._run = run
        self._layer = model.layers[-1]
        self._preprocessing = preprocessing
        self._emit = emit
        self._terms = ("intercept", *preprocessing.inputs.feature_names)
        self._outputs: tuple[str, ...] = (examples.target_name,)
        if len(examples.class_names) == 2:
            self._outputs = (examples.class_names[1],)
        elif examples.class_names:
            self._outputs = examples.class_names

    def look(self) -> None:
        kernel, bias = (weight.numpy() for weight in self._layer.weights)
        intercept, coefficients = self._preprocessing.restore_coefficients(kernel, bias)
        values = np.concatenate([intercept[np.newaxis], coefficients]).astype(np.float32)
        self._emit(CoefficientsUpdated(self._run, self._terms, self._outputs, values))


def observers(
    run: str,
    model: keras.Model,
    is_linear: bool,
    loop: StepLoop,
    examples: Examples,
    preprocessing: Preprocessing,
    emit: Callable[[RunEvent], None],
) -> tuple[Throttled, ...]:
    """The observers that make sense for this model on this data."""
    found: list[Throttled] = []
    n_features = len(examples.feature_names)
    is_plain = preprocessing.inputs.raw_shape == preprocessing.inputs.output_shape == (n_features,)
    if examples.kind is Kind.TABLE and n_features in (1, 2) and is_plain:
        found.append(Surface(run, loop, examples, preprocessing, emit))
    if is_linear:
        found.append(Coefficients(run, model, examples, preprocessing, emit))
    return tuple(found)
