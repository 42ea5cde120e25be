"""The window within what the screen leaves it."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QRect, QSize
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from gui.window import screen_fit


def beyond(window: QWidget) -> QRect:
    """A place that is larger than the screen leaves."""
    room = window.screen().availableGeometry()
    window.setGeometry(QRect(room.topLeft(), room.size() + QSize(50, 50)))
    return window.geometry()


def test_a_window_becomes_no_larger_than_the_screen(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    beyond(window)
    screen_fit.fit_to_screen(window)
    room = window.screen().availableGeometry()
    assert window.size().boundedTo(room.size()) == window.size()


@pytest.mark.parametrize("state", ["isMaximized", "isFullScreen"])
def test_where_the_system_has_placed_it_it_stays(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    place = beyond(window)
    monkeypatch.setattr(window, state, lambda: True, raising=False)
    screen_fit.fit_to_screen(window)
    assert window.geometry() == place
