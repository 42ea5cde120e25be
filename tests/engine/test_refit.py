"""Trained once more on training and validation part, for the epochs that were best."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.cli.main import main
from engine.errors import WorkspaceError
from engine.events.run_events import RunState
from engine.inference.evaluation.predictions import Predictions
from engine.runs.record import RunRecord
from engine.runs.refit import refit_obstacle, refit_values
from engine.runs.store import RunStore
from engine.spec.run_spec import RunSpec

VALUES: dict[str, Any] = {
    "data": {"source": "iris"},
    "model": {"name": "logistic_regression"},
    "training": {"epochs": 30, "batch_size": 16, "keep": "best"},
    "stopping": {"patience": 10},
}


@pytest.fixture
def ended(tmp_path: Path) -> RunRecord:
    with RunStore(tmp_path) as store:
        made = store.create(RunSpec.from_dict(VALUES), "Mine", "Iris", "Logistic")
    metrics = {"loss": 0.4, "val_loss": 0.5, "test_loss": 0.5}
    return replace(made, state=RunState.FINISHED, best_epoch=7, epochs_done=17, metrics=metrics)


def test_all_is_as_it_was_but_the_examples_and_the_epochs(ended: RunRecord) -> None:
    wanted = ended.spec.to_dict()
    wanted["split"]["refit"] = True
    wanted["training"] |= {"epochs": 7, "keep": "last"}
    wanted["stopping"]["patience"] = 0
    assert refit_values(ended) == wanted


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"state": RunState.RUNNING}, "is running"),
        ({"state": RunState.FAILED}, "is failed"),
        ({"best_epoch": None}, "no epoch that a validation part found best"),
        ({"metrics": {"loss": 0.1, "test_loss": 0.2}}, "no epoch that a validation part"),
    ],
    ids=str,
)
def test_a_run_that_says_nothing_of_epochs_is_refused(ended, changes, words) -> None:
    record = replace(ended, **changes)
    assert words in refit_obstacle(record)
    with pytest.raises(WorkspaceError, match=words):
        refit_values(record)


def test_what_has_learnt_from_both_parts_is_not_trained_once_more(ended: RunRecord) -> None:
    again = replace(ended, spec_json=json.dumps(refit_values(ended)))
    assert "already" in refit_obstacle(again)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("refit")
    asked = ["train", "--data", "iris", "--model", "logistic_regression", "--epochs", "3"]
    assert main([*asked, "--workspace", str(folder)]) == 0
    return folder


class TestCommandLine:
    def test_the_new_run_learns_from_both_and_is_tested_on_the_same(self, trained, capfd) -> None:
        with RunStore(trained) as store:
            (first,) = store.runs()
        command = ["resume", first.id, "--refit", "--workspace", str(trained), "--json"]
        assert main(command) == 0
        events = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
        started = next(event for event in events if event["event"] == "run_started")
        epochs = [event for event in events if event["event"] == "epoch_ended"]
        assert started["spec"]["split"]["refit"]
        assert len(epochs) == first.best_epoch
        assert not any(name.startswith("val_") for name in epochs[-1]["metrics"])
        with RunStore(trained) as store:
            again, before = store.runs()
            tested = [Predictions.load(store.folder(run.id)).rows for run in (again, before)]
        assert again.origin == before.id
        assert tested[0].tolist() == tested[1].tolist()

    @pytest.mark.parametrize("other", ["--from-start", "--accept-changed-data", "--epochs=9"])
    def test_nothing_else_can_be_asked_with_it(self, trained, other, capfd) -> None:
        assert main(["resume", "Iris", "--refit", other, "--workspace", str(trained)]) == 2
        error = capfd.readouterr().err
        assert "Received: " in error
        assert "split.refit=true" in error
