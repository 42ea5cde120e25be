"""EstimateController: finds what the draft's training would take, while somebody looks at Start."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from engine.events.commands import EstimateTraining
from engine.events.messages import (
    Event,
    ModelDescribed,
    Rejected,
    TrainingEstimated,
)
from engine.events.profile import Profile
from engine.events.run_events import RunState
from gui.state.draft import Draft
from gui.state.draft_controller import DraftController
from gui.state.run_controller import RunController
from gui.threads.worker_pool import WorkerPool

SETTLE_MS = 400
"""How long a draft stays the same before it is asked about: measuring takes all cores."""

BATCH_SIZE = "training.batch_size"


class EstimateController(QObject):
    """Asks for an estimate when it is wanted and the draft is complete; gives way to everything.

    Signals, all in the GUI thread:
        changed(): `result` is another one.

    Attributes:
        result: What was measured for the draft; None: nothing is known (yet).

    Args:
        pool: Answers the questions.
        drafts: Holds the draft that is asked about.
        runs: Says when a run is under way.
    """

    changed = Signal()

    def __init__(
        self,
        pool: WorkerPool,
        drafts: DraftController,
        runs: RunController,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.result: TrainingEstimated | None = None
        self._pool = pool
        self._draft = Draft()
        self._is_wanted = self._is_ready = self._is_answered = False
        self._is_busy = self._is_closed = False
        self._ticket = 0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SETTLE_MS)
        self._timer.timeout.connect(self._ask)
        drafts.draft_changed.connect(self._set_draft)
        drafts.profile_changed.connect(self._set_profile)
        drafts.model_changed.connect(self._set_model)
        drafts.model_rejected.connect(self._set_model)
        runs.state_changed.connect(self._set_state)

    @property
    def is_asking(self) -> bool:
        """An answer is awaited."""
        return bool(self._ticket)

    @property
    def is_waiting(self) -> bool:
        """The draft is about to be asked about, if it stays as it is, or is just now."""
        return self._timer.isActive() or self.is_asking

    @Slot(object)
    def _set_draft(self, draft: Draft) -> None:
        """Takes the draft that is asked about; what was found for another one is forgotten."""
        if draft == self._draft:
            return
        self._draft = draft
        self._is_ready = False
        self._forget()

    @Slot(object)
    def _set_profile(self, profile: Profile | None) -> None:
        """Data that is read anew may be other data, in the same place."""
        if profile is None:
            self._forget()

    @Slot(object)
    def _set_model(self, answer: ModelDescribed | Rejected | None) -> None:
        """Only what can be built is measured, or could be with a smaller batch."""
        self._is_ready = isinstance(answer, ModelDescribed)
        if isinstance(answer, Rejected):
            self._is_ready = [problem.field for problem in answer.problems] == [BATCH_SIZE]
        self._settle()

    @Slot(object)
    def _set_state(self, state: RunState | None) -> None:
        """A run under way needs the worker, and the processors."""
        self._is_busy = state is not None and state.is_active
        self._settle()

    def set_wanted(self, is_wanted: bool) -> None:
        """Somebody looks at what the answer is for, or does not any more.

        Memory that was missing may be there by now, so that is measured again.
        """
        is_missing = self.result is not None and self.result.fitting_batch_size > 0
        if is_wanted and not self._is_wanted and is_missing:
            self._forget()
        self._is_wanted = is_wanted
        self._settle()

    def close(self) -> None:
        """Asks nothing more."""
        self._is_closed = True
        self._settle()

    def handle(self, ticket: int, event: Event) -> None:
        """Takes an answer; one to an older question is dropped."""
        if ticket != self._ticket or not isinstance(event, TrainingEstimated | Rejected):
            return
        self._ticket = 0
        # What Start would be refused for, it is refused for; no estimate is no mistake.
        self._is_answered = True
        if isinstance(event, TrainingEstimated):
            self.result = event
        self.changed.emit()

    def _settle(self) -> None:
        """Begins to wait for the draft to stay as it is, or gives the question up."""
        is_free = not (self._is_busy or self._is_closed)
        if not (self._is_wanted and self._is_ready and is_free):
            self._drop()
        elif not self._is_answered and not self._ticket:
            self._timer.start()

    def _forget(self) -> None:
        self._is_answered = False
        self._drop()
        if self.result is not None:
            self.result = None
            self.changed.emit()

    def _drop(self) -> None:
        self._timer.stop()
        if self._ticket:
            self._ticket = 0
            self._pool.cancel_estimate()
            self.changed.emit()

    @Slot()
    def _ask(self) -> None:
        self._ticket = self._pool.estimate(EstimateTraining(self._draft.to_spec()))
        self.changed.emit()
