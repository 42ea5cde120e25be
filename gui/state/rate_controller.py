"""RateController: tries learning rates for the draft, when asked."""

from __future__ import annotations

from enum import StrEnum

from PySide6.QtCore import QObject, Signal, Slot

from engine.events.commands import FindRate
from engine.events.messages import (
    DataProgress,
    Event,
    RatesTried,
    RateTried,
    Rejected,
)
from engine.events.profile import Profile
from gui.state.draft import Draft
from gui.threads.worker_pool import WorkerPool


class RateState(StrEnum):
    """How far a range test is."""

    NONE = "none"
    TRYING = "trying"
    DONE = "done"
    FAILED = "failed"


class RateController(QObject):
    """Asks for a range test, and drops one of another draft.

    Signals, all in the GUI thread:
        state_changed(RateState): A test began, ended, failed, or is of an older draft.
        progressed(DataProgress): How far the reading of its data is.
        tried(RateTried): One more rate.

    Args:
        pool: Answers the questions.
    """

    state_changed = Signal(object)
    progressed = Signal(object)
    tried = Signal(object)

    def __init__(self, pool: WorkerPool, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = pool
        self._draft = Draft()
        self._ticket = 0
        self.state = RateState.NONE
        self.result: RatesTried | None = None
        self.problem: Rejected | None = None

    @Slot(object)
    def set_draft(self, draft: Draft) -> None:
        """Takes the draft that is asked about; a test of another one is stopped and forgotten."""
        is_same = draft.asks_same_rate(self._draft)
        self._draft = draft
        if not is_same:
            self._forget()

    @Slot(object)
    def set_profile(self, profile: Profile | None) -> None:
        """Data that is read anew may be other data, in the same place."""
        if profile is None:
            self._forget()

    def _forget(self) -> None:
        if self.state is not RateState.NONE:
            if self._ticket:
                self._pool.cancel_rates()
            self._set(RateState.NONE)

    def ask(self) -> None:
        """Begins a test, unless one is under way."""
        if self._ticket or not (self._draft.has_data and self._draft.has_model):
            return
        self._set(RateState.TRYING, self._pool.find_rate(FindRate(self._draft.to_spec())))

    def stop(self) -> None:
        """Ends the test under way; what was tried is the result."""
        if self._ticket:
            self._pool.cancel_rates()

    def make_way(self) -> None:
        """A run takes the worker: a test under way is given up."""
        if self._ticket:
            text = self.tr("A training began, which needed the worker that tried learning rates.")
            self._set(RateState.FAILED, problem=Rejected(text))

    def handle(self, ticket: int, event: Event) -> None:
        """Takes an answer; one to an older question is dropped."""
        if ticket != self._ticket:
            return
        if isinstance(event, RateTried):
            self.tried.emit(event)
        elif isinstance(event, DataProgress):
            self.progressed.emit(event)
        elif isinstance(event, RatesTried):
            self._set(RateState.DONE, result=event)
        elif isinstance(event, Rejected):
            self._set(RateState.FAILED, problem=event)

    def _set(
        self,
        state: RateState,
        ticket: int = 0,
        result: RatesTried | None = None,
        problem: Rejected | None = None,
    ) -> None:
        self.state, self._ticket = state, ticket
        self.result, self.problem = result, problem
        self.state_changed.emit(state)
