"""Parts of Results, given what workers would answer: lists of examples, scores, what looks at a
model as a whole, and how a run was made.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from pytestqt.qtbot import QtBot

from engine.events.explaining import (
    ColumnImportance,
    ExplainModel,
    ModelExplained,
    ModelExplanation,
)
from engine.events.labelling import ComparedOnTest
from engine.events.messages import DataProgress, Rejected
from engine.events.results import ExamplesShown, ShownExample
from engine.events.run_events import SettingChanged
from engine.inference.evaluation.evaluation import Evaluation, UnusualExample
from engine.runs.record import RunRecord
from engine.runs.store import RunStore
from engine.spec.run_spec import RunSpec
from gui.pages.results.confusion_tab import ConfusionTab
from gui.pages.results.example_fetcher import KEY, ExampleFetcher
from gui.pages.results.example_list import STEP, ExampleList
from gui.pages.results.forecast_tab import ForecastTab
from gui.pages.results.importance_tab import ImportanceTab
from gui.pages.results.review_words import compared_text
from gui.pages.results.run_summary import kept_text, part_text, summary
from gui.pages.results.score_view import STEPS, ScoreView
from gui.pages.results.shown_result import Selection, ShownResult
from tests.gui import plot_window
from tests.gui.fake_results_desk import ResultsDesk
from tests.gui.fake_scored import N, anomalies, classes, forecasts
from tests.gui.run_fixtures import MOONS

show, theme = plot_window.show, plot_window.theme

RECORD = SimpleNamespace(id="r")


class TestLists:
    @pytest.fixture
    def desk(self, qapp) -> ResultsDesk:
        return ResultsDesk()

    @pytest.fixture
    def listing(self, show, desk: ResultsDesk) -> ExampleList:
        fetcher = ExampleFetcher(desk)
        fetcher.set_run("r")
        made = show(ExampleList(fetcher))
        made.fetcher = fetcher
        return made

    def arrives(self, desk: ResultsDesk, kind: str, content, columns=(), cells=()) -> None:
        """Answers the last question with that content for each example."""
        rows = desk.asked[-1].rows
        examples = tuple(ShownExample(row, f"{row}", "", content, cells) for row in rows)
        desk.answer(ExamplesShown("r", kind, examples, 0.0, columns, key=KEY))

    def test_more_are_listed_and_fetched_as_one_scrolls(self, listing, desk, qtbot) -> None:
        scored = classes()
        listing.show_places(scored, "table", scored.everything)
        model = listing.examples
        assert model.rowCount() == STEP
        assert desk.asked[-1].rows[0] == 1_000
        self.arrives(desk, "table", np.zeros(2))
        for wanted in (2 * STEP, N, N):
            model.fetchMore(listing.rootIndex())
            assert model.rowCount() == wanted
        assert not model.canFetchMore(listing.rootIndex())
        listing.scrollToBottom()
        last = 1_000 + N - 1
        qtbot.waitUntil(lambda: last in desk.asked[-1].rows)
        assert 1_000 not in desk.asked[-1].rows

    @pytest.mark.parametrize(
        ("kind", "content", "columns", "cells", "said"),
        [
            ("table", np.zeros(2), ("a", "b"), (("age", "20"), ("town", "")), "age 20, town "),
            ("table", np.array([1.5, 2.0]), ("a", "b"), (), "a 1.500, b 2"),
            ("table", np.zeros(2), ("a",), (), "row 1,001"),
            ("text", "two\n words", (), (), "two words"),
        ],
        ids=["cells", "numbers", "nameless", "text"],
    )
    def test_a_line_says_what_an_example_is(
        self, listing, desk, kind, content, columns, cells, said
    ) -> None:
        scored = classes(8)
        listing.show_places(scored, kind, scored.everything)
        assert listing.examples.snippet(0) == "row 1,001"  # until it is there
        self.arrives(desk, kind, content, columns, cells)
        assert listing.examples.snippet(0) == said
        listing.grab()

    def test_pictures_clips_and_series_are_seen(self, listing, desk) -> None:
        white = np.full((3, 6, 4, 1), 255, np.uint8)
        for kind, content, scored in (
            ("image", white[0], classes(8)),
            ("video", white, classes(8)),
            ("series", np.arange(8.0).reshape(4, 2), forecasts()),
        ):
            listing.fetcher.set_run("r")
            listing.show_places(scored, kind, scored.everything)
            assert listing.examples.are_pictures
            assert listing.examples.picture(0) is None
            self.arrives(desk, kind, content)
            picture = listing.examples.picture(0)
            assert picture is not None
            if kind != "series":
                assert picture.toImage().pixelColor(3, 3).lightness() == 255
            listing.grab()
        listing.examples._forget_pictures()
        assert listing.examples.picture(0) is not None  # drawn anew

    def test_truth_and_prediction_are_in_the_words(self, listing) -> None:
        scored = classes(8)
        listing.show_places(scored, "table", scored.everything)
        model = listing.examples
        said = [model.index(row).data() for row in (0, 3)]
        assert said[0].startswith("cat → cat · 55 %")
        assert said[1].startswith("dog → cat")
        assert [model.is_wrong(row) for row in (0, 3)] == [False, True]
        tip = model.index(0).data(Qt.ItemDataRole.ToolTipRole)
        assert tip.startswith("row 1,001\ncat → cat")
        odd = anomalies()
        listing.show_places(odd, "table", odd.everything)
        assert model.words(19) == "unusual · 9.000"
        listing.show_places(None, "", np.zeros(0, np.int64))
        assert model.rowCount() == 0


class TestScores:
    @pytest.fixture
    def view(self, show) -> ScoreView:
        made = show(ScoreView(), 900, 500)
        scored = anomalies()
        found, named = scored.predictions, (UnusualExample("row 20", 9.0, "", False),)
        evaluation = Evaluation(
            "test", 20, {}, "state", y_true=found.truth, y_pred=found.outputs, threshold=5.0,
            most_unusual=named,
        )  # fmt: skip
        made.show_result(ShownResult(RECORD, evaluation, scored))
        made.asked = []
        made.examples_asked.connect(made.asked.append)
        return made

    def test_the_slider_moves_what_is_called_unusual(self, view) -> None:
        assert view.above.text() == "10 examples above"
        assert "Precision 50.0 %, recall 100 %." in view.words.text().replace("100.0", "100")
        view.slider.setValue(round(0.9 * STEPS))
        view.above.click()
        (selection,) = view.asked
        assert selection.places.tolist() == [18, 19]
        assert selection.title.startswith("Above ")
        evaluation = Evaluation(
            "test", 20, {}, "state", y_true=np.zeros(20), y_pred=np.zeros(20), threshold=5.0
        )
        view.show_result(ShownResult(RECORD, evaluation, anomalies()))
        assert view.slider.value() == round(0.9 * STEPS)  # of the same run it stays

    def test_a_bar_and_a_row_are_opened(self, view, qtbot: QtBot) -> None:
        view.plot.bar_clicked.emit(1.0, 1.9)
        assert view.asked[-1].places.tolist() == [0, 1, 2]
        assert view.asked[-1].title == "Score from 1.00 to 1.90"
        view.examples.table.clicked.emit(view.examples.model.index(0, 0))
        assert view.asked[-1].places.tolist() == [19]  # the most unusual

    def test_without_what_was_said_of_each_nothing_is_opened(self, view) -> None:
        assert view._scored is not None
        evaluation = Evaluation(
            "test", 20, {}, "state", y_true=np.zeros(20), y_pred=np.zeros(20), threshold=5.0
        )
        view.show_result(ShownResult(RECORD, evaluation))
        assert not view.words.isVisible()
        assert view.threshold == np.inf
        view.plot.bar_clicked.emit(0.0, 9.0)
        assert view.asked == []


def test_what_a_model_looks_at_is_asked_once_and_again_after_a_refusal(show) -> None:
    desk = ResultsDesk()
    tab = show(ImportanceTab(desk))
    shown = ShownResult(RECORD)
    for _ in range(2):
        tab.show_result(shown)
    assert desk.asked == [ExplainModel("r")]
    assert tab.panel.isVisible()
    desk.answer(DataProgress("Shuffling", 3, 12))
    assert tab.panel.progress.value() / tab.panel.progress.maximum() == 0.25
    desk.answer(Rejected("The data is gone.", "Bring it back."))
    assert "The data is gone." in tab.panel.title.text()
    tab.show_result(shown)
    assert len(desk.asked) == 2
    importance = (ColumnImportance("age", 0.2, (0.1, 0.3)),)
    found = ModelExplanation("test", 30, "accuracy", 0.9, False, 5, importance, (), "pet")
    desk.answer(ModelExplained("r", found))
    assert not tab.panel.isVisible()
    assert tab.view.isVisible()


class TestForecasts:
    @pytest.fixture
    def tab(self, show) -> ForecastTab:
        made = show(ForecastTab())
        future = [{"series": "", "past": [1.0, 2.0], "forecast": [3.0, 4.0]}]
        extra = {"future": future, "conformal": [{"level": 0.9, "half_width": [1.0, 2.0]}]}
        analysis = SimpleNamespace(extra=extra)
        made.show_result(ShownResult(RECORD, None, forecasts(), analysis))
        made.asked = []
        made.examples_asked.connect(made.asked.append)
        return made

    def test_a_click_opens_what_is_near_it(self, tab) -> None:
        tab.plot.view.clicked.emit(QPointF(110.2, 0.0))
        (selection,) = tab.asked
        assert isinstance(selection, Selection)
        assert selection.places[0] == 10
        assert len(selection.places) > 1
        tab.when.setCurrentIndex(1)
        tab.plot.view.clicked.emit(QPointF(1.0, 0.0))  # of what comes next there are no examples
        assert len(tab.asked) == 1

    def test_a_step_further_ahead_is_drawn(self, tab) -> None:
        tab.step.setCurrentIndex(1)
        assert tab.plot.columns()["truth"][0] == 1.0
        assert tab.words.text().startswith("40 forecasts of the test part.")


def test_a_mistake_is_opened_from_the_list_and_the_matrix(show) -> None:
    tab, scored = show(ConfusionTab(), 900, 500), classes(16)
    confusion = np.array([[8, 0], [4, 4]])
    evaluation = Evaluation("test", 16, {}, "pet", ("cat", "dog"), confusion, ())
    asked: list[Selection] = []
    tab.examples_asked.connect(asked.append)
    tab.show_result(ShownResult(RECORD, evaluation))
    tab.pairs.activated.emit(tab.model.index(0, 0))  # the examples are not known
    assert asked == []
    tab.show_result(ShownResult(RECORD, evaluation, scored))
    assert [tab.model.text_at(0, column) for column in range(3)] == ["dog → cat", "4", "50 %"]
    tab.pairs.activated.emit(tab.model.index(0, 0))
    assert asked[0].places.tolist() == [3, 7, 11, 15]
    assert asked[0].title == "True dog, predicted cat"
    tab.mode.setCurrentIndex(1)
    assert tab.plot._mode == tab.mode.currentData()


@pytest.fixture
def record(tmp_path: Path) -> RunRecord:
    with RunStore(tmp_path) as store:
        return store.create(RunSpec.from_dict(MOONS.to_spec()), "run", "Two moons", "Model")


class TestHowItWasMade:
    def told(self, record: RunRecord, changes=(), **parts) -> dict[str, str]:
        values = RunSpec.from_dict(MOONS.to_spec()).to_dict()
        for part, more in parts.items():
            values[part] = {**values[part], **more}
        return dict(summary(replace(record, spec_json=json.dumps(values)), changes))

    def test_what_was_mended_in_the_data(self, record) -> None:
        told = self.told(
            record,
            data={
                "target": "price",
                "columns": {
                    "age": {"gaps": "constant", "constant": 3.0},
                    "town": {"type": "category", "gaps": "own_category"},
                    "id": {"type": "ignore"},
                },
                "exclude": ["line 3", "line 4"],
                "corrections": "/somewhere/labels-2.json",
            },
        )
        assert told["Data"].startswith("Two moons, predicts price")
        assert "age: gaps filled with 3" in told["Columns"]
        assert "town: category, gaps: own_category" in told["Columns"]
        assert told["Left out"] == "id\n2 rows or files"
        assert told["Corrected labels"] == "labels-2"

    def test_how_it_was_divided(self, record) -> None:
        told = self.told(record, split={"method": "group", "column": "person"})
        assert told["Parts"].startswith("about 70 % training")
        assert told["Parts"].endswith("by group, column person")
        assert self.told(record, split={"method": "given"})["Parts"] == "as given"

    def test_how_it_was_trained_and_changed(self, record) -> None:
        told = self.told(
            record,
            [SettingChanged("r", 3, 20, "training.learning_rate", 0.1, 0.01, "by you")],
            training={"class_weights": "balanced", "loss": "mean_squared_error", "batch_size": 32},
            augmentation={"noise": 0.1},
        )
        assert "batch size 32" in told["Training"]
        assert "class weights balanced" in told["Training"]
        assert "target: " in told["Scaling"]
        assert told["Changed while training"].endswith("in epoch 3")

    def test_a_spec_that_cannot_be_read_takes_only_itself_away(self, record) -> None:
        damaged = replace(record, spec_json="{", epochs_done=3)
        told = dict(summary(damaged))
        assert "Settings" in told
        assert told["Run"] == record.id
        assert "Data" not in told
        assert kept_text(damaged) == ""

    def test_which_weights_were_kept(self, record) -> None:
        assert kept_text(record) == ""  # no epoch is done
        assert kept_text(replace(record, epochs_done=3)) == "weights of the last epoch, 3"
        best = kept_text(replace(record, epochs_done=3, best_epoch=2))
        assert best == "weights of epoch 2 of 3, which had the lowest validation loss"
        assert part_text("validation") == "validation"
        assert part_text("elsewhere") == "elsewhere"


@pytest.mark.parametrize(
    ("metric", "difference", "verdict"),
    [
        ("accuracy", (0.01, 0.2), "surely better"),
        ("accuracy", (-0.2, -0.01), "surely worse"),
        ("accuracy", (-0.1, 0.1), "no difference that 45 examples can show"),
        ("mean_absolute_error", (-0.2, -0.01), "surely better"),
        ("mean_absolute_error", (0.01, 0.2), "surely worse"),
    ],
)
def test_a_comparison_says_only_what_is_sure(metric, difference, verdict) -> None:
    compared = ComparedOnTest("a", "b", metric, (0.8, 0.9), difference, 45)
    assert compared_text(compared).endswith(f": {verdict}.")
