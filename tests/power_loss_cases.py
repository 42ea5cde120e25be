"""A power cut at a random moment of a run, and what must be found after it."""

from __future__ import annotations

import random
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from engine.events.messages import Event
from engine.events.run_events import EpochEnded, RunStarted
from engine.runs.store import RunStore
from engine.training import checkpoint_writer
from engine.training.checkpoint import Snapshot, find_checkpoint, number_of
from tests.simulated_disk import Moment, SimulatedDisk


class Acknowledged:
    """Takes note of what a run tells, and of the checkpoints that are said to be on the disk."""

    def __init__(self, disk: SimulatedDisk) -> None:
        self._disk = disk
        self._epochs: dict[int, dict[str, float]] = {}

    def __call__(self, event: Event) -> None:
        if isinstance(event, RunStarted):
            self._disk.acknowledge(run=event.run)
        elif isinstance(event, EpochEnded):
            self._epochs = {**self._epochs, event.epoch: dict(event.metrics)}
            self._disk.acknowledge(run=event.run, epochs=self._epochs)

    def watch_checkpoints(self, patch: Callable[[Any, str, Any], None]) -> None:
        """Lets each checkpoint that was written count from its end on."""
        real = checkpoint_writer.write_checkpoint

        def write(path: Path, snapshot: Snapshot) -> None:
            real(path, snapshot)
            if path.name.startswith("checkpoint-"):
                self._disk.acknowledge(checkpoint=number_of(path))

        patch(checkpoint_writer, "write_checkpoint", write)


@dataclass
class Losses:
    """What was found after power cuts; all but the first shall be 0.

    Attributes:
        cuts: How often the power was cut.
        unopened: Workspaces, or runs in them, that cannot be read.
        lost_epochs: Epochs that somebody was told and that are not there.
        changed_epochs: Those that are there with other metrics.
        lost_checkpoints: Cuts after which the newest that was written is missing or damaged.
        ahead: Cuts after which a checkpoint has epochs of which the database knows nothing.
        errors: Why what cannot be read cannot.
    """

    cuts: int = 0
    unopened: int = 0
    lost_epochs: int = 0
    changed_epochs: int = 0
    lost_checkpoints: int = 0
    ahead: int = 0
    errors: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        lost = (self.lost_epochs, self.changed_epochs, self.lost_checkpoints)
        return not any((self.unopened, *lost, self.ahead))


def cut(
    disk: SimulatedDisk, moment: Moment, chance: random.Random, losses: Losses, place: Path
) -> bool:
    """Rebuilds the disk in an empty folder and counts what is missing there.

    Returns:
        Whether there is a run that could go on.
    """
    losses.cuts += 1
    disk.rebuild(moment, chance, place)
    known, run = moment.known, moment.known.get("run", "")
    try:
        with RunStore(place) as store:
            runs = {record.id for record in store.runs()}
            epochs = (
                {event.epoch: dict(event.metrics) for event in store.epochs(run)} if run else {}
            )
            losses.unopened += len(store.bad_rows())
            if run and run not in runs:
                losses.lost_epochs += 1
                return False
    except Exception as error:
        losses.unopened += 1
        losses.errors.append(f"{type(error).__name__}: {error}")
        return False
    for epoch, metrics in known.get("epochs", {}).items():
        losses.lost_epochs += epoch not in epochs
        losses.changed_epochs += epoch in epochs and epochs[epoch] != metrics
    if not run:
        return False
    folder = place / "runs" / run / "checkpoints"
    found = find_checkpoint(folder)
    newest = max((number_of(path) for path in folder.glob("checkpoint-*")), default=-1)
    is_lost = found.checkpoint is None or bool(found.damaged) or newest < known.get("checkpoint", 0)
    losses.lost_checkpoints += "checkpoint" in known and is_lost
    if found.checkpoint is not None:
        losses.ahead += len(found.checkpoint.progress.history) > max(epochs, default=0)
    return found.checkpoint is not None


def cut_often(disk: SimulatedDisk, n_cuts: int, seed: int = 0) -> tuple[Losses, list[Path]]:
    """Cuts the power so many times; every third time just after somebody was told something.

    Returns:
        What was lost; the folders in which a run could go on, in a temporary folder of the caller's
        system, all removed but those of the last ten.
    """
    chance, losses, kept = random.Random(seed), Losses(), []
    told = [now for before, now in pairwise(disk.moments) if now.known is not before.known]
    for number in range(n_cuts):
        place = Path(tempfile.mkdtemp(prefix="power-loss-"))
        moment = chance.choice(told if number % 3 == 0 else disk.moments)
        can_go_on = cut(disk, moment, chance, losses, place)
        if can_go_on:
            kept.append(place)
        else:
            shutil.rmtree(place, ignore_errors=True)
        while len(kept) > 10:
            shutil.rmtree(kept.pop(0), ignore_errors=True)
    return losses, kept
