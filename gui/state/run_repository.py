"""RunRepository: the workspace's stored runs, read and changed in the background."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from engine.events.messages import Rejected
from engine.events.run_events import EpochEnded, SettingChanged
from gui.state.continuing import Continuation, continuation
from gui.state.run_result import RunResult
from gui.threads.store_thread import Job, StoreThread

if TYPE_CHECKING:
    from engine.events.insights import GradientFlow
    from engine.runs.record import RunRecord
    from engine.runs.store import RunStore
    from engine.service.upkeep.repairing import Repair

logger = logging.getLogger(__name__)

TIDY_AFTER_MS = 60_000
"""So long after the start, when the window is at rest, what is no longer kept is removed."""
TIDY_EVERY_MS = 3_600_000
"""The store knows itself whether a day has passed; a timer of a day would stop with a laptop."""

Done = Callable[[Any], None]


@dataclass(frozen=True)
class RunCurves:
    """The recorded metrics of one stored run.

    Attributes:
        record: Its row in the store.
        epochs: Every completed epoch.
        changes: What was changed while it was under way.
        steps: Per-batch values by Keras's name, each (steps,); empty where not asked for.
        flow: Its gradient flow, by step; empty where not asked for.
    """

    record: RunRecord
    epochs: tuple[EpochEnded, ...]
    changes: tuple[SettingChanged, ...]
    steps: dict[str, Any]
    flow: tuple[GradientFlow, ...] = ()


@dataclass(frozen=True)
class Listing:
    """All runs as they were read.

    Attributes:
        runs: Those in the list, the newest first.
        deleted: Those that can be brought back.
        with_checkpoint: Ids of those in the list that have a state to go on from.
        bad: What is wrong with the runs that cannot be shown, in words.
    """

    runs: tuple[RunRecord, ...] = ()
    deleted: tuple[RunRecord, ...] = ()
    with_checkpoint: frozenset[str] = frozenset()
    bad: tuple[str, ...] = ()


class RunRepository(QObject):
    """Reads and changes the stored runs; none of its methods waits.

    It also removes, in the background, what was deleted long ago.

    Signals, all in the GUI thread:
        runs_changed(): `runs` and `deleted` were read again.
        runs_interrupted(tuple[RunRecord, ...]): Runs whose process had died.
        result_read(RunResult): Answer to `read_result`, the newest only.
        curves_read(tuple[RunCurves, ...]): Answer to `read_curves`, the newest only.
        history_read(RunCurves | None): Answer to `read_history`; None where it cannot be read.
        problem_found(Rejected): Reading or changing failed.
        repaired(Repair): What was damaged was made good, as far as it could be.
        closed(): After `close`: the thread has ended.
    """

    runs_changed = Signal()
    runs_interrupted = Signal(object)
    result_read = Signal(object)
    curves_read = Signal(object)
    history_read = Signal(object)
    problem_found = Signal(object)
    repaired = Signal(object)
    closed = Signal()

    def __init__(self, workspace: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.is_read = False
        self._listing = Listing()
        self._overdue: list[str] = []
        self._is_closing = False
        self._jobs: dict[int, tuple[str, Done, Done]] = {}
        self._newest: dict[str, int] = {}
        self._thread = StoreThread(workspace, self)
        self._thread.done.connect(self._on_done)
        self._thread.failed.connect(self._on_failed)
        self._thread.finished.connect(self._on_finished)
        self._tidy_timer = QTimer(self)
        self._tidy_timer.timeout.connect(self.tidy)

    @property
    def runs(self) -> tuple[RunRecord, ...]:
        """The runs as last read, the newest first; deleted ones left out."""
        return self._listing.runs

    @property
    def deleted(self) -> tuple[RunRecord, ...]:
        """The deleted runs as last read: those that can be brought back."""
        return self._listing.deleted

    @property
    def bad(self) -> tuple[str, ...]:
        """What is wrong with the runs that cannot be shown, in words, as last read."""
        return self._listing.bad

    def repair(self) -> None:
        """Makes a damaged database good again; answered by `repaired` or `problem_found`."""
        ticket = self._thread.submit_upkeep(_repair)
        self._jobs[ticket] = ("", self._on_repaired, self.problem_found.emit)

    def _on_repaired(self, done: Repair) -> None:
        self.repaired.emit(done)
        self.mark_interrupted()
        self.refresh()

    def open(self, may_mark: bool) -> None:
        """Starts the thread and reads the list.

        Args:
            may_mark: Whether runs whose process has died may be marked as interrupted, and what
                was deleted long ago removed.
        """
        self._thread.start()
        if may_mark:
            self.mark_interrupted()
            self._tidy_timer.start(TIDY_AFTER_MS)
        self.refresh()

    def close(self) -> None:
        """Lets the thread end once everything asked for is written."""
        self._is_closing = True
        self._tidy_timer.stop()
        self._thread.retire()

    def refresh(self) -> None:
        """Reads the list again."""
        self.submit(_list_runs, self._on_runs, key="runs")

    def mark_interrupted(self) -> None:
        """Finds runs whose process has died."""
        self.submit(lambda store: tuple(store.mark_interrupted()), self._on_interrupted)

    def rename(self, run: str, name: str) -> None:
        """Gives a run another name."""
        self.change(lambda store: store.rename(run, name))

    def set_note(self, run: str, note: str) -> None:
        """Writes a run's note."""
        self.change(lambda store: store.set_note(run, note))

    def change(self, job: Job) -> None:
        """Changes something in the store, then reads the list again."""
        self.submit(lambda store: (job(store), _list_runs(store))[1], self._on_runs)

    def delete(self, *runs: str) -> None:
        """Puts runs among the deleted ones."""

        def job(store: RunStore) -> None:
            for run in runs:
                store.delete(run)

        self.change(job)

    def restore(self, *runs: str) -> None:
        """Brings deleted runs back."""

        def job(store: RunStore) -> None:
            for run in runs:
                store.restore(run)

        self.change(job)

    @Slot()
    def tidy(self) -> None:
        """Removes what was deleted long ago, once a day; asked more often, it does nothing."""
        self._tidy_timer.start(TIDY_EVERY_MS)
        self.submit(_keep_copy, _ignore, _log_problem)
        self.submit(lambda store: store.overdue(), self._on_overdue, _log_problem)

    def _on_overdue(self, runs: list[str] | None) -> None:
        if runs is not None:
            self._overdue = runs
            self._remove_next()

    def _remove_next(self, _is_gone: bool = True) -> None:
        """Removes one run, so that whatever else is asked for waits for no more than that."""
        if self._is_closing:
            return
        if self._overdue:
            run = self._overdue.pop()
            self.submit(lambda store: store.remove(run), self._remove_next, self._on_not_removed)
        else:
            self.submit(_clear_cache, self._on_cleared, _log_problem)

    def _on_not_removed(self, problem: Rejected) -> None:
        _log_problem(problem)
        self._remove_next()

    def _on_cleared(self, _n_cleared: int) -> None:
        self.refresh()

    def read_result(self, run: str) -> None:
        """Reads a run's row and evaluation; answered by `result_read`."""
        self.submit(
            lambda store: _read_result(store, run),
            self.result_read.emit,
            lambda problem: self.result_read.emit(RunResult(run, problem=problem)),
            key="result",
        )

    def read_curves(self, runs: tuple[str, ...], with_steps: bool = False) -> None:
        """Reads the recorded metrics of runs; answered by `curves_read`."""
        self.submit(
            lambda store: tuple(_read_curves(store, run, with_steps) for run in runs),
            self.curves_read.emit,
            key="curves",
        )

    def read_history(self, run: str) -> None:
        """Reads all that was recorded of a run that goes on; answered by `history_read`."""
        self.submit(
            lambda store: _read_history(store, run),
            self.history_read.emit,
            self._on_no_history,
            key="history",
        )

    def _on_no_history(self, problem: Rejected) -> None:
        self.problem_found.emit(problem)
        self.history_read.emit(None)

    def submit(self, job: Job, done: Done, failed: Done | None = None, key: str = "") -> None:
        """Carries something out in the thread of the workspace, after what was asked before.

        Args:
            job: Called there with the store.
            done: Called in the GUI thread with the job's result.
            failed: Called there with a `Rejected`; `problem_found` unless given.
            key: Where given, a job of that key that still waits is dropped: newest wins.
        """
        ticket = self._thread.submit(job, key)
        self._jobs[ticket] = (key, done, failed or self.problem_found.emit)
        if key:
            self._jobs.pop(self._newest.get(key, 0), None)  # its answer would be stale
            self._newest[key] = ticket

    @Slot(object, object)
    def _on_done(self, ticket: int, result: Any) -> None:
        if ticket in self._jobs:
            self._jobs.pop(ticket)[1](result)

    @Slot(object, object)
    def _on_failed(self, ticket: int, problem: Rejected) -> None:
        if ticket in self._jobs:
            self._jobs.pop(ticket)[2](problem)

    def record(self, run: str | None) -> RunRecord | None:
        """Returns a run's row as last read; None where it is not in the list."""
        return next((record for record in self.runs if record.id == run), None)

    def continuation(self, run: str | None) -> Continuation:
        """Says how a run can go on, as far as it was read."""
        record = self.record(run)
        if record is None:
            return Continuation.NO
        return continuation(record, record.id in self._listing.with_checkpoint)

    def _on_runs(self, found: Listing) -> None:
        self._listing = found
        self.is_read = True
        self.runs_changed.emit()

    def _on_interrupted(self, runs: tuple[RunRecord, ...]) -> None:
        if runs:
            self.runs_interrupted.emit(runs)

    @Slot()
    def _on_finished(self) -> None:
        self._thread.wait()  # its last instructions; `finished` comes just before them
        self.closed.emit()


def _list_runs(store: RunStore) -> Listing:
    runs, deleted, bad = store.listing()
    ended = (record.id for record in runs if not record.state.is_active)
    with_checkpoint = frozenset(run for run in ended if store.has_checkpoint(run))
    return Listing(tuple(runs), tuple(deleted), with_checkpoint, tuple(it.message for it in bad))


def _keep_copy(store: RunStore) -> None:
    store.keep_copy()


def _ignore(_: object) -> None:
    """Nobody waits for the answer."""


def _repair(workspace: Path) -> Repair:
    from engine.service.upkeep.repairing import repair_workspace

    return repair_workspace(workspace)


def _clear_cache(store: RunStore) -> int:
    from engine.service.tidying import clear_cache

    return clear_cache(store)


def _log_problem(problem: Rejected) -> None:
    """Notes what nobody waits for; it is tried again another day."""
    logger.warning("Tidying up failed: %s %s", problem.message, problem.details)


def _read_result(store: RunStore, run: str) -> RunResult:
    from gui.state.result_reading import read_result

    return read_result(store, run)


def _read_history(store: RunStore, run: str) -> RunCurves:
    curves = _read_curves(store, run, with_steps=True)
    return replace(curves, flow=tuple(store.flow(curves.record.id)))


def _read_curves(store: RunStore, run: str, with_steps: bool) -> RunCurves:
    record = store.get(run)
    steps = dict(store.steps(record.id)) if with_steps else {}
    epochs, changes = store.epochs(record.id), store.changes(record.id)
    return RunCurves(record, tuple(epochs), tuple(changes), steps)
