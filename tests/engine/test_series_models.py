"""Forecasting models: straight ways past the network, coefficients by step, what is refused."""

import numpy as np
import pytest

from engine.architectures import ARCHITECTURES
from engine.errors import SpecError
from engine.events.insights import CoefficientsUpdated
from engine.events.run_events import RunFinished
from engine.runs.store import RunStore
from engine.service.running import train
from engine.spec.run_spec import RunSpec
from engine.spec.signature import Kind, Signature, Task
from engine.training.control import TrainingControl
from engine.training.defaults import parse, recommended_model, resolve
from engine.training.model.building import build
from engine.training.prepared_data import prepare

WINDOW = Signature(Kind.SERIES, Task.FORECASTING, (12, 2), n_values=3)


def _resolved(name, signature, **parameters):
    spec = {"data": {"source": "any"}, "model": {"name": name, "parameters": parameters}}
    return resolve(RunSpec.from_dict(spec), signature)


@pytest.mark.parametrize("name", ["series_rnn", "series_transformer"])
def test_the_last_steps_go_straight_to_a_forecast(name):
    network = build(_resolved(name, WINDOW, direct_steps=4), WINDOW)
    kernel = network.get_layer("direct").weights[0]
    assert kernel.shape == (4 * 2, 3)
    x = np.random.default_rng(0).normal(size=(2, 12, 2)).astype(np.float32)
    before = network(x).numpy()
    kernel.assign(kernel + 1.0)
    added = x[:, -4:].reshape(2, -1).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(network(x).numpy() - before, np.tile(added, 3), atol=1e-5)


@pytest.mark.parametrize("name", ["series_rnn", "series_transformer"])
def test_classes_and_no_direct_steps_have_no_such_way(name):
    classes = Signature(Kind.SERIES, Task.CLASSIFICATION, (12, 2), 4)
    for signature, steps in ((classes, 8), (WINDOW, 0)):
        network = build(_resolved(name, signature, direct_steps=steps), signature)
        assert "direct" not in [layer.name for layer in network.layers]


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_each_cell_reads_the_whole_window(cell):
    parameters = {"cell": cell, "units": [5, 4], "bidirectional": True, "direct_steps": 0}
    network = build(_resolved("series_rnn", WINDOW, **parameters), WINDOW)
    x = np.random.default_rng(0).normal(size=(1, 12, 2)).astype(np.float32)
    changed = x.copy()
    changed[0, 0] += 3.0
    assert not np.allclose(network(x), network(changed))


@pytest.mark.parametrize(
    ("name", "parameters", "field"),
    [
        ("series_cnn", {"kernel_size": 13}, "kernel_size"),
        ("series_cnn", {"filters": [4] * 6}, "filters"),
        ("series_rnn", {"direct_steps": 13}, "direct_steps"),
        ("series_transformer", {"direct_steps": 13}, "direct_steps"),
        ("series_transformer", {"heads": 64, "key_size": 1024}, "heads"),
    ],
)
def test_settings_that_reach_beyond_the_window_are_refused(name, parameters, field):
    with pytest.raises(SpecError) as caught:
        _resolved(name, WINDOW, **parameters)
    assert [item.field for item in caught.value.problems] == [f"model.parameters.{field}"]


def test_a_window_shorter_than_the_default_of_direct_steps_still_works():
    short = Signature(Kind.SERIES, Task.FORECASTING, (3, 1))
    assert build(_resolved("series_rnn", short), short).output_shape == (None, 1)


def test_one_of_the_family_is_recommended_for_each_task():
    for task in (Task.CLASSIFICATION, Task.REGRESSION):
        assert recommended_model(Kind.SERIES, task) == "series_cnn"
    assert recommended_model(Kind.SERIES, Task.FORECASTING) == "series_hybrid"
    assert recommended_model(Kind.SERIES, Task.CONTROL) == "policy"
    for name in (
        "series_linear",
        "series_hybrid",
        "series_cnn",
        "series_rnn",
        "series_transformer",
    ):
        assert ARCHITECTURES[name].reading


def test_coefficients_of_a_series_are_named_by_step(tmp_path):
    notified = []

    def emit(event):
        if isinstance(event, CoefficientsUpdated):
            notified.append(event)

    spec = {
        "data": {"source": "seasons", "parameters": {"window": 3, "horizon": 2, "length": 300}},
        "model": {"name": "series_linear"},
        "training": {"epochs": 2},
    }
    with RunStore(tmp_path) as store:
        ended = train(spec, store, emit, TrainingControl())
        assert isinstance(ended, RunFinished), ended
    assert notified[-1].terms == ("intercept", "value[t-2]", "value[t-1]", "value[t]")
    assert notified[-1].outputs == ("value[t+1]", "value[t+2]")
    assert notified[-1].values.shape == (4, 2)


def test_a_linear_model_beats_the_last_value(tmp_path):
    spec = {
        "data": {"source": "mackey_glass", "parameters": {"length": 1_000}},
        "model": {"name": "series_linear"},
        "training": {"epochs": 100},
    }
    prepared = prepare(parse(spec))
    rows = prepared.parts.test
    last = prepared.examples.x[rows][:, -1, 0]
    naive = float(np.sqrt(np.mean((last - prepared.examples.y[rows]) ** 2)))
    with RunStore(tmp_path) as store:
        ended = train(spec, store, lambda event: None, TrainingControl())
    assert ended.metrics["test_root_mean_squared_error"] < 0.5 * naive
