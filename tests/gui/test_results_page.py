"""The Results page: the run just finished, any stored run, and honest words where there is less."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from engine.events.run_events import RunState
from engine.inference.evaluation.evaluation import FILE_NAME
from engine.runs.store import RunStore
from engine.spec.signature import Kind, Task
from engine.training.defaults import recommended_model
from gui.pages.results.results_page import ResultsPage
from gui.state.draft import Draft
from tests.gui.fake_data import fake_profile
from tests.gui.fake_run import fake_evaluation
from tests.gui.run_fixtures import DIGITS, LINE, MOONS, Stage, stage

TRANSLATOR = recommended_model(Kind.TEXT, Task.TRANSLATION)


@pytest.fixture
def on(qtbot: QtBot, tmp_path: Path) -> Iterator[Stage[ResultsPage]]:
    with stage(qtbot, tmp_path, ResultsPage) as made:
        yield made


def show(on: Stage[ResultsPage], run: str) -> None:
    with on.qtbot.waitSignal(on.controller.repository.result_read):
        on.page.show_run(run)


def numbers(on: Stage[ResultsPage]) -> dict[str, str]:
    facts = on.page.tabs.view("overview").metrics.facts
    return {fact.caption.text(): fact.value.text() for fact in facts.values()}


def folder(on: Stage[ResultsPage], run: str) -> Path:
    with RunStore(on.engine.workspace) as store:
        return store.folder(run)


def test_an_empty_page_says_what_to_do_first(on: Stage[ResultsPage]) -> None:
    assert "No results yet" in on.page.head.notice.text.text()
    asked: list[str] = []
    on.page.page_requested.connect(asked.append)
    on.qtbot.mouseClick(on.page.head.notice.button, Qt.MouseButton.LeftButton)
    assert asked == ["train"]


def test_a_finished_run_shows_itself(on: Stage[ResultsPage]) -> None:
    hints: list[str] = []
    on.page.hint_changed.connect(hints.append)
    with on.qtbot.waitSignal(on.controller.repository.result_read):
        on.train(DIGITS)
    assert numbers(on) == {"Accuracy": "90.0 %", "Balanced accuracy": "90.0 %", "F1": "90.0 %"}
    assert "test part, 100 examples" in on.page.tabs.view("overview").caption.text()
    assert "epoch 4 of 4" in on.page.tabs.view("overview").caption.text()
    assert on.page.head.notice.isHidden()
    assert "confusion" in on.page.tabs.names
    assert "forecast" not in on.page.tabs.names
    assert hints[-1] == "Accuracy 90.0 %"


def test_classes_are_listed_in_order_and_sorted_by_a_score(on: Stage[ResultsPage]) -> None:
    with on.qtbot.waitSignal(on.controller.repository.result_read):
        on.train(DIGITS)
    scores = on.page.tabs.view("overview").scores
    model = scores.model()
    names = [model.index(row, 0).data() for row in range(model.rowCount())]
    assert names == list("0123456789")
    assert [model.index(3, column).data() for column in range(1, 5)] == [
        "90.0 %",
        "87.0 %",
        "90.0 %",
        "10",
    ]
    scores.sortByColumn(2, Qt.SortOrder.AscendingOrder)
    assert model.index(0, 0).data() == "9"


def test_predicted_texts_stand_beside_the_true_ones(on: Stage[ResultsPage]) -> None:
    with on.qtbot.waitSignal(on.controller.repository.result_read):
        on.train(Draft("/data/sentences.tsv", model=TRANSLATOR))
    overview = on.page.tabs.view("overview")
    on.qtbot.waitUntil(overview.texts.isVisible)
    assert overview.scores is None
    model = overview.texts.model
    assert model.headings == ("Given", "True", "Predicted")
    assert [model.text_at(1, column) for column in range(3)] == ["7", "sieben", "siebzehn"]


def test_a_regression_shows_predictions_against_the_truth(on: Stage[ResultsPage]) -> None:
    with on.qtbot.waitSignal(on.controller.repository.result_read):
        on.train(LINE)
    assert numbers(on)["R²"] == "0.9100"
    assert "confusion" not in on.page.tabs.names
    overview = on.page.tabs.view("overview")
    assert overview.scores is None
    on.qtbot.waitUntil(overview.values.plot.isVisible)


def test_any_stored_run_can_be_opened(on: Stage[ResultsPage]) -> None:
    first = on.train(DIGITS)
    with on.qtbot.waitSignal(on.controller.repository.result_read):
        on.train(LINE)
    show(on, first)
    assert on.page.head.title.text().startswith("Handwritten digits")


def test_only_the_run_asked_for_last_is_shown(on: Stage[ResultsPage]) -> None:
    first = on.train(DIGITS)
    with on.qtbot.waitSignal(on.controller.repository.result_read):
        last = on.train(LINE)
    seen: list[Any] = []
    on.controller.repository.result_read.connect(seen.append)
    on.page.show_run(last)
    on.page.show_run(first)
    on.page.show_run(last)
    on.qtbot.waitUntil(lambda: bool(seen))
    assert {result.run for result in seen} == {last}
    assert on.page.head.title.text().startswith("Noisy line")


def test_the_summary_says_how_it_was_made(on: Stage[ResultsPage]) -> None:
    run = on.train(DIGITS)
    show(on, run)
    on.page.tabs.show_tab("making")

    def texts() -> list[str]:
        return [label.text() for label in on.page.tabs.view("making").findChildren(QLabel)]

    on.qtbot.waitUntil(lambda: run in texts())
    labels = texts()
    for words in ("Handwritten digits", "70 % training, 15 % validation, 15 % test", run):
        assert words in labels
    assert any("4 epochs, batch size 64, adam" in text for text in labels)


def test_an_own_model_is_summed_up_by_its_name(on: Stage[ResultsPage]) -> None:
    run = on.train(replace(DIGITS, model="custom", model_parameters={"title": "Thrifty"}))
    show(on, run)
    assert on.page.head.title.text() == "Handwritten digits · Thrifty"
    on.page.tabs.show_tab("making")

    def texts() -> list[str]:
        return [label.text() for label in on.page.tabs.view("making").findChildren(QLabel)]

    on.qtbot.waitUntil(lambda: run in texts())
    assert "Thrifty" in texts()


@pytest.mark.parametrize("part", ["train", "validation"])
def test_numbers_from_another_part_are_called_that(on: Stage[ResultsPage], part: str) -> None:
    run = on.train(MOONS)
    fake_evaluation(fake_profile("moons"), part).save(folder(on, run))
    show(on, run)
    assert "no test part" in on.page.head.notice.text.text()
    assert "expect worse" in on.page.head.notice.text.text()


def test_without_an_evaluation_the_last_metrics_are_shown_as_such(
    on: Stage[ResultsPage],
) -> None:
    run = on.train(MOONS)
    (folder(on, run) / FILE_NAME).unlink()
    show(on, run)
    assert "no test part" in on.page.head.notice.text.text()
    assert (
        "Last measured while training, in epoch 4" in on.page.tabs.view("overview").caption.text()
    )
    assert "Validation accuracy" in numbers(on)


def test_a_damaged_evaluation_is_said_in_words(on: Stage[ResultsPage]) -> None:
    run = on.train(MOONS)
    (folder(on, run) / FILE_NAME).write_text("{", encoding="utf-8")
    show(on, run)
    assert "cannot be read" in on.page.head.notice.text.text()


def test_an_interrupted_run_says_why(on: Stage[ResultsPage]) -> None:
    on.hold(DIGITS)
    with on.qtbot.waitSignal(on.controller.repository.result_read):
        on.engine.kill_worker()
    on.wait_for(RunState.INTERRUPTED)
    assert "SIGKILL" in on.page.head.notice.text.text()
    assert numbers(on)["Loss"]


def test_a_discarded_run_is_not_shown(on: Stage[ResultsPage]) -> None:
    on.hold(DIGITS)
    on.controller.training.discard()
    on.wait_for(RunState.STOPPED)
    assert "No results yet" in on.page.head.notice.text.text()


def test_a_deleted_run_leaves_the_page(on: Stage[ResultsPage]) -> None:
    run = on.train(DIGITS)
    show(on, run)
    on.controller.repository.delete(run)
    on.qtbot.waitUntil(lambda: on.page.head.title.text() == "Results")


def test_a_new_name_is_followed(on: Stage[ResultsPage]) -> None:
    run = on.train(DIGITS)
    show(on, run)
    on.controller.repository.rename(run, "my best")
    on.qtbot.waitUntil(lambda: on.page.head.title.text() == "my best")


def test_its_settings_can_be_used_again_and_that_undone(on: Stage[ResultsPage]) -> None:
    run = on.train(DIGITS)
    show(on, run)
    on.controller.drafts.set_draft(LINE)
    asked: list[str] = []
    on.page.page_requested.connect(asked.append)
    on.qtbot.mouseClick(on.page.reuse, Qt.MouseButton.LeftButton)
    assert on.controller.drafts.draft.source == "digits"
    assert on.controller.drafts.draft.training["epochs"] == 4
    assert asked == ["train"]
    on.messages.newest.act()
    assert on.controller.drafts.draft == LINE
