"""What a right click offers on pictures and on the cards of the data, and that it does so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import (
    QContextMenuEvent,
    QDesktopServices,
    QGuiApplication,
    QHelpEvent,
    QImage,
    QMouseEvent,
)
from PySide6.QtWidgets import QApplication, QFileDialog, QMenu, QToolTip
from pytestqt.qtbot import QtBot

from engine.events.commands import InspectData
from engine.events.run_events import RunFinished
from engine.runs.run_folders import run_folder
from engine.runs.store import RunStore
from engine.spec.run_spec import RunSpec
from gui.pages.data.data_page import DataPage
from gui.pages.runs.runs_page import RunsPage
from gui.plots.bars import ClassCountBars, ColumnHistogram
from gui.plots.large_map import LargeMap
from gui.widgets.image_grid import ImageGrid
from tests.gui.frame_fixtures import PageStage, page_stage
from tests.gui.run_fixtures import LINE, MOONS

# Said by the platform without a screen of every menu that pops up.
pytestmark = pytest.mark.qt_log_ignore("does not support (raise|grabbing)", extend=True)


def texts(menu: QMenu) -> list[str]:
    return [action.text() for action in menu.actions() if action.text()]


def choose(menu: QMenu, text: str) -> None:
    next(action for action in menu.actions() if action.text() == text).trigger()


def _moved(place: QPoint) -> QMouseEvent:
    no, none = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier
    return QMouseEvent(QEvent.Type.MouseMove, QPointF(place), QPointF(place), no, no, none)


@pytest.fixture
def shown_outside(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Files and folders that the system was asked to open."""
    opened: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()))
    return opened


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

    def test_a_file_is_shown_and_a_picture_saved_where_one_says(
        self, grid: ImageGrid, tmp_path: Path, shown_outside: list[str]
    ) -> None:
        on_file = grid.menu.menu(grid.shown_picture(0))
        choose(on_file, "Open the file")
        choose(on_file, "Show in the file manager")
        assert shown_outside == [str(tmp_path / "a.png"), str(tmp_path)]
        choose(grid.menu.menu(grid.shown_picture(1)), "Save picture…")
        (dialog,) = grid.findChildren(QFileDialog)
        assert dialog.acceptMode() is QFileDialog.AcceptMode.AcceptSave
        dialog.fileSelected.emit(str(tmp_path / "b.png"))
        dialog.close()
        assert QImage(str(tmp_path / "b.png")).width() == 7

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

    def test_a_name_and_a_label_are_told_of_the_picture_that_is_pointed_at(
        self, grid: ImageGrid, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        told: list[str] = []
        monkeypatch.setattr(QToolTip, "showText", lambda _place, text, *_: told.append(text))
        monkeypatch.setattr(QToolTip, "hideText", lambda: told.append(""))
        canvas, pressed, hovered = grid.widget(), [], []
        grid.clicked.connect(pressed.append)
        grid.hovered.connect(hovered.append)
        canvas.mouseMoveEvent(_moved(QPoint(-5, 0)))  # beside all of them
        beyond = QPoint(canvas.width() - 1, canvas.height() - 1)
        for place in (canvas.rect_of(0).center(), canvas.rect_of(2).center(), beyond):
            tip = QHelpEvent(QEvent.Type.ToolTip, place, canvas.mapToGlobal(place))
            QApplication.sendEvent(canvas, tip)
            canvas.mouseMoveEvent(_moved(place))
            qtbot.mousePress(canvas, Qt.MouseButton.LeftButton, pos=place)
        assert told == ["a.png\ncat", "cat", ""]
        assert pressed == [0, 2]
        assert [it for it in hovered if it >= 0] == [0, 2]
        QApplication.sendEvent(canvas, QEvent(QEvent.Type.Leave))
        assert hovered[-1] == -1

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

    def test_a_file_is_taken_off_the_list_and_put_back(
        self, on: PageStage[DataPage], tmp_path: Path, shown_outside: list[str]
    ) -> None:
        path = str(tmp_path / "people.csv")
        Path(path).touch()
        with on.qtbot.waitSignal(on.controller.drafts.profile_changed, check_params_cb=bool):
            on.page.open_path(path)
        on.page.card_menu._open(path, QPoint(9, 9))
        menu = QApplication.activePopupWidget()
        assert isinstance(menu, QMenu)
        menu.close()
        menu = on.page.card_menu.menu(path)
        choose(menu, "Copy the path")
        assert QGuiApplication.clipboard().text() == path
        choose(menu, "Show in the file manager")
        assert shown_outside == [str(tmp_path)]
        choose(menu, "Remove from the list")
        recent = on.page.card_menu._recent
        assert recent.paths == []
        assert "untouched" in on.messages.newest.message.text
        on.messages.newest.act()
        assert recent.paths == [path]

    def test_where_a_file_lies_now_is_asked_for(
        self, on: PageStage[DataPage], tmp_path: Path
    ) -> None:
        path, to = str(tmp_path / "people.csv"), str(tmp_path / "moved" / "people.csv")
        with on.qtbot.waitSignal(on.controller.drafts.profile_changed, check_params_cb=bool):
            on.page.open_path(path)
        choose(on.page.card_menu.menu(path), "It lies somewhere else…")
        (dialog,) = on.page.findChildren(QFileDialog)
        assert "people.csv" in dialog.windowTitle()
        assert dialog.fileMode() is QFileDialog.FileMode.ExistingFile
        with on.qtbot.waitSignal(on.controller.drafts.profile_changed, check_params_cb=bool):
            dialog.fileSelected.emit(to)
        dialog.close()
        assert on.page.card_menu._recent.paths == [to]
        assert on.controller.drafts.draft.source == to

    @pytest.mark.parametrize(
        ("name", "is_folder"),
        [
            ("people.csv", False),
            ("People.CSV", False),
            ("photos", True),
            ("photos v1.2", True),
            ("no.such.kind", True),
        ],
    )
    def test_of_what_is_gone_its_name_tells_what_is_asked_for(
        self, on: PageStage[DataPage], tmp_path: Path, name: str, is_folder: bool
    ) -> None:
        menu = on.page.card_menu
        menu._ask_where(str(tmp_path / "gone" / name))
        (dialog,) = on.page.findChildren(QFileDialog)
        assert (dialog.fileMode() is QFileDialog.FileMode.Directory) == is_folder
        dialog.close()

    def test_a_folder_with_a_dot_is_a_folder(self, on: PageStage[DataPage], tmp_path: Path) -> None:
        (tmp_path / "photos.csv").mkdir()
        on.page.card_menu._ask_where(str(tmp_path / "photos.csv"))
        (dialog,) = on.page.findChildren(QFileDialog)
        assert dialog.fileMode() is QFileDialog.FileMode.Directory
        dialog.close()

    def test_files_and_folders_are_picked_beside_the_last_one(
        self, on: PageStage[DataPage], tmp_path: Path
    ) -> None:
        dialogs = on.page.dialogs
        dialogs.remember(str(tmp_path / "people.csv"))
        picked: list[str] = []
        dialogs.path_chosen.disconnect()
        dialogs.path_chosen.connect(picked.append)
        modes = (QFileDialog.FileMode.ExistingFile, QFileDialog.FileMode.Directory)
        for ask, mode in zip((dialogs.ask_for_file, dialogs.ask_for_folder), modes, strict=True):
            ask()
            dialog = on.page.findChildren(QFileDialog)[-1]
            assert dialog.fileMode() is mode
            assert dialog.directory().absolutePath() == str(tmp_path)
            dialog.fileSelected.emit(f"/data/{mode.name}")
            dialog.close()
        assert picked == ["/data/ExistingFile", "/data/Directory"]


class TestRuns:
    @pytest.fixture
    def on(self, qtbot: QtBot, tmp_path: Path) -> Iterator[PageStage[RunsPage]]:
        with page_stage(qtbot, tmp_path, RunsPage) as made:
            with RunStore(made.engine.workspace) as store:
                for draft, name in ((MOONS, "alpha"), (LINE, "beta")):
                    spec = RunSpec.from_dict(draft.to_spec())
                    run = store.create(spec, name, "Data", "Model").id
                    store.record([RunFinished(run, reason="Done.")])
            made.controller.repository.refresh()
            qtbot.waitUntil(lambda: made.page.proxy.rowCount() == 2)
            yield made

    def test_the_menu_offers_what_the_buttons_do_and_the_folder(
        self, on: PageStage[RunsPage], shown_outside: list[str]
    ) -> None:
        table, menu = on.page.table, on.page.menu
        table.clearSelection()
        menu.open(QPoint(5, 5))  # beside the runs
        assert QApplication.activePopupWidget() is None
        table.selectRow(0)
        menu.open(QPoint(5, 5))
        popup = QApplication.activePopupWidget()
        assert isinstance(popup, QMenu)
        popup.close()
        offered = menu.menu()
        (record,) = on.page.selected_runs()
        assert len(texts(offered)) > 2
        choose(offered, "Show the run's folder")
        assert shown_outside == [str(run_folder(on.engine.workspace, record.id))]
        choose(offered, "Copy the id")
        assert QGuiApplication.clipboard().text() == record.id

    def test_of_several_runs_all_ids_are_copied(self, on: PageStage[RunsPage]) -> None:
        on.page.table.selectAll()
        offered = on.page.menu.menu()
        folder = next(it for it in offered.actions() if it.text() == "Show the run's folder")
        assert not folder.isEnabled()
        choose(offered, "Copy the ids")
        ids = {record.id for record in on.controller.repository.runs}
        assert set(QGuiApplication.clipboard().text().split("\n")) == ids
