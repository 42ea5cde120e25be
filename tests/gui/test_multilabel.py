"""Several labels at once in the window: counted, said and scored; what assumes one is hidden."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from engine.events.profile import Profile
from engine.inference.evaluation.evaluation import ClassScore, Evaluation
from engine.spec.signature import Task
from gui.formatting.profile_words import facts_line, target_columns, target_texts
from gui.pages.data.data_page import DataPage
from gui.pages.data.overview import Overview
from gui.pages.data.profile_view import wanted_tabs
from gui.pages.results.result_tabs import wanted_tabs as result_tabs
from gui.pages.results.results_page import ResultsPage
from gui.pages.results.shown_result import ShownResult
from gui.plots.surface_plot import SurfacePlot
from tests.gui.fake_data import fake_profile
from tests.gui.frame_fixtures import PageStage, page_stage
from tests.gui.run_fixtures import DIGITS, Stage, stage


@pytest.fixture
def labelled() -> Profile:
    """Two moons, each point of which may have both labels."""
    profile = fake_profile("moons")
    sample_y = np.stack([profile.sample_x[:, 0] > 0, profile.sample_x[:, 1] > 0], axis=1)
    signature = replace(profile.signature, task=Task.MULTILABEL)
    return replace(profile, signature=signature, sample_y=sample_y.astype(np.uint8))


@pytest.fixture
def on(qtbot: QtBot, tmp_path: Path) -> Iterator[Stage[ResultsPage]]:
    with stage(qtbot, tmp_path, ResultsPage) as made:
        yield made


@pytest.fixture
def data(qtbot: QtBot, tmp_path: Path) -> Iterator[PageStage[DataPage]]:
    with page_stage(qtbot, tmp_path, DataPage) as made:
        yield made


def test_labels_are_said_in_words(labelled: Profile) -> None:
    said = {*target_texts(labelled)}
    assert said == {"a, b", "a", "b", "–"}
    assert "2 labels, several at once" in facts_line(labelled)
    assert target_columns(labelled) == (labelled.target_name,)


def test_they_are_counted_and_not_drawn_as_classes(qtbot: QtBot, labelled: Profile) -> None:
    overview = Overview()
    qtbot.addWidget(overview)
    overview.set_profile(labelled)
    assert overview.class_bars is not None
    assert "plot" not in wanted_tabs(labelled)
    assert not SurfacePlot.can_show(labelled)


def test_each_label_has_its_scores_and_its_threshold(on: Stage[ResultsPage]) -> None:
    with on.qtbot.waitSignal(on.controller.repository.result_read):
        on.train(DIGITS)
    scores = (ClassScore("red", 0.5, 1.0, 0.667, 10), ClassScore("blue", 1.0, 0.5, 0.667, 4))
    found = Evaluation(
        "test", 20, {"f1_macro": 0.667}, "colours", ("red", "blue"), per_class=scores,
        thresholds=(0.25, 0.5),
    )  # fmt: skip
    record = on.page._record
    assert record is not None
    overview = on.page.tabs.view("overview")
    overview.show_result(ShownResult(record, found))
    model = overview.scores.model()
    assert [model.headerData(place, Qt.Orientation.Horizontal) for place in (0, 5)] == [
        "Label",
        "Threshold",
    ]
    assert [model.index(0, place).data() for place in (0, 1, 5)] == ["red", "50.0 %", "0.2500"]
    # Which label was taken for which means nothing.
    assert "confusion" not in result_tabs(ShownResult(record, found))
    classes = replace(found, thresholds=(), confusion=np.eye(2, dtype=np.int64))
    overview.show_result(ShownResult(record, classes))
    assert model.columnCount() == 5
    assert "confusion" in result_tabs(ShownResult(record, classes))


def test_a_column_may_be_read_as_several_labels(data: PageStage[DataPage]) -> None:
    with data.qtbot.waitSignal(data.controller.drafts.profile_changed, check_params_cb=bool):
        data.page.open_path("/data/people.csv")
    task = data.page.data_settings.task
    place = task.findData(Task.MULTILABEL.value)
    task.setCurrentIndex(place)
    task.activated.emit(place)
    assert data.controller.drafts.draft.task == Task.MULTILABEL.value
