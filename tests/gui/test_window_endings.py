"""However the window ends, it ends in words, and a run under way is stopped and kept."""

from __future__ import annotations

import errno
import logging
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QMessageLogContext, QtMsgType
from pytestqt.qtbot import QtBot

from engine.events.run_events import RunState
from engine.runs.store import RunStore
from gui.window import log
from gui.window.app import InterruptHook, start_log
from tests.gui.frame_fixtures import WindowStage, window_stage
from tests.gui.run_fixtures import DIGITS

HANGUP = getattr(signal, "SIGHUP", None)
posix = pytest.mark.skipif(HANGUP is None, reason="Windows has no terminals that hang up")


@pytest.fixture
def on(qtbot: QtBot, tmp_path: Path) -> Iterator[WindowStage]:
    with window_stage(qtbot, tmp_path) as made:
        yield made


@posix
@pytest.mark.parametrize("name", ["SIGHUP", "SIGINT", "SIGTERM"])
def test_a_signal_stops_and_keeps(on: WindowStage, qtbot: QtBot, name: str) -> None:
    number = getattr(signal, name)
    training = on.controller.training
    on.engine.hold_after_epoch = 2
    on.controller.drafts.set_draft(DIGITS)
    with qtbot.waitSignal(training.state_changed, check_params_cb=lambda s: s is RunState.RUNNING):
        on.controller.start()
    run = str(training.run)
    hook = InterruptHook(on.window)
    hook.install()
    with qtbot.waitSignal(on.window.finished):
        os.kill(os.getpid(), number)
    hook.uninstall()
    assert hook.number == number
    with RunStore(on.engine.workspace) as store:
        assert [record.id for record in store.runs()] == [run]
        assert store.get(run).state is RunState.STOPPED


class TestTheDisplay:
    @pytest.fixture
    def left(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def leave(code: int) -> None:
            raise SystemExit(code)

        monkeypatch.setattr(log.os, "_exit", leave)
        # It closes what others in this process still write to.
        monkeypatch.setattr(log.logging, "shutdown", lambda: None)

    @pytest.mark.parametrize(
        "text",
        [
            "The X11 connection broke (error 1). Did the X11 server die?",
            "The Wayland connection broke. Did the Wayland compositor die?",
            "The Wayland connection experienced a fatal error: Broken pipe",
        ],
    )
    @pytest.mark.usefixtures("left")
    def test_it_is_gone(self, text: str, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit) as caught:
            log._on_message(QtMsgType.QtWarningMsg, QMessageLogContext(), text)
        assert caught.value.code == 1
        assert capsys.readouterr().err.startswith("Error: The display is gone")

    @pytest.mark.usefixtures("left")
    def test_what_qt_cannot_go_on_after(self, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit):
            log._on_message(QtMsgType.QtFatalMsg, QMessageLogContext(), "no plugin")
        assert "The window cannot go on. Received: no plugin" in capsys.readouterr().err

    def test_anything_else_goes_into_the_log(self, caplog: pytest.LogCaptureFixture) -> None:
        log._on_message(QtMsgType.QtWarningMsg, QMessageLogContext(), "a warning of Qt")
        assert "a warning of Qt" in caplog.text


class TestTheLog:
    def test_a_full_disk_is_no_matter(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def write(_text: str) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

        path = start_log(tmp_path)
        handler = logging.getLogger().handlers[-1]
        assert isinstance(handler, logging.FileHandler)
        monkeypatch.setattr(handler.stream, "write", write, raising=False)
        logging.getLogger("of").warning("Said")
        assert capsys.readouterr().err == ""
        assert "Said" not in str(path and path.read_text(encoding="utf-8"))

    @pytest.mark.skipif(sys.platform == "win32", reason="a pipe of POSIX")
    def test_a_pipe_in_its_place_is_not_waited_for(self, tmp_path: Path) -> None:
        (tmp_path / "logs").mkdir()
        os.mkfifo(tmp_path / "logs" / "window.log")
        assert start_log(tmp_path) is None

    def test_a_name_begins_no_line_of_its_own(self, tmp_path: Path) -> None:
        path = start_log(tmp_path)
        assert path is not None
        logging.getLogger("of").warning("Opened %s", "a\n2026-01-01 1 ERROR of: forged\x1b[2J")
        last = path.read_text(encoding="utf-8").splitlines()[-1]
        assert last.endswith(r"Opened a\n2026-01-01 1 ERROR of: forged\x1b[2J")
