"""What every way to explain an example offers: a name, what it fits, and contributions."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import ClassVar

import numpy as np

from engine.datasets.base import AnyArray
from engine.inference.explaining.readouts import Readout
from engine.inference.explaining.subject import Subject
from engine.preprocessing import Preprocessing
from engine.preprocessing.scaling import FloatArray
from engine.spec.signature import Signature

NOT_A_SUM = float("nan")


@dataclass(frozen=True, eq=False)
class Case:
    """One example as it is to be explained.

    Attributes:
        x: As in `Examples.x`, (1, *raw_shape).
        prepared: As the network takes it, (1, …); of one that writes token by token, with what it
            wrote behind it.
        preprocessing: Between the two.
        signature: Of the data.
        background: Examples it is compared with, (n, *raw_shape); None where none are needed.
        columns: Of tables: which columns of `x` each named column has become; else empty.
    """

    x: AnyArray
    prepared: AnyArray
    preprocessing: Preprocessing
    signature: Signature
    background: AnyArray | None = None
    columns: tuple[tuple[int, ...], ...] = ()


@dataclass(frozen=True)
class Effort:
    """How long a method may take.

    Attributes:
        seconds: It ends soon after; what it could not do it tells as an error.
        is_rough: Good enough to compare with another explanation.
    """

    seconds: float = 0.6
    is_rough: bool = False
    _start: float = field(default_factory=time.perf_counter)

    @property
    def is_over(self) -> bool:
        """The time is up."""
        return time.perf_counter() - self._start > self.seconds

    def affordable(self, n_done: int) -> int:
        """How many of what was done so many times the whole time is enough for."""
        passed = time.perf_counter() - self._start
        return int(n_done * self.seconds / max(passed, 1e-6))


@dataclass(frozen=True, eq=False)
class Contributions:
    """What each part of an example adds to a number of the network's output.

    Attributes:
        values: Image: (height, width). Sound: (frames, bands). Clip: (frames, height, width).
            Series: (steps, channels). Text: (tokens,). Table: (columns,).
        baseline: The number for what the example is compared with; NaN: it is compared with
            nothing.
        compared_with: What that is, in words.
        tolerance: How far the sum of the contributions may be from the prediction less the
            baseline; NaN where they are no parts of a sum.
        errors: Standard error of each, of values' shape, where they are sampled; else empty.
    """

    values: FloatArray
    baseline: float = NOT_A_SUM
    compared_with: str = ""
    tolerance: float = NOT_A_SUM
    errors: FloatArray = field(default_factory=lambda: np.zeros(0))


class Method(ABC):
    """A way to explain an example.

    Attributes:
        name: What people type.
        title: What people read.
        reading: Who it is by.
        summary: What its marks mean, in a sentence.
        asks_all_layers: It is checked with all layers shuffled: of networks that are no chain, the
            last ones are not those that matter.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    reading: ClassVar[str] = ""
    summary: ClassVar[str]
    asks_all_layers: ClassVar[bool] = False

    @abstractmethod
    def fits(self, subject: Subject) -> bool:
        """Says whether it can explain what this network says of such data."""

    def rank(self, subject: Subject) -> int:
        """Of methods that fit, those of the lowest rank come first, in the registry's order."""
        return 0

    @abstractmethod
    def explain(
        self, subject: Subject, case: Case, readout: Readout, effort: Effort
    ) -> Contributions:
        """Explains a number of what the network says of an example."""


def over_last_axis(values: AnyArray) -> FloatArray:
    """The sum over the channels of a picture, a sound or a clip."""
    return np.asarray(values.sum(axis=-1, dtype=np.float64))


def cells(shape: Sequence[int], wanted: Sequence[int]) -> list[tuple[slice, ...]]:
    """Divides a grid into about so many cells along each axis."""
    edges = [
        np.unique(np.linspace(0, side, min(side, parts) + 1).astype(int))
        for side, parts in zip(shape, wanted, strict=True)
    ]
    found: list[tuple[slice, ...]] = [()]
    for ends in edges:
        steps = [slice(int(a), int(b)) for a, b in pairwise(ends)]
        found = [(*cell, step) for cell in found for step in steps]
    return found
