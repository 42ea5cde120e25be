"""Several devices against one: the same losses, metrics and weights, whatever the batch size.

Each in a process of its own: logical devices must be set before TensorFlow computes.
"""

import json

import pytest

from engine.training.steps.replicas import Division
from tests.warm_workers import WarmProgram

_START = """
import json, sys
import keras
import numpy as np
import tensorflow as tf

n_devices = int(sys.argv[1])
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_visible_devices([cpu])
tf.config.set_logical_device_configuration(
    cpu, [tf.config.LogicalDeviceConfiguration()] * n_devices
)
from engine.training.steps.loop import DeviceData, StepLoop

STRATEGY = tf.distribute.MirroredStrategy([f"CPU:{i}" for i in range(n_devices)])
rng = np.random.default_rng(0)
N = 65
x = rng.random((N, 5), dtype="float32")
y = rng.integers(0, 3, N).astype("int32")

def build(strategy, layers, loss="sparse_categorical_crossentropy", metrics=("accuracy",)):
    keras.utils.set_random_seed(0)
    with (strategy or tf.distribute.get_strategy()).scope():
        model = keras.Sequential([keras.Input((5,)), *layers()])
        model.compile("adam", loss, metrics=list(metrics), jit_compile=False)
    return model
"""

_COMPARE = (
    _START
    + """
thaws = len(sys.argv) > 2

def layers():
    yield keras.layers.Dense(8, activation="relu", kernel_regularizer="l2", trainable=not thaws)
    yield keras.layers.Dense(3, activation="softmax")

def thaw(model):
    model.layers[0].trainable = True
    model.compile(**{
        "optimizer": "adam", "loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"],
        "jit_compile": False,
    })

def history(strategy, batch, weights):
    model = build(strategy, layers)
    data = DeviceData.place(x, y, weights)
    loop = StepLoop(model, data, strategy=strategy)
    losses, results = [], []
    first = model.layers[0].get_weights()[0]
    for epoch in range(2):
        if thaws and epoch:
            assert np.array_equal(model.layers[0].get_weights()[0], first)
            loop.renew(lambda: thaw(model))
        order = np.random.default_rng(epoch).permutation(N).astype("int32")
        n_full = N // batch
        loop.reset_metrics()
        losses.append(loop.train(data, order[: n_full * batch].reshape(n_full, batch))["loss"])
        if N % batch:
            losses.append(loop.train(data, order[n_full * batch :][None])["loss"])
        results.append(loop.results())
        loop.reset_metrics()
        loop.test(data, np.arange(64, dtype="int32").reshape(2, 32))
        loop.test(data, np.array([[64]], dtype="int32"))  # fewer examples than devices
        results.append(loop.results())
    assert not np.array_equal(model.layers[0].get_weights()[0], first)
    told = [value for result in results for value in result.values()]
    weights = np.concatenate([w.ravel() for w in model.get_weights()])
    return np.concatenate(losses), np.array(told), weights

weights = rng.random(N).astype("float32") if n_devices == 3 else None
one, many = (history(strategy, 16, weights) for strategy in (None, STRATEGY))
print(json.dumps([float(np.abs(a - b).max()) for a, b in zip(one, many)]))
"""
)

_WHOLE_MODEL = (
    _START
    + """
def layers():
    yield keras.layers.Dense(8)
    yield keras.layers.BatchNormalization()
    yield keras.layers.Dropout(0.5)
    yield keras.layers.Dense(3, activation="softmax")

def augment(x, seed):
    return x + tf.random.stateless_normal(tf.shape(x), seed, stddev=0.1)

model = build(STRATEGY, layers)
data = DeviceData.place(x, y)
loop = StepLoop(model, data, strategy=STRATEGY, augment=augment)
order = np.arange(N, dtype="int32")
rates = np.linspace(0.01, 0.02, 4, dtype="float32")
losses = []
for epoch in range(4):
    losses += list(loop.train(data, order[:64].reshape(4, 16), 5 * epoch, rates)["loss"])
    losses += list(loop.train(data, order[64:][None], 5 * epoch + 4)["loss"])
kept, state = model.get_weights(), [v.numpy() for v in model.optimizer.variables]
before = loop.predict(x)
loop.train(data, order[:64].reshape(4, 16))
model.set_weights(kept)
for variable, value in zip(model.optimizer.variables, state):
    variable.assign(value)
same = all(np.array_equal(a, b) for a, b in zip(model.get_weights(), kept))
same_state = all(np.array_equal(v.numpy(), s) for v, s in zip(model.optimizer.variables, state))
print(json.dumps({
    "finite": bool(np.isfinite(losses).all() and np.isfinite(np.concatenate(
        [w.ravel() for w in kept])).all()),
    "first": float(np.mean(losses[:5])), "last": float(np.mean(losses[-5:])),
    "restored": same and same_state,
    "predicted": float(np.abs(loop.predict(x) - before).max()),
    "device": loop.device,
    "steps": int(model.optimizer.iterations.numpy()),
}))
"""
)


def run(program, n_devices, *arguments):
    process = WarmProgram("-c", program, str(n_devices), *arguments)
    output, errors = process.communicate()
    assert process.returncode == 0, errors
    return json.loads(output)


@pytest.mark.parametrize(
    "arguments", [(2,), (3,), (2, "thawing")], ids=["evenly", "unevenly", "a layer that is thawed"]
)
def test_many_learn_and_tell_what_one_does(arguments):
    """Batches of 16 divide evenly between two and not among three; the last has one example."""
    losses, notified, weights = run(_COMPARE, *arguments)
    assert losses < 1e-4  # differences of running sums, in float32
    assert notified < 1e-5
    assert weights < 1e-6


def test_a_whole_model_trains_and_is_restored():
    found = run(_WHOLE_MODEL, 2)
    assert found["finite"]
    assert found["last"] < found["first"]
    assert found["restored"]
    assert found["predicted"] == 0.0
    assert found["device"] == "CPU:0, CPU:1"
    assert found["steps"] == 20


@pytest.mark.parametrize(
    ("batch_size", "n_replicas", "expected"),
    [
        (32, 2, Division.EVEN),
        (32, 3, Division.UNEVEN),
        (3, 3, Division.EVEN),
        (2, 3, Division.WHOLE),
        (1, 2, Division.WHOLE),
    ],
)
def test_how_a_batch_is_divided(batch_size, n_replicas, expected):
    assert Division.of(batch_size, n_replicas) is expected


_RUN = """
import contextlib, json, sys, tempfile
from pathlib import Path
from unittest import mock
import tensorflow as tf

n_devices = int(sys.argv[1])
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_visible_devices([cpu])
tf.config.set_logical_device_configuration(
    cpu, [tf.config.LogicalDeviceConfiguration()] * n_devices
)
from engine.service import execution
from engine.service import running
from engine.events.run_events import EpochEnded, PlanChosen
from engine.runs.store import RunStore
from engine.training.model import placement
from engine.training.control import TrainingControl

TWO = placement.Placement(tuple(f"CPU:{i}" for i in range(n_devices)))
on_two = mock.patch.object(placement, "place", lambda spec, signature: TWO)
spec = {
    "data": {"source": "iris"},
    "model": {"name": "mlp", "parameters": {"dropout": 0.0, "batch_normalization": False}},
    "training": {"epochs": 3, "batch_size": 16},
    "execution": {"reproducible": True},
}
found = {}
with tempfile.TemporaryDirectory() as folder, RunStore(Path(folder)) as store:
    for name, devices in (("one", contextlib.nullcontext()), ("two", on_two)):
        events = []
        with devices:
            ended = running.train(spec, store, events.append, TrainingControl())
        assert ended.state == "finished", (ended.reason, ended.details)
        epochs = [event.metrics for event in events if isinstance(event, EpochEnded)]
        plan = next(event for event in events if isinstance(event, PlanChosen))
        again = execution.evaluate(ended.run, store).metrics["accuracy"]
        found[name] = {"epochs": epochs, "test": ended.metrics["test_accuracy"],
                       "reason": ended.reason, "again": again, "device": plan.device}
    with on_two:
        more = running.resume(ended.run, {"training.epochs": 5}, store, lambda event: None,
                              TrainingControl())
    found["more"] = more.reason
print(json.dumps(found))
"""


def test_a_run_on_two_devices_is_validated_kept_and_continued_as_on_one():
    found = run(_RUN, 2)
    one, two = found["one"], found["two"]
    assert (one["device"], two["device"]) == ("CPU:0", "CPU:0, CPU:1")
    for mine, his in zip(two["epochs"], one["epochs"], strict=True):
        assert mine == pytest.approx(his, abs=1e-4)
    assert two["test"] == pytest.approx(one["test"])
    assert two["again"] == pytest.approx(two["test"])
    assert two["reason"] == one["reason"]
    assert "All 5 epochs are done" in found["more"]
