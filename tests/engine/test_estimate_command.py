"""`train --estimate`, as people and as programs read it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from engine.cli import main as cli
from engine.events.messages import TrainingEstimated
from engine.runs.store import RunStore
from engine.service import execution

MB = 1 << 20
FITS = TrainingEstimated(0.012, 3.04, 30.4, 420 * MB, 8192 * MB, device="CPU:0")
TOO_LARGE = TrainingEstimated(0.012, 3.04, 30.4, 9000 * MB, 8192 * MB, 32, "CPU:0")
COMMAND = ["train", "--data", "iris", "--model", "mlp", "--estimate"]


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Takes the place of the measurement; called with what it shall find."""
    asked: list[dict[str, Any]] = []

    def answer(found: TrainingEstimated) -> list[dict[str, Any]]:
        def estimate(values: dict[str, Any], store: RunStore) -> TrainingEstimated:
            asked.append(values)
            return found

        monkeypatch.setattr(execution, "estimate", estimate)
        return asked

    return answer


def test_time_and_memory_in_two_lines(answers: Any, capsys: pytest.CaptureFixture[str]) -> None:
    asked = answers(FITS)

    assert cli.main([*COMMAND, "--epochs", "10"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "About 3.0 s an epoch, 30 s in all on CPU:0; 12 ms a step.",
        "Memory: about 420 MB of 8 GB available.",
    ]
    assert asked[0]["training"] == {"epochs": 10}


def test_what_does_not_fit_is_told_with_what_does(
    answers: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    answers(TOO_LARGE)

    assert cli.main(COMMAND) == 1
    assert "a batch of 32 does: --batch-size 32" in capsys.readouterr().out


def test_as_json_it_is_one_object(answers: Any, capsys: pytest.CaptureFixture[str]) -> None:
    answers(FITS)

    assert cli.main([*COMMAND, "--json"]) == 0
    notified = json.loads(capsys.readouterr().out)
    assert notified["event"] == "training_estimated"
    assert (notified["epoch_s"], notified["memory_bytes"]) == (3.04, 420 * MB)


def test_it_makes_no_run(answers: Any, capsys: pytest.CaptureFixture[str], tmp_path: Any) -> None:
    answers(FITS)

    assert cli.main([*COMMAND, "--workspace", str(tmp_path)]) == 0
    capsys.readouterr()
    assert cli.main(["runs", "list", "--json", "--workspace", str(tmp_path)]) == 0
    assert json.loads(capsys.readouterr().out) == {"runs": []}


def test_what_is_wrong_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([*COMMAND, "--epochs", "none"]) == 2
    assert "training.epochs" in capsys.readouterr().err
    assert cli.main([*COMMAND, "--index", "0"]) == 2
    assert "this machine alone" in capsys.readouterr().err
