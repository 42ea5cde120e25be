"""How a model is compiled: clipping, weight decay, accumulation and label smoothing."""

import zipfile

import keras
import numpy as np
import pytest
import tensorflow as tf

from engine.errors import SpecError
from engine.events.messages import Event
from engine.events.run_events import EpochEnded, RunFinished
from engine.runs.store import RunStore
from engine.service.running import train
from engine.spec.run_spec import RunSpec
from engine.spec.signature import Kind, Signature, Task
from engine.spec.training_spec import OptimizerName
from engine.training.control import TrainingControl
from engine.training.defaults import resolve
from engine.training.model.building import check_updates, compile_model
from engine.training.model.losses import SmoothedCrossentropy
from engine.training.plan import Plan, Way
from engine.training.steps.loop import DeviceData, StepLoop

FLOWERS = Signature(Kind.TABLE, Task.CLASSIFICATION, (4,), 3)
CURED = Signature(Kind.TABLE, Task.CLASSIFICATION, (4,), 2)
HOUSES = Signature(Kind.TABLE, Task.REGRESSION, (4,))
SOUNDS = Signature(Kind.AUDIO, Task.TRANSCRIPTION, (32, 16, 1), 4, target_length=3)
PAIRS = Signature(Kind.TEXT, Task.TRANSLATION, (6,), 5, n_tokens=9, target_length=4)
N = 48


def _spec(signature: Signature, training: dict, **sections) -> RunSpec:
    values = {"data": {"source": "iris"}, "training": training, **sections}
    return resolve(RunSpec.from_dict(values), signature)


def _network(n_outputs: int = 3, activation: str = "softmax") -> keras.Model:
    keras.utils.set_random_seed(3)
    return keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(5, activation="tanh"),
            keras.layers.Dense(n_outputs, activation=activation),
        ]
    )


def _flowers(n: int = N) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, n)
    return (rng.normal(size=(n, 4)) + y[:, np.newaxis]).astype(np.float32), y.astype(np.int32)


def _trained(training: dict, xla: bool = False, n: int = N, epochs: int = 2) -> list[np.ndarray]:
    """Weights after some epochs of the own loop."""
    spec = _spec(FLOWERS, training)
    network = _network()
    compile_model(network, spec, FLOWERS, Plan())
    x, y = _flowers(n)
    data = DeviceData.place(x, y)
    loop = StepLoop(network, data)
    size = spec.training.batch_size
    if xla:
        compiled = loop.twin_chunk(Way.XLA, data, size, n // size)
        compiled.adopt(network)
        loop.use(compiled)
    for _ in range(epochs):
        whole = n // size * size
        loop.train(data, np.arange(whole, dtype=np.int32).reshape(-1, size))
        if whole < n:
            loop.train(data, np.arange(whole, n, dtype=np.int32)[np.newaxis])
    return network.get_weights()


class TestAccumulating:
    @pytest.mark.parametrize("optimizer", OptimizerName.__args__)
    def test_learns_like_a_batch_as_large(self, optimizer):
        common = {"optimizer": optimizer, "clip_norm": 0.1, "weight_decay": 0.01}

        whole = _trained({**common, "batch_size": 24})
        parts = _trained({**common, "batch_size": 8, "accumulate": 3})

        for mine, his in zip(parts, whole, strict=True):
            np.testing.assert_allclose(mine, his, atol=1e-6)

    def test_learns_alike_with_xla(self):
        common = {"label_smoothing": 0.1, "clip_norm": 0.1}
        whole = _trained({**common, "batch_size": 24})
        parts = _trained({**common, "batch_size": 8, "accumulate": 3}, xla=True)

        for mine, his in zip(parts, whole, strict=True):
            np.testing.assert_allclose(mine, his, atol=1e-6)

    def test_equals_fit_bit_by_bit_where_batches_do_not_divide(self):
        """Five batches in an epoch, the last one smaller: a group of two spans two epochs."""
        training = {"batch_size": 10, "accumulate": 2, "optimizer": "adam"}
        theirs = _network()
        compile_model(theirs, _spec(FLOWERS, training), FLOWERS, Plan())
        x, y = _flowers()
        theirs.fit(x, y, batch_size=10, epochs=2, shuffle=False, verbose=0)

        ours = _trained(training)

        for mine, his in zip(ours, theirs.get_weights(), strict=True):
            np.testing.assert_array_equal(mine, his)

    def test_several_devices_are_refused_at_the_field(self, monkeypatch):
        monkeypatch.setattr(tf.distribute, "get_strategy", _TwoReplicas)

        with pytest.raises(SpecError) as caught:
            compile_model(_network(), _spec(FLOWERS, {"accumulate": 2}), FLOWERS, Plan())

        assert caught.value.problems[0].field == "training.accumulate"

    def test_more_batches_than_there_will_be_are_refused_at_the_field(self):
        """Four batches and a rest in each of two epochs."""
        spec = _spec(FLOWERS, {"accumulate": 11, "epochs": 2, "batch_size": 10})

        check_updates(spec.training.model_copy(update={"accumulate": 10}), 41)
        with pytest.raises(SpecError) as caught:
            check_updates(spec.training, 41)

        (problem,) = caught.value.problems
        assert problem.field == "training.accumulate"
        assert "10 batches in all. Received: 11." in problem.message


class _TwoReplicas:
    """Stands in for a strategy of several devices, which this process does not have."""

    num_replicas_in_sync = 2


def test_clipping_and_decay_change_a_step_as_written():
    """One step of plain gradient descent, calculated by hand."""
    rate, decay, longest = 0.5, 0.2, 0.05
    training = {
        "optimizer": "sgd",
        "learning_rate": rate,
        "weight_decay": decay,
        "clip_norm": longest,
        "batch_size": N,
    }
    network = _network()
    before = network.get_weights()
    x, y = _flowers()
    with tf.GradientTape() as tape:
        loss = keras.losses.SparseCategoricalCrossentropy()(y, network(x))
    gradients = [gradient.numpy() for gradient in tape.gradient(loss, network.trainable_weights)]
    norm = np.sqrt(sum((gradient**2).sum() for gradient in gradients))
    assert norm > longest

    after = _trained(training, epochs=1)

    for was, gradient, weight in zip(before, gradients, after, strict=True):
        expected = was * (1 - decay * rate) - rate * gradient * longest / norm
        np.testing.assert_allclose(weight, expected, atol=1e-6)


@pytest.mark.parametrize(
    ("optimizer", "given", "used"),
    [("adamw", None, 0.004), ("adamw", 0.0, 0.0), ("sgd", None, None), ("adam", 0.1, 0.1)],
)
def test_weight_decay_left_open_is_the_optimizers_own(optimizer, given, used):
    network = _network()
    training = {"optimizer": optimizer, "weight_decay": given}
    spec = _spec(FLOWERS, training, model={"name": "mlp"})  # which has no decay of its own

    compile_model(network, spec, FLOWERS, Plan())

    assert network.optimizer.weight_decay == used
    assert network.optimizer.global_clipnorm is None
    assert network.optimizer.gradient_accumulation_steps is None


class TestLabelSmoothing:
    @pytest.mark.parametrize("shape", [(7,), (7, 1)])
    @pytest.mark.parametrize("weighted", [False, True])
    def test_is_that_of_keras_on_one_hot_targets(self, shape, weighted):
        rng = np.random.default_rng(1)
        y = rng.integers(0, 4, shape).astype(np.int32)
        predicted = keras.ops.softmax(rng.normal(size=(7, 4)).astype(np.float32))
        weights = rng.uniform(size=7).astype(np.float32) if weighted else None

        ours = SmoothedCrossentropy(0.2)(y, predicted, weights)

        one_hot = np.eye(4, dtype=np.float32)[y.reshape(7)]
        theirs = keras.losses.CategoricalCrossentropy(label_smoothing=0.2)
        assert float(ours) == float(theirs(one_hot, predicted, weights))

    def test_without_any_it_is_the_sparse_loss(self):
        rng = np.random.default_rng(1)
        y = rng.integers(0, 4, 7)
        predicted = keras.ops.softmax(rng.normal(size=(7, 4)).astype(np.float32))

        sparse = keras.losses.SparseCategoricalCrossentropy()(y, predicted)
        assert float(SmoothedCrossentropy(0.0)(y, predicted)) == pytest.approx(float(sparse))

    def test_positions_behind_the_end_do_not_count(self):
        rng = np.random.default_rng(2)
        y = rng.integers(0, 5, (3, 4))
        predicted = keras.ops.softmax(rng.normal(size=(3, 4, 5)).astype(np.float32))
        counted = np.array([[1, 1, 0, 0], [1, 1, 1, 1], [1, 0, 0, 0]], np.float32)
        network = keras.Sequential([keras.Input((4, 5)), keras.layers.Activation("linear")])
        compile_model(network, _spec(PAIRS, {"label_smoothing": 0.1}), PAIRS, Plan())

        loss = float(network.loss(y, predicted, counted))

        one_hot = np.eye(5, dtype=np.float32)[y]
        each = keras.losses.categorical_crossentropy(one_hot, predicted, label_smoothing=0.1)
        expected = (keras.ops.convert_to_numpy(each) * counted).sum() / counted.sum()
        assert loss == pytest.approx(expected, rel=1e-6)

    def test_training_equals_fit_on_one_hot_targets(self):
        training = {"batch_size": 8, "label_smoothing": 0.1, "optimizer": "adam"}
        theirs = _network()
        theirs.compile(
            keras.optimizers.Adam(_spec(FLOWERS, training).training.learning_rate),
            keras.losses.CategoricalCrossentropy(label_smoothing=0.1),
            jit_compile=False,
        )
        x, y = _flowers()
        theirs.fit(x, np.eye(3)[y], batch_size=8, epochs=2, shuffle=False, verbose=0)

        ours = _trained(training)

        for mine, his in zip(ours, theirs.get_weights(), strict=True):
            np.testing.assert_allclose(mine, his, atol=1e-6)

    def test_two_classes_are_smoothed_by_keras(self):
        network = _network(1, "sigmoid")
        compile_model(network, _spec(CURED, {"label_smoothing": 0.3}), CURED, Plan())

        loss = float(network.loss(np.array([[1.0]]), np.array([[0.9]])))

        assert loss == pytest.approx(-0.85 * np.log(0.9) - 0.15 * np.log(0.1), rel=1e-5)

    def test_can_be_written_and_read(self):
        loss = SmoothedCrossentropy(0.2, "mean_with_sample_weight")

        read = keras.losses.deserialize(keras.losses.serialize(loss))

        assert isinstance(read, SmoothedCrossentropy)
        assert read.get_config() == loss.get_config()


@pytest.mark.parametrize(
    ("signature", "training", "sections", "field"),
    [
        (HOUSES, {"label_smoothing": 0.1}, {}, "training.label_smoothing"),
        (SOUNDS, {"label_smoothing": 0.1}, {}, "training.label_smoothing"),
        (FLOWERS, {"epochs": 3}, {"schedule": {"warmup": 3.5}}, "schedule.warmup"),
        (
            FLOWERS,
            {"learning_rate": 0.01},
            {"schedule": {"plateau_patience": 2, "plateau_min_rate": 0.01}},
            "schedule.plateau_min_rate",
        ),
        (
            FLOWERS,
            {"accumulate": 2},
            {"execution": {"device": "all_gpus"}},
            "training.accumulate",
        ),
    ],
)
def test_what_cannot_work_is_told_at_its_field(signature, training, sections, field):
    with pytest.raises(SpecError) as caught:
        _spec(signature, training, **sections)

    (problem,) = caught.value.problems
    assert problem.field == field
    assert "Received:" in problem.message
    assert problem.hint


@pytest.mark.parametrize(
    ("signature", "training", "sections"),
    [
        (FLOWERS, {"label_smoothing": 0.5}, {}),
        (CURED, {"label_smoothing": 0.1}, {}),
        (PAIRS, {"label_smoothing": 0.1}, {}),
        (FLOWERS, {"epochs": 3}, {"schedule": {"warmup": 3.0}}),
        (FLOWERS, {"learning_rate": 0.01}, {"schedule": {"plateau_min_rate": 0.01}}),
        (FLOWERS, {"accumulate": 2}, {"execution": {"device": "gpu"}}),
        (HOUSES, {"clip_norm": 1.0, "weight_decay": 0.0}, {"stopping": {"patience": 3}}),
    ],
)
def test_what_can_work_is_taken(signature, training, sections):
    assert _spec(signature, training, **sections).training.model_dump().items() >= training.items()


def test_a_saved_network_needs_nothing_but_keras(tmp_path):
    """Keras would refuse a loss that it does not know, wherever it stands in the file."""
    from engine.inference.serving import without_training

    network = _network()
    compile_model(network, _spec(FLOWERS, {"label_smoothing": 0.1}), FLOWERS, Plan())
    x, y = _flowers()
    network.fit(x, y, verbose=0)
    optimizer = network.optimizer
    given = keras.Input((4,))
    with without_training(network):
        keras.Model(given, network(given)).save(tmp_path / "model.keras")

    loaded = keras.saving.load_model(tmp_path / "model.keras")

    np.testing.assert_allclose(loaded.predict(x, verbose=0), network.predict(x, verbose=0))
    assert network.compiled
    assert network.optimizer is optimizer
    with zipfile.ZipFile(tmp_path / "model.keras") as archive:
        assert b"SmoothedCrossentropy" not in archive.read("config.json")
        assert archive.getinfo("model.weights.h5").file_size < 30_000


def test_a_run_with_all_of_it_is_saved_for_keras_alone(tmp_path):
    values = {
        "data": {"source": "iris"},
        "model": {"name": "mlp"},
        "training": {
            "epochs": 40,
            "label_smoothing": 0.1,
            "clip_norm": 1.0,
            "weight_decay": 0.01,
            "accumulate": 2,
            "class_weights": "balanced",
        },
        "schedule": {"name": "cosine", "warmup": 2.0, "plateau_patience": 3},
        "stopping": {"patience": 1, "min_delta": 0.5},
    }
    events: list[Event] = []
    with RunStore(tmp_path) as store:
        ended = train(values, store, events.append, TrainingControl())
        folder = store.folder(ended.run)

    assert isinstance(ended, RunFinished), ended
    assert ended.reason.startswith("Stopped early: the validation loss has not improved by 0.5")
    epochs = [event for event in events if isinstance(event, EpochEnded)]
    assert len(epochs) < 40
    assert epochs[-1].patience["early stopping"] == (1, 1)
    with zipfile.ZipFile(folder / "model.keras") as archive:
        assert b"SmoothedCrossentropy" not in archive.read("config.json")
    loaded = keras.saving.load_model(folder / "model.keras")
    flower = np.array([[5.1, 3.5, 1.4, 0.2]], np.float32)
    assert loaded.predict(flower, verbose=0).sum() == pytest.approx(1.0, rel=1e-5)
