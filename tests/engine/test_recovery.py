"""Memory that runs out: told as such, and gone on from with a smaller batch."""

import json
import signal

import numpy as np
import pytest

from engine.datasets.base import Examples
from engine.datasets.profile import profile
from engine.devices import out_of_memory
from engine.devices.out_of_memory import MemoryWitness, is_out_of_memory
from engine.events.commands import ResumeRun, Train
from engine.events.messages import Rejected
from engine.events.run_events import (
    EpochEnded,
    Recovered,
    RunFailed,
    RunFinished,
    RunInterrupted,
    RunStarted,
    RunState,
    SettingChanged,
    StepsDone,
)
from engine.runs.store import RunStore
from engine.service.recovery import Recovery
from engine.service.session import Session
from engine.spec.run_spec import RunSpec
from engine.spec.signature import Kind, Signature, Task
from tests import memory_fault

LINE = {"data": {"source": "noisy_line"}, "model": {"name": "linear_regression"}}
FULL = RunFailed("r", reason="Memory ran out.", is_out_of_memory=True)


def _named(name, *words):
    return type(name, (Exception,), {})(*words)


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        np._core._exceptions._ArrayMemoryError((1 << 40,), np.dtype(np.float32)),
        _named("ResourceExhaustedError", "OOM when allocating tensor"),
        _named("InternalError", "CUDA_ERROR_OUT_OF_MEMORY: out of memory"),
        _named("XlaRuntimeError", "RESOURCE_EXHAUSTED: Failed to allocate 3.1GiB"),
    ],
)
def test_what_tells_of_memory(error):
    assert is_out_of_memory(error)
    later = RuntimeError("The step failed.")
    later.__cause__ = error
    assert is_out_of_memory(later)


@pytest.mark.parametrize(
    "error",
    [ValueError("out of memory"), _named("InternalError", "the ring buffer is full"), OSError(28)],
)
def test_what_does_not(error):
    assert not is_out_of_memory(error)
    assert not is_out_of_memory(None)


@pytest.fixture
def kills(tmp_path, monkeypatch):
    path = tmp_path / "kills"
    path.write_text("oom_kill 3", encoding="ascii")
    monkeypatch.setattr(out_of_memory, "_KILLS", (path,))
    return path


def test_a_kill_that_the_kernel_counted_is_of_memory(kills):
    witness = MemoryWitness()
    assert not witness.blames_memory("SIGKILL", "")
    kills.write_text("oom_kill 4", encoding="ascii")
    assert witness.blames_memory("SIGKILL", "")
    assert not witness.blames_memory("SIGSEGV", "")
    assert not witness.blames_memory("", "")


def test_where_nobody_counts_short_memory_is_blamed(tmp_path, monkeypatch):
    monkeypatch.setattr(out_of_memory, "_KILLS", (tmp_path / "none",))
    for is_short in (True, False):
        monkeypatch.setattr(out_of_memory, "_is_short", lambda short=is_short: short)
        witness = MemoryWitness()
        witness.look()
        assert witness.blames_memory("SIGKILL", "") is is_short


def test_native_code_that_finds_no_memory_says_so_in_the_log(kills):
    last = "terminate called after throwing an instance of 'std::bad_alloc'"
    assert MemoryWitness().blames_memory("SIGABRT", last)
    assert not MemoryWitness().blames_memory("SIGABRT", "F0000 Check failed: x == y")


def _started(batch_size=64, n_train=1000, accumulate=1, memory_retry="half"):
    spec = RunSpec.from_dict(
        LINE
        | {
            "training": {"batch_size": batch_size, "accumulate": accumulate},
            "execution": {"memory_retry": memory_retry},
        }
    )
    examples = Examples(np.zeros((4, 1)), np.zeros(4), Kind.TABLE, Task.REGRESSION, ("x",))
    found = profile(
        "line", "Line", examples, Signature(Kind.TABLE, Task.REGRESSION, (1,)), (2, 1, 1)
    )
    return RunStarted("r", "Line", spec, found, 3, 1, n_train)


def _retries(started):
    recovery = Recovery()
    recovery.note(started)
    retries = []
    while (retry := recovery.after(FULL)) is not None:
        retries.append(retry)
    return recovery, retries


def test_the_batch_is_halved_until_one_example_fails():
    recovery, retries = _retries(_started(batch_size=20))
    assert [retry.notified.batch_size for retry in retries] == [10, 5, 2, 1]
    assert retries[0].command.changes == {"training.batch_size": 10}
    assert retries[0].command.reason == retries[0].notified.reason
    assert "batch of 20" in retries[0].notified.reason
    assert "one example" in recovery.ending(FULL).hint


def test_accumulating_keeps_the_effective_batch():
    _, retries = _retries(_started(batch_size=64, accumulate=2, memory_retry="accumulate"))
    changes = [retry.command.changes for retry in retries]
    assert len(changes) == 6
    for change in changes:
        assert change["training.batch_size"] * change["training.accumulate"] == 128


def test_a_batch_larger_than_the_data_is_halved_from_the_data():
    _, retries = _retries(_started(batch_size=4096, n_train=100))
    assert retries[0].notified.batch_size == 50


@pytest.mark.parametrize(
    ("started", "ended"),
    [
        (_started(memory_retry="off"), FULL),
        (_started(), RunFailed("r", reason="The disk is full.")),
        (_started(), RunInterrupted("r", reason="Killed.")),
        (_started(), RunFinished("r", reason="All done.")),
        (_started(), Rejected("No.")),
    ],
)
def test_nothing_is_tried_where_it_is_not_wanted_or_of_no_use(started, ended):
    recovery = Recovery()
    recovery.note(started)
    assert recovery.after(ended) is None
    assert recovery.ending(ended) == ended


def test_a_run_that_cannot_go_on_ends_with_the_first_reason():
    recovery = Recovery()
    recovery.note(_started())
    assert recovery.after(FULL) is not None
    ended = recovery.ending(Rejected("Its data has changed.", "Start a new run."))
    assert isinstance(ended, RunFailed)
    assert ended.reason == FULL.reason
    assert "Its data has changed." in ended.hint


# ---- a real worker


@pytest.fixture
def session(tmp_path, monkeypatch, warm_workers):
    monkeypatch.setattr("engine.service.session.worker.main", memory_fault.main)
    session = Session(tmp_path)
    yield session
    session.close()


def _fault(tmp_path, fits, from_step=0, how="raise"):
    text = json.dumps({"fits": fits, "from_step": from_step, "how": how})
    (tmp_path / "fault.json").write_text(text, encoding="utf-8")


def _spec(**execution):
    training = {"epochs": 4, "batch_size": 32}
    return LINE | {"training": training, "execution": {"xla": "off", **execution}}


def test_a_run_goes_on_with_smaller_batches_and_misses_no_example(session, tmp_path):
    _fault(tmp_path, fits=8, from_step=10)
    *events, ended = session.run(Train(_spec(memory_retry="accumulate")))
    assert isinstance(ended, RunFinished), ended
    recovered = [event.batch_size for event in events if isinstance(event, Recovered)]
    assert recovered == [16, 8]
    started = [event for event in events if isinstance(event, RunStarted)]
    sizes = [(item.spec.training.batch_size, item.spec.training.accumulate) for item in started]
    assert sizes == [(32, 1), (16, 2), (8, 4)]
    epochs = [event.epoch for event in events if isinstance(event, EpochEnded)]
    assert sorted(set(epochs)) == [1, 2, 3, 4]
    with RunStore(tmp_path) as store:
        (record,) = store.runs()
        assert record.state is RunState.FINISHED
        assert [epoch.epoch for epoch in store.epochs(record.id)] == [1, 2, 3, 4]
        halved = [
            (change.before, change.after)
            for change in store.changes(record.id)
            if change.setting == "training.batch_size"
        ]
        assert halved == [(32, 16), (16, 8)]
        assert all("Memory ran out" in change.reason for change in store.changes(record.id))
        assert record.spec.training.batch_size == 8
    notified = [event for event in events if isinstance(event, SettingChanged)]
    assert len(notified) == 4
    # After the last change every step had 8 examples: the steps tell how many there were.
    last = max(index for index, event in enumerate(events) if isinstance(event, RunStarted))
    steps = [event for event in events[last:] if isinstance(event, StepsDone)]
    n_left = 8 * sum(event.n_steps for event in steps)
    n_train, done = started[-1].n_train, started[-1].epochs_done
    assert n_left <= (4 - done) * (n_train + 8)


def test_a_worker_killed_for_memory_is_followed_by_another(session, tmp_path, kills):
    _fault(tmp_path, fits=16, from_step=10, how="kill")
    *events, ended = session.run(Train(_spec()))
    assert isinstance(ended, RunFinished), ended
    assert [event.batch_size for event in events if isinstance(event, Recovered)] == [16]


def test_without_retry_the_run_fails_and_says_what_helps(session, tmp_path):
    _fault(tmp_path, fits=0)
    *events, ended = session.run(Train(_spec(memory_retry="off")))
    assert isinstance(ended, RunFailed)
    assert ended.is_out_of_memory
    assert "OOM when allocating tensor with shape[32,64]" in ended.reason
    assert "batch" in ended.hint
    assert not any(isinstance(event, Recovered) for event in events)
    # And what failed can be asked to go on.
    _fault(tmp_path, fits=32)
    session._end_worker()
    *_, ended = session.run(ResumeRun(ended.run, {"training.batch_size": 16}))
    assert isinstance(ended, RunFinished), ended


def test_someone_who_kills_the_worker_wants_no_other(session, tmp_path, kills):
    _fault(tmp_path, fits=64)
    events = session.run(Train(_spec() | {"training": {"epochs": 100_000}}))
    next(event for event in events if isinstance(event, EpochEnded))
    kills.write_text("oom_kill 9", encoding="ascii")  # of some other program
    session.kill()
    *rest, ended = events
    assert isinstance(ended, RunInterrupted)
    assert signal.SIGKILL.name in ended.reason
    assert not any(isinstance(event, Recovered) for event in rest)
