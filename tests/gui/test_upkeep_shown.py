"""Damage that the window meets: it opens all the same, says what is so, and offers what helps."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from engine.events.commands import ResumeRun
from engine.events.messages import FROM_START, Rejected
from engine.events.run_events import EpochEnded, RunFinished
from engine.runs.store import RunStore
from engine.spec.run_spec import RunSpec
from gui.pages.results.run_summary import summary
from gui.pages.train.restart_question import RestartQuestion
from gui.pages.train.train_page import TrainPage
from gui.state.run_repository import TIDY_AFTER_MS
from tests.gui.frame_fixtures import window_stage
from tests.gui.run_fixtures import DIGITS, Stage, stage
from tests.gui.spoken import SpokenMessages

SPEC = RunSpec.from_dict({"data": {"source": "iris"}, "model": {"name": "mlp"}})


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    place = tmp_path / "workspace"
    with RunStore(place) as store:
        for name in ("one", "two"):
            run = store.create(SPEC, name, "Iris", "MLP").id
            store.record(
                [
                    EpochEnded(run, 1, 5, {"loss": 0.5}, 1.0, 1.0, 80.0, True),
                    RunFinished(run, reason="Done."),
                ]
            )
    return place


@pytest.mark.parametrize("how", ["garbage", "missing"])
def test_a_damaged_database_is_said_and_one_click_finds_the_runs_again(
    qtbot: QtBot, tmp_path: Path, workspace: Path, spoken: SpokenMessages, how: str
) -> None:
    if how == "missing":
        (workspace / "runs.sqlite").unlink()
    else:
        (workspace / "runs.sqlite").write_bytes(b"no database " * 1000)
    with window_stage(qtbot, tmp_path) as on:
        qtbot.waitUntil(lambda: any("run database" in m.text for m in spoken))
        said = spoken.take("warning")
        assert said.action_text == "Find the runs again"
        assert said.is_lasting
        with qtbot.waitSignal(on.controller.repository.repaired):
            on.window.messages.kept[0].act()
        qtbot.waitUntil(lambda: len(on.controller.repository.runs) == 2)
        assert "2 runs were found again." in on.window.messages.newest.message.text
        shown = [item.message.text for item in on.window.messages.kept]
        assert not any("run database" in text for text in shown), "it is no longer so"
        spoken.clear()


def test_a_bad_row_is_said_once_and_the_others_are_listed(
    qtbot: QtBot, tmp_path: Path, workspace: Path, spoken: SpokenMessages
) -> None:
    with closing(sqlite3.connect(workspace / "runs.sqlite")) as database, database:
        database.execute("UPDATE runs SET state = 'exploded' WHERE name = 'one'")
    with window_stage(qtbot, tmp_path) as on:
        repository = on.controller.repository
        qtbot.waitUntil(lambda: [run.name for run in repository.runs] == ["two"])
        with qtbot.waitSignal(repository.runs_changed):
            repository.refresh()
        said = [message for message in spoken if message.level == "warning"]
        assert len(said) == 1
        assert "Its state is no state of a run" in said[0].text
        with qtbot.waitSignal(repository.repaired):
            on.window.messages.kept[0].act()
        qtbot.waitUntil(lambda: {run.name for run in repository.runs} == {"one", "two"})
        spoken.clear()


def test_a_workspace_that_cannot_be_written_is_looked_at(
    qtbot: QtBot,
    tmp_path: Path,
    workspace: Path,
    spoken: SpokenMessages,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = os.access

    def access(path: Path, mode: int) -> bool:
        inside = Path(path) == workspace or workspace in Path(path).parents
        return real(path, mode) and not (inside and mode & os.W_OK)

    monkeypatch.setattr(os, "access", access)
    with window_stage(qtbot, tmp_path) as on:
        said = spoken.take("warning")
        assert "can only be looked at" in said.text
        assert "Start is off" in said.text
        qtbot.waitUntil(lambda: len(on.controller.repository.runs) == 2)
        on.controller.drafts.set_draft(DIGITS)
        page = on.window.pages["train"]
        assert isinstance(page, TrainPage)
        assert not page.bar.start.isEnabled()
        assert "can only be looked at" in page.notice.text.text()
        with qtbot.waitSignal(on.controller.training.start_rejected):
            on.controller.start()
        assert "can only be looked at" in spoken.take("error").text


def test_copies_are_kept_when_the_window_is_at_rest(
    qtbot: QtBot, tmp_path: Path, workspace: Path
) -> None:
    with window_stage(qtbot, tmp_path) as on:
        assert not (workspace / "copies").exists(), "not on the way to the first look"
        assert on.controller.repository._tidy_timer.interval() == TIDY_AFTER_MS
        on.controller.repository.tidy()
        qtbot.waitUntil(lambda: len(list((workspace / "copies").glob("*.sqlite"))) == 1)


class TestBeginningAgain:
    @pytest.fixture
    def asked(self, qtbot: QtBot, tmp_path: Path):  # type: ignore[no-untyped-def]
        """A run that cannot go on; the question is open."""
        with stage(qtbot, tmp_path, TrainPage) as on:
            run = on.train(DIGITS)
            on.engine.rejections["resume"] = Rejected(
                "None of its checkpoints can be read.", "Use --from-start.", offer=FROM_START
            )
            with qtbot.waitSignal(on.controller.training.start_rejected):
                on.controller.continue_run(run, 7)
            (question,) = on.page.findChildren(RestartQuestion)
            yield on, run, question

    def test_a_click_begins_a_new_run(self, asked: tuple[Stage[TrainPage], str, RestartQuestion]):
        on, run, question = asked
        assert question.text() == "None of its checkpoints can be read."
        on.engine.rejections.clear()
        on.qtbot.mouseClick(question.restart, Qt.MouseButton.LeftButton)
        on.qtbot.waitUntil(lambda: len(on.engine.resumes()) == 2)
        changes = {"training.epochs": 7}
        assert on.engine.resumes()[-1] == ResumeRun(run, changes, from_start=True)
        on.qtbot.waitUntil(lambda: not on.controller.training.is_active)

    def test_escape_leaves_it(self, asked: tuple[Stage[TrainPage], str, RestartQuestion]):
        on, _run, question = asked
        on.qtbot.keyClick(question, Qt.Key.Key_Escape)
        assert len(on.engine.resumes()) == 1
        assert on.controller.training.state is None


def test_results_name_the_run_that_was_begun_again(workspace: Path) -> None:
    with RunStore(workspace) as store:
        old = store.runs()[0]
        new = store.create(SPEC, old.name, "Iris", "MLP", origin=old.id)
        assert ("Begun again from", old.id) in summary(new)
        assert not any(title == "Begun again from" for title, _ in summary(old))
