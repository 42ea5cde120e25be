"""Answers what is asked of the result of a run, in a worker process.

To add a question: a `ResultCommand` and its `ResultAnswer` in `engine.events`, a module here, and
a case below.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from engine.events.analysing import AnalyseRun
from engine.events.columns import ReadColumn
from engine.events.explaining import ExplainExample, ExplainModel
from engine.events.exporting import ExportRun
from engine.events.labelling import CompareOnTest, FindSuspects, StartReview
from engine.events.messages import Event
from engine.events.results import EvaluateRun, ResultCommand, ShowExamples
from engine.events.trying import TrialCommand
from engine.events.watch import Watch

if TYPE_CHECKING:
    from engine.runs.store import RunStore
    from engine.service.results.opened_run import OpenedRun


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

                return show_examples(run, command.rows, watch, command.key)
            case ReadColumn():
                from engine.service.results.columns import read_column

                return read_column(run, command.part, command.column, watch)
            case AnalyseRun():
                from engine.service.results.analysing import analyse_run

                return analyse_run(run, command.part, watch, command.anew)
            case FindSuspects() | StartReview() | CompareOnTest():
                return _answer_on_labels(command, run, store, watch)
            case ExplainExample():
                from engine.service.results.explaining import explain_example

                return explain_example(run, command, watch)
            case ExplainModel():
                from engine.service.results.explaining import explain_model

                return explain_model(run, command.anew, watch)
            case ExportRun():
                from engine.service.results.exporting.answering import answer_export

                return answer_export(run, command, store, watch)
            case _:
                raise TypeError(f"Unknown question. Received: {command!r}.")


def _answer_on_labels(
    command: FindSuspects | StartReview | CompareOnTest,
    run: OpenedRun,
    store: RunStore,
    watch: Watch,
) -> Event:
    """Answers what is asked of labels that look wrong."""
    match command:
        case FindSuspects():
            from engine.service.results.labelling import find_suspects

            return find_suspects(run, command, watch)
        case StartReview():
            from engine.service.results.reviewing import start_review

            return start_review(run, command, watch)
        case CompareOnTest():
            from engine.service.results.comparing import compare_on_test

            return compare_on_test(run.record.id, store, command.before)
