"""Every page at every size: nothing is cut off, the wheel changes nothing by itself."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QPointF, QRect, Qt
from PySide6.QtGui import QAccessible, QPixmap, QPixmapCache, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemDelegate,
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

from engine.events.run_events import EpochEnded, RunState
from gui.pages.data.data_page import DataPage
from gui.pages.train.train_page import TrainPage
from gui.state.draft import Draft
from gui.style.theme import current_theme
from gui.widgets.elided_label import ElidedLabel
from gui.window.main_window import FOLDS_BELOW
from gui.window.page_list import PAGES
from gui.window.screen_fit import placed_within
from tests.gui.frame_fixtures import WindowStage, window_stage
from tests.gui.run_fixtures import DIGITS

SIZES = [(960, 500), (1024, 640), (1280, 800), (1366, 768), (1920, 1080), (3840, 2160)]
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
    for area in shown(page, QScrollArea):
        never = area.horizontalScrollBarPolicy() is Qt.ScrollBarPolicy.ScrollBarAlwaysOff
        if never and area.widget() is not None:
            needs, has = area.widget().width(), area.viewport().width()
            if needs > has:
                found.append(f"cut: what {named(area)} scrolls has {has} of {needs} pixels")
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
def test_nothing_is_cut_off(trained: WindowStage, size: tuple[int, int]) -> None:
    on = trained
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


def test_another_theme_leaves_nothing_behind(on: WindowStage) -> None:
    """Qt makes delegates for boxes that have none of their own, and drops none."""
    theme = current_theme()
    QPixmapCache.insert("drawn before", QPixmap(8, 8))
    theme.apply()
    assert not QPixmapCache.find("drawn before", QPixmap())
    kept: list[int] = []
    for mode in ("dark", "light", "dark", "light"):
        theme.set_mode(mode)
        settle()
        for box in on.window.findChildren(QComboBox):
            box.view()
        kept.append(len(on.window.findChildren(QAbstractItemDelegate)))
    assert kept[1:] == [kept[1]] * 3


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


def begin_at_the_rail(on: WindowStage, name: str) -> QWidget:
    """Shows a page and puts the focus before it, in an active window: in no other Tab leads on."""
    on.window.activateWindow()
    on.qtbot.waitUntil(on.window.isActiveWindow)
    on.window.show_page(name)
    settle()
    first = on.window.rail.bar.button(name)
    first.setFocus()
    return first


def walked(on: WindowStage, name: str) -> list[QWidget]:
    """What Tab leads to on a page, pressed until it is back where it began."""
    begin_at_the_rail(on, name)
    found: list[QWidget] = []
    for _ in range(200):
        QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
        focused = QApplication.focusWidget()
        if focused in found:
            return found
        found.append(focused)
    raise AssertionError(f"Tab never came back. {list(map(named, found[:50]))}")


@pytest.fixture
def trained(on: WindowStage) -> WindowStage:
    """With something on every page."""
    on.controller.drafts.set_draft(DIGITS)
    on.qtbot.waitUntil(lambda: on.controller.drafts.model is not None)
    ended = on.controller.training.state_changed
    with on.qtbot.waitSignal(ended, check_params_cb=lambda state: state is RunState.FINISHED):
        on.controller.start()
    return on


@pytest.mark.parametrize("name", PAGES)
def test_tab_follows_the_eye_to_everything_that_has_a_name(trained: WindowStage, name: str) -> None:
    stops = walked(trained, name)
    page = trained.window.pages[name]
    on_page = [stop for stop in stops if page.isAncestorOf(stop)]
    assert on_page
    assert trained.window.rail.bar.button(name) in stops  # arrow keys lead to the other steps
    problems = []
    for stop in stops:
        face = QAccessible.queryAccessibleInterface(stop)
        if not (stop.accessibleName() or face.text(QAccessible.Text.Name)):
            problems.append(f"no name: {type(stop).__name__} in {type(stop.parent()).__name__}")
        if face.role() is QAccessible.Role.NoRole:
            problems.append(f"no role: {named(stop)}")
    for part in page.tab_parts():
        inside = [stop for stop in on_page if stop is part or part.isAncestorOf(stop)]
        places = [stop.mapTo(page, stop.rect().center()) for stop in inside]
        for (one, here), (other, there) in itertools.pairwise(zip(inside, places, strict=True)):
            if there.y() < here.y() - 12:
                problems.append(f"upwards: from {named(one)} to {named(other)}")
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("size", SIZES[:3], ids=lambda size: f"{size[0]}x{size[1]}")
def test_nothing_is_cut_off_while_a_model_trains(on: WindowStage, size: tuple[int, int]) -> None:
    on.controller.drafts.set_draft(DIGITS)
    on.qtbot.waitUntil(lambda: on.controller.drafts.model is not None)
    on.engine.hold_after_epoch = 2
    on.window.resize(*size)
    on.window.show_page("train")
    ended = on.controller.training.run_event
    with on.qtbot.waitSignal(
        ended, check_params_cb=lambda event: isinstance(event, EpochEnded) and event.epoch == 2
    ):
        on.controller.start()
    page = on.window.pages["train"]
    assert isinstance(page, TrainPage)
    page.progress.facts.set_value("epoch", "Validating 100 %")
    page.progress.facts.set_value("step", "1,234,567 of 9,999,999")
    settle()
    problems = [*cut_off(page), *overlapping(page)]
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("size", SIZES[:3], ids=lambda size: f"{size[0]}x{size[1]}")
def test_problems_are_read_whole(on: WindowStage, size: tuple[int, int]) -> None:
    on.controller.drafts.choose_data("/data/people.csv")
    on.qtbot.waitUntil(lambda: on.controller.drafts.profile is not None)
    on.window.resize(*size)
    page = on.window.pages["data"]
    assert isinstance(page, DataPage)
    problems = []
    for tab in ("problems", "columns", "overview"):
        page.profile_view.show_tab(tab)
        settle()
        problems += [f"{tab}: {problem}" for problem in cut_off(page)]
    assert not problems, "\n".join(problems)


def test_shift_tab_goes_back(trained: WindowStage) -> None:
    first = begin_at_the_rail(trained, "data")
    QTest.keyClick(first, Qt.Key.Key_Tab)
    second = QApplication.focusWidget()
    QTest.keyClick(second, Qt.Key.Key_Tab, Qt.KeyboardModifier.ShiftModifier)
    assert QApplication.focusWidget() is first


def test_focus_stays_on_the_page_when_what_had_it_goes(trained: WindowStage) -> None:
    """The button that led to a first result hides when there is one."""
    trained.window.activateWindow()
    trained.qtbot.waitUntil(trained.window.isActiveWindow)
    trained.window.show_page("results")
    settle()
    assert trained.window.pages["results"].isAncestorOf(QApplication.focusWidget())


@pytest.mark.parametrize("name", PAGES)
def test_focus_is_always_visible(trained: WindowStage, name: str) -> None:
    invisible = []
    for stop in walked(trained, name):
        stop.setFocus(Qt.FocusReason.TabFocusReason)
        settle()
        with_focus = stop.grab().toImage()
        stop.clearFocus()
        settle()
        if stop.grab().toImage() == with_focus:
            invisible.append(named(stop))
    assert not invisible, "\n".join(invisible)


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
