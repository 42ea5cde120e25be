"""Preprocessing: what is done to the numbers before the network sees them, and back again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.datasets.base import Examples
from engine.problem import Kind, Task
from engine.spec import PreprocessingSpec

SCHEMA_VERSION = 1

AnyArray = npt.NDArray[np.generic]
FloatArray = npt.NDArray[np.float64]

IMAGE_MAXIMUM = 255.0

# How a metric in scaled units grows with the target's deviation. Others are free of units.
_METRIC_POWERS = {
    "mean_absolute_error": 1,
    "root_mean_squared_error": 1,
    "mean_squared_error": 2,
}


# Arrays have no single truth value, so the generated __eq__ would raise.
@dataclass(frozen=True, eq=False)
class Preprocessing:
    """A fitted scaling, ``(value - offset) / scale``, of inputs and target.

    Attributes:
        task: What is predicted.
        offset: Subtracted from the inputs: (features,), or () for images.
        scale: Divides the inputs: (features,), or () for images; never 0.
        target_offset: Subtracted from the target; 0 for classification.
        target_scale: Divides the target; 1 for classification.
    """

    task: Task
    offset: FloatArray
    scale: FloatArray
    target_offset: float = 0.0
    target_scale: float = 1.0

    @classmethod
    def fit(
        cls,
        examples: Examples,
        train_indices: npt.NDArray[np.int64],
        spec: PreprocessingSpec,
    ) -> Preprocessing:
        """Learns offsets and scales from the training part alone.

        Args:
            examples: All examples.
            train_indices: Those of the training part, (n_train,).
            spec: What is wanted. Images are divided by 255 unless ``none``.
        """
        if examples.kind is Kind.IMAGE:
            offset = np.zeros(())
            scale = np.asarray(1.0 if spec.scaling == "none" else IMAGE_MAXIMUM)
        else:
            offset, scale = _fit_columns(examples.x[train_indices], spec.scaling)
        if examples.task is Task.CLASSIFICATION:
            return cls(examples.task, offset, scale)
        target = examples.y[train_indices][:, np.newaxis]
        target_offset, target_scale = _fit_columns(target, spec.target_scaling)
        return cls(examples.task, offset, scale, float(target_offset[0]), float(target_scale[0]))

    def transform_x(self, x: AnyArray) -> npt.NDArray[np.float32]:
        """Scales inputs, (n_samples, *input_shape), to float32."""
        if self.offset.ndim == 0:
            # Images are many: no float64 copy of them.
            return np.divide(x, self.scale, dtype=np.float32, casting="unsafe")
        scaled = (x.astype(np.float64) - self.offset) / self.scale
        return scaled.astype(np.float32)

    def transform_y(self, y: AnyArray) -> npt.NDArray[np.int64] | npt.NDArray[np.float32]:
        """Scales targets, (n_samples,), to float32; class indices stay, as int64."""
        if self.task is Task.CLASSIFICATION:
            return y.astype(np.int64)
        scaled = (y.astype(np.float64) - self.target_offset) / self.target_scale
        return scaled.astype(np.float32)

    def restore_y(self, y: AnyArray) -> AnyArray:
        """Returns predictions of any shape in the target's own unit, as float64.

        Class indices and probabilities are returned as they are.
        """
        if self.task is Task.CLASSIFICATION:
            return y
        return y.astype(np.float64) * self.target_scale + self.target_offset

    def restore_metric(self, name: str, value: float) -> float:
        """Returns a metric in the target's own unit (or its square).

        Args:
            name: Keras's name, also with ``val_`` or ``test_``. ``loss`` stays as optimised.
            value: As computed on scaled targets.
        """
        plain = name.removeprefix("val_").removeprefix("test_")
        return value * self.target_scale ** _METRIC_POWERS.get(plain, 0)

    def restore_coefficients(
        self, kernel: AnyArray, bias: AnyArray
    ) -> tuple[FloatArray, FloatArray]:
        """Returns the coefficients of a linear model in the data's own units.

        For classification these are the coefficients of the log-odds.

        Args:
            kernel: Weights on scaled inputs, (features, outputs).
            bias: Biases, (outputs,).

        Returns:
            The intercept, (outputs,), and the coefficients, (features, outputs).
        """
        per_unit = kernel.astype(np.float64) / self.scale.reshape(-1, 1)
        intercept = bias.astype(np.float64) - self.offset.reshape(1, -1) @ per_unit
        coefficients = self.target_scale * per_unit
        return self.target_offset + self.target_scale * intercept[0], coefficients

    def to_dict(self) -> dict[str, Any]:
        """Returns JSON-ready values; every number survives JSON bit by bit."""
        return {
            "schema_version": SCHEMA_VERSION,
            "task": self.task.value,
            "offset": self.offset.tolist(),
            "scale": self.scale.tolist(),
            "target_offset": self.target_offset,
            "target_scale": self.target_scale,
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Preprocessing:
        """Rebuilds what `to_dict` returned.

        Raises:
            ValueError: It was written by another version.
        """
        if values["schema_version"] != SCHEMA_VERSION:
            raise ValueError(
                f"Preprocessing of schema {SCHEMA_VERSION} expected. "
                f"Received: {values['schema_version']!r}."
            )
        return cls(
            task=Task(values["task"]),
            offset=np.asarray(values["offset"], dtype=np.float64),
            scale=np.asarray(values["scale"], dtype=np.float64),
            target_offset=float(values["target_offset"]),
            target_scale=float(values["target_scale"]),
        )


def _fit_columns(values: AnyArray, scaling: str) -> tuple[FloatArray, FloatArray]:
    """Offset and scale of each column of (rows, columns)."""
    columns = values.astype(np.float64)
    n_columns = columns.shape[1]
    if scaling == "none":
        return np.zeros(n_columns), np.ones(n_columns)
    minimum, maximum = columns.min(axis=0), columns.max(axis=0)
    if scaling == "minmax":
        offset, scale = minimum, maximum - minimum
    else:
        offset, scale = columns.mean(axis=0), columns.std(axis=0)
    # Rounding leaves a constant column a mean beside its value and a tiny deviation;
    # the deviation of numbers near the smallest there is underflows to 0.
    constant = (minimum == maximum) | (scale < np.finfo(np.float64).tiny)
    return np.where(constant, minimum, offset), np.where(constant, 1.0, scale)
