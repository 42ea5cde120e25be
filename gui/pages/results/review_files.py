"""ReviewFiles: keeps a review and what it corrects, in the background of the window."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from engine.events.review import Review
from gui.state.run_repository import RunRepository

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
        saved(): What was said lasts.
        frozen(FrozenCorrections): A version was made.
        exported(str): A table was written there.
        failed(Rejected): Something could not be written, in words.

    Args:
        workspace: The folder that holds the runs.
        repository: Its thread writes.
    """

    saved = Signal()
    frozen = Signal(object)
    exported = Signal(str)
    failed = Signal(object)

    def __init__(
        self, workspace: Path, repository: RunRepository, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._repository = repository

    def save(self, review: Review) -> None:
        """Writes a review, and what it corrects. Of several that wait the newest is written."""
        workspace = self._workspace

        def job(store: RunStore) -> None:
            from engine.inference.suspects.review_file import save_review

            path, log = _log_with(workspace, review)
            if log.entries:
                log.save(path)
            save_review(review, store.folder(review.run))

        self._repository.submit(job, self._on_saved, self.failed.emit, key="labels/save")

    def freeze(self, review: Review) -> None:
        """Makes a version of all corrections of the data for a run; answered by `frozen`."""
        workspace = self._workspace

        def job(store: RunStore) -> FrozenCorrections:
            path, log = _log_with(workspace, review)
            return FrozenCorrections(log.freeze(path), len(log.in_effect))

        self._repository.submit(job, self.frozen.emit, self.failed.emit)

    def export(self, review: Review, to: Path) -> None:
        """Writes all corrections of the data as CSV; answered by `exported`."""
        workspace = self._workspace

        def job(store: RunStore) -> str:
            from engine.files import atomic_write

            atomic_write(to, _log_with(workspace, review)[1].to_csv())
            return str(to)

        self._repository.submit(job, self.exported.emit, self.failed.emit)

    def _on_saved(self, _nothing: None) -> None:
        self.saved.emit()


def _log_with(workspace: Path, review: Review) -> tuple[Path, CorrectionLog]:
    """The corrections of a review's data, those of earlier reviews included, and their file."""
    from engine.datasets.corrections.log import CorrectionLog, log_path, person

    path = log_path(workspace, review.source, review.target)
    exists = path.exists()
    log = CorrectionLog.load(path) if exists else CorrectionLog(review.source, review.target)
    return path, log.reviewed(review, person())
