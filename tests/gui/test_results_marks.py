"""Every mark of the Results page opens its examples: cells, bars, points, classes, groups."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from engine.events.columns import ReadColumn
from engine.events.messages import Rejected
from engine.inference.evaluation.analysing import analyse
from engine.inference.evaluation.scored import ScoredExamples
from gui.network.picture_view import PictureView
from gui.pages.results.error_sets import error_sets
from gui.pages.results.results_page import ResultsPage
from gui.pages.results.values_part import ValuesPart
from gui.plots.band_plot import MOST_ENDS, BandPlot, thinned
from gui.plots.confusion_plot import ConfusionPlot
from gui.plots.curve_plot import CurvePlot
from gui.plots.histogram_plot import HistogramPlot
from tests.gui import result_marks
from tests.gui.fake_results import fake_result
from tests.gui.result_marks import folder, keep_analysis, listed, scored_of, show, train
from tests.gui.run_fixtures import DIGITS, LINE, Stage

on = result_marks.on


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
