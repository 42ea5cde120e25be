"""The gradient flow of a run is kept with it, bounded, and read back as it was told."""

import sqlite3
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from engine.errors import WorkspaceError
from engine.events.insights import GradientFlow
from engine.events.run_events import RunFinished
from engine.runs import flow as stored
from engine.runs.schema import MIGRATIONS
from engine.runs.store import RunStore
from engine.spec.run_spec import RunSpec

SPEC = RunSpec.from_dict({"data": {"source": "moons"}, "model": {"name": "mlp"}})
LAYERS = ("dense", "Schicht größer/2", "output")


def measured(run: str, step: int, value: float = 1.0) -> GradientFlow:
    norms = np.array([value, value / 3, 1e-12], np.float32)
    dead = np.array([0.25, np.nan, np.nan], np.float32)
    return GradientFlow(run, step, step / 7, LAYERS, norms, 2 * norms, 0.001 * norms, dead)


@pytest.fixture
def store(tmp_path):
    with RunStore(tmp_path) as opened:
        yield opened


@pytest.fixture
def run(store):
    return store.create(SPEC, "", "Moons", "MLP").id


def test_what_is_recorded_is_read_back_bit_by_bit(store, run):
    notified = [measured(run, step, 0.1 * step) for step in (3, 40, 200)]
    store.record(notified)
    for one, other in zip(store.flow(run), notified, strict=True):
        assert (one.run, one.step, one.epoch, one.layers) == (
            other.run,
            other.step,
            other.epoch,
            other.layers,
        )
        for name in ("gradient_norms", "weight_norms", "update_ratios", "dead_units"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_a_step_measured_twice_has_its_later_values_and_steps_are_in_order(store, run):
    store.record([measured(run, 9), measured(run, 5), measured(run, 9, 4.0)])
    assert [one.step for one in store.flow(run)] == [5, 9]
    assert store.flow(run)[-1].gradient_norms[0] == 4.0


def test_a_run_without_any_has_none(store, run):
    store.record([GradientFlow.unavailable(run, "Several devices.")])
    assert store.flow(run) == []
    assert store.flow("no-such-run") == []


def test_a_run_that_goes_on_in_another_way_forgets_what_came_after(store, run):
    store.record([measured(run, step) for step in (10, 20, 30)])
    store.reopen(run, SPEC, kept=(20, 1))
    assert [one.step for one in store.flow(run)] == [10, 20]


def test_a_long_run_is_thinned_out_evenly_and_keeps_its_ends(store, run, monkeypatch):
    monkeypatch.setattr(stored, "MAX_MEASUREMENTS", 8)
    for step in range(100):
        store.record([measured(run, step)])
    steps = [one.step for one in store.flow(run)]
    assert len(steps) <= 8
    assert steps[0] == 0
    assert steps[-1] == 99
    assert steps == sorted(steps)


def test_it_goes_with_its_run(store, run, tmp_path):
    store.record([measured(run, 1), RunFinished(run, reason="Done.")])
    store.delete(run)
    assert store.remove(run, datetime.now(UTC) + timedelta(days=31))
    with sqlite3.connect(tmp_path / "runs.sqlite") as connection:
        assert connection.execute("SELECT COUNT(*) FROM flow").fetchone() == (0,)
    connection.close()
    with pytest.raises(WorkspaceError):
        store.record([measured(run, 2)])


def test_a_workspace_of_before_can_hold_it(tmp_path):
    connection = sqlite3.connect(tmp_path / "runs.sqlite")
    for script in MIGRATIONS[:2]:
        connection.executescript(script)
    connection.execute("PRAGMA user_version = 2")
    connection.commit()
    connection.close()
    with RunStore(tmp_path) as store:
        run = store.create(SPEC, "", "Moons", "MLP").id
        store.record([measured(run, 1)])
        assert len(store.flow(run)) == 1
