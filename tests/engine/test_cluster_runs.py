"""Whole runs of two workers on the loopback: as one worker alone, and what remains of them."""

import json
import queue
import signal
import socket
import threading

import pytest

from engine.events.run_events import EpochEnded, RunFinished, RunState
from engine.runs.store import RunStore
from engine.service import running
from engine.training.checkpoint import find_checkpoint
from engine.training.control import TrainingControl
from tests.warm_workers import WarmProgram

# 104 examples to learn: the last batch has 6, the shares of the others are 3 and 4.
SPEC = {
    "data": {"source": "iris"},
    "model": {"name": "mlp", "parameters": {"units": [8]}},
    "training": {"epochs": 3, "batch_size": 7, "optimizer": "sgd", "learning_rate": 0.05},
    "execution": {"xla": "off", "layers": "keras"},
}
TOLERANCE = {"rel": 2e-4, "abs": 2e-5}


def free_addresses():
    sockets = [socket.socket() for _ in range(2)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ",".join(f"127.0.0.1:{port}" for port in ports)


class Worker:
    """A worker as a person starts it, and what it writes."""

    def __init__(self, index, addresses, folder, *command):
        given = [*command, "--workspace", str(folder), "--json"]
        given += ["--workers", addresses, "--index", str(index), "--trust-network"]
        self.process = WarmProgram("main.py", *given)
        self.errors = ""
        # Both are read all the time: who writes to a full pipe waits, and the others for it.
        self._lines = queue.SimpleQueue()
        self._readers = [
            threading.Thread(target=read) for read in (self._read_errors, self._read_lines)
        ]
        for reader in self._readers:
            reader.start()

    def _read_errors(self):
        self.errors = self.process.stderr.read()

    def _read_lines(self):
        for line in self.process.stdout:
            self._lines.put(line)
        self._lines.put("")

    def wait_for(self, name, epoch=0):
        """Reads until such an event, and returns it."""
        while line := self._lines.get():
            event = json.loads(line)
            if event["event"] == name and event.get("epoch", epoch) >= epoch:
                return event
        self.process.wait()
        raise AssertionError(f"no {name}: {self.errors}")

    def end(self):
        """Waits for its end: the exit code, and what it wrote since."""
        written = [json.loads(line) for line in iter(self._lines.get, "")]
        self.process.wait()
        self._join()
        return self.process.returncode, written

    def _join(self):
        for reader in self._readers:
            reader.join()

    def close(self):
        self.process.kill()
        self._join()
        self.process.close()


@pytest.fixture
def start(tmp_path):
    """Starts two workers with the same command."""
    started = []

    def start(*command):
        addresses = free_addresses()
        pair = [
            Worker(index, addresses, tmp_path / f"workspace-{index}", *command)
            for index in range(2)
        ]
        started.extend(pair)
        return pair

    yield start
    for worker in started:
        worker.close()


@pytest.fixture
def spec_file(tmp_path):
    path = tmp_path / "spec.json"
    path.write_text(json.dumps(SPEC), encoding="utf-8")
    return str(path)


def alone(folder, epochs):
    """The same run by one worker."""
    spec = {**SPEC, "training": {**SPEC["training"], "epochs": epochs}}
    events = []
    with RunStore(folder) as store:
        ended = running.train(spec, store, events.append, TrainingControl())
    assert isinstance(ended, RunFinished)
    return ended, [event.metrics for event in events if isinstance(event, EpochEnded)]


def same(found, wanted):
    assert found == pytest.approx(wanted, **TOLERANCE)


class TestWhole:
    def test_two_workers_learn_and_test_as_one(self, start, spec_file, tmp_path):
        chief, other = start("train", "--spec", spec_file)
        wanted, history = alone(tmp_path / "alone", epochs=3)
        code, events = chief.end()
        assert code == 0, chief.errors
        assert other.end()[0] == 0, other.errors
        notified = [event["metrics"] for event in events if event["event"] == "epoch_ended"]
        for found, alone_found in zip(notified, history, strict=True):
            same(found, alone_found)
        same(events[-1]["metrics"], wanted.metrics)
        plan = next(event for event in events if event["event"] == "plan")
        assert plan["replicas"] == 2
        assert "2 workers share each batch" in plan["reason"]

        # The chief keeps the run, the other nothing.
        with RunStore(tmp_path / "workspace-0") as store:
            (record,) = store.runs()
            assert record.state is RunState.FINISHED
        with RunStore(tmp_path / "workspace-1") as store:
            assert not store.runs()


class TestEnds:
    def test_a_worker_that_dies_one_that_is_stopped_and_one_alone(self, start, spec_file, tmp_path):
        chief, other = start("train", "--spec", spec_file, "--epochs", "100000")
        run = chief.wait_for("epoch_ended", epoch=2)["run"]
        other.process.kill()
        code, events = chief.end()
        assert code == 1
        assert events[-1]["event"] == "run_failed"
        assert "Worker 1 (127.0.0.1:" in events[-1]["reason"]
        assert "has ended" in events[-1]["reason"]
        assert "resume" in events[-1]["hint"]
        done = self.done(tmp_path, run)
        assert done >= 1

        # Together again, until somebody stops the other worker.
        chief, other = start("resume", run)
        assert chief.wait_for("run_started")["epochs_done"] == done
        assert other.wait_for("run_started")["epochs_done"] == done
        other.wait_for("epoch_ended", epoch=done + 2)
        other.process.send_signal(signal.SIGINT)
        code, events = chief.end()
        assert code == 1
        assert events[-1]["event"] == "run_stopped", chief.errors
        assert other.end()[0] == 130

        # And by one worker alone, to the end.
        epochs = self.done(tmp_path, run) + 2
        with RunStore(tmp_path / "workspace-0") as store:
            assert store.get(run).state is RunState.STOPPED
            ended = running.resume(
                run, {"training.epochs": epochs}, store, lambda event: None, TrainingControl()
            )
            assert isinstance(ended, RunFinished), ended
            found = [epoch.metrics for epoch in store.epochs(run)]
        _, wanted = alone(tmp_path / "alone", epochs)
        for here, there in zip(found, wanted, strict=True):
            assert here == pytest.approx(there, rel=0.01, abs=0.01)

    def done(self, tmp_path, run):
        """Complete epochs in the last checkpoint."""
        with RunStore(tmp_path / "workspace-0") as store:
            found = find_checkpoint(store.folder(run) / "checkpoints").checkpoint
        return len(found.progress.history)


class TestRefused:
    def test_other_settings_are_refused_by_both(self, tmp_path, spec_file):
        addresses = free_addresses()
        pair = [
            Worker(i, addresses, tmp_path / str(i), "train", "--spec", spec_file, "--seed", str(i))
            for i in range(2)
        ]
        try:
            for worker in pair:
                code, events = worker.end()
                assert code == 2
                assert not events
                assert "Different: seed (0 at worker 0, 1 here)" in worker.errors
        finally:
            for worker in pair:
                worker.close()
