"""A bar moves by itself only while nobody knows how far something is."""

from __future__ import annotations

import ast
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QEvent
from pytestqt.qtbot import QtBot

import gui
from gui.style.theme import current_theme
from gui.widgets.progress_bar import ProgressBar


def goes_on(bar: ProgressBar) -> bool:
    """What the style's animation asks before each picture; who does not accept ends it."""
    event = QEvent(QEvent.Type.StyleAnimationUpdate)
    QCoreApplication.sendEvent(bar, event)
    return event.isAccepted()


def test_it_moves_only_while_nothing_is_known(qtbot: QtBot) -> None:
    current_theme().apply()
    bar = ProgressBar()
    qtbot.addWidget(bar)
    with qtbot.waitExposed(bar):
        bar.show()
    bar.setRange(0, 0)
    assert goes_on(bar)
    bar.setRange(0, 10_000)
    bar.setValue(5)  # too short to be drawn: Qt itself would go on for ever
    assert not goes_on(bar)
    bar.setRange(0, 0)
    assert goes_on(bar)


def test_no_other_bar_is_used() -> None:
    for path in Path(gui.__file__).parent.rglob("*.py"):
        if path.name == "progress_bar.py":
            continue
        names = {
            alias.name
            for node in ast.walk(ast.parse(path.read_text("utf-8")))
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }
        assert "QProgressBar" not in names, path
