"""Help: the menu at the foot of the window, what is new, and when that is offered."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QByteArray, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu, QWidget
from pytestqt.qtbot import QtBot

from engine import __version__
from gui.guide.pages import read_page
from gui.pages.model.model_page import ModelPage
from gui.state.messages import Messages
from gui.state.settings import Settings
from gui.style.theme import RESOURCES, current_theme
from gui.window.help_button import HelpButton
from gui.window.help_sheets import VERSION_SETTING, HelpSheets
from gui.window.news_sheet import CHANGELOG, NewsSheet
from tests.gui.frame_fixtures import WindowStage, window_stage
from tests.gui.spoken import SpokenMessages


@pytest.fixture
def on(qtbot: QtBot, tmp_path: Path) -> Iterator[WindowStage]:
    with window_stage(qtbot, tmp_path) as made:
        yield made


@pytest.fixture
def sheets(qtbot: QtBot) -> HelpSheets:
    current_theme().apply()
    parent = QWidget()
    qtbot.addWidget(parent)
    places = Path("runs"), Path("runs") / "window.log"
    return HelpSheets(parent, list, lambda: "data", Settings(), places)


def texts(menu: QMenu) -> list[str]:
    return [action.text().partition("\t")[0] for action in menu.actions() if action.text()]


def offer(sheets: HelpSheets, settings: Settings) -> Messages:
    messages = Messages()
    sheets.offer_news(messages)
    return messages


class TestMenu:
    def test_it_holds_everything_that_explains_the_program(self, qtbot: QtBot) -> None:
        current_theme().apply()
        button = HelpButton()
        qtbot.addWidget(button)
        shown = texts(button.menu())
        for text in (
            "About this page",
            "About this architecture",
            "Overfitting",
            "Keyboard shortcuts",
            "What's new",
        ):
            assert text in shown
        assert shown[-1] == f"About Descent {__version__}"
        assert button.about.isEnabled()

    def test_every_page_it_names_is_written(self, qtbot: QtBot) -> None:
        current_theme().apply()
        button = HelpButton()
        qtbot.addWidget(button)
        asked: list[str] = []
        button.guide_requested.connect(asked.append)
        for action in button.menu().actions():
            action.trigger()
        assert asked[0] == ""
        assert len(asked) == 8
        assert all(read_page(name, "en") for name in asked[1:])

    # Said of every menu by the offscreen platform.
    @pytest.mark.qt_log_ignore("This plugin does not support", extend=True)
    def test_its_key_opens_it_and_a_page_is_picked_without_a_pointer(self, on: WindowStage) -> None:
        on.window.activateWindow()
        on.qtbot.waitUntil(on.window.isActiveWindow)
        QTest.keyClick(on.window, Qt.Key.Key_H, Qt.KeyboardModifier.AltModifier)
        menu = on.window.rail.help.menu()
        on.qtbot.waitUntil(menu.isVisible)
        assert menu.activeAction() is menu.actions()[0]
        for _ in range(2):
            QTest.keyClick(menu, Qt.Key.Key_Down)
        QTest.keyClick(menu, Qt.Key.Key_Return)
        assert not menu.isVisible()
        page = on.window.pages["model"]
        assert isinstance(page, ModelPage)
        assert page.about is not None
        assert page.about.name == "overfitting"


class TestWhatsNew:
    def test_it_is_shown_beside_the_window_and_put_away(self, on: WindowStage) -> None:
        on.window.rail.help.news_requested.emit()
        sheet = on.window.sheets.open_sheets["news"]
        assert isinstance(sheet, NewsSheet)
        assert sheet.isVisible()
        assert __version__ in sheet.browser.toPlainText()
        assert "PySide6" in sheet.versions.text()
        QTest.keyClick(sheet.browser, Qt.Key.Key_Escape)
        assert on.window.sheets.open_sheets == {}
        on.window.sheets.show_news()
        on.window.sheets.show_news()
        assert on.window.sheets.open_sheets == {}

    def test_its_colours_follow_the_theme(self, sheets: HelpSheets) -> None:
        sheets.show_news()
        sheet = sheets.open_sheets["news"]
        assert isinstance(sheet, NewsSheet)
        theme = current_theme()
        try:
            theme.set_mode("dark")
            theme.apply()
            assert theme.palette.text in sheet.browser.toHtml()
        finally:
            theme.set_mode("system")
            theme.apply()

    def test_the_changelog_begins_with_this_version_and_falls(self) -> None:
        text = CHANGELOG.read_text(encoding="utf-8")
        assert RESOURCES in CHANGELOG.parents
        found = re.findall(r"^## (\d+)\.(\d+)\.(\d+)$", text, re.MULTILINE)
        assert ".".join(found[0]) == __version__
        assert found == sorted(found, reverse=True)
        assert len(re.findall(r"^## ", text, re.MULTILINE)) == len(found)


class TestOffer:
    def test_a_first_start_is_no_update(self, sheets: HelpSheets, spoken: SpokenMessages) -> None:
        settings = Settings()
        offer(sheets, settings)
        assert spoken == []
        assert settings.get(VERSION_SETTING, "") == __version__

    @pytest.mark.parametrize("before", ["", "0.1.0", "0.1.9"])
    def test_after_an_update_it_is_offered_once(
        self, sheets: HelpSheets, spoken: SpokenMessages, before: str
    ) -> None:
        settings = Settings()
        settings.set_bytes("window/geometry", QByteArray(b"closed once"))
        if before:
            settings.set(VERSION_SETTING, before)
        offer(sheets, settings)
        message = spoken.take("info")
        assert message.text == f"Descent was updated to version {__version__}."
        assert message.action_text == "What's new"
        offer(sheets, settings)
        assert spoken == []

    @pytest.mark.parametrize("before", [__version__, "99.0.0"])
    def test_the_same_version_or_a_newer_one_before_has_nothing_to_tell(
        self, sheets: HelpSheets, spoken: SpokenMessages, before: str
    ) -> None:
        settings = Settings()
        settings.set(VERSION_SETTING, before)
        offer(sheets, settings)
        assert spoken == []

    def test_its_button_opens_what_is_new(
        self, qtbot: QtBot, sheets: HelpSheets, spoken: SpokenMessages
    ) -> None:
        settings = Settings()
        settings.set(VERSION_SETTING, "0.1.0")
        messages = offer(sheets, settings)
        messages.newest.act()
        assert sheets.open_sheets["news"].isVisible()
