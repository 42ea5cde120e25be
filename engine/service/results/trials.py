"""Answers what is asked of the newest model of a run: which module knows which answer."""

from __future__ import annotations

from pathlib import Path

from engine.events.results import ResultAnswer
from engine.events.trying import (
    DrivePolicy,
    FindChange,
    FindNearest,
    LookAtModel,
    PredictMany,
    TakeExample,
    TrialCommand,
    TryInput,
)
from engine.events.watch import Watch
from engine.runs.store import RunStore
from engine.service.results.tried_run import TRIED
from engine.service.results.trying import drive_policy, look_at_model, take_example, try_input


def answer_trial(command: TrialCommand, store: RunStore, watch: Watch) -> ResultAnswer:
    """Answers a question about the newest model of a run.

    Raises:
        DescentError: It cannot be answered.
        Cancelled: Someone asked to stop.
    """
    run = TRIED.get(command.run, store)
    match command:
        case LookAtModel():
            return look_at_model(run, watch)
        case TryInput():
            return try_input(run, command.given, command.number, watch)
        case TakeExample():
            return take_example(run, command.place, watch)
        case DrivePolicy():
            return drive_policy(run, command.seed)
        case FindChange():
            from engine.service.results.changing import find_change

            return find_change(run, dict(command.cells), command.wanted, watch)
        case FindNearest():
            from engine.service.results.nearest import find_nearest

            return find_nearest(run, command.given, command.number, watch)
        case PredictMany():
            from engine.service.results.predicting import predict_many

            return predict_many(run, Path(command.source), Path(command.to), watch)
        case _:
            raise TypeError(f"Unknown question. Received: {command!r}.")
