"""Labels that are typed in a review, of every kind of target; and a training with what was said."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from engine.events.labelling import ComparedOnTest, CompareOnTest
from engine.events.messages import Rejected
from engine.events.review import Decision
from engine.spec.signature import Output
from gui.pages.results.review_answers import ReviewAnswers
from gui.pages.results.review_training import ReviewTraining
from gui.state.messages import Messages
from tests.gui.fake_results_desk import ResultsDesk
from tests.gui.spoken import SpokenMessages


class TestTyping:
    @pytest.fixture
    def answers(self, qtbot: QtBot) -> ReviewAnswers:
        window = QWidget()
        made = ReviewAnswers(window)
        qtbot.addWidget(window)
        window.show()
        made.window_ = window
        made.said = []
        made.decided.connect(lambda decision, label: made.said.append((decision, label)))
        return made

    def types(self, answers: ReviewAnswers, qtbot: QtBot, text: str) -> None:
        assert answers.take_key(Qt.Key.Key_C)
        qtbot.keyClicks(answers.field, text)
        qtbot.keyClick(answers.field, Qt.Key.Key_Return)

    @pytest.mark.parametrize(
        ("output", "choices", "text", "label"),
        [
            (Output.LABELS, ("red", "round", "big"), "big, re", ["red", "big"]),
            (Output.LABELS, ("red", "round"), "red,red, ", ["red"]),
            (Output.LABELS, ("red", "round"), "", []),
            (Output.NUMBERS, (), "2.5", 2.5),
            (Output.NUMBERS, (), "1, 2e3", [1.0, 2_000.0]),
            (Output.TOKENS, (), " a sentence ", "a sentence"),
        ],
    )
    def test_what_is_typed_is_a_label(
        self, answers, qtbot: QtBot, output: Output, choices, text: str, label: object
    ) -> None:
        answers.set_choices(output.value, choices)
        self.types(answers, qtbot, text)
        assert answers.said == [(Decision.CORRECT, label)]

    @pytest.mark.parametrize(
        ("output", "choices", "text", "words"),
        [
            (Output.NUMBERS, (), "heavy", "No number: heavy"),
            (Output.NUMBERS, (), "", "Type the right label"),
            (Output.CLASSES, ("cat", "dog"), "bird", "bird"),
            (Output.LABELS, ("red", "round"), "red, blue", "blue"),
        ],
    )
    def test_what_is_none_is_said_and_nothing_is_kept(
        self, answers, qtbot: QtBot, output: Output, choices, text: str, words: str
    ) -> None:
        answers.set_choices(output.value, choices)
        self.types(answers, qtbot, text)
        assert words in answers.problem.text()
        assert answers.said == []
        qtbot.keyClicks(answers.field, "x")
        assert answers.problem.text() == ""  # it is typed anew
        qtbot.keyClick(answers.field, Qt.Key.Key_Escape)
        assert not answers.field.isVisible()

    def test_what_fits_is_offered_while_one_types(self, answers, qtbot: QtBot) -> None:
        answers.set_choices(Output.CLASSES.value, ("cat", "cow", "dog"))
        answers.take_key(Qt.Key.Key_C)
        qtbot.keyClicks(answers.field, "c")
        assert answers.hint.text() == "1 cat   2 cow"
        answers.close_field()
        answers.set_choices(Output.CLASSES.value, ("7", "17"))
        answers.take_key(Qt.Key.Key_C)
        qtbot.keyClicks(answers.field, "7")
        assert answers.hint.text().startswith("7")
        assert not answers.take_key(0x0416)


class _Training(QObject):
    """What the controller tells of a training."""

    ended = Signal(object)
    start_rejected = Signal(object)
    is_active = False


class TestTraining:
    @pytest.fixture
    def desk(self, qapp) -> ResultsDesk:
        return ResultsDesk()

    @pytest.fixture
    def training(self, desk: ResultsDesk) -> ReviewTraining:
        self.parts = _Training()
        controller = SimpleNamespace(
            training=self.parts,
            results=desk,
            is_read_only=False,
            repository=SimpleNamespace(record=lambda run: None),
        )
        made = ReviewTraining(controller, Messages(), "before")  # type: ignore[arg-type]
        made.said = []
        made.told.connect(made.said.append)
        return made

    def test_a_run_that_was_deleted_is_not_trained_again(self, training) -> None:
        training.start(SimpleNamespace(path="/x", n=3))
        assert training.said == []
        assert not training._is_waiting

    def test_a_start_that_is_refused_is_said_once(self, training) -> None:
        self.parts.start_rejected.emit(Rejected("Another run is under way."))
        assert training.said == []  # somebody else's
        training._is_waiting = True
        for _ in range(2):
            self.parts.start_rejected.emit(Rejected("The data is gone.", "Bring it back."))
        assert training.said == ["The data is gone. Bring it back."]

    def test_what_the_corrections_bring_is_asked_and_a_refusal_said(
        self, training, desk, qtbot: QtBot, spoken: SpokenMessages
    ) -> None:
        self.parts.ended.emit(SimpleNamespace(run="other"))
        assert desk.asked == []
        training._is_waiting = True
        self.parts.ended.emit(SimpleNamespace(run="after"))
        assert desk.asked == [CompareOnTest("after", "before")]
        compared = ComparedOnTest("x", "before", "accuracy", (0.8, 0.9), (0.01, 0.2), 45)
        desk.answered.emit(compared)  # of another pair
        assert training.said == []
        training._is_left = True
        desk.answer(Rejected("The test part is gone.", "Bring it back."))
        assert training.said == ["The test part is gone. Bring it back."]
        assert spoken.take("warning").text == "The test part is gone."
