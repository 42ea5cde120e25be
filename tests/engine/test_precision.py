"""Mixed precision: layers compute in 16 bits; weights, outputs and what is saved have 32."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from tiny_signatures import TINY, eight_rows, fitting_pairs, one_of_each, pair_id

from engine.defaults import resolve
from engine.spec import RunSpec
from engine.training.building import build, compile_model
from engine.training.loop import DeviceData, StepLoop
from engine.training.plan import Plan
from engine.training.precision import use_full_precision

# Large, and of layers the others have as well.
PAIRS = [pair for pair in fitting_pairs() if pair[0].name != "applications"]
ONE_A_MODEL = one_of_each(PAIRS, by=lambda signature: signature.task)


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


@pytest.mark.parametrize("pair", ONE_A_MODEL, ids=pair_id)
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
    network.save(tmp_path / "model.keras", include_optimizer=False)
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert {layer.compute_dtype for layer in loaded.layers} == {"float32"}
    np.testing.assert_allclose(loaded(x), exact, rtol=1e-6, atol=1e-7)


def test_32_bits_are_left_as_they_are():
    network = built(cnn(), "float32")
    assert not use_full_precision(network)
    assert not isinstance(network.optimizer, keras.optimizers.LossScaleOptimizer)
