"""The ensemble for tables: its mean, and that each member learns as if it were alone."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from engine.architectures.table_ensemble import TableEnsemble, mean_of_members
from engine.runs.record import _of_this_version
from engine.spec.run_spec import RunSpec
from engine.spec.signature import Kind, Signature, Task
from engine.training.defaults import resolve

MEMBERS, ROWS = 3, 5
LOSSES = {
    (Task.CLASSIFICATION, 4): "sparse_categorical_crossentropy",
    (Task.CLASSIFICATION, 2): "binary_crossentropy",
    (Task.MULTILABEL, 3): "binary_crossentropy",
    (Task.REGRESSION, 0): "mean_squared_error",
}


@pytest.fixture
def random():
    return np.random.default_rng(5)


def signature_of(task, n_classes, **more):
    n_values = 2 if task is Task.REGRESSION else 1
    return Signature(Kind.TABLE, task, (6,), n_classes, n_values, **more)


def targets(signature, random):
    if signature.task is Task.REGRESSION:
        return random.normal(size=(ROWS, 2)).astype("float32")
    if signature.task is Task.MULTILABEL:
        return random.integers(0, 2, (ROWS, 3)).astype("float32")
    return random.integers(0, signature.n_classes, ROWS)


def predictions(answers, signature):
    if signature.task is Task.REGRESSION:
        return answers
    if signature.is_binary or signature.task is Task.MULTILABEL:
        return tf.sigmoid(answers)
    return tf.nn.softmax(answers)


@pytest.mark.parametrize(
    ("kind", "share"),
    [(next(iter(LOSSES)), None), *((kind, 0.3) for kind in LOSSES)],
    ids=lambda value: "-".join(map(str, value)) if isinstance(value, tuple) else str(value),
)
def test_the_value_is_the_mean_and_gradients_are_those_of_each_member_s_own_loss(
    kind, share, random
):
    signature = signature_of(*kind)
    given = keras.Input((MEMBERS, signature.n_outputs))
    of_trees = random.normal(size=(ROWS, signature.n_outputs)).astype("float32")
    trees = None
    if share is not None:  # as constants in the place of layers
        trees = (given[:, 0] * 0.0 + of_trees, given[:, 0, :1] * 0.0 + share)
    model = keras.Model(given, mean_of_members(given, signature, trees))
    model.compile(loss=LOSSES[kind])
    answers = tf.Variable(random.normal(size=(ROWS, *given.shape[1:])).astype("float32"))
    y = targets(signature, random)
    with tf.GradientTape(persistent=True) as tape:
        output = model(answers, training=True)
        loss = model.compute_loss(y=y, y_pred=output)
        of_each = [
            keras.losses.get(LOSSES[kind])(
                np.reshape(y, (ROWS, -1)), predictions(answers[:, place], signature)
            )
            for place in range(MEMBERS)
        ]
        alone = tf.reduce_mean([tf.reduce_mean(values) for values in of_each])
    mean = np.mean([predictions(answers[:, place], signature) for place in range(MEMBERS)], axis=0)
    if share is not None:
        mean = (1.0 - share) * mean + share * predictions(of_trees, signature)
    np.testing.assert_allclose(output, mean, rtol=1e-5)
    of_mean = keras.losses.get(LOSSES[kind])(np.reshape(y, (ROWS, -1)), mean)
    np.testing.assert_allclose(loss, tf.reduce_mean(of_mean), rtol=1e-5)
    wanted = tape.gradient(alone, answers)
    np.testing.assert_allclose(tape.gradient(loss, answers), wanted, rtol=1e-3, atol=1e-6)


def test_epochs_and_batches_follow_the_rows():
    small, large, huge = (
        TableEnsemble().defaults_for(signature_of(Task.REGRESSION, 0, n_train=n))
        for n in (5, 10_000, 1_000_000)
    )
    assert small.epochs > large.epochs > huge.epochs >= 1
    assert small.batch_size < large.batch_size < huge.batch_size
    assert small.patience


@pytest.mark.parametrize(("given", "taken"), [(None, 20), (0, 0), (7, 7)])
def test_it_stops_early_unless_told_otherwise(given, taken):
    values = {
        "data": {"source": "any"},
        "model": {"name": "table_ensemble"},
        "stopping": {"patience": given},
    }
    signature = signature_of(Task.REGRESSION, 0)
    once = resolve(RunSpec.from_dict(values), signature)
    assert once.stopping.patience == taken
    assert resolve(once, signature).stopping.patience == taken


@pytest.mark.parametrize("name", ["table_ensemble", "table_prototypes"])
def test_stored_runs_keep_their_trees_and_those_that_had_none_get_none(name):
    task = Task.ANOMALY if name == "table_prototypes" else Task.REGRESSION
    values = {"data": {"source": "any"}, "model": {"name": name}}
    resolved = resolve(RunSpec.from_dict(values), signature_of(task, 0)).to_dict()
    trees = resolved["model"]["parameters"]["trees"]
    assert trees > 0
    stored = RunSpec.from_dict(_of_this_version(json.loads(json.dumps(resolved))))
    assert stored.model.parameters["trees"] == trees
    del resolved["model"]["parameters"]["trees"]
    older = RunSpec.from_dict(_of_this_version(json.loads(json.dumps(resolved))))
    assert older.model.parameters["trees"] == 0
