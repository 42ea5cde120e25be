"""Controller: the window's one view of the engine, and the engine's one view of the window.

Lives in the GUI thread. Nothing here waits: the engine is asked through `WorkerPool`, the
workspace through `RunRepository`, the machine through `DeviceThread`, and each answer comes as a
signal in the GUI thread.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal, Slot

from engine.events.messages import Control, Event, ModelDescribed, Rejected, WorkerReady
from engine.events.profile import Profile
from engine.events.run_events import (
    RunEnded,
    RunEvent,
    RunInterrupted,
    RunStarted,
    RunState,
    RunStopped,
)
from gui.state.batch_controller import BatchController
from gui.state.device_controller import DeviceController
from gui.state.draft import Draft
from gui.state.draft_controller import DraftController
from gui.state.estimate_controller import EstimateController
from gui.state.own_models import OwnModels
from gui.state.rate_controller import RateController
from gui.state.run_controller import EPOCHS, RunController
from gui.state.run_repository import RunRepository
from gui.threads.device_thread import SamplerLike, default_sampler
from gui.threads.training_thread import SessionFactory
from gui.threads.worker_pool import WorkerPool
from gui.threads.workspace_lock import WorkspaceLockHolder

if TYPE_CHECKING:
    from engine.runs.record import RunRecord
    from engine.runs.store import RunStore


class Controller(QObject):
    """Holds the draft and the run under way; asks the engine; keeps stale answers away.

    Signals, all in the GUI thread:
        draft_changed(Draft): The draft is another one.
        profile_changed(Profile | None): What inspection found; None while it is being loaded.
        data_progress(DataProgress): How far the inspection under way is.
        data_rejected(Rejected): The draft's data cannot be used.
        model_changed(ModelDescribed | None): The draft's model; None while it is computed.
        model_rejected(Rejected): The draft's model cannot be built; problems carry field paths.
        worker_ready(WorkerReady): A worker stands by with TensorFlow loaded.
        run_preparing(DataProgress): How far the reading of the run's data is.
        run_event(RunEvent): Each event of the run under way, in order, `RunStarted` first
            unless the run failed before.
        state_changed(RunState | None): The run's state, or `pending`, changed.
        start_rejected(Rejected): Start was refused; nothing was started.
        runs_changed(): `runs` was read again.
        runs_interrupted(tuple[RunRecord, ...]): Runs whose process died while no window looked.
        devices_sampled(DeviceSample): Once a second.
        device_info_changed(DeviceInfo): What the machine has.
        problem_found(Rejected): Something in the background failed, in words.
        closed(): After `close`: every thread and process has ended.

    Args:
        workspace: Folder that holds the runs.
        sessions: Makes an engine session; called in background threads.
        sampler: Makes the device sampler; called in a background thread.
    """

    draft_changed = Signal(object)
    profile_changed = Signal(object)
    data_progress = Signal(object)
    data_rejected = Signal(object)
    model_changed = Signal(object)
    model_rejected = Signal(object)
    worker_ready = Signal(object)
    run_preparing = Signal(object)
    run_event = Signal(object)
    state_changed = Signal(object)
    start_rejected = Signal(object)
    runs_changed = Signal()
    runs_interrupted = Signal(object)
    devices_sampled = Signal(object)
    device_info_changed = Signal(object)
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
        self._workspace = workspace
        self._worker: WorkerReady | None = None
        self._warm_up_ticket = 0
        self._open_parts = 0
        self._is_closing = False
        self._lock_holder = WorkspaceLockHolder(workspace)
        self._own_store: RunStore | None = None
        self._pool = WorkerPool(sessions, self)
        self._draft_controller = DraftController(self._pool, self)
        self._batch_controller = BatchController(self._pool, self)
        self._rate_controller = RateController(self._pool, self)
        self._run_controller = RunController(self._pool, self)
        self._estimate_controller = EstimateController(
            self._pool, self._draft_controller, self._run_controller, self
        )
        self._repository = RunRepository(workspace, self)
        self._own_models = OwnModels(workspace, self._repository, self)
        self._devices = DeviceController(sampler, self._pool, self)
        self._connect_parts()

    def _connect_parts(self) -> None:
        draft_controller, run_controller, repository = (
            self._draft_controller,
            self._run_controller,
            self._repository,
        )
        for part, names in (
            (
                draft_controller,
                ("draft_changed", "profile_changed", "data_progress", "data_rejected"),
            ),
            (draft_controller, ("model_changed", "model_rejected")),
            (run_controller, ("run_event", "state_changed", "start_rejected")),
            (repository, ("runs_changed", "runs_interrupted", "problem_found")),
            *((part, ("problem_found",)) for part in (self._own_models, self._devices)),
        ):
            for name in names:
                getattr(part, name).connect(getattr(self, name))
        draft_controller.draft_changed.connect(self._batch_controller.set_draft)
        draft_controller.draft_changed.connect(self._rate_controller.set_draft)
        draft_controller.profile_changed.connect(self._rate_controller.set_profile)
        run_controller.preparing.connect(self.run_preparing)
        run_controller.run_event.connect(self._on_run_event)
        run_controller.withdrawn.connect(draft_controller.ask_model_again)
        run_controller.ended.connect(self._on_run_ended)
        repository.closed.connect(self._on_part_closed)
        self._pool.answered.connect(self._on_answer)
        self._pool.closed.connect(self._on_part_closed)
        self._devices.described.connect(self.device_info_changed)
        self._devices.sampled.connect(self.devices_sampled)
        self._devices.closed.connect(self._on_part_closed)

    # ---- what is known

    @property
    def workspace(self) -> Path:
        """Folder that holds the runs."""
        return self._workspace

    @property
    def draft(self) -> Draft:
        """What is picked and typed so far."""
        return self._draft_controller.draft

    @property
    def profile(self) -> Profile | None:
        """What inspection found in the draft's data; None: not known (yet)."""
        return self._draft_controller.profile

    @property
    def data_problem(self) -> Rejected | None:
        """Why the draft's data cannot be used, if that is known."""
        return self._draft_controller.data_problem

    @property
    def draft_controller(self) -> DraftController:
        """Holds the draft and asks about it."""
        return self._draft_controller

    @property
    def batch_controller(self) -> BatchController:
        """Shows one batch of the draft's data, when asked."""
        return self._batch_controller

    @property
    def rate_controller(self) -> RateController:
        """Tries learning rates for the draft, when asked."""
        return self._rate_controller

    @property
    def estimate_controller(self) -> EstimateController:
        """Finds what the draft's training would take, when that is wanted."""
        return self._estimate_controller

    @property
    def run_controller(self) -> RunController:
        """Steers the run under way, when asked."""
        return self._run_controller

    @property
    def repository(self) -> RunRepository:
        """Reads and changes the stored runs, when asked."""
        return self._repository

    @property
    def own_models(self) -> OwnModels:
        """The models that the person has saved."""
        return self._own_models

    @property
    def model(self) -> ModelDescribed | None:
        """The draft's model; None: not known (yet)."""
        return self._draft_controller.model

    @property
    def model_problem(self) -> Rejected | None:
        """Why the draft's model cannot be built, if that is known."""
        return self._draft_controller.model_problem

    @property
    def worker(self) -> WorkerReady | None:
        """What the first worker said when it was ready; None: TensorFlow is still loading."""
        return self._worker

    @property
    def device_info(self) -> Any:
        """What the machine has; None until known."""
        return self._devices.info

    @property
    def state(self) -> RunState | None:
        """State of the run under way or just ended; None: none was started."""
        return self._run_controller.state

    @property
    def pending(self) -> Control | None:
        """A control that was asked for and is not answered yet."""
        return self._run_controller.pending

    @property
    def is_active(self) -> bool:
        """A run is under way."""
        return self._run_controller.is_active

    @property
    def run(self) -> str | None:
        """Id of the run under way or just ended."""
        return self._run_controller.run

    @property
    def started(self) -> RunStarted | None:
        """First event of the run under way or just ended."""
        return self._run_controller.started

    @property
    def runs(self) -> tuple[RunRecord, ...]:
        """The workspace's runs as last read, deleted ones left out."""
        return self._repository.runs

    @property
    def runs_are_read(self) -> bool:
        """The list of runs was read at least once."""
        return self._repository.is_read

    @property
    def is_read_only(self) -> bool:
        """Another window holds the workspace; runs can be looked at, not started."""
        return self._lock_holder.problem is not None

    @property
    def lock_problem(self) -> Rejected | None:
        """Who holds the workspace, in words, where `is_read_only`."""
        return self._lock_holder.problem

    @property
    def is_closing(self) -> bool:
        """`close` was called."""
        return self._is_closing

    @property
    def store(self) -> RunStore:
        """A run store for the GUI thread; for small reads only."""
        if self._own_store is None:
            from engine.runs.store import RunStore

            self._own_store = RunStore(self._workspace)
        return self._own_store

    # ---- opening and closing

    def open(self) -> None:
        """Takes the workspace and starts the threads, and a worker that loads TensorFlow."""
        self._lock_holder.take()
        self._open_parts = 3
        self._warm_up_ticket = self._pool.warm_up()
        self._repository.open(may_mark=not self.is_read_only)
        self._own_models.refresh()
        self._devices.open()
        self._draft_controller.open()

    @Slot()
    def close(self) -> None:
        """Stops and keeps the run under way, ends threads and processes; `closed` says when."""
        if self._is_closing:
            return
        self._is_closing = True
        self._devices.hush()
        self._draft_controller.close()
        self._estimate_controller.close()
        self._run_controller.close()
        if not self.is_active:
            self._close_parts()

    # ---- the draft

    def set_draft(self, draft: Draft) -> None:
        """Replaces the draft; the engine is asked about it shortly after the last change."""
        self._draft_controller.set_draft(draft)

    def choose_data(self, source: str, target: str | None = None) -> None:
        """Picks data, and with it the recommended model unless the chosen one fits."""
        self._draft_controller.choose_data(source, target)

    def choose_model(self, name: str) -> None:
        """Picks an architecture with its defaults, or with what was set for it before."""
        self._draft_controller.choose_model(name)

    # ---- the run

    @Slot()
    def start(self, name: str = "") -> None:
        """Starts a run with the draft; answered by `run_event` or `start_rejected`."""
        if self._takes_worker():
            self._run_controller.start(self.draft, name)

    def continue_run(self, run: str, epochs: int = 0) -> None:
        """Goes on with a run that has ended; answered as `start` is.

        Args:
            run: Its id.
            epochs: In all, where it shall be others than were planned.
        """
        if self._takes_worker():
            self._repository.read_history(run)
            self._run_controller.continue_run(run, {EPOCHS: epochs} if epochs else {})

    def _takes_worker(self) -> bool:
        """Makes the worker that stands by free for a run, if there may be one now."""
        if self.is_active or self._is_closing:
            return False
        if self._lock_holder.problem is not None:
            self.start_rejected.emit(self._lock_holder.problem)
            return False
        self._draft_controller.make_way()
        self._batch_controller.make_way()
        self._rate_controller.make_way()
        return True

    # ---- answers

    @Slot(object, object)
    def _on_answer(self, ticket: int, event: Event) -> None:
        if ticket == self._warm_up_ticket:
            self._on_warm_up_answer(event)
        elif not self._run_controller.handle(ticket, event) and not self._is_closing:
            # While closing, workers are ended in the middle of questions nobody waits for.
            for draft_controller in (
                self._draft_controller,
                self._batch_controller,
                self._rate_controller,
                self._estimate_controller,
            ):
                draft_controller.handle(ticket, event)

    def _on_warm_up_answer(self, event: Event) -> None:
        if isinstance(event, WorkerReady):
            self._worker = event
            self.worker_ready.emit(event)
        elif isinstance(event, Rejected) and not self._is_closing:
            self.problem_found.emit(event)

    @Slot(object)
    def _on_run_event(self, event: RunEvent) -> None:
        if isinstance(event, RunStarted):
            self._repository.refresh()

    @Slot(object)
    def _on_run_ended(self, event: RunEnded | None) -> None:
        """Lets the run's worker go, and a fresh one stand by."""
        if isinstance(event, RunInterrupted):
            self._repository.mark_interrupted()
        if isinstance(event, RunStopped) and not event.kept:
            self._repository.delete(event.run)
        elif event is not None:
            self._repository.refresh()
        self._pool.release_trainer()
        if self._is_closing:
            self._close_parts()
            return
        if ticket := self._pool.warm_up():
            self._warm_up_ticket = ticket
        self._draft_controller.ask_model_again()

    # ---- the end

    def _close_parts(self) -> None:
        if not self._open_parts:
            self.closed.emit()
            return
        self._pool.close()
        self._repository.close()
        self._devices.close()

    @Slot()
    def _on_part_closed(self) -> None:
        self._open_parts -= 1
        if self._open_parts == 0:
            self._lock_holder.release()
            self.closed.emit()
