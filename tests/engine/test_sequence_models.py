"""What the networks for video, series and control are known for."""

import keras
import numpy as np
import pytest

from engine.errors import SpecError
from engine.inference.contract import Contract
from engine.inference.serving import ServedModel
from engine.spec.run_spec import RunSpec
from engine.spec.signature import Kind, Signature, Task
from engine.training.defaults import recommended_model, resolve
from engine.training.model.building import build
from engine.training.prepared_data import prepare


def _spec(name, **parameters):
    return RunSpec.from_dict(
        {"data": {"source": "any"}, "model": {"name": name, "parameters": parameters}}
    )


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
    assert recommended_model(Kind.SERIES, Task.FORECASTING) == "series_hybrid"
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
