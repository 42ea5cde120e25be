"""Prototypes: the score against NumPy, its gradient against the likelihood's, sizes that fit."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.special import logsumexp, softmax

from engine.architectures.table_prototypes import TablePrototypes
from engine.errors import SpecError
from engine.spec.run_spec import RunSpec
from engine.spec.signature import Kind, Signature, Task
from engine.training.defaults import recommended_model, resolve

ROWS, FEATURES = 7, 5
SIZES = (1, 3, 4)


def signature_of(n_train=0, n_features=FEATURES):
    return Signature(Kind.TABLE, Task.ANOMALY, (n_features,), n_train=n_train)


def spec_of(**parameters):
    model = {"name": "table_prototypes", "parameters": parameters}
    return RunSpec.from_dict({"data": {"source": "any"}, "model": model})


@pytest.fixture
def network():
    """With weights as if it were trained, and no noise."""
    made = TablePrototypes().build(
        signature_of(), TablePrototypes.parameters(prototypes=SIZES, noise=0.0, trees=0)
    )
    random = np.random.default_rng(2)
    made.set_weights([random.normal(size=it.shape) + 1.0 for it in made.get_weights()])
    return made


@pytest.fixture
def rows():
    return 2.0 * np.random.default_rng(1).normal(size=(ROWS, FEATURES))


def members(network):
    """Prototypes, (k, features), usual distances, (features,), and what is seen, by member."""
    for view in ("as_is", "pressed"):
        for number in range(1, len(SIZES) + 1):
            kernel = network.get_layer(f"usual_distances_{view}_{number}").get_weights()[0][0]
            usual = 0.05 * np.exp(np.log1p(np.exp(kernel.astype(np.float64))))
            prototypes = network.get_layer(f"prototypes_{view}_{number}").get_weights()[0][0]
            yield prototypes, usual, (lambda x: x) if view == "as_is" else pressed


def pressed(rows):
    return np.sign(rows) * np.log1p(np.abs(rows))


def test_the_score_is_what_the_formula_says(network, rows):
    expected = []
    for prototypes, usual, view in members(network):
        squares = ((view(rows)[:, np.newaxis] - prototypes) / usual) ** 2 / 2
        alike = softmax(-squares.sum(axis=-1), axis=1)
        made = np.einsum("rk,rkf->rf", alike, squares)
        expected.append((made + np.log(usual / 0.05)).mean(axis=1))
    found = network(rows.astype(np.float32)).numpy()
    assert found.shape == (ROWS, 1)
    np.testing.assert_allclose(found[:, 0], np.mean(expected, axis=0), rtol=1e-4)


def test_steps_follow_the_likelihood_of_the_mixtures(network, rows):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(network(rows.astype(np.float32), training=True))
    found = tape.gradient(loss, network.get_layer("prototypes_as_is_2").trainable_variables)[0][0]
    prototypes, usual, _ = list(members(network))[1]

    def unlikely(centres):
        squares = ((rows[:, np.newaxis] - centres) / usual) ** 2 / 2
        return -logsumexp(-squares.sum(axis=-1), axis=1).mean() / FEATURES / len(SIZES) / 2

    for place in np.ndindex(prototypes.shape):
        step = np.zeros(prototypes.shape)
        step[place] = 1e-5
        slope = (unlikely(prototypes + step) - unlikely(prototypes - step)) / 2e-5
        assert found.numpy()[place] == pytest.approx(slope, rel=1e-3, abs=1e-5)


def test_scores_of_what_is_far_out_are_finite_and_never_below_0(network):
    far = np.array([[1e30] * FEATURES, [-3e38] * FEATURES, [0.0] * FEATURES], np.float32)
    scores = network(far).numpy()
    assert np.isfinite(scores).all()
    assert (scores >= 0).all()
    assert scores[0] > scores[2]


def test_it_is_the_one_to_start_with_and_ends_by_itself():
    assert recommended_model(Kind.TABLE, Task.ANOMALY) == "table_prototypes"
    assert recommended_model(Kind.IMAGE, Task.ANOMALY) == "autoencoder"
    resolved = resolve(RunSpec.from_dict({"data": {"source": "any"}}), signature_of(2000))
    assert resolved.model.parameters["prototypes"] == (1, 8, 64)
    assert resolved.stopping.patience == 30


@pytest.mark.parametrize(
    ("n_train", "n_features", "most"), [(5, 5, 1), (40, 5, 4), (300, 5, 32), (10**6, 5000, 8)]
)
def test_sizes_adapt_to_rows_and_columns(n_train, n_features, most):
    resolved = resolve(spec_of(), signature_of(n_train, n_features))
    assert max(resolved.model.parameters["prototypes"]) == most
    assert resolved.training.epochs * n_train >= 1000 or resolved.training.epochs == 300


def test_too_many_that_are_asked_for_are_refused_with_the_most_there_may_be():
    with pytest.raises(SpecError) as caught:
        resolve(spec_of(prototypes=[1, 64]), signature_of(80))
    (problem,) = caught.value.problems
    assert problem.field == "model.parameters.prototypes"
    assert "10" in problem.hint


def test_rows_between_groups_and_far_outside_have_the_highest_scores():
    keras.utils.set_random_seed(3)
    random = np.random.default_rng(6)
    usual = random.normal(scale=0.3, size=(256, 2)) + random.choice([-2.0, 2.0], size=(256, 1))
    network = TablePrototypes().build(
        signature_of(n_features=2), TablePrototypes.parameters(prototypes=(1, 4))
    )
    network.compile(keras.optimizers.Adam(0.05), "mean_absolute_error")
    x = usual.astype(np.float32)
    network.fit(x, np.zeros((256, 1)), epochs=15, batch_size=32, verbose=0)
    between, outside, one_column = network(
        np.array([[0.0, 0.0], [5.0, 5.0], [2.0, -2.0]], np.float32)
    ).numpy()[:, 0]
    assert min(between, outside, one_column) > np.quantile(network(x).numpy(), 0.99)
