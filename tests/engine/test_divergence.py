"""A loss that is no finite number: which examples and columns, and what is kept."""

import numpy as np
import pytest

from engine.events.run_events import EpochEnded, RunFailed, RunFinished, StepsDone
from engine.runs.store import RunStore
from engine.service import running
from engine.training.checkpoint import find_checkpoint
from engine.training.control import TrainingControl
from engine.training.defaults import parse
from engine.training.divergence import examine
from engine.training.plan import ChunkLength
from engine.training.prepared_data import prepare


@pytest.fixture
def store(tmp_path):
    with RunStore(tmp_path / "workspace") as store:
        yield store


@pytest.fixture
def table(tmp_path):
    """Sixty rows of which one, in the middle, is far out in column b."""
    path = tmp_path / "table.csv"
    rows = [f"{index},{index % 7},{index * 2}" for index in range(60)]
    rows[31] = "31,3e30,62"
    path.write_text("a,b,y\n" + "\n".join(rows), encoding="utf-8")
    return path


def _spec(table, **training):
    return {
        "data": {"source": str(table), "target": "y", "task": "regression"},
        "preprocessing": {"scaling": "none"},
        "split": {"method": "random", "validation": 0.0, "test": 0.0},
        "model": {"name": "mlp"},
        "training": {"batch_size": 6, "epochs": 4} | training,
    }


def _train(store, spec):
    events = []
    return events, running.train(spec, store, events.append, TrainingControl())


def test_the_example_and_the_column_are_named(store, table):
    _, ended = _train(store, _spec(table))
    assert isinstance(ended, RunFailed)
    assert "The loss became" in ended.reason
    assert "line 33, column 'b': 3e+30" in ended.reason
    assert "leave out these examples" in ended.hint


def test_ordinary_numbers_are_told_from_weights_that_grew(store):
    spec = {
        "data": {"source": "noisy_line"},
        "model": {"name": "linear_regression"},
        "training": {"learning_rate": 90.0, "epochs": 3},
    }
    _, ended = _train(store, spec)
    assert isinstance(ended, RunFailed)
    assert "it is the weights that grew" in ended.reason
    assert "ten times smaller" in ended.hint


def test_the_state_before_the_step_is_kept_and_the_run_goes_on_from_it(store, monkeypatch):
    monkeypatch.setattr(ChunkLength, "observe", lambda chunk, steps, seconds: None)
    spec = {
        "data": {"source": "noisy_line"},
        "model": {"name": "linear_regression"},
        "training": {"learning_rate": 2.0, "batch_size": 16, "epochs": 30},
        "execution": {"reproducible": True},
    }
    events, ended = _train(store, spec)
    assert isinstance(ended, RunFailed), ended
    bad = [event for event in events if isinstance(event, StepsDone)][-1]
    is_bad = ~np.isfinite(bad.metrics["loss"])
    assert is_bad.any()
    n_done = bad.first_step + int(is_bad.argmax())  # chunks may have been told as one
    found = find_checkpoint(store.folder(ended.run) / "checkpoints").checkpoint
    assert found is not None
    assert found.progress.step == n_done
    weights = [value for name, value in found.snapshot.variables.items() if "model/" in name]
    assert all(np.isfinite(value).all() for value in weights)
    assert f"The state after step {n_done:,} is kept." in ended.reason
    notified = []
    again = running.resume(
        ended.run,
        {"training.learning_rate": 1e-4, "training.epochs": 40},
        store,
        notified.append,
        TrainingControl(),
    )
    assert isinstance(again, RunFinished | RunFailed)
    assert any(isinstance(event, StepsDone | EpochEnded) for event in notified)


def test_infinite_inputs_and_targets_are_found(table):
    prepared = prepare(parse(_spec(table)))
    rows = np.arange(3)
    assert "it is the weights" in examine(prepared, rows).words
    assert "line 33, column 'b'" in examine(prepared, np.array([0, 31])).words
    prepared.examples.y[1] = np.inf
    found = examine(prepared, rows)
    assert found.words.startswith("In its batch, targets are not finite: line 3")
