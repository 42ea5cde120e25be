"""The layer editor: what the person does to layers, and what the engine's answers show."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QToolButton
from pytestqt.qtbot import QtBot

from engine.graph.layer_graph import LayerGraph
from gui.editor.layer_editor import LayerEditor
from gui.editor.layer_palette import layer_cards
from gui.pages.model.model_cards import OWN
from gui.pages.model.model_page import ModelPage
from gui.state.draft import Draft
from gui.state.own_model import CUSTOM
from gui.widgets.parameter_fields import NumberField
from tests.gui.frame_fixtures import PageStage, page_stage
from tests.gui.spoken import SpokenMessages

DIGITS = Draft(source="digits", model="cnn")


@pytest.fixture
def on(qtbot: QtBot, tmp_path: Path) -> Iterator[PageStage[ModelPage]]:
    with page_stage(qtbot, tmp_path, ModelPage) as made:
        made.engine.has_graphs = True
        answered(made, lambda: made.controller.drafts.set_draft(DIGITS))
        yield made


@pytest.fixture
def editor(on: PageStage[ModelPage]) -> LayerEditor:
    answered(on, lambda: click(on, on.page.forms.layers_button))
    assert on.page.editing.editor is not None
    return on.page.editing.editor


def answered(on: PageStage[ModelPage], act) -> None:
    """Does something, and waits until the engine has said what becomes of it."""
    with on.qtbot.waitSignal(on.controller.drafts.model_changed, check_params_cb=bool):
        act()


def refused(on: PageStage[ModelPage], act) -> None:
    with on.qtbot.waitSignal(on.controller.drafts.model_rejected):
        act()


def click(on: PageStage[ModelPage], button) -> None:
    assert button.isVisible()
    assert button.isEnabled()
    on.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def press(editor: LayerEditor, action) -> None:
    """Clicks the button of an action."""
    button = next(
        item
        for item in editor.findChildren(QToolButton)
        if item.defaultAction() is action and item.isVisible()
    )
    assert button.isEnabled()
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def names(editor: LayerEditor) -> list[str]:
    return [row.name for row in editor.layers.rows]


def pick(editor: LayerEditor, name: str, modifier=Qt.KeyboardModifier.NoModifier) -> None:
    """Clicks a row."""
    index = editor.layers.rows_model.index(editor.layers.rows_model.row_of(name))
    editor.layers.scrollTo(index)
    place = editor.layers.visualRect(index).center()
    QTest.mouseClick(editor.layers.viewport(), Qt.MouseButton.LeftButton, modifier, place)


class TestOpening:
    def test_it_starts_from_any_architecture(
        self, on: PageStage[ModelPage], editor: LayerEditor
    ) -> None:
        assert editor.isVisible()
        assert not on.page.cards.isVisible()
        assert on.controller.drafts.draft.model == CUSTOM
        assert editor.title.text() == "My CNN"
        assert names(editor)[0] == "input"
        assert {row.shape for row in editor.layers.rows} == {"28×28×1"}

    def test_the_training_stays_as_it_was_for_those_layers(
        self, on: PageStage[ModelPage], editor: LayerEditor
    ) -> None:
        assert on.controller.drafts.draft.training["optimizer"] == "adam"
        assert on.controller.drafts.draft.training["learning_rate"] == 0.003

    def test_what_has_no_layers_to_edit_says_so(self, qtbot: QtBot, tmp_path: Path) -> None:
        with page_stage(qtbot, tmp_path, ModelPage) as on:
            answered(on, lambda: on.controller.drafts.set_draft(DIGITS))
            assert not on.page.forms.layers_button.isEnabled()
            assert "as a whole" in on.page.forms.layers_button.toolTip()

    def test_clicking_the_card_of_ones_own_model_opens_it_as_soon_as_it_is_known(
        self, on: PageStage[ModelPage]
    ) -> None:
        index = on.page.cards._index_of(CUSTOM)
        on.page.cards.scrollTo(index)
        place = on.page.cards.visualRect(index).center()
        on.qtbot.mouseClick(on.page.cards.viewport(), Qt.MouseButton.LeftButton, pos=place)
        on.qtbot.waitUntil(lambda: on.page.editing.is_open)
        assert on.controller.drafts.draft.model_parameters["graph"]["layers"]

    def test_back_leads_to_the_list_and_nothing_is_lost_when_another_is_picked(
        self, on: PageStage[ModelPage], editor: LayerEditor
    ) -> None:
        answered(on, lambda: editor.add_layer("Dropout"))
        graph = editor.graph
        click(on, editor.back_button)
        assert on.page.cards.isVisible()
        assert not editor.isVisible()
        answered(on, lambda: on.page.cards.picked.emit("cnn"))
        answered(on, lambda: on.page.cards.picked.emit(CUSTOM))
        click(on, on.page.forms.layers_button)
        assert editor.isVisible()
        assert editor.graph == graph

    def test_starting_anew_puts_the_former_model_aside_and_can_bring_it_back(
        self, on: PageStage[ModelPage], editor: LayerEditor, spoken: SpokenMessages
    ) -> None:
        answered(on, lambda: editor.add_layer("Dropout"))
        before = on.controller.drafts.draft.model_parameters
        answered(on, lambda: on.page.cards.picked.emit("mlp"))
        answered(on, lambda: click(on, on.page.forms.layers_button))
        assert on.controller.drafts.draft.model_parameters != before
        assert "put aside" in spoken[-1].text
        answered(on, lambda: press(editor, editor.actions_.undo))
        assert on.controller.drafts.draft.model_parameters == before


class TestEditing:
    def test_a_type_is_searched_and_added_behind_the_picked_layer(
        self, on: PageStage[ModelPage], editor: LayerEditor
    ) -> None:
        pick(editor, "dense")
        press(editor, editor.actions_.add)
        palette = editor._palette
        assert palette is not None
        QTest.keyClicks(palette.search, "spatialdropout2d")
        assert "SpatialDropout2D" in palette.cards.shown_names
        palette.search.clear()
        QTest.keyClicks(palette.search, "dropout")
        with on.qtbot.waitSignal(on.controller.drafts.model_changed, check_params_cb=bool):
            QTest.keyClick(palette.search, Qt.Key.Key_Return)
        assert not palette.isVisible()
        at = names(editor).index("dense")
        assert names(editor)[at + 1] == "dropout"
        assert editor.layers.current_name == "dropout"
        assert editor.form.layer is not None
        assert editor.form.layer.name == "dropout"

    def test_escape_closes_the_list_of_types(self, editor: LayerEditor) -> None:
        press(editor, editor.actions_.add)
        palette = editor._palette
        assert palette is not None
        assert palette.search.hasFocus()
        QTest.keyClick(palette.search, Qt.Key.Key_Escape)
        assert not palette.isVisible()
        assert editor.layers.hasFocus()

    def test_every_type_of_the_list_has_help_and_can_be_added(self, editor: LayerEditor) -> None:
        cards = layer_cards()
        assert all(card.text and card.group for card in cards)
        assert "Input" not in {card.name for card in cards}

    def test_duplicate_delete_and_undo(self, on: PageStage[ModelPage], editor: LayerEditor) -> None:
        start = names(editor)
        pick(editor, "dense")
        answered(on, lambda: press(editor, editor.actions_.duplicate))
        assert len(names(editor)) == len(start) + 1
        pick(editor, "dense")
        answered(on, lambda: press(editor, editor.actions_.delete))
        assert "dense" not in names(editor)
        assert editor.layers.current_name  # the next one, so that Delete can be pressed again
        answered(on, lambda: press(editor, editor.actions_.undo))
        answered(on, lambda: press(editor, editor.actions_.undo))
        assert names(editor) == start
        assert not editor.actions_.undo.isEnabled()
        answered(on, lambda: press(editor, editor.actions_.redo))
        assert len(names(editor)) == len(start) + 1

    def test_keys_move_and_delete(self, on: PageStage[ModelPage], editor: LayerEditor) -> None:
        answered(on, lambda: editor.add_layer("Dropout"))
        pick(editor, "conv_2")
        at = names(editor).index("conv_2")
        alt = Qt.KeyboardModifier.AltModifier
        answered(on, lambda: QTest.keyClick(editor.layers, Qt.Key.Key_Up, alt))
        assert names(editor).index("conv_2") == at - 1
        assert editor.layers.selected_names == ("conv_2",)
        answered(on, lambda: QTest.keyClick(editor.layers, Qt.Key.Key_Down, alt))
        assert names(editor).index("conv_2") == at
        answered(on, lambda: QTest.keyClick(editor.layers, Qt.Key.Key_Delete))
        assert "conv_2" not in names(editor)

    def test_dragging_moves_the_selected_layers(
        self, on: PageStage[ModelPage], editor: LayerEditor
    ) -> None:
        pick(editor, "conv_1")
        pick(editor, "pool_1", Qt.KeyboardModifier.ControlModifier)
        row = names(editor).index("flatten")
        answered(on, lambda: editor.layers.moved.emit(row))
        assert names(editor)[: row + 1] == [
            "input",
            "conv_2",
            "pool_2",
            "conv_1",
            "pool_1",
            "flatten",
        ]
        assert set(editor.layers.selected_names) == {"conv_1", "pool_1"}

    def test_a_residual_block_is_indented_and_says_its_inputs(
        self, on: PageStage[ModelPage], editor: LayerEditor
    ) -> None:
        pick(editor, "conv_2")
        answered(on, lambda: press(editor, editor.actions_.residual))
        rows = {row.name: row for row in editor.layers.rows}
        assert rows["conv_2"].depth == 1
        assert rows["add"].note == "from pool_1, conv_2"
        assert "in block" in rows["conv_2"].spoken

    def test_a_parallel_branch_is_like_the_layer_beside_it(
        self, on: PageStage[ModelPage], editor: LayerEditor
    ) -> None:
        pick(editor, "conv_2")
        answered(on, lambda: press(editor, editor.actions_.branch))
        branch = editor.graph["conv2d_branch"]
        assert branch.parameters == editor.graph["conv_2"].parameters
        assert editor.graph["concatenate"].inputs == ("conv_2", "conv2d_branch")

    def test_what_cannot_be_done_says_why_in_its_place(self, editor: LayerEditor) -> None:
        before = editor.graph
        pick(editor, "input")
        press(editor, editor.actions_.delete)
        assert "cannot be removed" in editor.notice.text()
        assert editor.notice.isVisible()
        assert editor.graph == before

    def test_a_layer_is_renamed_and_its_readers_follow(
        self, on: PageStage[ModelPage], editor: LayerEditor
    ) -> None:
        pick(editor, "dense")
        editor.form.name.selectAll()
        QTest.keyClicks(editor.form.name, "thinking")
        answered(on, lambda: QTest.keyClick(editor.form.name, Qt.Key.Key_Return))
        assert "thinking" in names(editor)
        assert editor.graph["output"].inputs == ("thinking",)
        editor.form.name.selectAll()
        QTest.keyClicks(editor.form.name, "flatten")
        QTest.keyClick(editor.form.name, Qt.Key.Key_Return)
        assert "named 'flatten' already" in editor.notice.text()
        assert editor.form.name.text() == "thinking"

    def test_settings_are_one_step_however_many_digits(
        self, on: PageStage[ModelPage], editor: LayerEditor
    ) -> None:
        pick(editor, "dense")
        assert editor.form.form is not None
        field = editor.form.form.field("units")
        assert isinstance(field, NumberField)
        for value in ("1", "10", "100"):
            answered(on, lambda value=value: field.lineEdit().setText(value))
        assert editor.graph["dense"].parameters["units"] == 100
        answered(on, lambda: press(editor, editor.actions_.undo))
        assert editor.graph["dense"].parameters["units"] == 64

    def test_what_is_typed_belongs_to_its_layer_when_another_is_picked_at_once(
        self, on: PageStage[ModelPage], editor: LayerEditor
    ) -> None:
        pick(editor, "dense")
        assert editor.form.form is not None
        field = editor.form.form.field("units")
        assert isinstance(field, NumberField)
        field.lineEdit().setText("77")
        pick(editor, "conv_1")
        assert editor.graph["dense"].parameters["units"] == 77
        assert editor.form.layer is not None
        assert editor.form.layer.name == "conv_1"

    def test_inputs_are_chosen_among_the_layers_that_make_no_circle(
        self, on: PageStage[ModelPage], editor: LayerEditor
    ) -> None:
        pick(editor, "conv_2")
        answered(on, lambda: press(editor, editor.actions_.residual))
        pick(editor, "add")
        first, _ = editor.form.inputs.boxes
        offered = [first.itemText(at) for at in range(first.count())]
        assert offered == ["input", "conv_1", "pool_1", "conv_2"]
        answered(on, lambda: first.setCurrentText("conv_1"))
        assert editor.graph["add"].inputs == ("conv_1", "conv_2")
        answered(on, lambda: click(on, editor.form.inputs.add_button))
        assert len(editor.graph["add"].inputs) == 3

    def test_undo_with_the_keyboard(self, on: PageStage[ModelPage], editor: LayerEditor) -> None:
        before = editor.graph
        pick(editor, "dense")
        answered(on, lambda: press(editor, editor.actions_.duplicate))
        control = Qt.KeyboardModifier.ControlModifier
        answered(on, lambda: QTest.keyClick(editor.layers, Qt.Key.Key_Z, control))
        assert editor.graph == before
        assert editor.layers.selected_names == ("dense",)  # so that the keyboard goes on from there
        answered(on, lambda: QTest.keyClick(editor.layers, Qt.Key.Key_Delete))
        answered(on, lambda: QTest.keyClick(editor.layers, Qt.Key.Key_Z, control))
        assert editor.layers.selected_names == ("dense",)


class TestAnswers:
    def test_what_may_have_changed_is_greyed_until_the_answer(
        self, on: PageStage[ModelPage], editor: LayerEditor
    ) -> None:
        on.engine.describe.close()
        pick(editor, "flatten")
        editor.add_layer("Dropout")
        rows = {row.name: row for row in editor.layers.rows}
        assert not rows["conv_1"].is_stale
        assert rows["dense"].is_stale
        assert rows["dense"].shape == "28×28×1"
        answered(on, on.engine.describe.open)
        assert not any(row.is_stale for row in editor.layers.rows)

    def test_the_offending_layer_is_marked_with_its_reason(
        self, on: PageStage[ModelPage], editor: LayerEditor
    ) -> None:
        pick(editor, "flatten")
        answered(on, lambda: editor.add_layer("Dropout"))
        refused(on, lambda: editor.form.renamed.emit("dropout", "bad"))
        rows = {row.name: row for row in editor.layers.rows}
        assert rows["bad"].reason == "Nothing is left. Remove it."
        assert editor.form.problem.text() == "Nothing is left. Remove it."
        assert rows["flatten"].reason == ""
        assert not on.page.next_button.isEnabled()
        index = editor.layers.rows_model.index(editor.layers.rows_model.row_of("bad"))
        assert index.data(Qt.ItemDataRole.ToolTipRole) == "Nothing is left. Remove it."
        answered(on, lambda: press(editor, editor.actions_.delete))
        assert not any(row.reason for row in editor.layers.rows)
        assert on.page.next_button.isEnabled()

    def test_a_wrong_setting_is_marked_at_its_field_and_its_row(
        self, on: PageStage[ModelPage], editor: LayerEditor
    ) -> None:
        pick(editor, "dense")
        assert editor.form.form is not None
        field = editor.form.form.field("units")
        assert isinstance(field, NumberField)
        refused(on, lambda: field.lineEdit().setText("-3"))
        assert "greater than or equal to 1" in editor.form.form.error_text("units")
        assert "-3" in editor.marked["dense"]

    def test_a_layer_picked_elsewhere_is_picked_here(
        self, on: PageStage[ModelPage], editor: LayerEditor
    ) -> None:
        on.page.tabs.layer_selected.emit("conv_2")
        assert editor.layers.current_name == "conv_2"
        assert editor.form.layer is not None
        assert editor.form.layer.name == "conv_2"


class TestKeeping:
    def test_a_saved_model_is_a_card_that_can_be_opened_and_removed(
        self, on: PageStage[ModelPage], editor: LayerEditor, spoken: SpokenMessages
    ) -> None:
        models = on.controller.own_models
        with on.qtbot.waitSignal(models.models_changed):
            press(editor, editor.actions_.save)
        assert "is saved" in spoken[-1].text
        saved = on.controller.drafts.draft.model_parameters
        assert on.page.cards.current_name == f"{OWN}My CNN"
        answered(on, lambda: editor.add_layer("Dropout"))
        assert on.page.cards.current_name == CUSTOM
        answered(on, lambda: on.page.cards.picked.emit(f"{OWN}My CNN"))
        assert on.controller.drafts.draft.model_parameters == saved
        click(on, editor.back_button)
        with on.qtbot.waitSignal(models.models_changed):
            click(on, on.page.forms.remove_button)
        assert models.models == ()
        with on.qtbot.waitSignal(models.models_changed):
            on.messages.newest.act()
        assert [model.title for model in models.models] == ["My CNN"]

    def test_without_a_title_it_asks_for_one(self, editor: LayerEditor) -> None:
        editor.title.clear()
        editor.title.textEdited.emit("")
        press(editor, editor.actions_.save)
        assert "title first" in editor.notice.text()
        assert editor.title.hasFocus()

    def test_files_go_out_and_come_in(
        self, on: PageStage[ModelPage], editor: LayerEditor, tmp_path: Path
    ) -> None:
        models, path = on.controller.own_models, tmp_path / "net.json"
        graph = editor.graph
        with on.qtbot.waitSignal(models.file_written):
            on.page.editing.write_file(str(path))
        values = json.loads(path.read_text())
        assert values["title"] == "My CNN"
        assert len(values["layers"]) == len(graph.nodes)
        answered(on, lambda: editor.add_layer("Dropout"))
        answered(on, lambda: on.page.editing.read_file(str(path)))
        assert editor.graph == graph
        assert "My CNN" in editor.actions_.undo.toolTip()

    def test_code_is_what_the_engine_wrote(
        self, on: PageStage[ModelPage], editor: LayerEditor, tmp_path: Path
    ) -> None:
        path = tmp_path / "net.py"
        with on.qtbot.waitSignal(on.controller.own_models.file_written):
            on.page.editing.write_file(str(path))
        assert path.read_text() == "import keras\n"

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            ("{", "is not JSON"),
            ("[]", "group of named values"),
            ('{"schema_version": 1, "layers": [{"name": "a", "type": "Nope"}]}', "layers.0.type"),
        ],
    )
    def test_a_bad_file_says_where_it_is_wrong(
        self,
        on: PageStage[ModelPage],
        editor: LayerEditor,
        tmp_path: Path,
        content: str,
        words: str,
    ) -> None:
        path, before = tmp_path / "bad.json", editor.graph
        path.write_text(content)
        with on.qtbot.waitSignal(on.controller.problem_found) as said:
            on.page.editing.read_file(str(path))
        assert words in said.args[0].message
        assert editor.graph == before


def test_a_draft_with_unreadable_layers_says_so(on: PageStage[ModelPage]) -> None:
    broken = DIGITS.with_model(CUSTOM, {"graph": {"layers": "none"}})
    refused(on, lambda: on.controller.drafts.set_draft(broken))
    assert on.page.state_panel.isVisible()


def test_graphs_with_mistakes_stay_as_they_are_typed() -> None:
    from gui.state.own_model import OwnModel

    values = {
        "graph": {
            "schema_version": 1,
            "layers": [{"name": "a", "type": "Dense", "inputs": [], "parameters": {"units": "x"}}],
        }
    }
    graph = OwnModel.from_parameters(values).graph
    assert isinstance(graph, LayerGraph)
    assert graph["a"].parameters == {"units": "x"}
