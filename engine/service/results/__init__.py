"""Answers what is asked of the result of a run, in a worker process.

To add a question: a `ResultCommand` and its `ResultAnswer` in `engine.events`, a module here, and
a case below.
"""

from __future__ import annotations

from pathlib import Path

from engine.events.analysing import AnalyseRun
from engine.events.columns import ReadColumn
from engine.events.messages import Event
from engine.events.results import EvaluateRun, ResultCommand, ShowExamples
from engine.events.watch import Watch


def answer(command: ResultCommand, workspace: Path, watch: Watch) -> Event:
    """Answers a question.

    Args:
        command: The question.
        workspace: The folder that holds the runs.
        watch: Told how far it is; ends it where someone asked to stop.

    Raises:
        DescentError: It cannot be answered.
        Cancelled: Someone asked to stop.
    """
    from engine.runs.store import RunStore
    from engine.service.results.opened_run import OPENED

    with RunStore(workspace) as store:
        run = OPENED.get(command.run, store)
        match command:
            case EvaluateRun():
                from engine.service.results.evaluating import evaluate_run

                return evaluate_run(run, command.part, watch)
            case ShowExamples():
                from engine.service.results.examples import show_examples

                return show_examples(run, command.rows, watch)
            case ReadColumn():
                from engine.service.results.columns import read_column

                return read_column(run, command.part, command.column, watch)
            case AnalyseRun():
                from engine.service.results.analysing import analyse_run

                return analyse_run(run, command.part, watch, command.anew)
            case _:
                raise TypeError(f"Unknown question. Received: {command!r}.")
