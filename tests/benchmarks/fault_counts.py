"""What is counted of runs that are killed, and how they are compared with one that never was."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from engine.errors import DescentError
from engine.events.messages import Event
from engine.events.run_events import EpochEnded, StepsDone
from engine.runs.store import RunStore
from engine.training.checkpoint import find_checkpoint, read_checkpoint

SPEC: dict[str, Any] = {
    "data": {"source": "digits"},
    "augmentation": {"noise": 0.05},
    "model": {"name": "mlp", "parameters": {"dropout": 0.2, "batch_normalization": True}},
    "training": {"epochs": 30, "batch_size": 8},
    "schedule": {"name": "cosine", "plateau_patience": 2},
    "execution": {"reproducible": True},
    "seed": 1,
}


@dataclass
class Counts:
    """What was found."""

    kills: int = 0
    runs: int = 0
    lost: int = 0
    unreadable: int = 0
    stuck: int = 0
    untold: int = 0
    different: int = 0
    orphans: int = 0
    moments: dict[str, int] = field(default_factory=dict)

    @property
    def is_clean(self) -> bool:
        return not (
            self.lost
            or self.unreadable
            or self.stuck
            or self.untold
            or self.different
            or self.orphans
        )


class Notified:
    """What somebody was told of a run: the value of each step, and each epoch."""

    def __init__(self) -> None:
        self.losses: dict[int, float] = {}
        self.epochs: dict[int, dict[str, float]] = {}

    def note(self, event: Event) -> None:
        if isinstance(event, StepsDone):
            for place, value in enumerate(event.metrics["loss"]):
                self.losses[event.first_step + place] = float(value)
        elif isinstance(event, EpochEnded):
            self.epochs[event.epoch] = event.metrics

    def missing(self, store: RunStore, run: str) -> int:
        """How many of these the workspace does not have."""
        kept = store.steps(run).get("loss", np.empty(0))
        epochs = {event.epoch: event.metrics for event in store.epochs(run)}
        return sum(
            step >= len(kept) or float(kept[step]) != value for step, value in self.losses.items()
        ) + sum(epochs.get(epoch) != metrics for epoch, metrics in self.epochs.items())


def state_of(store: RunStore, run: str) -> dict[str, Any]:
    """Every number a run ends with."""
    found = find_checkpoint(store.folder(run) / "checkpoints").checkpoint
    assert found is not None
    return {
        "variables": dict(found.snapshot.variables),
        "steps": store.steps(run),
        "epochs": [event.metrics for event in store.epochs(run)],
        "metrics": store.get(run).metrics,
    }


def is_same(first: dict[str, Any], second: dict[str, Any]) -> bool:
    """Whether two runs ended alike, bit by bit."""
    return (
        first["epochs"] == second["epochs"]
        and first["metrics"] == second["metrics"]
        and all(
            first[group].keys() == second[group].keys()
            and all(
                np.array_equal(first[group][name], second[group][name]) for name in first[group]
            )
            for group in ("variables", "steps")
        )
    )


def check(counts: Counts, store: RunStore, run: str, notified: Notified) -> None:
    """Counts what a kill has lost or damaged."""
    counts.lost += notified.missing(store, run)
    for path in (store.folder(run) / "checkpoints").glob("[!.]*"):
        try:
            read_checkpoint(path)
        except DescentError as error:
            print(f"  {error.message}", flush=True)
            counts.unreadable += 1
