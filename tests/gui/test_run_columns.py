"""The list of runs shows the settings in which the runs differ, and what the person chose."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QModelIndex, Qt
from pytestqt.qtbot import QtBot

from engine.events.run_events import RunFinished
from engine.runs.store import RunStore
from engine.spec.run_spec import RunSpec
from gui.pages.runs.runs_page import RunsPage
from tests.gui.run_fixtures import DIGITS, Stage, stage

ALWAYS = ["name", "state", "data", "model", "validation", "test", "epochs", "duration"]
ALWAYS += ["started", "note"]


@pytest.fixture
def on(qtbot: QtBot, tmp_path: Path) -> Iterator[Stage[RunsPage]]:
    with stage(qtbot, tmp_path, RunsPage) as made:
        yield made


def make_runs(on: Stage[RunsPage], trainings: Sequence[dict[str, Any]], **more: Any) -> None:
    with RunStore(on.engine.workspace) as store:
        for training in trainings:
            spec = RunSpec.from_dict(DIGITS.with_training(training).to_spec() | more)
            store.create(spec, "run", "Handwritten digits", "CNN")
    on.controller.repository.refresh()
    on.qtbot.waitUntil(lambda: on.page.proxy.rowCount() >= len(trainings))
    on.page.table.show_settings()


def settings_shown(on: Stage[RunsPage]) -> list[str]:
    return [name for name in on.page.table.shown_columns if name not in ALWAYS]


def test_what_all_runs_share_is_not_shown(on: Stage[RunsPage]) -> None:
    make_runs(on, [{"epochs": 3, "learning_rate": 0.1}] * 3)
    assert list(on.page.table.shown_columns) == ALWAYS


def test_what_differs_is_shown_the_learning_rate_first(on: Stage[RunsPage]) -> None:
    make_runs(
        on,
        [
            {"epochs": 3, "learning_rate": rate, "batch_size": size}
            for rate, size in ((0.1, 32), (0.01, 32), (0.001, 64))
        ],
    )
    assert settings_shown(on) == ["training.learning_rate", "training.batch_size"]
    model = on.page.model
    position = model.position("training.learning_rate")
    assert model.columns[position].title == "Learning rate"
    assert {model.index(row, position).data() for row in range(3)} == {"0.1", "0.01", "0.001"}


def test_settings_are_sorted_as_numbers(on: Stage[RunsPage]) -> None:
    make_runs(on, [{"batch_size": size} for size in (8, 128, 16)])
    position = on.page.model.position("training.batch_size")
    on.page.table.sortByColumn(position, on.page.proxy.sortOrder().AscendingOrder)
    shown = [on.page.proxy.index(row, position).data() for row in range(3)]
    assert shown == ["8", "16", "128"]


def test_the_order_of_rows_stays_when_a_column_comes(on: Stage[RunsPage]) -> None:
    make_runs(on, [{"epochs": 3}] * 2)
    on.page.table.sortByColumn(
        on.page.model.position("duration"), on.page.proxy.sortOrder().AscendingOrder
    )
    make_runs(on, [{"epochs": 3, "batch_size": 64}] * 2)
    header = on.page.table.horizontalHeader()
    assert header.sortIndicatorSection() == on.page.model.position("duration")


def test_the_person_chooses_and_is_remembered(on: Stage[RunsPage]) -> None:
    make_runs(on, [{"learning_rate": 0.1, "batch_size": size} for size in (8, 16)])
    offered = {action.text(): action for action in on.page.table.column_menu().actions()}
    assert offered["Batch size"].isChecked()
    offered["Batch size"].trigger()
    offered["Data"].trigger()
    assert settings_shown(on) == []
    assert "data" not in on.page.table.shown_columns
    again = RunsPage(on.controller, on.messages, on.settings)
    on.qtbot.addWidget(again)
    again.table.show_settings()
    assert again.table.shown_columns == on.page.table.shown_columns
    menu = on.page.table.column_menu()
    next(item for item in menu.actions() if item.text() == "Choose by what differs").trigger()
    assert settings_shown(on) == ["training.batch_size"]


def test_a_damaged_specification_costs_its_own_cells_only(on: Stage[RunsPage]) -> None:
    make_runs(on, [{"batch_size": size} for size in (8, 16, 32)])
    with RunStore(on.engine.workspace) as store:
        run = store.runs()[0].id
        with store._database.write() as connection:
            connection.execute("UPDATE runs SET spec = '{' WHERE id = ?", (run,))
    on.controller.repository.refresh()
    on.qtbot.waitUntil(lambda: any(not record.settings for record in on.page.model.records))
    on.page.table.show_settings()
    assert settings_shown(on) == ["training.batch_size"]


def test_settings_and_tips_are_said_in_words(on: Stage[RunsPage]) -> None:
    make_runs(on, [{"clip_norm": 0.5}, {"class_weights": "balanced"}, {}])
    with RunStore(on.engine.workspace) as store:
        run = store.runs()[0].id
        store.record(
            [RunFinished(run, reason="Done.", metrics={"accuracy": 0.6, "val_accuracy": 0.5})]
        )
    on.controller.repository.refresh()
    model, tip = on.page.model, Qt.ItemDataRole.ToolTipRole
    on.qtbot.waitUntil(lambda: any(record.metrics for record in model.records))
    rows = range(model.rowCount())
    position = model.position("training.class_weights")
    assert "balanced" in {model.index(row, position).data() for row in rows}
    validation = model.position("validation")
    tips = {model.index(row, validation).data(tip) for row in rows}
    assert "Validation accuracy: 50.0 %, in the last epoch" in tips
    assert None in tips  # nothing was measured of the others
    assert model.position("no such column") == 0
    assert model.headerData(0, Qt.Orientation.Vertical) is None
    assert model.data(QModelIndex()) is None
    model.recolor()


def test_a_name_is_no_empty_one(on: Stage[RunsPage]) -> None:
    make_runs(on, [{}])
    model = on.page.model
    name = model.index(0, model.position("name"))
    with on.qtbot.assertNotEmitted(model.rename_asked):
        model.setData(name, "   ")
        model.setData(name, "run")  # as it was
        model.setData(name, "other", Qt.ItemDataRole.DisplayRole)
    assert name.data() == "run"
