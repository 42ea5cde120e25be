"""What the Results page asks of workers while somebody looks: another part, why, more of a run; and
where a finding leads.
"""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from engine.events.analysing import AnalyseRun
from engine.events.explaining import ExplainExample
from engine.events.messages import DataProgress, Rejected
from engine.events.results import EvaluateRun, RunEvaluated
from engine.events.verdicts import Place
from engine.inference.evaluation.analysis import Curve
from engine.inference.evaluation.predictions import Predictions, file_name
from gui.pages.results.curves_tab import CurvesTab
from gui.pages.results.results_page import ResultsPage
from gui.pages.results.shown_result import Selection, ShownResult
from tests.gui import result_marks
from tests.gui.fake_results import fake_result
from tests.gui.fake_scored import classes
from tests.gui.result_marks import folder, keep_analysis, listed, scored_of, show, train
from tests.gui.run_fixtures import DIGITS, MOONS, Stage

on = result_marks.on
On = Stage[ResultsPage]
# Said by the platform without a screen of every window beside the page.
pytestmark = pytest.mark.qt_log_ignore("does not support (raise|grabbing)", extend=True)


def ask_part(on: On, part: str) -> None:
    on.page.examples.filter.part_asked.emit(part)


def make_part(on: On, run: str, part: str) -> None:
    """Keeps the predictions of another part, as a worker would."""
    where = folder(on, run)
    kept = Predictions.load(where)
    assert kept is not None
    values = {**vars(kept), "part": part}
    Predictions(**values).save(where)


class TestParts:
    def test_a_part_that_was_kept_is_listed(self, on: On) -> None:
        run = train(on, MOONS)
        make_part(on, run, "train")
        panel = on.page.examples
        with on.qtbot.waitSignal(panel.part_shown, check_params_cb=lambda it: it == "train"):
            ask_part(on, "train")
        assert panel.scored is not None
        assert panel.scored.predictions.part == "train"
        assert not [it for it in on.engine.commands if isinstance(it, EvaluateRun)]
        with on.qtbot.waitSignal(panel.part_shown):
            ask_part(on, "test")
        assert panel.scored is scored_of(on)  # that of the page, with all that is known of it
        panel.show_selection(Selection("all", panel.scored.everything))
        assert len(listed(on)) == len(panel.scored)

    def test_another_is_asked_of_the_model_and_its_progress_told(self, on: On) -> None:
        def answers(command, store):
            if isinstance(command, EvaluateRun):
                make_part(on, command.run, command.part)
                return RunEvaluated(command.run, command.part)
            return fake_result(command, store)

        train(on, MOONS)
        on.engine.result = answers
        on.engine.answer.close()
        panel = on.page.examples
        ask_part(on, "train")
        on.qtbot.waitUntil(lambda: panel._making is not None)
        words = panel.detail.view._words
        assert "Asking the model about this part" in words.text()
        on.controller.results.progressed.emit(panel._making, DataProgress("Predicting", 3, 12))
        assert "3" in words.text()
        panel.fetcher.arrived.emit(())  # late, of what was listed before
        panel.order.setCurrentIndex(1)
        assert "3" in words.text()
        assert listed(on) == []
        with on.qtbot.waitSignal(panel.part_shown):
            on.engine.answer.open()
        assert panel.scored.predictions.part == "train"

    def test_who_turns_to_a_mark_meanwhile_stays_there(self, on: On) -> None:
        train(on, MOONS)
        on.engine.answer.close()
        panel = on.page.examples
        ask_part(on, "train")
        on.qtbot.waitUntil(lambda: panel._making is not None)
        making = panel._making
        panel.show_selection(Selection("all", scored_of(on).everything))
        assert panel.filter.part.currentData() == "test"
        assert len(listed(on)) == len(scored_of(on))
        on.engine.answer.open()
        on.controller.results.answered.emit(RunEvaluated(making.run, "train"))
        assert panel.scored is scored_of(on)
        assert len(listed(on)) == len(scored_of(on))

    def test_why_it_cannot_be_had_is_said(self, on: On) -> None:
        train(on, MOONS)
        on.engine.result = lambda command, store: Rejected("The data is gone.", "Bring it back.")
        ask_part(on, "validation")
        words = on.page.examples.detail.view._words
        on.qtbot.waitUntil(lambda: "The data is gone." in words.text())
        assert "still hold" in words.text()
        assert on.page.examples._making is None

    def test_a_run_without_its_predictions_says_so(self, on: On) -> None:
        run = train(on, MOONS)
        (folder(on, run) / file_name("test")).unlink()
        show(on, run)
        assert "were not kept" in on.page.examples.detail.view._words.text()
        on.page.examples._relist()
        assert listed(on) == []

    def test_what_cannot_be_read_of_one_is_said_in_its_place(self, on: On) -> None:
        train(on, MOONS)
        panel = on.page.examples
        row = panel.list.examples.row_at(0)
        panel.fetcher._unreadable.add(row)
        panel.fetcher._kept.clear()
        panel.list.current_changed.emit(0)
        assert "cannot be read any more" in panel.detail.view._words.text()
        problem = Rejected("It holds no such column.")
        panel.columns.failed.emit("", problem)
        assert "no such column" not in panel.detail.view._words.text()
        panel.columns.failed.emit("age", problem)
        assert "no such column" in panel.detail.view._words.text()

    def test_the_filter_opens_under_its_button(self, on: On) -> None:
        train(on, MOONS)
        panel = on.page.examples
        QTest.mouseClick(panel.filter_button, Qt.MouseButton.LeftButton)
        assert panel.filter.isVisible()
        on.qtbot.waitUntil(lambda: panel.filter.column.count() > 1)
        panel.filter.hide()


class TestPage:
    def test_why_stays_open_for_one_after_the_other_of_its_run(self, on: On) -> None:
        first = train(on, MOONS)
        on.page.examples.detail.why_asked.emit(3, "row 4")
        on.page.examples.detail.why_asked.emit(5, "row 6")
        window = on.page.windows._why
        assert window is not None
        assert window.heading.text() == "row 6"
        on.qtbot.waitUntil(
            lambda: (
                [it.row for it in on.engine.commands if isinstance(it, ExplainExample)][-1:] == [5]
            )
        )
        assert on.engine.commands[-1].run == first
        train(on, DIGITS)
        assert not window.isVisible()  # an explanation belongs to its run

    @pytest.mark.parametrize(
        ("place", "asked"), [("data", ["data"]), ("curves", ["train"]), ("steps", ["train"])]
    )
    def test_a_finding_leads_to_another_page(self, on: On, place: str, asked: list[str]) -> None:
        train(on, MOONS)
        pages: list[str] = []
        on.page.page_requested.connect(pages.append)
        on.page.show_place(Place(place))
        assert pages == asked

    def test_a_finding_of_an_older_run_leads_to_the_list_of_runs(self, on: On) -> None:
        first = train(on, MOONS)
        train(on, DIGITS)
        show(on, first)
        pages: list[str] = []
        on.page.page_requested.connect(pages.append)
        on.page.show_place(Place("curves"))
        assert pages == ["runs"]

    def test_how_far_looking_closer_is(self, on: On) -> None:
        run = train(on, DIGITS)
        (folder(on, run) / file_name("test")).unlink()
        show(on, run)
        on.engine.answer.close()
        on.page.head.notice.button.click()
        asked = on.page.updates._evaluating
        assert asked is not None
        on.controller.results.progressed.emit(asked, DataProgress("Predicting", 50, 200))
        text = on.page.head.notice.text.text()
        assert "Asking the model about every example" in text
        assert "50" in text
        on.engine.answer.open()
        on.qtbot.waitUntil(lambda: on.page.updates._evaluating is None)

    def test_an_analysis_that_grows_is_shown_as_it_grows(self, on: On) -> None:
        run = train(on, MOONS)
        made = keep_analysis(on, run)
        shown = on.page._shown
        assert shown is not None
        on.page._shown = on.page.updates._shown = ShownResult(
            shown.record, shown.evaluation, shown.scored
        )
        progress = DataProgress("Analysing", 1, 4)
        on.controller.results.progressed.emit(AnalyseRun(run, "test"), progress)
        on.qtbot.waitUntil(
            lambda: on.page._shown is not None and on.page._shown.analysis is not None
        )
        assert on.page._shown.analysis.metrics == made.metrics


class TestCurves:
    @pytest.fixture
    def tab(self, qtbot: QtBot) -> CurvesTab:
        half = np.array([0.0, 0.5, 1.0])
        curves = (
            Curve("roc", "dog", half, half, np.array([np.nan, 0.7, 0.9]), 0.75),
            Curve("calibration", "", np.array([0.6, 0.9]), half[:2], np.array([10.0, 6.0])),
            Curve("top_k", "", np.array([1.0, 2.0]), np.array([0.75, 1.0]), np.zeros(0)),
        )
        made = CurvesTab()
        qtbot.addWidget(made)
        analysis = SimpleNamespace(curves=curves, extra={}, metrics={}, findings=())
        record = SimpleNamespace(id="r", findings=())
        made.show_result(ShownResult(record, None, classes(16), analysis))
        made.asked = []
        made.examples_asked.connect(made.asked.append)
        return made

    def choose(self, tab: CurvesTab, family: str) -> None:
        tab.family.setCurrentIndex(tab.family.findData(family))

    def test_a_point_opens_the_examples_behind_it(self, tab) -> None:
        scored = classes(16)
        tab.plot.point_clicked.emit(0, 1)
        (near,) = tab.asked
        assert near.title == "dog: near 0.7000"
        scores = scored.predictions.outputs[:, 1]
        assert np.abs(scores[near.places] - 0.7).max() <= 0.1
        tab.plot.point_clicked.emit(0, 0)  # that of a threshold beyond all
        tab.plot.point_clicked.emit(9, 0)
        assert len(tab.asked) == 1
        self.choose(tab, "calibration")
        tab.plot.point_clicked.emit(0, 1)
        assert tab.asked[-1].title == "Said with about 90 %"
        order = np.argsort(scored.confidence, kind="stable")
        assert tab.asked[-1].places.tolist() == order[10:16].tolist()
        self.choose(tab, "top_k")
        tab.plot.point_clicked.emit(0, 0)
        assert tab.asked[-1].places.tolist() == [3, 7, 11, 15]

    def test_without_the_examples_nothing_is_opened(self, tab) -> None:
        record = SimpleNamespace(id="r", findings=())
        tab.show_result(ShownResult(record, None, None, tab._shown.analysis))
        tab.plot.point_clicked.emit(0, 1)
        assert tab.asked == []
