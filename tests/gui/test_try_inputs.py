"""How an input is given to a model as a file, by the clipboard, by a dialog, or as an example; and
how one example of each kind is looked at elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QColor, QDragEnterEvent, QDropEvent, QGuiApplication, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QPlainTextEdit

from engine.events.insights import Forecast
from engine.events.messages import Rejected
from engine.events.results import ShownExample
from engine.events.trying import (
    ExampleTaken,
    FindNearest,
    Given,
    InputTried,
    LookAtModel,
    ModelAnswer,
    TryInput,
)
from gui.pages.shared.example_view import CellTable, ClipPart, ExampleView
from gui.pages.shared.why_window import WhyWindow
from gui.pages.tryit.drawing_panel import DrawingPanel
from gui.pages.tryit.drop_panel import DropPanel
from gui.pages.tryit.input_area import InputArea
from gui.pages.tryit.recording import CameraPanel, MicrophonePanel
from gui.pages.tryit.text_panel import TextPanel
from gui.pages.tryit.trial import Trial
from gui.plots.stretch_plot import StretchPlot
from gui.widgets.picture_label import PictureLabel
from tests.gui import plot_window
from tests.gui.fake_results_desk import ResultsDesk
from tests.gui.fake_trials import EXAMPLE, PICTURE, ROW, TEXT

show, theme = plot_window.show, plot_window.theme

SERIES = replace(ROW, kind="series", task="forecasting", output="numbers", fields=())
CLIP = replace(ROW, kind="video", fields=())
SOUND = replace(ROW, kind="audio", fields=(), rate=8_000.0)
ANSWER = InputTried("r", 1, (ModelAnswer(best="yes"),))


@pytest.fixture
def clipboard(qapp) -> Iterator[object]:
    board = QGuiApplication.clipboard()
    board.clear()
    yield board
    board.clear()


def panel_of(show, look) -> tuple[DropPanel, list[Given]]:
    panel, given = show(DropPanel(look)), []
    panel.given.connect(given.append)
    return panel, given


def files(*paths: str) -> QMimeData:
    data = QMimeData()
    data.setUrls([QUrl(path) if "://" in path else QUrl.fromLocalFile(path) for path in paths])
    return data


def red(width: int = 4, height: int = 3) -> QImage:
    image = QImage(width, height, QImage.Format.Format_RGB32)
    image.fill(QColor("red"))
    return image


class TestGivingFiles:
    @pytest.mark.parametrize(
        ("look", "title", "word"),
        [
            (PICTURE, "A picture", "picture"),
            (SOUND, "A sound", "recording"),
            (CLIP, "A clip", "clip"),
            (SERIES, "A series", "forecast"),
            (ROW, "A file", "file"),
        ],
        ids=["picture", "sound", "clip", "series", "table"],
    )
    def test_it_says_what_to_do(self, show, look, title: str, word: str) -> None:
        panel, _ = panel_of(show, look)
        assert panel.title == title
        assert word in panel.place.text
        assert panel.play.isVisible() is (look is SOUND)

    def test_a_picture_or_a_copied_file_is_pasted(self, show, clipboard) -> None:
        panel, given = panel_of(show, PICTURE)
        clipboard.setImage(red())
        QTest.keySequence(panel, "Ctrl+V")
        assert QImage.fromData(given[-1].content).pixelColor(1, 1) == QColor("red")
        assert panel.place.text == "Pasted picture"
        clipboard.setMimeData(files("https://example.org/a.png", "/home/me/cat.png"))
        panel.paste.click()
        assert given[-1].path == "/home/me/cat.png"
        assert panel.place.text == "cat.png"
        QTest.keyClick(panel, Qt.Key.Key_A)  # no other key gives anything
        assert len(given) == 2

    def test_what_does_not_fit_is_said_and_not_given(self, show, clipboard) -> None:
        panel, given = panel_of(show, SOUND)
        clipboard.setImage(red())
        panel.paste.click()
        assert "nothing in the clipboard that fits" in panel.place.text
        panel, given_too = panel_of(show, PICTURE)
        panel.take_image(QImage(), "Pasted picture")
        assert panel.place.text == "That picture is empty, or too large."
        clipboard.setText("words")
        panel.paste.click()
        assert "nothing in the clipboard" in panel.place.text
        assert given == given_too == []

    def test_a_file_is_picked(self, show) -> None:
        panel, given = panel_of(show, replace(PICTURE, suffixes=(".png", ".jpg")))
        panel.open.click()
        (dialog,) = panel.findChildren(QFileDialog)
        assert dialog.nameFilters() == ["What fits (*.png *.jpg)", "All files (*)"]
        dialog.fileSelected.emit("/data/dog.jpg")
        dialog.close()
        assert [it.path for it in given] == ["/data/dog.jpg"]

    def test_a_link_that_is_dropped_is_no_file(self, show) -> None:
        panel, given = panel_of(show, PICTURE)
        data = files("https://example.org/a.png")
        how = (
            Qt.DropAction.CopyAction,
            data,
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )
        enter = QDragEnterEvent(QPoint(5, 5), *how)
        enter.ignore()
        QGuiApplication.sendEvent(panel, enter)
        QGuiApplication.sendEvent(panel, QDropEvent(QPoint(5, 5), *how))
        assert given == []

    def test_what_the_model_receives_is_shown(self, show) -> None:
        panel, _ = panel_of(show, PICTURE)
        panel.take_path("/data/cat.png")
        panel.show_answer(ANSWER)  # nothing was seen of it
        assert panel.place.picture is None
        panel.show_answer(replace(ANSWER, seen=np.full((6, 4), 255, np.uint8)))
        picture = panel.place.picture
        assert picture is not None
        assert picture.toImage().pixelColor(2, 2).lightness() == 255
        assert picture.height() / picture.width() == 1.5
        assert panel.place.text == "cat.png"
        panel.grab()  # larger than its place: it is made smaller
        frames = np.zeros((3, 6, 4, 1), np.uint8)
        frames[1] = 255
        clips, _ = panel_of(show, CLIP)
        clips.show_answer(replace(ANSWER, seen=frames))
        assert clips.place.picture.toImage().pixelColor(2, 2).lightness() == 255

    def test_a_forecast_is_drawn_after_what_came_before(self, show) -> None:
        panel, given = panel_of(show, SERIES)
        example = ShownExample(7, "window 7", "", np.zeros((4, 1)), truth="1, 2")
        panel.show_example(ExampleTaken("r", example, "test"))
        assert given[-1].row == 7
        assert panel.place.text == "window 7"  # its truth is drawn
        window = Forecast("window 7", np.arange(4.0), np.full(2, np.nan), np.array([4.0, 5.0]))
        panel.show_answer(replace(ANSWER, forecast=window))
        assert panel.forecast.isVisible()
        drawn = panel.forecast.columns()
        assert drawn["step"].tolist() == [-3, -2, -1, 0, 1, 2]
        assert drawn["forecast"] == ["", "", "", "", 4.0, 5.0]
        panel.take_path("another.csv")  # which may be refused
        assert panel.forecast.columns() == {}
        panel.clear()
        assert not panel.forecast.isVisible()


class TestWaysToGive:
    @pytest.fixture
    def desk(self, qapp) -> ResultsDesk:
        return ResultsDesk()

    @pytest.fixture
    def area(self, show, desk: ResultsDesk) -> InputArea:
        trial = Trial(desk)
        trial.run = "r"
        made = show(InputArea(trial))
        made.trial = trial
        return made

    @pytest.mark.parametrize(
        ("look", "kinds"),
        [
            (PICTURE, [DrawingPanel, DropPanel, CameraPanel]),
            (replace(PICTURE, is_drawable=False), [DropPanel, CameraPanel]),
            (SOUND, [DropPanel, MicrophonePanel]),
            (TEXT, [TextPanel, DropPanel]),
            (CLIP, [DropPanel]),
            (SERIES, [DropPanel]),
        ],
        ids=["digits", "photos", "sounds", "texts", "clips", "series"],
    )
    def test_each_kind_has_its_own(self, area, look, kinds) -> None:
        area.show_model(look)
        assert [type(panel) for panel in area.panels] == kinds
        titles = [panel.title for panel in area.panels]
        assert len(set(titles)) == len(titles)
        assert area.empty_text == area.panels[0].empty_text
        area.clear()
        assert area.empty_text == ""
        assert not area.shows_what_is_seen

    def test_an_example_is_shown_where_it_can_be(self, area) -> None:
        given: list[Given] = []
        area.given.connect(given.append)
        area.show_model(PICTURE)
        picture = ShownExample(3, "3.png", "", np.zeros((8, 8, 1)), truth="7")
        assert area.show_example(ExampleTaken("r", picture, "test"))
        assert area.panels[1].place.text == "3.png: 7"
        assert area.shows_what_is_seen
        assert given[-1].row == 3
        area.show_model(TEXT)
        assert area.show_example(ExampleTaken("r", replace(EXAMPLE, content="some words"), "test"))
        assert area.panels[0].field.toPlainText() == "some words"
        assert given[-1].text == "some words"
        area.panels[1].take_path("/data/letter.txt")
        assert area.panels[0].field.toPlainText() == ""
        area.show_model(CLIP)
        area.show_answer(replace(ANSWER, seen=np.zeros((3, 6, 4, 1))))
        assert area.panels[0].place.picture is not None

    def test_answers_to_other_questions_are_not_taken(self, area, desk, qtbot) -> None:
        trial = area.trial
        given = Given(text="a")
        trial.ask(given)
        with qtbot.assertNotEmitted(trial.answered):
            desk.answer(replace(ANSWER, run="another", number=trial._number))
        trial.open("r")
        assert desk.asked[-1] == LookAtModel("r")
        trial.ask_again(given)
        assert isinstance(desk.asked[-1], TryInput)
        trial._ask_nearest()
        old = len(desk.asked) - 1
        assert isinstance(desk.asked[old], FindNearest)
        trial.ask(Given(text="ab"))
        with qtbot.assertNotEmitted(trial.refused):
            desk.answer(Rejected("There are none."), old)

    def test_what_was_typed_meanwhile_is_asked_after_a_refusal(self, area, desk, qtbot) -> None:
        trial = area.trial
        trial.ask(Given(text="bad"))
        trial.ask(Given(text="good"))
        with qtbot.assertNotEmitted(trial.refused):
            desk.answer(Rejected("It is bad."))
        assert desk.asked[-1].given.text == "good"
        with qtbot.waitSignal(trial.refused):
            desk.answer(Rejected("It is bad, too."))


class TestLookingAtExamples:
    @pytest.fixture
    def view(self, show) -> ExampleView:
        return show(ExampleView())

    def test_a_picture_with_its_file(self, view, tmp_path: Path) -> None:
        example = ShownExample(0, "a.png", str(tmp_path / "a.png"), np.zeros((4, 6, 3), np.uint8))
        view.show_example(example, "image")
        assert isinstance(view.currentWidget(), PictureLabel)
        view.show_words("It is gone.")
        assert view.currentWidget().text() == "It is gone."

    def test_a_clip_moves_while_it_is_seen(self, view) -> None:
        frames = np.arange(3)[:, None, None, None] * np.full((1, 4, 4, 1), 100, np.uint8)
        view.show_example(ShownExample(0, "a.mp4", "", frames.astype(np.uint8)), "video", 10.0)
        clip = view.currentWidget()
        assert isinstance(clip, ClipPart)
        assert clip.timer.isActive()
        assert clip.timer.interval() == 100
        seen = [clip._shown.image.pixelColor(1, 1).lightness()]
        for _ in range(3):
            clip.step()
            seen.append(clip._shown.image.pixelColor(1, 1).lightness())
        assert seen == [0, 100, 200, 0]
        clip.hide()
        assert not clip.timer.isActive()
        ClipPart().step()  # nothing to be shown

    def test_a_series_a_row_and_a_text(self, view) -> None:
        series = ShownExample(0, "0", "", np.arange(8.0).reshape(4, 2))
        view.show_example(series, "series", 0.0, ("a", "b"), np.ones(2), np.zeros(2))
        assert isinstance(view.currentWidget(), StretchPlot)
        view.show_example(EXAMPLE, "table")
        table = view.currentWidget()
        assert isinstance(table, CellTable)
        assert [table.model.text_at(row, 1) for row in range(2)] == ["20", "red"]
        numbers = ShownExample(0, "0", "", np.array([1.5, np.nan]))
        view.show_example(numbers, "table", 0.0, ("width", "height"))
        assert [table.model.text_at(row, 0) for row in range(2)] == ["width", "height"]
        view.show_example(numbers, "table", 0.0, ("only one name",))
        assert [table.model.text_at(row, 0) for row in range(2)] == ["1", "2"]
        view.show_example(ShownExample(0, "0", "", "<b>words</b>"), "text")
        text = view.currentWidget()
        assert isinstance(text, QPlainTextEdit)
        assert text.toPlainText() == "<b>words</b>"


@pytest.mark.qt_log_ignore("does not support raise", extend=True)
def test_the_why_window_stays_for_one_example_after_the_other(qtbot) -> None:
    desk = ResultsDesk()
    window = WhyWindow(desk)
    qtbot.addWidget(window)
    window.explain_row("r", 4, "row 4 <b>")
    assert window.isVisible()
    assert window.heading.text() == "row 4 <b>"
    window.explain_row("r", 5, "row 5")
    assert [it.row for it in desk.asked] == [4, 5]
    assert len(desk.pool.cancelled) == 1  # the first need not be answered any more
    desk.answer(Rejected("Its data is gone.", "Bring it back."))
    assert "Its data is gone." in window.panel.view.waiting.text()
    window.close()
    assert window.panel._command is None
