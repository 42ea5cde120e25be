"""The contract of the networks for texts and translation, and what padding must not change."""

import keras
import numpy as np
import pytest
from bad_values import bad_value_id, bad_values, field_refused

from engine.architectures import ARCHITECTURES
from engine.errors import SpecError
from engine.spec.parameters import describe, validate
from engine.spec.run_spec import RunSpec
from engine.spec.signature import Kind, Output, Signature, Task
from engine.training.defaults import recommended_model, resolve
from engine.training.model.building import build, compile_model
from engine.training.plan import Plan

N_TOKENS = 20
CASES = [
    ("text_cnn", Signature(Kind.TEXT, Task.CLASSIFICATION, (7,), 2, n_tokens=N_TOKENS)),
    ("text_cnn", Signature(Kind.TEXT, Task.CLASSIFICATION, (7,), 4, n_tokens=N_TOKENS)),
    ("text_cnn", Signature(Kind.TEXT, Task.REGRESSION, (7,), n_tokens=N_TOKENS)),
    (
        "gru_translator",
        Signature(Kind.TEXT, Task.TRANSLATION, (7,), 9, n_tokens=N_TOKENS, target_length=5),
    ),
]
IDS = [f"{name}-{item.task}-{item.n_classes}" for name, item in CASES]
NAMES = ("text_cnn", "gru_translator")


def _spec(name, **parameters):
    return RunSpec.from_dict(
        {"data": {"source": "any"}, "model": {"name": name, "parameters": parameters}}
    )


def _eight(signature):
    rng = np.random.default_rng(5)
    x = rng.integers(1, signature.n_tokens, (8, *signature.input_shape)).astype(np.int32)
    x[:4, 4:] = 0
    if signature.output is Output.TOKENS:
        y = rng.integers(2, signature.n_classes, (8, signature.target_length)).astype(np.int32)
        y[::2, 3:] = 0
        return x, y
    if signature.output is Output.CLASSES:
        return x, np.arange(8) % signature.n_classes
    return x, rng.normal(size=8).astype(np.float32)


@pytest.mark.parametrize(("name", "signature"), CASES, ids=IDS)
def test_learns_eight_texts_and_saves_and_loads_equal(name, signature, tmp_path):
    spec = resolve(_spec(name, dropout=0.0), signature)
    network = build(spec, signature)
    assert network.input_shape == (None, *signature.input_shape)
    positions = (signature.target_length,) if signature.target_length else ()
    assert network.output_shape == (None, *positions, signature.n_outputs)
    compile_model(network, spec, signature, Plan())
    network.optimizer.learning_rate = 0.01
    x, y = _eight(signature)
    before = network.evaluate(x, y, verbose=0)[0]
    network.fit(x, y, epochs=60, batch_size=8, verbose=0)
    assert network.evaluate(x, y, verbose=0)[0] < 0.3 * before
    outputs = network.predict(x, verbose=0)
    if signature.output is not Output.NUMBERS and not signature.is_binary:
        np.testing.assert_allclose(outputs.sum(axis=-1), 1, rtol=1e-5)
    network.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.predict(x, verbose=0), outputs)


@pytest.mark.parametrize(("name", "signature"), CASES, ids=IDS)
def test_padding_does_not_change_what_is_predicted(name, signature):
    spec = resolve(_spec(name), signature)
    short = build(spec, signature)
    wide = Signature(**{**vars(signature), "input_shape": (15,)})
    long = build(spec, wide)
    long.set_weights(short.get_weights())
    x, _ = _eight(signature)
    padded = np.pad(x, ((0, 0), (0, 8)))
    np.testing.assert_allclose(
        long(padded, training=False), short(x, training=False), rtol=1e-4, atol=1e-6
    )


@pytest.mark.parametrize("name", NAMES)
def test_the_seed_decides_the_first_weights(name):
    signature = next(item for other, item in CASES if other == name)
    spec = resolve(_spec(name), signature)
    one, other = (build(spec, signature).get_weights() for _ in range(2))
    for left, right in zip(one, other, strict=True):
        np.testing.assert_array_equal(left, right)


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [(name, *bad) for name in NAMES for bad in bad_values(ARCHITECTURES[name].parameters)],
    ids=bad_value_id,
)
def test_values_out_of_range_are_refused_by_name(name, field, value):
    with pytest.raises(SpecError) as caught:
        validate(ARCHITECTURES[name].parameters, {field: value}, "model.parameters")
    assert field_refused(caught.value, f"model.parameters.{field}")


@pytest.mark.parametrize("name", NAMES)
def test_every_parameter_is_explained(name):
    for item in describe(ARCHITECTURES[name].parameters):
        assert item.label
        assert item.help.endswith(".")


def test_more_probabilities_than_memory_holds_are_refused():
    huge = Signature(
        Kind.TEXT, Task.TRANSLATION, (7,), 10_000, n_tokens=N_TOKENS, target_length=1_000
    )
    with pytest.raises(SpecError, match="Leave long texts out"):
        resolve(_spec("gru_translator"), huge)


@pytest.mark.parametrize(
    ("task", "name"),
    [
        (Task.CLASSIFICATION, "text_cnn"),
        (Task.REGRESSION, "text_cnn"),
        (Task.TRANSLATION, "gru_translator"),
    ],
)
def test_texts_are_learnt_by_the_network_made_for_them(task, name):
    assert recommended_model(Kind.TEXT, task) == name
