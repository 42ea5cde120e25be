"""A long run that ends is told of where the window is not in front, and only there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, Qt, QUrl, Signal
from pytestqt.qtbot import QtBot

from engine.events.run_events import RunState
from gui.guide.html import FIELD, PAGE
from gui.style.theme import current_theme
from gui.window.about_sheet import AboutSheet
from gui.window.page_sheet import PageSheet
from gui.window.run_attention import NOTIFY, SOUND, RunAttention
from gui.window.settings_sheet import SettingsSheet
from tests.gui.frame_fixtures import WindowStage, window_stage
from tests.gui.run_fixtures import DIGITS


@pytest.fixture
def on(qtbot: QtBot, tmp_path: Path) -> Iterator[WindowStage]:
    with window_stage(qtbot, tmp_path) as made:
        yield made


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    told: list[tuple[str, str]] = []
    monkeypatch.setattr(RunAttention, "tell", lambda _, title, text: told.append((title, text)))
    return told


def train(on: WindowStage) -> None:
    on.controller.drafts.set_draft(DIGITS)
    on.qtbot.waitUntil(lambda: on.controller.drafts.model is not None)
    changed = on.controller.training.state_changed
    with on.qtbot.waitSignal(changed, check_params_cb=lambda state: state is RunState.FINISHED):
        on.controller.start()


@pytest.mark.parametrize(
    ("length", "is_in_front", "is_wanted", "is_told"),
    [
        (0.0, False, True, True),
        (0.0, True, True, False),
        (0.0, False, False, False),
        (1e9, False, True, False),
    ],
    ids=["long", "in front", "unwanted", "short"],
)
def test_who_is_told(
    on: WindowStage,
    told: list[tuple[str, str]],
    monkeypatch: pytest.MonkeyPatch,
    length: float,
    is_in_front: bool,
    is_wanted: bool,
    is_told: bool,
) -> None:
    monkeypatch.setattr("gui.window.run_attention.LONG_S", length)
    monkeypatch.setattr(type(on.window), "isActiveWindow", lambda _: is_in_front)
    on.window.settings.set(NOTIFY, is_wanted)
    train(on)
    assert len(told) == is_told
    if is_told:
        started = on.controller.training.started
        assert started is not None
        assert told[0][0] == started.name


def test_nothing_breaks_where_the_system_has_no_place_for_it(on: WindowStage) -> None:
    on.window.settings.set(SOUND, True)
    on.window.attention.tell("A run", "All epochs are done.")
    on.window.attention._on_application_state(Qt.ApplicationState.ApplicationActive)


class Tray(QObject):
    """A place for small pictures, as most desktops have one."""

    messageClicked = Signal()  # noqa: N815 - as Qt calls it
    activated = Signal(object)
    isSystemTrayAvailable = staticmethod(lambda: True)  # noqa: N815
    supportsMessages = staticmethod(lambda: True)  # noqa: N815

    def __init__(self, _icon: object, parent: QObject) -> None:
        super().__init__(parent)
        self.is_shown, self.said = False, []

    def show(self) -> None:
        self.is_shown = True

    def hide(self) -> None:
        self.is_shown = False

    def showMessage(self, title: str, text: str, _icon: object) -> None:
        self.said.append((title, text))


@pytest.mark.qt_log_ignore("does not support raise", extend=True)
def test_the_system_tells_it_until_somebody_is_back(
    on: WindowStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gui.window.run_attention.QSystemTrayIcon", Tray)
    attention = on.window.attention
    for text in ("All epochs are done.", "Stopped by you."):
        attention.tell("A run", text)
    (tray,) = attention.findChildren(Tray)
    assert tray.is_shown
    assert tray.said == [("A run", "All epochs are done."), ("A run", "Stopped by you.")]
    on.window.showMinimized()
    tray.messageClicked.emit()
    assert not on.window.isMinimized()
    attention._on_application_state(Qt.ApplicationState.ApplicationActive)
    assert not tray.is_shown


class TestSheets:
    def test_the_page_sheet_follows_and_leads_on(self, on: WindowStage) -> None:
        on.window.sheets.show_page_help()
        sheet = on.window.sheets.open_sheets["page"]
        assert isinstance(sheet, PageSheet)
        first = sheet.windowTitle()
        sheet.show_page("runs")
        assert sheet.windowTitle() != first
        asked: list[str] = []
        sheet.field_requested.connect(asked.append)
        sheet.browser.anchorClicked.emit(QUrl(f"{FIELD}:training.epochs"))
        assert asked == ["training.epochs"]
        sheet.browser.anchorClicked.emit(QUrl(f"{PAGE}:steering"))
        assert sheet.windowTitle() not in ("", first)
        sheet.show_page("train")
        sheet.close()

    def test_settings_hold_at_once_and_are_remembered(self, on: WindowStage) -> None:
        on.window.show_settings()
        sheet = on.window.findChild(SettingsSheet)
        assert sheet.notify.isChecked()
        assert not sheet.sound.isChecked()
        sheet.sound.click()
        assert on.window.settings.get(SOUND, False)
        sheet.notify.click()
        assert not on.window.settings.get(NOTIFY, True)
        assert not sheet.sound.isEnabled()
        sheet.mode.setCurrentIndex(sheet.mode.findData("dark"))
        sheet.mode.activated.emit(sheet.mode.currentIndex())
        assert current_theme().mode == "dark"
        assert on.window.settings.get("theme/mode", "") == "dark"
        on.window.theme_switch.choose("system")
        sheet.close()

    def test_about_says_where_everything_lies(self, on: WindowStage, tmp_path: Path) -> None:
        on.window.sheets.show_about()
        sheet = on.window.sheets.open_sheets["about"]
        assert isinstance(sheet, AboutSheet)
        paths = [row.path for row in sheet.paths]
        assert paths[:2] == [on.controller.workspace, tmp_path / "window.log"]
        on.window.sheets.show_about()
        assert on.window.sheets.open_sheets == {}
