"""The command `rates`: tries learning rates on a scratch model, and suggests one."""

from __future__ import annotations

import signal
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import numpy as np

from engine.cli.commands.output import Output, number, table
from engine.cli.commands.settings import spec_values
from engine.events.messages import Event, RateTried
from engine.runs.store import RunStore

_SHOWN_PER_DECADE = 2
_LINE = 40  # wider than what is written over


def find_rate(arguments: Namespace, store: RunStore, output: Output) -> int:
    """Tries learning rates, and prints what they did to the loss. Ctrl-C ends it early.

    Returns:
        The exit code: 0 with a suggestion, 1 without one.

    Raises:
        DescentError: The model cannot be trained so.
    """
    values = spec_values(arguments)
    from engine.service import execution

    control = _RateOutput(output)
    with control.interrupts():
        found = execution.find_rate(values, control, lambda: control.is_interrupted, store)
    output.event(
        "rates_tried",
        learning_rates=found.learning_rates,
        losses=found.losses,
        suggestion=found.suggestion,
        reason=found.reason,
    )
    rows = [
        (number(float(rate)), number(float(loss)))
        for rate, loss in zip(found.learning_rates, found.losses, strict=True)
    ]
    decades = float(np.log10(found.learning_rates[-1] / found.learning_rates[0])) if rows else 0
    every = max(1, round(len(rows) / max(1.0, decades * _SHOWN_PER_DECADE)))
    if rows:
        output.lines(*table(("learning rate", "loss"), rows[::every]), "")
    output.lines(found.reason)
    if found.suggestion is not None:
        output.lines(f"Train with it: --learning-rate {found.suggestion:g}")
    return 0 if found.suggestion is not None else 1


class _RateOutput:
    """Writes each rate, and turns Ctrl-C into an early end; a second one ends at once."""

    def __init__(self, output: Output) -> None:
        self.is_interrupted = False
        self._output = output

    def __call__(self, event: Event) -> None:
        if not isinstance(event, RateTried):
            return
        self._output.event("rate_tried", learning_rate=event.learning_rate, loss=event.loss)
        if self._output.is_terminal and not self._output.as_json:
            self._output.rewrite(
                f"learning rate {event.learning_rate:<8.2g} loss {event.loss:<10.4g}"
            )

    @contextmanager
    def interrupts(self) -> Iterator[None]:
        """Lets Ctrl-C end the test early."""
        before = signal.signal(signal.SIGINT, self._on_signal)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)
            if self._output.is_terminal and not self._output.as_json:
                self._output.rewrite(" " * _LINE)
                self._output.rewrite("")

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self.is_interrupted:
            raise KeyboardInterrupt
        self.is_interrupted = True
