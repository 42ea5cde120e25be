"""Guards for every test of the window: its own settings and workspace, and nothing left behind."""

from __future__ import annotations

import gc
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QSettings, QStandardPaths, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from engine.runs.workspace import ENVIRONMENT_VARIABLE
from gui.state.messages import Message, Messages
from tests.gui import left_ticking
from tests.gui.spoken import SpokenMessages

# Before the first window: tests need no display, and show nothing on one.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

_NO_KEY = Qt.KeyboardModifier.NoModifier
PATIENCE_MS = 120_000
"""Waited by default for what shall happen: a busy machine is no fault of the window's."""


left_ticking.record_starts()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "expects_messages: the window may warn in this test, whatever it says."
    )
    for wait in (QtBot.waitUntil, QtBot.waitSignal, QtBot.waitSignals):
        wait.__kwdefaults__["timeout"] = PATIENCE_MS


@pytest.fixture(autouse=True)
def private_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Settings and workspace live in the test's temporary folder."""
    QStandardPaths.setTestModeEnabled(True)
    settings = tmp_path / "settings"
    for form in (QSettings.Format.IniFormat, QSettings.Format.NativeFormat):
        QSettings.setPath(form, QSettings.Scope.UserScope, str(settings))
    monkeypatch.setenv(ENVIRONMENT_VARIABLE, str(tmp_path / "workspace"))
    return tmp_path


@pytest.fixture(autouse=True)
def garbage_stays_in_its_thread() -> Iterator[None]:
    """Widgets in cycles are collected here alone, as `gui.threads.garbage` does it."""
    gc.disable()
    # What the test before was given lives until it is over: whole windows, dressed anew each time.
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    gc.collect()
    gc.freeze()  # what is loaded by now need not be looked through after each test
    yield
    gc.enable()


@pytest.fixture(autouse=True)
def nothing_left_ticking(
    request: pytest.FixtureRequest, garbage_stays_in_its_thread: None
) -> Iterator[None]:
    """A thread or a timer of Qt that outlives its test fails it."""
    left_ticking.forget()
    yield
    request.node.funcargs.clear()  # what the test was given would live a moment longer
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    gc.collect()
    left = [*left_ticking.threads(), *left_ticking.timers()]
    if left:
        pytest.fail("\n".join(["Left running by the test:", *left]), pytrace=False)


@pytest.fixture(autouse=True)
def no_key_is_held() -> Iterator[None]:
    """Qt believes that a key such as Ctrl, which a test pressed, is held until the next event.

    In the test after it, to select a row would be to add it to what is selected.
    """
    yield
    if QGuiApplication.instance() and QGuiApplication.keyboardModifiers() != _NO_KEY:
        QTest.keyRelease(QWidget(), Qt.Key.Key_Control, _NO_KEY)


@pytest.fixture(autouse=True)
def spoken(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SpokenMessages]:
    """Records every message; a warning or an error that no test takes fails the test.

    A test that expects them asks for this fixture and takes them, or is marked
    ``expects_messages``.
    """
    said = SpokenMessages()
    show = Messages._show

    def record(self: Messages, message: Message, action: object) -> None:
        said.append(message)
        show(self, message, action)  # type: ignore[arg-type]

    monkeypatch.setattr(Messages, "_show", record)
    yield said
    if request.node.get_closest_marker("expects_messages") is None:
        unexpected = [f"{m.level}: {m.text} {m.details}" for m in said if m.level != "info"]
        assert not unexpected, f"Unexpected messages: {unexpected}"


@pytest.fixture(autouse=True)
def log_is_put_back() -> Iterator[None]:
    """Handlers that a test adds to the log are closed, so that no file stays open."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    yield
    for handler in [handler for handler in root.handlers if handler not in before]:
        root.removeHandler(handler)
        handler.close()
    root.setLevel(level)
