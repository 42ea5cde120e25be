"""TrainingControl: what people ask of a training under way, checked between chunks of steps."""

from __future__ import annotations

import threading
from collections.abc import Callable

from engine.events.commands import (
    ChangeEpochs,
    ChangeRate,
    Control,
    MoveRun,
    Request,
)
from engine.events.run_events import RunState

Change = ChangeRate | ChangeEpochs


class TrainingControl:
    """Carries requests from any thread to the training loop, which asks between chunks.

    A stop is final: requests after it change nothing, except that a discard may follow it.

    Attributes:
        can_ask: Somebody hears `PlaceLost` and answers it.
    """

    def __init__(self, can_ask: bool = False) -> None:
        self.can_ask = can_ask
        self._is_lost = False
        self._place: str | None = None
        self._changed = threading.Condition()
        self._paused = False
        self._stopping = False
        self._discarding = False
        self._saving = False
        self._changes: list[Change] = []

    def request(self, request: Request) -> None:
        """Asks for something; returns at once. May be called from any thread."""
        with self._changed:
            match request:
                case Control.PAUSE:
                    self._paused = True
                case Control.RESUME:
                    self._paused = False
                case Control.STOP:
                    self._stopping = True
                case Control.DISCARD:
                    self._stopping = self._discarding = True
                case Control.SAVE:
                    self._saving = True
                case ChangeRate() | ChangeEpochs():
                    self._changes.append(request)
                case MoveRun(workspace):
                    self._place = workspace
            self._changed.notify_all()

    @property
    def is_stopping(self) -> bool:
        """Someone asked to stop."""
        return self._stopping

    @property
    def is_discarding(self) -> bool:
        """The run was not only stopped: it is not wanted any more."""
        return self._discarding

    def should_stop(
        self,
        announce: Callable[[RunState], None],
        change: Callable[[Change], None] = lambda change: None,
        save: Callable[[], None] = lambda: None,
    ) -> bool:
        """Carries out what was asked, waits while paused, and says whether to stop.

        Called by the training loop only. Changes and saving are carried out while paused, too.

        Args:
            announce: Told `PAUSED` before waiting and `RUNNING` after it.
            change: Carries out a change, in the order asked.
            save: Writes a checkpoint.
        """
        has_waited = False
        while True:
            with self._changed:
                changes, self._changes = self._changes, []
                saving, self._saving = self._saving, False
            for asked in changes:
                change(asked)
            if saving:
                save()
            with self._changed:
                if self._stopping:
                    return True
                if not self._is_held:
                    break
            if not has_waited:
                has_waited = True
                announce(RunState.PAUSED)
            with self._changed:
                self._changed.wait_for(self._is_wanted)
        if has_waited:
            announce(RunState.RUNNING)
        return False

    def _is_wanted(self) -> bool:
        return self._stopping or not self._is_held or self._saving or bool(self._changes)

    @property
    def _is_held(self) -> bool:
        return self._paused or self._is_lost

    # ---- when the place of the run has vanished; called by whoever writes there

    def lose_place(self) -> None:
        """Pauses the training until `find_place`; an answer from before counts no more."""
        with self._changed:
            self._is_lost, self._place = True, None

    def await_place(self) -> str | None:
        """Waits for the answer: as `MoveRun` has it; None: the training shall end."""
        with self._changed:
            self._changed.wait_for(lambda: self._stopping or self._place is not None)
            return None if self._stopping else self._place

    def find_place(self) -> None:
        """Lets the training go on."""
        with self._changed:
            self._is_lost = False
            self._changed.notify_all()
