"""A last training on the training and the validation part, for as many epochs as were good."""

from __future__ import annotations

from typing import Any

from engine.errors import WorkspaceError
from engine.events.run_events import RunState
from engine.runs.record import RunRecord

_HINT = "Only a run that has ended, and watched a validation part, says how long to train."


def refit_obstacle(record: RunRecord) -> str:
    """Why a run cannot be trained once more on both parts, in words; empty where it can.

    Raises:
        WorkspaceError: Its specification is damaged.
    """
    if record.deleted_at is not None or record.state not in (RunState.FINISHED, RunState.STOPPED):
        return f"The run '{record.name}' is {_state(record)}."
    if record.spec.split.refit:
        return f"The run '{record.name}' has learnt from its validation part already."
    if record.best_epoch is None or not any(name.startswith("val_") for name in record.metrics):
        return f"The run '{record.name}' has no epoch that a validation part found best."
    return ""


def refit_values(record: RunRecord) -> dict[str, Any]:
    """The JSON values of the spec of that training.

    All is as it was but the examples: the epochs are those after which the validation loss was
    lowest, and nothing ends it early. That many epochs are good as well for the larger part is an
    assumption: with a seventh more examples an epoch has a seventh more steps (Goodfellow, Bengio
    and Courville 2016, "Deep Learning", section 7.8, algorithm 7.2).

    Raises:
        WorkspaceError: It cannot be trained once more.
    """
    if obstacle := refit_obstacle(record):
        raise WorkspaceError(obstacle, _HINT)
    values = record.spec.to_dict()
    values["split"]["refit"] = True
    values["training"] |= {"epochs": record.best_epoch, "keep": "last"}
    values["stopping"]["patience"] = 0
    thaw_after = values["start"]["thaw_after"]
    if thaw_after is not None and thaw_after >= record.best_epoch:
        values["start"]["thaw_after"] = None  # the best epoch came before it
    return values


def _state(record: RunRecord) -> str:
    return "deleted" if record.deleted_at is not None else record.state.value
