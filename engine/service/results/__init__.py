"""Answers what is asked of the result of a run, in a worker process.

To add a question: a `ResultCommand` and its `ResultAnswer` in `engine.events`, a module here, and
a case below.
"""

from __future__ import annotations

from pathlib import Path

from engine.events.messages import Event
from engine.events.results import EvaluateRun, ResultCommand, ShowExamples
from engine.events.trying import TrialCommand
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
        if isinstance(command, TrialCommand):
            from engine.service.results.trials import answer_trial

            return answer_trial(command, store, watch)
        run = OPENED.get(command.run, store)
        match command:
            case EvaluateRun():
                from engine.service.results.evaluating import evaluate_run

                return evaluate_run(run, command.part, watch)
            case ShowExamples():
                from engine.service.results.examples import show_examples

                return show_examples(run, command.rows, watch)
            case _:
                raise TypeError(f"Unknown question. Received: {command!r}.")
