"""The guard itself: what a test leaves running is found, and named with where it was started."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
import threading

import psutil
import pytest

from tests import left_running
from tests.left_running import LeftRunning

WAITS = [sys.executable, "-c", "input()"]


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(left_running, "PATIENCE_S", 0.05)


def test_a_thread_that_does_not_end(impatient):
    running, gate = LeftRunning(), threading.Event()
    thread = threading.Thread(target=gate.wait, name="waiter")
    thread.start()
    (found,) = running.threads()
    gate.set()
    thread.join()
    assert "'waiter'" in found
    assert __file__ in found
    assert f"in {test_a_thread_that_does_not_end.__name__}" in found
    assert running.threads() == []


def test_one_that_is_still_ending_is_waited_for():
    running, gate = LeftRunning(), threading.Event()
    thread = threading.Thread(target=gate.wait)
    thread.start()
    threading.Timer(0.01, gate.set).start()
    assert running.threads() == []
    assert not thread.is_alive()


def test_one_from_before_is_none_of_the_tests():
    gate = threading.Event()
    thread = threading.Thread(target=gate.wait)
    thread.start()
    assert LeftRunning().threads() == []
    gate.set()
    thread.join()


def test_a_process_that_does_not_end_is_ended(impatient):
    running = LeftRunning()
    with subprocess.Popen(WAITS, stdin=subprocess.PIPE) as process:
        (found,) = running.processes()
        assert f"The process {process.pid}" in found
        assert "input()" in found
        assert f"in {test_a_process_that_does_not_end_is_ended.__name__}" in found
        assert process.wait() != 0
    assert running.processes() == []


def test_so_is_one_of_multiprocessing(impatient):
    running, context = LeftRunning(), multiprocessing.get_context("spawn")
    gate = context.Event()
    process = context.Process(target=gate.wait)
    process.start()
    (found,) = running.processes()
    assert f"in {test_so_is_one_of_multiprocessing.__name__}" in found
    process.join()
    assert not psutil.pid_exists(process.pid)


def test_one_that_has_ended_is_none():
    running = LeftRunning()
    subprocess.run([sys.executable, "-c", ""], check=True)
    with subprocess.Popen(WAITS, stdin=subprocess.PIPE) as process:
        process.communicate(b"\n")
        assert running.processes() == []
