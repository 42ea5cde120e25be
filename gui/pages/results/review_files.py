"""ReviewFiles: keeps a review and what it corrects, in the background of the window."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, SignalInstance

from engine.events.messages import Rejected
from engine.events.review import Review
from gui.state.messages import Messages
from gui.state.run_repository import RunRepository
from gui.threads.store_thread import Job

if TYPE_CHECKING:
    from engine.datasets.corrections.log import CorrectionLog
    from engine.runs.store import RunStore


@dataclass(frozen=True)
class FrozenCorrections:
    """A version of corrections that is never changed again.

    Attributes:
        path: Its file.
        n: How many examples it concerns.
    """

    path: Path
    n: int


class ReviewFiles(QObject):
    """Writes one after the other, in the thread of the workspace.

    Of the corrections only what was said since is changed: the same data may be looked at in
    another review, and what was said there last holds.

    Signals, all in the GUI thread:
        saved(None): What was said lasts.
        frozen(FrozenCorrections): A version was made.
        exported(str): A table was written there.

    Args:
        workspace: The folder that holds the runs.
        repository: Its thread writes, and owns this, as the window may be closed before it has.
        messages: Say what could not be written, even then.
    """

    saved = Signal(object)
    frozen = Signal(object)
    exported = Signal(str)

    def __init__(self, workspace: Path, repository: RunRepository, messages: Messages) -> None:
        super().__init__(repository)
        self._messages = messages
        self._unsaved: set[int] = set()
        self._n_waiting = 0
        self._is_released = False
        self._workspace = workspace
        self._repository = repository

    def release(self) -> None:
        """Goes once everything is written."""
        self._is_released = True
        self._go_if_done()

    def save(self, review: Review, before: Review) -> None:
        """Writes a review, and what it corrects.

        Args:
            review: As it is now.
            before: As it was when it was written last, or read.
        """
        workspace = self._workspace
        self._unsaved |= _changed(before, review)
        places, self._unsaved = frozenset(self._unsaved), set()

        def job(store: RunStore) -> None:
            from engine.inference.suspects.review_file import save_review

            path, log = _log_with(workspace, review, places)
            if log.entries:
                log.save(path)
            save_review(review, store.folder(review.run))

        self._submit(job, self.saved, places)

    def freeze(self, review: Review) -> None:
        """Makes a version of all corrections of the data for a run; answered by `frozen`."""
        workspace, places = self._workspace, frozenset(self._unsaved)

        def job(store: RunStore) -> FrozenCorrections:
            path, log = _log_with(workspace, review, places)
            return FrozenCorrections(log.freeze(path), len(log.in_effect))

        self._submit(job, self.frozen)

    def export(self, review: Review, to: Path) -> None:
        """Writes all corrections of the data as CSV; answered by `exported`."""
        workspace, places = self._workspace, frozenset(self._unsaved)

        def job(store: RunStore) -> str:
            from engine.files import atomic_write

            atomic_write(to, _log_with(workspace, review, places)[1].to_csv())
            return str(to)

        self._submit(job, self.exported)

    def _submit(self, job: Job, done: SignalInstance, places: frozenset[int] = frozenset()) -> None:
        self._n_waiting += 1
        self._repository.submit(
            job, partial(self._finish, done), partial(self._finish_without, places)
        )

    def _finish(self, signal: SignalInstance, result: object) -> None:
        self._n_waiting -= 1
        signal.emit(result)
        self._go_if_done()

    def _finish_without(self, places: frozenset[int], problem: Rejected) -> None:
        """Says why something was not written; what was said of these places still waits."""
        self._n_waiting -= 1
        self._unsaved |= places
        self._messages.show_error(problem.message, problem.hint)
        self._go_if_done()

    def _go_if_done(self) -> None:
        if self._is_released and not self._n_waiting:
            self.deleteLater()


def _changed(before: Review, review: Review) -> set[int]:
    """Places of which something else is said than before."""
    places = before.answers.keys() | review.answers.keys()
    return {p for p in places if before.answers.get(p) != review.answers.get(p)}


def _log_with(
    workspace: Path, review: Review, places: frozenset[int]
) -> tuple[Path, CorrectionLog]:
    """The corrections of a review's data with what it says of some places, and their file."""
    from engine.datasets.corrections.log import CorrectionLog, log_path, person

    path = log_path(workspace, review.source, review.target)
    if not path.exists():  # or no more: then all is said of it anew
        log = CorrectionLog(review.source, review.target)
        return path, log.reviewed(review, person())
    return path, CorrectionLog.load(path).reviewed(review, person(), places)
