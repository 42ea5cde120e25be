"""What a fake run keeps of each example, and what fake workers answer when asked of a result."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.events.analysing import AnalyseRun, RunAnalysed
from engine.events.columns import ColumnRead, ReadColumn
from engine.events.messages import Event, Rejected
from engine.events.profile import Profile
from engine.events.results import (
    EvaluateRun,
    ExamplesShown,
    ResultCommand,
    RunEvaluated,
    ShowExamples,
    ShownExample,
)
from engine.inference.evaluation.evaluation import Evaluation
from engine.inference.evaluation.predictions import Predictions
from engine.runs.store import RunStore
from engine.spec.signature import Kind, Output
from tests.gui.fake_data import fake_profile


def fake_predictions(looked: Profile, evaluation: Evaluation) -> Predictions:
    """Predictions of which the evaluation could be made; rows from 0 on."""
    signature, part = looked.signature, evaluation.part
    thresholds = np.zeros(0)
    match evaluation.output:
        case Output.CLASSES:
            truth, said = (
                np.repeat(places, evaluation.confusion.ravel())
                for places in np.divmod(
                    np.arange(evaluation.confusion.size), len(evaluation.confusion)
                )
            )
            n = len(evaluation.class_names)
            sure = 0.55 + 0.4 * np.random.default_rng(2).random(len(truth))
            outputs: Any = np.full((len(truth), n), 0.0)
            outputs[:] = ((1 - sure) / (n - 1))[:, np.newaxis]
            outputs[np.arange(len(truth)), said] = sure
        case Output.TOKENS:
            truth = np.array([pair[0] for pair in evaluation.texts], object)
            outputs = np.array([pair[1] for pair in evaluation.texts], object)
        case _:
            truth = evaluation.y_true.reshape(-1, 1).astype(np.float64)
            outputs = evaluation.y_pred.reshape(-1, 1).astype(np.float64)
    return Predictions(
        part,
        signature.task,
        signature.output,
        np.arange(len(truth)),
        truth,
        outputs,
        evaluation.target_name,
        evaluation.class_names,
        thresholds=thresholds,
        n_all=len(truth),
    )


def fake_result(command: ResultCommand, store: RunStore) -> Event:
    """Answers a question as a worker would that has the fake data."""
    looked = fake_profile(store.get(command.run).spec.data.source)
    folder = store.folder(command.run)
    match command:
        case ShowExamples():
            return shown(command, looked)
        case ReadColumn():
            return read(command, looked, Predictions.load(folder, command.part))
        case EvaluateRun():
            evaluation = Evaluation.load(folder)
            assert evaluation is not None
            fake_predictions(looked, evaluation).save(folder)
            return RunEvaluated(command.run, evaluation.part)
        case AnalyseRun():
            return RunAnalysed(command.run, command.part or "test")  # nothing more is known
        case _:
            return Rejected("The fake engine does not know that.")


def shown(command: ShowExamples, looked: Profile) -> ExamplesShown:
    """The samples of the profile, over and over."""
    kind, n = looked.signature.kind, len(looked.sample_x)
    examples = []
    for row in command.rows:
        content = looked.sample_x[row % n]
        cells: tuple[tuple[str, str], ...] = ()
        if kind is Kind.TABLE:
            pairs = zip(looked.feature_names, np.asarray(content).tolist(), strict=True)
            cells = tuple((name, f"{value:g}") for name, value in pairs)
        is_text = isinstance(content, str)
        examples.append(
            ShownExample(
                row,
                f"row {row + 1:,}",
                "",
                content if is_text else np.asarray(content),
                cells,
                "",
            )
        )
    rate = looked.rate or looked.frame_rate
    return ExamplesShown(
        command.run, kind.value, tuple(examples), rate, looked.feature_names, key=command.key
    )


def read(command: ReadColumn, looked: Profile, found: Predictions | None) -> Event:
    """A column of numbers, and one of categories."""
    rows = np.zeros(0, np.int64) if found is None else found.rows
    columns = (*looked.feature_names, "site") if looked.signature.kind is Kind.TABLE else ()
    if command.column == "site":
        return ColumnRead(
            command.run, command.part, "site", columns, rows, rows % 3.0, ("a", "b", "c")
        )
    numbers = rows.astype(np.float64) if command.column else np.zeros(0)
    return ColumnRead(command.run, command.part, command.column, columns, rows, numbers)
