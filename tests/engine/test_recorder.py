"""The recorder: events in order, steps in batches, and what happens when nothing can be kept."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from engine.errors import WorkspaceError
from engine.events.run_events import EpochEnded, PartTested, RunState, StateChanged, StepsDone
from engine.training import recorder as recording
from engine.training.recorder import Recorder

RUN = "20261201-000000-abcd"
FOR_EVER = 600.0


def steps(first: int, n: int = 2, epoch: int = 1, run: str = RUN) -> StepsDone:
    values = np.arange(first, first + n, dtype=np.float32)
    return StepsDone(run, epoch, first, {"loss": values}, elapsed_s=first + n)


def ended(epoch: int = 1) -> EpochEnded:
    return EpochEnded(RUN, epoch, 4, {"loss": 1.0}, 0.1, 0.1, 9.0, True, 0.1)


class Store:
    """Keeps what was recorded; may fail, or wait until it is let go on."""

    def __init__(self) -> None:
        self.recorded: list[object] = []
        self.n_times = 0
        self.problem: Exception | None = None
        self.goes_on = threading.Event()
        self.goes_on.set()

    def record(self, events) -> None:
        assert self.goes_on.wait(60)
        if self.problem is not None:
            raise self.problem
        self.recorded += events
        self.n_times += 1


@pytest.fixture
def store() -> Store:
    return Store()


def told_of(store: Store, events: list[object]) -> list[object]:
    """What is told of events that all waited while the disk was busy with one before them."""
    told: list[object] = []
    store.goes_on.clear()
    with Recorder(store, told.append) as recorder:
        recorder(StateChanged(RUN, RunState.RUNNING))
        for event in events:
            recorder(event)
        store.goes_on.set()
    assert told == store.recorded
    return told[1:] if len(told) > 1 else told


class TestSteps:
    def test_those_that_follow_each_other_are_one(self, store):
        (found,) = told_of(store, [steps(0), steps(2, 3), steps(5, 1)])
        assert (found.first_step, found.n_steps, found.elapsed_s) == (0, 6, 6)
        assert found.metrics["loss"].tolist() == [0, 1, 2, 3, 4, 5]
        assert found.metrics["loss"].dtype == np.float32

    @pytest.mark.parametrize(
        "others",
        [
            [steps(4)],  # some are missing
            [steps(0)],  # it went back to a checkpoint
            [steps(2, epoch=2)],
            [steps(2, run="another")],
            [StepsDone(RUN, 1, 2, {"loss": np.zeros(1), "accuracy": np.zeros(1)}, 3.0)],
        ],
    )
    def test_others_stay_what_they_are(self, store, others):
        assert len(told_of(store, [steps(0), *others])) == 1 + len(others)

    def test_the_order_stays(self, store):
        found = told_of(store, [steps(0), steps(2), ended(), steps(4, epoch=2), ended(2)])
        assert [type(it) for it in found] == [StepsDone, EpochEnded, StepsDone, EpochEnded]
        assert found[0].n_steps == 4

    def test_they_wait_for_more(self, store, monkeypatch):
        monkeypatch.setattr(recording, "GATHER_S", FOR_EVER)
        told: list[object] = []
        is_told = threading.Event()
        with Recorder(store, lambda it: (told.append(it), is_told.set())) as recorder:
            recorder(steps(0))  # the first does not
            assert is_told.wait(60)
            for first in range(2, 20, 2):
                recorder(steps(first))
            recorder(ended())
            recorder(PartTested(RUN, "validation", 8, 8))
            recorder(StateChanged(RUN, RunState.PAUSED))
        assert [getattr(it, "n_steps", None) for it in told] == [2, 18, None, None, None]
        assert store.n_times == 2

    def test_nothing_else_waits(self, store, monkeypatch):
        event = StateChanged(RUN, RunState.PAUSED)
        monkeypatch.setattr(recording, "GATHER_S", FOR_EVER)
        is_told = threading.Event()
        with Recorder(store, lambda it: is_told.set() if it is event else None) as recorder:
            recorder(steps(0))
            recorder.flush()
            recorder(steps(2))  # which waits for more
            recorder(event)
            assert is_told.wait(60)

    def test_flushing_does_not_wait_for_more(self, store, monkeypatch):
        monkeypatch.setattr(recording, "GATHER_S", FOR_EVER)
        with Recorder(store, lambda event: None) as recorder:
            recorder(steps(0))
            recorder.flush()
            recorder(steps(2))
            recorder.flush()
            assert len(store.recorded) == 2


class TestFailing:
    def test_what_cannot_be_recorded_is_not_told_and_stops_who_emits(self, store):
        store.problem = WorkspaceError("The disk is full.")
        told: list[object] = []

        def emit() -> None:
            with Recorder(store, told.append) as recorder:
                recorder(steps(0))
                for act in (recorder.flush, lambda: recorder(ended())):
                    with pytest.raises(WorkspaceError, match="full"):
                        act()

        with pytest.raises(WorkspaceError, match="full"):
            emit()
        assert told == []
