"""The workspace of a run vanishes: the window asks at once where it shall go on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from engine.events.commands import Control, MoveRun
from engine.events.run_events import PlaceFound, PlaceLost, RunState
from gui.pages.train.place_question import PlaceQuestion
from gui.pages.train.train_page import TrainPage
from tests.gui.run_fixtures import DIGITS, Stage, stage
from tests.gui.spoken import SpokenMessages

LOST = "The workspace is no longer there."


@pytest.fixture
def lost(qtbot: QtBot, tmp_path: Path) -> Iterator[tuple[Stage[TrainPage], PlaceQuestion]]:
    """A run whose place was lost after two epochs; the question is open."""
    with stage(qtbot, tmp_path, TrainPage) as on:
        on.engine.more_events = lambda epoch, run: (
            [PlaceLost(run, LOST, "Bring it back.")] if epoch == 2 else []
        )
        on.engine.hold_after_epoch = 2
        on.controller.drafts.set_draft(DIGITS)
        with qtbot.waitSignal(
            on.controller.training.run_event, check_params_cb=lambda e: isinstance(e, PlaceLost)
        ):
            on.controller.start()
        question = on.page.place_asker.question
        assert question is not None
        yield on, question


def found(on: Stage[TrainPage]) -> PlaceFound:
    with on.qtbot.waitSignal(
        on.controller.training.run_event, check_params_cb=lambda e: isinstance(e, PlaceFound)
    ) as signal:
        pass
    assert signal.args is not None
    return signal.args[0]  # type: ignore[no-any-return]


Lost = tuple[Stage[TrainPage], PlaceQuestion]


def test_it_is_told_at_once_and_the_run_waits(lost: Lost) -> None:
    on, question = lost
    assert question.text() == LOST
    assert question.textFormat() is Qt.TextFormat.PlainText
    assert on.controller.training.state is RunState.PAUSED
    assert on.page.notice.text.text() == LOST
    on.qtbot.keyClick(question, Qt.Key.Key_Escape)
    assert question.isVisible(), "it must be answered"
    assert not [it for it in on.engine.controls if isinstance(it, MoveRun)]


@pytest.mark.parametrize("how", ["question", "resume"])
def test_it_goes_on_where_it_was(lost: Lost, spoken: SpokenMessages, how: str) -> None:
    on, question = lost
    if how == "question":
        on.qtbot.mouseClick(question.back, Qt.MouseButton.LeftButton)
    else:
        on.controller.training.resume()
    assert found(on).is_back
    assert on.engine.controls[-1] == MoveRun("")
    assert on.controller.training.state is RunState.RUNNING
    assert on.page.place_asker.question is None
    assert spoken.take("info").text == "The training goes on where it was."


def test_it_goes_on_elsewhere_and_that_is_said(
    lost: Lost, spoken: SpokenMessages, tmp_path: Path
) -> None:
    on, _ = lost
    other = str(tmp_path / "other")
    on.page.place_asker.move_to(other)
    assert found(on).workspace == other
    said = spoken.take("warning")
    assert other in said.text
    assert said.is_lasting


@pytest.mark.expects_messages
def test_a_folder_is_picked_and_without_one_it_is_asked_again(lost: Lost, tmp_path: Path) -> None:
    on, question = lost
    for answer in ("none", "one"):
        asked = on.page.place_asker.question
        assert asked is not None
        on.qtbot.mouseClick(asked.other, Qt.MouseButton.LeftButton)
        dialog = on.page.window().findChildren(QFileDialog)[-1]
        assert dialog.fileMode() is QFileDialog.FileMode.Directory
        if answer == "none":
            dialog.reject()
            assert on.page.place_asker.question is not question
        else:
            dialog.fileSelected.emit(str(tmp_path / "other"))
            dialog.close()
    assert found(on).workspace == str(tmp_path / "other")


def test_it_ends(lost: Lost) -> None:
    on, question = lost
    on.qtbot.mouseClick(question.stop, Qt.MouseButton.LeftButton)
    assert on.controller.training.state is RunState.STOPPING
    assert on.engine.controls[-1] is Control.STOP
    on.wait_for(RunState.STOPPED)


def test_closing_ends_it(lost: Lost) -> None:
    on, _ = lost
    with on.qtbot.waitSignal(on.controller.closed):
        on.controller.close()
    assert on.engine.controls[-1] is Control.STOP
    assert on.page.place_asker.question is None
