"""RunDesk: the run under way: its state, what is asked of it, and its events."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal

from engine.events import (
    Control,
    DataProgress,
    Event,
    Rejected,
    Train,
)
from engine.run_events import (
    EpochEnded,
    RunEnded,
    RunEvent,
    RunStarted,
    RunState,
    StateChanged,
    StepsDone,
)
from gui.draft import Draft
from gui.worker_pool import WorkerPool

CLOSE_DEADLINE_MS = 20_000
CANCELLED = "Cancelled."
"""What a worker says that was asked to stop."""


class RunDesk(QObject):
    """Starts and steers one run at a time; its state is the one that buttons derive from.

    Signals, all in the GUI thread:
        preparing(DataProgress): How far the reading of its data is.
        run_event(RunEvent): Each event of the run, in order.
        state_changed(RunState | None): The run's state, or `pending`, changed.
        start_rejected(Rejected): Start was refused; nothing was started.
        ended(RunEnded | None): The run is over; None: there was none after all.

    Args:
        pool: Trains.
    """

    preparing = Signal(object)
    run_event = Signal(object)
    state_changed = Signal(object)
    start_rejected = Signal(object)
    ended = Signal(object)

    def __init__(self, pool: WorkerPool, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.state: RunState | None = None
        self.run: str | None = None
        self.started: RunStarted | None = None
        self.pending: Control | None = None
        self._pool = pool
        self._ticket = 0
        self._deadline = QTimer(self)
        self._deadline.setSingleShot(True)
        self._deadline.setInterval(CLOSE_DEADLINE_MS)
        self._deadline.timeout.connect(self._pool.kill_trainer)

    @property
    def is_active(self) -> bool:
        """A run is under way."""
        return self.state is not None and self.state.is_active

    def start(self, draft: Draft, name: str) -> None:
        """Asks for a run."""
        self.run = self.started = self.pending = None
        self._ticket = self._pool.train(Train(draft.to_spec(), name))
        self._set_state(RunState.PREPARING)

    def ask(self, control: Control) -> None:
        """Asks for a pause or its end, unless an answer is still awaited."""
        if self.pending is None:
            self.pending = control
            self._pool.control(control)
            self.state_changed.emit(self.state)

    def end(self, control: Control) -> None:
        """Asks for the run's end; `STOPPING` shows at once."""
        if not self.is_active or self.state is RunState.STOPPING:
            return
        if self._pool.withdraw_training():
            self._ticket = 0
            self._set_state(None)
            return
        self.pending = control
        self._pool.control(control)
        self._set_state(RunState.STOPPING)

    def close(self) -> None:
        """Stops and keeps the run; its worker is ended if it does not answer in time."""
        self.end(Control.STOP)
        if self.is_active:
            self._deadline.start()

    def handle(self, ticket: int, event: Event) -> bool:
        """Takes an event, if it is of this run. Returns whether it was."""
        if ticket != self._ticket:
            return False
        if isinstance(event, Rejected):
            is_wanted = self.state is RunState.STOPPING and event.message == CANCELLED
            self._finish(None)
            if not is_wanted:
                self.start_rejected.emit(event)
        elif isinstance(event, DataProgress):
            self.preparing.emit(event)
        elif isinstance(event, RunEvent):
            before = (self.state, self.pending)
            self._follow(event)
            self.run_event.emit(event)
            if before != (self.state, self.pending):
                self.state_changed.emit(self.state)
            if isinstance(event, RunEnded):
                self._finish(event)
        return True

    def _follow(self, event: RunEvent) -> None:
        """Derives the run's state from an event."""
        self.run = event.run
        if isinstance(event, RunStarted):
            self.started = event
            if self.pending is not None:  # asked before there was a run that could hear it
                self._pool.control(self.pending)
        elif isinstance(event, StateChanged):
            if self.state is not RunState.STOPPING:
                self.state = event.state
                self.pending = None
        elif isinstance(event, StepsDone | EpochEnded):
            if self.state is RunState.PREPARING:
                self.state = RunState.RUNNING
        elif isinstance(event, RunEnded):
            self.state = event.state
            self.pending = None

    def _finish(self, event: RunEnded | None) -> None:
        self._deadline.stop()
        self._ticket = 0
        self.pending = None
        if event is None:
            self._set_state(None)
        self.ended.emit(event)

    def _set_state(self, state: RunState | None) -> None:
        self.state = state
        self.state_changed.emit(state)
