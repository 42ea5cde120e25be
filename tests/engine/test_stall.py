"""A worker that gives no sign: when that is told, and what is known of its threads."""

import math
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest

from engine.events.commands import Control, Train
from engine.events.run_events import EpochEnded, RunState, Stalled, StateChanged, StepsDone
from engine.service import stack_dump, stall
from engine.service.session import Session
from engine.service.stall import CEILING_S, FLOOR_S, StallWatch

LINE = {"data": {"source": "noisy_line"}, "model": {"name": "linear_regression"}}
STEPS = StepsDone("r", 1, 0, {"loss": np.ones(1, np.float32)}, 0.0)

CHUNK_S = 1 / 32  # exact in binary

needs_signals = pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="No such signals.")


class _Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return _Clock()


@pytest.fixture
def watch(clock):
    return StallWatch(clock)


def _wait(watch, clock, seconds):
    """Looks once a second, as a session does; what was found, and after how long."""
    for second in range(1, int(seconds) + 1):
        clock.now += 1.0
        found = watch.look()
        if found is not None:
            return second, found
    return None


def _train(watch, clock, interval_s, signs=20):
    watch.heard(StateChanged("r", RunState.RUNNING))
    for _ in range(signs):
        clock.now += interval_s
        watch.heard(STEPS)


def test_before_the_first_steps_a_minute_may_pass(watch, clock):
    second, found = _wait(watch, clock, 200)
    assert second == CEILING_S
    assert (found.silent_s, found.usual_s) == (60.0, 0.0)


@pytest.mark.parametrize(
    ("interval_s", "expected"), [(CHUNK_S, FLOOR_S), (1.0, 20.0), (2.5, 50.0), (8.0, CEILING_S)]
)
def test_while_training_twenty_times_the_usual_within_bounds(watch, clock, interval_s, expected):
    _train(watch, clock, interval_s)
    second, found = _wait(watch, clock, 200)
    assert second == expected
    assert found.usual_s == pytest.approx(interval_s)


def test_a_silence_is_told_once_and_one_like_it_not_again(watch, clock):
    _train(watch, clock, CHUNK_S)
    assert _wait(watch, clock, 10)
    assert _wait(watch, clock, 5) is None
    watch.heard(STEPS)
    assert _wait(watch, clock, 29) is None
    second, _ = _wait(watch, clock, 10)
    assert second == 1  # twice the 15 s that ended by themselves


def test_a_pause_is_no_silence_and_training_after_it_is_watched(watch, clock):
    _train(watch, clock, CHUNK_S)
    watch.heard(StateChanged("r", RunState.PAUSED))
    assert _wait(watch, clock, 10_000) is None
    watch.heard(StateChanged("r", RunState.RUNNING))
    assert watch.usual_s == pytest.approx(CHUNK_S)
    assert _wait(watch, clock, 10)


def test_saving_the_model_has_a_minute_however_fast_the_steps_were(watch, clock):
    _train(watch, clock, CHUNK_S)
    watch.heard(StateChanged("r", RunState.STOPPING))
    second, _ = _wait(watch, clock, 100)
    assert second == CEILING_S


def test_time_that_the_machine_slept_does_not_count(watch, clock):
    _train(watch, clock, CHUNK_S)
    clock.now += 8 * 3600
    assert watch.look() is None
    second, _ = _wait(watch, clock, 100)
    assert second <= FLOOR_S


def test_the_first_step_is_not_the_usual_one(watch, clock):
    watch.heard(StateChanged("r", RunState.RUNNING))
    clock.now += 30.0  # it compiles the model
    watch.heard(STEPS)
    assert watch.limit_s == CEILING_S
    _train(watch, clock, CHUNK_S)
    assert watch.limit_s == FLOOR_S


@pytest.fixture
def patient(monkeypatch):
    """However slow the machine is, stacks are waited for, and read when they are whole."""
    monkeypatch.setattr(stack_dump, "ANSWER_S", 60.0)
    monkeypatch.setattr(stack_dump, "PATIENCE_S", 60.0)
    monkeypatch.setattr(stack_dump, "QUIET_S", 0.5)


def _silence_is_told_after(monkeypatch, seconds):
    monkeypatch.setattr(stall, "FLOOR_S", seconds)
    monkeypatch.setattr(stall, "CEILING_S", seconds)


def _halt(pid):
    """Returns when it stands still, which a busy machine may put off."""
    psutil.Process(pid).suspend()
    if hasattr(os, "WUNTRACED"):
        _, status = os.waitpid(pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status)


def test_a_halted_worker_is_told_of_and_goes_on(tmp_path, patient, monkeypatch):
    monkeypatch.setattr("engine.service.session.POLL_S", 0.05)
    _silence_is_told_after(monkeypatch, math.inf)  # on a busy machine a worker may be silent
    session = Session(tmp_path)
    try:
        events = session.run(Train(LINE | {"training": {"epochs": 100_000}}))
        next(event for event in events if isinstance(event, EpochEnded) and event.epoch > 5)
        _halt(session.pid)
        _silence_is_told_after(monkeypatch, 0.3)
        stalled = next(event for event in events if isinstance(event, Stalled))
        _silence_is_told_after(monkeypatch, math.inf)
        assert stalled.run
        assert stalled.silent_s >= 0.3
        assert "halted" in stalled.stacks
        psutil.Process(session.pid).resume()
        assert next(event for event in events if isinstance(event, StepsDone))
        session.control(Control.PAUSE)
        next(event for event in events if isinstance(event, StateChanged))
        monkeypatch.setattr(stack_dump, "_SIGNAL", None)  # it is not needed where threads run
        for _ in range(5):
            found = session._stacks(session._connection)
            assert "in should_stop" in found
            assert "in _read" in found
        session.control(Control.STOP)
        assert list(events)[-1].state is RunState.STOPPED
    finally:
        session.close()


_STUCK = """
import re, sys
from engine.service import stack_dump
stack_dump.offer()
import os
os.dup2(os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT), 2)
def stuck_in_c():
    print("here", flush=True)
    re.match("(a+)+$", "a" * 60 + "b")  # centuries, in C, holding Python's lock
stuck_in_c()
"""


@pytest.fixture
def stuck(tmp_path):
    log = tmp_path / "log"
    root = Path(__file__).parents[2]
    process = subprocess.Popen(
        [sys.executable, "-c", _STUCK, str(log)],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(root)},
    )
    assert process.stdout.readline() == b"here\n"
    yield process, log
    process.kill()
    process.wait()
    process.stdout.close()


@needs_signals
def test_the_stacks_of_a_process_that_holds_pythons_lock_in_c(stuck, patient, monkeypatch):
    """No thread of it can answer, so that it gets a signal."""
    process, log = stuck
    monkeypatch.setattr(stack_dump, "ANSWER_S", 0.1)
    found = stack_dump.take(process.pid, log, ask=lambda: None)
    assert "The process computes." in found
    assert "in stuck_in_c" in found
    assert process.poll() is None  # asking did not end it
    assert "in stuck_in_c" in stack_dump.take(process.pid, log, ask=lambda: None)


def test_without_signals_the_worker_is_asked(tmp_path, patient, monkeypatch):
    monkeypatch.setattr(stack_dump, "_SIGNAL", None)
    log = tmp_path / "log"
    log.write_text("before\n", encoding="utf-8")

    def ask():
        with log.open("a", encoding="utf-8") as file:
            file.write("Thread 1 (most recent call first):\n")

    assert stack_dump.take(os.getpid(), log, ask).endswith("Thread 1 (most recent call first):")


def test_of_a_worker_that_is_gone_nothing_is_known(tmp_path):
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    (tmp_path / "log").touch()
    assert stack_dump.take(process.pid, tmp_path / "log", ask=pytest.fail) == ""


def test_a_process_without_a_log_is_not_signalled(tmp_path):
    """It may be so young that the signal would end it."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        stack_dump.take(process.pid, tmp_path / "no log", ask=pytest.fail)
        assert process.poll() is None
    finally:
        process.communicate(b"\n")
    assert process.returncode == 0
