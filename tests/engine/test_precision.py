"""Mixed precision: layers compute in 16 bits; weights, outputs and what is saved have 32."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from tiny_signatures import TINY, dear_unless, eight_rows, few_of_all, fitting_pairs

from engine.errors import SpecError
from engine.events.run_events import PlanChosen, RunFinished
from engine.runs.store import RunStore
from engine.service import execution, running
from engine.spec.run_spec import RunSpec
from engine.training.control import TrainingControl
from engine.training.defaults import resolve
from engine.training.model.building import build, compile_model
from engine.training.plan import Plan, Way
from engine.training.precision import use_full_precision
from engine.training.steps.loop import DeviceData, StepLoop

# Large, and of layers the others have as well.
PAIRS = [pair for pair in fitting_pairs() if pair[0].name != "applications"]


def built(pair, policy):
    architecture, signature = pair
    parameters = TINY.get(architecture.name, {})
    values = {
        "data": {"source": "any"},
        "model": {"name": architecture.name, "parameters": parameters},
    }
    spec = resolve(RunSpec.from_dict(values), signature)
    network = build(spec, signature, policy)
    compile_model(network, spec, signature, Plan())
    return network


@pytest.mark.parametrize("pair", dear_unless(few_of_all(PAIRS), PAIRS))
def test_layers_compute_in_16_bits_and_give_what_32_give_nearly(pair):
    mixed, full = built(pair, "mixed_bfloat16"), built(pair, "float32")
    assert keras.config.dtype_policy().name == "float32"
    assert {weight.dtype for weight in mixed.trainable_weights} == {"float32"}
    x, _ = eight_rows(*pair)
    outputs = mixed(x)
    assert outputs.dtype == tf.float32
    full.set_weights(mixed.get_weights())
    np.testing.assert_allclose(outputs, full(x), atol=0.05)


def cnn():
    return next(
        pair for pair in PAIRS if pair[0].name == "cnn" and pair[1].task == "classification"
    )


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_it_learns_and_what_is_saved_needs_no_16_bits(policy, tmp_path):
    pair = cnn()
    network = built(pair, policy)
    inner = next(layer for layer in network.layers if isinstance(layer, keras.layers.Conv2D))
    assert inner.compute_dtype == policy.removeprefix("mixed_")
    is_scaled = isinstance(network.optimizer, keras.optimizers.LossScaleOptimizer)
    assert is_scaled is (policy == "mixed_float16")
    x, y = eight_rows(*pair)
    data = DeviceData.place(x, y)
    loop = StepLoop(network, data)
    rows = np.tile(np.arange(8, dtype=np.int32), (30, 1))
    losses = loop.train(data, rows)["loss"]
    assert np.isfinite(losses).all()
    assert losses[-1] < 0.5 * losses[0]

    coarse = loop.predict(x)
    assert use_full_precision(network)
    assert not use_full_precision(network)
    loop.renew_prediction()
    exact = loop.predict(x)
    assert exact.dtype == np.float32
    np.testing.assert_allclose(coarse, exact, atol=0.05)
    network.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", compile=False)
    assert {layer.compute_dtype for layer in loaded.layers} == {"float32"}
    np.testing.assert_allclose(loaded(x), exact, rtol=1e-6, atol=1e-7)


def test_32_bits_are_left_as_they_are():
    network = built(cnn(), "float32")
    assert not use_full_precision(network)
    assert not isinstance(network.optimizer, keras.optimizers.LossScaleOptimizer)


def test_a_run_in_16_bits_keeps_a_model_that_any_keras_opens(tmp_path):
    spec = {
        "data": {"source": "iris"},
        "model": {"name": "mlp"},
        "training": {"epochs": 4},
        "execution": {"precision": "mixed", "device": "cpu"},
    }
    events = []
    with RunStore(tmp_path) as store:
        ended = running.train(spec, store, events.append, TrainingControl())
        assert isinstance(ended, RunFinished)
        plan, *_ = (event for event in events if isinstance(event, PlanChosen))
        assert plan.device == "CPU:0"
        assert "The processor computes, as chosen. Layers compute in 16 bits" in plan.reason
        again = execution.evaluate(ended.run, store)
        assert again.metrics["accuracy"] == pytest.approx(ended.metrics["test_accuracy"])
        model = keras.saving.load_model(store.folder(ended.run) / "model.keras")
    assert {layer.compute_dtype for layer in model._flatten_layers()} == {"float32"}


def test_a_gpu_that_is_not_there_is_refused_before_a_run_exists(tmp_path):
    if tf.config.list_physical_devices("GPU"):
        pytest.skip("There is one.")
    spec = {"data": {"source": "iris"}, "execution": {"device": "gpu"}}
    with RunStore(tmp_path) as store:
        with pytest.raises(SpecError) as caught:
            running.train(spec, store, lambda event: None, TrainingControl())
        assert store.runs() == []
    assert [problem.field for problem in caught.value.problems] == ["execution.device"]
    with pytest.raises(SpecError, match=r"execution\.device: TensorFlow can use no GPU"):
        execution.describe_model(spec)  # so that it shows beside the choice


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_it_can_be_compiled_with_xla(policy):
    pair = next(pair for pair in PAIRS if pair[0].name == "mlp")
    network = built(pair, policy)
    x, y = eight_rows(*pair)
    data = DeviceData.place(x, y)
    loop = StepLoop(network, data)
    chunk = loop.twin_chunk(Way.XLA, data, 8, 2)
    rows = np.tile(np.arange(8, dtype=np.int32), (2, 1))
    rates = np.full(2, 0.01, np.float32)
    chunk.run(data.tensors, rows, 0, rates)
    chunk.adopt(network)
    loop.use(chunk)
    before = network.get_weights()
    assert np.isfinite(loop.train(data, rows)["loss"]).all()
    assert any((a != b).any() for a, b in zip(before, network.get_weights(), strict=True))
