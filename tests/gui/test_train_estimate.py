"""What a training would take is told on the Train page before Start, and never delays Start."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from engine.events.commands import Control
from engine.events.messages import Rejected
from engine.events.run_events import RunState
from gui.pages.train.train_page import TrainPage
from tests.gui.fake_engine import ESTIMATED, rejected
from tests.gui.run_fixtures import DIGITS, MOONS, Stage, stage

TOO_LARGE = dataclasses.replace(ESTIMATED, memory_bytes=9 << 30, fitting_batch_size=32)
LARGE = DIGITS.with_training({"epochs": 4, "batch_size": 4096})


@pytest.fixture
def on(qtbot: QtBot, tmp_path: Path) -> Iterator[Stage[TrainPage]]:
    with stage(qtbot, tmp_path, TrainPage) as made:
        yield made


def hint(on: Stage[TrainPage]) -> str:
    return on.page.notice.hint.text()


def pick(on: Stage[TrainPage], draft: Any = DIGITS) -> None:
    """Picks a draft and waits until its estimate is there."""
    on.controller.drafts.set_draft(draft)
    on.qtbot.waitUntil(lambda: on.controller.estimates.result is not None)


def begin(on: Stage[TrainPage]) -> None:
    """Waits until an estimate is under way, at its gate."""
    on.engine.estimate.close()
    on.controller.drafts.set_draft(DIGITS)
    on.qtbot.waitUntil(lambda: len(on.engine.estimates()) == 1)


class TestWhatIsTold:
    def test_time_and_memory_stand_below_ready(self, on: Stage[TrainPage]) -> None:
        pick(on)
        assert on.page.notice.text.text() == "Ready. Press Start to train."
        assert hint(on) == "About 3.0 s an epoch, 30 s in all · 420 MB of 8 GB of free memory"
        assert on.engine.estimates()[0].spec == DIGITS.to_spec()

    def test_it_says_that_it_measures(self, on: Stage[TrainPage]) -> None:
        begin(on)
        assert hint(on) == "A few steps are being measured…"
        on.engine.estimate.open()
        on.qtbot.waitUntil(lambda: "30 s in all" in hint(on))

    def test_what_takes_hardly_any_time_is_told_so(self, on: Stage[TrainPage]) -> None:
        on.engine.estimated = dataclasses.replace(ESTIMATED, epoch_s=0.001, total_s=0.4)
        pick(on)
        assert hint(on).startswith("About 1 ms an epoch, 0.40 s in all")

    def test_without_an_estimate_the_run_can_be_started_all_the_same(
        self, on: Stage[TrainPage]
    ) -> None:
        on.engine.rejections["estimate"] = Rejected("Memory ran out.")
        with on.qtbot.waitSignals([on.controller.estimates.changed] * 2):
            on.controller.drafts.set_draft(DIGITS)
        assert hint(on) == ""
        assert on.page.bar.start.isEnabled()


class TestWhenItIsAsked:
    def test_only_while_the_page_is_seen(self, on: Stage[TrainPage]) -> None:
        on.page.hide()
        on.controller.drafts.set_draft(DIGITS)
        on.qtbot.waitUntil(lambda: on.controller.drafts.model is not None)
        assert not on.controller.estimates.is_waiting
        on.page.show()
        on.qtbot.waitUntil(lambda: on.controller.estimates.result is not None)

    def test_once_for_a_draft(self, on: Stage[TrainPage]) -> None:
        pick(on)
        on.page.hide()
        on.page.show()
        assert not on.controller.estimates.is_waiting
        assert len(on.engine.estimates()) == 1

    def test_leaving_the_page_gives_it_up(self, on: Stage[TrainPage]) -> None:
        begin(on)
        on.page.hide()
        on.qtbot.waitUntil(lambda: Control.STOP in on.engine.controls)
        assert not on.controller.estimates.is_asking

    def test_another_draft_forgets_what_was_found(self, on: Stage[TrainPage]) -> None:
        pick(on)
        on.controller.drafts.set_draft(MOONS)
        assert on.controller.estimates.result is None
        on.qtbot.waitUntil(lambda: on.controller.estimates.result is not None)
        assert on.engine.estimates()[-1].spec == MOONS.to_spec()

    def test_data_that_is_read_anew_is_measured_anew(self, on: Stage[TrainPage]) -> None:
        pick(on)
        on.controller.drafts.inspect_again()
        assert on.controller.estimates.result is None
        on.qtbot.waitUntil(lambda: on.controller.estimates.result is not None)
        assert len(on.engine.estimates()) == 2

    def test_a_wrong_draft_is_not_measured(self, on: Stage[TrainPage]) -> None:
        on.engine.rejections["cnn"] = rejected("model.parameters.filters", "Too many filters.")
        with on.qtbot.waitSignal(on.controller.drafts.model_rejected):
            on.controller.drafts.set_draft(DIGITS)
        assert not on.controller.estimates.is_waiting


class TestStart:
    def test_it_stops_the_measurement_and_takes_its_worker(self, on: Stage[TrainPage]) -> None:
        begin(on)
        on.controller.start()
        on.wait_for(RunState.FINISHED)
        assert Control.STOP in on.engine.controls
        assert len(on.engine.trains()) == 1
        assert on.controller.estimates.result is None
        assert not on.controller.estimates.is_waiting

    def test_how_the_run_ended_is_not_covered_by_an_estimate(self, on: Stage[TrainPage]) -> None:
        pick(on)
        on.controller.start()
        on.wait_for(RunState.FINISHED)
        assert "All 4 epochs are done." in on.page.notice.text.text()
        assert len(on.engine.estimates()) == 1


class TestTooLarge:
    def test_one_click_takes_a_batch_that_fits(self, on: Stage[TrainPage]) -> None:
        on.engine.rejections["cnn"] = rejected("training.batch_size", "It takes 9 GB of memory.")
        on.engine.estimated = TOO_LARGE
        pick(on, LARGE)
        notice = on.page.notice
        assert "does not fit into memory: training takes 9 GB, and 8 GB" in notice.text.text()
        assert "A batch of 32 fits" in hint(on)
        assert notice.button.text() == "Use 32"
        assert not on.page.bar.start.isEnabled()

        del on.engine.rejections["cnn"]
        on.engine.estimated = ESTIMATED
        on.qtbot.mouseClick(notice.button, Qt.MouseButton.LeftButton)
        assert on.controller.drafts.draft.training == {"epochs": 4, "batch_size": 32}
        on.qtbot.waitUntil(lambda: "30 s in all" in hint(on))
        assert on.page.bar.start.isEnabled()

    def test_memory_that_is_free_by_now_is_found_on_coming_back(self, on: Stage[TrainPage]) -> None:
        on.engine.estimated = TOO_LARGE
        pick(on, LARGE)
        assert not on.page.bar.start.isEnabled()
        on.engine.estimated = ESTIMATED
        on.page.hide()
        on.page.show()
        on.qtbot.waitUntil(lambda: "30 s in all" in hint(on))
        assert on.page.bar.start.isEnabled()
