"""The Runs page: find, compare, name, note, reuse, delete; and it follows a training."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PySide6.QtCore import QItemSelectionModel, QModelIndex, Qt
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from engine.events.run_events import RunFailed, RunFinished, RunState
from engine.runs.store import RunStore
from engine.spec.run_spec import RunSpec
from gui.pages.runs.run_columns import KEPT_FOR
from gui.pages.runs.run_filter import ALL, DELETED
from gui.pages.runs.runs_page import RunsPage
from gui.pages.shared.more_epochs import MoreEpochs
from tests.gui.run_fixtures import DIGITS, LINE, MOONS, Stage, stage


@pytest.fixture
def on(qtbot: QtBot, tmp_path: Path) -> Iterator[Stage[RunsPage]]:
    with stage(qtbot, tmp_path, RunsPage) as made:
        yield made


@pytest.fixture
def three(on: Stage[RunsPage]) -> list[str]:
    """Three runs in the store: alpha, beta, gamma, in that order."""
    with RunStore(on.engine.workspace) as store:
        runs = [
            store.create(RunSpec.from_dict(draft.to_spec()), name, data, model).id
            for name, draft, data, model in (
                ("alpha", DIGITS, "Handwritten digits", "CNN"),
                ("beta", MOONS, "Two moons", "Logistic regression"),
                ("gamma", LINE, "Noisy line", "Linear regression"),
            )
        ]
        store.record([RunFinished(run, reason="Done.") for run in runs])
    on.controller.repository.refresh()
    on.qtbot.waitUntil(lambda: on.page.proxy.rowCount() == 3)
    return runs


def cell(on: Stage[RunsPage], row: int, column: str) -> QModelIndex:
    return on.page.proxy.index(row, on.page.model.position(column))


def names(on: Stage[RunsPage]) -> list[str]:
    return [str(cell(on, row, "name").data()) for row in range(on.page.proxy.rowCount())]


def select(on: Stage[RunsPage], *runs: str) -> None:
    on.page.table.clearSelection()
    flags = QItemSelectionModel.SelectionFlag
    for row in range(on.page.proxy.rowCount()):
        if cell(on, row, "name").data(Qt.ItemDataRole.UserRole) in runs:
            on.page.table.selectionModel().select(cell(on, row, "name"), flags.Select | flags.Rows)


def edit_in_place(on: Stage[RunsPage], text: str) -> None:
    editor = on.page.table.findChild(QLineEdit)
    assert editor is not None
    editor.selectAll()
    on.qtbot.keyClicks(editor, text)
    on.qtbot.keyClick(editor, Qt.Key.Key_Return)


def test_an_empty_list_says_what_to_do_first(on: Stage[RunsPage]) -> None:
    on.qtbot.waitUntil(lambda: on.page.empty.text.text() == "No runs yet.")
    asked: list[str] = []
    on.page.page_requested.connect(asked.append)
    on.qtbot.mouseClick(on.page.empty.button, Qt.MouseButton.LeftButton)
    assert asked == ["train"]


def test_runs_are_listed_the_newest_first(on: Stage[RunsPage], three: list[str]) -> None:
    assert names(on) == ["gamma", "beta", "alpha"]
    assert cell(on, 0, "data").data() == "Noisy line"
    assert cell(on, 0, "state").data() == "Finished"


def test_runs_survive_a_restart(qtbot: QtBot, tmp_path: Path) -> None:
    with stage(qtbot, tmp_path, RunsPage) as first:
        run = first.train(DIGITS)
    with stage(qtbot, tmp_path, RunsPage) as second:
        second.qtbot.waitUntil(lambda: second.page.proxy.rowCount() == 1)
        assert [record.id for record in second.controller.repository.runs] == [run]
        assert cell(second, 0, "test").data() == "89.2 %"


@pytest.mark.parametrize(
    ("column", "ascending"),
    [
        ("name", ["alpha", "beta", "gamma"]),
        ("data", ["alpha", "gamma", "beta"]),
        ("model", ["alpha", "gamma", "beta"]),
        ("started", ["alpha", "beta", "gamma"]),
    ],
)
def test_every_column_sorts(
    on: Stage[RunsPage], three: list[str], column: str, ascending: list[str]
) -> None:
    position = on.page.model.position(column)
    on.page.table.sortByColumn(position, Qt.SortOrder.AscendingOrder)
    assert names(on) == ascending
    on.page.table.sortByColumn(position, Qt.SortOrder.DescendingOrder)
    assert names(on) == ascending[::-1]


def test_numbers_sort_as_numbers(on: Stage[RunsPage]) -> None:
    for epochs in (2, 10, 1):
        on.train(DIGITS.with_training({"epochs": epochs}))
    on.qtbot.waitUntil(lambda: on.page.proxy.rowCount() == 3)
    for column in ("epochs", "duration", "validation", "test"):
        position = on.page.model.position(column)
        on.page.table.sortByColumn(position, Qt.SortOrder.AscendingOrder)
        epochs_shown = [cell(on, row, "epochs").data() for row in range(3)]
        assert epochs_shown == ["1", "2", "10"], column


def test_the_order_is_remembered_by_name(
    on: Stage[RunsPage], three: list[str], qtbot: QtBot
) -> None:
    position = on.page.model.position("data")
    on.page.table.sortByColumn(position, Qt.SortOrder.AscendingOrder)
    again = RunsPage(on.controller, on.messages, on.settings)
    qtbot.addWidget(again)
    assert again.table.horizontalHeader().sortIndicatorSection() == position
    assert on.settings.get("runs/sort", "") == "data"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("digits", ["alpha"]),
        ("REGRESSION", ["gamma", "beta"]),
        ("regression moons", ["beta"]),
        ("finished", ["gamma", "beta", "alpha"]),
        ("no such thing", []),
    ],
)
def test_search_keeps_runs_with_every_word(
    on: Stage[RunsPage], three: list[str], text: str, found: list[str]
) -> None:
    on.page.search.setText(text)
    assert names(on) == found
    if not found:
        assert text in on.page.empty.text.text()


def test_a_run_is_renamed_in_place(on: Stage[RunsPage], three: list[str]) -> None:
    select(on, three[1])
    on.qtbot.mouseClick(on.page.rename, Qt.MouseButton.LeftButton)
    edit_in_place(on, "my favourite")
    on.qtbot.waitUntil(lambda: "my favourite" in [r.name for r in on.controller.repository.runs])


def test_an_empty_name_is_not_taken(on: Stage[RunsPage], three: list[str]) -> None:
    index = on.page.model.index(0, on.page.model.position("name"))
    assert not on.page.model.setData(index, "  ")


def test_a_note_is_written_in_place_and_found(on: Stage[RunsPage], three: list[str]) -> None:
    select(on, three[0])
    on.qtbot.mouseClick(on.page.note, Qt.MouseButton.LeftButton)
    edit_in_place(on, "overfits early")
    on.qtbot.waitUntil(lambda: "overfits early" in [r.note for r in on.controller.repository.runs])
    on.page.search.setText("overfits")
    assert names(on) == ["alpha"]


def test_several_runs_are_deleted_and_brought_back(on: Stage[RunsPage], three: list[str]) -> None:
    select(on, three[0], three[2])
    on.qtbot.mouseClick(on.page.delete, Qt.MouseButton.LeftButton)
    on.qtbot.waitUntil(lambda: names(on) == ["beta"])
    message = on.messages.history[-1]
    assert (message.text, message.action_text) == ("2 runs were deleted.", "Undo")
    on.messages.newest.act()
    on.qtbot.waitUntil(lambda: on.page.proxy.rowCount() == 3)


def test_the_delete_key_in_the_search_field_deletes_no_run(
    on: Stage[RunsPage], three: list[str]
) -> None:
    select(on, three[0])
    on.page.search.setFocus()
    on.qtbot.keyClick(on.page.search, Qt.Key.Key_Delete)
    assert on.messages.history == []
    assert on.page.proxy.rowCount() == 3


def test_a_double_click_opens_the_results(on: Stage[RunsPage], three: list[str]) -> None:
    asked: list[str] = []
    on.page.page_requested.connect(asked.append)
    table = on.page.table
    where = table.visualRect(cell(on, 1, "data")).center()
    with on.qtbot.waitSignal(on.controller.repository.result_read) as read:
        on.qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=where)
        on.qtbot.mouseDClick(table.viewport(), Qt.MouseButton.LeftButton, pos=where)
    assert read.args[0].run == three[1]
    assert asked == ["results"]


def test_the_return_key_opens_the_results(on: Stage[RunsPage], three: list[str]) -> None:
    on.page.activateWindow()
    on.qtbot.waitUntil(on.page.isActiveWindow)
    select(on, three[2])
    on.page.table.setFocus()
    with on.qtbot.waitSignal(on.controller.repository.result_read) as read:
        on.qtbot.keyClick(on.page.table, Qt.Key.Key_Return)
    assert read.args[0].run == three[2]


def test_a_runs_settings_become_the_draft(on: Stage[RunsPage], three: list[str]) -> None:
    select(on, three[1])
    on.qtbot.mouseClick(on.page.reuse, Qt.MouseButton.LeftButton)
    assert on.controller.drafts.draft.source == "moons"
    assert on.controller.drafts.draft.model == "logistic_regression"


def test_buttons_follow_the_selection(on: Stage[RunsPage], three: list[str]) -> None:
    page = on.page
    for_one = (page.open, page.reuse, page.rename, page.note)
    assert not any(button.isEnabled() for button in (*for_one, page.delete))
    select(on, three[0])
    assert all(button.isEnabled() for button in (*for_one, page.delete))
    select(on, *three)
    assert not any(button.isEnabled() for button in for_one)
    assert page.delete.isEnabled()


def test_the_selected_runs_curves_lie_over_each_other(on: Stage[RunsPage]) -> None:
    first, second = on.train(DIGITS), on.train(LINE)
    on.qtbot.waitUntil(lambda: on.page.proxy.rowCount() == 2)
    on.qtbot.mouseClick(on.page.overlay, Qt.MouseButton.LeftButton)
    select(on, first, second)
    plot = on.page.overlay_plot.plot
    on.qtbot.waitUntil(lambda: set(plot.runs()) == {first, second})
    choice = on.page.overlay_plot.metric_choice
    offered = {choice.itemData(row) for row in range(choice.count())}
    assert offered == {"loss", "accuracy", "mean_absolute_error"}
    select(on, second)
    on.qtbot.waitUntil(lambda: plot.runs() == (second,))


def test_the_row_of_a_training_follows_it(on: Stage[RunsPage], three: list[str]) -> None:
    on.hold(DIGITS)
    on.qtbot.waitUntil(lambda: on.page.proxy.rowCount() == 4)
    on.qtbot.waitUntil(lambda: cell(on, 0, "epochs").data() == "2 of 4")
    assert cell(on, 0, "state").data() == "Training"
    select(on, str(on.controller.training.run))
    assert not on.page.delete.isEnabled()
    on.controller.training.pause()
    on.wait_for(RunState.PAUSED)
    assert cell(on, 0, "state").data() == "Paused"
    on.controller.training.stop()
    assert cell(on, 0, "state").data() == "Stopping…"
    on.wait_for(RunState.STOPPED)
    on.qtbot.waitUntil(lambda: cell(on, 0, "state").data() == "Stopped")


def test_only_the_row_of_the_training_changes(on: Stage[RunsPage], three: list[str]) -> None:
    on.hold(DIGITS)
    on.qtbot.waitUntil(lambda: on.page.proxy.rowCount() == 4)
    rows: set[int] = set()
    on.page.model.dataChanged.connect(
        lambda first, last: rows.update(range(first.row(), last.row() + 1))
    )
    on.engine.hold_after_epoch = 3
    for session in on.engine.sessions:
        session.wake()
    on.qtbot.waitUntil(lambda: cell(on, 0, "epochs").data() == "3 of 4")
    source = on.page.proxy.mapToSource(cell(on, 0, "name")).row()
    assert rows == {source}


def test_a_killed_worker_leaves_an_interrupted_run_with_its_metrics(
    on: Stage[RunsPage],
) -> None:
    on.hold(DIGITS)
    on.engine.kill_worker()
    on.wait_for(RunState.INTERRUPTED)
    on.qtbot.waitUntil(
        lambda: on.page.proxy.rowCount() == 1 and cell(on, 0, "state").data() == "Interrupted"
    )
    assert cell(on, 0, "epochs").data() == "2 of 4"
    assert cell(on, 0, "validation").data() == "68.6 %"
    tip = cell(on, 0, "state").data(Qt.ItemDataRole.ToolTipRole)
    assert "SIGKILL" in tip


def test_the_selection_survives_a_new_reading(on: Stage[RunsPage], three: list[str]) -> None:
    select(on, three[1])
    with on.qtbot.waitSignal(on.controller.repository.runs_changed):
        on.controller.repository.refresh()
    assert [record.id for record in on.page.selected_runs()] == [three[1]]


def test_everything_has_a_name_for_screen_readers(on: Stage[RunsPage]) -> None:
    page = on.page
    for widget in (page.search, page.table, page.open, page.delete, page.overlay):
        assert widget.accessibleName()


class TestFilter:
    def delete(self, on: Stage[RunsPage], *runs: str) -> None:
        with RunStore(on.engine.workspace) as store:
            for run in runs:
                store.delete(run)
        on.controller.repository.refresh()
        on.qtbot.waitUntil(lambda: len(on.controller.repository.deleted) == len(runs))

    def is_kept_for_shown(self, on: Stage[RunsPage]) -> bool:
        return not on.page.table.isColumnHidden(on.page.model.position(KEPT_FOR))

    def test_runs_in_one_state(self, on: Stage[RunsPage], three: list[str]) -> None:
        with RunStore(on.engine.workspace) as store:
            store.record([RunFailed(three[1], reason="Loss is not a number.")])
        on.controller.repository.refresh()
        on.qtbot.waitUntil(lambda: on.controller.repository.runs[1].state is RunState.FAILED)
        for name, found in (
            ("failed", ["beta"]),
            ("finished", ["gamma", "alpha"]),
            ("active", []),
            ("all", ["gamma", "beta", "alpha"]),
        ):
            on.page.filter.choose(name)
            assert names(on) == found
        on.page.filter.choose("interrupted")
        assert on.page.empty.text.text() == "No run is in the state “Interrupted”."

    def test_the_run_under_way_is_found_by_its_state(self, on: Stage[RunsPage]) -> None:
        on.hold(DIGITS)
        on.qtbot.waitUntil(lambda: on.page.proxy.rowCount() == 1)
        on.page.filter.choose("active")
        assert len(names(on)) == 1
        on.engine.go_on()
        on.qtbot.waitUntil(lambda: on.page.proxy.rowCount() == 0)

    def test_deleted_runs_are_listed_and_brought_back(
        self, on: Stage[RunsPage], three: list[str]
    ) -> None:
        self.delete(on, three[0], three[2])
        assert on.page.filter.itemText(on.page.filter.count() - 1) == "Deleted (2)"
        assert not self.is_kept_for_shown(on)
        on.page.filter.choose(DELETED)
        assert sorted(names(on)) == ["alpha", "gamma"]
        assert self.is_kept_for_shown(on)
        assert cell(on, 0, KEPT_FOR).data() == "30 days"
        assert on.page.hint == "1 run"
        select(on, three[0])
        on.qtbot.mouseClick(on.page.restore, Qt.MouseButton.LeftButton)
        on.qtbot.waitUntil(lambda: names(on) == ["gamma"])
        assert on.messages.history[-1].text == "“alpha” is back in the list."
        on.page.filter.choose(ALL)
        assert names(on) == ["beta", "alpha"]
        assert not self.is_kept_for_shown(on)

    def test_bringing_back_can_be_undone(self, on: Stage[RunsPage], three: list[str]) -> None:
        self.delete(on, *three)
        on.page.filter.choose(DELETED)
        select(on, three[0], three[1])
        on.page.restore_selected()
        on.qtbot.waitUntil(lambda: len(on.controller.repository.runs) == 2)
        message = on.messages.history[-1]
        assert (message.text, message.action_text) == ("2 runs are back in the list.", "Undo")
        on.messages.newest.act()
        on.qtbot.waitUntil(lambda: len(names(on)) == 3)

    def test_of_deleted_runs_only_settings_and_curves_can_be_used(
        self, on: Stage[RunsPage], three: list[str]
    ) -> None:
        self.delete(on, three[0])
        on.page.filter.choose(DELETED)
        select(on, three[0])
        page = on.page
        for button in (page.open, page.go_on, page.rename, page.note):
            assert not button.isEnabled()
        assert page.delete.isHidden()
        assert page.reuse.isEnabled()
        asked: list[str] = []
        page.page_requested.connect(asked.append)
        page.open_results()
        assert asked == []
        page.use_settings()
        assert on.controller.drafts.draft.source == "digits"

    def test_those_deleted_last_come_first_and_the_order_of_the_others_stays(
        self, on: Stage[RunsPage], three: list[str]
    ) -> None:
        on.page.table.sortByColumn(on.page.model.position("name"), Qt.SortOrder.AscendingOrder)
        self.delete(on, three[0], three[1])
        with RunStore(on.engine.workspace) as store:
            moment = datetime.now(UTC) - timedelta(days=9)
            with store._database.write() as connection:
                connection.execute(
                    "UPDATE runs SET deleted_at = ? WHERE id = ?", (moment.isoformat(), three[0])
                )
        on.controller.repository.refresh()
        on.page.filter.choose(DELETED)
        on.qtbot.waitUntil(lambda: cell(on, 1, KEPT_FOR).data() == "21 days")
        assert names(on) == ["beta", "alpha"]
        assert cell(on, 0, KEPT_FOR).data() == "30 days"
        on.page.table.sortByColumn(on.page.model.position("data"), Qt.SortOrder.AscendingOrder)
        on.controller.repository.restore(three[0], three[1])
        on.page.filter.choose(ALL)
        on.qtbot.waitUntil(lambda: names(on) == ["alpha", "beta", "gamma"])
        assert on.settings.get("runs/sort", "") == "name"

    @pytest.mark.parametrize(
        ("days", "text"),
        [(29.5, "30 days"), (1.5, "2 days"), (0.5, "Less than a day"), (-3, "Less than a day")],
    )
    def test_how_long_a_run_is_kept_is_said_in_days(
        self, on: Stage[RunsPage], three: list[str], days: float, text: str
    ) -> None:
        moment = datetime.now(UTC) + timedelta(days=days - 30)
        record = replace(on.controller.repository.runs[0], deleted_at=moment)
        on.page.model.set_records([record])
        index = on.page.model.index(0, on.page.model.position(KEPT_FOR))
        assert index.data() == text
        assert "Deleted: " in index.data(Qt.ItemDataRole.ToolTipRole)

    def test_where_all_are_deleted_the_page_says_so(
        self, on: Stage[RunsPage], three: list[str]
    ) -> None:
        on.page.filter.choose(DELETED)
        assert on.page.empty.text.text() == "No deleted runs."
        on.page.filter.choose(ALL)
        self.delete(on, *three)
        assert on.page.empty.text.text() == "No runs."
        assert "3 deleted runs" in on.page.empty.hint.text()
        on.qtbot.mouseClick(on.page.empty.button, Qt.MouseButton.LeftButton)
        assert len(names(on)) == 3


class TestContinuing:
    def select(self, on: Stage[RunsPage]) -> None:
        on.page.table.selectRow(0)

    def test_an_interrupted_run_goes_on_and_the_train_page_shows_it(
        self, on: Stage[RunsPage]
    ) -> None:
        on.hold(DIGITS)
        run = on.controller.training.run
        self.select(on)
        assert not on.page.go_on.isEnabled()  # it is under way
        on.engine.kill_worker()
        on.wait_for(RunState.INTERRUPTED)
        on.qtbot.waitUntil(on.page.go_on.isEnabled)
        assert on.page.go_on.text() == "Continue"
        asked: list[str] = []
        on.page.page_requested.connect(asked.append)
        on.page.go_on.click()
        assert asked == ["train"]
        assert not on.page.go_on.isEnabled()
        on.qtbot.waitUntil(lambda: bool(on.engine.resumes()))
        on.wait_for(RunState.FINISHED)
        assert on.controller.training.run == run
        record = on.page.model.record(str(run))
        assert record is not None
        assert (record.state, record.epochs_done) == (RunState.FINISHED, 4)

    def test_a_finished_run_asks_how_many_epochs_more(self, on: Stage[RunsPage]) -> None:
        run = on.train(DIGITS)
        on.qtbot.waitUntil(lambda: on.page.table.model().rowCount() == 1)
        self.select(on)
        on.qtbot.waitUntil(lambda: on.page.go_on.text() == "Continue…")
        on.page.go_on.click()
        question = on.page.window().findChild(MoreEpochs)
        assert question is not None
        question.epochs.setValue(1)
        on.qtbot.mouseClick(question.go_on, Qt.MouseButton.LeftButton)
        on.qtbot.waitUntil(lambda: bool(on.engine.resumes()))
        on.wait_for(RunState.FINISHED)
        (asked,) = on.engine.resumes()
        assert (asked.run, asked.changes) == (run, {"training.epochs": 5})
        record = on.page.model.record(run)
        assert record is not None
        assert record.epochs_planned == 5

    def test_a_run_without_a_state_to_go_on_from_cannot(
        self, on: Stage[RunsPage], tmp_path: Path
    ) -> None:
        run = on.train(DIGITS)
        for kept in (tmp_path / "runs" / run / "checkpoints").iterdir():
            kept.unlink()
        with on.qtbot.waitSignal(on.controller.repository.runs_changed):
            on.controller.repository.refresh()
        self.select(on)
        assert not on.page.go_on.isEnabled()

    def test_changes_are_marked_on_the_curves_of_a_single_run(self, on: Stage[RunsPage]) -> None:
        on.hold(DIGITS)
        on.controller.training.change_rate(0.02)
        on.qtbot.waitUntil(lambda: not on.controller.training.waiting)
        on.engine.go_on()
        on.wait_for(RunState.FINISHED)
        on.train(DIGITS)
        on.qtbot.waitUntil(lambda: on.page.table.model().rowCount() == 2)
        on.page._show_overlay(True)
        plot = on.page.overlay_plot.plot
        changed = on.controller.repository.runs[1].id
        select(on, changed)
        on.qtbot.waitUntil(lambda: plot.runs() == (changed,))
        plot.redraw()
        assert [mark.step for mark in plot.changes.marks] == [40]
        assert "→ 0.02" in plot.changes.text_near(2.0, 0.1)  # epochs are counted
        on.page.table.selectAll()
        on.qtbot.waitUntil(lambda: len(plot.runs()) == 2)
        plot.redraw()
        assert plot.changes.marks == []
