"""Metrics that Keras lacks. Imported by workers only.

A run's saved model does not hold them: it is written without what only training needs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras


@keras.saving.register_keras_serializable("descent")
class WeightedAbsoluteError(keras.metrics.MeanMetricWrapper):
    """Keras's mean absolute error of several numbers, each with a weight of its own.

    Args:
        weights: How much an error of each number counts, (n_values,); their mean is 1.
        name: What it is called; that of Keras's metric, whose place it takes.
        dtype: What it computes in.
    """

    def __init__(
        self,
        weights: Sequence[float],
        name: str = "mean_absolute_error",
        dtype: Any = None,
    ) -> None:
        self.weights = [float(weight) for weight in weights]
        super().__init__(self._error, name=name, dtype=dtype)

    def _error(self, y_true: Any, y_pred: Any) -> Any:
        """The error of each example, (batch,), for numbers of shape (batch, n_values)."""
        y_pred = keras.ops.convert_to_tensor(y_pred)
        error = keras.ops.abs(keras.ops.cast(y_true, y_pred.dtype) - y_pred)
        weights = keras.ops.convert_to_tensor(self.weights, error.dtype)
        return keras.ops.mean(error * weights, axis=-1)

    def get_config(self) -> dict[str, Any]:
        """Returns what makes the same metric again."""
        return {"name": self.name, "dtype": self.dtype, "weights": self.weights}
