"""What every simple model offers: it learns from the same examples, within bounds, and predicts."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from engine.datasets.base import AnyArray, Examples, IndexArray
from engine.preprocessing import Preprocessing

Predict = Callable[[IndexArray], AnyArray]
"""Returns outputs as `Predictions.outputs` holds them, for examples by their index."""

CHUNK = 4_096
"""Examples that are held at once."""


@dataclass(frozen=True, eq=False)
class Lesson:
    """What a simple model learns from.

    Attributes:
        examples: All of the data.
        train: Its training part.
        validation: What settings are chosen by; may be empty.
        preprocessing: Of the run's own model.
        deadline: When to be done, by `time.monotonic`; what takes longer stops learning.
        unusual: Known to be unusual, in no part; thresholds are chosen by it.
        notes: Is given what people should know, such as that a sample was learnt from.
    """

    examples: Examples
    train: IndexArray
    validation: IndexArray
    preprocessing: Preprocessing
    deadline: float
    unusual: IndexArray = field(default_factory=lambda: np.zeros(0, np.int64))
    notes: list[str] = field(default_factory=list)

    @property
    def is_over(self) -> bool:
        """There is no time left."""
        return time.monotonic() >= self.deadline

    def some(self, rows: IndexArray, most: int) -> IndexArray:
        """At most so many of the rows, drawn at random but always the same; told if not all."""
        if len(rows) <= most:
            return rows
        self.notes.append(f"learnt from {most:,} of {len(rows):,} examples")
        return np.sort(np.random.default_rng(0).choice(rows, most, replace=False))

    def chosen_by(self, most: int) -> IndexArray:
        """Examples that settings are chosen by: of the validation part at most so many."""
        return self.validation[:: max(1, -(-len(self.validation) // most))]

    def numbers(self, rows: IndexArray) -> AnyArray:
        """Targets that are numbers, (n, n_values)."""
        y: AnyArray = self.examples.y[rows]
        return y.reshape(len(rows), -1).astype(np.float64)


class Baseline(ABC):
    """A simple model.

    Attributes:
        name: Stable, for scripts.
        title: What people read.
    """

    name: ClassVar[str]
    title: str

    @abstractmethod
    def applies(self, examples: Examples) -> bool:
        """Whether it can predict for such data at all."""

    @abstractmethod
    def fit(self, lesson: Lesson) -> Predict:
        """Learns.

        Raises:
            ValueError: The data is none to learn from.
        """


def all_classes(outputs: AnyArray, classes: AnyArray, n_classes: int) -> AnyArray:
    """Probabilities of the classes that were learnt, (n, learnt), as those of all, (n, classes)."""
    found = np.zeros((len(outputs), n_classes))
    found[:, classes.astype(np.int64)] = outputs
    return found
