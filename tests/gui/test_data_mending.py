"""Problems of the data, their remedies, columns read in another way; and what takes it all back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QComboBox, QPushButton, QStyleOptionViewItem
from pytestqt.qtbot import QtBot

from engine.datasets import DATASETS
from engine.datasets.summaries import column_profile
from engine.events.commands import Control, DownloadData, InspectData
from engine.events.findings import DataFinding, Remedy, Trouble
from engine.events.messages import DataProgress, Rejected
from gui.pages.data.column_table import CHOICES_ROLE, DECIMAL, GAPS, NAME, TYPE, ColumnTable
from gui.pages.data.data_page import DataPage
from gui.pages.data.finding_list import FindingList
from gui.pages.data.several_columns import SeveralColumns
from gui.pages.train.run_readiness import readiness
from gui.state.draft import Draft
from gui.state.draft_changes import REMOVED, added, changed, undoing
from tests.gui.fake_data import EXCLUDE, FILL, LEAVE_OUT
from tests.gui.frame_fixtures import PageStage, page_stage

PEOPLE = "/data/people.csv"


@pytest.fixture
def on(qtbot: QtBot, tmp_path: Path) -> Iterator[PageStage[DataPage]]:
    with page_stage(qtbot, tmp_path, DataPage) as made:
        yield made


def open_path(on: PageStage[DataPage], path: str, tab: str) -> None:
    with on.qtbot.waitSignal(on.controller.drafts.profile_changed, check_params_cb=bool):
        if path in DATASETS:
            on.controller.drafts.choose_data(path)
        else:
            on.page.open_path(path)
    on.page.profile_view.show_tab(tab)


def problems(on: PageStage[DataPage]) -> FindingList:
    found = on.page.profile_view.view("problems")
    assert isinstance(found, FindingList)
    return found


def press(on: PageStage[DataPage], remedy: Remedy) -> None:
    """Presses a remedy's button, and waits for the data that follows."""
    for card in problems(on).cards:
        for button in card.buttons:
            if button.text() == remedy.label:
                with on.qtbot.waitSignal(
                    on.controller.drafts.profile_changed, check_params_cb=bool
                ):
                    on.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
                return
    raise AssertionError(f"There is no button '{remedy.label}'.")


def press_undo(on: PageStage[DataPage]) -> None:
    assert on.messages.newest.message.action_text == "Undo"
    on.messages.newest.act()


QUESTION = DataFinding(
    Trouble.QUESTION,
    "age",
    "Which column shall be predicted?",
    remedies=(
        Remedy("Predict 'age': the last column", {"data.target": "age"}),
        Remedy("Predict 'height': the first column", {"data.target": "height"}),
    ),
)


class TestQuestion:
    @pytest.fixture
    def asked(self, on: PageStage[DataPage]) -> PageStage[DataPage]:
        open_path(on, PEOPLE, "problems")
        profile = on.controller.drafts.profile
        assert profile is not None
        findings = (QUESTION, *profile.findings)
        on.controller.drafts.profile = replace(profile, findings=findings)
        on.controller.drafts.profile_changed.emit(on.controller.drafts.profile)
        return on

    def test_it_waits_for_an_answer(self, asked: PageStage[DataPage]) -> None:
        question = asked.page.profile_view.question
        assert question.isVisible()
        assert [button.text() for button in question.buttons] == [
            "age",
            "height",
            "Another…",
        ]
        assert question.buttons[0].accessibleName() == "age: the last column"
        assert not asked.page.next_button.isEnabled()
        ready = readiness(asked.controller)
        assert not ready.can_start
        assert ready.page == "data"

    def test_an_answer_is_a_choice_and_can_be_undone(self, asked: PageStage[DataPage]) -> None:
        question = asked.page.profile_view.question
        with asked.qtbot.waitSignal(asked.controller.drafts.profile_changed, check_params_cb=bool):
            asked.qtbot.mouseClick(question.buttons[1], Qt.MouseButton.LeftButton)
        assert asked.controller.drafts.draft.target == "height"
        assert question.isHidden()
        assert asked.page.next_button.isEnabled()
        asked.messages.undo()
        assert asked.controller.drafts.draft.target is None

    def test_all_columns_are_one_click_away(self, asked: PageStage[DataPage]) -> None:
        asked.page.window().activateWindow()
        asked.qtbot.waitUntil(asked.page.window().isActiveWindow)
        button = asked.page.profile_view.question.buttons[-1]
        asked.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
        assert asked.page.data_settings.target.isAncestorOf(QApplication.focusWidget()) or (
            asked.page.data_settings.target.hasFocus()
        )


def with_labels(on: PageStage[DataPage], *findings: DataFinding) -> None:
    """The people again, with two columns of 0 and 1, and what is asked of them."""
    profile = on.controller.drafts.profile
    assert profile is not None
    bits = np.arange(300.0) % 2
    labels = tuple(
        replace(column_profile(name, bits), n_distinct=2) for name in ("tall", "old", "a,b")
    )
    found = replace(
        profile,
        findings=(*findings, *profile.findings),
        columns=(*labels, *profile.columns),
        source_columns=("tall", "old", "a,b", *profile.source_columns),
    )
    on.controller.drafts.profile = found
    on.controller.drafts.profile_changed.emit(found)


# Said by the platform without a screen of every list that pops up.
@pytest.mark.qt_log_ignore("does not support (raise|grabbing)", extend=True)
class TestSeveral:
    def ticked(self, popup: SeveralColumns, *names: str) -> None:
        for row in range(popup.list.count()):
            item = popup.list.item(row)
            if item.text() in names:
                item.setCheckState(Qt.CheckState.Checked)

    def test_they_are_chosen_where_the_target_is(self, on: PageStage[DataPage]) -> None:
        open_path(on, PEOPLE, "problems")
        target = on.page.data_settings.target
        last = target.count() - 1
        assert "several" not in target.itemText(last)
        with_labels(on)
        last = target.count() - 1
        assert target.itemText(last) == "several columns…"
        before = target.currentText()
        target.setCurrentIndex(last)
        target.activated.emit(last)
        assert target.currentText() == before
        (popup,) = on.page.data_settings.findChildren(SeveralColumns)
        assert [popup.list.item(row).text() for row in range(popup.list.count())] == ["tall", "old"]
        assert not popup.button.isEnabled()
        self.ticked(popup, "tall")
        assert not popup.button.isEnabled()
        self.ticked(popup, "old")
        assert popup.button.text() == "Predict these 2"
        with on.qtbot.waitSignal(on.controller.drafts.profile_changed, check_params_cb=bool):
            on.qtbot.mouseClick(popup.button, Qt.MouseButton.LeftButton)
        assert on.controller.drafts.draft.target == "tall,old"
        assert target.currentText() == "tall,old"
        with_labels(on)
        again = on.page.data_settings.choose_several()
        assert again.ticked == ("tall", "old")
        again.close()

    def test_the_question_offers_it_too(self, on: PageStage[DataPage]) -> None:
        open_path(on, PEOPLE, "problems")
        with_labels(on, QUESTION)
        button = on.page.profile_view.question.buttons[-1]
        assert button.text() == "Several…"
        on.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
        (popup,) = on.page.data_settings.findChildren(SeveralColumns)
        popup.close()
        assert on.controller.drafts.draft.target is None


class TestProblems:
    def test_the_tab_counts_what_asks_for_attention(self, on: PageStage[DataPage]) -> None:
        open_path(on, PEOPLE, "problems")
        view = on.page.profile_view
        titles = [view.tabs.tabText(index) for index in range(view.tabs.count())]
        assert "Problems (3)" in titles
        texts = [card.finding.trouble for card in problems(on).cards]
        assert texts == [
            Trouble.LEAK,
            Trouble.MISSING,
            Trouble.DUPLICATE,
            Trouble.UNDERSTOOD,
        ]

    def test_other_data_without_problems_shows_itself(self, on: PageStage[DataPage]) -> None:
        open_path(on, PEOPLE, "problems")
        on.controller.drafts.choose_data("moons")
        on.qtbot.waitUntil(lambda: on.page.profile_view.tab == "plot")

    def test_data_without_problems_says_so(self, on: PageStage[DataPage]) -> None:
        open_path(on, "moons", "problems")
        on.qtbot.waitUntil(problems(on).empty.isVisible)
        assert problems(on).cards == []

    def test_names_unfold_and_can_be_copied(self, on: PageStage[DataPage]) -> None:
        open_path(on, "/data/pets", "problems")
        card = problems(on).cards[0]
        assert card.fold is not None
        assert card.names is not None
        on.qtbot.waitUntil(card.isVisible)
        assert not card.names.isVisible()
        on.qtbot.mouseClick(card.fold.header, Qt.MouseButton.LeftButton)
        assert card.names.isVisible()
        copy = next(b for b in card.findChildren(QPushButton) if b.text() == "Copy")
        on.qtbot.mouseClick(copy, Qt.MouseButton.LeftButton)
        assert QGuiApplication.clipboard().text() == "\n".join(card.finding.names)

    def test_more_findings_than_are_shown_are_counted(self, qtbot: QtBot) -> None:
        found = FindingList()
        qtbot.addWidget(found)
        found.set_findings([DataFinding(Trouble.CONSTANT, str(n), "Same.") for n in range(75)])
        assert len(found.cards) == 60
        assert "15" in found.rest.text()

    def test_a_remedy_is_one_click_away_and_can_be_undone(self, on: PageStage[DataPage]) -> None:
        open_path(on, PEOPLE, "problems")
        press(on, LEAVE_OUT)
        assert on.controller.drafts.draft.columns == {"passenger.id": {"type": "ignore"}}
        assert on.page.profile_view.tab == "problems"
        with on.qtbot.waitSignal(on.controller.drafts.draft_changed):
            press_undo(on)
        assert on.controller.drafts.draft.columns.get("passenger.id", {}) == {}

    def test_undo_keeps_what_was_changed_since(self, on: PageStage[DataPage]) -> None:
        open_path(on, PEOPLE, "problems")
        press(on, FILL)
        draft = on.controller.drafts.draft
        assert draft.columns == {"age": {"gaps": "median"}}
        on.controller.drafts.set_draft(draft.with_seed(5))
        press_undo(on)
        assert on.controller.drafts.draft.seed == 5
        assert on.controller.drafts.draft.columns.get("age", {}) == {}

    def test_undo_changes_the_data_it_is_about_and_no_other(self, on: PageStage[DataPage]) -> None:
        open_path(on, PEOPLE, "problems")
        press(on, FILL)
        assert any(on.controller.drafts.draft.columns.values())
        open_path(on, "moons", "plot")
        moons = on.controller.drafts.draft
        press_undo(on)
        assert on.controller.drafts.draft == moons
        open_path(on, PEOPLE, "problems")
        assert not any(on.controller.drafts.draft.columns.values())

    def test_files_left_out_before_stay_out(self, on: PageStage[DataPage]) -> None:
        open_path(on, "/data/pets", "problems")
        before = on.controller.drafts.draft.with_changes({"data.exclude": ["cats/1.png"]})
        with on.qtbot.waitSignal(on.controller.drafts.profile_changed, check_params_cb=bool):
            on.controller.drafts.set_draft(before)
        press(on, EXCLUDE)
        assert on.controller.drafts.draft.exclude == ("cats/1.png", "cats/7.png", "dogs/a b.png")


class TestColumns:
    def test_suspicious_columns_are_marked_with_the_reason(self, on: PageStage[DataPage]) -> None:
        open_path(on, PEOPLE, "columns")
        model = table(on).model()
        marked = {
            model.index(row, NAME).data(): model.index(row, NAME).data(Qt.ItemDataRole.ToolTipRole)
            for row in range(model.rowCount())
            if model.index(row, NAME).data(Qt.ItemDataRole.DecorationRole) is not None
        }
        assert set(marked) == {"passenger.id", "age"}
        assert "43 of 300" in marked["age"]

    def test_type_and_gaps_are_chosen_in_place(self, on: PageStage[DataPage]) -> None:
        open_path(on, PEOPLE, "columns")
        model = table(on).model()
        with on.qtbot.waitSignal(on.controller.drafts.profile_changed, check_params_cb=bool):
            model.setData(model.index(1, GAPS), "mean")
        with on.qtbot.waitSignal(on.controller.drafts.profile_changed, check_params_cb=bool):
            model.setData(model.index(1, TYPE), "category")
        assert on.controller.drafts.draft.columns == {"age": {"gaps": "mean", "type": "category"}}
        with on.qtbot.waitSignal(on.controller.drafts.profile_changed, check_params_cb=bool):
            model.setData(model.index(1, TYPE), "auto")
        assert on.controller.drafts.draft.columns == {"age": {"gaps": "mean"}}
        assert on.page.profile_view.tab == "columns"

    def test_what_is_chosen_in_place_can_be_undone(self, on: PageStage[DataPage]) -> None:
        open_path(on, PEOPLE, "columns")
        model, drafts = table(on).model(), on.controller.drafts
        model.setData(model.index(1, GAPS), "mean")
        model.setData(model.index(1, TYPE), "category")
        model.setData(model.index(1, TYPE), "category")  # nothing new, nothing to undo
        on.messages.undo()
        assert drafts.draft.columns == {"age": {"gaps": "mean"}}
        on.messages.undo()
        assert drafts.draft.columns == {}

    def test_the_decimal_sign_of_written_numbers_is_chosen_in_place(
        self, on: PageStage[DataPage]
    ) -> None:
        open_path(on, PEOPLE, "columns")
        assert table(on).isColumnHidden(DECIMAL)
        profile = on.controller.drafts.profile
        assert profile is not None
        columns = tuple(
            replace(column, decimal="comma") if column.name == "fare" else column
            for column in profile.columns
        )
        table(on).set_profile(replace(profile, columns=columns), on.controller.drafts.draft)
        model = table(on).model()
        assert not table(on).isColumnHidden(DECIMAL)
        texts = [model.index(row, DECIMAL).data() for row in range(model.rowCount())]
        assert [text for text in texts if text] == ["comma"]
        index = model.index(texts.index("comma"), DECIMAL)
        assert [name for _, name in index.data(CHOICES_ROLE)] == ["auto", "point", "comma"]
        assert not model.index(1, DECIMAL).data(CHOICES_ROLE)
        with on.qtbot.waitSignal(on.controller.drafts.profile_changed, check_params_cb=bool):
            model.setData(index, "point")
        assert on.controller.drafts.draft.columns == {"fare": {"decimal": "point"}}

    def test_a_value_that_is_typed_becomes_a_constant(self, on: PageStage[DataPage]) -> None:
        open_path(on, PEOPLE, "columns")
        columns = table(on)
        index = columns.model().index(1, GAPS)
        delegate = columns.itemDelegateForIndex(index)
        box = delegate.createEditor(columns.viewport(), QStyleOptionViewItem(), index)
        assert isinstance(box, QComboBox)
        box.setCurrentIndex(box.findData("constant"))
        box.activated.emit(box.currentIndex())
        assert box.currentText() == ""
        box.setEditText("37,5")
        with on.qtbot.waitSignal(on.controller.drafts.profile_changed, check_params_cb=bool):
            delegate.setModelData(box, columns.model(), index)
        constant = {"gaps": "constant", "constant": 37.5}
        assert on.controller.drafts.draft.columns == {"age": constant}
        model = columns.model()
        with on.qtbot.waitSignal(on.controller.drafts.profile_changed, check_params_cb=bool):
            model.setData(model.index(1, GAPS), "median")
        assert on.controller.drafts.draft.columns == {"age": {"gaps": "median"}}

    @pytest.mark.qt_log_ignore("This plugin does not support")
    def test_every_choice_can_be_read_in_full(self, on: PageStage[DataPage]) -> None:
        open_path(on, PEOPLE, "columns")
        columns = table(on)
        for column in (TYPE, GAPS):
            index = columns.model().index(1, column)
            delegate = columns.itemDelegateForIndex(index)
            box = delegate.createEditor(columns.viewport(), QStyleOptionViewItem(), index)
            assert isinstance(box, QComboBox)
            box.resize(40, 20)
            box.showPopup()
            assert box.view().width() >= box.view().sizeHintForColumn(0)
            box.hidePopup()

    def test_only_strategies_that_fit_the_type_are_offered(self, on: PageStage[DataPage]) -> None:
        open_path(on, PEOPLE, "columns")
        model = table(on).model()
        age = {name for _, name in model.index(1, GAPS).data(CHOICES_ROLE)}
        assert {"auto", "mean", "median", "indicator", "drop_rows"} <= age
        assert "own_category" not in age
        town = {name for _, name in model.index(2, GAPS).data(CHOICES_ROLE)}
        assert "own_category" in town
        assert "drop_rows" not in town  # nothing is missing there
        assert model.index(4, GAPS).data(CHOICES_ROLE) == ()  # it is predicted

    def test_columns_in_the_box_are_what_they_are(self, on: PageStage[DataPage]) -> None:
        open_path(on, "moons", "columns")
        model = table(on).model()
        assert model.index(0, TYPE).data(CHOICES_ROLE) == ()


def table(on: PageStage[DataPage]) -> ColumnTable:
    found = on.page.profile_view.view("columns")
    assert isinstance(found, ColumnTable)
    return found


class TestProgress:
    def test_how_far_it_is_shows_with_a_way_to_cancel(self, on: PageStage[DataPage]) -> None:
        on.engine.inspect.close()
        on.engine.progress = (DataProgress("Reading files", 2_000, 8_000),)
        with on.qtbot.waitSignal(on.controller.drafts.data_progress):
            on.page.open_path("/data/pets")
        panel = on.page.state_panel
        on.qtbot.waitUntil(lambda: panel.title.text() == "Reading files")
        assert panel.text.text() == "2,000 of 8,000"
        assert panel.progress.value() == panel.progress.maximum() // 4
        assert panel.button.text() == "Cancel"
        with on.qtbot.waitSignal(on.controller.drafts.data_rejected):
            on.qtbot.mouseClick(panel.button, Qt.MouseButton.LeftButton)
        assert set(on.engine.controls) == {Control.STOP}
        assert panel.title.text() == "Cancelled"
        on.engine.inspect.open()
        with on.qtbot.waitSignal(on.controller.drafts.profile_changed, check_params_cb=bool):
            on.qtbot.mouseClick(panel.button, Qt.MouseButton.LeftButton)
        assert on.page.profile_view.isVisible()

    def test_other_data_cancels_the_inspection_under_way(self, on: PageStage[DataPage]) -> None:
        on.engine.inspect.close()
        on.page.open_path("/data/pets")
        on.qtbot.waitUntil(lambda: any(isinstance(c, InspectData) for c in on.engine.commands))
        on.controller.drafts.choose_data("moons")
        on.qtbot.waitUntil(lambda: Control.STOP in on.engine.controls)
        on.engine.inspect.open()
        on.qtbot.waitUntil(lambda: on.controller.drafts.profile is not None)
        assert on.controller.drafts.profile is not None
        assert on.controller.drafts.profile.source == "moons"
        assert on.controller.drafts.data_problem is None

    def test_what_is_not_here_is_downloaded_after_a_click(self, on: PageStage[DataPage]) -> None:
        on.engine.rejections["mnist"] = Rejected("MNIST is not on this machine.", "11.5 MB.")
        with on.qtbot.waitSignal(on.controller.drafts.data_rejected):
            on.controller.drafts.choose_data("mnist")
        panel = on.page.state_panel
        assert panel.button.text() == "Download it"
        assert "11.5 MB" in panel.text.text()
        assert not any(isinstance(c, DownloadData) for c in on.engine.commands)
        with on.qtbot.waitSignal(on.controller.drafts.profile_changed, check_params_cb=bool):
            on.qtbot.mouseClick(panel.button, Qt.MouseButton.LeftButton)
        assert DownloadData("mnist") in on.engine.commands


class TestChanges:
    def test_a_path_may_hold_dots_as_a_tuple(self) -> None:
        values = {"data": {"columns": {}}}
        after = changed(values, {("data", "columns", "a.b", "type"): "ignore"})
        assert after == {"data": {"columns": {"a.b": {"type": "ignore"}}}}
        assert values == {"data": {"columns": {}}}

    def test_undoing_brings_back_what_was_there_or_nothing(self) -> None:
        values = {"data": {"exclude": ["a"], "columns": {}}}
        changes = {"data.exclude": ("b",), "data.columns.x.type": "date"}
        back = undoing(values, changes)
        assert back == {"data.exclude": ["a"], "data.columns.x.type": REMOVED}
        restored = changed(changed(values, changes), back)
        assert restored["data"]["exclude"] == ["a"]
        assert restored["data"]["columns"] == {"x": {}}

    def test_lists_of_names_grow(self) -> None:
        values = {"data": {"exclude": ["a", "b"]}}
        assert added(values, {"data.exclude": ("b", "c")}) == {"data.exclude": ["a", "b", "c"]}

    def test_a_draft_keeps_everything_that_a_spec_says_of_data(self) -> None:
        draft = Draft("/data/people.csv", "age", "regression", "table", "weight").with_changes(
            {
                ("data", "columns", "a.b", "gaps"): "mean",
                "data.exclude": ("line 4",),
                "split.method": "group",
                "split.column": "town",
                "preprocessing.tokens": "word",
                "augmentation.noise": 0.1,
                "training.class_weights": "balanced",
            }
        )
        assert Draft.from_values(draft.to_spec()) == draft
        assert draft.exclude == ("line 4",)
        assert draft.data_question()["preprocessing"] == {"tokens": "word"}
        assert draft.batch_question()["training"] == {"class_weights": "balanced"}

    def test_other_data_forgets_what_was_said_of_the_columns_before(self) -> None:
        draft = Draft("a.csv", weights="w", columns={"x": {"type": "date"}}, exclude=("line 2",))
        draft = draft.with_split({"test": 0.3, "method": "group", "column": "x"})
        other = draft.with_augmentation({"noise": 0.1}).with_data("b.csv")
        assert other == Draft("b.csv")
