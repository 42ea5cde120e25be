"""The real window, threads, worker process and Keras, on small real data."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtWidgets import QAbstractButton, QMessageBox

from engine.events.commands import ResumeRun, Train
from engine.events.run_events import (
    EpochEnded,
    RunEnded,
    RunFinished,
    RunInterrupted,
    RunState,
    RunStopped,
    StepsDone,
)
from engine.runs.store import RunStore
from engine.service import running
from engine.service.session import Session
from engine.training.control import TrainingControl
from gui.state import run_controller
from gui.state.controller import Controller
from gui.state.draft import Draft
from gui.state.settings import Settings
from gui.threads import training_thread
from gui.window.main_window import MainWindow
from tests import slow_workers

LINE = {"data": {"source": "noisy_line"}, "model": {"name": "linear_regression"}}


class WatchedSession(Session):
    """A session that tells which one trains."""

    def __init__(self, workspace: Path, trainers: list[Session]) -> None:
        super().__init__(workspace)
        self._trainers = trainers

    def run(self, command):
        if isinstance(command, Train | ResumeRun):
            self._trainers.append(self)
        return super().run(command)


class Program:
    """A window with its engine, as `gui.window.app` puts them together."""

    def __init__(self, qtbot, workspace: Path) -> None:
        self._qtbot = qtbot
        self.trainers: list[Session] = []
        self.controller = Controller(workspace, lambda: WatchedSession(workspace, self.trainers))
        self.window = MainWindow(self.controller, Settings())
        self.is_over = False
        self.events: list[object] = []
        self.controller.training.run_event.connect(self.events.append)

    def open(self) -> None:
        """Waits until the pages are there and a worker stands by."""
        with self._qtbot.waitSignal(self.controller.worker_ready):
            self.window.show()
            self.window.open()

    def train(self, spec: dict, until: type = RunEnded) -> object:
        """Sets a draft, presses Start, and waits for an event of the run."""
        self.controller.drafts.set_draft(Draft.from_values(spec))
        self.window.show_page("train")
        self.events.clear()
        return self.wait_for(until, lambda: self.press("Start"))

    def wait_for(self, kind: type, act=lambda: None) -> object:
        """Does something, and waits for an event of the run."""
        with self._qtbot.waitSignal(
            self.controller.training.run_event,
            check_params_cb=lambda event: isinstance(event, kind),
        ) as waiting:
            act()
        return waiting.args[0]

    def press(self, text: str) -> None:
        """Clicks the visible button of that text on the page in front."""
        page = self.window.pages[self.window.current_page]
        for button in page.findChildren(QAbstractButton):
            if button.text() == text and button.isVisible():
                assert button.isEnabled(), f"'{text}' is disabled."
                self._qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
                return
        raise AssertionError(f"There is no button '{text}' on {self.window.current_page}.")

    def close(self) -> None:
        """Closes the window and waits until every process has ended."""
        with self._qtbot.waitSignal(self.window.finished):
            self.window.close()
        self.forget()

    def forget(self) -> None:
        """Deletes the window in Qt's order; Python's collector would take its parts in any."""
        self.is_over = True
        self.window.deleteLater()
        self.controller.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return tmp_path / "workspace"


@pytest.fixture
def patient(monkeypatch):
    """A worker that is left has as much time as it needs to stop and save."""
    monkeypatch.setattr("engine.service.session.worker.main", slow_workers.patient)
    monkeypatch.setattr(training_thread, "CLOSE_TIMEOUT_S", slow_workers.PATIENCE_S)
    monkeypatch.setattr(run_controller, "CLOSE_DEADLINE_MS", round(1000 * slow_workers.PATIENCE_S))


@pytest.fixture
def held_after_an_epoch(monkeypatch, workspace):
    """A run waits after an epoch to be killed, while the file is there and the window is busy."""
    monkeypatch.setattr("engine.service.session.worker.main", slow_workers.held_after_an_epoch)
    workspace.mkdir()
    hold = workspace / slow_workers.HELD
    hold.touch()
    return hold


@pytest.fixture
def cold_program(qtbot, workspace):
    """A program whose workers begin as everybody's do."""
    program = Program(qtbot, workspace)
    program.open()
    yield program
    if not program.is_over:
        program.close()


@pytest.fixture
def program(warm_workers, cold_program):
    return cold_program


def test_the_main_job(cold_program, workspace, qtbot):
    """Digits and CNN: start, watch, finish, see results, and find the run after a restart."""
    program = cold_program
    spec = {
        "data": {"source": "digits"},
        "model": {"name": "cnn"},
        "training": {"epochs": 2},
    }
    ended = program.train(spec)
    assert isinstance(ended, RunFinished)
    assert program.controller.training.state is RunState.FINISHED
    assert [e.epoch for e in program.events if isinstance(e, EpochEnded)] == [1, 2]
    assert sum(e.n_steps for e in program.events if isinstance(e, StepsDone)) == 2 * 20
    program.press("See results")
    assert program.window.current_page == "results"
    program.close()

    again = Program(qtbot, workspace)
    again.open()
    with RunStore(workspace) as store:
        (record,) = store.runs()
    assert record.state is RunState.FINISHED
    assert record.metrics["test_accuracy"] == ended.metrics["test_accuracy"]
    again.close()


def test_the_window_and_the_command_line_give_the_same_numbers(program, tmp_path):
    spec = {"data": {"source": "moons"}, "model": {"name": "mlp"}, "training": {"epochs": 5}}
    spec["execution"] = {"xla": "off"}  # whether it is used else depends on what was measured
    ended = program.train(spec)
    shown = [event.metrics for event in program.events if isinstance(event, EpochEnded)]
    events: list[object] = []
    with RunStore(tmp_path / "other") as store:
        alone = running.train(spec, store, events.append, TrainingControl())
    assert alone.metrics == ended.metrics
    assert [event.metrics for event in events if isinstance(event, EpochEnded)] == shown


def test_pause_resume_stop(program):
    program.train(LINE | {"training": {"epochs": 100_000}}, until=EpochEnded)
    program.press("Pause")
    program._qtbot.waitUntil(lambda: program.controller.training.state is RunState.PAUSED)
    program.press("Resume")
    program.wait_for(EpochEnded)
    stopped = program.wait_for(RunEnded, lambda: program.press("Stop and keep"))
    assert isinstance(stopped, RunStopped)
    assert stopped.kept


@pytest.mark.expects_messages
def test_a_killed_worker_leaves_the_window_and_the_run(program):
    """And the next run works."""
    program.train(LINE | {"training": {"epochs": 100_000}}, until=EpochEnded)
    ended = program.wait_for(RunEnded, program.trainers[-1].kill)
    assert isinstance(ended, RunInterrupted)
    assert program.window.isVisible()
    with RunStore(program.controller.workspace) as store:
        (record,) = store.runs()
        kept = [epoch.epoch for epoch in store.epochs(record.id)]
    assert record.state is RunState.INTERRUPTED
    seen = [event.epoch for event in program.events if isinstance(event, EpochEnded)]
    assert set(seen) <= set(kept)
    assert isinstance(program.train(LINE | {"training": {"epochs": 2}}), RunFinished)


@pytest.mark.expects_messages
def test_a_killed_run_is_continued_with_a_click_here_and_at_the_next_start(
    held_after_an_epoch, program, workspace, qtbot
):
    """It ends with the history of a run that was never interrupted, and its curves are whole."""
    spec = {
        "data": {"source": "digits"},
        "model": {"name": "cnn"},
        "training": {"epochs": 4},
        "execution": {"xla": "off", "layers": "keras"},
    }
    program.train(spec, until=EpochEnded)
    run = program.controller.training.run
    program.wait_for(RunInterrupted, program.trainers[-1].kill)
    bar = program.window.pages["train"].bar
    qtbot.waitUntil(bar.go_on.isVisible)
    program.wait_for(EpochEnded, lambda: program.press("Continue"))
    program.wait_for(RunInterrupted, program.trainers[-1].kill)
    program.close()
    held_after_an_epoch.unlink()

    again = Program(qtbot, workspace)
    again.open()
    again.window.show_page("train")
    page = again.window.pages["train"]
    qtbot.waitUntil(page.offer.isVisible)
    again.events.clear()
    ended = again.wait_for(RunEnded, lambda: again.press(page.offer.button.text()))
    assert isinstance(ended, RunFinished), ended
    assert ended.run == run
    with RunStore(workspace) as store:
        epochs, steps = store.epochs(run), store.steps(run)
    assert [epoch.epoch for epoch in epochs] == [1, 2, 3, 4]
    drawn = page.curves.loss.data
    assert list(drawn.epochs.values) == [1, 2, 3, 4]
    assert len(drawn) == len(steps["loss"]) == 80
    again.close()

    with RunStore(workspace.parent / "other") as other:
        events: list[object] = []
        running.train(spec, other, events.append, TrainingControl())
    uninterrupted = [event.metrics for event in events if isinstance(event, EpochEnded)]
    assert [epoch.metrics for epoch in epochs] == uninterrupted


def test_closing_while_training_asks_then_stops_and_saves(patient, program, workspace, qtbot):
    program.train(LINE | {"training": {"epochs": 100_000}}, until=EpochEnded)
    program.window.close()
    assert program.window.isVisible()
    (question,) = program.window.findChildren(QMessageBox)
    agree = next(b for b in question.buttons() if b.text().startswith("Stop"))
    with qtbot.waitSignal(program.window.finished):
        qtbot.mouseClick(agree, Qt.MouseButton.LeftButton)
    program.forget()
    with RunStore(workspace) as store:
        (record,) = store.runs()
        assert record.state is RunState.STOPPED
        assert (store.folder(record.id) / "model.keras").exists()


@pytest.mark.expects_messages
def test_a_bad_spec_starts_nothing_and_says_where(program):
    spec = LINE | {"training": {"epochs": 0}}
    program.controller.drafts.set_draft(Draft.from_values(spec))
    with program._qtbot.waitSignal(program.controller.drafts.model_rejected) as said:
        pass
    assert [problem.field for problem in said.args[0].problems] == ["training.epochs"]
    with RunStore(program.controller.workspace) as store:
        assert store.runs() == []


@pytest.mark.expects_messages
def test_a_second_window_on_one_workspace_says_so_and_only_looks(program, workspace, qtbot):
    second = Program(qtbot, workspace)
    with qtbot.waitSignal(second.window.pages_built):
        second.window.show()
        second.window.open()
    assert second.controller.is_read_only
    assert str(os.getpid()) in second.window.messages.history[-1].text
    second.close()


def test_the_window_s_process_never_imports_tensorflow(tmp_path):
    """In a process of its own: other tests here have imported it."""
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", _OPEN_AND_CLOSE, str(tmp_path)],
        env=os.environ | {"PYTHONPATH": str(root), "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["ready", "False", "False"]


_OPEN_AND_CLOSE = """
import sys
from PySide6.QtCore import QObject, QTimer, Slot
from PySide6.QtWidgets import QApplication

class Closer(QObject):
    def __init__(self):
        super().__init__()
        self.window = None
        self.timer = QTimer(self, interval=20)
        self.timer.timeout.connect(self.look)
        self.timer.start()

    @Slot()
    def look(self):
        if self.window is None:
            windows = [w for w in QApplication.topLevelWidgets() if hasattr(w, "controller")]
            if windows:
                self.window = windows[0]
                self.window.controller.worker_ready.connect(self.on_ready)

    @Slot(object)
    def on_ready(self, _):
        print("ready", "tensorflow" in sys.modules, "keras" in sys.modules)
        self.timer.stop()
        self.window.close()

if __name__ == "__main__":
    from gui.window import app
    application = QApplication([])
    closer = Closer()
    sys.exit(app.main(["--workspace", sys.argv[1]]))
"""
