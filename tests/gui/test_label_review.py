"""The review of labels by keyboard: what is hidden, answered, taken back, kept and trained with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QFileDialog
from pytestqt.qtbot import QtBot

from engine.datasets.corrections.log import CorrectionLog, log_path
from engine.events.labelling import (
    ComparedOnTest,
    CompareOnTest,
    ReviewReady,
    StartReview,
    SuspectsFound,
)
from engine.events.messages import Event, Rejected
from engine.events.results import ResultCommand
from engine.events.review import Decision, Review, ReviewItem
from engine.inference.suspects.review_file import load_review
from engine.runs.store import RunStore
from gui.pages.results.label_review import LabelReview
from gui.pages.results.results_page import ResultsPage
from gui.pages.results.review_answers import chosen, matching
from gui.pages.results.review_training import ReviewTraining
from gui.state.controller import Controller
from tests.gui.fake_results import fake_result
from tests.gui.run_fixtures import DIGITS, MOONS, Stage, stage

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support", extend=True)

CHOICES = ("setosa", "versicolor", "virginica")


def item(row: int, label: str, part: str = "train", is_control: bool = False) -> ReviewItem:
    other = label if is_control else CHOICES[(CHOICES.index(label) + 1) % 3]
    name, mark = f"row {row + 1}", f"mark {row}"
    return ReviewItem(row, name, mark, label, label, part, is_control, other, 0.07)


ITEMS = (
    item(0, "setosa"),
    item(1, "versicolor", is_control=True),
    item(2, "virginica", "test"),
    item(3, "setosa"),
)


class Answers:
    """What workers say to a review; of the run that the page shows."""

    def __init__(self) -> None:
        self.asked: list[ResultCommand] = []
        self.refusal: Rejected | None = None

    def __call__(self, command: ResultCommand, store: RunStore) -> Event:
        self.asked.append(command)
        match command:
            case StartReview() if self.refusal is not None:
                return self.refusal
            case StartReview():
                standing = load_review(store.folder(command.run))
                review = standing or Review(
                    command.run, "moons", "class", "print", "classes", CHOICES, ITEMS, {}
                )
                found = SuspectsFound(command.run, (), "cross_validation", "trees", 150, 3)
                return ReviewReady(command.run, review, found)
            case CompareOnTest():
                values = (0.81, 0.92)
                return ComparedOnTest(
                    command.run, command.before, "accuracy", values, (0.03, 0.2), 45
                )
            case _:
                return fake_result(command, store)


@pytest.fixture
def answers() -> Answers:
    return Answers()


@pytest.fixture
def on(qtbot: QtBot, tmp_path: Path, answers: Answers) -> Iterator[Stage[ResultsPage]]:
    with stage(qtbot, tmp_path, ResultsPage) as made:
        made.engine.result = answers
        yield made


@pytest.fixture
def opened(on: Stage[ResultsPage], qtbot: QtBot) -> Iterator[LabelReview]:
    """The review of a run, at its first example."""
    with qtbot.waitSignal(on.controller.repository.result_read):
        on.train(MOONS)
    qtbot.waitUntil(on.page.head.labels.isVisible)
    qtbot.mouseClick(on.page.head.labels, Qt.MouseButton.LeftButton)
    (review,) = on.page.findChildren(LabelReview)
    qtbot.waitUntil(lambda: review.review is not None)
    yield review
    wait_saved(qtbot, on)


def wait_saved(qtbot: QtBot, on: Stage[ResultsPage]) -> None:
    """What was asked of the workspace so far is done."""
    done: list[object] = []
    on.controller.repository.submit(lambda store: None, done.append)
    qtbot.waitUntil(lambda: bool(done))


@pytest.fixture
def press(opened: LabelReview, qtbot: QtBot) -> Callable[..., None]:
    def pressed(*keys: Qt.Key, with_control: bool = False) -> None:
        modifier = Qt.KeyboardModifier.ControlModifier
        for key in keys:
            if with_control:
                qtbot.keyClick(opened, key, modifier)
            else:
                qtbot.keyClick(opened, key)

    return pressed


K, C, X, N = Qt.Key.Key_K, Qt.Key.Key_C, Qt.Key.Key_X, Qt.Key.Key_N


def correct(opened: LabelReview, qtbot: QtBot, text: str) -> None:
    qtbot.keyClick(opened, C)
    qtbot.keyClicks(opened.answers.field, text)
    qtbot.keyClick(opened.answers.field, Qt.Key.Key_Return)


def said(opened: LabelReview) -> dict[int, tuple[Decision, object]]:
    assert opened.review is not None
    return {place: (it.decision, it.label) for place, it in opened.review.answers.items()}


def test_every_answer_has_a_key_and_leads_on(opened, press, qtbot) -> None:
    press(K)
    correct(opened, qtbot, "seto")
    press(X, N)
    assert said(opened) == {
        0: (Decision.KEEP, None),
        1: (Decision.CORRECT, "setosa"),
        2: (Decision.EXCLUDE, None),
        3: (Decision.UNSURE, None),
    }
    assert "disagreed with 1 of 1 control" in opened.controls.text()
    assert "Everything is answered" in opened.told.text()


def test_what_models_think_is_shown_after_the_answer(opened, press) -> None:
    assert opened.opinion.text() == ""
    press(X)
    assert "Models say versicolor" in opened.opinion.text()
    press(Qt.Key.Key_Right)  # to the one of the test part
    press(K)
    assert "setosa" not in opened.opinion.text()
    assert "at the end" in opened.opinion.text()
    press(Qt.Key.Key_Left, Qt.Key.Key_Left)
    press(K)  # the control
    press(N)  # the last one
    assert opened.review.is_over
    opened._change(opened.review.go(2))
    assert "Models say setosa" in opened.opinion.text()


def test_undo_takes_back_and_shows_what_it_was(opened, press) -> None:
    press(K, X)
    press(Qt.Key.Key_Z, with_control=True)
    assert opened.review.place == 1
    assert said(opened) == {0: (Decision.KEEP, None)}
    press(Qt.Key.Key_Z, with_control=True)
    assert said(opened) == {}
    assert not opened.undo.isEnabled()


def test_a_class_that_is_none_is_refused_in_place(opened, qtbot) -> None:
    correct(opened, qtbot, "horse")
    assert "No such class: horse" in opened.answers.problem.text()
    assert said(opened) == {}
    qtbot.keyClick(opened.answers.field, Qt.Key.Key_Escape)
    assert not opened.answers.field.isVisible()
    assert opened.isVisible()


def test_a_review_goes_on_and_its_corrections_lie_beside_the_data(on, opened, press, qtbot) -> None:
    correct(opened, qtbot, "2")
    press(K)
    correct(opened, qtbot, "setosa")
    wait_saved(qtbot, on)
    path = log_path(on.controller.workspace, "moons", "class")
    entries = CorrectionLog.load(path).in_effect
    assert [(it.row, it.label, it.is_blind) for it in entries] == [
        (0, "versicolor", True),
        (2, "setosa", True),
    ]
    run = opened.run
    opened.close()
    again = LabelReview(on.controller, on.messages, run, on.page)
    qtbot.addWidget(again)
    again.begin()
    qtbot.waitUntil(lambda: again.review is not None)
    assert again.review.place == 3
    assert len(again.review.answers) == 3
    press_undo = Qt.KeyboardModifier.ControlModifier
    qtbot.keyClick(again, Qt.Key.Key_Z, press_undo)
    wait_saved(qtbot, on)
    assert [it.row for it in CorrectionLog.load(path).in_effect] == [0]


def test_corrections_are_exported(on, opened, press, qtbot, tmp_path, monkeypatch) -> None:
    assert not opened.export.isEnabled()
    press(X)
    to = tmp_path / "out.csv"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *it: (str(to), ""))
    with qtbot.waitSignal(opened.files.exported):
        opened.export.click()
    assert "row 1,setosa,exclude" in to.read_text()


def test_train_again_compares_on_the_same_test_part(on, opened, press, qtbot, answers) -> None:
    press(X)
    with qtbot.waitSignal(on.controller.training.ended):
        opened.train.click()
    qtbot.waitUntil(lambda: "surely better" in opened.told.text())
    assert "0.81 → 0.92" in opened.told.text()
    spec = on.engine.trains()[-1].spec
    frozen = Path(spec["data"]["corrections"])
    assert [it.row for it in CorrectionLog.load(frozen).in_effect] == [0]
    assert any(isinstance(it, CompareOnTest) and it.before == opened.run for it in answers.asked)


def test_a_comparison_that_nobody_waits_for_is_told_by_the_page(on, opened, press, qtbot) -> None:
    press(X)
    opened.train.click()
    assert opened.close()
    assert opened.isHidden()
    qtbot.waitUntil(lambda: any("surely better" in it.text for it in on.messages.history))
    qtbot.waitUntil(lambda: not on.page.findChildren(ReviewTraining))


def test_what_is_not_seen_is_not_answered(on, opened, press, qtbot) -> None:
    press(K)
    wait_saved(qtbot, on)
    on.engine.answer.close()
    opened.begin(True)
    assert opened.review is None
    press(K, X, Qt.Key.Key_Right)
    assert not opened.answers.isEnabled()
    assert not opened.undo.isEnabled()
    on.engine.answer.open()
    qtbot.waitUntil(lambda: opened.review is not None)
    assert said(opened) == {0: (Decision.KEEP, None)}


def test_reviews_of_two_runs_do_not_stop_each_other(on, qtbot) -> None:
    runs = []
    for draft in (MOONS, DIGITS):
        with qtbot.waitSignal(on.controller.repository.result_read):
            runs.append(on.train(draft))
    reviews = [LabelReview(on.controller, on.messages, run, on.page) for run in runs]
    for review in reviews:
        qtbot.addWidget(review)
        review.begin()
    qtbot.waitUntil(lambda: all(review.review is not None for review in reviews))
    qtbot.waitUntil(lambda: all(review.fetcher.get(0) is not None for review in reviews))


def test_of_two_reviews_of_the_same_data_what_was_said_last_holds(on, qtbot) -> None:
    first, second = (_begun(on, qtbot) for _ in range(2))
    qtbot.keyClick(first, K)
    correct(second, qtbot, "versicolor")  # of the same example
    qtbot.keyClick(first, X)  # of the next one, which writes the first review once more
    qtbot.keyClick(second, K)
    wait_saved(qtbot, on)
    path = log_path(on.controller.workspace, "moons", "class")
    assert [(it.row, it.label) for it in CorrectionLog.load(path).in_effect] == [(0, "versicolor")]
    qtbot.keyClick(first, Qt.Key.Key_Left)
    qtbot.keyClick(first, Qt.Key.Key_Left)
    qtbot.keyClick(first, K)
    wait_saved(qtbot, on)
    assert CorrectionLog.load(path).in_effect == ()


def _begun(on: Stage[ResultsPage], qtbot: QtBot) -> LabelReview:
    with qtbot.waitSignal(on.controller.repository.result_read):
        run = on.train(MOONS)
    review = LabelReview(on.controller, on.messages, run, on.page)
    qtbot.addWidget(review)
    review.begin()
    qtbot.waitUntil(lambda: review.review is not None)
    return review


def test_what_could_not_be_written_is_told_once_nobody_looks(
    on, opened, press, qtbot, spoken
) -> None:
    (on.controller.workspace / "corrections").write_text("no folder")
    press(X)
    opened.close()
    qtbot.waitUntil(lambda: any(it.level == "error" for it in spoken))
    assert "corrections" in spoken.take().text


def test_what_was_not_written_is_written_with_what_comes_next(
    on, opened, press, qtbot, spoken
) -> None:
    blocked = on.controller.workspace / "corrections"
    blocked.write_text("no folder")
    press(X)
    wait_saved(qtbot, on)
    spoken.take()
    blocked.unlink()
    press(K)  # which corrects nothing
    wait_saved(qtbot, on)
    path = log_path(on.controller.workspace, "moons", "class")
    assert [(it.row, it.action) for it in CorrectionLog.load(path).in_effect] == [(0, "exclude")]


def test_only_the_window_that_holds_the_workspace_corrects(on, qtbot, answers, monkeypatch) -> None:
    with qtbot.waitSignal(on.controller.repository.result_read):
        run = on.train(MOONS)
    held = Rejected("The workspace is in use by another window.", "Close that window.")
    monkeypatch.setattr(Controller, "lock_problem", property(lambda it: held))
    review = LabelReview(on.controller, on.messages, run, on.page)
    qtbot.addWidget(review)
    review.begin()
    assert "in use by another window" in review.panel.text.text()
    assert not any(isinstance(it, StartReview) for it in answers.asked)


def test_a_key_of_another_alphabet_is_none_of_these(opened) -> None:
    event = QKeyEvent(QEvent.Type.KeyPress, 0x0416, Qt.KeyboardModifier.NoModifier, "Ж")
    QApplication.sendEvent(opened, event)
    assert said(opened) == {}


def test_it_goes_with_its_run(on, opened, qtbot) -> None:
    on.controller.repository.delete(opened.run)
    qtbot.waitUntil(lambda: not on.page.findChildren(LabelReview))


def test_it_goes_with_the_window_beside_it(on, opened, qtbot) -> None:
    on.page.hide()
    qtbot.waitUntil(lambda: not on.page.findChildren(LabelReview))


def test_examples_are_shown(opened, qtbot) -> None:
    qtbot.waitUntil(lambda: opened.view.currentIndex() > 0)
    assert opened.label.text() == "Labelled setosa"


def test_a_refusal_is_told_and_can_be_tried_again(on, qtbot, answers) -> None:
    answers.refusal = Rejected("There are no labels.", "Choose other data.")
    with qtbot.waitSignal(on.controller.repository.result_read):
        run = on.train(MOONS)
    review = LabelReview(on.controller, on.messages, run, on.page)
    qtbot.addWidget(review)
    review.begin()
    qtbot.waitUntil(lambda: "cannot be reviewed" in review.panel.title.text())
    assert "There are no labels." in review.panel.text.text()
    answers.refusal = None
    qtbot.mouseClick(review.panel.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: review.review is not None)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("setosa", "setosa"),
        ("SETOSA", "setosa"),
        ("3", "virginica"),
        ("ve", "versicolor"),
        ("v", None),
        ("4", None),
        ("0", None),
    ],
)
def test_what_is_typed_is_a_class(text: str, found: str | None) -> None:
    assert chosen(text, CHOICES) == found


def test_a_class_named_by_a_number_is_meant_by_its_name() -> None:
    assert chosen("1", ("0", "1", "2")) == "1"
    assert matching("1", ("0", "1", "21")) == ["1", "21"]
