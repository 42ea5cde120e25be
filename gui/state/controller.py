"""Controller: the window's one view of the engine, and the engine's one view of the window.

Lives in the GUI thread. Nothing here waits: the engine is asked through `WorkerPool`, the
workspace through `RunRepository`, the machine through `DeviceThread`, and each answer comes as a
signal in the GUI thread.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from engine.events.messages import Event, Rejected, WorkerReady
from engine.events.run_events import (
    RunEnded,
    RunEvent,
    RunInterrupted,
    RunStarted,
    RunStopped,
)
from gui.state.batch_controller import BatchController
from gui.state.device_controller import DeviceController
from gui.state.draft_controller import DraftController
from gui.state.estimate_controller import EstimateController
from gui.state.own_models import OwnModels
from gui.state.plugin_controller import PluginController
from gui.state.rate_controller import RateController
from gui.state.result_controller import ResultController
from gui.state.run_controller import EPOCHS, RunController
from gui.state.run_repository import RunRepository
from gui.threads.device_thread import SamplerLike, default_sampler
from gui.threads.training_thread import SessionFactory
from gui.threads.worker_pool import WorkerPool
from gui.threads.workspace_lock import WorkspaceLockHolder


class Controller(QObject):
    """Puts the parts together, and does what concerns several of them.

    Signals, all in the GUI thread:
        worker_ready(WorkerReady): A worker stands by with TensorFlow loaded.
        problem_found(Rejected): Something in the background failed, in words.
        closed(): After `close`: every thread and process has ended.

    Attributes:
        workspace: Folder that holds the runs.
        drafts: Holds the draft, and what the engine says about it.
        batches: Shows one batch of the draft's data, when asked.
        rates: Tries learning rates for the draft, when asked.
        training: The run under way: its state, its events, what is asked of it.
        estimates: Finds what the draft's training would take, when that is wanted.
        repository: Reads and changes the stored runs.
        results: Asks about the results of runs.
        own_models: The models that the person has saved.
        devices: What the machine has and how busy it is.
        worker: What the first worker said when it was ready; None: TensorFlow is still loading.
        is_closing: `close` was called.

    Args:
        workspace: Folder that holds the runs.
        sessions: Makes an engine session; called in background threads.
        sampler: Makes the device sampler; called in a background thread.
    """

    worker_ready = Signal(object)
    problem_found = Signal(object)
    closed = Signal()

    def __init__(
        self,
        workspace: Path,
        sessions: SessionFactory,
        sampler: Callable[[], SamplerLike] = default_sampler,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.workspace = workspace
        self.worker: WorkerReady | None = None
        self.is_closing = False
        self._warm_up_ticket = 0
        self._open_parts = 0
        self._lock_holder = WorkspaceLockHolder(workspace)
        self._pool = WorkerPool(sessions, self)
        self.drafts = DraftController(self._pool, self)
        self.batches = BatchController(self._pool, self)
        self.rates = RateController(self._pool, self)
        self.training = RunController(self._pool, self)
        self.estimates = EstimateController(self._pool, self.drafts, self.training, self)
        self.repository = RunRepository(workspace, self)
        self.results = ResultController(self._pool, self)
        self.own_models = OwnModels(workspace, self.repository, self)
        self.devices = DeviceController(sampler, self._pool, self)
        self.plugins = PluginController(self)
        self._connect_parts()

    def _connect_parts(self) -> None:
        self.drafts.draft_changed.connect(self.batches.set_draft)
        self.drafts.draft_changed.connect(self.rates.set_draft)
        self.drafts.profile_changed.connect(self.rates.set_profile)
        self.training.run_event.connect(self._on_run_event)
        self.training.withdrawn.connect(self.drafts.ask_model_again)
        self.training.ended.connect(self._on_run_ended)
        self._pool.answered.connect(self._on_answer)
        self.repository.runs_changed.connect(self._on_runs_changed)
        for found in (self.repository, self.own_models, self.devices):
            found.problem_found.connect(self.problem_found)
        for ended in (self.repository, self._pool, self.devices, self.plugins, self.own_models):
            ended.closed.connect(self._on_part_closed)
        self.plugins.changed.connect(self.drafts.show_again)

    @property
    def is_read_only(self) -> bool:
        """Another window holds the workspace; runs can be looked at, not started."""
        return self._lock_holder.problem is not None

    @property
    def lock_problem(self) -> Rejected | None:
        """Who holds the workspace, in words, where `is_read_only`."""
        return self._lock_holder.problem

    # ---- opening and closing

    def open(self) -> None:
        """Takes the workspace and starts the threads, and a worker that loads TensorFlow."""
        self._lock_holder.take()
        self._open_parts = 5
        self.plugins.open()
        self._warm_up_ticket = self._pool.warm_up()
        self.repository.open(may_mark=not self.is_read_only)
        self.own_models.refresh()
        self.devices.open()
        self.drafts.open()

    @Slot()
    def close(self) -> None:
        """Stops and keeps the run under way, ends threads and processes; `closed` says when."""
        if self.is_closing:
            return
        self.is_closing = True
        self.devices.mute()
        self.drafts.close()
        self.estimates.close()
        self.training.close()
        if not self.training.is_active:
            self._close_parts()

    # ---- the run

    @Slot()
    def start(self, name: str = "") -> None:
        """Starts a run with the draft; answered by `training`'s signals."""
        if self._takes_worker():
            self.training.start(self.drafts.draft, name)

    def continue_run(self, run: str, epochs: int = 0) -> None:
        """Goes on with a run that has ended; answered as `start` is.

        Args:
            run: Its id.
            epochs: In all, where it shall be others than were planned.
        """
        if self._takes_worker():
            self.repository.read_history(run)
            self.training.continue_run(run, {EPOCHS: epochs} if epochs else {})

    def refit_run(self, run: str) -> None:
        """Trains once more on both parts, as a new run; answered as `start` is.

        Args:
            run: Id of the run that found how many epochs are good.
        """
        if self._takes_worker():
            self.training.refit_run(run)

    def begin_again(self) -> None:
        """Begins the run that could not go on again, as a new one; answered as `start` is."""
        if self._takes_worker():
            self.training.begin_again()

    @Slot()
    def accept_changed_data(self) -> None:
        """Goes on with the run that was refused, with the data that there is now."""
        if self._takes_worker():
            self.training.accept_changed_data()

    def _takes_worker(self) -> bool:
        """Makes the worker that stands by free for a run, if there may be one now."""
        if self.training.is_active or self.is_closing:
            return False
        if self._lock_holder.problem is not None:
            self.training.start_rejected.emit(self._lock_holder.problem)
            return False
        self.drafts.make_way()
        self.batches.make_way()
        self.rates.make_way()
        return True

    # ---- answers

    @Slot(object, object)
    def _on_answer(self, ticket: int, event: Event) -> None:
        if ticket == self._warm_up_ticket:
            self._on_warm_up_answer(event)
        elif not self.training.handle(ticket, event) and not self.is_closing:
            # While closing, workers are ended in the middle of questions nobody waits for.
            for part in (self.drafts, self.batches, self.rates, self.estimates, self.results):
                part.handle(ticket, event)

    def _on_warm_up_answer(self, event: Event) -> None:
        if isinstance(event, WorkerReady):
            self.worker = event
            self.worker_ready.emit(event)
        elif isinstance(event, Rejected) and not self.is_closing:
            self.problem_found.emit(event)

    @Slot(object)
    def _on_run_event(self, event: RunEvent) -> None:
        if isinstance(event, RunStarted):
            self.repository.refresh()

    @Slot()
    def _on_runs_changed(self) -> None:
        record = self.repository.record(self.training.run or "")
        if record is not None:
            self.training.rename(record.name)

    @Slot(object)
    def _on_run_ended(self, event: RunEnded | None) -> None:
        """Lets the run's worker go, and a fresh one stand by."""
        if isinstance(event, RunInterrupted):
            self.repository.mark_interrupted()
        if isinstance(event, RunStopped) and not event.kept:
            self.repository.delete(event.run)
        elif event is not None:
            self.repository.refresh()
        self._pool.release_trainer()
        if self.is_closing:
            self._close_parts()
            return
        if ticket := self._pool.warm_up():
            self._warm_up_ticket = ticket
        self.drafts.ask_model_again()

    # ---- the end

    def _close_parts(self) -> None:
        if not self._open_parts:
            self.closed.emit()
            return
        self._pool.close()
        self.own_models.close()
        self.repository.close()
        self.devices.close()
        self.plugins.close()

    @Slot()
    def _on_part_closed(self) -> None:
        self._open_parts -= 1
        if self._open_parts == 0:
            self._lock_holder.release()
            self.closed.emit()
