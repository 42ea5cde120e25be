"""Fused layers in training: runs say it and can be repeated, and nothing else is changed by it."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from engine.events.run_events import PlanChosen, RunFinished
from engine.runs.store import RunStore
from engine.service import running
from engine.training.checkpoint import find_checkpoint
from engine.training.control import TrainingControl
from engine.training.introspection.flow_graph import FlowGraph
from engine.training.plan import Way
from engine.training.steps.loop import DeviceData, StepLoop

ROWS = np.arange(64, dtype=np.int32).reshape(4, 16)


class _Watcher:
    """Keeps the second step, as gradient flow does."""

    def __init__(self, graph):
        self.graph = graph

    def place(self, n_steps, batch_size):
        return 1

    def around(self, run, batch, step):
        self.batch, self.step, self.before = batch, step, self.graph.state()
        found = run()
        self.after = self.graph.weights()
        return found


def _noise(x, seed):
    return x + 0.1 * tf.random.stateless_uniform(tf.shape(x), seed, alg="philox")


def _loop(fused_for, augment=None):
    keras.utils.set_random_seed(3)
    layers = [keras.Input((5, 3)), keras.layers.LSTM(4), keras.layers.Dense(1)]
    model = keras.Sequential(layers)
    model.compile("adam", "mean_squared_error", jit_compile=False)
    random = np.random.default_rng(0)
    x = random.normal(size=(64, 5, 3)).astype(np.float32)
    data = DeviceData.place(x, x[:, -1, 0])
    return StepLoop(model, data, augment=augment, seed=5, fused_for=fused_for), data


def _measured(fused_for):
    """Losses, and the gradient flow of one step, measured while the loop is at work."""
    loop, data = _loop(fused_for, _noise)
    graph = FlowGraph(loop.model, _noise, 5)
    watcher = _Watcher(graph)
    loop.probing.ask(watcher)
    losses = loop.train(data, ROWS, 10)["loss"]
    graph.trace(watcher.batch, on_twin=False)
    found = graph.measure(watcher.before, watcher.after, watcher.batch, watcher.step)
    return losses, found, loop


def test_augmentation_and_gradient_flow_are_the_same():
    losses, found, loop = _measured(16)
    others, expected, plain = _measured(0)
    assert loop.fused
    assert not plain.fused
    np.testing.assert_allclose(losses, others, rtol=1e-5)
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_a_compiled_chunk_is_fused_as_well():
    loop, data = _loop(16)
    other, _ = _loop(0)
    chunk = loop.twin_chunk(Way.XLA, data, 16, 4)
    chunk.adopt(loop.model)
    loop.use(chunk)
    losses = loop.train(data, ROWS, 10)["loss"]
    np.testing.assert_allclose(losses, other.train(data, ROWS, 10)["loss"], rtol=1e-4)


def _run(folder, **execution):
    """The plans that were told, and all variables at the end."""
    events = []
    spec = {
        "data": {"source": "mackey_glass"},
        "model": {"name": "series_rnn", "parameters": {"units": [8]}},
        "training": {"epochs": 1, "batch_size": 64},
        "execution": execution,
    }
    with RunStore(folder) as store:
        ended = running.train(spec, store, events.append, TrainingControl())
        assert isinstance(ended, RunFinished), ended
        found = find_checkpoint(store.folder(ended.run) / "checkpoints").checkpoint
    assert found is not None
    plans = [event for event in events if isinstance(event, PlanChosen)]
    return plans, dict(found.snapshot.variables)


def test_a_run_is_fused_says_so_and_can_be_repeated(tmp_path):
    plans, variables = _run(tmp_path / "one", reproducible=True)
    _, again = _run(tmp_path / "two", reproducible=True)
    assert {plan.layers for plan in plans} == {"fused"}
    assert "Recurrent layers are computed in fewer, larger products" in plans[-1].reason
    for name, value in variables.items():
        np.testing.assert_array_equal(value, again[name])


@pytest.mark.parametrize("reproducible", [False, True])
def test_a_run_of_keras_s_own_layers_does_not(tmp_path, reproducible):
    plans, _ = _run(tmp_path, layers="keras", reproducible=reproducible)
    assert {plan.layers for plan in plans} == {"keras"}
    assert "fewer" not in plans[-1].reason
