"""Models of one's own between the editor, the list and files; and what the mouse and the keys do
in the editor's lists.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractItemView, QFileDialog
from pytestqt.qtbot import QtBot

from engine.events.messages import Rejected
from engine.graph.layer_graph import LayerGraph
from gui.editor.layer_editor import LayerEditor
from gui.editor.layer_palette import LayerPalette, layer_cards
from gui.network.model_picture import ModelPicture
from gui.pages.model.model_cards import OWN
from gui.pages.model.model_page import ModelPage
from gui.state.draft import Draft
from gui.state.messages import Messages
from gui.state.own_model import CUSTOM
from gui.state.settings import Settings
from gui.widgets.code_view import CodeView
from tests.gui.frame_fixtures import PageStage, page_stage
from tests.gui.spoken import SpokenMessages

DIGITS = Draft(source="digits", model="cnn")
On = PageStage[ModelPage]


@pytest.fixture
def on(qtbot: QtBot, tmp_path: Path) -> Iterator[On]:
    with page_stage(qtbot, tmp_path, ModelPage) as made:
        made.engine.has_graphs = True
        answered(made, lambda: made.controller.drafts.set_draft(DIGITS))
        yield made


@pytest.fixture
def editor(on: On) -> LayerEditor:
    answered(on, on.page.editing.open)
    assert on.page.editing.editor is not None
    return on.page.editing.editor


def answered(on: On, act) -> None:
    """Does something, and waits until the engine has said what becomes of it."""
    with on.qtbot.waitSignal(on.controller.drafts.model_changed, check_params_cb=bool):
        act()


def pick_file(on: On, path: Path) -> None:
    """Picks a file in the dialog that is open, and closes it."""
    dialog = on.page.findChildren(QFileDialog)[-1]
    dialog.fileSelected.emit(str(path))
    dialog.close()


class TestFiles:
    def test_layers_and_code_go_where_one_says_and_layers_come_back(
        self, on: On, editor: LayerEditor, tmp_path: Path
    ) -> None:
        written = on.controller.own_models.file_written
        graph = editor.graph
        for ask, name in ((editor.json_requested, "net.json"), (editor.code_requested, "net.py")):
            ask.emit()
            dialog = on.page.findChildren(QFileDialog)[-1]
            assert dialog.defaultSuffix() == Path(name).suffix[1:]
            assert dialog.acceptMode() is QFileDialog.AcceptMode.AcceptSave
            with on.qtbot.waitSignal(written):
                pick_file(on, tmp_path / name)
        assert (tmp_path / "net.py").read_text() == "import keras\n"
        answered(on, lambda: editor.add_layer("Dropout"))
        editor.open_requested.emit()
        dialog = on.page.findChildren(QFileDialog)[-1]
        assert dialog.directory().absolutePath() == str(tmp_path)  # where the last one was
        answered(on, lambda: pick_file(on, tmp_path / "net.json"))
        assert editor.graph == graph

    def test_code_that_is_not_there_yet_is_said(
        self, on: On, editor: LayerEditor, tmp_path: Path, spoken: SpokenMessages
    ) -> None:
        on.engine.rejections[CUSTOM] = Rejected("Its layers do not fit.")
        with on.qtbot.waitSignal(on.controller.drafts.model_rejected):
            editor.add_layer("Dropout")
        on.page.editing.write_file(str(tmp_path / "net.py"))
        assert "no code of this model yet" in spoken.take("warning").text
        assert not (tmp_path / "net.py").exists()

    def test_what_cannot_be_written_is_said(
        self, on: On, editor: LayerEditor, tmp_path: Path
    ) -> None:
        (tmp_path / "file").touch()
        with on.qtbot.waitSignal(on.controller.own_models.problem_found) as said:
            on.page.editing.write_file(str(tmp_path / "file" / "net.json"))
        assert said.args is not None
        assert str(tmp_path / "file") in said.args[0].message


class TestKept:
    def test_one_of_the_same_name_is_replaced_and_comes_back(
        self, on: On, editor: LayerEditor
    ) -> None:
        models = on.controller.own_models
        with on.qtbot.waitSignal(models.models_changed):
            editor.save_requested.emit()
        first = models.models[0]
        answered(on, lambda: editor.add_layer("Dropout"))
        with on.qtbot.waitSignal(models.models_changed):
            editor.save_requested.emit()
        assert models.models[0] != first
        assert "in place of" in on.messages.newest.message.text
        with on.qtbot.waitSignal(models.models_changed):
            on.messages.newest.act()
        assert models.models == (first,)

    def test_what_was_being_edited_is_put_aside_and_brought_back(
        self, on: On, editor: LayerEditor
    ) -> None:
        with on.qtbot.waitSignal(on.controller.own_models.models_changed):
            editor.save_requested.emit()
        answered(on, lambda: editor.add_layer("Dropout"))
        edited = on.controller.drafts.draft.model_parameters
        answered(on, lambda: on.page.editing.pick(f"{OWN}My CNN"))
        assert "put aside" in on.messages.newest.message.text
        assert on.controller.drafts.draft.model_parameters != edited
        answered(on, on.messages.newest.act)
        assert on.controller.drafts.draft.model_parameters == edited
        before = on.controller.drafts.draft
        on.page.editing.pick(f"{OWN}one that was deleted")
        assert on.controller.drafts.draft == before

    def test_files_that_are_damaged_are_told_once(self, on: On, editor: LayerEditor) -> None:
        models = on.controller.own_models
        with on.qtbot.waitSignal(models.models_changed):
            editor.save_requested.emit()
        (file,) = (on.engine.workspace / "models").glob("*.json")
        file.write_text("{")
        with on.qtbot.waitSignal(models.problem_found) as said:
            models.refresh()
        assert said.args is not None
        assert "Not all of your models can be read." in said.args[0].message
        on.qtbot.waitUntil(lambda: models.models == ())
        with on.qtbot.assertNotEmitted(models.problem_found):
            models.refresh()
            done: list[object] = []
            on.controller.repository.submit(lambda store: None, done.append)
            on.qtbot.waitUntil(lambda: bool(done))

    def test_another_architecture_closes_the_editor(self, on: On, editor: LayerEditor) -> None:
        on.page.editing.pick_layer("output")
        assert editor.layers.current_name == "output"
        answered(on, lambda: on.page.editing.pick("mlp"))
        assert not on.page.editing.is_open
        assert on.page.editing.first_marked == ("", "")
        answered(on, lambda: on.page.editing.pick(CUSTOM))
        assert isinstance(editor.graph, LayerGraph)


class TestLists:
    def dropped(self, editor: LayerEditor, source: object, row: int) -> QDropEvent:
        rows = editor.layers
        place = rows.visualRect(rows.rows_model.index(row)).center()
        move, button = Qt.DropAction.MoveAction, Qt.MouseButton.LeftButton
        self.data = QMimeData()
        event = QDropEvent(QPointF(place), move, self.data, button, Qt.KeyboardModifier.NoModifier)
        event.source = lambda: source
        rows.dropEvent(event)
        return event

    def test_a_layer_that_is_dragged_moves_there(self, on: On, editor: LayerEditor) -> None:
        moved: list[int] = []
        editor.layers.moved.connect(moved.append)
        names = [row.name for row in editor.layers.rows]
        self.dropped(editor, object(), 1)  # something from outside
        assert moved == []
        self.dropped(editor, editor.layers, 1)
        assert moved == [1]
        assert sorted(names) == sorted(row.name for row in editor.layers.rows)
        assert editor.layers.state() is QAbstractItemView.State.NoState


@pytest.mark.qt_log_ignore("does not support", extend=True)
def test_pictures_and_code_of_a_model_are_saved_where_one_says(
    qtbot: QtBot, tmp_path: Path, spoken: SpokenMessages
) -> None:
    settings = Settings()
    picture, code = ModelPicture(Messages(), settings), CodeView(Messages(), settings)
    for widget in (picture, code):
        qtbot.addWidget(widget)
    picture.show_architecture("cnn")
    picture.save_button.click()
    (dialog,) = picture.findChildren(QFileDialog)
    assert dialog.defaultSuffix() == "svg"
    dialog.filterSelected.emit("PNG (*.png)")
    assert dialog.defaultSuffix() == "png"
    dialog.filterSelected.emit("SVG (*.svg)")
    assert dialog.defaultSuffix() == "svg"
    dialog.fileSelected.emit(str(tmp_path / "net.svg"))
    dialog.close()
    assert (tmp_path / "net.svg").read_text().startswith("<?xml")
    assert spoken.take("info").text == "Saved as net.svg."
    code.ask_where_to_save()
    (dialog,) = code.findChildren(QFileDialog)
    assert dialog.defaultSuffix() == "py"
    dialog.fileSelected.emit(str(tmp_path / "net.py"))
    dialog.close()
    assert (tmp_path / "net.py").read_text().strip() == code.code


def test_keys_go_from_the_search_into_the_layers_and_out(on: On, editor: LayerEditor) -> None:
    palette = LayerPalette(layer_cards(), editor)
    palette.show_over(editor.rect())
    QTest.keyClick(palette.search, Qt.Key.Key_Down)
    assert palette.cards.current_name == palette.cards.shown_names[0]
    with on.qtbot.waitSignal(palette.left):
        QTest.keyClick(palette, Qt.Key.Key_Escape)
    assert not palette.isVisible()
