"""Schedule: how long, in what portions and how a training learns."""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.spec.training_spec import ScheduleSpec, StoppingSpec


@dataclass(frozen=True)
class Schedule:
    """How long, in what portions and how to train.

    Attributes:
        epochs: Epochs to train.
        batch_size: Examples per step.
        seed: Decides the order of examples in each epoch.
        learning_rate: How it changes, from what the optimizer was compiled with.
        stopping: When training ends early.
    """

    epochs: int
    batch_size: int
    seed: int
    learning_rate: ScheduleSpec = field(default_factory=ScheduleSpec)
    stopping: StoppingSpec = field(default_factory=StoppingSpec)
