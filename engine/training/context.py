"""RunContext: a run, as everything that trains it knows it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from engine.events.run_events import RunEvent
from engine.training.control import TrainingControl
from engine.training.run_place import RunPlace


@dataclass(frozen=True)
class RunContext:
    """A run, as everything that trains it knows it.

    Attributes:
        id: Put on every event.
        name: What people call it.
        folder: Checkpoints, model and evaluation go there, unless `place` says where.
        emit: Told every event of the run but the last, in order.
        control: What is asked of the run meanwhile.
        flush: Makes every event told so far durable.
        place: Where they go, if that may change.
    """

    id: str
    name: str
    folder: Path
    emit: Callable[[RunEvent], None]
    control: TrainingControl
    flush: Callable[[], None] = lambda: None
    place: RunPlace | None = None
