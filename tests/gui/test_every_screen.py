"""Every page at every size: nothing is cut off, the wheel changes nothing by itself."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QPointF, QRect, Qt
from PySide6.QtGui import QAccessible, QWheelEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QScrollBar,
    QWidget,
)
from pytestqt.qtbot import QtBot

from engine.events.run_events import RunState
from gui.state.draft import Draft
from gui.widgets.elided_label import ElidedLabel
from gui.window.main_window import FOLDS_BELOW
from gui.window.page_list import PAGES
from gui.window.screen_fit import placed_within
from tests.gui.frame_fixtures import WindowStage, window_stage
from tests.gui.run_fixtures import DIGITS

SIZES = [(920, 500), (1024, 640), (1280, 800), (1366, 768), (1920, 1080), (3840, 2160)]
FIELDS = (QComboBox, QAbstractSpinBox, QAbstractSlider)
CONTROLS = (QAbstractButton, QLineEdit, *FIELDS)


@pytest.fixture
def on(qtbot: QtBot, tmp_path: Path) -> Iterator[WindowStage]:
    with window_stage(qtbot, tmp_path) as made:
        yield made


def settle() -> None:
    for _ in range(5):
        QApplication.processEvents()


def shown(page: QWidget, *kinds: type[QWidget]) -> list[QWidget]:
    found = [item for kind in kinds for item in page.findChildren(kind)]
    return [item for item in found if item.isVisible() and not isinstance(item, QScrollBar)]


def named(widget: QWidget) -> str:
    text = getattr(widget, "text", str)()
    return f"{type(widget).__name__} {text or widget.accessibleName() or widget.objectName()!r}"


def is_scrolled(widget: QWidget, page: QWidget) -> bool:
    """It lies in an area that scrolls to it."""
    above = widget.parentWidget()
    while above is not None and above is not page:
        if isinstance(above, QScrollArea):
            return True
        above = above.parentWidget()
    return False


def cut_off(page: QWidget) -> list[str]:
    """What cannot be read or reached whole."""
    found = []
    for widget in shown(page, *CONTROLS, QLabel):
        place = QRect(widget.mapTo(page, QPoint(0, 0)), widget.size())
        if not page.rect().contains(place) and not is_scrolled(widget, page):
            found.append(f"outside: {named(widget)} {place.getRect()} of {page.rect().getRect()}")
        needs = 0
        if isinstance(widget, QPushButton):
            needs = widget.minimumSizeHint().width()
        elif isinstance(widget, QLabel) and not isinstance(widget, ElidedLabel):
            needs = 0 if widget.wordWrap() else widget.sizeHint().width()
        if widget.width() < needs:
            found.append(f"cut: {named(widget)} has {widget.width()} of {needs} pixels")
    return found


def overlapping(page: QWidget) -> list[str]:
    """Controls that lie over each other."""
    places = [
        (widget, QRect(widget.mapTo(page, QPoint(0, 0)), widget.size()))
        for widget in shown(page, QPushButton, *FIELDS)
        if not is_scrolled(widget, page)
    ]
    return [
        f"{named(one)} over {named(other)}"
        for index, (one, place) in enumerate(places)
        for other, there in places[index + 1 :]
        if place.intersects(there) and not one.isAncestorOf(other) and not other.isAncestorOf(one)
    ]


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_nothing_is_cut_off(on: WindowStage, size: tuple[int, int]) -> None:
    on.controller.drafts.set_draft(DIGITS)
    on.qtbot.waitUntil(lambda: on.controller.drafts.model is not None)
    ended = on.controller.training.state_changed
    with on.qtbot.waitSignal(ended, check_params_cb=lambda state: state is RunState.FINISHED):
        on.controller.start()
    assert on.controller.training.state is RunState.FINISHED
    on.window.resize(*size)
    assert (on.window.width(), on.window.height()) == size
    assert on.window.rail.is_folded is (size[0] < FOLDS_BELOW)
    problems = []
    for name in PAGES:
        on.window.show_page(name)
        settle()
        for part in (on.window.pages[name], on.window.rail):
            problems += [f"{name}: {problem}" for problem in (*cut_off(part), *overlapping(part))]
    assert not problems, "\n".join(problems)


def test_the_wheel_over_a_field_without_focus_changes_nothing(on: WindowStage) -> None:
    """What a synthetic event cannot show, that the wheel gives the focus first, is the policy."""
    on.controller.drafts.set_draft(DIGITS)
    on.qtbot.waitUntil(lambda: on.controller.drafts.model is not None)
    fields = [item for kind in FIELDS for item in on.window.findChildren(kind)]
    fields = [item for item in fields if not isinstance(item, QScrollBar)]
    assert len(fields) > 40
    takes_it = Qt.FocusPolicy.WheelFocus
    on.window.rail.bar.button("data").setFocus()
    for field in fields:
        assert field.focusPolicy() & takes_it != takes_it, named(field)
        assert not turn_wheel(field), named(field)
    assert on.controller.drafts.draft == DIGITS


def tab_order(page: QWidget) -> list[QWidget]:
    """What Tab leads to on a page, in its order."""
    found, widget = [], page.nextInFocusChain()
    while widget is not None and widget is not page:
        reached = page.isAncestorOf(widget) and widget.isVisible() and widget.isEnabled()
        if reached and widget.focusPolicy() & Qt.FocusPolicy.TabFocus:
            found.append(widget)
        widget = widget.nextInFocusChain()
    return found


def test_every_control_says_what_it_is(on: WindowStage) -> None:
    on.controller.drafts.set_draft(DIGITS)
    on.qtbot.waitUntil(lambda: on.controller.drafts.model is not None)
    nameless = []
    for name in PAGES:
        on.window.show_page(name)
        settle()
        for part in (on.window.pages[name], on.window.rail):
            for widget in tab_order(part):
                face = QAccessible.queryAccessibleInterface(widget)
                words = face.text(QAccessible.Text.Name)
                role = face.role()
                if not words or role in (QAccessible.Role.NoRole, QAccessible.Role.Client):
                    nameless.append(f"{name}: {type(widget).__name__} {words!r} {role}")
    assert not nameless, "\n".join(nameless)


def test_tab_follows_the_eye(on: WindowStage) -> None:
    """It never leads to what lies above and at the left of where it is."""
    on.controller.drafts.set_draft(DIGITS)
    on.qtbot.waitUntil(lambda: on.controller.drafts.model is not None)
    jumps = []
    for name in PAGES:
        on.window.show_page(name)
        settle()
        page = on.window.pages[name]
        places = [(item, item.mapTo(page, item.rect().center())) for item in tab_order(page)]
        for (one, here), (other, there) in itertools.pairwise(places):
            if there.y() < here.y() - 8 and there.x() < here.x() + 8:
                jumps.append(f"{name}: from {named(one)} {here} back to {named(other)} {there}")
    assert not jumps, "\n".join(jumps)


def turn_wheel(field: QWidget) -> bool:
    """Turns the wheel over a field; returns whether the field took it."""
    middle = QPointF(field.rect().center())
    event = QWheelEvent(
        middle,
        field.mapToGlobal(middle),
        QPoint(0, 0),
        QPoint(0, -120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(field, event)
    return event.isAccepted()


def test_what_was_chosen_for_data_is_there_at_the_next_start(qtbot: QtBot, tmp_path: Path) -> None:
    chosen = Draft("moons").with_model("mlp").with_training({"epochs": 7})
    with window_stage(qtbot, tmp_path) as first:
        first.controller.drafts.set_draft(chosen)
        first.controller.drafts.choose_data("digits")
    with window_stage(qtbot, tmp_path / "again") as second:
        assert second.controller.drafts.draft.source == "digits"
        second.controller.drafts.choose_data("moons")
        assert second.controller.drafts.draft == chosen


@pytest.mark.parametrize(
    ("wanted", "placed"),
    [
        ((100, 100, 800, 600), (100, 100, 800, 600)),
        ((900, 500, 800, 600), (480, 200, 800, 600)),
        ((-50, -20, 800, 600), (0, 0, 800, 600)),
        ((10, 10, 2000, 1500), (0, 0, 1280, 800)),
    ],
)
def test_a_window_is_placed_within_its_screen(
    wanted: tuple[int, int, int, int], placed: tuple[int, int, int, int]
) -> None:
    assert placed_within(QRect(0, 0, 1280, 800), QRect(*wanted)).getRect() == placed
