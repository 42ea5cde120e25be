"""Pages are imported while the window answers, and a window that closes meanwhile waits for it."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from pytestqt.qtbot import QtBot

from gui.pages.shared.page import Page
from gui.state.controller import Controller
from gui.state.settings import Settings
from gui.style.theme import current_theme
from gui.window import page_loading
from gui.window.main_window import MainWindow
from gui.window.page_list import PAGES, page_class
from gui.window.page_loading import PageLoading
from tests.gui.fake_engine import FakeEngine, FakeSampler


def test_nothing_is_imported_in_the_gui_thread(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: dict[str, threading.Thread] = {}

    def noting(name: str) -> type[Page]:
        threads[name] = threading.current_thread()
        return page_class(name)

    monkeypatch.setattr(page_loading, "page_class", noting)
    loading = PageLoading(lambda: "runs")
    said: list[str] = []
    loading.catalogue_loaded.connect(lambda: said.append("catalogue"))
    loading.page_loaded.connect(said.append)
    with qtbot.waitSignals([loading.all_loaded, loading.ended], order="strict"):
        loading.open()
    assert said == ["catalogue", "runs", *(name for name in PAGES if name != "runs")]
    assert set(threads) == set(PAGES)
    assert threading.main_thread() not in threads.values()
    assert not loading.is_running


def test_what_cannot_be_imported_holds_nothing_up(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(name: str) -> type[Page]:
        raise ImportError(f"{name} is not whole")

    monkeypatch.setattr(page_loading, "page_class", broken)
    loading = PageLoading(lambda: "data")
    said: list[str] = []
    loading.page_loaded.connect(said.append)
    with qtbot.waitSignals([loading.all_loaded, loading.ended]):
        loading.open()
    assert said == list(PAGES)
    assert "data is not whole" in caplog.text


def test_a_window_that_closes_waits_for_what_is_being_imported(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_begun, may_go_on = threading.Event(), threading.Event()

    def held(name: str) -> type[Page]:
        is_begun.set()
        may_go_on.wait()
        return page_class(name)

    monkeypatch.setattr(page_loading, "page_class", held)
    current_theme().apply()
    controller = Controller(tmp_path, FakeEngine(tmp_path), FakeSampler)
    window = MainWindow(controller, Settings())
    window.show()
    window.open()
    try:
        qtbot.waitUntil(is_begun.is_set)
        with qtbot.waitSignal(controller.closed):
            window.close_now()
        assert not window.is_finished
    finally:
        may_go_on.set()
    qtbot.waitUntil(lambda: window.is_finished)
    assert not window.pages
    window.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
