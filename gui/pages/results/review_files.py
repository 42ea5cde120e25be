"""ReviewFiles: keeps a review and what it corrects, in the background of the window."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, SignalInstance

from engine.events.review import Review
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

    Signals, all in the GUI thread:
        saved(None): What was said lasts.
        frozen(FrozenCorrections): A version was made.
        exported(str): A table was written there.
        failed(Rejected): Something could not be written, in words.

    Args:
        workspace: The folder that holds the runs.
        repository: Its thread writes, and owns this, as the window may be closed before it has.
    """

    saved = Signal(object)
    frozen = Signal(object)
    exported = Signal(str)
    failed = Signal(object)

    def __init__(self, workspace: Path, repository: RunRepository) -> None:
        super().__init__(repository)
        self._n_waiting = 0
        self._is_released = False
        self._workspace = workspace
        self._repository = repository

    def release(self) -> None:
        """Goes once everything is written."""
        self._is_released = True
        self._go_if_done()

    def save(self, review: Review) -> None:
        """Writes a review, and what it corrects."""
        workspace = self._workspace

        def job(store: RunStore) -> None:
            from engine.inference.suspects.review_file import save_review

            path, log = _log_with(workspace, review)
            if log.entries:
                log.save(path)
            save_review(review, store.folder(review.run))

        self._submit(job, self.saved)

    def freeze(self, review: Review) -> None:
        """Makes a version of all corrections of the data for a run; answered by `frozen`."""
        workspace = self._workspace

        def job(store: RunStore) -> FrozenCorrections:
            path, log = _log_with(workspace, review)
            return FrozenCorrections(log.freeze(path), len(log.in_effect))

        self._submit(job, self.frozen)

    def export(self, review: Review, to: Path) -> None:
        """Writes all corrections of the data as CSV; answered by `exported`."""
        workspace = self._workspace

        def job(store: RunStore) -> str:
            from engine.files import atomic_write

            atomic_write(to, _log_with(workspace, review)[1].to_csv())
            return str(to)

        self._submit(job, self.exported)

    def _submit(self, job: Job, done: SignalInstance) -> None:
        self._n_waiting += 1
        self._repository.submit(
            job, partial(self._finish, done), partial(self._finish, self.failed)
        )

    def _finish(self, signal: SignalInstance, result: object) -> None:
        self._n_waiting -= 1
        signal.emit(result)
        self._go_if_done()

    def _go_if_done(self) -> None:
        if self._is_released and not self._n_waiting:
            self.deleteLater()


def _log_with(workspace: Path, review: Review) -> tuple[Path, CorrectionLog]:
    """The corrections of a review's data, those of earlier reviews included, and their file."""
    from engine.datasets.corrections.log import CorrectionLog, log_path, person

    path = log_path(workspace, review.source, review.target)
    exists = path.exists()
    log = CorrectionLog.load(path) if exists else CorrectionLog(review.source, review.target)
    return path, log.reviewed(review, person())
