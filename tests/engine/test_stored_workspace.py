"""A workspace that Descent 0.1 wrote: opened, shown, evaluated, predicted from, gone on with."""

import json

import pytest
from stored_workspace import EXPECTED, RUNS, unpack

from engine.cli import main as cli
from engine.events.trying import FindChange, LookAtModel, TakeExample
from engine.events.watch import Watch
from engine.preprocessing.targets import AnomalyTargets
from engine.preprocessing.tokens import Tokenizer
from engine.service.results import answer


@pytest.fixture
def workspace(tmp_path):
    return unpack(tmp_path) / "workspace"


@pytest.fixture
def command(workspace, capsys):
    """Runs a command on the stored workspace: its JSON objects."""

    def run(*words):
        code = cli.main([*words, "--workspace", str(workspace), "--json"])
        captured = capsys.readouterr()
        assert code == 0, captured.err
        return [json.loads(line) for line in captured.out.splitlines()]

    return run


def test_its_runs_are_listed(command):
    (listed,) = command("runs", "list")
    shown = {run["name"]: (run["id"], run["epochs_done"]) for run in listed["runs"]}
    assert shown == {
        "Fruit": (RUNS["fruit"], 6),
        "Moods": (RUNS["moods"], 3),
        "Digits": (RUNS["digits"], 2),
    }


@pytest.mark.parametrize(("name", "n_epochs"), [("Fruit", 6), ("Moods", 3), ("Digits", 2)])
def test_a_run_is_shown_with_its_curve(command, name, n_epochs):
    (shown,) = command("runs", "show", name)
    assert shown["name"] == name
    assert [epoch["epoch"] for epoch in shown["epochs"]] == [*range(1, n_epochs + 1)]


def test_its_own_model_is_there(command):
    (listed,) = command("models", "list")
    assert [(model["title"], model["n_layers"]) for model in listed["own_models"]] == [
        ("Small CNN", 10)
    ]
    assert listed["unreadable"] == []
    (described,) = command("models", "describe", "Small CNN", "--data", "digits")
    assert described["n_parameters"] == 1560


@pytest.mark.parametrize("name", ["fruit", "moods"])
def test_a_run_is_evaluated_as_it_was(command, name):
    evaluated = command("evaluate", RUNS[name])[-1]
    assert evaluated["metrics"] == pytest.approx(EXPECTED["metrics"][name], rel=1e-6)


@pytest.mark.parametrize("name", ["fruit", "moods"])
def test_a_run_predicts_as_it_did(command, name):
    expected = EXPECTED["predictions"][name]
    predicted = command("predict", RUNS[name], *(item["input"] for item in expected))
    for found, known in zip(predicted, expected, strict=True):
        assert found["class"] == known["class"]
        assert found["probabilities"] == pytest.approx(known["probabilities"], abs=1e-5)


@pytest.mark.parametrize(("name", "n_epochs"), [("moods", 60), ("digits", 4)])
def test_a_run_goes_on_and_ends_as_if_it_had_never_been_interrupted(command, name, n_epochs):
    events = command("resume", RUNS[name])
    ended = events[-1]
    assert ended["event"] == "run_finished", ended
    expected = EXPECTED["to_the_end"][name]
    # Another processor sums in another order, and epochs add that up.
    assert ended["metrics"] == pytest.approx(expected, rel=0.02, abs=0.01)
    (shown,) = command("runs", "show", RUNS[name])
    assert [epoch["epoch"] for epoch in shown["epochs"]] == [*range(1, n_epochs + 1)]


def test_a_run_can_be_tried_with_the_ranges_of_its_data(workspace):
    def ask(command):
        return answer(command, workspace, Watch(lambda event: None, lambda: False))

    look = ask(LookAtModel(RUNS["fruit"]))
    numbers = [field for field in look.fields if field.type == "number"]
    assert numbers
    assert all(field.low < field.high for field in numbers)
    cells = ask(TakeExample(RUNS["fruit"])).example.cells
    assert ask(FindChange(RUNS["fruit"], cells)).changes


def test_what_older_runs_know_their_data_by_is_written_as_it_was():
    """Else a run on the same data would be told that its data has changed."""
    assert AnomalyTargets().to_dict() == {"threshold": None}
    texts = Tokenizer.fit(["good old words", "bad new words " * 99], "word")
    assert set(texts.to_dict()) == {"unit", "vocabulary", "length", "exact"}
