"""Answers the command to take a run's result away."""

from __future__ import annotations

from pathlib import Path

from engine.events.exporting import ExportRun, RunExported
from engine.events.watch import Watch
from engine.runs.store import RunStore
from engine.service.results.exporting import format_named
from engine.service.results.exporting.options import ReportOptions
from engine.service.results.opened_run import OPENED, OpenedRun


def answer_export(run: OpenedRun, command: ExportRun, store: RunStore, watch: Watch) -> RunExported:
    """Writes what was asked for.

    Raises:
        DescentError: There is no such format or run, or as `ExportFormat.export`.
        Cancelled: Someone asked to stop.
    """
    others = tuple(OPENED.get(it, store) for it in command.others)
    options = ReportOptions(command.language, others, command.with_examples)
    return format_named(command.format).export(run, Path(command.to), watch, options)
