"""Answers what is asked of the result of a run, in a worker process.

To add a question: a `ResultCommand` and its `ResultAnswer` in `engine.events`, a module here, and
a case below.
"""

from __future__ import annotations

from pathlib import Path

from engine.events.labelling import CompareOnTest, FindSuspects, StartReview
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
            case FindSuspects():
                from engine.service.results.labelling import find_suspects

                return find_suspects(run, command, watch)
            case StartReview():
                from engine.service.results.reviewing import start_review

                return start_review(run, command, watch)
            case CompareOnTest():
                from engine.service.results.comparing import compare_on_test

                return compare_on_test(run.record.id, store, command.before)
            case _:
                raise TypeError(f"Unknown question. Received: {command!r}.")
