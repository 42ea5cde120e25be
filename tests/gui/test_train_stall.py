"""The Train page while a run gives no sign: what it says, and how the run is ended."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from engine.events.run_events import RunState, Stalled
from gui.pages.train.train_page import TrainPage
from tests.gui.run_fixtures import DIGITS, Stage, stage

STACKS = 'Thread 1 (most recent call first):\n  File "feed.py", line 97 in chunks'


@pytest.fixture
def on(qtbot: QtBot, tmp_path: Path) -> Iterator[Stage[TrainPage]]:
    with stage(qtbot, tmp_path, TrainPage) as made:
        yield made


def stall(on: Stage[TrainPage], stacks: str = STACKS, usual_s: float = 0.03) -> None:
    """Holds a run that gives no sign after its second epoch."""
    on.engine.more_events = lambda epoch, run: (
        [Stalled(run, 47.0, usual_s, stacks)] if epoch == 2 else []
    )
    on.engine.hold_after_epoch = 2
    on.controller.drafts.set_draft(DIGITS)
    happened = on.controller.training.run_event
    with on.qtbot.waitSignal(happened, check_params_cb=lambda event: isinstance(event, Stalled)):
        on.controller.start()


def click(on: Stage[TrainPage], button: Any) -> None:
    on.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_a_run_that_gives_signs_has_no_notice(on: Stage[TrainPage]) -> None:
    on.hold(DIGITS)
    assert on.page.stall.isHidden()
    assert on.page.stall.text == ""


def test_it_says_for_how_long_and_what_is_kept(on: Stage[TrainPage]) -> None:
    stall(on)
    assert on.page.stall.isVisible()
    assert "No sign from the training for 47 s." in on.page.stall.text
    assert "every 30 ms" in on.page.stall.text
    hint = on.page.stall.notice.hint.text()
    assert "every epoch so far is kept" in hint
    assert "Continue" in hint
    assert on.controller.training.state is RunState.RUNNING


def test_where_its_threads_are_is_folded_away_and_can_be_copied(on: Stage[TrainPage]) -> None:
    stall(on)
    view = on.page.stall
    assert not view.stacks.isVisible()
    click(on, view.fold.header)
    assert view.stacks.isVisible()
    assert view.stacks.toPlainText() == STACKS
    click(on, view.copy)
    assert QGuiApplication.clipboard().text() == STACKS


def test_without_stacks_or_a_usual_time_there_is_less_to_say(on: Stage[TrainPage]) -> None:
    stall(on, stacks="", usual_s=0.0)
    assert not on.page.stall.fold.isVisible()
    assert "Usually" not in on.page.stall.text


def test_it_goes_away_when_signs_come_again(on: Stage[TrainPage]) -> None:
    stall(on)
    on.engine.go_on()
    on.wait_for(RunState.FINISHED)
    assert on.page.stall.isHidden()
    assert on.page.stall.text == ""


def test_a_pressed_stop_is_no_sign_of_the_run(on: Stage[TrainPage]) -> None:
    on.engine.is_deaf = True
    stall(on)
    on.controller.training.stop()
    assert on.page.stall.isVisible()


def test_kill_ends_the_process_and_the_run_can_go_on(on: Stage[TrainPage]) -> None:
    stall(on)
    assert on.page.stall.notice.button.text() == "Kill"
    click(on, on.page.stall.notice.button)
    on.wait_for(RunState.INTERRUPTED)
    assert on.page.stall.isHidden()
    repository = on.controller.repository
    on.qtbot.waitUntil(lambda: [r.state for r in repository.runs] == [RunState.INTERRUPTED])
    assert repository.runs[0].epochs_done == 2
    assert "Continue goes on" in on.page.notice.hint.text()


@pytest.mark.expects_messages
def test_it_is_told_on_other_pages(on: Stage[TrainPage]) -> None:
    on.page.hide()
    stall(on)
    assert "no sign for 47 s" in on.messages.history[-1].text


def test_nothing_can_be_killed_without_a_run(on: Stage[TrainPage]) -> None:
    on.controller.training.kill()
    assert on.controller.training.state is None
