"""A file that a second start was given: the open window takes it, and nobody else's words."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtNetwork import QLocalSocket
from pytestqt.qtbot import QtBot

from engine.events.messages import Rejected
from gui.state.controller import Controller
from gui.state.settings import Settings
from gui.style.theme import current_theme
from gui.window import app, single_instance
from gui.window.main_window import MainWindow
from gui.window.single_instance import InstanceServer, hand_over, server_name
from tests.gui.fake_engine import FakeEngine
from tests.gui.frame_fixtures import Machine

ROOT = Path(__file__).parents[2]


@pytest.fixture
def server(qapp, tmp_path):
    found = InstanceServer(tmp_path)
    yield found
    found.close()


_SECOND_START = """
import sys
from pathlib import Path
from gui.window.single_instance import hand_over
sys.exit(0 if hand_over(*map(Path, sys.argv[1:])) else 1)
"""


def another_gives(qtbot: QtBot, workspace: Path, path: Path) -> bool:
    """Whether what another program gives is taken, while this one's event loop turns."""
    words = [sys.executable, "-c", _SECOND_START, str(workspace), str(path)]
    other = subprocess.Popen(words, cwd=ROOT)
    qtbot.waitUntil(lambda: other.poll() is not None, timeout=60_000)
    return other.returncode == 0


def test_what_is_given_is_opened(qtbot: QtBot, server: InstanceServer, tmp_path: Path) -> None:
    given: list[str] = []
    server.path_given.connect(given.append)
    assert another_gives(qtbot, tmp_path, tmp_path / "日 本\n.csv")
    assert given == [str(tmp_path / "日 本\n.csv")]


def test_nobody_is_there(qapp, tmp_path: Path, server: InstanceServer) -> None:
    assert not hand_over(tmp_path / "another", tmp_path / "a.descent")
    server.close()
    assert not hand_over(tmp_path, tmp_path / "a.descent")


def test_one_that_does_not_answer_is_not_waited_for(
    qapp, server: InstanceServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(single_instance, "_ANSWER_MS", 50)
    assert not hand_over(tmp_path, tmp_path / "a.descent")  # its event loop stands still


def test_what_a_killed_window_left_is_no_hindrance(qtbot: QtBot, tmp_path: Path) -> None:
    left, again = InstanceServer(tmp_path), InstanceServer(tmp_path)
    given: list[str] = []
    again.path_given.connect(given.append)
    assert another_gives(qtbot, tmp_path, tmp_path / "a.csv")
    assert given == [str(tmp_path / "a.csv")]
    left.close()
    again.close()


@pytest.mark.parametrize(
    "message",
    [
        b"\xff\xfe\n",
        b"open\n",
        b"[1]\n",
        json.dumps({"open": 3}).encode() + b"\n",
        json.dumps({"open": "relative.csv"}).encode() + b"\n",
        b"[" * 60_000 + b"\n",
        b"x" * 200_000,
    ],
)
def test_other_words_are_refused(
    qtbot: QtBot, server: InstanceServer, tmp_path: Path, message: bytes
) -> None:
    given: list[str] = []
    server.path_given.connect(given.append)
    client = QLocalSocket()
    client.connectToServer(server_name(tmp_path))
    with qtbot.waitSignal(client.disconnected):
        client.write(message)
    assert client.readAll().data() == b""
    assert given == []


def test_names_are_of_one_user_and_one_workspace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = server_name(tmp_path)
    assert server_name(tmp_path / "x" / "..") == ours
    assert server_name(tmp_path / "x") != ours
    monkeypatch.setattr("getpass.getuser", lambda: "somebody")
    assert server_name(tmp_path) != ours


@pytest.mark.expects_messages
@pytest.mark.parametrize("has_workspace", [True, False])
def test_the_window_that_has_the_workspace_listens(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_workspace: bool
) -> None:
    current_theme().apply()
    engine = FakeEngine(tmp_path / "workspace")
    controller = Controller(engine.workspace, engine, Machine)
    window = MainWindow(controller, Settings())
    qtbot.addWidget(window)
    if not has_workspace:
        monkeypatch.setattr(Controller, "lock_problem", Rejected("Another window has it.", ""))
    raised: list[MainWindow] = []
    monkeypatch.setattr(MainWindow, "raise_", lambda it: raised.append(it))
    instance = app.Instance(tmp_path / "workspace", window)
    with qtbot.waitSignal(window.pages_built):
        window.show()
        window.open()
    path = tmp_path / "people.csv"
    path.write_text("age,class\n1,a\n", "utf-8")
    assert another_gives(qtbot, tmp_path / "workspace", path) is has_workspace
    assert raised == ([window] if has_workspace else [])
    if has_workspace:
        assert controller.drafts.draft.source == str(path)
    instance.close()
    with qtbot.waitSignal(window.finished):
        window.close()


def test_a_second_start_makes_no_window(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[tuple[Path, Path]] = []
    monkeypatch.setattr(
        single_instance, "hand_over", lambda *paths: asked.append(paths) is None or True
    )
    monkeypatch.setattr(app, "MainWindow", None)  # making one would fail
    path = tmp_path / "a.descent"
    assert app.main(["--workspace", str(tmp_path), str(path)]) == 0
    assert asked == [(tmp_path, path)]
