"""Verdicts in the window: beside the curves, in the notice, in messages, at the steps."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from engine.events.insights import GradientFlow
from engine.events.run_events import (
    RunEnded,
    RunEvent,
    RunFailed,
    RunFinished,
    RunState,
    VerdictChanged,
)
from engine.events.verdicts import Finding, FindingKind, Place, Severity
from gui.formatting.verdict_words import evidence_text, verdict_role
from gui.pages.shared.verdict_list import VerdictList
from gui.pages.train.train_page import TrainPage
from gui.plots.curves_plot import CurvesPlot
from gui.window.workflow_bar import DONE, PROBLEM, TODO, Step, WorkflowBar
from gui.window.workflow_hints import WorkflowHints
from tests.gui.run_fixtures import DIGITS, Stage, stage

OVER = Finding(
    FindingKind.OVERFITTING,
    Severity.WARNING,
    "Overfits since epoch 2: the validation loss rose from 0.4 to 0.6.",
    {"since": 2, "rise": 0.5},
    Place("curves", (3, 4)),
)
NOTHING = Finding(
    FindingKind.LEARNT_NOTHING,
    Severity.FAULT,
    "No better than always saying 'cat': 33.1 % against 33.3 %.",
    {"n": 300},
    Place("baselines", subject="cat"),
)
GOOD = Finding(FindingKind.LEARNT, Severity.GOOD, "97.2 % of 300 test examples are right.")
FEW = Finding(FindingKind.FEW_TEST_EXAMPLES, Severity.NOTE, "90 test examples tell little.")
DEAD = Finding(
    FindingKind.DEAD_UNITS, Severity.WARNING, "Dead units.", {}, Place("flow", subject="dense")
)


@pytest.fixture
def on(qtbot: QtBot, tmp_path: Path) -> Iterator[Stage[TrainPage]]:
    with stage(qtbot, tmp_path, TrainPage) as made:
        yield made


def ends_with(on: Stage[TrainPage], *findings: Finding) -> None:
    """Trains a run that ends with these findings."""

    def ended(run: str) -> RunEnded:
        metrics = {"loss": 0.4, "accuracy": 0.9, "test_accuracy": 0.9}
        return RunFinished(run, reason="All 4 epochs are done.", metrics=metrics, findings=findings)

    on.engine.fails_with = ended
    train(on)


def train(on: Stage[TrainPage]) -> None:
    on.controller.drafts.set_draft(DIGITS)
    on.qtbot.waitUntil(lambda: on.controller.drafts.model is not None)
    on.qtbot.mouseClick(on.page.bar.start, Qt.MouseButton.LeftButton)
    on.qtbot.waitUntil(lambda: on.page.narrator.ended is not None)


def role_of(on: Stage[TrainPage]) -> str:
    return on.page.notice._role


class TestTheEndOfARun:
    @pytest.mark.parametrize(
        ("findings", "role"),
        [
            ((NOTHING, OVER, FEW), "danger"),
            ((OVER, GOOD, FEW), "warning"),
            ((GOOD, FEW), "success"),
            ((FEW,), "accent"),
            ((), "accent"),
        ],
    )
    def test_its_colour_follows_the_gravest_finding(
        self, on: Stage[TrainPage], findings: tuple[Finding, ...], role: str
    ) -> None:
        ends_with(on, *findings)
        assert role_of(on) == role
        first = findings[0].text if findings else "All 4 epochs are done."
        assert on.page.notice.text.text().startswith(first)
        if findings:
            assert on.page.notice.hint.text().startswith("All 4 epochs are done.")

    def test_they_are_listed_with_what_they_rest_on(self, on: Stage[TrainPage]) -> None:
        ends_with(on, OVER, GOOD)
        rows = on.page.verdict.list.rows
        assert [row.text.text() for row in rows] == [OVER.text, GOOD.text]
        assert rows[0].evidence.text() == "since 2 · rise 0.5000"
        assert rows[0].accessibleName().startswith("Warning: Overfits")
        assert rows[1].focusPolicy() is Qt.FocusPolicy.NoFocus

    @pytest.mark.expects_messages
    def test_a_message_elsewhere_says_the_verdict_first(self, on: Stage[TrainPage]) -> None:
        on.page.hide()
        ends_with_hidden(on, NOTHING)
        message = on.page.messages.history[-1]
        assert message.level == "error"
        assert NOTHING.text in message.text
        assert message.hint == "All 4 epochs are done."

    def test_what_was_said_last_of_a_run_that_broke_off_stays(self, on: Stage[TrainPage]) -> None:
        on.engine.more_events = lambda epoch, run: [VerdictChanged(run, epoch, (OVER,))]
        on.engine.fails_with = lambda run: RunFailed(run, reason="The disk is full.")
        train(on)
        assert on.page.verdict.findings == (OVER,)


def ends_with_hidden(on: Stage[TrainPage], *findings: Finding) -> None:
    def ended(run: str) -> RunEnded:
        return RunFinished(
            run, reason="All 4 epochs are done.", metrics={"loss": 1.1}, findings=findings
        )

    on.engine.fails_with = ended
    on.controller.drafts.set_draft(DIGITS)
    on.qtbot.waitUntil(lambda: on.controller.drafts.model is not None)
    on.controller.start()
    on.qtbot.waitUntil(lambda: on.page.narrator.ended is not None)


STEPS = ("data", "model", "train", "results", "runs")


class TestWhileItRuns:
    def test_findings_come_and_go(self, on: Stage[TrainPage]) -> None:
        def events(epoch: int, run: str) -> list[RunEvent]:
            told: dict[int, tuple[Finding, ...]] = {1: (OVER,), 3: ()}
            return [VerdictChanged(run, epoch, told[epoch])] if epoch in told else []

        on.engine.more_events = events
        on.engine.hold_after_epoch = 2
        on.controller.drafts.set_draft(DIGITS)
        on.qtbot.waitUntil(lambda: on.controller.drafts.model is not None)
        on.controller.start()
        on.qtbot.waitUntil(lambda: on.page.verdict.findings == (OVER,))
        on.engine.go_on()
        on.wait_for(RunState.FINISHED)
        assert on.page.verdict.findings == ()

    def test_a_badge_stands_on_the_tab_that_shows_more(self, on: Stage[TrainPage]) -> None:
        ones = np.ones(2, np.float32)

        def events(epoch: int, run: str) -> list[RunEvent]:
            flow = GradientFlow(run, epoch, float(epoch), ("dense", "out"), ones, ones, ones, ones)
            return [flow, VerdictChanged(run, epoch, (DEAD,))] if epoch == 2 else []

        on.engine.more_events = events
        ends_with(on, DEAD)
        view = on.page.live.view(GradientFlow)
        assert view is not None
        tabs = on.page.live.tabs
        assert not tabs.tabIcon(tabs.indexOf(view)).isNull()
        assert "Dead units." in tabs.tabToolTip(tabs.indexOf(view))

    def test_results_bears_a_badge_until_the_next_run(self, on: Stage[TrainPage]) -> None:
        bar = WorkflowBar([Step(name, name, "runs") for name in STEPS])
        on.qtbot.addWidget(bar)
        hints = WorkflowHints(on.controller, bar)
        marks = lambda: bar._buttons["results"].mark  # noqa: E731
        assert marks() == TODO
        ends_with(on, OVER)
        on.qtbot.waitUntil(lambda: marks() == PROBLEM)
        ends_with(on, GOOD, FEW)
        on.qtbot.waitUntil(lambda: marks() == DONE)
        del hints


class TestPicking:
    def test_the_stretch_is_marked_on_the_curves_and_unmarked_again(
        self, on: Stage[TrainPage]
    ) -> None:
        ends_with(on, OVER, GOOD)
        row = on.page.verdict.list.rows[0]
        on.qtbot.mouseClick(row, Qt.MouseButton.LeftButton)
        loss = on.page.curves.loss
        loss.redraw()
        steps = on.engine.steps_per_epoch
        assert loss.band.ends == (2 * steps, 4 * steps)
        on.qtbot.keyClick(row, Qt.Key.Key_Return)
        loss.redraw()
        assert loss.band.ends is None

    def test_the_band_follows_the_axis(self, qtbot: QtBot) -> None:
        plot = CurvesPlot("loss")
        qtbot.addWidget(plot)
        for epoch in range(1, 6):
            plot.append_steps(10 * (epoch - 1), np.ones(10), 2.0 * epoch)
            plot.append_epoch(epoch, 10 * epoch, 2.0 * epoch, 1.0, 1.0)
        plot.show_stretch((1, 3))
        for axis, ends in (("step", (0, 30)), ("epoch", (0, 3)), ("time", (0, 6))):
            plot.set_x_axis(axis)
            plot.redraw()
            assert plot.band.ends == pytest.approx(ends)
        plot.clear()
        plot.redraw()
        assert plot.band.ends is None

    def test_what_is_picked_stays_so_when_its_numbers_change(self, qtbot: QtBot) -> None:
        shown = VerdictList()
        qtbot.addWidget(shown)
        places: list[Place | None] = []
        shown.place_picked.connect(places.append)
        shown.set_findings((OVER, FEW))
        qtbot.mouseClick(shown.rows[0], Qt.MouseButton.LeftButton)
        later = Finding(OVER.kind, OVER.severity, "Later.", {}, Place("curves", (3, 9)))
        shown.set_findings((later,))
        assert shown.rows[0].is_picked
        shown.set_findings((FEW,))
        assert [it.epochs if it else None for it in places] == [(3, 4), (3, 9), None]

    def test_keys_pick_as_the_mouse_does_and_it_is_seen(self, qtbot: QtBot) -> None:
        shown = VerdictList()
        qtbot.addWidget(shown)
        shown.set_empty_text("Nothing to say.")
        shown.set_findings((OVER, FEW))
        shown.resize(400, 200)
        shown.show()
        row = shown.rows[0]
        before = row.grab().toImage()
        for key, is_picked in (
            (Qt.Key.Key_A, False),
            (Qt.Key.Key_Space, True),
            (Qt.Key.Key_Return, False),
            (Qt.Key.Key_Enter, True),
        ):
            qtbot.keyClick(row, key)
            assert row.is_picked is is_picked
        assert row.grab().toImage() != before
        qtbot.keyClick(shown.rows[1], Qt.Key.Key_Return)  # it shows nowhere
        assert not shown.rows[1].is_picked
        shown.clear()
        assert shown.findings == ()
        assert shown.empty.text() == "Nothing to say."


class TestWords:
    def test_numbers_are_written_as_elsewhere(self) -> None:
        evidence = {"n": 1200, "rise": 0.25, "gone": None, "layers": {"dense": 0.5}, "x": [1, 2]}
        assert (
            evidence_text(evidence)
            == "n 1,200 · rise 0.2500 · gone – · layers dense 0.5000 · x 1, 2"
        )

    def test_a_text_from_outside_stays_plain(self, qtbot: QtBot) -> None:
        shown = VerdictList()
        qtbot.addWidget(shown)
        shown.set_findings((Finding(FindingKind.LEARNT, Severity.GOOD, "<b>cat</b> & dog."),))
        assert shown.rows[0].text.textFormat() is Qt.TextFormat.PlainText

    def test_without_findings_nothing_is_called_good(self) -> None:
        assert verdict_role(()) == "accent"
