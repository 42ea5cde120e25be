"""Recovery: what to do after memory ran out in a run. Used by a session, in the parent's process.

Memory that TensorFlow could not get is never asked for again in the same process, which may be
in any state by then: the run goes on from its last checkpoint in a new one, with half the batch.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from engine.events.commands import ResumeRun
from engine.events.messages import Event, Rejected, Terminal
from engine.events.run_events import Recovered, RunFailed, RunStarted

MAX_ACCUMULATE = 4096


@dataclass(frozen=True)
class Retry:
    """How a run goes on.

    Attributes:
        notified: Says so.
        command: Makes it so.
    """

    notified: Recovered
    command: ResumeRun


class Recovery:
    """Follows one run and finds a way on when its memory ran out, as its spec allows.

    The batch is halved again and again; when one example at a time is too large, the run fails.
    """

    def __init__(self) -> None:
        self._batch_size = 0
        self._accumulate = 1
        self._how = "off"
        self._failed: RunFailed | None = None

    def note(self, event: Event) -> None:
        """Takes an event of the run."""
        if isinstance(event, RunStarted):
            training = event.spec.training
            # A batch is never larger than the training part, so halving begins there.
            self._batch_size = min(training.batch_size or 1, event.n_train)
            self._accumulate = training.accumulate
            self._how = event.spec.execution.memory_retry

    def after(self, event: Terminal) -> Retry | None:
        """The way on after the last event of a command; None: there is none."""
        if not isinstance(event, RunFailed) or not event.is_out_of_memory:
            return None
        self._failed = event
        if self._how == "off" or self._batch_size <= 1:
            return None
        before, self._batch_size = self._batch_size, self._batch_size // 2
        changes: dict[str, Any] = {"training.batch_size": self._batch_size}
        words = f"It goes on with a batch of {self._batch_size}"
        doubled = 2 * self._accumulate
        if self._how == "accumulate" and doubled <= MAX_ACCUMULATE:
            self._accumulate = doubled
            changes["training.accumulate"] = doubled
            words += f", and averages the gradients of {doubled} for each change of the weights"
        reason = f"Memory ran out with a batch of {before}. {words}."
        notified = Recovered(event.run, reason, self._batch_size)
        return Retry(notified, ResumeRun(event.run, changes, reason))

    def ending(self, event: Terminal) -> Terminal:
        """The last event of the run, where no more is tried."""
        failed = self._failed
        if isinstance(event, Rejected) and failed is not None:
            words = f"It could not go on with a smaller batch: {event.message} {event.hint}".strip()
            return replace(failed, hint=words, details=failed.details or event.details)
        if isinstance(event, RunFailed) and event.is_out_of_memory and self._batch_size == 1:
            hint = (
                "Even one example at a time takes more memory than there is: use a smaller model "
                "or smaller examples, or close other programs."
            )
            return replace(event, hint=hint)
        return event
