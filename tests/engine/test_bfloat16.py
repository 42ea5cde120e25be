"""Layers in bfloat16 where measuring finds that faster: what is tried, and what is kept."""

from __future__ import annotations

from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf
from made_up_machines import CARD, TENSORFLOW, WORKING

from engine.events.run_events import PlanChosen
from engine.runs.store import RunStore
from engine.service import running
from engine.spec.signature import Kind, Signature, Task
from engine.spec.training_spec import ExecutionSpec
from engine.training.control import TrainingControl
from engine.training.model import placement
from engine.training.model.placement import decide
from engine.training.order import shuffled
from engine.training.plan import Plan, Way
from engine.training.steps.autotuner import Autotuner
from engine.training.steps.loop import DeviceData, StepLoop
from engine.training.steps.measurements import Measurements
from engine.training.steps.preparation import Preparation
from engine.training.steps.twin_chunk import TwinChunk

BATCH, N_BATCHES, N_REST = 8, 6, 3
SHORT = Plan(tries_bfloat16=True)
BOTH = Plan(tries_bfloat16=True, tries_xla=True)
PICTURES = Signature(Kind.IMAGE, Task.CLASSIFICATION, (28, 28, 1), 10)
AGES = Signature(Kind.IMAGE, Task.REGRESSION, (28, 28, 1))
SOUNDS = Signature(Kind.AUDIO, Task.CLASSIFICATION, (51, 40, 1), 10)


@pytest.fixture
def data():
    rng = np.random.default_rng(5)
    x = rng.random((BATCH * N_BATCHES + N_REST, 8, 8, 1), dtype=np.float32)
    return DeviceData.place(x, (x.mean(axis=(1, 2, 3)) * 100).astype(np.int64) % 3)


@pytest.fixture
def gains(monkeypatch):
    """Tries each way as soon as it can, and finds them as fast as is set, in turn."""

    def set_gains(*each):
        left = list(each)
        monkeypatch.setattr(Measurements, "is_settled", True)
        monkeypatch.setattr(Measurements, "affords_trying", lambda *_: True)
        monkeypatch.setattr(Measurements, "is_far_slower", lambda *_: False)
        monkeypatch.setattr(Measurements, "trial_steps", lambda _, steps, single_s: steps)
        monkeypatch.setattr(Measurements, "gain", property(lambda _: left.pop(0)))
        monkeypatch.setattr(Preparation, "start", Preparation.prepare)  # and training waits

    return set_gains


def network():
    keras.utils.set_random_seed(3)
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(4, 3, activation="relu"),
            layers.BatchNormalization(),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(3, activation="softmax", name="classes"),
        ]
    )
    loss = "sparse_categorical_crossentropy"
    model.compile("adam", loss, metrics=["accuracy"], jit_compile=False)
    return model


def trained(data, epochs, plan=None):
    """Trains, with a tuner where there is a plan."""
    choices = []
    loop = StepLoop(network(), data, fused_for=BATCH)
    tuner = None if plan is None else Autotuner(loop, plan, choices.append)
    losses = []
    for epoch in range(epochs):
        order = shuffled(len(data), seed=1, epoch=epoch)
        full = order[: BATCH * N_BATCHES].reshape(-1, BATCH)
        loop.reset_metrics()
        for rows in (full[:3], full[3:], order[BATCH * N_BATCHES :][np.newaxis]):
            if tuner is not None:
                tuner.before(data, rows, BATCH)
            losses.append(loop.train(data, rows)["loss"])
            if tuner is not None:
                tuner.after(data, rows, BATCH, 0.01, remaining=1000)
    if tuner is not None:
        tuner.close()
        assert len(choices) == 1
    return loop, np.concatenate(losses), choices[0] if choices else None


def state(loop):
    return [it.numpy() for it in (*loop.model.weights, *loop.model.optimizer.variables)]


def convolved_in(graph):
    """The types that convolutions of a graph compute in, those of its loops among them."""
    definition = graph.as_graph_def()
    nodes = [*definition.node, *(it for f in definition.library.function for it in f.node_def)]
    return {node.attr["T"].type for node in nodes if node.op == "Conv2D"}


def test_it_takes_over_without_losing_a_step(data, gains):
    gains(2.0)
    ours, losses, choice = trained(data, 6, SHORT)
    theirs, expected, _ = trained(data, 6)
    assert choice.way is Way.BFLOAT16
    assert "Layers compute in bfloat16, weights have 32 bits: 3 steps take" in choice.reason
    taken = ours._taken
    assert taken is not None
    assert convolved_in(taken._traced.graph) == {tf.bfloat16.as_datatype_enum}
    assert int(ours.model.optimizer.iterations) == int(theirs.model.optimizer.iterations)
    assert losses.dtype == np.float32
    np.testing.assert_allclose(losses, expected, atol=0.03)  # 8 bits of each number
    assert not np.array_equal(losses, expected)
    for mine, its in zip(ours.model.weights, theirs.model.weights, strict=True):
        np.testing.assert_allclose(mine.numpy(), its.numpy(), atol=0.03)


def test_the_model_itself_keeps_32_bits(data, gains):
    gains(2.0)
    ours, _, _ = trained(data, 4, SHORT)
    assert {layer.dtype_policy.name for layer in ours.model._flatten_layers()} == {"float32"}
    assert {keras.backend.standardize_dtype(it.dtype) for it in ours.model.weights} == {"float32"}
    x = data.x.numpy()
    np.testing.assert_allclose(ours.predict(x), ours.model.predict(x, verbose=0), atol=1e-6)


def test_outputs_have_32_bits(data):
    loop = StepLoop(network(), data)
    chunk = loop.twin_chunk(Way.BFLOAT16, data, BATCH, 4)
    policies = {it.name: it.dtype_policy.name for it in chunk._twin.layers}
    assert policies.pop("classes") == "float32"
    assert set(policies.values()) == {"mixed_bfloat16"}


def test_weights_stay_those_of_fit_while_it_is_only_tried(data, gains):
    gains(1.19)
    ours, losses, choice = trained(data, 6, SHORT)
    theirs, expected, _ = trained(data, 6)
    assert choice.way is None
    assert "bfloat16 was tried and is not used: 3 steps take" in choice.reason
    np.testing.assert_array_equal(losses, expected)
    for mine, its in zip(state(ours), state(theirs), strict=True):
        np.testing.assert_array_equal(mine, its)


@pytest.mark.parametrize(
    ("each", "way", "said"),
    [
        ((1.0, 1.0), None, ("bfloat16 was tried and is not", "XLA was tried and is not")),
        ((2.0, 1.0), Way.BFLOAT16, ("Layers compute in bfloat16", "XLA was tried and is not")),
        ((1.0, 2.0), Way.XLA, ("bfloat16 was tried and is not", "They are compiled with XLA")),
        ((2.0, 2.0), Way.XLA, ("They are compiled with XLA",)),
    ],
)
def test_each_way_is_tried_against_what_is_in_use(data, gains, each, way, said):
    gains(*each)
    ours, losses, choice = trained(data, 8, BOTH)
    assert choice.way is way
    places = [choice.reason.index(words) for words in said]
    assert places == sorted(places)
    assert ("Layers compute in bfloat16" in choice.reason) is (way is Way.BFLOAT16)
    assert (ours._taken is None) is (way is None)
    assert np.isfinite(losses).all()


def test_a_call_that_fails_is_undone(data, gains, monkeypatch):
    gains(2.0)
    run, adopt, adopted = TwinChunk.run, TwinChunk.adopt, []

    def fail(chunk, *arguments):
        if adopted:
            adopted[0].weights[0].assign(np.zeros((3, 3, 1, 4)))
            raise ValueError("There is no such product.")
        return run(chunk, *arguments)

    monkeypatch.setattr(TwinChunk, "run", fail)
    monkeypatch.setattr(
        TwinChunk, "adopt", lambda chunk, model: (adopt(chunk, model), adopted.append(model))
    )
    choices = []
    loop = StepLoop(network(), data, fused_for=BATCH)
    tuner = Autotuner(loop, SHORT, choices.append)
    rows = np.arange(BATCH * N_BATCHES, dtype=np.int32).reshape(-1, BATCH)
    for _ in range(8):
        tuner.before(data, rows, BATCH)
        loop.train(data, rows)
        tuner.after(data, rows, BATCH, 0.01, remaining=1000)
    tuner.close()
    plain = StepLoop(network(), data, fused_for=BATCH)
    for _ in range(8):
        plain.train(data, rows)
    assert [choice.way for choice in choices] == [Way.BFLOAT16, None]
    assert "bfloat16 cannot be used here" in choices[-1].reason
    for mine, its in zip(state(loop), state(plain), strict=True):
        np.testing.assert_array_equal(mine, its)


def decided(signature=PICTURES, gpus=(), **chosen):
    machine = replace(WORKING, gpus=gpus, tensorflow=replace(TENSORFLOW, gpus=gpus))
    return decide(ExecutionSpec(**chosen), machine, tuple, signature)


@pytest.mark.parametrize(
    ("place", "is_tried"),
    [
        ({}, True),
        ({"precision": "float32"}, False),
        ({"precision": "mixed"}, False),
        ({"gpus": (CARD,)}, False),
        ({"signature": AGES}, False),  # of numbers the sixth digit matters
        ({"signature": SOUNDS}, False),  # nothing gained
    ],
)
def test_it_is_tried_where_something_can_be_gained(monkeypatch, place, is_tried):
    monkeypatch.setattr(placement, "has_short_floats", lambda: True)
    found = decided(**place)
    assert found.may_shorten is is_tried
    assert ("32 bits" in found.reason or "16 bits" in found.reason) is not is_tried
    monkeypatch.setattr(placement, "has_short_floats", lambda: False)
    assert not decided(**place).may_shorten


@pytest.mark.parametrize(
    ("execution", "replicas", "tried", "said"),
    [
        ({}, 1, (Way.BFLOAT16, Way.XLA), "Whether bfloat16 or XLA makes them faster"),
        ({"xla": "off"}, 1, (Way.BFLOAT16,), "Whether bfloat16 makes them faster"),
        ({"xla": "on"}, 1, (), "compiled with XLA, as was chosen"),
        ({"reproducible": True}, 1, (), "can be repeated"),
        ({"layers": "keras", "xla": "off"}, 1, (), "XLA is off."),  # as Keras's fit, to the bit
        ({}, 2, (), "several devices"),
    ],
)
def test_what_is_chosen_decides_what_is_tried(execution, replicas, tried, said):
    plan = Plan.of(1000, ExecutionSpec(**execution), None, replicas, may_shorten=True)
    assert plan.tried == tried
    assert said in plan.reason


def test_a_run_tells_in_how_many_bits_it_went_on(tmp_path, gains, monkeypatch):
    gains(*[2.0] * 3)
    monkeypatch.setattr(placement, "has_short_floats", lambda: True)
    spec = {
        "data": {"source": "digits"},
        "model": {"name": "cnn"},
        "training": {"epochs": 12, "batch_size": 256},
        "execution": {"xla": "off"},
    }
    events = []
    with RunStore(tmp_path / "workspace") as store:
        ended = running.train(spec, store, events.append, TrainingControl())
        kept = store.get(ended.run).plan
    plans = [event for event in events if isinstance(event, PlanChosen)]
    assert [plan.precision for plan in plans] == ["float32", "mixed_bfloat16"]
    assert kept["precision"] == "mixed_bfloat16"
    assert "Layers compute in bfloat16" in kept["reason"]
    model = keras.saving.load_model(next((tmp_path / "workspace").rglob("model.keras")))
    assert model.dtype_policy.name == "float32"
