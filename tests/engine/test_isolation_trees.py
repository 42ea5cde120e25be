"""Isolation trees beside prototypes: scikit-learn's own, and a sum over columns."""

import keras
import numpy as np
import pytest
from sklearn.ensemble import IsolationForest

from engine.architectures.isolation_trees import trees_for
from engine.architectures.known_examples import KnownExamples
from engine.architectures.table_prototypes import TablePrototypes, TablePrototypesParameters
from engine.spec.signature import Kind, Signature, Task

FEATURES, TREES = 4, 20
SETTINGS = TablePrototypesParameters(prototypes=(1,), trees=TREES)


@pytest.fixture(scope="module")
def x():
    return np.random.default_rng(4).normal(size=(300, FEATURES)).astype(np.float32)


def started(x):
    known = KnownExamples(lambda: iter([(x, np.zeros(len(x)))]), lambda: iter(()))
    signature = Signature(Kind.TABLE, Task.ANOMALY, (x.shape[1],))
    network = TablePrototypes().build(signature, SETTINGS)
    TablePrototypes().start(network, SETTINGS, known)
    return network


def by_column(network, x):
    """What the trees add to each column's differences, (n, features)."""
    layer = network.get_layer("leaves_of_trees")
    return keras.Model(network.input, layer.output).predict(x, verbose=0)


def test_their_sum_is_the_mean_path_of_scikit_learn_s_forest(x):
    forest = IsolationForest(n_estimators=TREES, max_samples=64, random_state=0).fit(x)
    rows = np.concatenate([x, 3.0 * x[:50]])
    paths = np.log2(-forest.score_samples(rows))  # of which a score is 2 to the minus
    found = by_column(started(x), rows)
    assert found.min() >= 0.0
    assert np.corrcoef(found.sum(axis=1), paths)[0, 1] > 0.999999


def test_a_column_that_is_far_out_has_the_largest_share(x):
    network = started(x)
    for column in range(FEATURES):
        row = np.zeros((1, FEATURES), np.float32)
        row[0, column] = 6.0
        assert by_column(network, row)[0].argmax() == column


def test_they_count_beside_the_distances_and_no_more(x):
    network = started(x)
    without = TablePrototypes().build(
        Signature(Kind.TABLE, Task.ANOMALY, (FEATURES,)),
        TablePrototypesParameters(prototypes=(1,), trees=0),
    )
    distances = without.predict(x, verbose=0)[:, 0]  # prototypes and widths begin the same
    added = network.predict(x, verbose=0)[:, 0] - distances
    np.testing.assert_allclose(added, by_column(network, x).mean(axis=1), rtol=1e-3, atol=1e-4)
    ratio = np.subtract(*np.percentile(added, (75, 25))) / np.subtract(
        *np.percentile(distances, (75, 25))
    )
    assert 0.3 < ratio < 0.8


@pytest.mark.parametrize(
    "rows",
    [
        np.zeros((300, FEATURES), np.float32),
        np.ones((20, FEATURES), np.float32),
        np.zeros((0, FEATURES)),
        np.full((300, FEATURES), np.inf, np.float32),
    ],
    ids=["all the same", "few", "none", "too large"],
)
def test_where_there_is_nothing_to_part_they_add_nothing(rows, x):
    assert not by_column(started(rows), x).any()


def test_of_many_columns_there_are_fewer_and_of_more_none():
    assert trees_for(64, 30) == 64
    assert 16 <= trees_for(64, 1500) < 64
    assert trees_for(64, 5000) == 0
    assert trees_for(0, 10) == 0
    assert trees_for(8, 10) == 8
