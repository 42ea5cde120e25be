"""Steering a run on the Train page, its marks, and continuing one that has ended."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from engine.events.commands import ChangeEpochs, ChangeRate, Control, ResumeRun
from engine.events.messages import Rejected
from engine.events.run_events import (
    OTHER_DATA,
    THAWED,
    EpochEnded,
    PartTested,
    Recovered,
    RunEvent,
    RunFailed,
    RunStarted,
    RunState,
    SettingChanged,
)
from engine.runs.store import RunStore
from gui.formatting.run_rule_words import change_mark, patience_text, plan_text
from gui.pages.shared.more_epochs import MoreEpochs
from gui.pages.train.train_page import TrainPage
from gui.plots.curves_plot import CurvesPlot
from gui.state.run_controller import RATE
from tests.gui.run_fixtures import DIGITS, Stage, stage


@pytest.fixture
def on(qtbot: QtBot, tmp_path: Path) -> Iterator[Stage[TrainPage]]:
    with stage(qtbot, tmp_path, TrainPage) as made:
        yield made


def click(on: Stage[TrainPage], button: Any) -> None:
    on.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def type_in(on: Stage[TrainPage], field: Any, text: str) -> None:
    field.setFocus()
    field.selectAll()
    on.qtbot.keyClicks(field.lineEdit(), text)


def enter(on: Stage[TrainPage], field: Any, text: str) -> None:
    type_in(on, field, text)
    on.qtbot.keyClick(field, Qt.Key.Key_Return)


def kill(on: Stage[TrainPage]) -> None:
    on.engine.kill_worker()
    on.wait_for(RunState.INTERRUPTED)
    repository = on.controller.repository
    on.qtbot.waitUntil(lambda: [r.state for r in repository.runs] == [RunState.INTERRUPTED])


def shows_label(plot: CurvesPlot, label: str) -> bool:
    plot.redraw()
    return plot.changes.labels == [label]


def is_shown(widget: Any) -> bool:
    return not widget.isHidden()


class TestSteering:
    def test_it_is_there_only_while_a_run_is_and_shows_what_is_so(
        self, on: Stage[TrainPage]
    ) -> None:
        steering, bar = on.page.steering, on.page.bar
        assert not is_shown(steering)
        assert not is_shown(bar.save)
        on.hold(DIGITS)
        assert is_shown(steering)
        assert steering.rate.isEnabled()
        assert steering.epochs.value() == 4
        assert steering.rate.value() == pytest.approx(on.controller.training.learning_rate)
        on.engine.go_on()
        on.wait_for(RunState.FINISHED)
        assert not is_shown(steering)
        assert not is_shown(bar.save)

    def test_it_waits_while_the_run_is_prepared_and_while_it_stops(
        self, on: Stage[TrainPage]
    ) -> None:
        on.engine.prepare.close()
        on.controller.drafts.set_draft(DIGITS)
        click(on, on.page.bar.start)
        steering = on.page.steering
        assert not steering.rate.isEnabled()
        assert not steering.more.isEnabled()
        assert not on.page.bar.save.isEnabled()
        on.engine.hold_after_epoch = 1
        on.engine.prepare.open()
        on.qtbot.waitUntil(steering.rate.isEnabled)
        on.engine.evaluate.close()
        click(on, on.page.bar.stop)
        assert not steering.rate.isEnabled()
        assert not on.page.bar.save.isEnabled()
        on.engine.evaluate.open()
        on.wait_for(RunState.STOPPED)

    def test_saving_is_heard_at_once_and_then_confirmed(self, on: Stage[TrainPage]) -> None:
        on.hold(DIGITS)
        save = on.page.bar.save
        click(on, save)
        assert save.text() == "Saving…"
        assert on.page.focusWidget() is save  # the next one would be "Stop and keep"
        on.qtbot.waitUntil(lambda: on.page.answer.text() == "Saved, epoch 2.")
        assert (save.text(), save.isEnabled()) == ("Save now", True)

    def test_another_rate_is_heard_at_once_and_then_confirmed(self, on: Stage[TrainPage]) -> None:
        on.hold(DIGITS)
        enter(on, on.page.steering.rate, "0.02")
        assert on.page.answer.text() == "Changing the learning rate to 0.02…"
        on.qtbot.waitUntil(lambda: "→ 0.02, from step 40." in on.page.answer.text())
        assert on.engine.controls == [ChangeRate(0.02)]
        assert on.page.steering.rate.value() == 0.02

    def test_while_paused_it_is_answered_too(self, on: Stage[TrainPage]) -> None:
        on.hold(DIGITS)
        on.controller.training.pause()
        on.wait_for(RunState.PAUSED)
        enter(on, on.page.steering.epochs, "8")
        on.qtbot.waitUntil(lambda: "Epochs 4 → 8" in on.page.answer.text())
        assert on.engine.controls == [Control.PAUSE, ChangeEpochs(8)]
        assert "Paused" in on.page.notice.text.text()

    @pytest.mark.parametrize("text", ["0", "-3", "abc", "1e9", ""])
    def test_a_wrong_rate_is_refused_at_the_field(self, on: Stage[TrainPage], text: str) -> None:
        on.hold(DIGITS)
        rate = on.page.steering.rate
        rate.setFocus()
        rate.lineEdit().setText(text)
        on.qtbot.keyClick(rate, Qt.Key.Key_Return)
        assert on.page.answer.text()
        assert on.page.answer.property("role") == "danger"
        assert rate.property("invalid")
        assert rate.accessibleDescription() == on.page.answer.text()
        assert on.engine.controls == []
        on.qtbot.keyClick(rate, Qt.Key.Key_Escape)
        assert not rate.property("invalid")
        assert not rate.is_edited
        assert on.page.answer.property("role") != "danger"

    @pytest.mark.parametrize("text", ["0", "1", "2.5", "many", "200000"])
    def test_epochs_that_cannot_be_are_refused(self, on: Stage[TrainPage], text: str) -> None:
        on.hold(DIGITS)
        epochs = on.page.steering.epochs
        enter(on, epochs, text)
        assert on.page.answer.property("role") == "danger"
        assert epochs.property("invalid")
        assert on.engine.controls == []

    def test_what_is_being_typed_is_not_overwritten(self, on: Stage[TrainPage]) -> None:
        on.hold(DIGITS, 1)
        type_in(on, on.page.steering.rate, "0.5")
        assert on.page.answer.text() == "Enter applies it, Esc takes it back."
        on.engine.hold_after_epoch = 3
        for session in on.engine.sessions:
            session.wake()
        on.qtbot.waitUntil(lambda: on.controller.training.epoch == 3)
        assert on.page.steering.rate.value() == 0.5
        assert on.engine.controls == []

    def test_more_epochs_by_button_and_by_key_add_up(self, on: Stage[TrainPage]) -> None:
        on.hold(DIGITS)
        on.engine.is_deaf = True
        click(on, on.page.steering.more)
        assert on.page.answer.text() == "Changing to 14 epochs in all…"
        on.page.activateWindow()
        on.qtbot.waitUntil(on.page.isActiveWindow)
        on.qtbot.keyClick(on.page, Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier)
        assert on.engine.controls == [ChangeEpochs(14), ChangeEpochs(24)]

    def test_more_epochs_reach_progress_and_workflow(self, on: Stage[TrainPage]) -> None:
        on.hold(DIGITS)
        click(on, on.page.steering.more)
        facts = on.page.progress.facts.facts
        on.qtbot.waitUntil(lambda: facts["epoch"].value.text() == "2 of 14")
        assert facts["step"].value.text() == "40 of 280"
        on.qtbot.waitUntil(lambda: on.page.hint == "Epoch 2 of 14")
        assert on.page.bar.subtitle.text().endswith("14 epochs")

    def test_keys_save_and_lead_to_the_rate(self, on: Stage[TrainPage]) -> None:
        on.hold(DIGITS)
        on.page.activateWindow()
        on.qtbot.waitUntil(on.page.isActiveWindow)
        ctrl = Qt.KeyboardModifier.ControlModifier
        on.qtbot.keyClick(on.page, Qt.Key.Key_L, ctrl)
        assert on.page.steering.rate.hasFocus()
        on.qtbot.keyClick(on.page, Qt.Key.Key_S, ctrl)
        on.qtbot.waitUntil(lambda: on.page.answer.text() == "Saved, epoch 2.")

    def test_everything_has_a_name_and_its_keys_are_listed(self, on: Stage[TrainPage]) -> None:
        steering = on.page.steering
        for widget in (steering.rate, steering.epochs, steering.more, on.page.bar.save):
            assert widget.accessibleName()
        listed = {a.text(): a.shortcut().toString() for a in on.page.actions() if a.shortcuts()}
        assert listed["Save now"] == "Ctrl+S"
        assert listed["Change the learning rate"] == "Ctrl+L"
        assert listed["10 more epochs"] == "Ctrl+E"
        assert listed["Continue"] == "Ctrl+Shift+Return"

    def test_the_page_fits_the_smallest_window_while_it_trains(self, on: Stage[TrainPage]) -> None:
        on.hold(DIGITS)
        on.qtbot.waitUntil(lambda: on.page.progress.facts.facts["epoch"].value.text() == "2 of 4")
        assert on.page.minimumSizeHint().width() <= 904


class TestWhatIsTold:
    def test_patience_is_counted(self, on: Stage[TrainPage]) -> None:
        on.engine.patience = {2: {"early stopping": (2, 5)}}
        on.hold(DIGITS)
        on.qtbot.waitUntil(
            lambda: (
                "Stops early in 3 epochs without improvement (2 of 5)."
                in on.page.notice.text.text()
            )
        )

    def test_the_plan_is_one_line_with_all_of_it_behind(self, on: Stage[TrainPage]) -> None:
        on.hold(DIGITS)
        text = on.page.plan.text()
        assert text.startswith("12 times as fast as step by step: one chunk of steps")
        assert "CPU:0, chunked, without XLA, data in memory" in on.page.plan.toolTip()
        on.engine.go_on()
        on.wait_for(RunState.FINISHED)
        assert on.page.plan.text() == text
        with RunStore(on.controller.workspace) as store:
            assert store.runs()[0].plan["speedup"] == 12.0

    def test_a_long_validation_shows_how_far_it_is(self, on: Stage[TrainPage]) -> None:
        on.engine.more_events = lambda epoch, run: [PartTested(run, "validation", 40, 100)]
        on.hold(DIGITS)
        facts = on.page.progress.facts.facts
        on.qtbot.waitUntil(lambda: facts["epoch"].value.text() == "Validating 40 %")
        on.engine.more_events = lambda epoch, run: ()
        on.engine.go_on()
        on.wait_for(RunState.FINISHED)
        on.qtbot.waitUntil(lambda: facts["epoch"].value.text() == "4 of 4")

    def test_changes_are_marked_on_both_curves(self, on: Stage[TrainPage]) -> None:
        def plateau(epoch: int, run: str) -> list[SettingChanged]:
            if epoch != 1:
                return []
            return [SettingChanged(run, 2, 20, RATE, 0.001, 0.0005, "Reduced on a plateau.")]

        on.engine.more_events = plateau
        on.hold(DIGITS)
        for plot in (on.page.curves.loss, on.page.curves.metric_plot):
            assert [mark.step for mark in plot.changes.marks] == [20]
            on.qtbot.waitUntil(partial(shows_label, plot, "0.0005"))
            text = "Learning rate 0.001 → 0.0005. Reduced on a plateau."
            assert plot.accessibleDescription() == text
            plot._set_cursor(20.0)
            assert plot.graphics.toolTip() == text
            plot._set_cursor(35.0)
            assert plot.graphics.toolTip() == ""

    @pytest.mark.expects_messages
    def test_memory_that_ran_out_is_told_and_marked(self, on: Stage[TrainPage]) -> None:
        reason = "Memory ran out. The run goes on with batches of 32."

        def half(epoch: int, run: str) -> list[RunEvent]:
            started = on.controller.training.started
            if epoch != 2 or started is None:
                return []
            again = RunStarted(
                run, started.name, started.spec, started.profile, 4, 40, started.n_train, 20, 1
            )
            return [Recovered(run, reason, 32), again]

        on.engine.more_events = half
        seen: list[Any] = []
        on.controller.training.run_event.connect(seen.append)
        on.hold(DIGITS, 1)
        on.engine.hold_after_epoch = 2
        for session in on.engine.sessions:
            session.wake()
        on.qtbot.waitUntil(lambda: sum(isinstance(e, RunStarted) for e in seen) == 2)
        assert reason in [message.text for message in on.messages.history]
        marks = on.page.curves.loss.changes.marks
        assert [(mark.step, mark.text, mark.label) for mark in marks] == [(20, reason, "batch 32")]
        assert len(on.page.curves.loss.data) == 20
        facts = on.page.progress.facts.facts
        on.qtbot.waitUntil(lambda: facts["step"].value.text() == "20 of 140")


class TestContinuing:
    def test_a_run_that_has_ended_is_trained_once_more_on_both_parts(
        self, on: Stage[TrainPage]
    ) -> None:
        assert not is_shown(on.page.bar.refit)
        run = on.train(DIGITS)
        on.qtbot.waitUntil(lambda: is_shown(on.page.bar.refit))
        click(on, on.page.bar.refit)
        assert not is_shown(on.page.bar.refit)
        on.qtbot.waitUntil(lambda: bool(on.engine.resumes()))
        assert on.engine.resumes() == [ResumeRun(run, refits=True)]
        on.wait_for(RunState.FINISHED)

    def test_a_killed_run_goes_on_with_one_click_behind_its_curves(
        self, on: Stage[TrainPage]
    ) -> None:
        on.hold(DIGITS)
        kill(on)
        bar = on.page.bar
        assert is_shown(bar.go_on)
        assert bar.go_on.text() == "Continue"
        assert "Continue goes on" in on.page.notice.hint.text()
        on.engine.prepare.close()
        click(on, bar.go_on)
        assert on.controller.training.state is RunState.PREPARING
        assert not is_shown(bar.go_on)
        assert "Continuing" in on.page.notice.text.text()
        loss = on.page.curves.loss
        on.qtbot.waitUntil(
            lambda: len(loss.data) == 40
        )  # the earlier curves, before the first step
        on.engine.prepare.open()
        on.wait_for(RunState.FINISHED)
        assert len(loss.data) == 80
        assert list(loss.data.epochs.values) == [1, 2, 3, 4]
        assert [mark.label for mark in loss.changes.marks] == ["continued"]
        facts = on.page.progress.facts.facts
        on.qtbot.waitUntil(lambda: facts["epoch"].value.text() == "4 of 4")

    def test_a_history_that_comes_late_is_put_before_what_came_meanwhile(
        self, on: Stage[TrainPage], qtbot: QtBot
    ) -> None:
        on.hold(DIGITS)
        run = str(on.controller.training.run)
        kill(on)
        on.page.curves.clear()
        with qtbot.waitSignal(on.controller.repository.history_read) as read:
            on.controller.repository.read_history(run)
        history = read.args[0]
        on.page.curves.clear()
        started = on.controller.training.started
        assert started is not None
        again = RunStarted(
            run, started.name, started.spec, started.profile, 4, 20, started.n_train, 20, 1
        )
        on.page.curves.add(again)
        ended = EpochEnded(run, 2, 40, {"loss": 9.0}, 1.0, 3.0, 100.0, False)
        on.page.curves.add(ended)
        loss = on.page.curves.loss
        assert len(loss.data) == 0
        on.page.curves.show_history(history)
        assert len(loss.data) == 20  # what lay behind the checkpoint is replaced
        assert list(loss.data.train.values)[-1] == 9.0

    def test_a_finished_run_asks_how_many_more(self, on: Stage[TrainPage]) -> None:
        run = on.train(DIGITS)
        on.qtbot.waitUntil(lambda: is_shown(on.page.bar.go_on))
        assert on.page.bar.go_on.text() == "Continue…"
        click(on, on.page.bar.go_on)
        question = _question(on)
        assert question.until.text() == "up to epoch 8"
        question.epochs.setValue(3)
        assert question.until.text() == "up to epoch 7"
        on.qtbot.keyClick(question.epochs.lineEdit(), Qt.Key.Key_Return)
        on.qtbot.waitUntil(lambda: bool(on.engine.resumes()))
        on.wait_for(RunState.FINISHED)
        (asked,) = on.engine.resumes()
        assert (asked.run, asked.changes) == (run, {"training.epochs": 7})
        marks = [mark.label for mark in on.page.curves.loss.changes.marks]
        assert "7 epochs" in marks
        assert "All 7 epochs are done." in on.page.notice.text.text()

    def test_escape_puts_the_question_away(self, on: Stage[TrainPage]) -> None:
        on.train(DIGITS)
        on.qtbot.waitUntil(lambda: is_shown(on.page.bar.go_on))
        click(on, on.page.bar.go_on)
        on.qtbot.keyClick(_question(on), Qt.Key.Key_Escape)
        assert on.engine.resumes() == []

    def test_a_discarded_run_is_not_offered(self, on: Stage[TrainPage]) -> None:
        on.hold(DIGITS)
        click(on, on.page.bar.discard)
        on.wait_for(RunState.STOPPED)
        on.qtbot.waitUntil(lambda: on.controller.repository.runs == ())
        assert not is_shown(on.page.bar.go_on)

    def test_a_refusal_is_said(self, on: Stage[TrainPage]) -> None:
        on.hold(DIGITS)
        kill(on)
        on.engine.rejections["resume"] = Rejected("The data has changed.", "Start anew.")
        with on.qtbot.waitSignal(on.controller.training.start_rejected):
            click(on, on.page.bar.go_on)
        assert on.page.notice.text.text() == "The data has changed."


class TestTheNextStart:
    @pytest.fixture
    def left(self, qtbot: QtBot, tmp_path: Path) -> str:
        """A run that an earlier window left in the middle."""
        with stage(qtbot, tmp_path, TrainPage) as before:
            before.hold(DIGITS)
            kill(before)
            return str(before.controller.training.run)

    def test_it_offers_what_was_left_and_one_click_goes_on(
        self, left: str, on: Stage[TrainPage]
    ) -> None:
        offer = on.page.offer
        on.qtbot.waitUntil(lambda: is_shown(offer))
        assert "was interrupted after 2 of 4 epochs." in offer.text.text()
        assert offer.button.text() == "Continue at epoch 3"
        click(on, offer.button)
        assert not is_shown(offer)
        on.qtbot.waitUntil(lambda: bool(on.engine.resumes()))
        on.wait_for(RunState.FINISHED)
        assert on.controller.training.run == left
        assert len(on.page.curves.loss.data) == 80

    def test_it_can_be_put_away_for_good(
        self, left: str, on: Stage[TrainPage], qtbot: QtBot
    ) -> None:
        offer = on.page.offer
        on.qtbot.waitUntil(lambda: is_shown(offer))
        click(on, offer.put_away)
        assert not is_shown(offer)
        again = TrainPage(on.controller, on.messages, on.settings)
        qtbot.addWidget(again)
        again.offer.refresh()
        assert not is_shown(again.offer)

    def test_another_run_takes_its_place(self, left: str, on: Stage[TrainPage]) -> None:
        on.qtbot.waitUntil(lambda: is_shown(on.page.offer))
        on.train(DIGITS)
        assert not is_shown(on.page.offer)


class TestWords:
    def test_patience(self) -> None:
        assert patience_text({}) == ""
        text = patience_text({"plateau": (2, 3), "early stopping": (0, 5)})
        assert text.startswith("Stops early in 5 epochs")
        assert "Smaller steps in 1 epoch without improvement (2 of 3)." in text

    def test_a_plan_says_how_much_it_gains_once(self) -> None:
        assert plan_text({}) == ""
        assert plan_text({"reason": "Simple.", "speedup": 1.02}) == "Simple."
        said = "4 times faster than step by step: chunks."
        assert plan_text({"reason": said, "speedup": 4.0}) == said
        assert plan_text({"reason": "Chunks.", "speedup": 4.0}).startswith("4.0 times as fast")

    def test_a_change_of_anything_has_a_name(self) -> None:
        def mark(setting: str) -> str:
            return change_mark(SettingChanged("r", 1, 5, setting, 64.0, 32.0, "Why.")).text

        assert mark("training.batch_size") == "Batch size 64 → 32. Why."
        assert mark("schedule.every") == "Every 64 → 32. Why."
        assert mark("something.quite_new") == "Quite new 64 → 32. Why."
        assert mark(OTHER_DATA) == "Trained on changed data. Why."
        assert mark(THAWED) == "All layers learn, learning rate 64 → 32. Why."


def test_a_failed_run_offers_nothing_without_a_state_to_go_on_from(on: Stage[TrainPage]) -> None:
    on.engine.fails_with = lambda run: RunFailed(run, reason="It broke.")
    on.controller.drafts.set_draft(DIGITS)
    on.controller.start()
    on.wait_for(RunState.FAILED)
    on.qtbot.waitUntil(
        lambda: [r.state for r in on.controller.repository.runs] == [RunState.FAILED]
    )
    assert on.page.bar.go_on.text() == "Continue…"  # all of its epochs are done


def _question(on: Stage[TrainPage]) -> MoreEpochs:
    # Not from all widgets there are: some of other tests may be half deleted.
    found = on.page.window().findChildren(MoreEpochs)
    return next(question for question in found if question.isVisible())
