"""Losses that Keras lacks. Imported by workers only.

A run's saved model does not hold them: it is written without what only training needs.
"""

from __future__ import annotations

from typing import Any

import keras


@keras.saving.register_keras_serializable("descent")
class SmoothedCrossentropy(keras.losses.Loss):
    """`keras.losses.CategoricalCrossentropy` with label smoothing, for classes given as numbers.

    Targets have one axis less than predictions, or a last one of length 1: (batch,) or (batch, 1)
    for (batch, classes), (batch, positions) for (batch, positions, classes). Predictions are
    probabilities.

    Args:
        label_smoothing: Share of certainty spread over all classes (Szegedy et al. 2016,
            https://arxiv.org/abs/1512.00567), from 0 to 1.
        reduction: As Keras names it.
        name: Of the loss.
    """

    def __init__(
        self,
        label_smoothing: float,
        reduction: str = "sum_over_batch_size",
        name: str = "smoothed_crossentropy",
    ) -> None:
        super().__init__(name=name, reduction=reduction)
        self.label_smoothing = label_smoothing

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Returns the loss of each example, or of each of its positions."""
        y_pred = keras.ops.convert_to_tensor(y_pred)
        y_true = keras.ops.convert_to_tensor(y_true)
        if len(y_true.shape) == len(y_pred.shape):
            y_true = keras.ops.squeeze(y_true, axis=-1)
        classes = keras.ops.one_hot(
            keras.ops.cast(y_true, "int32"), y_pred.shape[-1], dtype=y_pred.dtype
        )
        return keras.losses.categorical_crossentropy(
            classes, y_pred, label_smoothing=self.label_smoothing
        )

    def get_config(self) -> dict[str, Any]:
        """Returns what makes the same loss again."""
        return {**super().get_config(), "label_smoothing": self.label_smoothing}
