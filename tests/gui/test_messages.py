"""Messages: what was said stays readable, can be acted on, copied and dismissed."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QPlainTextEdit, QPushButton, QToolButton
from pytestqt.qtbot import QtBot

from gui.state.messages import MAX_SHOWN, Messages
from gui.window.app import ErrorHook
from tests.gui.spoken import SpokenMessages

pytestmark = pytest.mark.expects_messages


@pytest.fixture
def messages(qtbot: QtBot) -> Messages:
    made = Messages(Path("logs") / "window.log")
    qtbot.addWidget(made)
    return made


def button(messages: Messages, text: str) -> QPushButton:
    found = [b for b in messages.bars[0].findChildren(QPushButton) if b.text() == text]
    assert len(found) == 1
    return found[0]


def test_it_takes_no_room_while_there_is_nothing_to_say(messages: Messages) -> None:
    assert messages.isHidden()
    messages.show_info("Saved.")
    assert not messages.isHidden()
    messages.dismiss_newest()
    assert messages.isHidden()


def test_everything_said_is_remembered(messages: Messages) -> None:
    messages.show_info("One.")
    messages.show_warning("Two.", "A hint.")
    messages.show_error("Three.", "Another.", "Traceback")
    said = [(m.level, m.text, m.hint, m.details) for m in messages.history]
    assert said == [
        ("info", "One.", "", ""),
        ("warning", "Two.", "A hint.", ""),
        ("error", "Three.", "Another.", "Traceback"),
    ]


def test_the_newest_is_on_top_and_the_oldest_make_room(messages: Messages) -> None:
    for number in range(MAX_SHOWN + 2):
        messages.show_warning(f"Number {number}.")
    shown = [bar.message.text for bar in messages.bars]
    assert shown == [f"Number {n}." for n in range(MAX_SHOWN + 1, 1, -1)]


def test_the_same_thing_is_shown_once(messages: Messages) -> None:
    messages.show_warning("Again.")
    messages.show_warning("Again.")
    assert len(messages.bars) == 1
    assert len(messages.history) == 2


def test_an_action_is_done_once_and_takes_its_message_along(
    messages: Messages, qtbot: QtBot
) -> None:
    done: list[str] = []
    messages.show_info("Run deleted.", "Undo", lambda: done.append("undo"))
    qtbot.mouseClick(button(messages, "Undo"), Qt.MouseButton.LeftButton)
    assert done == ["undo"]
    assert messages.bars == ()


def test_what_is_lasting_cannot_be_dismissed(messages: Messages) -> None:
    messages.show_warning("Another window has the workspace.", is_lasting=True)
    messages.show_warning("Something passing.")
    assert messages.bars[1].findChildren(QToolButton) == []
    messages.dismiss_newest()
    messages.dismiss_newest()
    assert [bar.message.is_lasting for bar in messages.bars] == [True]
    messages.withdraw("Another window has the workspace.")
    assert messages.bars == ()


def test_details_unfold_and_name_the_log(messages: Messages, qtbot: QtBot) -> None:
    messages.show()
    messages.show_error("It broke.", "Try again.", "Traceback: line 1")
    details = messages.bars[0].findChild(QPlainTextEdit)
    assert details.isHidden()
    qtbot.mouseClick(button(messages, "Details"), Qt.MouseButton.LeftButton)
    assert not details.isHidden()
    assert "Traceback: line 1" in details.toPlainText()
    assert str(Path("logs") / "window.log") in details.toPlainText()


def test_everything_about_an_error_can_be_copied(messages: Messages, qtbot: QtBot) -> None:
    messages.show_error("It broke.", "Try again.", "Traceback: line 1")
    qtbot.mouseClick(button(messages, "Copy"), Qt.MouseButton.LeftButton)
    copied = QGuiApplication.clipboard().text()
    for part in ("It broke.", "Try again.", "Traceback: line 1", "window.log"):
        assert part in copied


def test_text_is_shown_as_it_is(messages: Messages) -> None:
    messages.show_error("Column '<b>age</b>' is unknown.")
    labels = [label.text() for label in messages.bars[0].findChildren(type(messages.bars[0]._icon))]
    assert "Column '<b>age</b>' is unknown." in labels


class TestUnexpectedErrors:
    def test_one_from_another_thread_is_shown_with_its_traceback(
        self, messages: Messages, qtbot: QtBot, spoken: SpokenMessages
    ) -> None:
        hook = ErrorHook(messages)
        hook.install()
        try:
            with qtbot.waitSignal(messages.shown):
                thread = threading.Thread(target=_fail, name="failing")
                thread.start()
            thread.join()
        finally:
            hook.uninstall()
        said = spoken.take("error")
        assert "ZeroDivisionError" in said.text
        assert "_fail" in said.details

    def test_it_is_logged(
        self, messages: Messages, qtbot: QtBot, caplog: pytest.LogCaptureFixture
    ) -> None:
        hook = ErrorHook(messages)
        with caplog.at_level(logging.CRITICAL), qtbot.waitSignal(messages.shown):
            try:
                _fail()
            except ZeroDivisionError as error:
                hook._on_exception(type(error), error, error.__traceback__)
        assert "ZeroDivisionError" in caplog.text


def _fail() -> None:
    _ = 1 / 0
