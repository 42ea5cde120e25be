"""The Train page in every state of a run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from engine.events.messages import DataProgress, Rejected
from engine.events.run_events import RunFailed, RunState
from gui.pages.train.train_page import TrainPage
from tests.gui.fake_engine import rejected
from tests.gui.run_fixtures import DIGITS, LINE, MOONS, Stage, stage


@pytest.fixture
def on(qtbot: QtBot, tmp_path: Path) -> Iterator[Stage[TrainPage]]:
    with stage(qtbot, tmp_path, TrainPage) as made:
        yield made


def click(on: Stage[TrainPage], button: Any) -> None:
    on.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def shown_buttons(page: TrainPage) -> dict[str, bool]:
    bar = page.bar
    buttons = (bar.start, bar.pause, bar.resume, bar.stop, bar.discard)
    return {b.text(): b.isEnabled() for b in buttons if not b.isHidden()}


def requested_pages(page: TrainPage) -> list[str]:
    seen: list[str] = []
    page.page_requested.connect(seen.append)
    return seen


class TestBeforeARun:
    def test_without_data_it_leads_to_data(self, on: Stage[TrainPage]) -> None:
        assert shown_buttons(on.page) == {"Start": False}
        asked = requested_pages(on.page)
        click(on, on.page.notice.button)
        assert asked == ["data"]

    def test_a_ready_draft_is_named_and_can_be_started(self, on: Stage[TrainPage]) -> None:
        on.controller.drafts.set_draft(DIGITS)
        on.qtbot.waitUntil(lambda: on.controller.drafts.model is not None)
        assert "Handwritten digits" in on.page.bar.subtitle.text()
        assert "4 epochs" in on.page.bar.subtitle.text()
        assert shown_buttons(on.page) == {"Start": True}

    def test_a_wrong_setting_is_named_and_leads_to_its_page(self, on: Stage[TrainPage]) -> None:
        on.engine.rejections["cnn"] = rejected("model.parameters.filters", "Too many filters.")
        with on.qtbot.waitSignal(on.controller.drafts.model_rejected):
            on.controller.drafts.set_draft(DIGITS)
        assert on.page.notice.text.text() == "Filters per block: Too many filters."
        assert shown_buttons(on.page) == {"Start": False}
        asked = requested_pages(on.page)
        click(on, on.page.notice.button)
        assert asked == ["model"]

    def test_unusable_data_leads_to_data(self, on: Stage[TrainPage]) -> None:
        on.engine.rejections["moons"] = Rejected("There is no such file.", "Pick another.")
        with on.qtbot.waitSignal(on.controller.drafts.data_rejected):
            on.controller.drafts.set_draft(MOONS)
        assert on.page.notice.text.text() == "There is no such file."
        asked = requested_pages(on.page)
        click(on, on.page.notice.button)
        assert asked == ["data"]

    def test_the_data_of_two_features_is_drawn(self, on: Stage[TrainPage]) -> None:
        on.controller.drafts.set_draft(MOONS)
        on.qtbot.waitUntil(lambda: on.controller.drafts.profile is not None)
        assert not on.page.live.surface.isHidden()
        assert "exp" in on.page.live.coefficients.formula.text()
        on.controller.drafts.set_draft(DIGITS)
        on.qtbot.waitUntil(lambda: on.controller.drafts.profile is not None)
        assert on.page.live.surface.isHidden()
        assert on.page.live.coefficients.isHidden()


class TestDuringARun:
    def test_how_far_the_data_is_read_shows_before_the_first_step(
        self, on: Stage[TrainPage]
    ) -> None:
        on.engine.prepare.close()
        on.engine.progress = (DataProgress("Reading files", 200, 1_000),)
        on.controller.drafts.set_draft(DIGITS)
        with on.qtbot.waitSignal(on.controller.training.preparing):
            click(on, on.page.bar.start)
        assert on.page.notice.text.text() == "Reading files… 200 of 1,000"

    def test_buttons_derive_from_the_state(self, on: Stage[TrainPage]) -> None:
        on.engine.prepare.close()
        on.controller.drafts.set_draft(DIGITS)
        click(on, on.page.bar.start)
        assert shown_buttons(on.page) == {"Pause": False, "Stop and keep": True, "Discard": True}
        on.engine.hold_after_epoch = 2
        on.engine.prepare.open()
        on.wait_for(RunState.RUNNING)
        assert shown_buttons(on.page) == {"Pause": True, "Stop and keep": True, "Discard": True}
        click(on, on.page.bar.pause)
        assert shown_buttons(on.page)["Pausing…"] is False
        on.wait_for(RunState.PAUSED)
        assert shown_buttons(on.page) == {"Resume": True, "Stop and keep": True, "Discard": True}
        click(on, on.page.bar.resume)
        assert shown_buttons(on.page)["Resuming…"] is False
        on.wait_for(RunState.RUNNING)
        on.engine.evaluate.close()
        click(on, on.page.bar.stop)
        assert shown_buttons(on.page) == {"Pause": False, "Stopping…": False, "Discard": False}
        on.engine.evaluate.open()
        on.wait_for(RunState.STOPPED)
        assert shown_buttons(on.page) == {"Start": True}

    def test_shortcuts_steer_the_run(self, on: Stage[TrainPage]) -> None:
        on.engine.hold_after_epoch = 1
        on.controller.drafts.set_draft(DIGITS)
        on.page.activateWindow()
        on.qtbot.waitUntil(on.page.isActiveWindow)
        ctrl = Qt.KeyboardModifier.ControlModifier
        on.qtbot.keyClick(on.page, Qt.Key.Key_Return, ctrl)
        on.wait_for(RunState.RUNNING)
        on.qtbot.keyClick(on.page, Qt.Key.Key_P, ctrl)
        on.wait_for(RunState.PAUSED)
        on.qtbot.keyClick(on.page, Qt.Key.Key_P, ctrl)
        on.wait_for(RunState.RUNNING)
        on.qtbot.keyClick(on.page, Qt.Key.Key_Period, ctrl)
        on.wait_for(RunState.STOPPED)

    def test_progress_curves_and_device_are_shown(self, on: Stage[TrainPage]) -> None:
        on.hold(DIGITS)
        facts = on.page.progress.facts.facts
        on.qtbot.waitUntil(lambda: facts["epoch"].value.text() == "2 of 4")
        assert facts["step"].value.text() == "40 of 80"
        assert facts["elapsed"].value.text() == "3.0 s"
        assert facts["remaining"].value.text() == "3.0 s"
        assert facts["device"].value.text() == "CPU:0"
        assert "XLA" in facts["device"].toolTip()
        assert on.page.progress.bar.value() == on.page.progress.bar.maximum() // 2
        assert on.page.curves.metric_plot.metric_name == "accuracy"

    def test_coefficients_stand_beside_the_formula(self, on: Stage[TrainPage]) -> None:
        on.hold(LINE)
        table = on.page.live.coefficients.table
        on.qtbot.waitUntil(lambda: table.rowCount() == 2)

        def cells() -> list[list[str]]:
            return [[table.item(row, column).text() for column in range(2)] for row in range(2)]

        # Numbers are written ten times a second at most: those of the first epoch may come before.
        on.qtbot.waitUntil(lambda: cells() == [["β₀  intercept", "−1.000"], ["β₁  x", "4.000"]])
        assert on.page.live.coefficients.formula.text().startswith("y =")

    def test_what_is_going_on_is_told_to_the_workflow(self, on: Stage[TrainPage]) -> None:
        hints: list[str] = []
        on.page.hint_changed.connect(hints.append)
        on.hold(DIGITS)
        on.qtbot.waitUntil(lambda: "Epoch 2 of 4" in hints)
        on.controller.training.pause()
        on.wait_for(RunState.PAUSED)
        assert hints[-1] == "Paused"


class TestAfterARun:
    def test_the_reason_and_the_way_to_the_results(self, on: Stage[TrainPage]) -> None:
        on.train(DIGITS)
        assert "All 4 epochs are done." in on.page.notice.text.text()
        assert "Test accuracy" in on.page.notice.text.text()
        asked = requested_pages(on.page)
        click(on, on.page.notice.button)
        assert asked == ["results"]

    def test_a_changed_draft_is_announced_beside_the_old_curves(self, on: Stage[TrainPage]) -> None:
        on.train(DIGITS)
        on.controller.drafts.set_draft(DIGITS.with_training({"epochs": 9}))
        assert "9 epochs" in on.page.bar.subtitle.text()
        assert on.page.bar.title.text().startswith("Handwritten digits")
        on.controller.drafts.set_draft(DIGITS)
        assert "All 4 epochs are done." in on.page.notice.text.text()

    @pytest.mark.expects_messages
    def test_a_failure_is_said_in_words_with_details_on_demand(self, on: Stage[TrainPage]) -> None:
        on.engine.fails_with = lambda run: RunFailed(
            run, reason="The loss is not a number.", hint="Try less.", details="Traceback…"
        )
        on.controller.drafts.set_draft(DIGITS)
        on.controller.start()
        on.wait_for(RunState.FAILED)
        assert on.page.notice.text.text() == "The loss is not a number."
        assert on.page.notice.hint.text() == "Try less."
        assert on.messages.history == []
        click(on, on.page.notice.button)
        assert on.messages.history[-1].details == "Traceback…"

    def test_a_killed_worker_is_said_in_words_and_training_can_go_on(
        self, on: Stage[TrainPage]
    ) -> None:
        on.hold(DIGITS)
        on.engine.kill_worker()
        on.wait_for(RunState.INTERRUPTED)
        assert "SIGKILL" in on.page.notice.text.text()
        assert "kept" in on.page.notice.hint.text()
        assert shown_buttons(on.page) == {"Start": True}
        on.train(DIGITS)

    @pytest.mark.expects_messages
    def test_a_failure_while_another_page_is_shown_reaches_the_messages(
        self, on: Stage[TrainPage]
    ) -> None:
        on.hold(DIGITS)
        on.page.hide()
        on.engine.kill_worker()
        on.wait_for(RunState.INTERRUPTED)
        assert on.messages.history[-1].level == "error"

    def test_discard_asks_nothing_and_can_be_undone(self, on: Stage[TrainPage]) -> None:
        on.hold(DIGITS)
        run = on.controller.training.run
        click(on, on.page.bar.discard)
        on.wait_for(RunState.STOPPED)
        on.qtbot.waitUntil(
            lambda: on.controller.repository.is_read and on.controller.repository.runs == ()
        )
        message = on.messages.history[-1]
        assert message.action_text == "Undo"
        on.messages.newest.act()
        on.qtbot.waitUntil(lambda: [r.id for r in on.controller.repository.runs] == [run])

    def test_a_refused_start_says_why(self, on: Stage[TrainPage]) -> None:
        on.engine.rejections["train"] = rejected("training.epochs", "Must be at least 1.")
        on.controller.drafts.set_draft(DIGITS)
        with on.qtbot.waitSignal(on.controller.training.start_rejected):
            on.controller.start()
        assert "Must be at least 1." in on.page.notice.text.text()
        on.controller.drafts.set_draft(MOONS)
        assert "Must be at least 1." not in on.page.notice.text.text()


def test_curve_settings_are_remembered(on: Stage[TrainPage], qtbot: QtBot) -> None:
    click(on, on.page.curves.controls.axes["time"])
    on.page.curves.controls.smoothing.setValue(60)
    on.page.curves.controls.log_y.setChecked(True)
    again = TrainPage(on.controller, on.messages, on.settings)
    qtbot.addWidget(again)
    controls = again.curves.controls
    assert (controls.x_axis, controls.strength) == ("time", 0.6)
    assert controls.log_y.isChecked()
    assert controls.axes["time"].isChecked()
