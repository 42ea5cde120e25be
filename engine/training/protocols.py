"""What goes along with a training, as the trainer knows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from engine.training.checkpoint import Snapshot, Weights


class Observer(Protocol):
    """Looks at the model between chunks, for a live view."""

    def update(self, force: bool = False) -> None: ...

    def epoch_reached(self, epoch: int) -> None: ...


class Checkpointer(Protocol):
    """Takes states that must last."""

    @property
    def is_ready(self) -> bool: ...

    def offer(
        self,
        snapshot: Snapshot,
        best: Weights | None,
        saved: Callable[[], None] | None = None,
    ) -> None: ...

    def wait(self) -> None: ...
