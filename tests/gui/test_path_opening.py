"""Files that the window is given: at the start, by the system, and while it is still opening."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QUrl
from PySide6.QtGui import QFileOpenEvent
from pytestqt.qtbot import QtBot

import main
from gui.state.controller import Controller
from gui.state.settings import Settings
from gui.style.theme import current_theme
from gui.window import app
from gui.window.main_window import MainWindow
from gui.window.path_opening import Application, PathOpener
from tests.gui.fake_engine import FakeEngine
from tests.gui.frame_fixtures import Machine


class FakePage:
    def __init__(self) -> None:
        self.opened: list[str] = []

    def open_path(self, path: str) -> None:
        self.opened.append(path)


@pytest.fixture
def pages() -> dict[str, FakePage]:
    return {"data": FakePage(), "runs": FakePage()}


class TestPathOpener:
    def test_what_comes_early_waits_for_the_pages(self, qapp, pages):
        empty: dict[str, FakePage] = {}
        opener, shown = PathOpener(empty), []
        opener.page_requested.connect(shown.append)
        opener.open("/data/iris.csv")
        opener.open("/runs/a.descent")
        assert shown == []
        empty.update(pages)
        opener.open_waiting()
        assert (shown, pages["runs"].opened) == (["runs"], ["/runs/a.descent"])
        opener.open("/data/iris.csv")
        assert (shown[1:], pages["data"].opened) == (["data"], ["/data/iris.csv"])

    def test_nothing_waits(self, qapp, pages):
        opener, shown = PathOpener(pages), []
        opener.page_requested.connect(shown.append)
        opener.open_waiting()
        assert shown == []


def test_a_window_opens_what_it_was_given_once_it_is_there(qtbot: QtBot, tmp_path: Path) -> None:
    current_theme().apply()
    engine = FakeEngine(tmp_path / "workspace")
    controller = Controller(engine.workspace, engine, Machine)
    window = MainWindow(controller, Settings())
    qtbot.addWidget(window)
    path = tmp_path / "people.csv"
    path.write_text("age,class\n1,a\n", "utf-8")
    window.opener.open(str(path))
    with qtbot.waitSignal(controller.drafts.profile_changed, check_params_cb=bool):
        window.show()
        window.open()
    assert window.current_page == "data"
    assert controller.drafts.draft.source == str(path)
    with qtbot.waitSignal(window.finished):
        window.close()


def test_the_system_may_ask_for_a_file(qapp, monkeypatch):
    """As macOS does, by an event to the application."""
    told = []

    class Listening:
        file_opened = type("", (), {"emit": staticmethod(told.append)})

    event = QFileOpenEvent(QUrl.fromLocalFile("/runs/a.descent"))
    assert Application.event(Listening, event) is True
    assert told == ["/runs/a.descent"]


class TestTheCommandLine:
    @pytest.mark.parametrize(
        "arguments",
        [
            [],
            ["--workspace", "/runs"],
            ["--workspace=/runs"],
            ["moons.descent"],
            ["./photos"],
            ["/data/iris.csv"],
            ["~/iris.csv"],
            ["C:\\Users\\me\\moons.descent"],
        ],
    )
    def test_it_is_for_the_window(self, arguments):
        assert main._is_for_window(arguments)

    @pytest.mark.parametrize(
        "arguments", [["train", "--data", "./iris.csv"], ["--version"], ["--help"], ["-h"]]
    )
    def test_it_is_a_command(self, arguments):
        assert not main._is_for_window(arguments)

    def test_no_command_looks_like_a_file(self):
        from engine.cli.parser import build_parser

        (commands,) = [item.choices for item in build_parser()._actions if item.choices]
        assert len(commands) > 10
        assert not [name for name in commands if main._is_for_window([name])]

    def test_a_path_is_absolute_whatever_stands_before_it(self, monkeypatch, tmp_path):
        monkeypatch.chdir(tmp_path)
        for words in (["a b.descent", "--workspace", "runs"], ["--workspace=runs", "a b.descent"]):
            options = app._parse(words)
            assert options.path == tmp_path / "a b.descent"
            assert options.workspace == tmp_path / "runs"
        assert app._parse([]).path is None
