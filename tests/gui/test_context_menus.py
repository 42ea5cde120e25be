"""What a right click offers on pictures and on the cards of the data, and that it does so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QContextMenuEvent, QGuiApplication, QImage
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

from engine.events.commands import InspectData
from gui.pages.data.data_page import DataPage
from gui.plots.bars import ClassCountBars, ColumnHistogram
from gui.plots.large_map import LargeMap
from gui.widgets.image_grid import ImageGrid
from tests.gui.frame_fixtures import PageStage, page_stage

# Said by the platform without a screen of every menu that pops up.
pytestmark = pytest.mark.qt_log_ignore("does not support (raise|grabbing)", extend=True)


def texts(menu: QMenu) -> list[str]:
    return [action.text() for action in menu.actions() if action.text()]


def choose(menu: QMenu, text: str) -> None:
    next(action for action in menu.actions() if action.text() == text).trigger()


@pytest.fixture
def grid(qtbot: QtBot, tmp_path: Path) -> ImageGrid:
    pixels = np.random.default_rng(0).integers(0, 256, (4, 5, 7, 3), np.uint8)
    QImage(3, 3, QImage.Format.Format_RGB32).save(str(tmp_path / "a.png"))
    made = ImageGrid()
    qtbot.addWidget(made)
    made.set_images(pixels, ["cat"] * 4, names=["a.png", "gone.png", "", ""])
    made.set_folder(tmp_path)
    made.resize(300, 200)
    made.show()
    made.pixels = pixels  # type: ignore[attr-defined]
    return made


class TestPictures:
    def test_what_is_offered_is_what_there_is(self, grid: ImageGrid) -> None:
        on_file = texts(grid.menu.menu(grid.shown_picture(0)))
        assert on_file == [
            "Open the file",
            "Show in the file manager",
            "Copy picture",
            "Save picture…",
            "Copy the name",
        ]
        assert texts(grid.menu.menu(grid.shown_picture(1))) == on_file[2:]

    def test_a_picture_is_copied_and_saved_with_its_own_pixels(
        self, grid: ImageGrid, tmp_path: Path
    ) -> None:
        picture = grid.shown_picture(2)
        assert picture.title == "cat"
        choose(grid.menu.menu(picture), "Copy picture")
        copied = QGuiApplication.clipboard().image()
        assert (copied.width(), copied.height()) == (7, 5)
        grid.menu.save(picture.image, str(tmp_path / "saved.png"))
        saved = QImage(str(tmp_path / "saved.png"))
        expected = grid.pixels[2]  # type: ignore[attr-defined]
        for row, column in ((0, 0), (4, 6), (2, 3)):
            color = saved.pixelColor(column, row)
            assert [color.red(), color.green(), color.blue()] == expected[row, column].tolist()
        choose(grid.menu.menu(grid.shown_picture(0)), "Copy the name")
        assert QGuiApplication.clipboard().text() == "a.png"

    @pytest.mark.expects_messages
    def test_what_cannot_be_written_is_said(self, qtbot: QtBot, tmp_path: Path) -> None:
        with page_stage(qtbot, tmp_path, DataPage) as on:
            grid = ImageGrid(on.page)
            grid.set_images(np.zeros((1, 2, 2, 1), np.uint8), ["x"])
            grid.menu.save(grid.shown_picture(0).image, str(tmp_path / "no" / "such" / "a.png"))
            assert "a.png" in on.messages.newest.message.text

    def test_pointer_and_menu_key_find_the_picture(self, grid: ImageGrid) -> None:
        canvas = grid.widget()
        grid.menu.open(QPoint(5, 20))
        assert isinstance(QApplication.activePopupWidget(), QMenu)
        QApplication.activePopupWidget().close()
        grid.menu.open(QPoint(canvas.width() - 1, canvas.height() + 50))
        assert QApplication.activePopupWidget() is None
        why, place = QContextMenuEvent.Reason.Keyboard, QPoint(1, 1)
        key = QContextMenuEvent(why, place, place, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(grid, key)
        popup = QApplication.activePopupWidget()
        assert isinstance(popup, QMenu)
        assert "Open the file" in texts(popup)
        popup.close()

    def test_pictures_of_plots_have_the_menu_of_plots(self, qtbot: QtBot) -> None:
        for made in (LargeMap(), ClassCountBars(), ColumnHistogram()):
            qtbot.addWidget(made)
            assert "Save picture…" in texts(made.saver.menu())
        bars = ClassCountBars()
        qtbot.addWidget(bars)
        bars.set_counts(("a", "b"), np.array([3, 4]))
        bars.saver.copy_data()
        assert QGuiApplication.clipboard().text() == "class\texamples\na\t3\nb\t4\n"


class TestCards:
    @pytest.fixture
    def on(self, qtbot: QtBot, tmp_path: Path) -> Iterator[PageStage[DataPage]]:
        with page_stage(qtbot, tmp_path, DataPage) as made:
            yield made

    def test_data_of_the_box_is_opened_and_looked_at_again(self, on: PageStage[DataPage]) -> None:
        menu = on.page.card_menu.menu("moons")
        assert texts(menu) == ["Open", "Copy the name"]
        with on.qtbot.waitSignal(on.controller.drafts.profile_changed, check_params_cb=bool):
            choose(menu, "Open")
        assert on.controller.drafts.draft.source == "moons"
        again = on.page.card_menu.menu("moons")
        assert texts(again) == ["Look at it again", "Copy the name"]
        n_before = sum(isinstance(it, InspectData) for it in on.engine.commands)
        with on.qtbot.waitSignal(on.controller.drafts.profile_changed, check_params_cb=bool):
            choose(again, "Look at it again")
        assert sum(isinstance(it, InspectData) for it in on.engine.commands) == n_before + 1
        choose(again, "Copy the name")
        assert QGuiApplication.clipboard().text() == "moons"

    def test_of_a_file_its_path_is_offered_too(self, on: PageStage[DataPage]) -> None:
        with on.qtbot.waitSignal(on.controller.drafts.profile_changed, check_params_cb=bool):
            on.page.open_path("/data/people.csv")
        menu = on.page.card_menu.menu("/data/people.csv")
        assert texts(menu) == [
            "Look at it again",
            "Copy the path",
            "Show in the file manager",
            "It lies somewhere else…",
            "Remove from the list",
        ]
        assert texts(on.page.card_menu.menu("/data/other.csv"))[:3] == [
            "Open",
            "Copy the path",
            "Show in the file manager",
        ]
