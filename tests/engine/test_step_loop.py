"""The step loop against Keras's own `fit`: the same arithmetic, bit by bit."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from engine.training.plan import ChunkLength
from engine.training.steps import feed
from engine.training.steps.direct_call import DirectCall
from engine.training.steps.feed import ResidentFeed, StreamedFeed
from engine.training.steps.loop import DeviceData, StepLoop
from engine.training.steps.rewriting import SUMS, sums_as_written
from engine.training.trainer import shuffled

N_SAMPLES = 75  # the last batch of 16 is smaller


def _classifier() -> keras.Model:
    """Dropout draws random masks and batch normalization keeps averages: both must agree."""
    keras.utils.set_random_seed(7)
    model = keras.Sequential(
        [
            keras.Input((6, 6, 1)),
            keras.layers.Conv2D(4, 3),
            keras.layers.BatchNormalization(),
            keras.layers.Activation("relu"),
            keras.layers.MaxPooling2D(),
            keras.layers.Flatten(),
            keras.layers.Dense(8, activation="relu"),
            keras.layers.Dropout(0.3),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile(
        "adam", "sparse_categorical_crossentropy", metrics=["accuracy"], jit_compile=False
    )
    return model


def _averaging() -> keras.Model:
    """Means over places and examples, at a size where their gradients are rounded."""
    keras.utils.set_random_seed(7)
    model = keras.Sequential(
        [
            keras.Input((12, 12, 1)),
            keras.layers.Conv2D(4, 3, use_bias=False),
            keras.layers.BatchNormalization(),
            keras.layers.Activation("relu"),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(6),
            keras.layers.LayerNormalization(),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile(
        "adam", "sparse_categorical_crossentropy", metrics=["accuracy"], jit_compile=False
    )
    return model


def _regression() -> keras.Model:
    keras.utils.set_random_seed(7)
    model = keras.Sequential(
        [keras.Input((6, 6, 1)), keras.layers.Flatten(), keras.layers.Dense(1)]
    )
    model.compile("sgd", "mean_squared_error", metrics=["mean_absolute_error"], jit_compile=False)
    return model


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(3).random((N_SAMPLES, 6, 6, 1), dtype=np.float32)


def _targets(model: keras.Model) -> np.ndarray:
    rng = np.random.default_rng(4)
    if model.output_shape[-1] == 1:
        return rng.normal(size=N_SAMPLES).astype(np.float32)
    return rng.integers(0, 3, N_SAMPLES)


@pytest.mark.parametrize("make", [_classifier, _regression])
@pytest.mark.parametrize(("batch_size", "chunk"), [(16, 3), (16, 100), (1, 10)])
def test_weights_and_history_equal_those_of_fit(make, batch_size, chunk, images):
    theirs, ours = make(), make()
    targets = _targets(theirs)
    loop = StepLoop(ours, DeviceData.place(images, targets))
    data = DeviceData.place(images, targets)
    for epoch in (1, 2, 3):
        order = shuffled(N_SAMPLES, seed=1, epoch=epoch)
        history = theirs.fit(
            images[order], targets[order], batch_size=batch_size, shuffle=False, verbose=0
        ).history
        loop.reset_metrics()
        n_full = N_SAMPLES // batch_size
        full = order[: n_full * batch_size].reshape(n_full, batch_size)
        for start in range(0, n_full, chunk):
            loop.train(data, full[start : start + chunk])
        if n_full * batch_size < N_SAMPLES:
            loop.train(data, order[n_full * batch_size :][np.newaxis])
        assert loop.results() == {name: values[0] for name, values in history.items()}
    for mine, his in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, his)
    for mine, his in zip(ours.optimizer.variables, theirs.optimizer.variables, strict=True):
        np.testing.assert_array_equal(mine.numpy(), his.numpy())


@pytest.mark.parametrize("n", [75, 80])  # `fit` knows the length of its batches where it is one
@pytest.mark.parametrize("is_streamed", [False, True])
def test_batches_of_one_length_are_computed_as_fit_does(n, is_streamed, monkeypatch):
    images = np.random.default_rng(3).random((n, 12, 12, 1), dtype=np.float32)
    targets = np.random.default_rng(4).integers(0, 3, n)
    theirs, ours = _averaging(), _averaging()
    if is_streamed:
        monkeypatch.setattr(feed, "BLOCK_BYTES", 48 * images[0].nbytes)  # three batches
        part = StreamedFeed(
            np.arange(n), lambda rows: (images[rows], targets[rows]), images[0].nbytes
        )
    else:
        part = ResidentFeed(DeviceData.place(images, targets))
    loop, chunk = StepLoop(ours, part.pattern), ChunkLength(16, fixed=2)
    for epoch in (1, 2, 3):
        order = shuffled(n, seed=1, epoch=epoch)
        theirs.fit(images[order], targets[order], batch_size=16, shuffle=False, verbose=0)
        loop.reset_metrics()
        for data, indices in part.chunks(order, chunk):
            loop.train(data, indices)
    for mine, his in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, his)
    loop.reset_metrics()
    for data, indices in part.chunks(np.arange(n, dtype=np.int32), chunk):
        loop.test(data, indices)
    assert loop.results() == theirs.evaluate(
        images, targets, batch_size=16, verbose=0, return_dict=True
    )


def _branching() -> keras.Model:
    """Sums of four terms, two of each of two shapes, which TensorFlow would order anew."""
    keras.utils.set_random_seed(7)
    image = keras.Input((12, 12, 1))
    branches = []
    for size in (1, 3):
        hidden = keras.layers.Conv2D(8, size, strides=2, padding="same", use_bias=False)(image)
        branches.append(keras.layers.BatchNormalization()(hidden))
    hidden = keras.layers.Activation("relu")(keras.layers.Add()(branches))
    hidden = keras.layers.GlobalAveragePooling2D()(hidden)
    model = keras.Model(image, keras.layers.Dense(3, activation="softmax")(hidden))
    model.compile("adam", "sparse_categorical_crossentropy", jit_compile=False)
    return model


def test_branches_are_summed_as_fit_does_where_sums_stay_as_written():
    images = np.random.default_rng(3).random((40, 12, 12, 1), dtype=np.float32)
    targets = np.random.default_rng(4).integers(0, 3, 40)
    theirs, ours = _branching(), _branching()
    before = tf.config.optimizer.get_experimental_options()
    with sums_as_written(True):
        theirs.fit(images, targets, batch_size=16, shuffle=False, verbose=0)
        part = ResidentFeed(DeviceData.place(images, targets))
        loop = StepLoop(ours, part.pattern)
        for data, indices in part.chunks(np.arange(40, dtype=np.int32), ChunkLength(16, fixed=2)):
            loop.train(data, indices)
    for mine, his in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, his)
    after = tf.config.optimizer.get_experimental_options()
    assert before.get(SUMS, True) == after.get(SUMS, True)


def test_a_smaller_batch_than_all_is_computed_with_its_own_length(images):
    """A training that goes on within an epoch with larger batches has a smaller one at its end."""
    theirs, ours = _regression(), _regression()
    targets = _targets(theirs)
    data = dataclasses.replace(DeviceData.place(images, targets), batch_size=25)
    loop = StepLoop(ours, data)
    for rows in (np.arange(25), np.arange(25, 35)):
        theirs.train_on_batch(images[rows], targets[rows])
        loop.train(data, rows[np.newaxis].astype(np.int32))
    for mine, his in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(mine, his, rtol=1e-6)


def test_values_of_each_batch_are_those_of_that_batch_alone(images):
    model, reference = _regression(), _regression()
    targets = _targets(model)
    data = DeviceData.place(images, targets)
    loop = StepLoop(model, data)
    order = np.arange(64, dtype=np.int32).reshape(4, 16)
    values = loop.test(data, order)
    expected = [
        reference.evaluate(images[rows], targets[rows], verbose=0, return_dict=True)
        for rows in order
    ]
    for name in ("loss", "mean_absolute_error"):
        np.testing.assert_allclose(values[name], [entry[name] for entry in expected], rtol=1e-5)


def test_evaluation_changes_no_weight(images):
    model = _classifier()
    targets = _targets(model)
    data = DeviceData.place(images, targets)
    loop = StepLoop(model, data)
    before = model.get_weights()
    loop.test(data, np.arange(64, dtype=np.int32).reshape(4, 16))
    for was, value in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(was, value)


def test_metrics_that_are_no_means_are_noted_as_they_run(images):
    model = _regression()
    model.compile("sgd", "mean_squared_error", metrics=["r2_score"], jit_compile=False)
    targets = _targets(model)[:, np.newaxis]
    data = DeviceData(tf.constant(images), tf.constant(targets[:, 0]))
    loop = StepLoop(model, data)
    loop.reset_metrics()
    values = loop.test(data, np.arange(64, dtype=np.int32).reshape(2, 32))
    assert values["r2_score"].shape == (2,)
    assert values["r2_score"][-1] == pytest.approx(loop.results()["r2_score"])


def test_the_device_is_where_the_weights_are(images):
    model = _regression()
    loop = StepLoop(model, DeviceData.place(images, _targets(model)))
    assert loop.device in {"CPU:0", "GPU:0"}


def test_each_step_has_its_own_learning_rate(images):
    theirs, ours = _classifier(), _classifier()
    targets = _targets(theirs)
    rates = np.array([1e-3, 2e-2, 5e-4, 1e-2], np.float32)
    order = np.arange(64, dtype=np.int32).reshape(4, 16)
    for rows, rate in zip(order, rates, strict=True):
        theirs.optimizer.learning_rate = float(rate)
        theirs.train_on_batch(images[rows], targets[rows])
    data = DeviceData.place(images, targets)
    loop = StepLoop(ours, data)
    loop.train(data, order, rates=rates)
    for mine, his in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, his)
    assert float(ours.optimizer.learning_rate.numpy()) == rates[-1]


def test_a_schedule_of_keras_keeps_its_own_rates(images):
    theirs, ours = _regression(), _regression()
    targets = _targets(theirs)
    for model in (theirs, ours):
        rate = keras.optimizers.schedules.ExponentialDecay(0.1, 2, 0.5)
        model.compile(keras.optimizers.SGD(rate), "mean_squared_error", jit_compile=False)
    theirs.fit(images[:64], targets[:64], batch_size=16, shuffle=False, verbose=0)
    data = DeviceData.place(images, targets)
    StepLoop(ours, data).train(data, np.arange(64, dtype=np.int32).reshape(4, 16))
    for mine, his in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, his)


@pytest.mark.parametrize("is_only_pruned", [False, True])
def test_a_direct_call_gives_what_the_function_gives(is_only_pruned):
    total = tf.Variable(1.0)

    def add(pair, factor):
        total.assign_add(tf.reduce_sum(pair[0]) * factor)
        return total.read_value(), pair[1] * 2

    signature = [(tf.TensorSpec((None,)), tf.TensorSpec((), tf.int32)), tf.TensorSpec(())]
    function = tf.function(add, input_signature=signature, autograph=False)
    call = DirectCall(function, is_only_pruned)
    for n, expected in ((2, 5.0), (3, 11.0)):
        seen, doubled = call((tf.ones(n), tf.constant(n)), tf.constant(2.0))
        assert float(seen) == float(total.numpy()) == expected
        assert int(doubled) == 2 * n
    with pytest.raises(tf.errors.InvalidArgumentError):
        call((tf.ones(2), tf.constant(2.0)), tf.constant(2.0))
