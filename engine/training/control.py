"""TrainingControl: what people ask of a training under way, checked between chunks of steps."""

from __future__ import annotations

import threading
from collections.abc import Callable

from engine.events import Control, RunState


class TrainingControl:
    """Carries requests from any thread to the training loop, which asks between chunks.

    A stop is final: requests after it change nothing, except that a discard may follow it.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._paused = False
        self._stopping = False
        self._discarding = False

    def request(self, control: Control) -> None:
        """Asks for something; returns at once. May be called from any thread."""
        with self._changed:
            match control:
                case Control.PAUSE:
                    self._paused = True
                case Control.RESUME:
                    self._paused = False
                case Control.STOP:
                    self._stopping = True
                case Control.DISCARD:
                    self._stopping = self._discarding = True
            self._changed.notify_all()

    @property
    def is_stopping(self) -> bool:
        """Someone asked to stop."""
        return self._stopping

    @property
    def is_discarding(self) -> bool:
        """The run was not only stopped: it is not wanted any more."""
        return self._discarding

    def should_stop(self, announce: Callable[[RunState], None]) -> bool:
        """Waits while paused, and says whether to stop. Called by the training loop only.

        Args:
            announce: Told `PAUSED` before waiting and `RUNNING` after it.
        """
        with self._changed:
            if not self._paused or self._stopping:
                return self._stopping
        announce(RunState.PAUSED)
        with self._changed:
            self._changed.wait_for(lambda: self._stopping or not self._paused)
            stopping = self._stopping
        if not stopping:
            announce(RunState.RUNNING)
        return stopping
