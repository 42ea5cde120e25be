"""A workspace and settings that Descent 0.1 wrote, opened in the window."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot
from stored_workspace import RUNS, unpack

from engine.runs.store import RunStore
from gui.guide.words import chosen_language
from gui.pages.results.results_page import ResultsPage
from gui.pages.runs.runs_page import RunsPage
from tests.gui.frame_fixtures import WindowStage, window_stage
from tests.gui.spoken import SpokenMessages


@pytest.fixture
def on(qtbot: QtBot, tmp_path: Path, spoken: SpokenMessages) -> Iterator[WindowStage]:
    # The window of a test has its settings and its workspace where these are unpacked.
    unpack(tmp_path)
    with window_stage(qtbot, tmp_path) as made:
        qtbot.waitUntil(lambda: len(spoken) == 2)
        assert "Descent was updated" in spoken.take("info").text
        assert "“Digits” was interrupted" in spoken.take("warning").text
        yield made


def test_what_was_remembered_comes_back(on: WindowStage, tmp_path: Path) -> None:
    assert on.window.current_page == "runs"
    assert on.controller.drafts.draft.source == (tmp_path / "data" / "fruit.csv").as_posix()
    assert on.controller.drafts.draft.model == "mlp"
    assert on.window.settings.get("theme/mode", "") == "dark"
    assert chosen_language(on.window.settings) == "zh_CN"


def states(page: RunsPage) -> dict[str, str]:
    """How each run that is listed ended, in words."""
    name, state = (page.model.position(column) for column in ("name", "state"))
    rows = range(page.proxy.rowCount())
    return {page.proxy.index(row, name).data(): page.proxy.index(row, state).data() for row in rows}


def test_the_runs_are_listed_with_how_they_ended(on: WindowStage) -> None:
    page = on.window.pages["runs"]
    assert isinstance(page, RunsPage)
    expected = {"Fruit": "Finished", "Moods": "Stopped", "Digits": "Interrupted"}
    on.qtbot.waitUntil(lambda: states(page) == expected)
    with RunStore(on.engine.workspace) as store:
        assert all(store.has_checkpoint(RUNS[name]) for name in ("moods", "digits"))


def test_the_results_of_a_run_are_shown(on: WindowStage) -> None:
    runs, results = on.window.pages["runs"], on.window.pages["results"]
    assert isinstance(runs, RunsPage)
    assert isinstance(results, ResultsPage)
    on.qtbot.waitUntil(lambda: runs.proxy.rowCount() == 3)

    def is_selected() -> bool:  # rows may still come, and be put in order
        runs.table.selectRow(list(states(runs)).index("Fruit"))
        return [record.name for record in runs.selected_runs()] == ["Fruit"]

    on.qtbot.waitUntil(is_selected)
    runs.open_results()
    assert on.window.current_page == "results"
    on.qtbot.waitUntil(lambda: results.head.title.text() == "Fruit")
