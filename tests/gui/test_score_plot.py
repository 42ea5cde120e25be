"""Scores of anomaly: the bars hold every example, the threshold stands where it says."""

from types import SimpleNamespace

import numpy as np
import pytest

from engine.inference.evaluation.evaluation import Evaluation, UnusualExample
from engine.inference.evaluation.predictions import Predictions
from engine.inference.evaluation.scored import ScoredExamples
from engine.spec.signature import Output, Task
from gui.pages.results.score_view import ScoreView
from gui.pages.results.shown_result import ShownResult
from gui.plots.score_plot import ScorePlot


def test_bars_hold_every_example_and_the_threshold_its_place(qtbot):
    plot = ScorePlot()
    qtbot.addWidget(plot)
    scores = np.array([0.0, 0.01, 0.02, 1.0, 3.0])
    plot.set_scores(scores, np.array([0, 0, 0, 1, 1]), 0.1)
    plot.redraw()
    usual, unusual = (bars.opts["height"] for bars in plot.bars)
    assert (usual.sum(), unusual.sum()) == (3, 2)
    assert plot.limit.isVisible()
    assert plot.limit.value() == pytest.approx(-1.0)
    plot.clear()
    plot.redraw()
    assert plot.legend.isHidden()


def test_scores_without_a_mark_each_are_refused(qtbot):
    plot = ScorePlot()
    qtbot.addWidget(plot)
    with pytest.raises(ValueError, match="one mark for each score"):
        plot.set_scores(np.ones(3), np.ones(2), None)


def test_the_most_unusual_examples_are_named(qtbot):
    view = ScoreView()
    qtbot.addWidget(view)
    listed = (
        UnusualExample("row 7", 2.5, "fault", True),
        UnusualExample("row 3", 0.5, "normal", False),
    )
    view.show_evaluation(
        Evaluation(
            "test",
            2,
            {"roc_auc": 1.0},
            "state",
            y_true=np.array([1, 0], np.float32),
            y_pred=np.array([2.5, 0.5], np.float32),
            threshold=1.0,
            most_unusual=listed,
        )
    )
    model = view.examples.model
    assert model.headings == ("Most unusual", "state", "Score")
    assert [model.text_at(0, column) for column in range(3)] == ["row 7", "fault", "2.500"]


@pytest.mark.parametrize("chosen_by", ["known", "tail", "share", ""])
def test_what_the_threshold_was_chosen_by_is_said_until_it_is_moved(qtbot, chosen_by):
    scores, known = np.linspace(1.0, 9.0, 20), (np.arange(20) >= 15).astype(float)
    found = Predictions(
        "test", Task.ANOMALY, Output.NUMBERS, np.arange(20), known, scores, "state",
        thresholds=np.array([5.0]), n_all=20,
    )  # fmt: skip
    evaluation = Evaluation(
        "test", 20, {}, "state", y_true=known, y_pred=scores, threshold=5.0, threshold_by=chosen_by
    )
    view = ScoreView()
    qtbot.addWidget(view)
    run = SimpleNamespace(id="run")
    view.show_result(ShownResult(run, evaluation, ScoredExamples.of(found)))
    assert ("Chosen by" in view.words.text()) == bool(chosen_by)
    assert chosen_by in view.words.text()
    assert view.minimumSizeHint().width() <= 640  # as wide as the tab in the narrowest window
    view.slider.setValue(view.slider.value() - 100)
    assert "Chosen by" not in view.words.text()
