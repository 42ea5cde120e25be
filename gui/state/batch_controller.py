"""BatchController: one batch of the draft's data as the network would receive it, when asked."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal, Slot

from engine.events.commands import PreviewBatch
from engine.events.messages import BatchPreviewed, Event, Rejected
from gui.state.draft import Draft
from gui.threads.worker_pool import WorkerPool


class BatchController(QObject):
    """Asks for a batch, and drops answers to older drafts.

    Signals, all in the GUI thread:
        batch_changed(BatchPreviewed | None): The batch; None: it is not known any more.
        batch_rejected(Rejected): There is no batch, and why.

    Args:
        pool: Answers the questions.
    """

    batch_changed = Signal(object)
    batch_rejected = Signal(object)

    def __init__(self, pool: WorkerPool, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = pool
        self._draft = Draft()
        self._ticket = 0
        self.batch: BatchPreviewed | None = None
        self.problem: Rejected | None = None

    @Slot(object)
    def set_draft(self, draft: Draft) -> None:
        """Takes the draft that a batch would be of; forgets the batch of another one."""
        is_same = draft.asks_same_batch(self._draft)
        self._draft = draft
        if not is_same:
            self._ticket = 0
            self.batch = self.problem = None
            self.batch_changed.emit(None)

    def ask(self) -> None:
        """Asks for a batch, unless it is known or on its way."""
        if self._draft.has_data and not self._ticket and self.batch is None:
            self.problem = None
            self._ticket = self._pool.preview(PreviewBatch(self._draft.batch_question()))

    def make_way(self) -> None:
        """A run takes the worker: a question that it has not answered is taken back."""
        if self._ticket:
            self._ticket = 0
            text = self.tr("A training began, which needed the worker that prepared the batch.")
            self.problem = Rejected(text)
            self.batch_rejected.emit(self.problem)

    def handle(self, ticket: int, event: Event) -> None:
        """Takes an answer; one to an older question is dropped."""
        if ticket != self._ticket:
            return
        if isinstance(event, BatchPreviewed):
            self._ticket, self.batch = 0, event
            self.batch_changed.emit(event)
        elif isinstance(event, Rejected):
            self._ticket, self.problem = 0, event
            self.batch_rejected.emit(event)
