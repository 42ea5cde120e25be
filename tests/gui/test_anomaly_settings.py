"""The Data page offers to find what is unusual, and how."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from engine.spec.signature import Task
from gui.formatting.profile_words import facts_line
from gui.pages.data.data_page import DataPage
from gui.state.draft import Draft
from tests.gui.fake_data import fake_profile
from tests.gui.frame_fixtures import PageStage, page_stage


@pytest.fixture
def on(qtbot: QtBot, tmp_path: Path) -> Iterator[PageStage[DataPage]]:
    with page_stage(qtbot, tmp_path, DataPage) as made:
        yield made


def _open(on: PageStage[DataPage], source: str) -> None:
    with on.qtbot.waitSignal(on.controller.drafts.profile_changed, check_params_cb=bool):
        on.page.open_path(source)


def test_a_table_may_be_searched_for_what_is_unusual(on: PageStage[DataPage]) -> None:
    _open(on, "/data/people.csv")
    task = on.page.data_settings.task
    assert not task.isHidden()
    assert on.page.data_settings.anomaly_form.isHidden()
    place = task.findData(Task.ANOMALY.value)
    task.setCurrentIndex(place)
    task.activated.emit(place)
    assert on.controller.drafts.draft.task == Task.ANOMALY.value
    profile = fake_profile("/data/people.csv")
    signature = replace(profile.signature, task=Task.ANOMALY, n_classes=0)
    found = replace(profile, signature=signature)
    on.page.data_settings.show_profile(found)
    assert not on.page.data_settings.anomaly_form.isHidden()
    assert "unusual" in facts_line(found)
    on.page.data_settings.anomaly_form.values_changed.emit({"threshold": 0.9})
    assert on.controller.drafts.draft.anomaly == {"threshold": 0.9}


def test_texts_are_not_searched(on: PageStage[DataPage]) -> None:
    _open(on, "/data/names")
    view, place = on.page.data_settings.task.view(), on.page.data_settings.task.findData("anomaly")
    assert view.isRowHidden(place)  # type: ignore[attr-defined]


def test_a_draft_keeps_how_anomalies_are_looked_for() -> None:
    draft = Draft("digits", task="anomaly").with_anomaly({"unusual": "7"})
    assert Draft.from_values(draft.to_spec()) == draft
    assert draft.data_question()["anomaly"] == {"unusual": "7"}
    assert not draft.asks_same_data(draft.with_anomaly({}))
    assert draft.with_data("wine").anomaly == {}
