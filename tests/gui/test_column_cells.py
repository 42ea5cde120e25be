"""Cells of the table of columns: how a choice is made in one, and what is drawn in one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QRect, QSize, Qt, QUrl
from PySide6.QtGui import (
    QColor,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QGuiApplication,
    QImage,
    QPainter,
    QStandardItem,
    QStandardItemModel,
)
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QStyleOptionViewItem, QTableView, QWidget

from gui.pages.data.column_delegates import (
    CHOICES_ROLE,
    CONSTANT,
    HISTOGRAM_ROLE,
    VALUES_ROLE,
    ChoiceDelegate,
    DistributionDelegate,
)
from gui.pages.data.column_table import DISTRIBUTION, NAME, ColumnTable
from gui.state.draft import Draft
from gui.style.theme import current_theme
from gui.widgets.choice_box import ChoiceBox
from gui.window.file_drop import FileDrop
from tests.gui import plot_window
from tests.gui.fake_data import fake_profile

show, theme = plot_window.show, plot_window.theme
# Said by the platform without a screen of every list that pops up.
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support", extend=True)

CHOICES = (("Automatic", "auto"), ("Median", "median"), ("A constant", CONSTANT))


@pytest.fixture
def table(show) -> QTableView:
    """Two rows: the first offers choices, the second none; a column to draw in."""
    view = QTableView()
    model = QStandardItemModel(2, 2, view)
    first = QStandardItem("Automatic")
    first.setData("auto", Qt.ItemDataRole.EditRole)
    first.setData(CHOICES, CHOICES_ROLE)
    model.setItem(0, 0, first)
    view.setModel(model)
    view.setItemDelegateForColumn(0, ChoiceDelegate(True, view))
    view.setItemDelegateForColumn(1, DistributionDelegate(view))
    return show(view)


def box_of(table: QTableView) -> ChoiceBox:
    index = table.model().index(0, 0)
    table.edit(index)
    (box,) = table.viewport().findChildren(ChoiceBox)
    return box


def chosen(table: QTableView) -> object:
    return table.model().index(0, 0).data(Qt.ItemDataRole.EditRole)


class TestChoosing:
    def test_it_opens_at_what_is_chosen_wide_enough_to_be_read(self, table) -> None:
        table.setColumnWidth(0, 20)
        box = box_of(table)
        assert box.currentData() == "auto"
        assert box.width() > 100
        assert [box.itemText(place) for place in range(box.count())] == [it for it, _ in CHOICES]

    def test_what_is_picked_holds_at_once(self, table, qtbot) -> None:
        box = box_of(table)
        box.setCurrentIndex(1)
        box.activated.emit(1)
        assert chosen(table) == "median"
        qtbot.waitUntil(lambda: not table.viewport().findChildren(ChoiceBox))

    def test_a_constant_is_typed_after_it_is_picked(self, table, qtbot) -> None:
        box = box_of(table)
        box.setCurrentIndex(2)
        box.activated.emit(2)
        assert box.currentText() == ""
        assert box.lineEdit().placeholderText() == "value"
        assert chosen(table) == "auto"  # nothing is typed yet
        box.hidePopup()
        QTest.keyClicks(box.lineEdit(), " 37,5 ")
        table.itemDelegateForColumn(0).commitData.emit(box)
        assert chosen(table) == "37,5"

    def test_a_constant_without_a_value_changes_nothing(self, table) -> None:
        box = box_of(table)
        delegate = table.itemDelegateForColumn(0)
        for text in ("", "A constant"):
            box.setEditText(text)
            delegate.setModelData(box, table.model(), table.model().index(0, 0))
            assert chosen(table) == "auto"


def drawn(table: QTableView, row: int) -> QImage:
    """A cell of the second column, 120 x 24."""
    image = QImage(QSize(120, 24), QImage.Format.Format_RGB32)
    image.fill(QColor(current_theme().palette.surface))
    option = QStyleOptionViewItem()
    option.rect = QRect(0, 0, 120, 24)
    painter = QPainter(image)
    table.itemDelegateForColumn(1).paint(painter, option, table.model().index(row, 1))
    painter.end()
    return image


def n_colored(image: QImage, x: int) -> int:
    """Pixels of a column of an image that are not its ground."""
    ground = QColor(current_theme().palette.surface)
    return sum(image.pixelColor(x, y) != ground for y in range(image.height()))


class TestDrawing:
    def test_a_histogram_is_as_high_as_its_counts(self, table) -> None:
        model = table.model()
        model.setData(model.index(0, 1), np.array([10, 5, 0]), HISTOGRAM_ROLE)
        image = drawn(table, 0)
        heights = [n_colored(image, x) for x in (25, 60, 95)]
        assert heights[0] == pytest.approx(2 * heights[1], abs=2)
        assert heights[2] == 0

    def test_values_take_their_share_of_the_bar(self, table) -> None:
        model = table.model()
        model.setData(model.index(0, 1), (("", 3), ("Oslo", 1)), VALUES_ROLE)
        image = drawn(table, 0)
        left, right = image.pixelColor(20, 17), image.pixelColor(87, 17)
        assert image.pixelColor(75, 17) == left
        assert right != left
        assert image.pixelColor(2, 12) == QColor(current_theme().palette.surface)

    def test_nothing_is_drawn_of_nothing(self, table) -> None:
        model = table.model()
        model.setData(model.index(0, 1), np.zeros(3, int), HISTOGRAM_ROLE)
        for row in (0, 1):
            assert not any(n_colored(drawn(table, row), x) for x in range(0, 120, 7))

    def test_an_arrow_says_that_there_are_choices(self, table) -> None:
        table.setColumnWidth(0, 160)
        table.setRowHeight(0, 30)
        table.setRowHeight(1, 30)
        table.model().setItem(1, 0, QStandardItem("Automatic"))
        image = table.viewport().grab().toImage()

        def cell(row: int) -> QImage:
            area = table.visualRect(table.model().index(row, 0)).adjusted(100, 2, -2, -2)
            return image.copy(area)

        assert cell(0) != cell(1)


class TestTips:
    def test_a_suspicion_and_all_values_are_told(self, show) -> None:
        table = show(ColumnTable())
        table.set_profile(fake_profile("people.csv"), Draft(source="people.csv"))
        model = table.model()
        names = [model.index(row, NAME).data() for row in range(model.rowCount())]
        row = names.index("town")
        tip = Qt.ItemDataRole.ToolTipRole
        assert model.index(row, DISTRIBUTION).data(tip).split("\n")[0] == "Oslo: 120"
        assert model.index(row, NAME).data(tip) is None
        leak = model.index(names.index("passenger.id"), NAME)
        assert "it may not be known in time" in leak.data(tip)
        assert leak.data(Qt.ItemDataRole.ForegroundRole) is not None  # it is not used
        assert not model.setData(leak, "other", Qt.ItemDataRole.DisplayRole)


class TestDropping:
    """A file over the window: what a drop would do is said, and done."""

    def event(self, kind, *urls: str):
        data = self.data = QMimeData()
        data.setUrls([QUrl(url) for url in urls])
        copy, left = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
        event = kind(QPoint(5, 5), copy, data, left, Qt.KeyboardModifier.NoModifier)
        event.ignore()
        return event

    def test_it_is_said_over_the_whole_window_and_taken(self, qtbot, tmp_path: Path) -> None:
        window = QWidget()
        qtbot.addWidget(window)
        window.resize(400, 300)
        window.show()
        drop, taken = FileDrop(window), []
        drop.dropped.connect(taken.append)
        hint = drop._hint
        url = QUrl.fromLocalFile(str(tmp_path / "people.csv")).toString()
        before = window.grab().toImage()
        QGuiApplication.sendEvent(window, self.event(QDragEnterEvent, url))
        assert hint.isVisible()
        assert hint.size() == window.size()
        over = window.grab().toImage()
        accent = QColor(current_theme().palette.accent).name()
        assert before != over
        assert accent in {over.pixelColor(200, y).name() for y in range(120, 180)}
        QGuiApplication.sendEvent(window, QDragLeaveEvent())
        assert not hint.isVisible()
        QGuiApplication.sendEvent(window, self.event(QDragEnterEvent, url))
        QGuiApplication.sendEvent(window, self.event(QDropEvent, url))
        assert not hint.isVisible()
        assert taken == [str(tmp_path / "people.csv")]

    @pytest.mark.parametrize("urls", [(), ("https://a.org/b.csv",), ("file:///a", "file:///b")])
    def test_what_is_not_one_file_is_not(self, qtbot, urls) -> None:
        window = QWidget()
        qtbot.addWidget(window)
        drop, taken = FileDrop(window), []
        drop.dropped.connect(taken.append)
        for kind in (QDragEnterEvent, QDropEvent):
            event = self.event(kind, *urls)
            QGuiApplication.sendEvent(window, event)
            assert not event.isAccepted()
        assert drop._hint.isHidden()
        assert taken == []
