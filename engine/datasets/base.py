"""What every kind of data offers: a description without loading, and examples when asked."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.parameters import Parameters
from engine.problem import Kind, Signature, Task


class NoParameters(Parameters):
    """For datasets that have nothing to set."""


@dataclass(frozen=True)
class Examples:
    """Loaded examples, before any split or scaling.

    Attributes:
        x: Inputs, (n_samples, *input_shape). Tables float64, so that scaling sees what the file
            says; images uint8, 0 to 255.
        y: Targets, (n_samples,). Class indices as int64, or float64 for regression.
        kind: What one example is.
        task: What is predicted.
        feature_names: Column names of a table, one per feature; empty for images.
        target_name: What `y` is called.
        class_names: Names of the classes in index order; empty for regression.
        notes: What people should know of the data, one sentence each: rows left out, columns
            that were understood in a way that could surprise, the truth behind made data.
    """

    x: npt.NDArray[np.generic]
    y: npt.NDArray[np.generic]
    kind: Kind
    task: Task
    feature_names: tuple[str, ...] = ()
    target_name: str = "target"
    class_names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def n_samples(self) -> int:
        return len(self.x)

    @property
    def signature(self) -> Signature:
        return Signature(self.kind, self.task, self.x.shape[1:], len(self.class_names))


class Dataset(ABC):
    """A source of examples someone can pick.

    Attributes:
        name: What people type: lower case, digits and underscores; for a file, its path.
        title: What people read.
        description: One or two sentences: what it holds, where it comes from.
        kind: What one example is.
        task: What is predicted; None where only loading tells.
        recommended_model: Name of the architecture to start with.
        parameters: The declared parameters of `load`.
    """

    name: str
    title: str
    description: str
    kind: Kind
    task: Task | None
    recommended_model: str
    parameters: type[Parameters] = NoParameters

    @abstractmethod
    def load(self, parameters: Any) -> Examples:
        """Returns all examples.

        Args:
            parameters: An instance of `self.parameters`.

        Raises:
            DatasetError: The data cannot be read.
        """
