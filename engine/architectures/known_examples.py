"""What an architecture is shown of the data before a training begins."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from engine.datasets.base import AnyArray
from engine.preprocessing.scaling import FloatArray

Blocks = Callable[[], Iterator[tuple[AnyArray, AnyArray]]]


@dataclass(frozen=True)
class LastValue:
    """How the last value of a window stands to targets that continue it.

    Attributes:
        channel: Of the window that is forecast.
        slope: By how much a target grows in its own units where the window's number grows by 1 in
            those of the window, (targets,).
    """

    channel: int
    slope: FloatArray


@dataclass(frozen=True)
class KnownExamples:
    """Examples as the network receives them.

    Attributes:
        train, validation: Give inputs, (n, ...), and targets, (n, targets), block by block; of
            many examples, some that are drawn evenly.
        last: Of series; None where targets do not continue the window.
        loss: What training makes small, by Keras's name.
        train_weights: How much each example of `train` counts, (n,); None: all the same.
    """

    train: Blocks
    validation: Blocks
    last: LastValue | None = None
    loss: str = ""
    train_weights: FloatArray | None = None
