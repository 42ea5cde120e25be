"""Taking a run's result away from the Results page: formats, the proof, refusals, cancelling."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from engine.events.exporting import ExportRun, Latency, RunExported
from engine.events.messages import Event, Rejected
from engine.events.results import ResultCommand
from engine.runs.store import RunStore
from engine.service.results import exporting
from engine.service.results.exporting import FORMATS, format_named
from gui.guide.words import LANGUAGE_SETTING
from gui.pages.results.export_window import ExportWindow
from gui.pages.results.export_words import default_name
from gui.pages.results.results_page import ResultsPage
from tests.gui.fake_results import fake_result
from tests.gui.run_fixtures import MOONS, Stage, stage

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support", extend=True)

PROVEN = RunExported(
    "",
    "onnx",
    "",
    checked=274,
    largest_difference=3e-7,
    same_class=1.0,
    test_metrics={"test_accuracy": 0.978},
    run_metrics={"test_accuracy": 0.978},
    latencies=(Latency(1, 1, 0.11, 0.13), Latency(1, 32, 0.02, 0.03)),
    size_bytes=21_900,
)


class Exports:
    """What workers say to an export."""

    def __init__(self) -> None:
        self.asked: list[ExportRun] = []
        self.answer: RunExported | Rejected = PROVEN

    def __call__(self, command: ResultCommand, store: RunStore) -> Event:
        if not isinstance(command, ExportRun):
            return fake_result(command, store)
        self.asked.append(command)
        if isinstance(self.answer, Rejected):
            return self.answer
        return replace(self.answer, run=command.run, format=command.format, path=command.to)


@pytest.fixture
def exports() -> Exports:
    return Exports()


@pytest.fixture
def on(qtbot: QtBot, tmp_path: Path, exports: Exports) -> Iterator[Stage[ResultsPage]]:
    with stage(qtbot, tmp_path, ResultsPage) as made:
        made.engine.result = exports
        yield made


@pytest.fixture
def opened(on: Stage[ResultsPage], qtbot: QtBot) -> ExportWindow:
    """The window, of a run that has ended."""
    with qtbot.waitSignal(on.controller.repository.result_read):
        on.train(MOONS)
    qtbot.waitUntil(on.page.head.export.isVisible)
    qtbot.mouseClick(on.page.head.export, Qt.MouseButton.LeftButton)
    (window,) = on.page.findChildren(ExportWindow)
    return window


def choose(window: ExportWindow, name: str) -> None:
    window.table.setCurrentIndex(window.model.index(FORMATS.index(format_named(name)), 0))


def cells(window: ExportWindow, name: str) -> list[str]:
    row = FORMATS.index(format_named(name))
    return [window.model.text_at(row, column) for column in range(window.model.columnCount())]


def export(window: ExportWindow, name: str, folder: Path, qtbot: QtBot) -> None:
    choose(window, name)
    qtbot.mouseClick(window.export, Qt.MouseButton.LeftButton)
    (dialog,) = window.findChildren(QFileDialog)
    dialog.fileSelected.emit(str(folder))
    dialog.close()
    qtbot.waitUntil(lambda: window._command is None)


def test_all_formats_are_listed_with_what_they_are_for(opened: ExportWindow) -> None:
    for item in FORMATS:
        choose(opened, item.name)
        assert cells(opened, item.name) == [item.title, "", "", "", ""]
        assert opened.about.text() == item.about
    assert not opened.show_files.isEnabled()


def test_a_model_gets_a_folder_of_its_own_and_its_proof_is_told(
    opened: ExportWindow, exports: Exports, qtbot: QtBot, tmp_path: Path
) -> None:
    export(opened, "onnx", tmp_path, qtbot)
    (asked,) = exports.asked
    assert asked.format == "onnx"
    assert Path(asked.to).parent == tmp_path
    assert Path(asked.to).name.endswith("-onnx")
    assert opened.notice.text.text() == (
        "Asked by its own runtime: 274 examples, largest difference 3e-07, the same answer in all, "
        "test accuracy 97.8 % (the run: 97.8 %)."
    )
    assert cells(opened, "onnx")[1:] == ["21.4 KB", "0.11", "3e-07", "100.0 %"]
    assert opened.latencies.rowCount() == 2
    assert opened.show_files.isEnabled()
    # Another format is a row of its own: the two can be compared.
    choose(opened, "litert")
    assert opened.latencies.rowCount() == 0
    assert not opened.notice.isVisible()


def test_nothing_is_written_over(
    opened: ExportWindow, exports: Exports, qtbot: QtBot, tmp_path: Path
) -> None:
    there = tmp_path / default_name(opened._name, format_named("keras"))
    there.mkdir()
    export(opened, "keras", tmp_path, qtbot)
    assert Path(exports.asked[0].to).name == f"{there.name}-2"


@pytest.mark.parametrize(
    "answer",
    [replace(PROVEN, reason="Example 3 is answered otherwise."), Rejected("The data is gone.")],
)
def test_what_is_not_handed_over_is_told_with_its_reason(
    opened: ExportWindow,
    exports: Exports,
    qtbot: QtBot,
    tmp_path: Path,
    answer: RunExported | Rejected,
) -> None:
    exports.answer = answer
    export(opened, "onnx", tmp_path, qtbot)
    reason = answer.reason if isinstance(answer, RunExported) else answer.message
    assert opened.notice.text.text() == f"Not exported: {reason}"
    assert cells(opened, "onnx")[1:] == ["", "", "", ""]
    assert not opened.show_files.isEnabled()


def test_what_is_missing_is_named_with_the_command_that_installs_it(
    opened: ExportWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "_is_installed", lambda package: package != "onnxruntime")
    choose(opened, "onnx")
    assert not opened.export.isEnabled()
    assert "onnxruntime" in opened.notice.text.text()
    assert "pip install 'descent[export]'" in opened.notice.hint.text()
    choose(opened, "keras")
    assert opened.export.isEnabled()


def test_a_report_is_in_the_language_of_the_guide_and_beside_other_runs(
    on: Stage[ResultsPage], opened: ExportWindow, exports: Exports, qtbot: QtBot, tmp_path: Path
) -> None:
    first = on.controller.repository.runs[0].id
    with qtbot.waitSignal(on.controller.repository.result_read):
        on.train(MOONS)
    qtbot.mouseClick(on.page.head.export, Qt.MouseButton.LeftButton)
    choose(opened, "onnx")
    assert not opened.others.isVisible()
    on.settings.set(LANGUAGE_SETTING, "zh_CN")
    choose(opened, "report")
    assert opened.others.isVisible()
    opened.others.menu().aboutToShow.emit()
    (action,) = opened.others.menu().actions()
    assert action.data() == first
    action.trigger()
    assert opened.others.text() == "Beside 1 run"
    export(opened, "report", tmp_path / "it.html", qtbot)
    assert (exports.asked[-1].language, exports.asked[-1].others) == ("zh_CN", (first,))
    assert exports.asked[-1].to == str(tmp_path / "it.html")


def test_another_run_begins_anew(
    on: Stage[ResultsPage], opened: ExportWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    export(opened, "onnx", tmp_path, qtbot)
    with qtbot.waitSignal(on.controller.repository.result_read):
        on.train(MOONS)
    qtbot.waitUntil(lambda: not opened.isVisible())
    qtbot.mouseClick(on.page.head.export, Qt.MouseButton.LeftButton)
    assert cells(opened, "onnx")[1:] == ["", "", "", ""]


def test_a_report_holds_examples_where_they_may_be_handed_on(
    opened: ExportWindow, exports: Exports, qtbot: QtBot, tmp_path: Path
) -> None:
    for item in FORMATS:
        choose(opened, item.name)
        assert opened.examples.isVisible() == (item.name in ("report", "pdf"))
    export(opened, "report", tmp_path / "with.html", qtbot)
    opened.examples.setChecked(False)
    export(opened, "report", tmp_path / "without.html", qtbot)
    assert [command.with_examples for command in exports.asked] == [True, False]


def test_the_row_that_is_clicked_is_the_one_that_is_chosen(
    opened: ExportWindow, qtbot: QtBot
) -> None:
    opened.resize(832, 480)  # the list is scrolled, and longer without the latencies of a model
    choose(opened, "keras")
    opened.table.scrollToBottom()
    qtbot.waitUntil(opened.latency_table.isVisible)
    place = opened.table.visualRect(opened.model.index(len(FORMATS) - 2, 0)).center()
    viewport = opened.table.viewport()
    qtbot.mousePress(viewport, Qt.MouseButton.LeftButton, pos=place)
    assert opened.latency_table.isVisible()  # nothing moves below a pressed button
    qtbot.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=place)
    qtbot.waitUntil(lambda: not opened.latency_table.isVisible())
    selected = [index.row() for index in opened.table.selectionModel().selectedRows()]
    assert selected == [opened.table.currentIndex().row()] == [len(FORMATS) - 2]
