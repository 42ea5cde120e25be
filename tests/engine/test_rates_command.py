"""The command `rates`, as people and as programs read it."""

import json

import numpy as np
import pytest

from engine.cli import main as cli
from engine.events.messages import RatesTried, RateTried
from engine.service import execution


@pytest.fixture
def tried(monkeypatch) -> list[dict]:
    """Takes the place of the test itself; holds the specs it was asked with."""
    asked: list[dict] = []

    def find_rate(values, emit, should_stop, store):
        asked.append(values)
        rates = np.geomspace(1e-7, 1e-3, 60).astype(np.float32)
        losses = np.linspace(2, 1, 60).astype(np.float32)
        for rate, loss in zip(rates, losses, strict=True):
            emit(RateTried(float(rate), float(loss)))
        suggestion = None if values["seed"] else 0.003
        return RatesTried(rates, losses, suggestion, "Because.")

    monkeypatch.setattr(execution, "find_rate", find_rate)
    return asked


def test_a_small_table_and_the_suggestion(tried, capsys):
    code = cli.main(
        ["rates", "--data", "iris", "--model", "mlp", "--batch-size", "8", "--seed", "0"]
    )

    lines = capsys.readouterr().out.splitlines()
    assert code == 0
    assert lines[0] == "learning rate  loss"
    assert 5 < lines.index("") < 15
    assert lines[-2:] == ["Because.", "Train with it: --learning-rate 0.003"]
    assert tried[0]["training"] == {"batch_size": 8}


def test_without_a_suggestion_it_has_failed(tried, capsys):
    assert cli.main(["rates", "--data", "iris", "--seed", "1"]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "Because."


def test_as_json_every_rate_is_told(tried, capsys):
    assert cli.main(["rates", "--data", "iris", "--seed", "0", "--json"]) == 0

    *events, last = map(json.loads, capsys.readouterr().out.splitlines())
    assert {event["event"] for event in events} == {"rate_tried"}
    assert [event["learning_rate"] for event in events] == pytest.approx(last["learning_rates"])
    assert last["event"] == "rates_tried"
    assert last["suggestion"] == 0.003
    assert len(last["losses"]) == 60


def test_what_is_wrong_is_refused_at_its_field(capsys):
    code = cli.main(["rates", "--data", "iris", "--model", "mlp", "--batch-size", "0"])

    assert code == 2
    assert "training.batch_size" in capsys.readouterr().err
