"""The Try it page: which model answers, what is given to it, and what it says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QObject, QPoint, Qt, QUrl
from PySide6.QtGui import QColor, QDragEnterEvent, QDropEvent, QGuiApplication, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from engine.events.messages import DataProgress, Rejected
from engine.events.trying import (
    ExampleTaken,
    FindChange,
    FindNearest,
    Given,
    LookAtModel,
    PredictMany,
    TakeExample,
    TryInput,
)
from gui.pages.tryit.drawing_panel import DrawingPanel
from gui.pages.tryit.drop_panel import DropPanel
from gui.pages.tryit.recording import MicrophonePanel
from gui.pages.tryit.row_panel import RowPanel
from gui.pages.tryit.text_panel import TextPanel
from gui.pages.tryit.try_page import TryPage
from tests.gui.fake_trials import EXAMPLE, PICTURE, ROW, TEXT, fake_trial
from tests.gui.run_fixtures import DIGITS, LINE, MOONS, Stage, stage

On = Stage[TryPage]


@pytest.fixture
def on(qtbot: QtBot, tmp_path: Path) -> Iterator[On]:
    with stage(qtbot, tmp_path, TryPage) as made:
        yield made


def trained(on: On, look=ROW) -> str:
    on.engine.trial = lambda command: fake_trial(command, look)
    on.controller.drafts.set_draft(DIGITS)
    with on.qtbot.waitSignal(on.page.trial.ready):
        run = on.train(DIGITS)
    # Once more where it was opened while it was trained: the saved model is another one.
    on.qtbot.waitUntil(lambda: on.page.weights.text() == "Finished")
    return run


def best(on: On) -> str:
    return on.page.answer.best.text()


def given(on: On) -> list[Given]:
    return [it.given for it in on.engine.commands if isinstance(it, TryInput)]


def panel(on: On, kind):
    return next(it for it in on.page.inputs.panels if isinstance(it, kind))


def test_an_empty_page_says_what_to_do_first(on: On) -> None:
    on.qtbot.waitUntil(lambda: "train one first" in on.page.notice.text.text())
    asked: list[str] = []
    on.page.page_requested.connect(asked.append)
    on.qtbot.mouseClick(on.page.notice.button, Qt.MouseButton.LeftButton)
    assert asked == ["train"]
    assert not on.page.example.isVisible()


class TestRuns:
    def test_the_run_under_way_answers_with_its_newest_weights(self, on: On) -> None:
        on.engine.trial = lambda command: fake_trial(command, replace(ROW, epoch=2))
        with on.qtbot.waitSignal(on.page.trial.answered):
            on.hold(DIGITS)
        assert on.page.weights.text() == "Under way: weights after epoch 2"
        on.engine.trial = lambda command: fake_trial(command)
        on.engine.go_on()
        on.qtbot.waitUntil(lambda: on.page.weights.text() == "Finished")

    def test_another_run_is_chosen_above(self, on: On) -> None:
        first = trained(on)
        second = on.train(MOONS)
        on.qtbot.waitUntil(lambda: on.page.choice.currentData() == second)
        on.qtbot.waitUntil(lambda: on.page.choice.count() == 2)
        place = on.page.choice.findData(first)
        on.page.choice.setCurrentIndex(place)
        with on.qtbot.waitSignal(on.page.trial.ready):
            on.page.choice.activated.emit(place)
        assert on.page.trial.run == first

    def test_the_run_that_is_open_in_results_is_taken(self, on: On) -> None:
        first = trained(on)
        on.train(MOONS)
        with on.qtbot.waitSignal(
            on.page.trial.ready, check_params_cb=lambda look: look.run == first
        ):
            on.controller.repository.read_result(first)

    def test_what_somebody_gave_stays_while_the_page_is_seen(self, on: On) -> None:
        first = trained(on)
        on.qtbot.waitUntil(lambda: best(on) == "no")
        panel(on, RowPanel).fields["weight"].line.setText("70")
        on.qtbot.waitUntil(lambda: best(on) == "yes")
        second = on.train(MOONS)
        with on.qtbot.waitSignal(on.controller.repository.result_read):
            on.controller.repository.read_result(second)
        assert on.page.trial.run == on.page._wanted == first
        assert dict(panel(on, RowPanel).cells)["weight"] == "70"
        on.page.hide()
        with on.qtbot.waitSignal(on.controller.repository.result_read):
            on.controller.repository.read_result(second)
        with on.qtbot.waitSignal(on.page.trial.ready):
            on.page.show()
        assert on.page.trial.run == second

    def test_a_run_that_was_chosen_stays_while_the_page_is_seen(self, on: On) -> None:
        first = trained(on)
        on.train(MOONS)
        on.qtbot.waitUntil(lambda: on.page.choice.count() == 2)
        place = on.page.choice.findData(first)
        with on.qtbot.waitSignal(on.page.trial.ready):
            on.page.choice.activated.emit(place)
        on.train(LINE)
        assert on.page._wanted == first

    def test_what_is_given_while_the_model_is_loaded_anew_is_asked(self, on: On) -> None:
        trained(on)
        on.qtbot.waitUntil(lambda: best(on) == "no")
        on.page._is_stale = True
        on.page._open_wanted()
        with on.qtbot.waitSignal(on.page.trial.ready):
            panel(on, RowPanel).fields["weight"].line.setText("70")
        assert dict(on.page.trial.given.cells)["weight"] == "70"

    def test_a_model_that_was_refused_is_asked_for_again(self, on: On) -> None:
        on.engine.trial = lambda command: Rejected("Its file is damaged.")
        with on.qtbot.waitSignal(on.page.trial.refused):
            on.train(DIGITS)
        on.page.hide()
        on.engine.trial = fake_trial
        with on.qtbot.waitSignal(on.page.trial.ready):
            on.page.show()

    def test_a_model_that_cannot_be_had_says_why(self, on: On) -> None:
        on.engine.trial = lambda command: Rejected("Its file is damaged.", "Train it again.")
        with on.qtbot.waitSignal(on.page.trial.refused):
            on.train(DIGITS)
        on.qtbot.waitUntil(lambda: on.page.notice.text.text() == "Its file is damaged.")
        assert not on.page.answer.isVisible()

    def test_without_its_data_the_rest_works(self, on: On, spoken) -> None:
        def answers(command):
            if isinstance(command, TakeExample):
                return Rejected("The data is gone.", "Bring it back.")
            return fake_trial(command)

        on.engine.trial = answers
        with on.qtbot.waitSignal(on.page.trial.refused):
            on.train(DIGITS)
        on.qtbot.waitUntil(lambda: "The data is gone." in on.page.answer.detail.text())
        on.qtbot.waitUntil(lambda: on.page.weights.text() == "Finished")
        with on.qtbot.waitSignal(on.page.trial.refused):
            on.qtbot.mouseClick(on.page.example, Qt.MouseButton.LeftButton)
        assert spoken.take("warning").text == "The data is gone."
        row = panel(on, RowPanel)
        with on.qtbot.waitSignal(on.page.trial.answered):
            row.fields["weight"].line.setText("80")
        assert best(on) == "yes"

    def test_the_model_of_a_run_that_is_deleted_is_put_away(self, on: On) -> None:
        run = trained(on)
        on.qtbot.waitUntil(lambda: best(on) == "no")
        on.controller.repository.delete(run)
        on.qtbot.waitUntil(lambda: "train one first" in on.page.notice.text.text())
        assert on.page.trial.run == ""
        assert not on.page.answer.isVisible()

    def test_what_cannot_be_found_is_said_where_it_would_stand(self, on: On) -> None:
        def answers(command):
            if isinstance(command, FindChange | FindNearest):
                return Rejected("The training part is gone.", "Bring it back.")
            return fake_trial(command)

        trained(on)
        on.engine.trial = answers
        row = panel(on, RowPanel)
        row.fields["weight"].line.setText("30")
        nearest = on.page.answer.nearest
        on.qtbot.waitUntil(lambda: nearest.caption.text() == "The training part is gone.")
        on.qtbot.mouseClick(row.finder.find_button, Qt.MouseButton.LeftButton)
        on.qtbot.waitUntil(lambda: "Bring it back." in row.finder.found.text())
        assert best(on) == "no"  # the answer still holds

    def test_the_weights_under_way_are_asked_anew(self, on: On) -> None:
        on.engine.trial = lambda command: fake_trial(command, replace(ROW, epoch=2))
        with on.qtbot.waitSignal(on.page.trial.answered):
            on.hold(DIGITS)
        n_before = len(given(on))
        on.page._freshen()
        on.qtbot.waitUntil(lambda: len(given(on)) == n_before + 1)
        assert given(on)[-1] is given(on)[-2]
        on.page.hide()
        on.page._freshen()  # nobody looks
        assert len(given(on)) == n_before + 1


class TestRows:
    def test_it_begins_with_an_example(self, on: On) -> None:
        trained(on)
        on.qtbot.waitUntil(lambda: best(on) == "no")
        assert dict(panel(on, RowPanel).cells) == {"weight": "20", "colour": "red"}

    def test_the_first_example_gives_way_to_what_somebody_gave(self, on: On) -> None:
        trained(on)
        on.qtbot.waitUntil(lambda: best(on) == "no")
        panel(on, RowPanel).fields["weight"].line.setText("70")
        on.page._is_first_example = True
        on.page.trial.example_taken.emit(ExampleTaken(on.page.trial.run, EXAMPLE, "test"))
        assert dict(panel(on, RowPanel).cells)["weight"] == "70"

    def test_the_answer_moves_with_the_slider(self, on: On) -> None:
        trained(on)
        field = panel(on, RowPanel).fields["weight"]
        on.qtbot.waitUntil(lambda: best(on) == "no")
        field.slider.setValue(field.slider.maximum())
        on.qtbot.waitUntil(lambda: best(on) == "yes")
        assert field.line.text() == "100"
        assert on.page.answer.bars.rows[1].share == 0.75
        assert [row.name for row in on.page.answer.bars.rows] == ["no", "yes"]

    def test_a_comma_is_a_decimal_sign(self, on: On) -> None:
        trained(on)
        row = panel(on, RowPanel)
        row.fields["weight"].line.setText("80,5")
        assert dict(row.cells)["weight"] == "80.5"

    def test_what_is_no_number_is_said_and_the_next_is_answered(self, on: On) -> None:
        trained(on)
        line = panel(on, RowPanel).fields["weight"].line
        line.setText("heavy")
        on.qtbot.waitUntil(lambda: "'heavy'" in on.page.answer.caption.text())
        line.setText("60")
        on.qtbot.waitUntil(lambda: best(on) == "yes")

    def test_an_empty_row_asks_nothing(self, on: On) -> None:
        trained(on)
        on.qtbot.waitUntil(lambda: best(on) == "no")
        row = panel(on, RowPanel)
        row.fields["colour"].choice.setCurrentIndex(0)
        row.fields["weight"].line.clear()
        assert on.page.answer.caption.text() == row.empty_text
        assert best(on) == ""

    def test_what_would_change_the_answer_is_found_and_used(self, on: On) -> None:
        trained(on)
        on.qtbot.waitUntil(lambda: best(on) == "no")
        row = panel(on, RowPanel)
        with on.qtbot.waitSignal(on.page.trial.change_found):
            on.qtbot.mouseClick(row.finder.find_button, Qt.MouseButton.LeftButton)
        assert row.finder.found.text() == "weight 51 instead of 20: then it says yes."
        on.qtbot.mouseClick(row.finder.use, Qt.MouseButton.LeftButton)
        on.qtbot.waitUntil(lambda: best(on) == "yes")

    def test_an_example_leaves_nothing_of_the_one_before(self, on: On) -> None:
        trained(on)
        on.qtbot.waitUntil(lambda: best(on) == "no")
        row = panel(on, RowPanel)
        other = replace(EXAMPLE, cells=(("weight", ""), ("colour", "mauve")))
        row.show_example(ExampleTaken("", other, "test"))
        assert dict(row.cells) == {"weight": "", "colour": "mauve"}  # it is no gap
        row.show_example(ExampleTaken("", replace(EXAMPLE, cells=(("weight", "3"),)), "test"))
        assert dict(row.cells) == {"weight": "3", "colour": ""}
        assert row.fields["colour"].choice.findData("mauve") < 0

    def test_what_would_change_another_row_is_not_said(self, on: On) -> None:
        trained(on)
        on.qtbot.waitUntil(lambda: best(on) == "no")
        row = panel(on, RowPanel)
        on.qtbot.mouseClick(row.finder.find_button, Qt.MouseButton.LeftButton)
        row.fields["weight"].line.setText("70")
        on.qtbot.waitUntil(lambda: best(on) == "yes")  # asked later, of the same worker
        assert row.finder.found.text() == ""
        assert not row.finder.use.isEnabled()

    def test_a_search_says_how_far_it_is_and_can_be_cancelled(self, on: On) -> None:
        run = trained(on)
        on.qtbot.waitUntil(lambda: best(on) == "no")
        finder = panel(on, RowPanel).finder
        on.engine.answer.close()
        on.qtbot.mouseClick(finder.find_button, Qt.MouseButton.LeftButton)
        assert finder.bar.isVisible()
        asked = FindChange(run)
        on.controller.results.progressed.emit(asked, DataProgress("Changing", 1_024, 21_000))
        assert finder.found.text() == "Looking… 1,024 of at most 21,000 rows"
        assert finder.bar.value() / finder.bar.maximum() == pytest.approx(1_024 / 21_000)
        on.qtbot.mouseClick(finder.cancel, Qt.MouseButton.LeftButton)
        assert finder.found.text() == "Cancelled."
        assert finder.find_button.isVisible()
        assert not finder.bar.isVisible()
        on.engine.answer.open()
        panel(on, RowPanel).fields["weight"].line.setText("70")
        on.qtbot.waitUntil(lambda: best(on) == "yes")  # asked later, of the same worker
        assert finder.found.text() == ""

    def test_the_nearest_training_examples_stand_below(self, on: On) -> None:
        with on.qtbot.waitSignal(on.page.trial.nearest_found):
            trained(on)
        nearest = on.page.answer.nearest
        assert nearest.table is not None
        assert nearest.table.model.text_at(0, 0) == "line 4"
        assert "weight 20" in nearest.table.model.text_at(0, 2)


class TestDrawings:
    def test_a_stroke_is_answered_while_it_is_drawn(self, on: On) -> None:
        trained(on, PICTURE)
        canvas = panel(on, DrawingPanel).canvas
        QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=QPoint(20, 20))
        QTest.mouseMove(canvas, QPoint(60, 80))
        on.qtbot.waitUntil(lambda: best(on) == "yes")
        QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=QPoint(60, 80))
        # The newest is asked once the one before is answered.
        on.qtbot.waitUntil(lambda: len(given(on)[-1].strokes[0].points) == 2)
        (stroke,) = given(on)[-1].strokes
        edge = canvas._square().width()
        wanted = [20 / edge, 20 / edge, 60 / edge, 80 / edge]
        assert stroke.points.ravel().tolist() == pytest.approx(wanted, abs=0.01)

    def test_undo_and_clear(self, on: On) -> None:
        trained(on, PICTURE)
        drawing = panel(on, DrawingPanel)
        for _ in range(2):
            QTest.mouseClick(drawing.canvas, Qt.MouseButton.LeftButton, pos=QPoint(30, 30))
        drawing.canvas.setFocus()
        QTest.keyClick(drawing.canvas, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        assert len(drawing.canvas.strokes) == 1
        on.qtbot.mouseClick(drawing.eraser, Qt.MouseButton.LeftButton)
        QTest.mouseClick(drawing.canvas, Qt.MouseButton.LeftButton, pos=QPoint(50, 30))
        assert [stroke.erases for stroke in drawing.canvas.strokes] == [False, True]
        on.qtbot.mouseClick(drawing.reset, Qt.MouseButton.LeftButton)
        assert on.page.answer.caption.text() == drawing.empty_text
        assert not drawing.undo.isEnabled()


class TestFilesAndTexts:
    def test_a_file_is_dropped(self, on: On, tmp_path: Path) -> None:
        trained(on, PICTURE)
        place = panel(on, DropPanel)
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(tmp_path / "cat.png"))])
        how = (
            Qt.DropAction.CopyAction,
            data,
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )
        QGuiApplication.sendEvent(place, QDragEnterEvent(QPoint(5, 5), *how))
        QGuiApplication.sendEvent(place, QDropEvent(QPoint(5, 5), *how))
        on.qtbot.waitUntil(lambda: best(on) == "yes")
        assert given(on)[-1].path == str(tmp_path / "cat.png")

    def test_a_picture_is_pasted_and_the_drawing_goes(self, on: On) -> None:
        trained(on, PICTURE)
        drawing = panel(on, DrawingPanel)
        QTest.mouseClick(drawing.canvas, Qt.MouseButton.LeftButton, pos=QPoint(30, 30))
        image = QImage(9, 7, QImage.Format.Format_RGB32)
        image.fill(QColor("red"))
        panel(on, DropPanel).take_image(image, "Pasted picture")
        on.qtbot.waitUntil(lambda: bool(given(on)) and bool(given(on)[-1].content))
        assert given(on)[-1].suffix == ".png"
        assert QImage.fromData(given(on)[-1].content).size() == image.size()
        assert drawing.canvas.is_empty

    def test_texts_of_any_language_and_length(self, on: On) -> None:
        trained(on, TEXT)
        field = panel(on, TextPanel).field
        text = "Καλημέρα مرحبا 你好 \x00\n" * 1_000
        field.setPlainText(text)
        on.qtbot.waitUntil(lambda: best(on) == "yes")
        assert given(on)[-1].text == field.toPlainText()
        field.setPlainText("  \n ")
        assert on.page.answer.caption.text() == panel(on, TextPanel).empty_text

    def test_only_the_newest_of_many_letters_need_be_answered(self, on: On) -> None:
        trained(on, TEXT)
        field = panel(on, TextPanel).field
        for n in range(200):
            field.setPlainText("x" * (n + 1))
        on.qtbot.waitUntil(lambda: bool(given(on)) and given(on)[-1].text == "x" * 200)
        on.qtbot.waitUntil(lambda: best(on) == "yes")
        assert len(given(on)) < 200


class TestMany:
    def test_it_is_written_and_told(self, on: On, tmp_path: Path, spoken) -> None:
        run = trained(on)
        assert not on.page.many.folder.isEnabled()  # rows lie in tables
        on.page.many.begin(run, str(tmp_path / "new.csv"), str(tmp_path / "out.csv"))
        assert on.page.many.cancel.isVisible()
        on.qtbot.waitUntil(lambda: not on.page.many.is_busy)
        (asked,) = [it for it in on.engine.commands if isinstance(it, PredictMany)]
        assert (asked.run, Path(asked.to).name) == (run, "out.csv")
        said = spoken.take("warning").text
        assert "out.csv" in said
        assert "2 predictions, 1 could not be read" in said

    def test_the_run_that_was_there_when_it_was_asked_predicts(
        self, on: On, tmp_path, spoken
    ) -> None:
        run = trained(on)
        on.page.many.file.trigger()
        on.page.many.set_run("another", False)
        (dialog,) = on.page.many.findChildren(QFileDialog)
        dialog.fileSelected.emit(str(tmp_path / "new.csv"))
        dialog.close()
        where = next(it for it in on.page.many.findChildren(QFileDialog) if it is not dialog)
        where.fileSelected.emit(str(tmp_path / "out.csv"))
        where.close()
        on.qtbot.waitUntil(lambda: not on.page.many.is_busy)
        (asked,) = [it for it in on.engine.commands if isinstance(it, PredictMany)]
        assert asked.run == run
        assert "out.csv" in spoken.take("warning").text

    def test_it_can_be_cancelled(self, on: On, tmp_path: Path) -> None:
        run = trained(on)
        on.page.many.begin(run, str(tmp_path / "new.csv"), str(tmp_path / "out.csv"))
        on.qtbot.mouseClick(on.page.many.cancel, Qt.MouseButton.LeftButton)
        assert on.page.many.words.text() == "Cancelled; nothing was written."
        assert on.page.many.button.isEnabled()


def test_a_hidden_microphone_stops_and_gives_nothing(qtbot: QtBot) -> None:
    class Source(QObject):
        def stop(self) -> None:
            stopped.append(True)

    stopped: list[bool] = []
    recorder = MicrophonePanel(replace(ROW, kind="audio", rate=8_000.0))
    qtbot.addWidget(recorder)
    recorder.show()
    recorder.microphone._source = Source()
    recorder.microphone._samples += bytes(100)
    recorder.button.setText("Stop")
    with qtbot.assertNotEmitted(recorder.given):
        recorder.hide()
    assert stopped == [True]
    assert not recorder.microphone.is_recording
    assert recorder.button.text() == "Record"


def test_it_asks_for_nothing_while_another_page_is_shown(on: On) -> None:
    on.page.hide()
    on.train(DIGITS)
    assert not [it for it in on.engine.commands if isinstance(it, LookAtModel)]
    with on.qtbot.waitSignal(on.page.trial.ready):
        on.page.show()
