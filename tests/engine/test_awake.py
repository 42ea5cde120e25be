"""The machine stays awake while a model trains, and may sleep afterwards."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import wakepy

from engine.devices.awake import HeldAwake
from engine.runs.store import RunStore
from engine.service import running
from engine.service.running import train
from engine.training.control import TrainingControl


class System:
    """Stands for what wakepy asks."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.is_awake = threading.Event()

    @contextmanager
    def running(self, **_options: Any) -> Iterator[SimpleNamespace]:
        self.said.append("stay awake")
        self.is_awake.set()
        yield SimpleNamespace(active=True)
        self.said.append("sleep if you like")


def fail_when_awake(system: System) -> None:
    assert system.is_awake.wait(60)
    _ = 1 / 0


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> System:
    made = System()
    monkeypatch.setattr(wakepy.keep, "running", made.running)
    return made


def test_it_is_held_awake_within(system: System) -> None:
    with HeldAwake():
        assert system.is_awake.wait(60)
        assert system.said == ["stay awake"]
    assert system.said == ["stay awake", "sleep if you like"]


def test_what_is_over_at_once_is_not_asked_for(system: System) -> None:
    with HeldAwake(after_s=600.0):
        pass
    assert system.said == []


def test_it_is_let_go_where_something_raises(system: System) -> None:
    with pytest.raises(ZeroDivisionError), HeldAwake():
        fail_when_awake(system)
    assert system.said[-1] == "sleep if you like"


def test_a_system_that_cannot_be_asked_costs_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(**_options: Any) -> None:
        raise OSError("There is no bus.")

    monkeypatch.setattr(wakepy.keep, "running", refuse)
    with HeldAwake():
        pass
    assert "may fall asleep" in caplog.text


def test_a_training_holds_it(
    system: System, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "AWAKE_AFTER_S", 0.0)
    values = {
        "data": {"source": "noisy_line"},
        "model": {"name": "linear_regression"},
        "training": {"epochs": 1},
    }
    with RunStore(tmp_path) as store:
        train(values, store, lambda _event: None, TrainingControl())
    assert system.said == ["stay awake", "sleep if you like"]
