"""What may be changed in a run that goes on: how it learns and is executed, not what it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.errors import Problem
from engine.spec.parameters import shorten
from engine.spec.run_spec import RunSpec
from engine.spec.training_spec import ExecutionSpec, ScheduleSpec, StoppingSpec

CHANGEABLE: tuple[str, ...] = (
    "training.epochs",
    "training.batch_size",
    "training.learning_rate",
    "training.accumulate",
    "training.keep",
    *(f"schedule.{name}" for name in ScheduleSpec.model_fields),
    *(f"stopping.{name}" for name in StoppingSpec.model_fields),
    *(f"execution.{name}" for name in ExecutionSpec.model_fields if name != "precision"),
)
"""Paths in the spec. Data, model and optimizer are what the checkpoint was made with."""


def change_problems(changes: Mapping[str, Any]) -> list[Problem]:
    """What of these changes a run under way cannot take; their values are checked elsewhere."""
    return [
        Problem(
            path,
            f"This cannot be changed in a run that goes on. Received: {shorten(value)}.",
            "Start a new run with it.",
        )
        for path, value in changes.items()
        if path not in CHANGEABLE
    ]


def changed_values(spec: RunSpec, changes: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON values of a spec with other settings, not yet checked.

    Args:
        spec: What it was.
        changes: New values by path; each must be in `CHANGEABLE`.
    """
    values = spec.to_dict()
    for path, value in changes.items():
        part, _, name = path.partition(".")
        values[part][name] = value
    return values
