"""What a run goes on from, whether it can, and when it is taken up. Used by `running` alone."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import CheckpointsLost, DescentError, WorkspaceError
from engine.events.run_events import RunEvent, RunState, StateChanged
from engine.runs.record import RunRecord
from engine.training.checkpoint_writer import BEGUN

if TYPE_CHECKING:
    from engine.runs.store import RunStore
    from engine.spec.run_spec import RunSpec
    from engine.training.checkpoint import Checkpoint, Damage, Found

_NAMED = 3
"""Damaged checkpoints that are named; of more, the number is said."""


class HeldEvents:
    """Holds back what happens in a run that goes on, until its model has taken its checkpoint.

    Whatever is refused before leaves nothing behind: no event, no other state.

    Attributes:
        emit: Told the events, in order.
        is_open: Nothing is held back any more.

    Args:
        take_up: Makes the run active again; called once, before the first event is told.
        is_open: Nothing is held back; `take_up` is not called.
    """

    def __init__(self, take_up: Callable[[], None], is_open: bool) -> None:
        self.emit: Callable[[RunEvent], None] = _nobody
        self._take_up = take_up
        self._guard = threading.RLock()
        self._held: list[RunEvent] = []
        self.is_open = is_open

    def __call__(self, event: RunEvent) -> None:
        """Takes an event; the first that says that the run is training opens the way."""
        if self.is_open:
            self.emit(event)
            return
        with self._guard:
            self._held.append(event)
            if isinstance(event, StateChanged) and event.state is RunState.RUNNING:
                self.open()

    def open(self) -> None:
        """Takes the run up and tells what was held back.

        Raises:
            DescentError: It cannot be taken up, and is as it was.
        """
        with self._guard:
            if self.is_open:
                return
            self._take_up()
            self.is_open = True
            for event in self._held:
                self.emit(event)
            self._held.clear()


def check_idle(record: RunRecord) -> None:
    """Makes sure that nobody trains a run, and that it is not deleted.

    Raises:
        WorkspaceError: It cannot go on.
    """
    if record.deleted_at is not None:
        raise WorkspaceError(
            f"The run '{record.name}' was deleted.", "Restore it first, then continue it."
        )
    if record.state.is_active and record.owner.is_alive:
        raise WorkspaceError(
            f"The run '{record.name}' is being trained by process {record.owner_pid}.",
            "Wait for it to end, or stop it there.",
        )


def check_not_lost(record: RunRecord, found: Found, folder: Path) -> None:
    """Makes sure that a run that had checkpoints has one to go on from.

    One that ended before its first begins anew, for there is nothing else to go on from.

    Args:
        record: The run.
        found: What it could go on from.
        folder: Where its checkpoints lie.

    Raises:
        CheckpointsLost: It has none any more.
    """
    if found.checkpoint is not None:
        return
    hint = (
        "Begin it again as a new run; this one stays as it is, and its metrics can still be looked "
        "at."
    )
    if found.damaged:
        raise CheckpointsLost(
            f"The run '{record.name}' cannot go on: none of its checkpoints can be read. "
            f"Received: {_listed(found.damaged)}.",
            hint,
        )
    if (folder / BEGUN).exists() or (record.epochs_done and not folder.exists()):
        raise CheckpointsLost(
            f"The run '{record.name}' cannot go on: its checkpoints are gone. Received: none in "
            f"'{folder}', after {record.epochs_done} epochs.",
            hint,
        )


def differences_of(
    record: RunRecord, spec: RunSpec, changes: Mapping[str, Any], checkpoint: Checkpoint | None
) -> dict[str, tuple[Any, Any]]:
    """What the changes really change, with the values until now."""
    before, after = record.spec.to_dict(), spec.to_dict()
    differences: dict[str, tuple[Any, Any]] = {}
    for path in changes:
        part, _, name = path.partition(".")
        old, new = before[part][name], after[part][name]
        if path == "training.epochs" and checkpoint is not None:
            old = checkpoint.progress.epochs  # which may have been changed while training
        if old != new:
            differences[path] = (old, new)
    return differences


def check_unfinished(
    record: RunRecord, checkpoint: Checkpoint | None, differences: Mapping[str, tuple[Any, Any]]
) -> None:
    """Makes sure that there is something left to do.

    A run that died after its last epoch is still to be evaluated and saved.

    Raises:
        CheckpointsLost: It has nothing to go on from.
        WorkspaceError: There is not.
    """
    if record.state is not RunState.FINISHED:
        return
    if checkpoint is None:
        raise CheckpointsLost(
            f"The run '{record.name}' is over, and has no checkpoint to go on from.",
            "Begin it again as a new run.",
        )
    progress = checkpoint.progress
    done = len(progress.history)
    epochs = differences.get("training.epochs", (0, progress.epochs))[1]
    if done >= epochs or (progress.ended and "training.epochs" not in differences):
        raise WorkspaceError(
            f"The run '{record.name}' is over after {done} epochs. {progress.ended}".rstrip(),
            f"Give it more epochs to continue it, such as {2 * done}.",
        )


def kept_of(
    spec: RunSpec, found: Found, differences: Mapping[str, tuple[Any, Any]]
) -> tuple[int, int] | None:
    """Steps and epochs that stay of what was recorded; None: all.

    What lies behind the checkpoint is trained again. Where that gives the same numbers bit by bit,
    they stay until they are written again; else they would stand beside those of another way.
    """
    ways_on = {path for path in differences if path != "training.epochs"}
    if spec.execution.reproducible and not ways_on and not found.damaged:
        return None
    if found.checkpoint is None:
        return (0, 0)
    progress = found.checkpoint.progress
    return (progress.step, len(progress.history))


def take_up(
    store: RunStore, record: RunRecord, spec: RunSpec, found: Found, kept: tuple[int, int] | None
) -> None:
    """Makes a run active again, and sets aside what is damaged of it.

    Args:
        store: Where it is kept.
        record: The run.
        spec: With what it goes on.
        found: What it goes on from.
        kept: Steps and epochs that stay; None: all.

    Raises:
        DescentError: It cannot be taken up, and is as it was.
    """
    from engine.training.checkpoint import set_aside

    undo = set_aside(found.damaged)
    try:
        store.reopen(record.id, spec, kept)
    except DescentError:
        undo()
        raise


def notice_of(record: RunRecord, found: Found) -> str:
    """What people should know of how a run goes on; empty where all is as usual."""
    if not found.damaged or found.checkpoint is None:
        return ""
    done = len(found.checkpoint.progress.history)
    again = ""
    if record.epochs_done == done + 1:
        again = f" Epoch {record.epochs_done} is trained again, and its metrics are replaced."
    elif record.epochs_done > done:
        again = (
            f" Epochs {done + 1} to {record.epochs_done} are trained again, and their metrics are "
            "replaced."
        )
    return (
        f"What is damaged was set aside: {_listed(found.damaged)}. The run goes on from an older "
        f"checkpoint, after epoch {done}.{again}"
    )


def _nobody(event: RunEvent) -> None:
    """Hears what happens before somebody listens."""


def _listed(damaged: tuple[Damage, ...]) -> str:
    named = "; ".join(str(item) for item in damaged[:_NAMED])
    more = len(damaged) - _NAMED
    return f"{named}; and {more} more" if more > 0 else named
