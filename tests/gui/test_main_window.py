"""The window: opening, finding one's way, what is remembered, and closing."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPointF, QSettings, Qt, QUrl
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMessageBox
from pytestqt.qtbot import QtBot

from engine.events.messages import CHANGED_DATA, Rejected
from engine.events.run_events import EpochEnded, RunState
from engine.runs.store import RunStore
from engine.runs.workspace_lock import WorkspaceLock
from gui.pages.data.data_page import DataPage
from gui.state.controller import Controller
from gui.state.draft import Draft
from gui.state.settings import Settings
from gui.style.theme import current_theme
from gui.window.app import AfterFirstPaint, start_log
from gui.window.main_window import MINIMUM_SIZE, MainWindow
from gui.window.page_list import PAGES
from gui.window.shortcut_sheet import ShortcutSheet
from gui.window.workflow_bar import ACTIVE, DONE, PROBLEM, TODO
from tests.gui.fake_engine import FakeEngine, FakeSampler
from tests.gui.frame_fixtures import WindowStage, window_stage
from tests.gui.spoken import SpokenMessages

DIGITS = Draft(source="digits", model="cnn", training={"epochs": 4})


@pytest.fixture
def on(qtbot: QtBot, tmp_path: Path) -> Iterator[WindowStage]:
    with window_stage(qtbot, tmp_path) as made:
        yield made


def hold(on: WindowStage, epoch: int = 2) -> None:
    """Trains up to an epoch and stays there."""

    def is_there(event: object) -> bool:
        return isinstance(event, EpochEnded) and event.epoch == epoch

    on.engine.hold_after_epoch = epoch
    on.controller.drafts.set_draft(DIGITS)
    with on.qtbot.waitSignal(on.controller.training.run_event, check_params_cb=is_there):
        on.controller.start()


def hint(on: WindowStage, step: str) -> str:
    return on.window.bar.button(step).hint


def mark(on: WindowStage, step: str) -> str:
    return on.window.bar.button(step).mark


class TestOpening:
    def test_it_is_painted_before_any_page_or_engine(self, qtbot: QtBot, tmp_path: Path) -> None:
        current_theme().apply()
        engine = FakeEngine(tmp_path)
        controller = Controller(tmp_path, engine, FakeSampler)
        window = MainWindow(controller, Settings())
        qtbot.addWidget(window)
        opener = AfterFirstPaint(window)
        seen: list[tuple[int, int]] = []
        opener.painted.connect(lambda: seen.append((len(window.pages), len(engine.commands))))
        with qtbot.waitSignal(opener.painted):
            window.show()
        assert seen == [(0, 0)]

    def test_the_page_that_is_looked_at_is_built_first(self, qtbot: QtBot, tmp_path: Path) -> None:
        Settings().set("window/page", "runs")
        with window_stage(qtbot, tmp_path) as on:
            assert next(iter(on.window.pages)) == "runs"
            assert set(on.window.pages) == set(PAGES)

    def test_tensorflow_is_never_in_this_process(self, tmp_path: Path) -> None:
        code = (
            "import sys, gui.window.app\n"
            "from gui.window.page_list import PAGES, page_class\n"
            "pages = [page_class(name) for name in PAGES]\n"
            "heavy = {'tensorflow', 'keras', 'sklearn', 'pandas', 'scipy'} & set(sys.modules)\n"
            "sys.exit(f'imported: {heavy}' if heavy else 0)"
        )
        environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
        root = Path(__file__).parents[2]
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=root,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr

    def test_a_second_window_says_who_has_the_workspace(
        self, qtbot: QtBot, tmp_path: Path, spoken: SpokenMessages
    ) -> None:
        lock = WorkspaceLock(tmp_path / "workspace")
        lock.acquire()
        try:
            with window_stage(qtbot, tmp_path) as on:
                said = spoken.take("warning")
                assert str(os.getpid()) in said.text
                assert "Start is off" in said.text
                assert said.is_lasting
                on.controller.drafts.set_draft(DIGITS)
                with qtbot.waitSignal(on.controller.training.start_rejected):
                    on.controller.start()
                assert str(os.getpid()) in spoken.take("error").text
        finally:
            lock.release()

    def test_a_run_whose_data_has_changed_asks_before_it_goes_on(
        self, on: WindowStage, spoken: SpokenMessages
    ) -> None:
        hold(on)
        training = on.controller.training
        run = str(training.run)
        with on.qtbot.waitSignal(
            training.state_changed, check_params_cb=lambda state: state is RunState.INTERRUPTED
        ):
            on.engine.kill_worker()
        spoken.clear()
        changed = "1 file changed since this run was trained: people.csv (column 'age')."
        on.engine.rejections["resume"] = Rejected(changed, offer=CHANGED_DATA)
        with on.qtbot.waitSignal(training.start_rejected):
            on.controller.continue_run(run)
        said = spoken.take("warning")
        assert said.text == changed
        assert said.action_text == "Continue with changed data"
        assert [command.accepts_changes for command in on.engine.resumes()] == [False]
        del on.engine.rejections["resume"]
        with on.qtbot.waitSignal(training.run_event):
            on.window.messages.newest.act()
        refused, accepted = on.engine.resumes()
        assert accepted == dataclasses.replace(refused, accepts_changes=True)

    def test_runs_that_died_unseen_are_told_of(
        self, qtbot: QtBot, tmp_path: Path, spoken: SpokenMessages
    ) -> None:
        code = (
            "import sys; from pathlib import Path\n"
            "from engine.runs.store import RunStore; from engine.spec.run_spec import RunSpec\n"
            "spec = RunSpec.from_dict({'data': {'source': 'iris'}, 'model': {'name': 'mlp'}})\n"
            "RunStore(Path(sys.argv[1])).create(spec, 'A lost run', 'Iris', 'MLP')"
        )
        subprocess.run(
            [sys.executable, "-c", code, str(tmp_path / "workspace")],
            cwd=Path(__file__).parents[2],
            check=True,
        )
        with window_stage(qtbot, tmp_path) as on:
            qtbot.waitUntil(lambda: any(m.level == "warning" for m in spoken))
            assert "A lost run" in spoken.take("warning").text
            qtbot.waitUntil(lambda: len(on.controller.repository.runs) == 1)


class TestFindingOnesWay:
    @pytest.mark.parametrize(("number", "name"), list(enumerate(PAGES, start=1)))
    def test_number_keys_lead_to_the_pages(self, on: WindowStage, number: int, name: str) -> None:
        on.window.show_page("runs" if name != "runs" else "data")
        on.window.activateWindow()
        on.qtbot.waitUntil(on.window.isActiveWindow)
        QTest.keyClick(
            on.window, Qt.Key(Qt.Key.Key_0.value + number), Qt.KeyboardModifier.ControlModifier
        )
        assert on.window.current_page == name
        assert on.window.bar.button(name).isChecked()

    def test_a_pages_own_keys_work_as_soon_as_it_is_shown(self, on: WindowStage) -> None:
        on.window.activateWindow()
        on.qtbot.waitUntil(on.window.isActiveWindow)
        on.window.show_page("runs")
        on.window.show_page("data")
        page = on.window.pages["data"]
        QTest.keyClick(
            QApplication.focusWidget(), Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier
        )
        assert isinstance(page, DataPage)
        assert page.search.hasFocus()

    def test_clicks_and_pages_lead_to_pages(self, on: WindowStage) -> None:
        on.qtbot.mouseClick(on.window.bar.button("runs"), Qt.MouseButton.LeftButton)
        assert on.window.current_page == "runs"
        on.window.pages["runs"].page_requested.emit("train")
        assert on.window.current_page == "train"

    def test_steps_say_what_they_hold(self, on: WindowStage) -> None:
        on.controller.drafts.set_draft(Draft())
        on.qtbot.waitUntil(lambda: hint(on, "data") == "Pick some data")
        assert [mark(on, name) for name in PAGES] == [TODO] * len(PAGES)
        with on.qtbot.waitSignal(on.controller.drafts.model_changed, check_params_cb=bool):
            on.controller.drafts.set_draft(DIGITS)
        on.qtbot.waitUntil(lambda: on.controller.drafts.profile is not None)
        assert hint(on, "data") == "Handwritten digits"
        assert hint(on, "model") == "CNN"
        assert (mark(on, "data"), mark(on, "model")) == (DONE, DONE)

    def test_a_problem_is_marked_at_its_step(self, on: WindowStage) -> None:
        on.engine.rejections["cnn"] = Rejected("No.")
        with on.qtbot.waitSignal(on.controller.drafts.model_rejected):
            on.controller.drafts.set_draft(DIGITS)
        assert mark(on, "model") == PROBLEM

    def test_the_run_is_in_the_title_and_at_its_step(self, on: WindowStage) -> None:
        assert on.window.windowTitle() == "Descent"
        hold(on)
        assert on.window.windowTitle().startswith("Epoch 3 of 4 – ")
        assert "Handwritten digits" in on.window.windowTitle()
        assert mark(on, "train") == ACTIVE
        with on.qtbot.waitSignal(
            on.controller.training.state_changed, check_params_cb=lambda s: s is RunState.FINISHED
        ):
            on.engine.go_on()
        assert on.window.windowTitle().startswith("Finished")
        assert (mark(on, "train"), mark(on, "results")) == (DONE, DONE)

    def test_the_engine_says_when_it_is_ready(self, on: WindowStage) -> None:
        assert "2.21.0" in on.window.status.engine.text()
        on.qtbot.waitUntil(lambda: "core" in on.window.status.device.text())

    def test_f1_explains_each_page(self, on: WindowStage) -> None:
        on.window.activateWindow()
        on.qtbot.waitUntil(on.window.isActiveWindow)
        on.window.bar.button("data").setFocus()
        QTest.keyClick(on.window, Qt.Key.Key_F1)
        sheet = on.window.sheets.open_sheets["page"]
        titles = []
        for name in PAGES:
            on.window.show_page(name)
            titles.append(sheet.windowTitle())
        assert titles == [
            "The Data page",
            "The Model page",
            "Steering a run",
            "The Results page",
            "The Try it page",
            "The Runs page",
        ]
        on.window.sheets.show_page_help()
        assert on.window.sheets.open_sheets == {}

    def test_the_shortcuts_can_be_looked_up(self, on: WindowStage) -> None:
        on.window.activateWindow()
        on.qtbot.waitUntil(on.window.isActiveWindow)
        on.window.bar.button("data").setFocus()
        QTest.keyClick(on.window, Qt.Key.Key_Question)
        sheet = on.window.sheets.open_sheets["shortcuts"]
        assert isinstance(sheet, ShortcutSheet)
        assert ("Data", "Ctrl+1") in sheet.rows
        assert ("Open a file", "Ctrl+O") in sheet.rows
        assert ("Open a folder", "Ctrl+Shift+O") in sheet.rows
        on.window.sheets.show_shortcuts()
        assert on.window.sheets.open_sheets == {}
        assert not sheet.isVisible()

    def test_no_page_needs_more_room_than_the_smallest_window_has(self, on: WindowStage) -> None:
        on.window.resize(MINIMUM_SIZE)
        for name, page in on.window.pages.items():
            on.window.show_page(name)
            assert page.minimumSizeHint().width() <= page.width(), name

    @pytest.mark.parametrize("name", ["people.csv", "pets"])
    def test_a_file_or_folder_dropped_on_any_page_is_opened(
        self, on: WindowStage, tmp_path: Path, name: str
    ) -> None:
        path = tmp_path / name
        on.window.show_page("train")
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(path))])
        everything = (Qt.DropAction.CopyAction, data)
        keys = (Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
        entering = QDragEnterEvent(QPointF(9, 9).toPoint(), *everything, *keys)
        QApplication.sendEvent(on.window, entering)
        assert entering.isAccepted()
        with on.qtbot.waitSignal(on.controller.drafts.profile_changed, check_params_cb=bool):
            QApplication.sendEvent(on.window, QDropEvent(QPointF(9, 9), *everything, *keys))
        assert on.window.current_page == "data"
        assert on.controller.drafts.draft.source == str(path)

    def test_a_run_that_is_dropped_is_brought_in(self, on: WindowStage, tmp_path: Path) -> None:
        asked: list[str] = []
        on.window.pages["runs"].bring_in.bring_in = asked.append
        for name in ("moons.descent", "MOONS.DESCENT"):
            on.window.show_page("train")
            on.window.opener.open(str(tmp_path / name))
            assert on.window.current_page == "runs"
        assert asked == [str(tmp_path / "moons.descent"), str(tmp_path / "MOONS.DESCENT")]

    def test_a_background_failure_is_said(self, on: WindowStage, spoken: SpokenMessages) -> None:
        on.controller.problem_found.emit(Rejected("The disk is full.", "Make room.", details="x"))
        said = spoken.take("error")
        assert (said.text, said.hint, said.details) == ("The disk is full.", "Make room.", "x")


class TestRemembering:
    def test_page_draft_and_size_come_back(
        self, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # The screen of the platform without one is smaller than most.
        monkeypatch.setattr("gui.window.main_window.fit_to_screen", lambda _window: None)
        with window_stage(qtbot, tmp_path) as on:
            on.window.resize(960, 720)
            on.window.show_page("model")
            on.controller.drafts.set_draft(DIGITS.with_seed(7))
        with window_stage(qtbot, tmp_path) as on:
            assert on.window.current_page == "model"
            assert on.controller.drafts.draft == DIGITS.with_seed(7)
            assert (on.window.width(), on.window.height()) == (960, 720)

    def test_broken_settings_cost_no_launch(self, qtbot: QtBot, tmp_path: Path) -> None:
        store = QSettings(
            QSettings.Format.IniFormat, QSettings.Scope.UserScope, "Descent", "Descent"
        )
        for name in ("window/geometry", "window/page", "draft", "data/recent_files", "theme/mode"):
            store.setValue(name, "{broken")
        store.sync()
        with window_stage(qtbot, tmp_path) as on:
            assert on.window.current_page == "data"
            assert on.controller.drafts.draft.source == "digits"

    def test_the_first_time_something_good_to_start_with_is_picked(self, on: WindowStage) -> None:
        assert (on.controller.drafts.draft.source, on.controller.drafts.draft.model) == (
            "digits",
            "cnn",
        )

    def test_the_theme_is_remembered_by_name(self, on: WindowStage) -> None:
        switch = on.window.theme_switch
        before = current_theme().mode
        try:
            for action in switch.menu().actions():
                if action.data() == "dark":
                    action.trigger()
            assert current_theme().palette.is_dark
            assert Settings().get("theme/mode", "") == "dark"
        finally:
            current_theme().set_mode(before)

    @pytest.mark.parametrize(
        ("value", "default"),
        [(3, 0), (2.5, 0.0), (3, 0.0), ("a", ""), (True, False), ([1, "b"], []), ({"a": 1}, {})],
    )
    def test_settings_keep_their_type(self, value: object, default: object) -> None:
        Settings().set("some/thing", value)
        back = Settings().get("some/thing", default)
        assert back == value
        assert type(back) is type(default)

    @pytest.mark.parametrize(("value", "default"), [("3", 0), (1, True), (True, 1), ([], {})])
    def test_a_setting_of_another_type_counts_as_absent(
        self, value: object, default: object
    ) -> None:
        Settings().set("some/thing", value)
        assert Settings().get("some/thing", default) == default


class TestClosing:
    def test_an_idle_window_closes_without_a_question(self, on: WindowStage) -> None:
        with on.qtbot.waitSignal(on.window.finished):
            on.window.close()
        assert on.window.is_finished
        assert not on.window.isVisible()

    def test_while_training_it_asks_and_can_go_on(self, on: WindowStage) -> None:
        hold(on)
        event = QCloseEvent()
        QApplication.sendEvent(on.window, event)
        assert not event.isAccepted()
        question = on.window.findChild(QMessageBox)
        assert question is not None
        assert "Stop, keep the model and close?" in question.text()
        keep = question.buttons()[[b.text() for b in question.buttons()].index("Keep training")]
        on.qtbot.mouseClick(keep, Qt.MouseButton.LeftButton)
        assert on.controller.training.is_active
        assert not on.controller.is_closing
        on.window.close()
        again = [box for box in on.window.findChildren(QMessageBox) if box.isVisible()]
        assert len(again) == 1
        again[0].reject()

    def test_stop_and_close_keeps_the_run(self, on: WindowStage) -> None:
        hold(on)
        run = on.controller.training.run
        on.window.close()
        question = on.window.findChild(QMessageBox)
        assert question is not None
        stop = question.buttons()[[b.text() for b in question.buttons()].index("Stop and close")]
        with on.qtbot.waitSignal(on.window.finished):
            on.qtbot.mouseClick(stop, Qt.MouseButton.LeftButton)
        with RunStore(on.engine.workspace) as store:
            record = store.get(str(run))
            assert record.state is RunState.STOPPED
            assert record.epochs_done == 2

    def test_closing_twice_asks_once(self, on: WindowStage) -> None:
        hold(on)
        on.window.close()
        on.window.close()
        questions = on.window.findChildren(QMessageBox)
        assert len(questions) == 1
        questions[0].reject()


class TestLog:
    def test_it_lies_in_the_workspace(self, tmp_path: Path) -> None:
        path = start_log(tmp_path)
        assert path == tmp_path / "logs" / "window.log"
        assert "The window starts" in path.read_text(encoding="utf-8")

    def test_a_workspace_that_cannot_be_written_is_no_reason_not_to_start(
        self, tmp_path: Path
    ) -> None:
        blocked = tmp_path / "file"
        blocked.write_text("not a folder", encoding="utf-8")
        assert start_log(blocked) is None
