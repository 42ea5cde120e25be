"""What a training would take is measured before it begins, and leaves no trace in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.errors import Cancelled, DatasetError, SpecError
from engine.events.messages import TrainingEstimated
from engine.events.run_events import StepsDone
from engine.graph import memory
from engine.graph.memory import Available, Need, fitting_batch_size
from engine.runs.store import RunStore
from engine.service import execution
from engine.service.running import train
from engine.training.control import TrainingControl
from engine.training.steps.loop import StepLoop
from engine.training.trials import estimate as estimating

MB = 1 << 20


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Measures for as short as means anything."""
    monkeypatch.setattr(estimating, "TRAIN_S", 0.02)
    monkeypatch.setattr(estimating, "TEST_S", 0.01)


def spec(model: str = "mlp", source: str = "iris", **parts: Any) -> dict[str, Any]:
    values = {"data": {"source": source}, "model": {"name": model}, "training": {"epochs": 3}}
    return {**values, **parts, "seed": 3}


def losses_of(values: dict[str, Any], folder: Path) -> np.ndarray:
    notified: list[Any] = []
    with RunStore(folder) as store:
        train(values, store, notified.append, TrainingControl())
    return np.concatenate([e.metrics["loss"] for e in notified if isinstance(e, StepsDone)])


class TestTime:
    def test_epochs_are_made_of_steps_and_validation(self) -> None:
        found = execution.estimate(spec(training={"epochs": 7, "batch_size": 16}))

        assert isinstance(found, TrainingEstimated)
        assert found.device == "CPU:0"
        assert found.step_s > 0
        assert found.total_s > 7 * found.epoch_s  # the graphs are made first
        n_steps = 8  # of 120 examples, of which some are kept aside
        assert found.epoch_s > 0.5 * n_steps * found.step_s
        assert found.fitting_batch_size == 0

    def test_without_validation_there_are_steps_alone(self) -> None:
        values = spec(training={"batch_size": 30}, split={"validation": 0.0, "test": 0.2})

        found = execution.estimate(values)

        assert found.epoch_s == pytest.approx(4 * found.step_s)

    def test_a_batch_larger_than_the_data_is_one_step(self) -> None:
        values = spec(training={"batch_size": 4096}, split={"validation": 0.0, "test": 0.2})

        found = execution.estimate(values)

        assert found.epoch_s == pytest.approx(found.step_s)

    @pytest.mark.parametrize(
        "execution_spec", [{"data": "streamed"}, {"xla": "on"}, {"reproducible": True}]
    )
    def test_every_way_to_execute_is_estimated(self, execution_spec: dict[str, Any]) -> None:
        found = execution.estimate(spec(execution=execution_spec))

        assert found.epoch_s > 0

    @pytest.mark.parametrize(
        ("source", "model"), [("number_words", "gru_translator"), ("pump", "autoencoder")]
    )
    def test_other_kinds_of_networks_are_estimated(self, source: str, model: str) -> None:
        assert execution.estimate(spec(model, source)).epoch_s > 0


class TestMemory:
    def test_a_batch_is_halved_until_it_fits(self) -> None:
        need = Need(weights=10 * MB, example=MB, batch_size=100, copies=5 * MB)

        assert fitting_batch_size(need, Available(200 * MB, "This machine")) == 100
        assert fitting_batch_size(need, Available(60 * MB, "This machine")) == 25
        assert fitting_batch_size(need, Available(10 * MB, "This machine")) == 0
        assert fitting_batch_size(need, Available(60 * MB, "The GPU", holds_copies=False)) == 50

    def test_what_does_not_fit_is_measured_with_a_batch_that_does(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sizes: list[int] = []
        whole = StepLoop.train

        def noted(loop: Any, data: Any, indices: Any, *more: Any) -> Any:
            sizes.append(indices.shape[1])
            return whole(loop, data, indices, *more)

        monkeypatch.setattr(StepLoop, "train", noted)
        values = spec("cnn", "digits", training={"epochs": 1, "batch_size": 1024})
        monkeypatch.setattr(memory, "available", lambda: Available(40 * MB, "This machine"))

        found = execution.estimate(values)

        assert 0 < found.fitting_batch_size < 1024
        assert set(sizes) == {found.fitting_batch_size}
        assert found.memory_bytes > found.available_bytes == 40 * MB
        values["training"]["batch_size"] = found.fitting_batch_size
        assert execution.estimate(values).fitting_batch_size == 0

    def test_where_no_batch_fits_the_layer_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(memory, "available", lambda: Available(MB, "This machine"))

        with pytest.raises(SpecError, match="Training this model takes about"):
            execution.estimate(spec("cnn", "digits"))


class TestNothingIsLeft:
    def test_a_run_after_it_in_the_same_process_has_the_same_numbers(self, tmp_path: Path) -> None:
        values = spec("cnn", "digits", execution={"reproducible": True})
        values["training"] = {"epochs": 1}
        without = losses_of(values, tmp_path / "without")

        execution.estimate(values)
        after = losses_of(values, tmp_path / "after")

        assert len(after) > 1
        np.testing.assert_array_equal(after, without)

    def test_the_model_is_let_go(self, monkeypatch: pytest.MonkeyPatch) -> None:
        import weakref

        made: list[weakref.ref[Any]] = []
        real = estimating.build

        def noted(*given: Any) -> Any:
            network = real(*given)
            made.append(weakref.ref(network))
            return network

        monkeypatch.setattr(estimating, "build", noted)
        execution.estimate(spec())

        assert made
        assert [one() for one in made] == [None]


class TestEnds:
    @pytest.mark.parametrize("n_asked", [0, 1, 2, 4])
    def test_it_can_be_cancelled_anywhere(self, n_asked: int) -> None:
        asked = iter([False] * n_asked)

        with pytest.raises(Cancelled):
            execution.estimate(spec(), should_stop=lambda: next(asked, True))

    def test_wrong_values_are_told_at_their_field(self) -> None:
        with pytest.raises(SpecError, match="batch_size"):
            execution.estimate(spec(training={"batch_size": -1}))

    def test_data_that_is_gone_is_told(self) -> None:
        with pytest.raises(DatasetError, match="nowhere"):
            execution.estimate(spec(source="/nowhere/data.csv"))

    def test_memory_that_runs_out_while_measuring_becomes_words(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        import tensorflow as tf

        from engine.errors import TrainingError

        def full(*_: Any) -> Any:
            raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")

        monkeypatch.setattr(StepLoop, "train", full)
        with pytest.raises(TrainingError, match=r"[Mm]emory"):
            execution.estimate(spec())
