"""The command `train --estimate`: what a training would take of time and memory, without one."""

from __future__ import annotations

import dataclasses
from argparse import Namespace

from engine.cli.commands.output import Output
from engine.cli.commands.settings import spec_values
from engine.errors import DescentError
from engine.events.messages import TrainingEstimated
from engine.graph.memory import bytes_text

_MINUTE_S, _HOUR_S, _DAY_S = 60, 3600, 86_400


def estimate(arguments: Namespace, output: Output) -> int:
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

    found = execution.estimate(values)
    output.event("training_estimated", **dataclasses.asdict(found))
    output.lines(*lines(found))
    return 1 if found.fitting_batch_size else 0


def lines(found: TrainingEstimated) -> list[str]:
    """An estimate in words."""
    memory = f"{bytes_text(found.memory_bytes)} of {bytes_text(found.available_bytes)} available"
    times = (
        f"About {duration(found.epoch_s)} an epoch, {duration(found.total_s)} in all "
        f"on {found.device}; {duration(found.step_s)} a step"
    )
    if not found.fitting_batch_size:
        return [f"{times}.", f"Memory: about {memory}."]
    size = found.fitting_batch_size
    return [
        f"Memory: about {memory}. That does not fit, but a batch of {size} does: "
        f"--batch-size {size}",
        f"{times}, with that batch.",
    ]


def duration(seconds: float) -> str:
    """A time in words, with about two significant digits, such as ``3.2 s`` or ``1 h 20 min``."""
    if seconds < 0.1:
        return f"{1000 * seconds:.2g} ms"
    if seconds < _MINUTE_S:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    if seconds < _HOUR_S:
        return _both(round(seconds), 60, "min", "s")
    if seconds < _DAY_S:
        return _both(round(seconds / _MINUTE_S), 60, "h", "min")
    return _both(round(seconds / _HOUR_S), 24, "d", "h")


def _both(parts: int, ratio: int, unit: str, part: str) -> str:
    whole, rest = divmod(parts, ratio)
    return f"{whole:,} {unit} {rest} {part}" if rest and whole < 10 else f"{whole:,} {unit}"
