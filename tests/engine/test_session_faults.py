"""What a session says when its worker cannot be started, or dies at an awkward moment."""

import os
import signal
import sys

import numpy as np
import pytest

from engine.datasets.base import Examples
from engine.datasets.profile import profile
from engine.errors import WorkspaceError
from engine.events.commands import Control, InspectData, Train
from engine.events.messages import Rejected
from engine.events.run_events import (
    RunFinished,
    RunInterrupted,
    RunStarted,
    RunState,
)
from engine.runs.store import RunStore
from engine.service.session import LOGS_KEPT, Session
from engine.spec.run_spec import RunSpec
from engine.spec.signature import Kind, Signature, Task

IRIS = InspectData({"data": {"source": "iris"}})
LINE = {"data": {"source": "noisy_line"}, "model": {"name": "linear_regression"}}


class _DyingPipe:
    """Says a few events, then ends, as the pipe of a worker that dies."""

    def __init__(self, *events):
        self._events = list(events)

    def send(self, message):
        pass

    def poll(self, timeout):
        return True

    def recv(self):
        if not self._events:
            raise EOFError
        return self._events.pop(0)


@pytest.fixture
def dying(tmp_path, monkeypatch):
    """Makes a session whose worker says events and dies; its run is in the store."""

    def make(*events):
        session = Session(tmp_path)
        monkeypatch.setattr(session, "_start", lambda: _DyingPipe(*events))
        return session

    return make


def _run(tmp_path):
    spec = RunSpec.from_dict(LINE)
    with RunStore(tmp_path) as store:
        run = store.create(spec, "Line", "Line", "Linear").id
    x, y = np.zeros((4, 1)), np.zeros(4)
    examples = Examples(x, y, Kind.TABLE, Task.REGRESSION, ("x",))
    signature = Signature(Kind.TABLE, Task.REGRESSION, (1,))
    found = profile("line", "Line", examples, signature, (2, 1, 1))
    return run, RunStarted(run, "Line", spec, found, epochs=3, steps_per_epoch=1, n_train=2)


def test_a_control_without_a_training_does_not_touch_the_next_one(tmp_path, warm_workers):
    session = Session(tmp_path)
    spec = LINE | {"training": {"epochs": 2}}
    try:
        assert isinstance(list(session.run(Train(spec)))[-1], RunFinished)
        for control in (Control.STOP, Control.PAUSE):
            session.control(control)
            assert isinstance(list(session.run(Train(spec)))[-1], RunFinished)
        # However soon it comes, it acts on the training that was asked for before it.
        events = session.run(Train(LINE | {"training": {"epochs": 100_000}}))
        next(events)
        session.control(Control.STOP)
        assert list(events)[-1].state is RunState.STOPPED
    finally:
        session.close()


def test_a_run_that_was_recorded_as_finished_stays_so(dying, tmp_path):
    run, started = _run(tmp_path)
    with RunStore(tmp_path) as store:
        store.record([RunFinished(run, reason="All 3 epochs are done.", metrics={"loss": 0.5})])
    *_, ended = dying(started).run(Train(LINE))
    assert isinstance(ended, RunFinished)
    assert (ended.run, ended.reason, ended.metrics) == (
        run,
        "All 3 epochs are done.",
        {"loss": 0.5},
    )
    with RunStore(tmp_path) as store:
        assert store.get(run).state is RunState.FINISHED


def test_a_death_that_cannot_be_written_down_is_told_all_the_same(dying, tmp_path, monkeypatch):
    _, started = _run(tmp_path)

    def full(*_):
        raise WorkspaceError("Cannot write 'runs.sqlite'.", "The disk is full.")

    monkeypatch.setattr(RunStore, "record", full)
    *_, ended = dying(started).run(Train(LINE))
    assert isinstance(ended, RunInterrupted)


def test_a_run_that_was_made_but_never_told_of_is_interrupted(dying, tmp_path, monkeypatch):
    run, _ = _run(tmp_path)
    monkeypatch.setattr("engine.runs.owner.Owner.is_alive", False)
    (answer,) = dying().run(Train(LINE))
    assert isinstance(answer, Rejected)
    with RunStore(tmp_path) as store:
        assert store.get(run).state is RunState.INTERRUPTED


def test_a_workspace_that_cannot_be_written_is_refused_in_words(tmp_path):
    (tmp_path / "logs").write_text("a file in the way", encoding="utf-8")
    (answer,) = Session(tmp_path).run(IRIS)
    assert isinstance(answer, Rejected)
    assert "logs" in answer.message


def test_a_closed_session_says_so(tmp_path):
    session = Session(tmp_path)
    session.close()
    (answer,) = session.run(IRIS)
    assert isinstance(answer, Rejected)
    assert "closed" in answer.message


@pytest.mark.skipif(sys.platform != "linux", reason="Real-time signals are Linux's.")
def test_a_signal_without_a_name_is_told_by_its_number(tmp_path, warm_workers):
    session = Session(tmp_path)
    try:
        list(session.run(IRIS))
        os.kill(session.pid, signal.SIGRTMIN + 6)
        session._process.join()
        # The next question would start a new worker; what is said of this one is asked directly.
        assert f"signal {signal.SIGRTMIN + 6}" in session._cause_of_death()[0]
    finally:
        session.close()


def test_old_logs_go(tmp_path, warm_workers):
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "commands.log").touch()
    for age in range(LOGS_KEPT + 10):
        path = logs / f"worker-{age:08x}.log"
        path.touch()
        os.utime(path, (1e9 - age, 1e9 - age))
    session = Session(tmp_path)
    list(session.run(IRIS))
    session.close()
    kept = sorted(path.name for path in logs.glob("worker-*.log"))
    assert len(kept) == LOGS_KEPT
    assert "worker-00000000.log" in kept
    assert (logs / "commands.log").exists()
