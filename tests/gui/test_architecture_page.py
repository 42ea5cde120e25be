"""The guide in the window: pages, languages, links to the settings, and the code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QGuiApplication, QTextDocument
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from engine.errors import Problem
from engine.events.messages import ModelDescribed, Rejected
from engine.graph.layer_graph import LayerGraph, LayerNode
from gui.guide.architecture_page import ArchitecturePage
from gui.guide.pages import DIAGNOSES, TOPICS
from gui.pages.data.data_page import DataPage
from gui.pages.model.model_page import ModelPage
from gui.state.draft import Draft
from gui.state.messages import Messages
from gui.state.settings import Settings
from gui.style.theme import DARK, LIGHT, current_theme
from gui.widgets.code_view import CodeView
from tests.gui.frame_fixtures import PageStage, WindowStage, page_stage, window_stage
from tests.gui.spoken import SpokenMessages

DIGITS = Draft(source="digits", model="cnn")
LINE = Draft(source="noisy_line", model="linear_regression")
CODE = '''"""A model."""
import keras


def build():
    # The shape is that of the data.
    return keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Dense(10)])
'''


@pytest.fixture
def on(qtbot: QtBot, tmp_path: Path) -> Iterator[PageStage[ModelPage]]:
    with page_stage(qtbot, tmp_path, ModelPage) as made:
        yield made


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path) -> Iterator[WindowStage]:
    with window_stage(qtbot, tmp_path) as made:
        yield made


@pytest.fixture
def themed() -> Iterator[None]:
    yield
    current_theme().set_mode("system")


def show(on: PageStage[ModelPage] | WindowStage, draft: Draft) -> None:
    with on.qtbot.waitSignal(on.controller.drafts.model_changed, check_params_cb=bool):
        on.controller.drafts.set_draft(draft)
    on.qtbot.waitUntil(lambda: on.controller.drafts.profile is not None)


def about(on: PageStage[ModelPage]) -> ArchitecturePage:
    on.page.show_guide()
    assert on.page.about is not None
    return on.page.about


def links(page: ArchitecturePage) -> list[str]:
    return re.findall(r'href="([^"]+)"', page.browser.toHtml())


class TestPages:
    def test_it_is_not_made_before_it_is_looked_at(self, on: PageStage[ModelPage]) -> None:
        show(on, DIGITS)
        assert on.page.about is None
        assert "filter" in about(on).browser.toPlainText()

    def test_it_follows_the_architecture_that_is_picked(self, on: PageStage[ModelPage]) -> None:
        show(on, DIGITS)
        page = about(on)
        assert page.name == "cnn"
        show(on, Draft(source="digits", model="mlp"))
        assert page.name == "mlp"
        assert page.choice.currentText() == "Multilayer perceptron (MLP)"
        assert "hidden layer" in page.browser.toPlainText()

    def test_it_stays_readable_while_the_model_cannot_be_built(
        self, on: PageStage[ModelPage]
    ) -> None:
        show(on, DIGITS)
        page = about(on)
        problem = Problem("model.parameters.units", "Too many units.")
        on.engine.rejections["mlp"] = Rejected("No.", problems=(problem,))
        with on.qtbot.waitSignal(on.controller.drafts.model_rejected):
            on.controller.drafts.set_draft(Draft(source="digits", model="mlp"))
        assert page.isVisible()
        assert not on.page.state_panel.isVisible()
        on.page.tabs.setCurrentIndex(0)
        assert on.page.state_panel.isVisible()

    def test_present_values_are_told_and_followed(self, on: PageStage[ModelPage]) -> None:
        show(on, DIGITS)
        page = about(on)
        assert "3, as usual" in page.browser.toPlainText()
        place = page.browser.verticalScrollBar()
        place.setValue(place.maximum() // 2)
        before = place.value()
        show(on, replace(DIGITS, model_parameters={"kernel_size": 5}))
        assert "now 5 · usual 3" in page.browser.toPlainText()
        assert place.value() == before

    def test_another_page_is_picked_from_the_list_and_left_again(
        self, on: PageStage[ModelPage]
    ) -> None:
        show(on, DIGITS)
        page = about(on)
        assert not page.back.isEnabled()
        page.choice.setCurrentIndex(page.choice.findData("overfitting"))
        page.choice.activated.emit(page.choice.currentIndex())
        assert page.name == "overfitting"
        on.qtbot.mouseClick(page.back, Qt.MouseButton.LeftButton)
        assert page.name == "cnn"
        assert not page.back.isEnabled()

    def test_every_link_between_pages_leads_somewhere(self, on: PageStage[ModelPage]) -> None:
        show(on, DIGITS)
        page = about(on)
        for name in ("cnn", *DIAGNOSES):
            page.show_guide(name)
            for link in links(page):
                if link.startswith("page:"):
                    page.show_guide(name)
                    page.browser.anchorClicked.emit(QUrl(link))
                    assert page.name == link.partition(":")[2]

    def test_a_link_is_followed_by_keyboard(self, on: PageStage[ModelPage]) -> None:
        show(on, DIGITS)
        page = about(on)
        page.show_guide("overfitting")
        page.browser.setFocus()
        QTest.keyClick(page.browser, Qt.Key.Key_Tab)
        with on.qtbot.waitSignal(on.page.field_requested) as wanted:
            QTest.keyClick(page.browser, Qt.Key.Key_Return)
        assert wanted.args == ["split.test"]


class TestLanguage:
    def test_the_switch_shows_all_in_chinese_and_is_remembered(
        self, on: PageStage[ModelPage]
    ) -> None:
        show(on, DIGITS)
        page = about(on)
        assert page.language == "en"
        on.qtbot.mouseClick(page.language_buttons["zh_CN"], Qt.MouseButton.LeftButton)
        text = page.browser.toPlainText()
        for words in ("卷积核", "公式", "适用场合", "各参数的作用", "延伸阅读"):
            assert words in text
        assert page.choice.currentText() == "卷积神经网络（CNN）"
        assert ArchitecturePage(on.controller.drafts, Settings(), on.page).language == "zh_CN"


class TestFormulas:
    def pictures(self, page: ArchitecturePage) -> list[str]:
        return re.findall(r'<img src="([^"]+)"', page.browser.toHtml())

    def test_they_are_drawn_in_the_colour_of_the_theme(
        self, on: PageStage[ModelPage], themed: None
    ) -> None:
        show(on, DIGITS)
        page = about(on)
        kind = QTextDocument.ResourceType.ImageResource.value
        for mode, palette in (("light", LIGHT), ("dark", DARK)):
            current_theme().set_mode(mode)
            names = self.pictures(page)
            assert len(names) == 3
            image = page.browser.loadResource(kind, QUrl(names[0]))
            inked = {
                image.pixelColor(x, y).name()
                for x in range(image.width())
                for y in range(image.height())
                if image.pixelColor(x, y).alpha() == 255
            }
            assert inked == {palette.text}

    def test_they_fit_a_narrow_page(self, on: PageStage[ModelPage]) -> None:
        show(on, DIGITS)
        page = about(on)
        page.setParent(None)
        on.qtbot.addWidget(page)
        widths = []
        for width in (700, 360):
            page.resize(width, 600)
            page.show()
            on.qtbot.waitUntil(lambda: page.browser._room == page.browser._present_room())
            widths.append(int(re.findall(r'<img[^>]+width="(\d+)"', page.browser.toHtml())[0]))
        assert widths[1] < widths[0]
        assert widths[1] <= page.browser.viewport().width()
        assert page.browser.document().idealWidth() <= page.browser.viewport().width()


class TestWayToTheSettings:
    def focused(self) -> QWidget:
        focused = QApplication.focusWidget()
        assert focused is not None
        return focused

    def test_every_link_of_every_page_leads_to_a_field(self, window: WindowStage) -> None:
        show(window, replace(DIGITS, seed=1))  # the window opens with seed 0
        window.window.show_guide()
        model_page, data_page = (window.window.pages[name] for name in ("model", "data"))
        assert isinstance(model_page, ModelPage)
        assert isinstance(data_page, DataPage)
        assert model_page.about is not None
        found = set()
        for name in ("cnn", *DIAGNOSES, *TOPICS):
            window.window.show_guide(name)
            found |= {link for link in links(model_page.about) if link.startswith("field:")}
        assert len(found) > 12
        for link in sorted(found):
            window.window.show_guide("cnn")
            model_page.about.browser.anchorClicked.emit(QUrl(link))
            path = link.partition(":")[2]
            if path == "preprocessing.target_scaling":
                continue  # digits have no target to scale
            is_on_data = path.startswith(("split", "augmentation", "seed"))
            assert window.window.current_page == ("data" if is_on_data else "model"), path
            holder = data_page.data_settings if is_on_data else model_page.forms
            if path != "model.name":
                assert holder.isAncestorOf(window.window.focusWidget()), path

    def test_a_setting_that_is_folded_away_is_unfolded(self, on: PageStage[ModelPage]) -> None:
        show(on, DIGITS)
        form = on.page.forms.training_form
        assert form.fold is not None
        assert not form.fold.is_open
        assert on.page.focus_field("training.keep")
        assert form.fold.is_open
        assert on.page.focusWidget() is form.field("keep")

    def test_layers_are_edited_and_left_again_for_another_setting(
        self, on: PageStage[ModelPage]
    ) -> None:
        layers = (
            LayerNode("input", "Input"),
            LayerNode("flatten", "Flatten", ("input",)),
            LayerNode("output", "Dense", ("flatten",), {"units": 10, "activation": "softmax"}),
        )
        graph = LayerGraph(layers).to_dict()
        show(on, Draft(source="digits", model="custom", model_parameters={"graph": graph}))
        page = about(on)
        page.show_guide("overfitting")
        assert "field:model.parameters.graph" in links(page)
        page.browser.anchorClicked.emit(QUrl("field:model.parameters.graph"))
        assert on.page.editing.is_open
        assert page.isVisible()
        page.browser.anchorClicked.emit(QUrl("field:training.epochs"))
        assert not on.page.editing.is_open
        assert on.page.focusWidget() is on.page.forms.training_form.field("epochs")

    def test_the_list_of_architectures_is_a_setting_too(self, on: PageStage[ModelPage]) -> None:
        show(on, DIGITS)
        about(on).browser.anchorClicked.emit(QUrl("field:model.name"))
        assert on.page.focusWidget() is on.page.cards

    def test_what_is_not_on_the_page_is_asked_of_the_window(self, on: PageStage[ModelPage]) -> None:
        show(on, DIGITS)
        page = about(on)
        for path in ("augmentation", "split.validation", "preprocessing.length"):
            with on.qtbot.waitSignal(on.page.field_requested) as wanted:
                page.browser.anchorClicked.emit(QUrl(f"field:{path}"))
            assert wanted.args == [path]

    def test_the_rail_opens_a_page_of_the_guide(self, window: WindowStage) -> None:
        show(window, replace(DIGITS, seed=1))  # the window opens with seed 0
        window.window.show_page("train")
        window.window.rail.help.guide_requested.emit("overfitting")
        assert window.window.current_page == "model"
        page = window.window.pages["model"]
        assert isinstance(page, ModelPage)
        assert page.about is not None
        assert page.about.name == "overfitting"

    def test_its_key_opens_the_page_of_the_architecture(self, window: WindowStage) -> None:
        show(window, replace(DIGITS, seed=1))  # the window opens with seed 0
        action = next(
            item for item in window.window.actions() if "Shift+F1" in item.shortcut().toString()
        )
        action.trigger()
        page = window.window.pages["model"]
        assert isinstance(page, ModelPage)
        assert page.about is not None
        assert page.about.name == "cnn"


class TestCode:
    @pytest.fixture
    def view(self, qtbot: QtBot) -> CodeView:
        view = CodeView(Messages(), Settings())
        qtbot.addWidget(view)
        view.show()
        return view

    @pytest.fixture
    def described(self, on: PageStage[ModelPage]) -> ModelDescribed:
        show(on, DIGITS)
        model = on.controller.drafts.model
        assert model is not None
        return replace(model, code=CODE)

    def test_code_is_shown_and_coloured(self, view: CodeView, described: ModelDescribed) -> None:
        view.show_model(described)
        assert view.code == CODE
        block = view.text.document().findBlockByNumber(1)
        colors = {item.format.foreground().color().name() for item in block.layout().formats()}
        assert current_theme().palette.accent in colors
        comment = view.text.document().findBlockByNumber(5).layout().formats()
        muted = current_theme().palette.muted
        assert any(item.format.foreground().color().name() == muted for item in comment)

    def test_it_is_copied(
        self, view: CodeView, described: ModelDescribed, qtbot: QtBot, spoken: SpokenMessages
    ) -> None:
        view.show_model(described)
        qtbot.mouseClick(view.copy_button, Qt.MouseButton.LeftButton)
        assert QGuiApplication.clipboard().text() == CODE
        assert "clipboard" in spoken[-1].text

    def test_it_is_saved(
        self, view: CodeView, described: ModelDescribed, tmp_path: Path, spoken: SpokenMessages
    ) -> None:
        view.show_architecture("cnn")
        view.show_model(described)
        view.save_code(str(tmp_path / "cnn.py"))
        assert (tmp_path / "cnn.py").read_text(encoding="utf-8") == CODE
        assert "cnn.py" in spoken[-1].text

    @pytest.mark.expects_messages
    def test_a_folder_that_cannot_be_written_is_told(
        self, view: CodeView, described: ModelDescribed, tmp_path: Path, spoken: SpokenMessages
    ) -> None:
        view.show_model(described)
        view.save_code(str(tmp_path / "nowhere" / "cnn.py"))
        assert spoken[-1].level == "error"
        assert "No such file" in spoken[-1].text

    def test_without_a_model_there_is_nothing_to_copy(
        self, view: CodeView, described: ModelDescribed
    ) -> None:
        view.show_model(None)
        assert not view.copy_button.isEnabled()
        assert not view.text.isVisible()
        view.show_model(described)
        assert view.copy_button.isEnabled()
        view.show_model(replace(described, code=""))
        assert not view.save_button.isEnabled()
        assert "cannot be written" in view.caption.text()

    def test_it_is_a_tab_of_the_model(self, on: PageStage[ModelPage]) -> None:
        show(on, DIGITS)
        titles = [on.page.tabs.tabText(index) for index in range(on.page.tabs.count())]
        on.page.tabs.setCurrentIndex(titles.index("Code"))
        view = on.page.tabs.currentWidget().findChild(CodeView)
        assert view is not None
        assert view.isVisible()
