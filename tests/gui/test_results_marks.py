"""Every mark of the Results page opens its examples: cells, bars, points, classes, groups."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from engine.events.columns import ReadColumn
from engine.events.messages import Rejected
from engine.events.results import EvaluateRun, ExamplesShown, ShowExamples
from engine.events.verdicts import Finding, FindingKind, Place, Severity
from engine.inference.evaluation.analysing import analyse
from engine.inference.evaluation.analysis import Analysis, BaselineScore, Group
from engine.inference.evaluation.predictions import Predictions, file_name
from engine.inference.evaluation.scored import ScoredExamples
from engine.runs.store import RunStore
from engine.spec.signature import Kind, Output, Task
from engine.training.defaults import recommended_model
from gui.formatting.differences import marked
from gui.network.picture_view import PictureView
from gui.pages.results.column_reader import ColumnReader
from gui.pages.results.curves_tab import split_at
from gui.pages.results.error_sets import error_sets
from gui.pages.results.results_page import ResultsPage
from gui.pages.results.shown_result import Selection
from gui.pages.results.values_part import ValuesPart
from gui.plots.band_plot import MOST_ENDS, BandPlot, thinned
from gui.plots.confusion_plot import ConfusionPlot
from gui.plots.curve_plot import CurvePlot
from gui.plots.histogram_plot import HistogramPlot
from gui.state.draft import Draft
from tests.gui.fake_results import fake_result
from tests.gui.run_fixtures import DIGITS, LINE, MOONS, Stage, stage

TRANSLATOR = recommended_model(Kind.TEXT, Task.TRANSLATION)


@pytest.fixture
def on(qtbot: QtBot, tmp_path: Path) -> Iterator[Stage[ResultsPage]]:
    with stage(qtbot, tmp_path, ResultsPage) as made:
        yield made


def train(on: Stage[ResultsPage], draft: Draft) -> str:
    with on.qtbot.waitSignal(on.controller.repository.result_read):
        return on.train(draft)


def show(on: Stage[ResultsPage], run: str) -> None:
    with on.qtbot.waitSignal(on.controller.repository.result_read):
        on.page.show_run(run)


def folder(on: Stage[ResultsPage], run: str) -> Path:
    with RunStore(on.engine.workspace) as store:
        return store.folder(run)


def scored_of(on: Stage[ResultsPage]) -> ScoredExamples:
    shown = on.page._shown
    assert shown is not None
    assert shown.scored is not None
    return shown.scored


def listed(on: Stage[ResultsPage]) -> list[int]:
    """The places that the panel lists, in its order."""
    return on.page.examples.list.examples.places.tolist()


def keep_analysis(on: Stage[ResultsPage], run: str, **more: object) -> Analysis:
    """Keeps an analysis of the run's predictions, and shows it."""
    where = folder(on, run)
    predictions = Predictions.load(where)
    assert predictions is not None
    made = replace(analyse(predictions), **more)  # type: ignore[arg-type]
    made.save(where)
    show(on, run)
    return made


def test_the_worst_errors_are_there_at_once_and_their_pictures_come(
    on: Stage[ResultsPage],
) -> None:
    train(on, DIGITS)
    scored, panel = scored_of(on), on.page.examples
    assert listed(on) == scored.ordered(scored.wrong(), "loss").tolist()
    first = panel.list.examples.row_at(0)
    on.qtbot.waitUntil(lambda: panel.fetcher.get(first) is not None)
    view = panel.detail.view
    on.qtbot.waitUntil(lambda: view.currentWidget() is view._views.get("image"))
    assert panel.detail.truth.text() == scored.truth_text(listed(on)[0])
    assert panel.detail.said.text() == scored.predicted_text(listed(on)[0])
    assert "loss" in panel.detail.facts.text()


def test_a_cell_opens_its_examples(on: Stage[ResultsPage]) -> None:
    train(on, DIGITS)
    on.page.tabs.show_tab("confusion")
    plot = on.page.tabs.view("confusion").plot
    on.qtbot.waitUntil(plot.isVisible)
    on.qtbot.mouseClick(
        plot, Qt.MouseButton.LeftButton, pos=plot.cell_rect(3, 4).center().toPoint()
    )
    scored = scored_of(on)
    assert sorted(listed(on)) == scored.cell(3, 4).tolist()
    assert on.page.examples.title.text() == "True 3, predicted 4"
    assert on.page.examples.count.text() == "1 example"


def test_a_cell_is_reached_by_keyboard(on: Stage[ResultsPage]) -> None:
    train(on, DIGITS)
    on.page.tabs.show_tab("confusion")
    plot = on.page.tabs.view("confusion").plot
    on.qtbot.waitUntil(plot.isVisible)
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Return):
        on.qtbot.keyClick(plot, key)
    assert on.page.examples.title.text() == "True 0, predicted 2"
    assert "True: 0" in plot.accessibleDescription()


def test_cells_stay_right_in_another_order(on: Stage[ResultsPage]) -> None:
    run = train(on, DIGITS)
    order = [9, 1, 2, 0, 4, 5, 6, 7, 8, 3]
    made = keep_analysis(on, run)
    replace(made, extra={**made.extra, "class_order": order}).save(folder(on, run))
    show(on, run)
    on.page.tabs.show_tab("confusion")
    tab = on.page.tabs.view("confusion")
    on.qtbot.waitUntil(tab.plot.isVisible)
    tab.together.setChecked(True)
    top_left = tab.plot.cell_rect(9, 9)
    assert tab.plot.cell_rect(0, 0).top() > top_left.top()
    assert tab.plot.cell_at(top_left.center()) == (9, 9)
    on.qtbot.mouseClick(tab.plot, Qt.MouseButton.LeftButton, pos=top_left.center().toPoint())
    assert sorted(listed(on)) == scored_of(on).cell(9, 9).tolist()


def test_a_class_of_the_table_opens_its_examples(on: Stage[ResultsPage]) -> None:
    train(on, DIGITS)
    table = on.page.tabs.view("overview").scores
    on.qtbot.waitUntil(table.isVisible)
    table.sortByColumn(0, Qt.SortOrder.DescendingOrder)
    table.activated.emit(table.model().index(2, 0))
    found = scored_of(on)
    assert {found.truth_text(place) for place in listed(on)} == {"7"}
    assert len(listed(on)) == found.truth_counts[7]


def test_a_bar_opens_what_it_counts(on: Stage[ResultsPage]) -> None:
    train(on, DIGITS)
    on.page.tabs.show_tab("errors")
    tab, scored = on.page.tabs.view("errors"), scored_of(on)
    for index in range(len(tab.first.edges) - 1):
        tab.first._open(index)
        assert len(listed(on)) == sum(int(counts[index]) for counts in tab.first.counts)
    assert sum(int(counts.sum()) for counts in tab.first.counts) == len(scored)
    on.qtbot.keyClick(tab.first, Qt.Key.Key_Left)
    on.qtbot.keyClick(tab.first, Qt.Key.Key_Return)
    assert on.page.examples.title.text().startswith("Confidence from")


def test_sets_of_errors_open(on: Stage[ResultsPage]) -> None:
    train(on, DIGITS)
    on.page.tabs.show_tab("errors")
    tab, scored = on.page.tabs.view("errors"), scored_of(on)
    for button, found in zip(tab.sets, error_sets(scored), strict=True):
        button.click()
        assert sorted(listed(on)) == sorted(found.places.tolist())
        assert button.text() == f"{found.title} {len(found.places)}"


def test_a_point_of_the_scatter_opens_what_is_near(on: Stage[ResultsPage]) -> None:
    train(on, LINE)
    part, scored = on.page.tabs.view("overview").values, scored_of(on)
    on.qtbot.waitUntil(part.isVisible)
    part.plot.predicted.redraw()
    truth, said = scored.predictions.truth[5, 0], scored.predictions.outputs[5, 0]
    part.plot.predicted.view.clicked.emit(QPointF(truth, said))
    assert 5 in listed(on)
    assert len(listed(on)) < len(scored)
    before = listed(on)
    part.plot.predicted.view.clicked.emit(QPointF(1e6, 1e6))
    assert listed(on) == before  # beside the points a click means nothing
    part.plot.residuals.redraw()
    part.plot.residuals.view.clicked.emit(QPointF(said, said - truth))
    assert 5 in listed(on)


def test_residuals_over_any_column(on: Stage[ResultsPage]) -> None:
    train(on, LINE)
    part, scored = on.page.tabs.view("overview").values, scored_of(on)
    on.qtbot.waitUntil(lambda: part.axis.count() > 1)
    part.axis.setCurrentIndex(1)
    on.qtbot.waitUntil(lambda: part.plot.residuals.axis_x.text == part.axis.currentText())
    np.testing.assert_allclose(part.plot.residuals._x, scored.predictions.rows)


def over_first_column(on: Stage[ResultsPage]) -> ValuesPart:
    """Draws the residuals of the run over its first column."""
    part: ValuesPart = on.page.tabs.view("overview").values
    on.qtbot.waitUntil(lambda: part.axis.count() > 1)
    part.axis.setCurrentIndex(1)
    on.qtbot.waitUntil(lambda: part.plot.residuals.axis_x.text == part.axis.currentText())
    return part


def test_residuals_hold_while_another_part_is_listed(on: Stage[ResultsPage]) -> None:
    train(on, LINE)
    scored = scored_of(on)
    found = scored.predictions
    few = replace(
        found, part="validation", rows=found.rows[:3], truth=found.truth[:3],
        outputs=found.outputs[:3],
    )  # fmt: skip
    on.page.examples._show_part(ScoredExamples.of(few))
    part = over_first_column(on)
    np.testing.assert_allclose(part.plot.residuals._x, found.rows)


def test_what_was_chosen_stays_when_more_is_found_out(on: Stage[ResultsPage]) -> None:
    train(on, LINE)
    part = over_first_column(on)
    on.page._on_analysed(analyse(scored_of(on).predictions))
    assert part.axis.currentIndex() == 1
    np.testing.assert_allclose(part.plot.residuals._x, scored_of(on).predictions.rows)


def test_a_column_that_is_gone_is_told_where_it_was_chosen(on: Stage[ResultsPage]) -> None:
    on.engine.result = lambda command, store: (
        Rejected("The table is gone.", "Bring it back.")
        if isinstance(command, ReadColumn) and command.column
        else fake_result(command, store)
    )
    train(on, LINE)
    part: ValuesPart = on.page.tabs.view("overview").values
    on.qtbot.waitUntil(lambda: part.axis.count() > 1)
    part.axis.setCurrentIndex(1)
    residuals = part.plot.residuals
    on.qtbot.waitUntil(lambda: "The table is gone." in residuals._empty.text())
    assert not len(residuals._x)
    part.axis.setCurrentIndex(0)
    assert len(residuals._x)
    panel = on.page.examples
    panel.columns.read(part.axis.itemText(1))
    on.qtbot.waitUntil(lambda: "The table is gone." in panel.detail.view._words.text())


@pytest.mark.parametrize("make", [CurvePlot, HistogramPlot, ConfusionPlot, PictureView])
def test_a_key_of_another_alphabet_moves_nothing(qtbot: QtBot, make: type[QWidget]) -> None:
    plot = make()
    qtbot.addWidget(plot)
    event = QKeyEvent(QEvent.Type.KeyPress, 0x0416, Qt.KeyboardModifier.NoModifier, "Ж")
    QApplication.sendEvent(plot, event)


def test_a_band_has_no_more_corners_than_can_be_seen(qtbot: QtBot) -> None:
    plot = BandPlot()
    qtbot.addWidget(plot)
    x = np.arange(100_000.0)
    said = np.sin(x / 999)
    said[5_000] = 7.0
    plot.set_series(x, said, said, 0.5)
    plot.redraw()
    upper, lower = plot.ends[1].yData, plot.ends[0].yData
    assert len(upper) == len(lower) <= MOST_ENDS
    assert upper.max() == 7.5
    assert (upper >= lower + 1).all()
    few = thinned(x[:9], said[:9])
    np.testing.assert_array_equal(few[1], said[:9])


def test_predicted_texts_are_marked_where_they_differ(on: Stage[ResultsPage]) -> None:
    train(on, Draft("/data/sentences.tsv", model=TRANSLATOR))
    assert on.page.examples.title.text() == "The worst errors"
    assert "<u" in on.page.examples.detail.said.text()
    on.page.tabs.show_tab("errors")
    tab = on.page.tabs.view("errors")
    tab.table.activated.emit(tab.model.index(0, 0))
    assert listed(on) == [1]


def test_marks_of_texts_are_no_html_of_the_text() -> None:
    truth, said = marked("<b>a</b>", "<i>a</i>", "#ff0000")
    assert "<b>" not in truth
    assert "<i>" not in said
    assert "&lt;" in truth


# ---- sorting, choosing, looking


def test_they_are_sorted_anew_at_once(on: Stage[ResultsPage]) -> None:
    train(on, DIGITS)
    panel, scored = on.page.examples, scored_of(on)
    for name in scored.orders[:-1]:
        panel.order.setCurrentIndex(panel.order.findData(name))
        assert listed(on) == scored.ordered(scored.wrong(), name).tolist()
    panel.detail.similar.click()
    assert len(listed(on)) == len(scored)
    assert panel.order.currentData() == "similarity"
    assert panel.title.text().startswith("Similar to")


def test_they_are_chosen_by_class_and_by_right_or_wrong(on: Stage[ResultsPage]) -> None:
    train(on, DIGITS)
    panel, scored = on.page.examples, scored_of(on)
    panel.show_selection(Selection("all", scored.everything))
    panel.filter.truth.setCurrentIndex(panel.filter.truth.findData(4))
    assert {scored.truth_text(place) for place in listed(on)} == {"4"}
    panel.filter.right.setCurrentIndex(2)
    assert not scored.is_right[listed(on)].any()
    assert panel.filter_button.text() == "Filter (2)"
    panel.filter.said.setCurrentIndex(panel.filter.said.findData(4))
    assert listed(on) == []
    assert panel.count.text() == f"0 of {len(scored)}"
    assert "filter" in panel.detail.view._words.text()
    panel.filter.clear_button.click()
    assert len(listed(on)) == len(scored)
    assert panel.filter_button.text() == "Filter"


def test_they_are_chosen_by_a_column(on: Stage[ResultsPage]) -> None:
    train(on, MOONS)
    panel, scored = on.page.examples, scored_of(on)
    panel.show_selection(Selection("all", scored.everything))
    panel.columns.read_names()  # as when the filter opens
    on.qtbot.waitUntil(lambda: panel.filter.column.count() > 1)
    panel.filter.column.setCurrentText("site")
    on.qtbot.waitUntil(lambda: panel.filter.category.count() == 4)
    panel.filter.category.setCurrentText("b")
    assert set(scored.predictions.rows[listed(on)] % 3) == {1}
    panel.filter.column.setCurrentIndex(1)
    name = panel.filter.column.currentText()
    on.qtbot.waitUntil(lambda: panel.columns.get(name) is not None)
    panel.filter.low.setText("5")
    panel.filter.high.setText("8")
    assert sorted(scored.predictions.rows[listed(on)].tolist()) == [5, 6, 7, 8]
    panel.filter.low.setText("five")
    assert len(listed(on)) == 9  # what is no number is no limit


def test_only_what_is_in_view_is_fetched(on: Stage[ResultsPage]) -> None:
    train(on, DIGITS)
    panel, scored = on.page.examples, scored_of(on)
    on.qtbot.waitUntil(lambda: bool(panel.fetcher._kept))
    panel.show_selection(Selection("all", scored.everything))
    shown = [panel.list.examples.row_at(index) for index in panel.list.shown_range()]
    on.qtbot.waitUntil(lambda: all(panel.fetcher.get(row) is not None for row in shown))
    asked = {
        row
        for command in on.engine.commands
        if isinstance(command, ShowExamples)
        for row in command.rows
    }
    assert len(asked) < len(scored)
    assert all(
        len(command.rows) <= 200
        for command in on.engine.commands
        if isinstance(command, ShowExamples)
    )


def test_what_another_window_asked_for_is_not_taken(on: Stage[ResultsPage]) -> None:
    run = train(on, DIGITS)
    fetcher = on.page.examples.fetcher
    on.qtbot.waitUntil(lambda: fetcher._asked is None and bool(fetcher._kept))
    fetcher._asked = ShowExamples(run, (998, 999), fetcher._key)
    for key, is_own in (("labels/example/other", False), (fetcher._key, True)):
        answer = ExamplesShown(run, "image", (), problems=("It cannot be read.",), key=key)
        on.controller.results.answered.emit(answer)
        assert fetcher.is_unreadable(999) is is_own


def test_what_was_clicked_last_is_fetched_first(on: Stage[ResultsPage]) -> None:
    on.engine.answer.close()
    train(on, DIGITS)
    panel, scored = on.page.examples, scored_of(on)
    panel.show_selection(Selection("one", scored.cell(2, 2)))
    panel.show_selection(Selection("two", scored.cell(5, 5)))
    on.engine.answer.open()
    row = panel.list.examples.row_at(0)
    on.qtbot.waitUntil(lambda: panel.fetcher.get(row) is not None)
    assert panel.title.text() == "two"
    gone = int(scored.predictions.rows[scored.cell(2, 2)[0]])
    assert panel.fetcher.get(gone) is None


def test_data_that_is_gone_is_told_and_the_rest_holds(on: Stage[ResultsPage]) -> None:
    on.engine.result = lambda command, store: (
        Rejected("The folder is gone.", "Bring it back.")
        if isinstance(command, ShowExamples)
        else fake_result(command, store)
    )
    train(on, DIGITS)
    words = on.page.examples.detail.view._words
    on.qtbot.waitUntil(lambda: "The folder is gone." in words.text())
    assert "still hold" in words.text()
    on.page.tabs.show_tab("confusion")
    on.page.tabs.view("confusion").plot.cell_clicked.emit(3, 4)
    assert len(listed(on)) == 1
    assert "The folder is gone." in words.text()


# ---- runs that lack something


def test_an_older_run_offers_to_look_closer(on: Stage[ResultsPage]) -> None:
    run = train(on, DIGITS)
    (folder(on, run) / file_name("test")).unlink()
    show(on, run)
    page = on.page
    assert "Look closer" in page.head.notice.button.text()
    assert page.examples.isHidden()
    assert "errors" not in page.tabs.names
    assert "confusion" in page.tabs.names
    with on.qtbot.waitSignal(on.controller.repository.result_read):
        page.head.notice.button.click()
    assert [c for c in on.engine.commands if isinstance(c, EvaluateRun)] == [EvaluateRun(run)]
    assert page.head.notice.isHidden()
    assert not page.examples.isHidden()
    assert "errors" in page.tabs.names


def test_looking_closer_at_one_run_leaves_another_alone(on: Stage[ResultsPage]) -> None:
    first, second = train(on, DIGITS), train(on, MOONS)
    (folder(on, first) / file_name("test")).unlink()
    show(on, first)
    on.engine.answer.close()
    on.page.head.notice.button.click()
    show(on, second)
    on.engine.answer.open()
    on.qtbot.waitUntil(lambda: (folder(on, first) / file_name("test")).exists())
    on.qtbot.waitUntil(lambda: on.page.updates._evaluating is None)
    assert on.page._record is not None
    assert on.page._record.id == second
    assert "Asking" not in on.page.head.notice.text.text()


def test_looking_closer_where_the_data_is_gone(on: Stage[ResultsPage]) -> None:
    run = train(on, DIGITS)
    (folder(on, run) / file_name("test")).unlink()
    on.engine.result = lambda command, store: Rejected("The data is gone.", "Bring it back.")
    show(on, run)
    on.page.head.notice.button.click()
    on.qtbot.waitUntil(lambda: on.page.head.notice.text.text() == "The data is gone.")
    assert "still hold" in on.page.head.notice.hint.text()
    assert on.page.head.number.text() == "90.0 %"


def test_damaged_predictions_take_only_themselves_away(on: Stage[ResultsPage]) -> None:
    run = train(on, DIGITS)
    (folder(on, run) / file_name("test")).write_bytes(b"nonsense")
    show(on, run)
    assert "cannot be read" in on.page.head.notice.text.text()
    assert "Look closer" in on.page.head.notice.button.text()
    assert on.page.head.number.text() == "90.0 %"


def test_much_is_read_after_the_page_is_shown(
    on: Stage[ResultsPage], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gui.state.result_reading.LARGE_BYTES", 0)
    train(on, DIGITS)
    assert on.page.head.number.text() == "90.0 %"
    on.qtbot.waitUntil(lambda: on.page._shown.scored is not None)
    assert "errors" in on.page.tabs.names
    assert listed(on)


# ---- the doubt, baselines, curves, groups


def test_the_head_says_the_doubt_and_what_simple_models_reach(on: Stage[ResultsPage]) -> None:
    run = train(on, DIGITS)
    better = BaselineScore(
        "boosted_trees", "Boosted trees", {"accuracy": 0.963}, {"accuracy": (0.93, 0.98)},
        difference=(-0.1, -0.02),
    )  # fmt: skip
    failed = BaselineScore("linear", "Linear model", problem="It ran out of memory.")
    made = keep_analysis(on, run, baselines=(better, failed), groups=())
    head = on.page.head
    low, high = made.intervals["accuracy"]
    assert head.doubt.text() == f"± {100 * (high - low) / 2:.1f} %"
    assert "Boosted trees, 96.3 %, does better." in head.verdict.text.text()
    assert head.verdict._role == "warning"
    assert [bar.name for bar in head.bars.bars] == ["This model", "Boosted trees"]
    assert "96.3 %" in head.bars.accessibleDescription()
    worse = replace(better, metrics={"accuracy": 0.1}, difference=(0.7, 0.9))
    keep_analysis(on, run, baselines=(worse,))
    assert "does better than Boosted trees" in head.verdict.text.text()
    assert head.verdict._role == "success"


def test_the_gravest_finding_is_the_verdict_and_its_tab_has_a_badge(
    on: Stage[ResultsPage],
) -> None:
    run = train(on, DIGITS)
    note = Finding(FindingKind.IMBALANCE, Severity.NOTE, "Some classes are rare.")
    grave = Finding(
        FindingKind.CLASS_NEVER_PREDICTED, Severity.FAULT, "Nothing is taken for a 4.",
        place=Place("classes", subject="4"),
    )  # fmt: skip
    keep_analysis(on, run, findings=(note, grave))
    assert on.page.head.verdict.text.text() == "Nothing is taken for a 4."
    assert on.page.head.verdict._role == "danger"
    titles = {on.page.tabs.tabText(index) for index in range(on.page.tabs.count())}
    assert "Confusion (1)" in titles
    on.page.show_place(grave.place)
    assert on.page.tabs.tab == "confusion"


def test_a_finding_leads_once_to_where_it_shows(on: Stage[ResultsPage]) -> None:
    run = train(on, DIGITS)
    found = Finding(
        FindingKind.CLASS_NEVER_PREDICTED, Severity.FAULT, "Nothing is taken for a 4.",
        place=Place("classes", subject="4"),
    )  # fmt: skip
    keep_analysis(on, run, findings=(found,))
    on.page.tabs.show_tab("findings")
    (row,) = on.page.tabs.view("findings").list.rows
    for _ in range(2):  # it can be clicked again
        on.page.tabs.show_tab("findings")
        row.activated.emit()
        assert on.page.tabs.tab == "confusion"
    on.page.tabs.show_tab("findings")
    keep_analysis(on, run, findings=(replace(found, text="Nothing at all is taken for a 4."),))
    assert on.page.tabs.tab == "findings"  # nobody clicked


@pytest.mark.parametrize("family", ["roc", "precision_recall", "calibration", "threshold", "top_k"])
def test_every_curve_is_drawn_and_its_points_open(on: Stage[ResultsPage], family: str) -> None:
    run = train(on, DIGITS)
    keep_analysis(on, run)
    on.page.tabs.show_tab("curves")
    tab = on.page.tabs.view("curves")
    tab.family.setCurrentIndex(tab.family.findData(family))
    assert tab.note.text()
    if family == "threshold":
        return
    if tab.subject.count():
        tab.subject.setCurrentIndex(tab.subject.count() - 1)
    assert len(tab.plot.lines) == 1
    on.page.examples.title.show_text("before")
    tab.plot._open(0, len(tab.plot.lines[0].x) // 2)
    assert on.page.examples.title.text() != "before"


def test_bins_of_calibration_hold_each_example_once(on: Stage[ResultsPage]) -> None:
    run = train(on, DIGITS)
    keep_analysis(on, run)
    on.page.tabs.show_tab("curves")
    tab = on.page.tabs.view("curves")
    tab.family.setCurrentIndex(tab.family.findData("calibration"))
    (curve,) = tab._drawn
    found: list[int] = []
    for point in range(len(curve.x)):
        tab.plot._open(0, point)
        assert len(listed(on)) == curve.values[point]
        mean = scored_of(on).confidence[listed(on)].mean()
        assert mean == pytest.approx(curve.x[point], abs=1e-6)
        found += listed(on)
    assert sorted(found) == list(range(len(scored_of(on))))


def test_a_threshold_has_its_costs_and_its_counts_open(on: Stage[ResultsPage]) -> None:
    run = train(on, MOONS)
    keep_analysis(on, run)
    on.page.tabs.show_tab("curves")
    tab = on.page.tabs.view("curves")
    tab.family.setCurrentIndex(tab.family.findData("threshold"))
    part = tab.threshold
    assert part.value.text() == "0.5000"
    part.miss_cost.setValue(10)
    part.cheapest.click()
    assert part.costs[part.slider.value()] == part.costs.min()
    found = scored_of(on).predictions
    scores, is_it = found.outputs[:, 1], found.truth == 1
    cut = part._table[part.slider.value(), 0]
    counts = {
        "hits": ((scores > cut) & is_it).sum(),
        "alarms": ((scores > cut) & ~is_it).sum(),
        "misses": ((scores <= cut) & is_it).sum(),
        "rest": ((scores <= cut) & ~is_it).sum(),
    }
    for name, count in counts.items():
        part.counts[name].click()
        assert len(listed(on)) == count
        assert part.counts[name].text().startswith(str(count))
    at = part.slider.value()
    on.page._on_analysed(analyse(found))  # more of the same run
    assert part.slider.value() == at


def test_a_group_opens_its_rows(on: Stage[ResultsPage]) -> None:
    run = train(on, MOONS)
    group = Group(
        "site = north", "site", "north", 40, (7, 3, 5), {"accuracy": 0.5},
        {"accuracy": (0.4, 0.6)}, 0.95, 0.001,
    )  # fmt: skip
    keep_analysis(on, run, groups=(group,), n_tried=12, baselines=())
    on.page.tabs.show_tab("groups")
    tab = on.page.tabs.view("groups")
    assert "12" in tab.words.text()
    assert tab.model.text_at(0, 0) == "site = north"
    tab.table.activated.emit(tab.model.index(0, 0))
    assert set(scored_of(on).predictions.rows[listed(on)]) == {3, 5, 7}
    keep_analysis(on, run, groups=(), n_tried=30, baselines=())
    assert "none of 30" in tab.words.text()


def test_what_is_found_out_later_moves_nothing_that_is_looked_at(on: Stage[ResultsPage]) -> None:
    run = train(on, DIGITS)
    on.page.tabs.show_tab("confusion")
    on.page.tabs.view("confusion").plot.cell_clicked.emit(3, 4)
    before = listed(on)
    predictions = scored_of(on).predictions
    place = on.page.tabs.mapTo(on.page, on.page.tabs.rect().topLeft())
    on.page._on_analysed(analyse(predictions))
    assert listed(on) == before
    assert on.page.tabs.tab == "confusion"
    assert on.page.tabs.mapTo(on.page, on.page.tabs.rect().topLeft()) == place
    assert run == on.page._record.id
    on.page.settings.set("results/tab/classes", "groups")  # what this run did not have until now
    on.page._on_analysed(replace(analyse(predictions), groups=()))
    assert "groups" in on.page.tabs.names
    assert on.page.tabs.tab == "confusion"


def test_the_last_tab_is_remembered(on: Stage[ResultsPage]) -> None:
    run = train(on, DIGITS)
    on.page.tabs.show_tab("errors")
    other = train(on, LINE)
    assert on.page.tabs.tab == "overview"  # of numbers nothing was looked at yet
    show(on, run)
    assert on.page.tabs.tab == "errors"
    assert other != run


# ---- odd results


def odd(part: str, truth: np.ndarray, outputs: np.ndarray, names: tuple[str, ...]) -> Predictions:
    rows = np.arange(len(truth))
    return Predictions(
        part, Task.CLASSIFICATION, Output.CLASSES, rows, truth, outputs, "x", names, n_all=len(rows)
    )


@pytest.mark.parametrize(
    ("truth", "outputs"),
    [
        pytest.param([0, 0], [[0.9, 0.1], [0.2, 0.8]], id="one class"),
        pytest.param([0] * 9, [[0.5, 0.5]] * 9, id="constant"),
        pytest.param([0, 1], [[np.nan, np.nan], [0.2, 0.8]], id="not a number"),
        pytest.param([], [], id="nothing"),
    ],
)
def test_odd_results_have_a_sensible_page(
    on: Stage[ResultsPage], truth: list[int], outputs: list[list[float]]
) -> None:
    run = train(on, MOONS)
    probabilities = np.array(outputs, np.float64).reshape(len(truth), 2)
    odd("test", np.array(truth, np.int64), probabilities, ("a", "b")).save(folder(on, run))
    if truth:
        keep_analysis(on, run)
    else:
        show(on, run)
    for name in on.page.tabs.names:
        on.page.tabs.show_tab(name)
        on.page.grab()
    for order in range(on.page.examples.order.count()):
        on.page.examples.order.setCurrentIndex(order)
    assert on.page.examples.title.text()


def test_a_thousand_classes_are_one_picture(on: Stage[ResultsPage]) -> None:
    n = 1000
    plot_tab = on.page.tabs.view("confusion")
    random = np.random.default_rng(0)
    counts = np.diag(random.integers(1, 50, n))
    counts[3, 700] = 9
    plot_tab.plot.set_matrix(counts, [f"class {index}" for index in range(n)])
    plot_tab.plot.resize(600, 600)
    plot_tab.plot.grab()
    assert "class 700" in plot_tab.plot.describe(3, 700)
    plot_tab._show_pairs(counts, tuple(f"class {index}" for index in range(n)))
    assert plot_tab.model.text_at(0, 0) == "class 3 → class 700"


def test_splits_of_a_threshold_are_disjoint_and_complete() -> None:
    random = np.random.default_rng(4)
    outputs = random.dirichlet(np.ones(3), 50)
    scored = ScoredExamples.of(odd("test", random.integers(0, 3, 50), outputs, ("a", "b", "c")))
    parts = [split_at(scored, "b", 0.4, kind) for kind in ("hits", "alarms", "misses", "rest")]
    assert sorted(np.concatenate(parts).tolist()) == list(range(50))
    assert len(split_at(scored, "nobody", 0.4, "hits")) == 0


def test_a_column_of_more_rows_is_put_in_the_order_of_the_examples(
    on: Stage[ResultsPage],
) -> None:
    train(on, MOONS)
    columns: ColumnReader = on.page.columns
    rows = scored_of(on).predictions.rows
    found = replace(scored_of(on).predictions, rows=rows[::-1].copy())
    columns.set_examples(on.page._record.id, ScoredExamples.of(found))
    with on.qtbot.waitSignal(columns.column_read):
        columns.read(on.page.columns.names[0] if columns.names else "x")
    name = next(iter(columns._values))
    np.testing.assert_allclose(columns.get(name).numbers, rows[::-1])
