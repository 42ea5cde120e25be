"""Messages: what was said stays readable, can be acted on, taken back, copied and dismissed."""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QHoverEvent
from PySide6.QtWidgets import (
    QApplication,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QToolButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from gui.state.messages import KEPT, Messages
from gui.style.label import Label
from gui.window.app import ErrorHook
from gui.window.message_bar import MessageBar
from gui.window.message_bell import MessageBell
from gui.window.message_toasts import MAX_SHOWN, MessageToasts
from tests.gui.spoken import SpokenMessages

pytestmark = [
    pytest.mark.expects_messages,
    # Said by the platform without a screen of every list that pops up.
    pytest.mark.qt_log_ignore("does not support (raise|grabbing)", extend=True),
]

LOG = Path("logs") / "window.log"


@pytest.fixture
def messages() -> Messages:
    return Messages()


@pytest.fixture
def host(qtbot: QtBot) -> QWidget:
    made = QWidget()
    qtbot.addWidget(made)
    made.resize(900, 700)
    made.show()
    return made


@pytest.fixture
def toasts(messages: Messages, host: QWidget, monkeypatch: pytest.MonkeyPatch) -> MessageToasts:
    monkeypatch.setattr("gui.window.message_toasts.SETTLING_MS", 0)
    return MessageToasts(messages, host, LOG)


@pytest.fixture
def bell(messages: Messages, qtbot: QtBot) -> MessageBell:
    made = MessageBell(messages, LOG)
    qtbot.addWidget(made)
    return made


def button(bar: MessageBar, text: str) -> QPushButton:
    found = [b for b in bar.findChildren(QPushButton) if b.text() == text]
    assert len(found) == 1
    return found[0]


class _Pointer:
    """Stands where it was put."""

    def __init__(self, at: QPoint) -> None:
        self._at = at

    def pos(self) -> QPoint:
        return self._at


def hover(bar: MessageBar) -> None:
    point = QPointF(bar.width() / 2, 4)
    QApplication.sendEvent(bar, QHoverEvent(QEvent.Type.HoverMove, point, point, point))


def press(qtbot: QtBot, toasts: MessageToasts, text: str) -> None:
    bar = toasts.bars[0]
    qtbot.waitUntil(lambda: not bar.testAttribute(SEEN_THROUGH))
    qtbot.mouseClick(button(bar, text), Qt.MouseButton.LeftButton)


SEEN_THROUGH = Qt.WidgetAttribute.WA_TransparentForMouseEvents


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


class TestUndo:
    @pytest.fixture
    def undone(self, messages: Messages) -> list[str]:
        undone: list[str] = []
        for name in ("first", "second"):
            messages.show_done(f"Deleted the {name}.", lambda name=name: undone.append(name))
        return undone

    def test_the_last_thing_done_is_taken_back_first(
        self, messages: Messages, undone: list[str]
    ) -> None:
        messages.undo()
        messages.undo()
        assert undone == ["second", "first"]

    def test_it_is_not_lost_however_much_is_said_since(
        self, messages: Messages, undone: list[str]
    ) -> None:
        for number in range(3 * KEPT):
            messages.show_info(f"Number {number}.")
        messages.undo()
        assert undone == ["second"]

    def test_the_button_and_the_keys_take_back_once(
        self, messages: Messages, toasts: MessageToasts, undone: list[str], qtbot: QtBot
    ) -> None:
        messages.show_done("Deleted the third.", lambda: undone.append("third"))
        press(qtbot, toasts, "Undo")
        messages.undo()
        assert undone == ["third", "second"]

    def test_nothing_to_take_back_is_said(self, messages: Messages) -> None:
        messages.undo()
        assert messages.history[-1].text == "There is nothing to undo."

    def test_the_same_deed_done_twice_is_taken_back_twice(self, messages: Messages) -> None:
        undone: list[int] = []
        for number in range(2):
            messages.show_done("Applied.", lambda number=number: undone.append(number))
        messages.undo()
        messages.undo()
        assert undone == [1, 0]


class TestToasts:
    def test_they_move_nothing_and_do_not_move(
        self, messages: Messages, toasts: MessageToasts
    ) -> None:
        messages.show_warning("One.")
        place = toasts.bars[0].geometry()
        messages.show_warning("Two.", "A hint in many words. " * 10)
        messages.show_warning("Three.")
        first, second, third = reversed(toasts.bars)
        assert first.geometry() == place
        assert not any(
            a.geometry().intersects(b.geometry())
            for a, b in ((first, second), (second, third), (first, third))
        )
        toasts._remove(second)
        assert (first.geometry(), third.geometry().bottom()) == (place, third.geometry().bottom())

    def test_a_click_meant_for_what_lay_there_goes_to_it(
        self, messages: Messages, host: QWidget, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("gui.window.message_toasts.SETTLING_MS", 60_000)
        toasts = MessageToasts(messages, host, LOG)
        below = QPushButton("Start", host)
        pressed: list[bool] = []
        below.clicked.connect(lambda: pressed.append(True))
        below.show()
        messages.show_done("Deleted.", lambda: pytest.fail("Undone by a click meant for Start."))
        undo = button(toasts.bars[0], "Undo")
        below.setGeometry(undo.rect().translated(undo.mapTo(host, QPoint(0, 0))))
        assert host.childAt(below.geometry().center()) is below
        qtbot.mouseClick(below, Qt.MouseButton.LeftButton)
        assert pressed == [True]

    def test_more_than_fit_wait_for_room(self, messages: Messages, toasts: MessageToasts) -> None:
        for number in range(MAX_SHOWN + 2):
            messages.show_warning(f"Number {number}.")
        assert [bar.message.text for bar in toasts.bars] == ["Number 2.", "Number 1.", "Number 0."]
        assert toasts.n_waiting == 2
        toasts._remove(toasts.bars[-1])
        assert toasts.bars[0].message.text == "Number 3."

    def test_one_that_was_there_for_long_makes_room_for_one_that_waits(
        self, messages: Messages, toasts: MessageToasts, qtbot: QtBot, soon: Callable[[], None]
    ) -> None:
        soon()
        for number in range(MAX_SHOWN + 1):
            messages.show_warning(f"Number {number}.")
        qtbot.waitUntil(lambda: toasts.bars[0].message.text == f"Number {MAX_SHOWN}.")
        assert len(toasts.bars) == MAX_SHOWN

    def test_a_plain_one_goes_a_warning_stays(
        self, messages: Messages, toasts: MessageToasts, qtbot: QtBot, soon: Callable[[], None]
    ) -> None:
        soon()
        messages.show_warning("Look.")
        messages.show_info("Saved.")
        qtbot.waitUntil(lambda: len(toasts.bars) == 1)
        assert toasts.bars[0].message.text == "Look."

    def test_the_same_thing_is_shown_once(self, messages: Messages, toasts: MessageToasts) -> None:
        messages.show_warning("Again.")
        messages.show_warning("Again.")
        assert len(toasts.bars) == 1
        assert len(messages.history) == 2

    def test_an_action_is_done_once_and_takes_its_message_along(
        self, messages: Messages, toasts: MessageToasts, qtbot: QtBot
    ) -> None:
        done: list[str] = []
        messages.show_info("A run was interrupted.", "Continue", lambda: done.append("continued"))
        press(qtbot, toasts, "Continue")
        assert done == ["continued"]
        assert toasts.bars == ()

    def test_what_is_no_longer_so_is_withdrawn(
        self, messages: Messages, toasts: MessageToasts
    ) -> None:
        for number in range(MAX_SHOWN):
            messages.show_warning(f"Number {number}.")
        messages.show_warning("Another window has the workspace.", is_lasting=True)
        messages.withdraw("Another window has the workspace.")
        messages.withdraw("Number 0.")
        assert [bar.message.text for bar in toasts.bars] == ["Number 2.", "Number 1."]
        assert toasts.n_waiting == 0

    def test_details_unfold_and_name_the_log(
        self, messages: Messages, toasts: MessageToasts, qtbot: QtBot
    ) -> None:
        messages.show_error("It broke.", "Try again.", "Traceback: line 1")
        bar = toasts.bars[0]
        details = bar.findChild(QPlainTextEdit)
        assert details.isHidden()
        before = bar.height()
        press(qtbot, toasts, "Details")
        assert not details.isHidden()
        assert bar.height() > before
        assert toasts._host.rect().contains(bar.geometry())
        assert "Traceback: line 1" in details.toPlainText()
        assert str(LOG) in details.toPlainText()

    def test_everything_about_an_error_can_be_copied(
        self, messages: Messages, toasts: MessageToasts, qtbot: QtBot
    ) -> None:
        messages.show_error("It broke.", "Try again.", "Traceback: line 1")
        press(qtbot, toasts, "Copy")
        copied = QGuiApplication.clipboard().text()
        for part in ("It broke.", "Try again.", "Traceback: line 1", "window.log"):
            assert part in copied

    def test_text_is_shown_as_it_is(self, messages: Messages, toasts: MessageToasts) -> None:
        messages.show_error("Column '<b>age</b>' is unknown.")
        labels = [label.text() for label in toasts.bars[0].findChildren(QLabel)]
        assert "Column '<b>age</b>' is unknown." in labels

    def test_what_has_no_place_waits(
        self, messages: Messages, toasts: MessageToasts, host: QWidget
    ) -> None:
        host.resize(500, 320)
        messages.show_warning("One.", "A hint in many words. " * 6)
        messages.show_warning("Two.", "A hint in many words. " * 6)
        messages.show_warning("Three.", "A hint in many words. " * 6)
        places = [bar.geometry() for bar in toasts.bars]
        assert toasts.n_waiting >= 1
        assert len(places) + toasts.n_waiting == 3
        assert not any(a.intersects(b) for a, b in itertools.combinations(places, 2))
        while toasts.bars:
            toasts.dismiss_newest()
        assert toasts.n_waiting == 0

    def test_they_cover_no_field_and_no_button(
        self, messages: Messages, toasts: MessageToasts, host: QWidget
    ) -> None:
        name = Label("Name", host)
        fields = [QLineEdit(host), QPushButton("Start", host), name]
        name.setBuddy(fields[0])
        for place, field in enumerate(fields):
            field.setGeometry(300, 420 + 80 * place, 560, 30)
            field.show()
        messages.show_info("One.")
        messages.show_warning("Two.", "A hint.")
        shown = [bar.geometry() for bar in toasts.bars]
        assert len(shown) == 2
        assert not any(rect.intersects(field.geometry()) for rect in shown for field in fields)
        assert all(host.rect().contains(rect) for rect in shown)

    def test_where_there_is_no_free_place_the_fewest_are_covered(
        self, messages: Messages, toasts: MessageToasts, host: QWidget
    ) -> None:
        for row in range(14):
            field = QLineEdit(host)
            field.setGeometry(0, 50 * row, 900, 20)
            field.show()
        messages.show_info("One.")
        (bar,) = toasts.bars
        fields = host.findChildren(QLineEdit)
        assert sum(field.geometry().intersects(bar.geometry()) for field in fields) <= 2

    def test_one_gives_way_to_the_field_that_is_typed_in(
        self, messages: Messages, toasts: MessageToasts, host: QWidget, qtbot: QtBot
    ) -> None:
        messages.show_info("One.")
        messages.show_warning("Two.")
        first, second = reversed(toasts.bars)
        before = second.geometry()
        field = QLineEdit(host)  # scrolled there, say
        field.setGeometry(first.geometry())
        field.stackUnder(first)
        field.show()
        host.activateWindow()
        field.setFocus()
        qtbot.waitUntil(lambda: not first.geometry().intersects(field.geometry()))
        assert first in toasts.bars
        assert second.geometry() == before
        again = QLineEdit(host)  # nothing is left beside this one
        again.setGeometry(host.rect())
        again.stackUnder(first)
        again.show()
        again.setFocus()
        qtbot.waitUntil(lambda: toasts.bars == ())
        assert [said.message.text for said in messages.kept] == ["Two.", "One."]

    def test_one_gives_way_to_a_pointer_that_rests_over_what_it_covers(
        self,
        messages: Messages,
        toasts: MessageToasts,
        host: QWidget,
        qtbot: QtBot,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr("gui.window.message_toasts.RESTING_MS", 0)
        messages.show_info("One.")
        (bar,) = toasts.bars
        at = bar.mapToGlobal(QPoint(bar.width() // 2, 4))
        monkeypatch.setattr("gui.window.message_toasts.QCursor", _Pointer(at))
        place = bar.geometry()
        hover(bar)
        qtbot.waitUntil(lambda: not toasts.is_asking)
        assert bar.geometry() == place  # nothing lies below
        field = QPushButton("Start", host)
        field.setGeometry(place)
        field.stackUnder(bar)
        field.show()
        hover(bar)
        qtbot.waitUntil(lambda: not bar.geometry().intersects(place))

    def test_on_another_page_they_cover_no_field_either(
        self, messages: Messages, toasts: MessageToasts, host: QWidget, qtbot: QtBot
    ) -> None:
        messages.show_info("One.")
        (bar,) = toasts.bars
        place = bar.geometry()
        toasts.follow_page()
        qtbot.waitUntil(lambda: bar.geometry() == place)  # nothing lies below it
        field = QLineEdit(host)
        field.setGeometry(place)
        field.stackUnder(bar)
        field.show()
        toasts.follow_page()
        qtbot.waitUntil(lambda: not bar.geometry().intersects(place))
        assert toasts.bars == (bar,)

    def test_they_stay_within_a_smaller_window(
        self, messages: Messages, toasts: MessageToasts, host: QWidget
    ) -> None:
        messages.show_warning("One.", "A hint in many words. " * 10)
        messages.show_warning("Two.")
        host.resize(400, 420)
        for bar in toasts.bars:
            assert host.rect().contains(bar.geometry())


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    def time_flies() -> None:
        monkeypatch.setattr("gui.window.message_toasts.SECONDS", 0)

    return time_flies


class TestBell:
    def test_what_went_can_be_read_and_done_again(
        self, messages: Messages, toasts: MessageToasts, bell: MessageBell, qtbot: QtBot
    ) -> None:
        done: list[str] = []
        messages.show_info("A run was interrupted.", "Continue", lambda: done.append("continued"))
        messages.show_warning("Two.")
        toasts.dismiss_newest()
        toasts.dismiss_newest()
        assert toasts.bars == ()
        bell.open_list()
        assert bell.opened is not None
        assert [bar.message.text for bar in bell.opened.bars] == ["Two.", "A run was interrupted."]
        bar = bell.opened.bars[1]
        assert bar.findChildren(QToolButton) == []
        qtbot.mouseClick(button(bar, "Continue"), Qt.MouseButton.LeftButton)
        assert done == ["continued"]
        assert button(bar, "Continue").isHidden()
        bell.opened.close()

    def test_the_last_twenty_and_what_still_holds(self, messages: Messages) -> None:
        messages.show_warning("Another window has the workspace.", is_lasting=True)
        for number in range(2 * KEPT):
            messages.show_info(f"Number {number}.")
        texts = [said.message.text for said in messages.kept]
        assert texts[:KEPT] == [f"Number {n}." for n in range(2 * KEPT - 1, KEPT - 1, -1)]
        assert texts[KEPT:] == ["Another window has the workspace."]

    def test_a_dot_tells_of_warnings_until_they_were_read(
        self, messages: Messages, bell: MessageBell
    ) -> None:
        messages.show_info("Saved.")
        assert not bell.has_dot
        messages.show_warning("Look.")
        assert bell.has_dot
        assert bell.accessibleDescription() == "Something is unread."
        bell.open_list()
        assert not bell.has_dot
        assert bell.opened is not None
        bell.opened.close()

    def test_a_dot_stays_while_something_still_holds(
        self, messages: Messages, bell: MessageBell
    ) -> None:
        messages.show_warning("Another window has the workspace.", is_lasting=True)
        bell.open_list()
        assert bell.opened is not None
        bell.opened.close()
        assert bell.has_dot
        messages.withdraw("Another window has the workspace.")
        assert not bell.has_dot


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
