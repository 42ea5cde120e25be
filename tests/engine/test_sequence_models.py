"""The contract of the networks for video, series and control."""

import keras
import numpy as np
import pytest
from bad_values import bad_value_id, bad_values, field_refused

from engine.architectures import ARCHITECTURES
from engine.errors import SpecError
from engine.inference.contract import Contract
from engine.inference.serving import ServedModel
from engine.spec.parameters import describe, validate
from engine.spec.run_spec import RunSpec
from engine.spec.signature import Kind, Output, Signature, Task
from engine.training.defaults import recommended_model, resolve
from engine.training.model.building import build, compile_model
from engine.training.plan import Plan
from engine.training.prepared_data import prepare

CASES = [
    ("video_cnn", Signature(Kind.VIDEO, Task.CLASSIFICATION, (6, 16, 16, 1), 4)),
    ("video_cnn", Signature(Kind.VIDEO, Task.CLASSIFICATION, (3, 16, 24, 3), 2)),
    ("series_cnn", Signature(Kind.SERIES, Task.FORECASTING, (12, 1), n_values=3)),
    ("mlp", Signature(Kind.SERIES, Task.FORECASTING, (12, 2), n_values=3)),
    ("mlp", Signature(Kind.TABLE, Task.CONTROL, (4,), 2)),
    ("mlp", Signature(Kind.TABLE, Task.CONTROL, (4,), n_values=2)),
]
IDS = [f"{name}-{item.task}-{item.n_classes}-{item.n_values}" for name, item in CASES]


def _spec(name, **parameters):
    return RunSpec.from_dict(
        {"data": {"source": "any"}, "model": {"name": name, "parameters": parameters}}
    )


def _eight(signature):
    rng = np.random.default_rng(5)
    x = rng.normal(size=(8, *signature.input_shape)).astype(np.float32)
    if signature.output is Output.CLASSES:
        return x, np.arange(8) % signature.n_classes
    y = rng.normal(size=(8, signature.n_values)).astype(np.float32)
    return x, y[:, 0] if signature.n_values == 1 else y


@pytest.mark.parametrize(("name", "signature"), CASES, ids=IDS)
def test_learns_eight_rows_and_saves_and_loads_equal(name, signature, tmp_path):
    # By heart: nothing may be switched off.
    declared = {item.name for item in describe(ARCHITECTURES[name].parameters)}
    spec = resolve(_spec(name, **({"dropout": 0.0} if "dropout" in declared else {})), signature)
    network = build(spec, signature)
    assert network.input_shape == (None, *signature.input_shape)
    assert network.output_shape == (None, signature.n_outputs)
    compile_model(network, spec, signature, Plan())
    x, y = _eight(signature)
    before = network.evaluate(x, y, verbose=0)[0]
    network.fit(x, y, epochs=80, batch_size=8, verbose=0)
    assert network.evaluate(x, y, verbose=0)[0] < 0.3 * before
    network.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.predict(x, verbose=0), network.predict(x, verbose=0))


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        (name, *bad)
        for name in ("video_cnn", "series_cnn")
        for bad in bad_values(ARCHITECTURES[name].parameters)
    ],
    ids=bad_value_id,
)
def test_values_out_of_range_are_refused_by_name(name, field, value):
    with pytest.raises(SpecError) as caught:
        validate(ARCHITECTURES[name].parameters, {field: value}, "model.parameters")
    assert field_refused(caught.value, f"model.parameters.{field}")


@pytest.mark.parametrize("name", ["video_cnn", "video_rnn"])
def test_frames_too_small_for_so_many_blocks_are_refused(name):
    signature = Signature(Kind.VIDEO, Task.CLASSIFICATION, (6, 8, 8, 1), 4)
    with pytest.raises(SpecError) as caught:
        resolve(_spec(name, filters=[4, 4, 4, 4]), signature)
    assert [problem.field for problem in caught.value.problems] == ["model.parameters.filters"]


def test_a_video_network_remembers_frames_in_their_order():
    signature = Signature(Kind.VIDEO, Task.CLASSIFICATION, (6, 16, 16, 1), 4)
    network = build(resolve(_spec("video_rnn", filters=[4], units=8), signature), signature)
    clip = np.random.default_rng(4).random((1, 6, 16, 16, 1)).astype(np.float32)
    places = keras.Model(network.inputs[0], network.get_layer("places").output)
    # Each frame is looked at by itself, all alike; only the memory knows which came first.
    np.testing.assert_allclose(places(clip[:, ::-1]), places(clip)[:, ::-1], rtol=1e-5, atol=1e-6)
    assert np.abs(network(clip[:, ::-1]) - network(clip)).max() > 1e-4


def test_each_kind_has_a_model_to_start_with():
    assert recommended_model(Kind.VIDEO, Task.CLASSIFICATION) == "video_cnn"
    assert recommended_model(Kind.SERIES, Task.FORECASTING) in ("mlp", "series_cnn")
    assert recommended_model(Kind.TABLE, Task.CONTROL) == "policy"


def test_a_series_network_does_not_see_beyond_its_window():
    signature = Signature(Kind.SERIES, Task.FORECASTING, (12, 1))
    network = build(resolve(_spec("series_cnn"), signature), signature)
    convolutions = [layer for layer in network.layers if isinstance(layer, keras.layers.Conv1D)]
    assert [layer.dilation_rate for layer in convolutions] == [(1,), (2,)]
    assert all(layer.padding == "causal" for layer in convolutions)


@pytest.mark.parametrize(
    ("source", "model", "parameters"),
    [
        ("mackey_glass", "series_cnn", {"length": 200, "horizon": 3}),
        ("moving_shapes", "video_cnn", {"n_samples": 50, "frames": 6, "size": 16}),
        ("cartpole", "mlp", {"n_episodes": 5, "max_steps": 20}),
    ],
)
def test_the_saved_model_takes_raw_inputs(source, model, parameters, tmp_path):
    prepared = prepare(
        RunSpec.from_dict(
            {"data": {"source": source, "parameters": parameters}, "model": {"name": model}}
        )
    )
    network = build(prepared.spec, prepared.signature)
    preprocessing = prepared.preprocessing
    rows = prepared.examples.x[np.arange(4)]
    served = ServedModel(network, Contract.of(prepared.examples, preprocessing))
    served.save(tmp_path)
    expected = served.predict(rows)
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    found = loaded.predict(rows.astype(np.float32), verbose=0)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
