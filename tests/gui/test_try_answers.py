"""What a model says of an input, on screen: every kind of answer, the nearest examples, an episode,
and predictions for many.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QSettings, Qt
from PySide6.QtWidgets import QFileDialog

from engine.events.explaining import ExplainExample
from engine.events.insights import EpisodePlayed
from engine.events.messages import DataProgress, Rejected
from engine.events.results import ShownExample
from engine.events.trying import (
    DrivePolicy,
    InputTried,
    ManyPredicted,
    ModelAnswer,
    NearestFound,
    PolicyDriven,
    PredictMany,
)
from gui.pages.tryit.answer_view import MAX_BARS, AnswerView
from gui.pages.tryit.input_area import InputArea
from gui.pages.tryit.many_bar import ManyBar
from gui.pages.tryit.nearest_view import NearestView
from gui.pages.tryit.policy_panel import PolicyPanel
from gui.pages.tryit.trial import Trial
from gui.state.messages import Messages
from gui.state.settings import Settings
from tests.gui import plot_window
from tests.gui.fake_results_desk import ResultsDesk
from tests.gui.fake_trials import EXAMPLE, PICTURE, ROW

show, theme = plot_window.show, plot_window.theme


@pytest.fixture
def desk(qapp) -> ResultsDesk:
    return ResultsDesk()


@pytest.fixture
def view(show, desk: ResultsDesk) -> AnswerView:
    return show(AnswerView(desk), 700, 800)


def tried(*answers: ModelAnswer, **more) -> InputTried:
    return InputTried("r", 1, answers, **more)


def look(**more):
    return replace(ROW, **more)


class TestAnswers:
    def test_few_classes_keep_their_order_and_the_truth_is_said(self, view) -> None:
        view.set_model(ROW)
        answer = ModelAnswer(best="yes", shares=(("yes", 0.7), ("no", 0.3)), unfamiliar=("So new",))
        view.show_answer(tried(answer, left_out=("line 3 is empty",)), "no")
        assert [(row.name, row.is_said) for row in view.bars.rows] == [("no", False), ("yes", True)]
        assert view.caption.text() == "large (in the data: no)"
        assert view.unfamiliar.text() == "Unfamiliar: So new\nline 3 is empty"
        assert view.unfamiliar.isVisible()
        view.show_nothing("Give something", "or nothing", "warning")
        assert (view.best.text(), view.bars.rows) == ("", ())
        assert view.detail.text() == "or nothing"
        assert not view.unfamiliar.isVisible()

    def test_of_many_classes_the_likeliest_are_shown(self, view) -> None:
        names = tuple(f"class {n}" for n in range(40))
        view.set_model(look(class_names=names))
        shares = tuple((name, (40 - n) / 820) for n, name in enumerate(reversed(names)))
        view.show_answer(tried(ModelAnswer(best=shares[0][0], shares=shares)))
        assert [row.name for row in view.bars.rows] == [name for name, _ in shares[:MAX_BARS]]
        assert view.detail.text() == "The likeliest 10 of 40 classes"

    def test_labels_are_said_beyond_their_marks(self, view) -> None:
        view.set_model(look(output="labels", class_names=("red", "round", "big")))
        shares = (("round", 0.9), ("red", 0.6), ("big", 0.2))
        answer = ModelAnswer(labels=("round", "red"), shares=shares, thresholds=(0.5, 0.4, 0.3))
        view.show_answer(tried(answer))
        assert view.best.text() == "round, red"
        assert [(row.name, row.is_said, row.threshold) for row in view.bars.rows] == [
            ("red", True, 0.4),
            ("round", True, 0.5),
            ("big", False, 0.3),
        ]
        view.show_answer(tried(replace(answer, labels=())))
        assert view.best.text() == "no label"
        assert not any(row.is_said for row in view.bars.rows)

    def test_a_text_is_said_as_it_is(self, view) -> None:
        view.set_model(look(output="tokens", class_names=()))
        view.show_answer(tried(ModelAnswer(best="<b>sieben</b>")))
        assert view.best.text() == "<b>sieben</b>"
        assert view.best.textFormat() is Qt.TextFormat.PlainText
        view.show_answer(tried(ModelAnswer()))
        assert view.best.text() == "(nothing)"

    def test_a_number_has_its_interval(self, view) -> None:
        view.set_model(look(output="numbers", task="regression", class_names=()))
        answer = ModelAnswer(values=(12.5,), interval=(10.0, 15.0), interval_level=0.9)
        view.show_answer(tried(answer))
        assert view.best.text() == "12.50"
        assert view.detail.text() == "Between 10 and 15 with 90 % probability"
        view.show_answer(tried(ModelAnswer(values=(3.0,))))
        assert (view.best.text(), view.detail.text()) == ("3", "")

    def test_several_numbers_are_cut_short(self, view) -> None:
        view.set_model(look(output="numbers", task="forecasting", class_names=()))
        view.show_answer(tried(ModelAnswer(values=(4.0, 2.0, 3.0, 9.0, 1.0))))
        assert view.best.text() == "4, 2, 3, …"
        assert view.detail.text() == "5 values, 1 to 9"
        view.show_answer(tried(ModelAnswer(values=(4.0, 2.0))))
        assert view.best.text() == "4, 2"

    @pytest.mark.parametrize(("score", "word"), [(3.0, "unusual"), (0.5, "usual")])
    def test_a_score_is_told_beside_its_threshold(self, view, score, word) -> None:
        view.set_model(look(output="numbers", task="anomaly", class_names=()))
        view.show_answer(tried(ModelAnswer(values=(score,), threshold=1.0)))
        assert view.best.text() == word
        assert "above 1" in view.detail.text()
        (row,) = view.bars.rows
        assert row.is_said is (score > 1)
        assert row.share / row.threshold == pytest.approx(score / 1.0)

    def test_a_score_without_a_threshold_judges_nothing(self, view) -> None:
        view.set_model(look(output="numbers", task="anomaly", class_names=()))
        view.show_answer(tried(ModelAnswer(values=(0.25,))))
        assert view.best.text() == "0.2500"
        assert "learnt at the end of the training" in view.detail.text()
        assert view.bars.rows == ()

    def test_several_inputs_are_a_table(self, view) -> None:
        view.set_model(ROW)
        answers = (
            ModelAnswer("a", best="yes", shares=(("yes", 0.75), ("no", 0.25)), unfamiliar=("x",)),
            ModelAnswer("b", labels=("red", "big"), thresholds=(0.5,)),
            ModelAnswer("c", thresholds=(0.5,)),
            ModelAnswer("d", values=(2.0,), threshold=1.0),
            ModelAnswer("e", values=(1.0, 2.5)),
            ModelAnswer("f"),
        )
        view.show_answer(tried(*answers))
        assert view.is_of_several
        assert view.caption.text() == "6 inputs"
        model = view.rows.model
        said = [model.text_at(row, 1) for row in range(6)]
        assert said == [
            "yes 75.0 %",
            "red, big",
            "no label",
            "unusual, 2.000",
            "1, 2.500",
            "(nothing)",
        ]
        assert model.text_at(0, 2) == "x"
        view.show_answer(tried(answers[0]))
        assert not view.rows.isVisible()
        view.show_answer(tried(*answers[:2]))
        assert view.rows.isVisible()

    def test_the_picture_that_the_model_receives_stands_below(self, view) -> None:
        view.set_model(PICTURE)
        answer = tried(ModelAnswer(best="yes", shares=(("yes", 1.0),)), seen=np.eye(6)[:4])
        view.show_answer(answer)
        assert view.seen_caption.text() == "What the model receives: 6 × 4 pixels"
        assert not view.seen.pixmap().isNull()
        view.is_seen_elsewhere = True
        view.show_answer(answer)
        assert not view.seen.isVisible()

    def test_why_is_asked_of_the_finished_model_alone(self, view, desk, qtbot) -> None:
        view.set_model(ROW)
        answer = ModelAnswer(best="yes", shares=(("yes", 1.0),))
        view.show_answer(tried(answer, epoch=3))
        assert not view.why.isEnabled()
        view.show_answer(tried(answer))
        assert not view.why.isEnabled()  # there is nothing of it to be explained
        raw = np.array([1.0, 2.0])
        view.show_answer(tried(answer, raw=raw))
        qtbot.mouseClick(view.why, Qt.MouseButton.LeftButton)
        (asked,) = desk.asked
        assert isinstance(asked, ExplainExample)
        assert asked.x is raw
        assert view.explanation.isVisible()
        desk.answer(Rejected("It is too large.", "Take a smaller one."))
        assert "too large" in view.explanation.view.waiting.text()
        view.show_answer(tried(answer))
        assert not view.explanation.isVisible()


def found(kind: str, *examples: ShownExample, **more) -> NearestFound:
    return NearestFound("r", 1, kind, examples, "by their pixels", 40, 4_000, False, **more)


class TestNearest:
    @pytest.fixture
    def nearest(self, show) -> NearestView:
        return show(NearestView())

    def said(self, nearest: NearestView) -> str:
        return nearest.table.model.text_at(0, 2)

    def test_pictures_and_clips_are_looked_at(self, nearest) -> None:
        flat = ShownExample(0, "0.png", "", np.eye(5, dtype=np.uint8) * 255, truth="cat")
        other = replace(flat, name="1.png", truth="")
        nearest.show_found(found("image", flat, other))
        assert (
            nearest.caption.text() == "Of 40 of 4,000 training examples, compared by their pixels"
        )
        assert nearest.grid.isVisible()
        assert [nearest.grid.shown_picture(n).title for n in (0, 1)] == ["0.png", "1.png"]
        assert nearest.grid.widget().labels == ["cat", "1.png"]
        frames = np.zeros((3, 5, 5, 1), np.uint8)
        frames[1] = 255
        nearest.show_found(found("video", replace(flat, content=frames)))
        middle = nearest.grid.shown_picture(0).image.pixelColor(2, 2)
        assert middle.lightness() == 255
        nearest.show_problem("The data is gone.")
        assert nearest.caption.text() == "The data is gone."
        assert not nearest.grid.isVisible()

    def test_what_is_far_from_all_is_warned_of_until_the_input_changes(self, nearest) -> None:
        nearest.show_found(replace(found("table", EXAMPLE), is_far=True))
        assert "do not rely on the answer" in nearest.far.text()
        assert nearest.far.isVisible()
        nearest.fade()
        assert not nearest.far.isVisible()
        nearest.clear()
        assert not nearest.isVisible()

    def test_the_others_are_read(self, nearest) -> None:
        row = ShownExample(0, "line 4", "", np.array([1.5, 2.0]))
        nearest.show_found(found("table", row))
        assert self.said(nearest) == "1.5, 2"
        nearest.show_found(found("table", replace(EXAMPLE, truth="red")))
        assert self.said(nearest) == "weight 20"  # the truth stands beside it
        nearest.show_found(found("text", replace(row, content="a few words")))
        assert self.said(nearest) == "a few words"
        assert nearest.table.full.isVisible()
        nearest.show_found(found("audio", replace(row, content=np.zeros(4_000)), rate=8_000.0))
        assert self.said(nearest) == "0.50 s"
        nearest.show_found(found("series", replace(row, content=np.zeros((30, 2)))))
        assert self.said(nearest) == "30 × 2"

    def test_none_is_said_to_be_none(self, nearest) -> None:
        nearest.show_found(found("image"))
        assert nearest.caption.text() == "There are no training examples to compare with."


def test_the_policy_drives_from_another_beginning_each_time(show, desk, qtbot) -> None:
    trial = Trial(desk)
    trial.run = "r"
    area = show(InputArea(trial))
    area.show_model(look(is_pole=True, task="control"))
    policy = area.panels[0]
    assert isinstance(policy, PolicyPanel)
    assert policy.title == "Drive"
    assert policy.words.text() == policy.empty_text
    for _ in range(2):
        qtbot.mouseClick(policy.button, Qt.MouseButton.LeftButton)
    assert desk.asked == [DrivePolicy("r", 1), DrivePolicy("r", 2)]
    episode = EpisodePlayed("r", 1, np.zeros((121, 4), np.float32), 1_500, 0.02)
    desk.answer(PolicyDriven("another", episode))
    assert policy.plot.episode is None
    for _ in range(2):
        trial.drive(3)
        desk.answer(PolicyDriven("r", episode))
    assert policy.plot.episode is episode
    assert policy.words.text() == "Balanced for 120 of 1,500 steps, 2.4 s."


class TestMany:
    @pytest.fixture
    def bar(self, show, desk: ResultsDesk, tmp_path: Path) -> ManyBar:
        store = QSettings(str(tmp_path / "s.ini"), QSettings.Format.IniFormat)
        made = show(ManyBar(desk, Messages(), Settings(store)))
        made.set_run("r", True)
        return made

    def test_a_folder_is_asked_for_and_then_where_to(self, bar, desk, tmp_path, spoken) -> None:
        bar.folder.trigger()
        (dialog,) = bar.findChildren(QFileDialog)
        assert dialog.fileMode() is QFileDialog.FileMode.Directory
        dialog.fileSelected.emit(str(tmp_path / "new"))
        dialog.close()
        where = next(it for it in bar.findChildren(QFileDialog) if it is not dialog)
        assert where.defaultSuffix() == "csv"
        where.fileSelected.emit(str(tmp_path / "new-predicted.csv"))
        where.close()
        asked = PredictMany("r", str(tmp_path / "new"), str(tmp_path / "new-predicted.csv"))
        assert desk.asked == [asked]
        assert not bar.button.isEnabled()
        desk.answer(DataProgress("Predicting", 30, 0))
        assert bar.words.text().endswith("Predicting: 30")
        assert bar.bar.maximum() == 0
        desk.answer(DataProgress("Predicting", 30, 120))
        assert bar.words.text().endswith("30 / 120")
        assert bar.bar.value() == bar.bar.maximum() // 4
        desk.answer(ManyPredicted("r", asked.to, 1, 0, 2, n_right=3, n_true=4))
        assert bar.words.text() == "1 prediction, 3 of 4 right, 2 with something unfamiliar."
        assert "new-predicted.csv" in spoken.take("info").text
        assert bar.button.isEnabled()

    def test_what_failed_is_said_and_it_can_be_tried_again(self, bar, desk, spoken) -> None:
        bar.begin("r", "/data/new.csv", "/full/out.csv")
        desk.answer(DataProgress("Predicting", 1, 2), 0)
        desk.answer(Rejected("The disk is full.", "Make room."))
        assert spoken.take("error").text == "The disk is full."
        assert bar.words.text() == ""
        assert not bar.is_busy
        assert bar.button.isEnabled()
        desk.answered.emit(ManyPredicted("r", "/full/out.csv", 2))  # one that nobody waits for
        assert bar.words.text() == ""
