"""A run whose checkpoints are damaged: nothing is mixed, nothing destroyed, and it is said."""

import json
import shutil
import sqlite3
from contextlib import closing

import pytest

from engine.cli import main as cli
from engine.errors import CheckpointsLost, WorkspaceError
from engine.events.run_events import EpochEnded, RunFinished, RunStarted, RunState
from engine.runs.store import RunStore
from engine.service import running
from engine.training.checkpoint import find_checkpoint
from engine.training.control import TrainingControl

SPEC = {
    "data": {"source": "iris"},
    "model": {"name": "mlp"},
    "training": {"epochs": 2, "batch_size": 16},
    "execution": {"reproducible": True},
}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A workspace with a run of three epochs; copied for each test.

    It ends twice, so that there are two checkpoints: while training, one is left out where the one
    before is still being written.
    """
    place = tmp_path_factory.mktemp("trained")
    with RunStore(place) as store:
        ended = running.train(SPEC, store, lambda event: None, TrainingControl())
        assert isinstance(ended, RunFinished), ended
        more = {"training.epochs": 3}
        ended = running.resume(ended.run, more, store, lambda event: None, TrainingControl())
    assert isinstance(ended, RunFinished), ended
    return place, ended.run


@pytest.fixture
def workspace(trained, tmp_path):
    place, run = trained
    shutil.copytree(place, tmp_path / "workspace")
    return tmp_path / "workspace", run


def _spoil(folder, name="variables.npz"):
    path = folder / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def _content(workspace):
    """Every file of a workspace, and every row of its database."""
    files = {
        str(path.relative_to(workspace)): path.read_bytes()
        for path in sorted(workspace.rglob("*"))
        if path.is_file() and not path.name.startswith("runs.sqlite") and "logs" not in path.parts
    }
    with closing(sqlite3.connect(workspace / "runs.sqlite")) as database:
        return files, list(database.iterdump())


def _checkpoints(workspace, run):
    found = (workspace / "runs" / run / "checkpoints").glob("checkpoint-*")
    return sorted(found, key=lambda path: path.name)


def _resume(workspace, run, **changes):
    events = []
    with RunStore(workspace) as store:
        ended = running.resume(run, changes, store, events.append, TrainingControl())
        return ended, events, store.epochs(run), store.get(run)


def test_with_every_checkpoint_damaged_it_refuses_and_changes_nothing(workspace, capsys):
    folder, run = workspace
    for path in _checkpoints(folder, run):
        _spoil(path)
    before = _content(folder)
    code = cli.main(["resume", run, "--epochs", "5", "--workspace", str(folder)])
    told = capsys.readouterr()
    assert code == 2
    assert told.out == ""
    assert "none of its checkpoints can be read" in told.err
    assert "variables.npz does not match its checksum" in told.err
    assert "--from-start" in told.err
    assert _content(folder) == before


def test_checkpoints_that_were_removed_are_missed(workspace):
    folder, run = workspace
    for path in _checkpoints(folder, run):
        shutil.rmtree(path)
    before = _content(folder)
    with pytest.raises(CheckpointsLost, match="its checkpoints are gone"):
        _resume(folder, run, **{"training.epochs": 5})
    shutil.rmtree(folder / "runs" / run / "checkpoints")
    with pytest.raises(CheckpointsLost, match="after 3 epochs"):
        _resume(folder, run, **{"training.epochs": 5})
    assert _content(folder)[1] == before[1]


def test_from_start_makes_a_new_run_that_names_the_old_one(workspace, capsys):
    folder, run = workspace
    for path in _checkpoints(folder, run):
        _spoil(path)
    before = _content(folder)
    words = ["resume", run, "--from-start", "--epochs", "2", "--workspace", str(folder), "--json"]
    assert cli.main(words) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    new = events[-1]["run"]
    assert new != run
    assert [event["epoch"] for event in events if event["event"] == "epoch_ended"] == [1, 2]
    with RunStore(folder) as store:
        old, begun = store.get(run), store.get(new)
        assert (begun.origin, begun.name) == (run, f"{old.name} 2")
        assert begun.to_dict()["origin"] == run
        assert old.state is RunState.FINISHED
        assert [epoch.epoch for epoch in store.epochs(run)] == [1, 2, 3]
    files = _content(folder)[0]
    assert {name: files.get(name) for name in before[0]} == before[0]
    assert cli.main(["runs", "show", new, "--workspace", str(folder)]) == 0
    assert f"Begun again from: {old.name} ({run})" in capsys.readouterr().out


@pytest.mark.parametrize("reproducible", [True, False])
def test_an_older_checkpoint_is_gone_on_from_aloud_and_later_epochs_are_replaced(
    workspace, reproducible
):
    folder, run = workspace
    *_, newest = _checkpoints(folder, run)
    _spoil(newest)
    kept = find_checkpoint(newest.parent).checkpoint.progress
    n_kept = len(kept.history)
    changes = {"training.epochs": 5, "execution.reproducible": reproducible}
    ended, events, epochs, record = _resume(folder, run, **changes)
    assert isinstance(ended, RunFinished), ended
    started = next(event for event in events if isinstance(event, RunStarted))
    assert f"{newest.name}: variables.npz does not match its checksum" in started.notice
    assert f"after epoch {n_kept}" in started.notice
    trained = [event.epoch for event in events if isinstance(event, EpochEnded)]
    assert trained == list(range(n_kept + 1, 6))
    assert [epoch.epoch for epoch in epochs] == [1, 2, 3, 4, 5]
    assert record.epochs_done == 5
    assert [epoch.metrics for epoch in epochs[:n_kept]] == kept.history
    told = {event.epoch: event.metrics for event in events if isinstance(event, EpochEnded)}
    assert {epoch.epoch: epoch.metrics for epoch in epochs[n_kept:]} == told
    assert not newest.exists()
    aside = newest.with_name(f"damaged-{newest.name}")
    assert aside.is_dir(), "set aside, not deleted"


def test_a_checkpoint_of_another_model_is_refused_and_changes_nothing(workspace):
    folder, run = workspace
    spec = folder / "runs" / run / "spec.json"
    assert spec.exists()
    with closing(sqlite3.connect(folder / "runs.sqlite")) as database, database:
        (text,) = database.execute("SELECT spec FROM runs").fetchone()
        values = json.loads(text)
        values["model"]["parameters"]["units"] = [7]
        database.execute("UPDATE runs SET spec = ?", (json.dumps(values),))
    before = _content(folder)
    with pytest.raises(WorkspaceError, match="belongs to another model"):
        _resume(folder, run, **{"training.epochs": 5})
    assert _content(folder) == before
