"""The Results page with a run, and what tests of its marks ask of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from engine.inference.evaluation.analysing import analyse
from engine.inference.evaluation.analysis import Analysis
from engine.inference.evaluation.predictions import Predictions
from engine.inference.evaluation.scored import ScoredExamples
from engine.runs.store import RunStore
from gui.pages.results.results_page import ResultsPage
from gui.state.draft import Draft
from tests.gui.run_fixtures import Stage, stage


@pytest.fixture
def on(qtbot: QtBot, tmp_path: Path) -> Iterator[Stage[ResultsPage]]:
    with stage(qtbot, tmp_path, ResultsPage) as made:
        yield made


def train(on: Stage[ResultsPage], draft: Draft) -> str:
    with on.qtbot.waitSignal(on.controller.repository.result_read):
        return on.train(draft)


def show(on: Stage[ResultsPage], run: str) -> None:
    with on.qtbot.waitSignal(on.controller.repository.result_read):
        on.page.show_run(run)


def folder(on: Stage[ResultsPage], run: str) -> Path:
    with RunStore(on.engine.workspace) as store:
        return store.folder(run)


def scored_of(on: Stage[ResultsPage]) -> ScoredExamples:
    shown = on.page._shown
    assert shown is not None
    assert shown.scored is not None
    return shown.scored


def listed(on: Stage[ResultsPage]) -> list[int]:
    """The places that the panel lists, in its order."""
    return on.page.examples.list.examples.places.tolist()


def keep_analysis(on: Stage[ResultsPage], run: str, **more: object) -> Analysis:
    """Keeps an analysis of the run's predictions, and shows it."""
    where = folder(on, run)
    predictions = Predictions.load(where)
    assert predictions is not None
    made = replace(analyse(predictions), **more)  # type: ignore[arg-type]
    made.save(where)
    show(on, run)
    return made
