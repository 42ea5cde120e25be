"""The progress of a training, for people: rewritten in place on a terminal, else a line an epoch.

Told of events from the recorder's thread.
"""

from __future__ import annotations

import shutil
import time

from engine.architectures import ARCHITECTURES
from engine.cli.commands.listings import finding_lines
from engine.cli.commands.output import Output, number, numbers
from engine.devices.console.escaping import escaped
from engine.events.findings import Trouble
from engine.events.messages import DataProgress, Event
from engine.events.run_events import (
    EpochEnded,
    PlanChosen,
    RunStarted,
    StepsDone,
)
from engine.spec.formatting import duration_text, percent_text
from engine.spec.run_spec import ModelSpec

_BAR_WIDTH = 24
_REDRAW_S = 0.1
# What somebody may believe was learnt from, and was not.
_NOT_LEARNT = (Trouble.UNREADABLE, Trouble.LEFT_OUT)


def _fitted(model: ModelSpec) -> list[str]:
    """Says which settings are those for data too small for the usual ones."""
    smaller = ARCHITECTURES[model.chosen].smaller_in(model.parameters)
    settings = ", ".join(f"{name}={value}" for name, value in smaller.items())
    return [f"Settings for small data: {settings}."] if settings else []


class Progress:
    """Shows the events of one run.

    Args:
        output: Where it is shown; silent with ``--json``.
    """

    def __init__(self, output: Output) -> None:
        self._output = output
        self._started: RunStarted | None = None
        self._epoch: EpochEnded | None = None
        self._place = ""
        self._drawn_at = 0.0
        self._is_drawn = False

    def show(self, event: Event) -> None:
        """Shows what is new."""
        match event:
            case DataProgress():
                self._draw_reading(event)
            case RunStarted():
                self._clear()
                self._started = event
                self._output.lines(
                    f"{event.name}  ({event.run})",
                    f"{event.n_train} training examples, {event.epochs} epochs "
                    f"of {event.steps_per_epoch} steps",
                )
                if event.notice:
                    self._output.lines(event.notice)
                question = event.profile.question
                if question is not None:
                    others = ", ".join(
                        str(remedy.changes["data.target"]) for remedy in question.remedies[1:]
                    )
                    self._output.lines(
                        f"{question.remedies[0].label}; --target names another, such as {others}"
                    )
                self._output.lines(*_fitted(event.spec.model))
                for finding in event.profile.findings:
                    if finding.trouble in _NOT_LEARNT:
                        self._output.lines(*finding_lines(finding))
            case PlanChosen():
                place = f"On {event.device}{' with XLA' if event.xla else ''}."
                if place != self._place:  # a plan may be told again, with another reason
                    self._output.lines(place)
                self._place = place
            case StepsDone():
                self._draw_steps(event)
            case EpochEnded():
                self._epoch = event
                if not self._output.is_terminal:
                    self._output.lines(f"Epoch {self._of(event.epoch)}  {_summary(event)}")

    def _draw_reading(self, event: DataProgress) -> None:
        if self._output.as_json or not self._output.is_terminal:
            return
        of_total = f" of {event.total:,}" if event.total else ""
        self._rewrite(f"{event.what}: {event.done:,}{of_total}")

    def _clear(self) -> None:
        if self._is_drawn:
            self._rewrite("")
            self._is_drawn = False

    def finish(self) -> None:
        """Leaves the last state of the bar standing."""
        if self._is_drawn:
            text = (
                f"Epoch {self._of(self._epoch.epoch)}  {_summary(self._epoch)}"
                if self._epoch
                else ""
            )
            self._rewrite(text, ends=True)
            self._is_drawn = False

    def _draw_steps(self, event: StepsDone) -> None:
        now = time.monotonic()
        if self._output.as_json or not self._output.is_terminal or not self._started:
            return
        if now - self._drawn_at < _REDRAW_S:
            return
        self._drawn_at = now
        done = event.first_step + event.n_steps
        share = done / max(self._started.epochs * self._started.steps_per_epoch, 1)
        filled = round(_BAR_WIDTH * share)
        bar = "#" * filled + "-" * (_BAR_WIDTH - filled)
        left_s = event.elapsed_s * (1 / share - 1) if share else 0.0
        parts = [
            f"Epoch {self._of(event.epoch)}",
            f"[{bar}] {percent_text(share):>5}",
            f"{duration_text(left_s)} left",
        ]
        parts.append(f"loss {number(float(event.metrics['loss'][-1]))}")
        if self._epoch is not None:
            validation = {k: v for k, v in self._epoch.metrics.items() if k.startswith("val_")}
            parts.append(numbers(validation))
        self._rewrite("  ".join(parts))

    def _rewrite(self, text: str, ends: bool = False) -> None:
        width = shutil.get_terminal_size().columns - 1
        self._output.rewrite(escaped(text)[:width].ljust(width), ends)
        self._is_drawn = True

    def _of(self, epoch: int) -> str:
        total = self._started.epochs if self._started else epoch
        return f"{epoch:>{len(str(total))}}/{total}"


def _summary(event: EpochEnded) -> str:
    best = "  (best)" if event.is_best else ""
    return f"{duration_text(event.duration_s)}  {numbers(event.metrics)}{best}"
