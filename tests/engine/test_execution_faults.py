"""What becomes of a run when something goes wrong, or is asked for late."""

import pytest

from engine.datasets import load_examples
from engine.errors import DatasetError, WorkspaceError
from engine.events.commands import Control
from engine.events.run_events import (
    EpochEnded,
    RunFailed,
    RunFinished,
    RunState,
    RunStopped,
    StepsDone,
)
from engine.inference.evaluation.evaluation import Evaluation
from engine.runs.store import RunStore
from engine.service import execution, running
from engine.spec.run_spec import DataSpec
from engine.training.control import TrainingControl

IRIS = {
    "data": {"source": "iris"},
    "model": {"name": "mlp"},
    "training": {"epochs": 2, "keep": "last"},
}


@pytest.fixture
def store(tmp_path):
    with RunStore(tmp_path / "workspace") as store:
        yield store


def _table(path, header="a,b,y", labels="uv"):
    n_columns = header.count(",")
    rows = [
        ",".join([*(str((i * (k + 3)) % 11) for k in range(n_columns)), labels[i % len(labels)]])
        for i in range(60)
    ]
    path.write_text("\n".join([header, *rows]), encoding="utf-8")


def test_discarding_while_the_model_is_evaluated_discards(store, monkeypatch):
    control, save = TrainingControl(), Evaluation.save

    def saved_late(evaluation, folder):
        save(evaluation, folder)
        control.request(Control.DISCARD)

    monkeypatch.setattr(Evaluation, "save", saved_late)
    ended = running.train(IRIS, store, lambda event: None, control)
    assert isinstance(ended, RunStopped)
    assert not ended.kept
    assert store.runs() == []
    assert store.get(ended.run).state is RunState.STOPPED


def test_a_discard_after_the_end_was_decided_does_not_hide_a_finished_run(store, monkeypatch):
    control, record = TrainingControl(), store.record

    def recorded_late(events):
        record(events)
        if isinstance(events[-1], RunFinished):
            control.request(Control.DISCARD)

    monkeypatch.setattr(store, "record", recorded_late)
    ended = running.train(IRIS, store, lambda event: None, control)
    assert isinstance(ended, RunFinished)
    assert [run.id for run in store.runs()] == [ended.run]


def test_a_listener_that_breaks_ends_the_run_as_failed(store):
    def broken(event):
        if isinstance(event, EpochEnded):
            raise RuntimeError("nobody there")

    ended = running.train(IRIS, store, broken, TrainingControl())
    assert isinstance(ended, RunFailed)
    assert "nobody there" in ended.reason
    assert "Traceback" in ended.details
    assert store.get(ended.run).state is RunState.FAILED


def test_stopped_in_the_middle_of_an_epoch_the_last_weights_are_named_by_their_step(store):
    control = TrainingControl()

    def stop_in_second(event):
        if isinstance(event, StepsDone) and event.epoch == 2:
            control.request(Control.STOP)

    spec = IRIS | {"training": {"epochs": 100_000, "keep": "last", "batch_size": 1}}
    ended = running.train(spec, store, stop_in_second, control)
    steps = len(store.steps(ended.run)["loss"])
    assert f"after step {steps:,} are kept" in ended.reason


@pytest.mark.parametrize(
    ("header", "labels", "what"),
    [("a,b,c,y", "uv", "columns"), ("b,a,y", "uv", "columns"), ("a,b,y", "uw", "classes")],
)
def test_data_that_changed_since_is_not_evaluated(store, tmp_path, header, labels, what):
    path = tmp_path / "table.csv"
    _table(path)
    spec = IRIS | {"data": {"source": str(path), "target": "y"}}
    ended = running.train(spec, store, lambda event: None, TrainingControl())
    assert execution.evaluate(ended.run, store).n_samples > 0
    _table(path, header, labels)
    with pytest.raises(DatasetError, match=f"changed since.*{what}"):
        execution.evaluate(ended.run, store)


def test_a_damaged_model_is_told_in_words(store):
    ended = running.train(IRIS, store, lambda event: None, TrainingControl())
    path = store.folder(ended.run) / "model.keras"
    content = path.read_bytes()
    for damaged in (b"", content[:500], content[:200] + b"\xff" * 400 + content[600:]):
        path.write_bytes(damaged)
        with pytest.raises(WorkspaceError, match=r"cannot be read|was changed after"):
            execution.evaluate(ended.run, store)


def test_a_file_where_checkpoints_go_ends_the_run_in_words(store, monkeypatch):
    folder = store.folder

    def blocked(run):
        (folder(run) / "checkpoints").write_text("in the way", encoding="utf-8")
        return folder(run)

    monkeypatch.setattr(store, "folder", blocked)
    ended = running.train(IRIS, store, lambda event: None, TrainingControl())
    assert isinstance(ended, RunFailed)
    assert "checkpoints" in ended.reason
    assert ended.details == ""


@pytest.mark.parametrize("source", ["~no-such-user/table.csv", "a" * 5_000 + ".csv"])
def test_paths_the_system_refuses_are_refused_in_words(source):
    with pytest.raises(DatasetError, match="cannot be used"):
        load_examples(DataSpec(source=source))
