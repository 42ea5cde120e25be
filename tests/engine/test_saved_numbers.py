"""The saved model gives what Descent gives, however large or small the numbers are."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from engine.datasets import load_examples
from engine.inference.contract import Contract
from engine.inference.serving import FILE_NAME, ServedModel
from engine.preprocessing import Preprocessing
from engine.preprocessing.inputs import ScaledInputs
from engine.preprocessing.targets import NumberTargets
from engine.spec.run_spec import DataSpec, PreprocessingSpec
from engine.spec.signature import Kind, Signature, Task

MAGNITUDES = [10.0**power for power in range(-9, 13, 3)]
N = 40


def saved(served, folder):
    served.save(folder)
    return keras.saving.load_model(folder / FILE_NAME, compile=False)


def network(n_inputs, n_values, flatten=False):
    keras.utils.set_random_seed(3)
    layers = [keras.Input(n_inputs), *([keras.layers.Flatten()] if flatten else [])]
    return keras.Sequential([*layers, keras.layers.Dense(n_values)], name="network")


def contract_of(preprocessing, signature, names=()):
    return Contract(signature, names, "y", (), preprocessing)


def assert_alike(found, expected):
    assert found.dtype == np.float64
    spread = np.ptp(expected, axis=0).max()
    assert np.abs(found - expected).max() <= 1e-6 * spread


@pytest.mark.parametrize("scaling", ["standard", "minmax"])
@pytest.mark.parametrize("spread", MAGNITUDES[::2])
def test_numbers_of_every_size(tmp_path, spread, scaling):
    rng = np.random.default_rng(1)
    layers = network((2,), 2)
    # Farther off, float64 itself does not tell such numbers apart.
    for offset in (0.0, *(it for it in MAGNITUDES if spread / it >= 1e-9)):
        x, y = (offset + spread * rng.random((N, 2)) for _ in range(2))
        inputs, targets = ScaledInputs.fit(x, scaling), NumberTargets.fit(y, "standard")
        signature = Signature(Kind.TABLE, Task.REGRESSION, (2,), n_values=2)
        contract = contract_of(Preprocessing(inputs, targets), signature)
        served = ServedModel(layers, contract)
        model = served.with_preprocessing()
        assert_alike(model(tf.constant(x)).numpy(), served.predict(x))
    loaded = saved(served, tmp_path)
    assert_alike(loaded(tf.constant(x)).numpy(), served.predict(x))


def test_series_near_a_billion(tmp_path):
    x = 1e9 + np.random.default_rng(1).random((N, 6, 2))
    preprocessing = Preprocessing(
        ScaledInputs.fit(x, "standard"), NumberTargets.fit(x[:, 0, 0], "standard")
    )
    signature = Signature(Kind.SERIES, Task.FORECASTING, (6, 2))
    served = ServedModel(network((6, 2), 1, flatten=True), contract_of(preprocessing, signature))
    assert_alike(saved(served, tmp_path)(tf.constant(x)).numpy(), served.predict(x))


@pytest.mark.parametrize("categories", ["one_hot", "embedding"])
def test_a_table_with_unix_seconds_moments_and_categories(tmp_path, categories):
    rng = np.random.default_rng(1)
    seconds = 1_704_067_200 + rng.integers(0, 100, N)
    days = rng.integers(0, 30, N)
    lines = [
        f"{second},2024-01-{day + 1:02d} 13:45,{city},{second - 1_704_067_000}"
        for second, day, city in zip(seconds, days, rng.choice(["a", "b", "c"], N), strict=True)
    ]
    (tmp_path / "a.csv").write_text("ts,when,city,y\n" + "\n".join(lines))
    data = DataSpec(source=str(tmp_path / "a.csv"), target="y", task="regression")
    _, examples = load_examples(data)
    spec = PreprocessingSpec(categories=categories)
    preprocessing = Preprocessing.fit(examples, np.arange(N), spec)
    signature = preprocessing.signature(examples)
    contract = Contract.of(examples, preprocessing)
    served = ServedModel(network(signature.input_shape, 1), contract)
    model = saved(served, tmp_path)
    given = {
        "ts": tf.constant(seconds[:, None], tf.float64),
        "when": tf.constant(examples.x[:, list(examples.feature_names).index("when (days)")])[
            :, None
        ],
        "city": tf.constant([[line.split(",")[2]] for line in lines]),
    }
    assert_alike(model(given).numpy(), served.predict(examples.x))
    # Of NumPy's fractions Keras's own predict makes float32; of TensorFlow's data sets it does not.
    whole = {"ts": tf.constant(seconds[:, None]), **{it: given[it] for it in ("when", "city")}}
    batches = tf.data.Dataset.from_tensor_slices(whole).batch(16)
    assert_alike(model.predict(batches, verbose=0), served.predict(examples.x))


def test_images_stay_in_float32():
    inputs, _ = ScaledInputs.of_images((4, 4, 1), "standard").build()
    assert inputs.dtype == "float32"
