"""Fixtures that show a plot in a window, in the light theme."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QVBoxLayout, QWidget

from gui.style.theme import current_theme


@pytest.fixture(autouse=True)
def theme(qapp):
    theme = current_theme()
    theme.set_mode("light")
    theme.apply()
    yield theme
    theme.set_mode("light")


@pytest.fixture
def show(qtbot):
    """Shows a plot in a window, so that it redraws."""
    windows = []

    def show(plot: QWidget, width: int = 640, height: int = 400) -> QWidget:
        window = QWidget()
        windows.append(window)
        qtbot.addWidget(window)
        layout = QVBoxLayout(window)
        layout.addWidget(plot)
        window.resize(width, height)
        window.show()
        return plot

    yield show
    windows.clear()
