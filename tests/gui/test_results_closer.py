"""Results of runs that are looked at closer, that are damaged, or that are odd."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.events.messages import Rejected
from engine.events.results import EvaluateRun
from engine.inference.evaluation.predictions import Predictions, file_name
from engine.inference.evaluation.scored import ScoredExamples
from engine.spec.signature import Output, Task
from gui.pages.results.column_reader import ColumnReader
from gui.pages.results.curves_tab import split_at
from gui.pages.results.results_page import ResultsPage
from gui.state.result_reading import read_examples
from tests.gui import result_marks
from tests.gui.result_marks import folder, keep_analysis, listed, scored_of, show, train
from tests.gui.run_fixtures import DIGITS, MOONS, Stage

on = result_marks.on


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


def test_what_is_read_later_is_there_damaged_or_was_not_kept(on: Stage[ResultsPage]) -> None:
    where = folder(on, train(on, DIGITS))
    found = read_examples(where, "test")
    assert found.scored is not None
    assert (len(found.scored), found.lacking) == (len(scored_of(on)), "")
    assert read_examples(where, "train").scored is None
    (where / file_name("test")).write_bytes(b"nonsense")
    damaged = read_examples(where, "test")
    assert damaged.scored is None
    assert "cannot be read" in damaged.lacking
