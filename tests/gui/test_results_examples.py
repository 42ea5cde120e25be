"""The panel of examples on Results: sorted, chosen, fetched, and texts marked where they differ."""

from __future__ import annotations

from engine.events.messages import Rejected
from engine.events.results import ExamplesShown, ShowExamples
from engine.spec.signature import Kind, Task
from engine.training.defaults import recommended_model
from gui.formatting.differences import marked
from gui.pages.results.results_page import ResultsPage
from gui.pages.results.shown_result import Selection
from gui.state.draft import Draft
from tests.gui import result_marks
from tests.gui.fake_results import fake_result
from tests.gui.result_marks import listed, scored_of, train
from tests.gui.run_fixtures import DIGITS, MOONS, Stage

on = result_marks.on


TRANSLATOR = recommended_model(Kind.TEXT, Task.TRANSLATION)


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
