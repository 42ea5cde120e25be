"""RunController: the run under way: its state, what is asked of it, and its events."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from engine.events.commands import (
    ChangeEpochs,
    ChangeRate,
    Control,
    MoveRun,
    Request,
    ResumeRun,
    Train,
)
from engine.events.messages import DataProgress, Event, Rejected
from engine.events.run_events import (
    THAWED,
    CheckpointSaved,
    EpochEnded,
    PlaceFound,
    PlaceLost,
    RunEnded,
    RunEvent,
    RunStarted,
    RunState,
    SettingChanged,
    StateChanged,
    StepsDone,
)
from gui.state.draft import Draft
from gui.threads.training_thread import CANCELLED
from gui.threads.worker_pool import WorkerPool

CLOSE_DEADLINE_MS = 20_000
RATE = "training.learning_rate"
EPOCHS = "training.epochs"


class RunController(QObject):
    """Starts and steers one run at a time; its state is the one that buttons derive from.

    Signals, all in the GUI thread:
        preparing(DataProgress): How far the reading of its data is.
        run_event(RunEvent): Each event of the run, in order.
        state_changed(RunState | None): The run's state, or `pending`, changed.
        requests_changed(): `waiting`, `learning_rate` or `epochs` changed.
        start_rejected(Rejected): Start was refused; nothing was started.
        withdrawn(): Start was taken back before the worker began.
        renamed(str): The run is called something else now.
        ended(RunEnded | None): The run is over; None: there was none after all.

    Attributes:
        state: Where the run is; None: there is none.
        run: Its id, once it is known.
        started: Its first event.
        pending: A pause or an end that was asked for and is not answered yet.
        continued: Id of the run that goes on, where it is no new one.
        waiting: What else was asked for and is not answered yet: ``save``, `RATE`, `EPOCHS`.
        learning_rate: At present, as far as it is known.
        continuing: What was asked for last, where a run was to go on.
        epochs: Planned at present; 0 before that is known.
        epoch: The one under way, from 1; 0 before the first.
        lost: Where it was kept has vanished, and it waits for an answer; None: it has not.

    Args:
        pool: Trains.
    """

    preparing = Signal(object)
    run_event = Signal(object)
    state_changed = Signal(object)
    requests_changed = Signal()
    start_rejected = Signal(object)
    withdrawn = Signal()
    renamed = Signal(str)
    ended = Signal(object)

    def __init__(self, pool: WorkerPool, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.state: RunState | None = None
        self.run: str | None = None
        self.started: RunStarted | None = None
        self.pending: Control | None = None
        self.continued = ""
        self.continuing: ResumeRun | None = None
        self.waiting: dict[str, Request] = {}
        self.learning_rate: float | None = None
        self.epochs = self.epoch = 0
        self.lost: PlaceLost | None = None
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

    @property
    def can_be_asked(self) -> bool:
        """A run is at work, or paused, and hears what is asked of it."""
        return self.state in (RunState.RUNNING, RunState.PAUSED)

    # ---- what is asked

    def start(self, draft: Draft, name: str) -> None:
        """Asks for a run with exactly the draft's settings."""
        self._begin(Train(draft.to_spec(), name))

    def continue_run(self, run: str, changes: dict[str, Any]) -> None:
        """Asks a run that has ended to go on from its last checkpoint.

        Args:
            run: Its id.
            changes: New values of its spec by dotted path.
        """
        self.continuing = ResumeRun(run, changes)
        self._begin(self.continuing, run)

    def refit_run(self, run: str) -> None:
        """Asks for a new run on the training and validation part of one that has ended.

        Args:
            run: Its id.
        """
        self._begin(ResumeRun(run, refits=True))

    def accept_changed_data(self) -> None:
        """Asks once more for what was refused, as the data is no longer what it was trained on."""
        if self.continuing is not None:
            self._begin(replace(self.continuing, accepts_changes=True), self.continuing.run)

    def begin_again(self) -> None:
        """Asks for the run that could not go on once more, from its start and as a new run."""
        if self.continuing is not None:
            self._begin(replace(self.continuing, from_start=True))

    def _begin(self, command: Train | ResumeRun, continued: str = "") -> None:
        self.run = self.started = self.pending = None
        self.continued = continued
        self.learning_rate, self.epochs, self.epoch = None, 0, 0
        self.lost = None
        self._ticket = self._pool.train(command)
        self._set_state(RunState.PREPARING)

    def rename(self, name: str) -> None:
        """Takes the name that the run has now."""
        if self.started is not None and name != self.started.name:
            self.started = replace(self.started, name=name)
            self.renamed.emit(name)

    def expect_rate(self, learning_rate: float | None) -> None:
        """Takes what the history of a run that goes on says, until the run says more."""
        if self.continued and learning_rate is not None and not self.epoch:
            self.learning_rate = learning_rate
            self.requests_changed.emit()

    @Slot()
    def pause(self) -> None:
        """Asks for a pause."""
        if self.state is RunState.RUNNING:
            self._ask(Control.PAUSE)

    @Slot()
    def resume(self) -> None:
        """Lets a paused run go on; one whose place was lost, where it was."""
        if self.lost is not None:
            self.move_run("")
        elif self.state is RunState.PAUSED:
            self._ask(Control.RESUME)

    def move_run(self, workspace: str) -> None:
        """Answers where a run goes on whose place was lost.

        Args:
            workspace: The folder; empty: where it was.
        """
        if self.lost is not None:
            self._pool.control(MoveRun(workspace))

    @Slot()
    def give_up(self) -> None:
        """Ends a run whose place was lost."""
        if self.lost is not None:
            self.pending = Control.STOP
            self._pool.control(Control.STOP)
            self._set_state(RunState.STOPPING)

    @Slot()
    def stop(self) -> None:
        """Ends the run and keeps what it has learnt."""
        self._end(Control.STOP)

    @Slot()
    def discard(self) -> None:
        """Ends the run and puts it among the deleted ones."""
        self._end(Control.DISCARD)

    @Slot()
    def kill(self) -> None:
        """Ends the process of a run that does not hear; what it recorded is kept."""
        if self.is_active:
            self._pool.kill_trainer()

    @Slot()
    def save(self) -> None:
        """Asks for a checkpoint now; answered by `CheckpointSaved`."""
        if "save" not in self.waiting:
            self._request("save", Control.SAVE)

    def change_rate(self, learning_rate: float) -> None:
        """Asks for another learning rate; answered by `SettingChanged`."""
        self._request(RATE, ChangeRate(learning_rate))

    def change_epochs(self, epochs: int) -> None:
        """Asks for another number of epochs in all; answered by `SettingChanged`."""
        self._request(EPOCHS, ChangeEpochs(epochs))

    def _request(self, name: str, request: Request) -> None:
        if self.can_be_asked:
            self.waiting[name] = request
            self._pool.control(request)
            self.requests_changed.emit()

    def _ask(self, control: Control) -> None:
        """Asks for a pause or its end, unless an answer is still awaited."""
        if self.pending is None:
            self.pending = control
            self._pool.control(control)
            self.state_changed.emit(self.state)

    def _end(self, control: Control) -> None:
        """Asks for the run's end; `STOPPING` shows at once."""
        if not self.is_active or self.state is RunState.STOPPING:
            return
        if self._pool.withdraw_training():
            self._ticket = 0
            self._set_state(None)
            self.withdrawn.emit()
            return
        self.pending = control
        self._pool.control(control)
        self._set_state(RunState.STOPPING)

    def close(self) -> None:
        """Stops and keeps the run; its worker is ended if it does not answer in time."""
        self.stop()
        if self.is_active:
            self._deadline.start()

    # ---- what is answered

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
            is_answer = self._follow_requests(event)
            self.run_event.emit(event)
            if is_answer:
                self.requests_changed.emit()
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
        elif isinstance(event, PlaceLost | PlaceFound):
            self.lost = event if isinstance(event, PlaceLost) else None
            if self.state is not RunState.STOPPING:  # it may be saving its model
                self.state = RunState.RUNNING if self.lost is None else RunState.PAUSED
                self.pending = None
        elif isinstance(event, StepsDone | EpochEnded):
            if self.state is RunState.PREPARING:
                self.state = RunState.RUNNING
        elif isinstance(event, RunEnded):
            self.state = event.state
            self.pending = self.lost = None

    def _follow_requests(self, event: RunEvent) -> bool:
        """Notes what was answered and how the run is set. Returns whether that changed."""
        before = (dict(self.waiting), self.learning_rate, self.epochs)
        if isinstance(event, RunStarted):
            self.epochs = event.epochs
            self.learning_rate = self.learning_rate or event.spec.training.learning_rate
        elif isinstance(event, StepsDone):
            self.epoch = event.epoch
        elif isinstance(event, EpochEnded) and event.learning_rate is not None:
            self.learning_rate = event.learning_rate
        elif isinstance(event, CheckpointSaved):
            self.waiting.pop("save", None)
        elif isinstance(event, SettingChanged) and event.setting in (RATE, THAWED):
            self.learning_rate = event.after
            asked = self.waiting.get(RATE)
            # A plateau may have changed it meanwhile, which is no answer.
            if isinstance(asked, ChangeRate) and _is_close(asked.learning_rate, event.after):
                del self.waiting[RATE]
        elif isinstance(event, SettingChanged) and event.setting == EPOCHS:
            self.epochs = round(event.after)
            self.waiting.pop(EPOCHS, None)
        elif isinstance(event, RunEnded):
            self.waiting.clear()
        return before != (self.waiting, self.learning_rate, self.epochs)

    def _finish(self, event: RunEnded | None) -> None:
        self._deadline.stop()
        self._ticket = 0
        self.pending = None
        self.waiting.clear()
        if event is None:
            self._set_state(None)
        self.ended.emit(event)

    def _set_state(self, state: RunState | None) -> None:
        self.state = state
        self.state_changed.emit(state)


def _is_close(asked: float, got: float) -> bool:
    """They are one learning rate, which the engine keeps in 32 bits."""
    return math.isclose(asked, got, rel_tol=1e-5)
