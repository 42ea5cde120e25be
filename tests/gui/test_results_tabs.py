"""The head and the tabs of Results: verdict, curves, thresholds, groups."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.events.verdicts import Finding, FindingKind, Place, Severity
from engine.inference.evaluation.analysing import analyse
from engine.inference.evaluation.analysis import BaselineScore, Group
from gui.pages.results.results_page import ResultsPage
from tests.gui import result_marks
from tests.gui.result_marks import keep_analysis, listed, scored_of, show, train
from tests.gui.run_fixtures import DIGITS, LINE, MOONS, Stage

on = result_marks.on


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
