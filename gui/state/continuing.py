"""Whether and how a run that has ended can go on."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from engine.events.run_events import RunState

if TYPE_CHECKING:
    from engine.runs.record import RunRecord


class Continuation(StrEnum):
    """How a run can go on."""

    NO = "no"
    GO_ON = "go on"
    """To the epochs that were planned."""
    EXTEND = "extend"
    """With more epochs: those that were planned are done."""


def continuation(record: RunRecord, has_checkpoint: bool) -> Continuation:
    """Says how a run can go on.

    Args:
        record: The run.
        has_checkpoint: There is a state to go on from. An interrupted run needs none: it then
            begins anew.
    """
    if record.state.is_active or record.deleted_at is not None:
        return Continuation.NO
    is_done = 0 < record.epochs_planned <= record.epochs_done
    is_done = is_done or record.state is RunState.FINISHED  # a rule may have ended it early
    if record.state is RunState.INTERRUPTED and not is_done:
        return Continuation.GO_ON
    if not has_checkpoint:
        return Continuation.NO
    return Continuation.EXTEND if is_done else Continuation.GO_ON
