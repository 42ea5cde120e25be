"""Gradient flow, against gradients taken by hand, and that measuring it changes nothing."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf

from engine.events.insights import GradientFlow
from engine.spec.run_spec import RunSpec
from engine.training.introspection import Scene, flow, flow_graph
from engine.training.introspection.budget import Budget
from engine.training.introspection.flow import Flow
from engine.training.introspection.flow_graph import FlowGraph, flow_layers
from engine.training.model.building import build, compile_model
from engine.training.plan import Plan
from engine.training.prepared_data import prepare
from engine.training.steps.loop import DeviceData, StepLoop
from engine.training.steps.step_probe import StepProbing

layers = keras.layers
ROWS = np.arange(64, dtype=np.int32).reshape(4, 16)


def mlp(*hidden: keras.layers.Layer, optimizer="sgd", **options) -> keras.Model:
    network = keras.Sequential([keras.Input((6,)), *hidden, layers.Dense(3, name="output")])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    network.compile(optimizer, loss, metrics=["accuracy"], jit_compile=False, **options)
    return network


def some_data() -> DeviceData:
    random = np.random.default_rng(0)
    x = random.normal(size=(64, 6)).astype(np.float32)
    return DeviceData.place(x, random.integers(0, 3, 64))


@pytest.fixture(autouse=True)
def seeded() -> None:
    keras.utils.set_random_seed(3)


class Watcher:
    """Keeps one step of the loop, as `Flow` does."""

    def __init__(self, graph: FlowGraph, at: int = 0) -> None:
        self.graph, self.at = graph, at

    def place(self, n_steps, batch_size):
        return self.at

    def around(self, run, batch, step):
        self.batch, self.step = batch, step
        self.before = self.graph.state()
        found = run()
        self.after = self.graph.weights()
        return found


def measured(network, augment=None, at=0, on_twin=True, data=None) -> dict[str, np.ndarray]:
    """One real step, measured."""
    data = data or some_data()
    loop = StepLoop(network, data, augment=augment, seed=5)
    graph = FlowGraph(network, augment, 5)
    watcher = Watcher(graph, at)
    loop.probing.ask(watcher)
    values = loop.train(data, ROWS, 10)
    assert {len(value) for value in values.values()} == {len(ROWS)}
    assert watcher.step == 10 + at
    graph.trace(watcher.batch, on_twin)
    found = graph.measure(watcher.before, watcher.after, watcher.batch, watcher.step)
    names = ("gradient", "weight", "ratio", "dead")
    return {"names": graph.names, **dict(zip(names, found, strict=True))}


def test_numbers_are_those_of_a_gradient_taken_by_hand():
    network = mlp(layers.Dense(5, "relu"), layers.Dense(4, "tanh"), optimizer="adam")
    before = [variable.numpy() for variable in network.trainable_variables]
    data = some_data()
    x, y = data.x.numpy()[ROWS[0]], data.y.numpy()[ROWS[0]]
    with tf.GradientTape() as tape:
        loss = network.loss(y, network(x))
    gradients = [one.numpy() for one in tape.gradient(loss, network.trainable_variables)]
    loop = StepLoop(network, data)
    graph = FlowGraph(network)
    watcher = Watcher(graph)
    loop.probing.ask(watcher)
    loop.train(data, ROWS[:1])
    after = [variable.numpy() for variable in network.trainable_variables]
    graph.trace(watcher.batch, on_twin=True)
    found = graph.measure(watcher.before, watcher.after, watcher.batch, 0)

    def norms(arrays):
        pairs = zip(arrays[::2], arrays[1::2], strict=True)
        return [np.sqrt((kernel**2).sum() + (bias**2).sum()) for kernel, bias in pairs]

    np.testing.assert_allclose(found[0], norms(gradients), rtol=1e-5)
    np.testing.assert_allclose(found[1], norms(before), rtol=1e-6)
    changes = [new - old for new, old in zip(after, before, strict=True)]
    np.testing.assert_allclose(found[2], np.divide(norms(changes), norms(before)), rtol=1e-5)
    hidden = keras.Model(network.inputs, network.layers[0].output).predict(x, verbose=0)
    assert found[3][0] == np.mean(~hidden.any(axis=0))
    assert np.isnan(found[3][1:]).all()  # neither tanh nor a plain sum can die


def test_an_embedding_counts_a_token_that_comes_several_times_once():
    network = keras.Sequential(
        [
            keras.Input((4,), dtype="int32"),
            layers.Embedding(9, 3),
            layers.GlobalAveragePooling1D(),
            layers.Dense(2, name="output"),
        ]
    )
    network.compile(keras.optimizers.SGD(0.125), "mean_squared_error", jit_compile=False)
    random = np.random.default_rng(0)
    tokens = random.integers(0, 9, (64, 4)).astype(np.int32)
    data = DeviceData.place(tokens, random.normal(size=(64, 2)).astype(np.float32))
    found = measured(network, data=data)
    np.testing.assert_allclose(
        found["ratio"] * found["weight"], 0.125 * found["gradient"], rtol=1e-4
    )


def test_the_gradient_is_that_of_the_very_step_masks_and_augmentation_included():
    def noisy(x, seed):
        return x + tf.random.stateless_normal(tf.shape(x), seed)

    hidden = (layers.Dense(8, "relu"), layers.BatchNormalization(), layers.Dropout(0.5))
    network = mlp(*hidden, optimizer=keras.optimizers.SGD(0.125))
    found = measured(network, noisy, at=2)
    # Plain SGD changes weights by rate times gradient; other masks would give another gradient.
    np.testing.assert_allclose(
        found["ratio"] * found["weight"], 0.125 * found["gradient"], rtol=2e-4
    )


def test_clipping_shows_in_the_change_not_in_the_gradient():
    found = []
    for options in ({"global_clipnorm": 0.01}, {}):
        keras.utils.set_random_seed(3)
        optimizer = keras.optimizers.SGD(1.0, **options)
        found.append(measured(mlp(layers.Dense(4, "relu"), optimizer=optimizer)))
    one, other = found
    np.testing.assert_allclose(one["gradient"], other["gradient"], rtol=1e-6)
    change = np.linalg.norm(one["ratio"] * one["weight"])
    assert change == pytest.approx(0.01, rel=1e-3)


def test_a_scaled_loss_gives_gradients_in_their_own_size():
    inner = keras.optimizers.SGD(0.125)
    policy = keras.DTypePolicy("mixed_float16")
    network = mlp(
        layers.Dense(4, "relu", dtype=policy),
        optimizer=keras.optimizers.LossScaleOptimizer(inner, initial_scale=1024.0),
    )
    found = measured(network)
    assert (found["gradient"] < 10).all()
    np.testing.assert_allclose(
        found["ratio"] * found["weight"], 0.125 * found["gradient"], rtol=1e-2
    )


def test_gradients_vanish_in_a_deep_network_of_sigmoids_and_not_in_one_of_relus():
    falls = {}
    for activation, start in (("sigmoid", "glorot_uniform"), ("relu", "he_uniform")):
        deep = [layers.Dense(16, activation, kernel_initializer=start) for _ in range(10)]
        norms = measured(mlp(*deep))["gradient"]
        if activation == "sigmoid":
            assert (np.diff(norms[:-1]) > 0).all()  # smaller with each layer towards the input
        falls[activation] = norms[-1] / norms[0]
    assert falls["sigmoid"] > 1e4
    assert falls["relu"] < 100


def test_a_layer_far_below_zero_is_dead_and_so_are_some_units_of_another():
    some = keras.initializers.Constant([-1e3, 0.5, -1e3, 0.5])
    network = mlp(
        layers.Dense(4, bias_initializer=some),
        layers.BatchNormalization(center=False, scale=False, trainable=False),
        layers.ReLU(),
        layers.Dense(4, "relu", bias_initializer=keras.initializers.Constant(-1e3)),
    )
    found = measured(network)
    assert found["dead"][0] == 0.5  # what answers is the activation behind the normalisation
    assert found["dead"][1] == 1.0
    assert found["gradient"][1] == 0.0
    assert np.isnan(found["dead"][2])


def test_very_small_and_very_large_gradients_keep_their_size():
    graph = FlowGraph(mlp())  # two weights, one layer

    def norm(kernel: float, bias: float) -> float:
        return float(graph._norms([tf.constant([kernel]), tf.constant([bias])], "float64")[0])

    np.testing.assert_allclose(norm(3e-30, 4e-30), 5e-30, rtol=1e-5)
    np.testing.assert_allclose(norm(3e30, 4e30), 5e30, rtol=1e-5)
    assert norm(0.0, 0.0) == 0.0
    assert np.isinf(norm(np.inf, 1.0))
    assert np.isnan(norm(np.nan, 1.0))


def test_layers_within_others_are_told_apart():
    def block():
        return keras.Sequential([keras.Input((4, 6)), layers.Dense(6, name="same")], name="block")

    given = keras.Input((4, 6))
    inside = block()(given)
    inside = layers.Bidirectional(layers.LSTM(3, return_sequences=True), name="both")(inside)
    inside = layers.MultiHeadAttention(2, 3, name="attention")(inside, inside)
    inside = layers.BatchNormalization(trainable=False, name="frozen")(inside)
    network = keras.Model(given, layers.Dense(2, name="same")(inside))
    assert [layer.name for layer in flow_layers(network)] == [
        "block/same",
        "both/forward",
        "both/backward",
        "attention",
        "same",
    ]
    counted = sum(len(layer.variables) for layer in flow_layers(network))
    assert counted == len(network.trainable_variables)


def test_a_network_that_cannot_be_copied_is_measured_itself():
    found = []
    for on_twin in (True, False):
        keras.utils.set_random_seed(3)
        network = mlp(layers.Dense(4, "relu"), layers.Dropout(0.5))
        found.append(measured(network, on_twin=on_twin))
    one, other = found
    for name in ("gradient", "weight", "ratio", "dead"):
        np.testing.assert_allclose(one[name], other[name], rtol=1e-6)


def test_a_chunk_is_cut_where_a_step_is_watched_and_nowhere_else():
    def steps(indices, first_step, rates):
        calls.append((indices.ravel().tolist(), first_step, rates.tolist()))
        return {"loss": indices.ravel().astype(np.float32)}

    data = (tf.range(8), tf.range(8))
    for at, expected in ((0, [1, 3]), (1, [1, 1, 2]), (3, [3, 1]), (-1, [4]), (4, [4])):
        calls, probing = [], StepProbing()
        watcher = SimpleNamespace(
            place=lambda n, size, at=at: at, around=lambda run, batch, step: run()
        )
        probing.ask(watcher)
        rows = np.array([[2], [4], [6], [7]], np.int32)
        values = probing.run(steps, data, rows, 20, np.arange(4, dtype=np.float32))
        assert [len(call[0]) for call in calls] == expected
        assert np.concatenate([call[0] for call in calls]).tolist() == [2, 4, 6, 7]
        assert np.concatenate([call[2] for call in calls]).tolist() == [0, 1, 2, 3]
        assert [call[1] for call in calls] == (20 + np.cumsum([0, *expected[:-1]])).tolist()
        assert values["loss"].tolist() == [2, 4, 6, 7]
        assert probing.step == 24


# ---- over a training


class Clock:
    """A second passes when a test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Stand:
    """A training of a table, with gradient flow measured by a fake clock."""

    def __init__(self, epochs: int = 200, **spec) -> None:
        values = {
            "data": {"source": "moons"},
            "model": {
                "name": "mlp",
                "parameters": {"dropout": 0.3, "batch_normalization": True},
            },
            "training": {"epochs": epochs, "batch_size": 16},
        }
        values["training"] |= spec
        self.prepared = prepare(RunSpec.from_dict(values))
        self.network = build(self.prepared.spec, self.prepared.signature)
        compile_model(self.network, self.prepared.spec, self.prepared.signature, Plan())
        preprocessing, examples = self.prepared.preprocessing, self.prepared.examples
        some = self.prepared.parts.train[:64]
        x = preprocessing.transform_x(examples.x[some])
        self.data = DeviceData.place(x, preprocessing.transform_y(examples.y[some]))
        self.loop = StepLoop(self.network, self.data, seed=self.prepared.spec.seed)
        self.clock = Clock()
        self.events: list[GradientFlow] = []
        scene = Scene("run", self.network, self.loop, self.prepared, self.events.append)
        self.flow = Flow(scene, self.clock)
        self.step = 0

    def train(self, chunks: int, seconds: float = 0.5, is_watched: bool = True) -> None:
        """Runs chunks of four steps, which take so long each."""
        for _ in range(chunks):
            self.loop.train(self.data, ROWS, self.step)
            self.step += len(ROWS)
            self.clock.now += seconds
            if is_watched:
                self.flow.update()
                if self.flow._thread is not None:
                    self.flow._thread.join()

    @property
    def state(self) -> list[np.ndarray]:
        network = self.network
        found = (*network.variables, *network.optimizer.variables, *network.metrics_variables)
        return [variable.numpy() for variable in found]


def test_a_training_is_the_same_bit_by_bit_whether_it_is_measured_or_not():
    watched, alone = Stand(), Stand()
    watched.train(12)
    watched.flow.update(force=True)
    alone.train(12, is_watched=False)
    assert len(watched.events) >= 3
    for one, other in zip(watched.state, alone.state, strict=True):
        np.testing.assert_array_equal(one, other)


def test_what_is_told_names_layers_step_and_epoch():
    stand = Stand()
    stand.train(12)
    first, *_, last = stand.events
    learning = [layer.name for layer in flow_layers(stand.network)]
    assert list(first.layers) == learning
    per_epoch = -(-len(stand.prepared.parts.train) // 16)
    assert last.epoch == last.step / per_epoch
    assert 0 < first.step < last.step < stand.step
    for values in (last.gradient_norms, last.weight_norms, last.update_ratios, last.dead_units):
        assert values.shape == (len(learning),)
        assert values.dtype == np.float32
    assert (last.update_ratios > 0).all()


def test_the_rest_of_an_epoch_is_left_out_and_accumulated_gradients_are_waited_for():
    stand = Stand(accumulate=8)
    assert stand.flow.place(4, 5) == -1
    assert [stand.flow.place(n, 16) for n in (4, 8)] == [-1, 7]
    stand.train(1, is_watched=False)
    assert stand.flow.place(4, 16) == 3
    stand.train(16)
    assert (stand.events[-1].update_ratios > 0).all()


def test_measurements_come_at_most_once_a_second_and_within_their_share(monkeypatch):
    stand = Stand(epochs=1_000)
    real = stand.flow._graph.measure

    def slow(*arguments):
        stand.clock.now += 0.3
        return real(*arguments)

    stand.train(40, seconds=0.1)
    spent_s = stand.flow._budget.spent_s
    assert len(stand.events) == 3  # seconds of training, the first two spent on beginning
    monkeypatch.setattr(stand.flow._graph, "measure", slow)
    before = len(stand.events)
    stand.train(60, seconds=1.0)
    assert 3 <= len(stand.events) - before <= 5  # 0.3 s in fifteen seconds are 2 %
    budget = stand.flow._budget
    assert budget.spent_s - spent_s <= 0.02 * budget.trained_s + 0.3


def test_a_short_training_is_not_measured():
    stand = Stand(epochs=2)
    stand.train(30, seconds=0.01)
    assert stand.events == []
    assert stand.flow._thread is None


def test_a_network_without_a_copy_waits_until_its_graph_is_earned(monkeypatch):
    def refused(network):
        raise ValueError("no copy")

    monkeypatch.setattr(flow_graph, "_twin_of", refused)
    monkeypatch.setattr(flow, "_TRACE_S", 1.0)
    stand = Stand()
    stand.train(30, seconds=1.0)
    assert stand.events == []
    stand.train(60, seconds=1.0)
    assert stand.events


def test_what_cannot_be_measured_is_told_once_and_the_training_goes_on(monkeypatch):
    def refused(network, *arguments):
        raise ValueError("not like this")

    monkeypatch.setattr(flow_graph, "_twin_of", refused)
    monkeypatch.setattr(FlowGraph, "_measure", refused)
    stand = Stand()
    stand.train(80, seconds=1.0)
    (notified,) = stand.events
    assert notified.layers == ()
    assert "cannot be measured" in notified.off


def test_without_memory_it_is_measured_no_longer(monkeypatch):
    def exhausted(*arguments):
        raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")

    stand = Stand()
    monkeypatch.setattr(stand.flow._graph, "measure", exhausted)
    stand.train(20)
    (notified,) = stand.events
    assert "memory" in notified.off


def test_several_devices_are_told_to_be_left_out(monkeypatch):
    network = mlp(layers.Dense(4))
    network._distribute_strategy = SimpleNamespace(num_replicas_in_sync=2)
    assert "several devices" in flow._why_not(SimpleNamespace(network=network))
    network._distribute_strategy = None
    assert flow._why_not(SimpleNamespace(network=network)) == ""


def test_one_layer_alone_has_no_flow():
    assert not Flow.fits(SimpleNamespace(network=mlp(), will_thaw=False))
    assert Flow.fits(SimpleNamespace(network=mlp(layers.Dense(2)), will_thaw=False))
    assert Flow.fits(SimpleNamespace(network=mlp(), will_thaw=True))  # others will learn, too


def test_a_budget_earns_while_training_and_counts_what_is_spent():
    clock = Clock()
    budget = Budget(0.03, clock)
    budget.train()
    clock.now += 10.0
    budget.train()
    assert budget.trained_s == 10.0
    assert budget.affords(0.3)
    assert not budget.affords(0.31)
    assert budget.affords(0.31, coming_s=1.0)
    with budget.spending():
        clock.now += 0.2
    assert (budget.trained_s, budget.spent_s) == (10.0, pytest.approx(0.2))
    budget.charge(0.05)
    assert budget.affords(0.04)
    assert not budget.affords(0.06)
    clock.now += 5.0
    budget.wait()  # a pause is no training
    clock.now += 1.0
    budget.train()
    assert budget.trained_s == 11.0
