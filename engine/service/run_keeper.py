"""RunKeeper: records a run, and takes it elsewhere when its workspace or folder vanishes.

What was recorded of each epoch is held in memory meanwhile, for the disk that has it may be gone.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import DescentError, WorkspaceError, WorkspaceGone
from engine.events.messages import Event
from engine.events.run_events import (
    EpochEnded,
    PlaceFound,
    PlaceLost,
    PlanChosen,
    RunEvent,
    RunStarted,
    SettingChanged,
)
from engine.runs.places import DATABASE
from engine.training.control import TrainingControl
from engine.training.run_place import RunPlace

if TYPE_CHECKING:
    from engine.runs.record import RunRecord
    from engine.runs.store import RunStore
    from engine.spec.run_spec import RunSpec

_HELD = (RunStarted, PlanChosen, EpochEnded, SettingChanged)


class RunKeeper:
    """Where a run is kept.

    Args:
        record: The run.
        spec: With what it is trained.
        store: Where it is kept at first; it is the caller's to close.
        emit: Told that the place is lost, and that another was found; from the thread that met it.
        control: Says whether somebody can be asked, and carries the answer.
        furnish: Writes what else belongs into a new folder of the run.

    Attributes:
        place: The folder of the run, for everything that is written there.
    """

    def __init__(
        self,
        record: RunRecord,
        spec: RunSpec,
        store: RunStore,
        emit: Callable[[Event], None],
        control: TrainingControl,
        furnish: Callable[[Path], None],
    ) -> None:
        self._record = record
        self._spec = spec
        self._first = self._store = store
        self._emit = emit
        self._control = control
        self._furnish = furnish
        self._held: list[RunEvent] | None = None
        self.place = RunPlace(store.folder(record.id), self._ask if control.can_ask else None)

    @property
    def store(self) -> RunStore:
        """Where the run is kept now."""
        return self._store

    def record(self, events: Sequence[Event]) -> None:
        """Records events of the run, wherever that is by the time it is done.

        Raises:
            WorkspaceError: They cannot be written.
        """
        if self._held is None:  # what a run that goes on did before
            run = self._record.id
            self._held = [*self._store.epochs(run), *self._store.changes(run)]
        self.place.write(lambda _: self._store.record(events))
        self._held += [event for event in events if isinstance(event, _HELD)]

    def close(self) -> None:
        """Closes the store, if it is another than the one that was given."""
        if self._store is not self._first:
            self._store.close()

    def _ask(self, loss: WorkspaceGone) -> Path:
        """Pauses the training and asks where it shall go on.

        Raises:
            WorkspaceGone: It shall not.
        """
        problem: DescentError = loss
        while True:
            self._control.lose_place()
            self._emit(PlaceLost(self._record.id, problem.message, problem.hint))
            answer = self._control.await_place()
            if answer is None:
                raise loss
            workspace = Path(answer) if answer else self._store.workspace
            try:
                self._move(workspace, is_back=not answer)
            except DescentError as error:
                problem = error
                continue
            self._control.find_place()
            self._emit(PlaceFound(self._record.id, str(workspace), is_back=not answer))
            return self._store.folder(self._record.id)

    def _move(self, workspace: Path, is_back: bool) -> None:
        """Goes on in a workspace.

        Args:
            workspace: Which one.
            is_back: The run is there already.

        Raises:
            DescentError: It is not, or nothing can be written there; then all is as it was.
        """
        from engine.runs.store import RunStore

        if is_back and not (workspace / DATABASE).exists():  # a store would make a new one
            raise WorkspaceError(
                f"The workspace '{workspace}' is not there yet.",
                "Connect its disk and try again, or choose another folder.",
            )
        store = RunStore(workspace)
        try:
            store.check_writable()
            if is_back:
                store.get(self._record.id)
            folder = store.adopt(self._record, self._spec, self._held or [])
            self._furnish(folder)
        except BaseException:
            store.close()
            raise
        with contextlib.suppress(WorkspaceError):
            self.close()
        self._store = store
