"""Memory of training is estimated, and a model that does not fit is refused before it is built."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import psutil
import pytest

from engine.errors import SpecError
from engine.events.messages import Event, LayerInfo
from engine.graph import memory
from engine.graph.memory import SLOTS, Available, Need, need_of, refusal
from engine.runs.store import RunStore
from engine.service import execution
from engine.service.execution import describe_model
from engine.service.running import train
from engine.spec.run_spec import RunSpec
from engine.spec.signature import Kind, Signature, Task
from engine.spec.training_spec import OptimizerName
from engine.training.control import TrainingControl

GB = 1 << 30


def spec_of(model: str, parameters: dict[str, Any], **training: Any) -> dict[str, Any]:
    return {
        "data": {"source": "digits"},
        "model": {"name": model, "parameters": parameters},
        "training": {"epochs": 1, **training},
    }


def resolved(parameters: dict[str, Any] | None = None, batch_size: int = 32) -> RunSpec:
    values = spec_of("mlp", parameters or {}, batch_size=batch_size, optimizer="adam")
    return RunSpec.from_dict(values)


LAYERS = (
    LayerInfo("input", "Input", (64,), 0, activation_bytes=256),
    LayerInfo("wide", "Dense", (4096,), 266_240, activation_bytes=16_384),
    LayerInfo("output", "Dense", (10,), 40_970, activation_bytes=40),
)


@pytest.mark.parametrize("name", SLOTS)
def test_slots_are_what_the_optimizer_really_makes(name: str) -> None:
    model = keras.Sequential([keras.Input((7,)), keras.layers.Dense(11)])
    optimizer = keras.optimizers.get(name)
    optimizer.build(model.trainable_variables)
    kept = sum(int(np.prod(item.shape)) for item in optimizer.variables if len(item.shape))
    assert kept == SLOTS[name] * model.count_params()


def test_gradients_that_are_added_up_take_as_much_as_the_weights() -> None:
    model = keras.Sequential([keras.Input((7,)), keras.layers.Dense(11)])
    optimizer = keras.optimizers.Adam(gradient_accumulation_steps=3)
    optimizer.build(model.trainable_variables)
    kept = sum(int(np.prod(item.shape)) for item in optimizer.variables if len(item.shape))
    assert kept == (SLOTS["adam"] + 1) * model.count_params()
    signature = Signature(Kind.TABLE, Task.REGRESSION, (7,))
    one = resolved()
    several = one.model_copy(update={"training": one.training.model_copy(update={"accumulate": 3})})
    needs = [need_of(spec, 100, 90, 0, signature, 0).weights for spec in (one, several)]
    assert needs[1] - needs[0] == 4 * 90


def test_every_optimizer_to_choose_from_has_its_slots() -> None:
    assert set(OptimizerName.__args__) == set(SLOTS)  # type: ignore[attr-defined]


def test_weights_gradients_slots_and_the_best_copy_are_counted() -> None:
    signature = Signature(Kind.TABLE, Task.REGRESSION, (4,))
    need = need_of(resolved(), 1000, 900, 10, signature, n_rows=100)
    state = 1000 + 2 * 900  # Adam keeps two numbers of each
    weights, copies = 4 * (state + 2 * 900), 4 * (1000 + 2 * state)
    assert need == Need(weights, 10, 32, 3 * 100 * 5 * 4, copies)
    assert need.total == weights + 320 + need.data + copies


def test_copies_do_not_lie_on_a_gpu() -> None:
    need = Need(GB, 0, 32, copies=2 * GB)
    assert refusal(resolved(), LAYERS, need, Available(2 * GB, "The GPU", False)) is None
    assert refusal(resolved(), LAYERS, need, Available(2 * GB, "This machine")) is not None


def test_a_batch_is_no_larger_than_the_data() -> None:
    signature = Signature(Kind.TABLE, Task.REGRESSION, (4,))
    assert need_of(resolved(batch_size=512), 1, 1, 10, signature, n_rows=100).batch_size == 100


def test_much_data_is_streamed_and_takes_no_more() -> None:
    signature = Signature(Kind.IMAGE, Task.CLASSIFICATION, (224, 224, 3), 10)
    few, many = (need_of(resolved(), 1, 1, 1, signature, n).data for n in (10_000, 10_000_000))
    assert few == many < GB


def test_what_fits_is_not_refused() -> None:
    need = Need(GB, 1000, 32)
    assert refusal(resolved(), LAYERS, need, Available(2 * GB, "This machine")) is None


def test_a_batch_too_large_is_refused_at_its_field_with_one_that_fits() -> None:
    problem = refusal(
        resolved(batch_size=4096), LAYERS, Need(GB, GB // 100, 4096), Available(3 * GB, "The GPU")
    )
    assert problem is not None
    assert problem.field == "training.batch_size"
    assert "41 GB" in problem.message
    assert "The GPU has 3 GB" in problem.message
    assert problem.hint == "A batch size of 128 fits."


def test_weights_too_large_are_refused_at_the_setting_of_the_largest_layer() -> None:
    spec = resolved({"units": [4096], "dropout": 0.5})
    problem = refusal(spec, LAYERS, Need(9 * GB, 1000, 32), Available(GB, "This machine"))
    assert problem is not None
    assert problem.field == "model.parameters.units"
    assert "'wide' holds 87 % of the weights" in problem.hint


def test_the_layer_of_an_own_model_is_named() -> None:
    graph = {"layers": [{"name": "input"}, {"name": "wide"}]}
    problem = refusal(
        resolved({"graph": graph}), LAYERS, Need(9 * GB, 1000, 32), Available(GB, "This machine")
    )
    assert problem is not None
    assert problem.field == "model.parameters.graph.layers.1"


def test_one_example_too_large_is_refused_at_the_layer_that_puts_out_most() -> None:
    problem = refusal(
        resolved({"units": [4096]}), LAYERS, Need(1000, 2 * GB, 32), Available(GB, "This machine")
    )
    assert problem is not None
    assert problem.field == "model.parameters.units"
    assert "'wide' puts out 16 KB for each example" in problem.hint


# ---- the real thing, on a machine of any size

HUGE = {
    "mlp": ({"units": [8192] * 12}, {}, "model.parameters.units"),
    "cnn": ({"filters": [1024, 512], "padding": "same"}, {"batch_size": 65536}, "batch_size"),
}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[RunStore]:
    with RunStore(tmp_path / "workspace") as store:
        yield store


@pytest.fixture
def small_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available", lambda: Available(GB // 2, "This machine"))


@pytest.mark.parametrize("name", HUGE)
def test_a_huge_model_is_refused_without_memory_for_it(name: str, small_machine: None) -> None:
    parameters, training, field = HUGE[name]
    describe_model(spec_of("mlp", {}))  # what is loaded once is loaded
    before = psutil.Process().memory_info().rss
    with pytest.raises(SpecError) as caught:
        describe_model(spec_of(name, parameters, **training))
    assert caught.value.problems[0].field.endswith(field)
    # The weights of the MLP alone are 3 GB.
    assert psutil.Process().memory_info().rss - before < 200 << 20


def test_training_refuses_it_before_there_is_a_run(store: RunStore, small_machine: None) -> None:
    events: list[Event] = []
    with pytest.raises(SpecError) as caught:
        train(spec_of("mlp", HUGE["mlp"][0]), store, events.append, TrainingControl())
    assert caught.value.problems[0].field == "model.parameters.units"
    assert store.runs() == []
    assert not [event for event in events if isinstance(event, execution.RunEvent)]


def test_what_a_model_takes_is_told() -> None:
    few, many = (
        describe_model(spec_of("mlp", {"units": [32]}, batch_size=size, optimizer="adam"))
        for size in (16, 48)
    )
    example = sum(layer.activation_bytes for layer in few.layers)
    assert many.memory_bytes - few.memory_bytes == 32 * example
    # With the gradients, two numbers of Adam for each, and the best ones kept.
    assert few.memory_bytes > 5 * 4 * few.n_parameters
    n_inputs = int(np.prod(few.input_shape))
    assert few.n_macs == sum(layer.n_macs for layer in few.layers) == n_inputs * 32 + 320
