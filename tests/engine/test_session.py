"""The real worker process: questions, training, controls, and its death."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest

from engine.events.commands import (
    Control,
    DescribeModel,
    InspectData,
    Train,
    WarmUp,
)
from engine.events.messages import (
    DataInspected,
    ModelDescribed,
    Rejected,
    Terminal,
    WorkerReady,
)
from engine.events.run_events import (
    EpochEnded,
    RunFinished,
    RunInterrupted,
    RunStarted,
    RunState,
    RunStopped,
    StateChanged,
    StepsDone,
)
from engine.runs.store import RunStore
from engine.service.session import Session
from tests import slow_workers

LINE = {"data": {"source": "noisy_line"}, "model": {"name": "linear_regression"}}


def _long(epochs: int = 100_000) -> dict:
    return LINE | {"training": {"epochs": epochs}}


@pytest.fixture
def session(tmp_path, warm_workers):
    session = Session(tmp_path)
    yield session
    session.close()


def _until(events, kind):
    """Events up to the first of a kind."""
    seen = []
    for event in events:
        seen.append(event)
        if isinstance(event, kind):
            return seen
    raise AssertionError(f"No {kind.__name__} in {seen}.")


def test_questions_and_a_run_on_one_worker(session, tmp_path):
    (inspected,) = session.run(InspectData({"data": {"source": "iris"}}))
    assert isinstance(inspected, DataInspected)
    assert inspected.profile.n_samples == 150
    pid = session.pid
    (ready,) = session.run(WarmUp())
    assert isinstance(ready, WorkerReady)
    assert "CPU:0" in ready.devices
    (described,) = session.run(DescribeModel(LINE))
    assert isinstance(described, ModelDescribed)
    assert described.n_parameters == 2
    *events, ended = session.run(Train(LINE | {"training": {"epochs": 3}}, name="First"))
    assert session.pid == pid
    assert isinstance(events[0], RunStarted)
    assert isinstance(ended, RunFinished)
    assert not any(isinstance(event, Terminal) for event in events)
    assert ended.metrics["test_loss"] > 0
    with RunStore(tmp_path) as store:
        (record,) = store.runs()
        assert (record.name, record.state) == ("First", RunState.FINISHED)
        assert [epoch.metrics for epoch in store.epochs(record.id)] == [
            event.metrics for event in events if isinstance(event, EpochEnded)
        ]
        n_steps = sum(event.n_steps for event in events if isinstance(event, StepsDone))
        assert len(store.steps(record.id)["loss"]) == n_steps


def test_bad_questions_are_answered_and_the_worker_lives(session, tmp_path):
    (unknown,) = session.run(InspectData({"data": {"source": "irsi"}}))
    assert isinstance(unknown, Rejected)
    assert "iris" in unknown.hint
    pid = session.pid
    wrong = {"data": {"source": "iris"}, "model": {"name": "mlp", "parameters": {"dropout": 2}}}
    (refused,) = session.run(Train(wrong))
    assert isinstance(refused, Rejected)
    assert [problem.field for problem in refused.problems] == ["model.parameters.dropout"]
    assert session.pid == pid
    with RunStore(tmp_path) as store:
        assert store.runs() == []


def test_stop_keeps_the_model_and_discard_takes_the_run_away(session, tmp_path):
    for control, kept in ((Control.STOP, True), (Control.DISCARD, False)):
        events = session.run(Train(_long()))
        started = _until(events, EpochEnded)[0]
        session.control(control)
        ended = list(events)[-1]
        assert isinstance(ended, RunStopped)
        assert ended.kept is kept
        with RunStore(tmp_path) as store:
            assert (store.folder(started.run) / "model.keras").exists()
            listed = [record.id for record in store.runs()]
            assert (started.run in listed) is kept


def test_pause_holds_still_until_resumed(session):
    events = session.run(Train(_long()))
    _until(events, EpochEnded)
    session.control(Control.PAUSE)
    paused = _until(events, StateChanged)[-1]
    assert paused.state is RunState.PAUSED
    session.control(Control.RESUME)
    # Nothing may come between the two but what says that it goes on.
    (resumed,) = _until(events, StateChanged)
    assert resumed.state is RunState.RUNNING
    session.control(Control.STOP)
    assert isinstance(list(events)[-1], RunStopped)


def test_a_killed_worker_leaves_an_interrupted_run_with_all_metrics(session, tmp_path):
    events = session.run(Train(_long()))
    seen = _until(events, EpochEnded)
    assert session.pid is not None
    os.kill(session.pid, signal.SIGKILL)
    seen += list(events)
    ended = seen[-1]
    assert isinstance(ended, RunInterrupted)
    assert "SIGKILL" in ended.reason
    with RunStore(tmp_path) as store:
        (record,) = store.runs()
        assert record.state is RunState.INTERRUPTED
        acknowledged = [event.epoch for event in seen if isinstance(event, EpochEnded)]
        recorded = [epoch.epoch for epoch in store.epochs(record.id)]
        assert set(acknowledged) <= set(recorded)
    # The next question finds a new worker.
    (answer,) = session.run(InspectData({"data": {"source": "iris"}}))
    assert isinstance(answer, DataInspected)


def test_a_worker_killed_before_a_run_is_answered_for(session):
    list(session.run(InspectData({"data": {"source": "iris"}})))
    session.kill()
    # Either the dead worker is noticed and replaced, or it is answered for; never a hang.
    (answer,) = session.run(InspectData({"data": {"source": "iris"}}))
    assert isinstance(answer, DataInspected | Rejected)


def test_close_in_the_middle_of_training_stops_and_keeps(session, tmp_path, monkeypatch):
    monkeypatch.setattr("engine.service.session.worker.main", slow_workers.patient)
    events = session.run(Train(_long()))
    _until(events, EpochEnded)
    closing = threading.Thread(target=session.close, args=(slow_workers.PATIENCE_S,))
    closing.start()
    rest = list(events)
    closing.join()
    assert sum(isinstance(event, Terminal) for event in rest) == 1
    with RunStore(tmp_path) as store:
        (record,) = store.runs()
        assert record.state is RunState.STOPPED
        assert (store.folder(record.id) / "model.keras").exists()


_PARENT = """
import os, sys
from pathlib import Path
from engine.events.commands import Train
from engine.events.run_events import EpochEnded
from engine.service import worker
from engine.service.session import Session

worker.LAST_WORDS_S = 200.0  # in the worker, too, which imports this

if __name__ == "__main__":
    session = Session(Path(sys.argv[1]))
    spec = {"data": {"source": "noisy_line"}, "model": {"name": "linear_regression"},
            "training": {"epochs": 100000}}
    for event in session.run(Train(spec)):
        if isinstance(event, EpochEnded):
            print(session.pid, flush=True)
            os._exit(1)
"""


def test_a_worker_ends_with_its_parent_and_keeps_the_run(tmp_path):
    script = tmp_path / "parent.py"
    script.write_text(_PARENT, encoding="utf-8")
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path / "workspace")],
        env=os.environ | {"PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    worker = int(done.stdout)
    with contextlib.suppress(psutil.NoSuchProcess):
        psutil.Process(worker).wait(slow_workers.PATIENCE_S)
    assert not psutil.pid_exists(worker)
    with RunStore(tmp_path / "workspace") as store:
        (record,) = store.runs()
        assert record.state is RunState.STOPPED
        assert (store.folder(record.id) / "model.keras").exists()


def test_an_engine_of_another_version_says_what_to_do(session, monkeypatch):
    """As after an update while the window was open."""
    monkeypatch.setattr("engine.service.session.PROTOCOL_VERSION", 0)
    (refused,) = session.run(InspectData({"data": {"source": "iris"}}))
    assert isinstance(refused, Rejected)
    assert "open it again" in refused.hint
