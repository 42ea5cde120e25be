"""Where early stopping would have ended a run that goes on is marked on its curves."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from pytestqt.qtbot import QtBot

from engine.events.run_events import EpochEnded, RunStarted
from engine.runs.store import RunStore
from engine.spec.run_spec import RunSpec
from gui.pages.train.run_curves import RunCurves
from gui.state.run_repository import RunCurves as History
from gui.state.settings import Settings

EPOCHS = 30
STEPS = 4
BEST = 5


def _epochs() -> list[EpochEnded]:
    """Best in the fifth epoch, worse ever after."""
    return [
        EpochEnded(
            run="r",
            epoch=epoch,
            step=epoch * STEPS,
            metrics={"loss": 1.0 / epoch, "val_loss": 1.0 + abs(epoch - BEST)},
            duration_s=1.0,
            elapsed_s=float(epoch),
            samples_per_s=1.0,
            is_best=epoch <= BEST,
        )
        for epoch in range(1, EPOCHS + 1)
    ]


def _spec(patience: int, model: str = "mlp") -> RunSpec:
    return RunSpec.from_dict(
        {
            "data": {"source": "iris"},
            "model": {"name": model},
            "stopping": {"patience": patience},
        }
    )


def _started(patience: int, model: str = "mlp") -> RunStarted:
    # A profile is of no use to curves.
    return RunStarted("r", "r", _spec(patience, model), cast(Any, None), EPOCHS, STEPS, 16)


@pytest.fixture
def curves(qtbot: QtBot) -> RunCurves:
    widget = RunCurves(Settings(), "test")
    qtbot.addWidget(widget)
    widget.show_metric("")
    return widget


def test_the_epoch_is_marked_once(curves: RunCurves) -> None:
    for event in (_started(patience=0), *_epochs()):
        curves.add(event)
    (mark,) = curves.loss.changes.marks
    assert mark.step == (BEST + 10) * STEPS
    assert mark.text.endswith("would have ended the training here, after epoch 15")
    assert mark.label == "early stopping"


def test_a_run_that_stops_early_by_itself_has_no_mark(curves: RunCurves) -> None:
    for event in (_started(patience=12), *_epochs()):
        curves.add(event)
    assert curves.loss.changes.marks == []


def test_a_stored_run_shows_it_as_well(curves: RunCurves, tmp_path: Path) -> None:
    with RunStore(tmp_path) as store:
        record = store.create(_spec(patience=0), "", "Iris", "MLP")
    planned = replace(record, epochs_planned=EPOCHS)
    curves.show_history(History(planned, tuple(_epochs()), (), {}))
    assert [mark.step for mark in curves.loss.changes.marks] == [(BEST + 10) * STEPS]


def test_a_model_that_waits_otherwise_would_have_ended_elsewhere(curves: RunCurves) -> None:
    for event in (_started(patience=0, model="table_ensemble"), *_epochs()):
        curves.add(event)
    assert [mark.step for mark in curves.loss.changes.marks] == [(BEST + 20) * STEPS]


def test_a_run_whose_spec_is_damaged_shows_its_curves(curves: RunCurves, tmp_path: Path) -> None:
    with RunStore(tmp_path) as store:
        record = store.create(_spec(patience=0), "", "Iris", "MLP")
    damaged = replace(record, spec_json="{", epochs_planned=EPOCHS)
    curves.show_history(History(damaged, tuple(_epochs()), (), {}))
    assert list(curves.loss.data.epochs.values) == list(range(1, EPOCHS + 1))
    assert curves.loss.changes.marks == []
