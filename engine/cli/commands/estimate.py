"""The command `train --estimate`: what a training would take of time and memory, without one."""

from __future__ import annotations

import dataclasses
from argparse import Namespace

from engine.cli.commands.output import Output
from engine.cli.commands.settings import spec_values
from engine.errors import DescentError
from engine.events.messages import TrainingEstimated
from engine.runs.store import RunStore
from engine.spec.formatting import bytes_text, duration_text


def estimate(arguments: Namespace, store: RunStore, output: Output) -> int:
    """Measures some steps, and prints what all would take.

    Returns:
        The exit code: 0 if it fits into memory, 1 if a smaller batch would.

    Raises:
        DescentError: The model cannot be trained so.
    """
    if arguments.workers is not None or arguments.index is not None:
        raise DescentError(
            "What several workers take together cannot be estimated by one of them. "
            "Received: --estimate with --workers or --index.",
            "Leave those out: the estimate is then of this machine alone.",
        )
    values = spec_values(arguments)
    from engine.service import execution

    found = execution.estimate(values, store=store)
    output.event("training_estimated", **dataclasses.asdict(found))
    output.lines(*lines(found))
    return 1 if found.fitting_batch_size else 0


def lines(found: TrainingEstimated) -> list[str]:
    """An estimate in words."""
    memory = f"{bytes_text(found.memory_bytes)} of {bytes_text(found.available_bytes)} available"
    times = (
        f"About {duration_text(found.epoch_s)} an epoch, {duration_text(found.total_s)} in all "
        f"on {found.device}; {duration_text(found.step_s)} a step"
    )
    if not found.fitting_batch_size:
        return [f"{times}.", f"Memory: about {memory}."]
    size = found.fitting_batch_size
    return [
        f"Memory: about {memory}. That does not fit, but a batch of {size} does: "
        f"--batch-size {size}",
        f"{times}, with that batch.",
    ]
