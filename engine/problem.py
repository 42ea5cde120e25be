"""What is to be learnt: the kind of data, the task, and the shapes a model must fit."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What one example is."""

    TABLE = "table"
    IMAGE = "image"


class Task(StrEnum):
    """What the model predicts."""

    CLASSIFICATION = "classification"
    REGRESSION = "regression"


@dataclass(frozen=True)
class Signature:
    """Everything an architecture needs to know of the data.

    Attributes:
        kind: What one example is.
        task: What is predicted.
        input_shape: Shape of one example: (features,) or (height, width, channels).
        n_classes: Number of classes; 0 for regression.
    """

    kind: Kind
    task: Task
    input_shape: tuple[int, ...]
    n_classes: int = 0

    @property
    def is_binary(self) -> bool:
        """Two classes, predicted by one sigmoid unit."""
        return self.task is Task.CLASSIFICATION and self.n_classes == 2

    @property
    def n_outputs(self) -> int:
        """Units of the output layer."""
        return 1 if self.task is Task.REGRESSION or self.is_binary else self.n_classes

    @property
    def n_inputs(self) -> int:
        """Numbers in one example."""
        return math.prod(self.input_shape)

    def to_dict(self) -> dict[str, Any]:
        """Returns JSON-ready values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Signature:
        """Rebuilds what `to_dict` returned."""
        return cls(
            Kind(values["kind"]),
            Task(values["task"]),
            tuple(values["input_shape"]),
            values["n_classes"],
        )
