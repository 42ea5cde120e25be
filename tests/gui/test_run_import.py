"""Bringing a run in on the Runs page: by its button, by a drop, twice, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from engine.datasets.base import silent
from engine.errors import DescentError
from engine.events.importing import ImportRun
from engine.events.messages import Event, Rejected
from engine.events.results import ResultCommand
from engine.events.run_events import EpochEnded, RunFinished
from engine.runs.store import RunStore
from engine.service.exchange.importing import answer_import
from engine.service.results.exporting import format_named
from engine.service.results.opened_run import OpenedRun
from engine.spec.run_spec import RunSpec
from gui.pages.runs.runs_page import RunsPage
from tests.gui.fake_results import fake_result
from tests.gui.run_fixtures import MOONS, Stage, stage
from tests.gui.spoken import SpokenMessages


def answered(command: ResultCommand, store: RunStore) -> Event:
    """As a worker: files without a model need no TensorFlow."""
    if not isinstance(command, ImportRun):
        return fake_result(command, store)
    try:
        return answer_import(command, store.workspace, silent)
    except DescentError as error:
        return Rejected(error.message, error.hint)


@pytest.fixture
def on(qtbot: QtBot, tmp_path: Path) -> Iterator[Stage[RunsPage]]:
    (tmp_path / "here").mkdir()
    with stage(qtbot, tmp_path / "here", RunsPage) as made:
        made.engine.result = answered
        qtbot.waitUntil(lambda: made.controller.repository.is_read)
        yield made


@pytest.fixture
def file(tmp_path: Path) -> str:
    """A run of another workspace."""
    with RunStore(tmp_path / "there") as store:
        spec = RunSpec.from_dict(MOONS.to_spec())
        run = store.create(spec, "From there", "Two moons", "Logistic regression").id
        epoch = EpochEnded(run, 1, 1, {"loss": 1.0}, 1.0, 1.0, 1.0, True)
        store.record([epoch, RunFinished(run, reason="Done.")])
        opened = OpenedRun(store.get(run), store.folder(run))
    return format_named("run").export(opened, tmp_path / "moons.descent", silent).path


def names(on: Stage[RunsPage]) -> list[str]:
    return [run.name for run in on.controller.repository.runs]


def bring_in(on: Stage[RunsPage], path: str) -> None:
    with on.qtbot.waitSignals(
        [on.controller.results.answered, on.controller.repository.runs_changed]
    ):
        on.page.open_path(path)


def test_a_run_is_listed_and_can_be_taken_back(on, file):
    bring_in(on, file)
    assert names(on) == ["From there"]
    assert on.page.proxy.rowCount() == 1
    assert "From there" in on.messages.newest.message.text
    with on.qtbot.waitSignal(on.controller.repository.runs_changed):
        on.messages.undo()
    assert names(on) == []


def test_the_same_file_again_is_told(on, file):
    bring_in(on, file)
    bring_in(on, file)
    assert names(on) == ["From there"]
    assert "already" in on.messages.newest.message.text


def test_what_is_no_run_is_refused_in_words(on, spoken: SpokenMessages, tmp_path):
    (tmp_path / "bad.descent").write_bytes(b"PK\x03\x04")
    with on.qtbot.waitSignal(on.controller.results.refused):
        on.page.open_path(str(tmp_path / "bad.descent"))
    said = spoken.take("error")
    assert "bad.descent" in said.text
    assert said.hint
    assert names(on) == []


def test_the_button_asks_for_a_file(on, file):
    on.page.bring_in.click()
    dialog = on.page.findChild(QFileDialog) or on.page.window().findChild(QFileDialog)
    assert "*.descent" in dialog.nameFilters()[0]
    with on.qtbot.waitSignals(
        [on.controller.results.answered, on.controller.repository.runs_changed]
    ):
        dialog.fileSelected.emit(file)
    assert names(on) == ["From there"]
    dialog.close()
