"""What observers of a training share: the scene they look at, and how often they may look.

Imported by workers only.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from engine.datasets.base import AnyArray, Examples, IndexArray
from engine.events.run_events import RunEvent
from engine.preprocessing import Preprocessing
from engine.spec.formatting import labels_text
from engine.spec.signature import Output, Signature
from engine.training.prepared_data import PreparedData
from engine.training.steps.loop import StepLoop

if TYPE_CHECKING:
    import keras

MIN_INTERVAL_S = 0.1
TIME_SHARE = 0.05
EPOCH_SHARE = 0.2
"""After an epoch more may be asked: texts, forecasts and episodes are what people wait for."""
N_SAMPLES = 8


@dataclass(frozen=True)
class Scene:
    """A training as observers see it.

    Attributes:
        run: Id put on every event.
        network: Built and compiled.
        loop: Runs its steps, and predicts.
        prepared: Spec, data, parts and scaling.
        emit: Told every event.
        will_thaw: Layers that are kept as they are now will learn later.
    """

    run: str
    network: keras.Model
    loop: StepLoop
    prepared: PreparedData
    emit: Callable[[RunEvent], None]
    will_thaw: bool = False

    @property
    def examples(self) -> Examples:
        return self.prepared.examples

    @property
    def preprocessing(self) -> Preprocessing:
        return self.prepared.preprocessing

    @property
    def signature(self) -> Signature:
        return self.prepared.signature

    @cached_property
    def samples(self) -> IndexArray:
        """At most eight examples that are looked at again and again, (n,).

        Of the validation part, or of the training part where that is empty; one of each class
        where there are classes, else drawn evenly.
        """
        parts = self.prepared.parts
        part = parts.validation if len(parts.validation) else parts.train
        if self.examples.output is Output.CLASSES:
            return _one_of_each(part, self.examples.y[part])
        places = np.linspace(0, len(part) - 1, min(len(part), N_SAMPLES))
        return part[np.unique(places.astype(np.int64))]

    def inputs_of(self, indices: IndexArray) -> AnyArray:
        """What the network receives for examples, (n, *input_shape)."""
        return self.preprocessing.transform_x(self.examples.x[indices])

    def names(self, indices: IndexArray) -> tuple[str, ...]:
        """What examples are called: by their class where there are classes."""
        examples = self.examples
        if examples.output is Output.LABELS:
            return tuple(labels_text(row, examples.class_names) for row in examples.y[indices])
        if examples.class_names:
            return tuple(examples.class_names[int(label)] for label in examples.y[indices])
        return tuple(examples.name_of(int(index)) for index in indices)


def _one_of_each(part: IndexArray, labels: AnyArray) -> IndexArray:
    """The first example of each class, then the next of those there are; in order of class."""
    rank = np.zeros(len(part), np.int64)
    for label in np.unique(labels):
        of_class = labels == label
        rank[of_class] = np.arange(np.count_nonzero(of_class))
    chosen = np.lexsort((labels, rank))[:N_SAMPLES]
    return part[chosen[np.lexsort((rank[chosen], labels[chosen]))]]


class Observer:
    """Looks at a network between chunks of steps.

    Args:
        scene: What it looks at.
    """

    def __init__(self, scene: Scene) -> None:
        self.scene = scene

    @classmethod
    def fits(cls, scene: Scene) -> bool:
        """Says whether there is something to see."""
        raise NotImplementedError

    def update(self, force: bool = False) -> None:
        """Asked between chunks; `force`: the weights are final, or others were restored."""

    def epoch_reached(self, epoch: int) -> None:
        """Told when the weights are those after an epoch, from 1: then, and when restored."""

    def renewed(self) -> None:
        """Told when other layers learn from now on; the network is compiled anew, too."""

    def look(self) -> None:
        """Looks at the network now."""
        raise NotImplementedError


class Throttled(Observer):
    """An observer that limits itself: ten looks a second, a twentieth of the training time."""

    min_interval_s = MIN_INTERVAL_S

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self._next_at = 0.0

    def update(self, force: bool = False) -> None:
        """Looks if it is time to, or if forced."""
        started = time.perf_counter()
        if not force and started < self._next_at:
            return
        self.look()
        ended = time.perf_counter()
        self._next_at = ended + max(self.min_interval_s, (ended - started) / TIME_SHARE)


class Epochal(Observer):
    """An observer that looks after epochs: after each, unless that takes too much of the time."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self.epoch = 0
        self._looked_at = 0
        self._next_at = 0.0

    def update(self, force: bool = False) -> None:
        """Catches up with the last epoch, if it was left out."""
        if force and self.epoch != self._looked_at:
            self._look_now()

    def epoch_reached(self, epoch: int) -> None:
        self.epoch = epoch
        if time.perf_counter() >= self._next_at:
            self._look_now()

    def _look_now(self) -> None:
        started = time.perf_counter()
        self._looked_at = self.epoch
        self.look()
        ended = time.perf_counter()
        self._next_at = ended + (ended - started) / EPOCH_SHARE
