"""Guards for every test of the window: its own settings and workspace, and nothing left behind."""

from __future__ import annotations

import gc
import logging
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import shiboken6
from PySide6.QtCore import QCoreApplication, QEvent, QSettings, QStandardPaths, QThread
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from engine.runs.workspace import ENVIRONMENT_VARIABLE
from gui.state.messages import Message, Messages
from tests.gui.spoken import SpokenMessages

# Before the first window: tests need no display, and show nothing on one.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

THREAD_PATIENCE_S = 5.0
PATIENCE_MS = 30_000
"""Waited by default for what shall happen: a busy machine is no fault of the window's."""


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
    gc.collect()
    gc.enable()


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
def nothing_left_running(private_folders: Path) -> Iterator[None]:
    """A thread or process that outlives its test fails it."""
    threads_before = set(threading.enumerate())
    processes_before = set(psutil.Process().children(recursive=True))
    yield
    for thread in set(threading.enumerate()) - threads_before:
        if isinstance(thread, threading._DummyThread):  # Python's view of a Qt thread; see below
            continue
        thread.join(THREAD_PATIENCE_S)
        assert not thread.is_alive(), f"The thread {thread.name!r} is still running."
    running = [thread for thread in _qt_threads() if thread.isRunning()]
    assert not running, f"Threads still running: {[t.objectName() for t in running]}"
    left = set(psutil.Process().children(recursive=True)) - processes_before
    _, alive = psutil.wait_procs(left, timeout=THREAD_PATIENCE_S)
    # Python's own helpers that begin processes live as long as the tests do.
    alive = [process for process in alive if not _is_helper(" ".join(_command(process)))]
    assert not alive, f"Processes still running: {alive}"


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


def _qt_threads() -> list[QThread]:
    main = QApplication.instance().thread() if QApplication.instance() else None
    found: list[QThread] = []
    for item in gc.get_objects():
        if isinstance(item, QThread) and shiboken6.isValid(item) and item is not main:
            found.append(item)
    return [thread for thread in found if QThread.currentThread() is not thread]


def _is_helper(command: str) -> bool:
    return "resource_tracker" in command or "multiprocessing.forkserver" in command


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []
