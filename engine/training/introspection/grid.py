"""Points over the range of one or two features, and who may be drawn over them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.datasets.base import AnyArray
from engine.preprocessing.table import TableInputs
from engine.spec.signature import Kind
from engine.training.introspection.base import Scene

if TYPE_CHECKING:
    from engine.events.messages import FloatArray

MARGIN = 0.1


class Grid:
    """Points over the range of the features and a little more.

    Args:
        scene: Its data.
        n_points: Along each axis.

    Attributes:
        axes: One or two, in the data's own units, each (points,).
        shape: Of the grid: (points,), or (points of axis 1, points of axis 0).
        inputs: What the network receives at each point, (all points, features).
    """

    def __init__(self, scene: Scene, n_points: int) -> None:
        columns = scene.examples.x[:].T
        self.axes: tuple[FloatArray, ...] = tuple(_axis(column, n_points) for column in columns)
        points = np.stack(np.meshgrid(*self.axes), axis=-1)
        self.shape: tuple[int, ...] = points.shape[:-1]
        flat = points.reshape(-1, len(self.axes))
        self.inputs: AnyArray = scene.preprocessing.transform_x(flat)


def n_drawable(scene: Scene) -> int:
    """How many features there are to draw over: 1, 2, or 0 where it cannot be drawn."""
    examples, inputs = scene.examples, scene.preprocessing.inputs
    n_features = len(examples.feature_names)
    is_plain = inputs.raw_shape == (n_features,)
    if isinstance(inputs, TableInputs):  # between two categories there is nothing
        drawn = ("number", "piece")
        is_plain = is_plain and all(feature.kind in drawn for feature in inputs.features)
    else:
        is_plain = is_plain and inputs.output_shape == inputs.raw_shape
    is_drawable = examples.kind is Kind.TABLE and n_features in (1, 2) and is_plain
    return n_features if is_drawable else 0


def _axis(column: FloatArray, n_points: int) -> FloatArray:
    """The range of a feature and a little more, (points,)."""
    low, high = float(np.nanmin(column)), float(np.nanmax(column))  # gaps are NaN
    margin = MARGIN * ((high - low) or 1.0)
    return np.linspace(low - margin, high + margin, n_points, dtype=np.float32)
