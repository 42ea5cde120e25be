"""A workspace of three runs, and what tests of its upkeep ask of it."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime

import numpy as np
import pytest

from engine.events.run_events import (
    EpochEnded,
    RunFinished,
    RunStarted,
    RunState,
    SettingChanged,
    StateChanged,
    StepsDone,
)
from engine.runs.store import RunStore
from engine.spec.run_spec import RunSpec

SPEC = RunSpec.from_dict(
    {
        "data": {"source": "iris"},
        "model": {"name": "mlp", "parameters": {}},
        "training": {"epochs": 3},
    }
)


NOW = datetime.now(UTC)


def epoch(run, number, **metrics):
    metrics = metrics or {"loss": 1 / number, "val_loss": 2 / number}
    return EpochEnded(run, number, 5 * number, metrics, 2.0, 2.0 * number, 90.0, True, 0.01)


def fill(store, name, n_epochs=3):
    """A run with steps, epochs and a change, as a worker records it."""
    run = store.create(SPEC, name, "Iris", "MLP").id
    store.record([StateChanged(run, RunState.RUNNING)])
    for number in range(1, n_epochs + 1):
        losses = np.full(5, 1 / number, np.float32)
        store.record(
            [
                StepsDone(run, number, 5 * number - 5, {"loss": losses}, 2.0 * number),
                epoch(run, number),
            ]
        )
    store.record([SettingChanged(run, 2, 7, "training.learning_rate", 0.1, 0.05, "Asked.")])
    store.record([RunFinished(run, reason="Done.", metrics={"test_accuracy": 0.9})])
    return run


@pytest.fixture
def workspace(tmp_path):
    """Three runs; one renamed with a note, one deleted."""
    place = tmp_path / "workspace"
    with RunStore(place) as store:
        runs = [fill(store, name) for name in ("one", "two", "three")]
        store.rename(runs[1], "other")
        store.set_note(runs[1], "a note")
        store.delete(runs[2])
    return place


def everything(workspace):
    """What a workspace says of its runs; curves within epochs left out."""
    with RunStore(workspace) as store:
        records = store.runs() + store.runs(deleted=True)
        return {
            record.id: (record, store.epochs(record.id), store.changes(record.id))
            for record in records
        }


def content(workspace):
    """Every file of a workspace, byte for byte."""
    return {
        str(path.relative_to(workspace)): path.read_bytes() if path.is_file() else None
        for path in sorted(workspace.rglob("*"))
    }


def lose(path):
    path.unlink()


def zero(path):
    path.write_bytes(bytes(path.stat().st_size))


def empty(path):
    path.write_bytes(b"")


def truncate(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2 + 100])


def garble(path):
    path.write_bytes(b"not a database at all, for sure " * 400)


def spoil_inside(path):
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xa5" * (len(content) - 4096)
    path.write_bytes(content)


def schema_of_nothing(path):
    content = bytearray(path.read_bytes())
    content[60:64] = (-5).to_bytes(4, "big", signed=True)
    path.write_bytes(content)


def become_a_folder(path):
    path.unlink()
    path.mkdir()
    (path / "something").write_text("kept", encoding="utf-8")


def lose_a_table(path):
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("DROP TABLE runs")


def garble_a_name(path):
    """What SQLite then says of it is no text."""
    content = path.read_bytes()
    assert b"tablerunsruns" in content
    garbled = content.replace(b"tablerunsruns", b"tabler\x93nsr\x93ns")
    path.write_bytes(garbled.replace(b"CREATE TABLE runs", b"CREAXE TABLE runs"))


DAMAGES = [
    lose, zero, empty, truncate, garble, spoil_inside, schema_of_nothing, become_a_folder,
    lose_a_table, garble_a_name,
]  # fmt: skip


def started(run):
    return RunStarted(
        run, name="cut off", spec=SPEC, profile=None, epochs=3, steps_per_epoch=5, n_train=80
    )


def spoil(workspace, statement, column, value):
    with closing(sqlite3.connect(workspace / "runs.sqlite")) as database, database:
        database.execute(statement.format(column), (value,))
