"""Trees beside a network: they are scikit-learn's, count where they help, and stay as they are."""

import keras
import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from engine.architectures.boosted_trees import rounds_of
from engine.architectures.known_examples import KnownExamples
from engine.architectures.table_ensemble import TableEnsemble, TableEnsembleParameters
from engine.spec.signature import Kind, Signature, Task

ROUNDS, FEATURES = 12, 5
SETTINGS = TableEnsembleParameters(members=2, units=4, layers=1, trees=ROUNDS)
NUMBERS = Signature(Kind.TABLE, Task.REGRESSION, (FEATURES,), n_values=2)
TWO = Signature(Kind.TABLE, Task.CLASSIFICATION, (FEATURES,), n_classes=2)
CLASSES = Signature(Kind.TABLE, Task.CLASSIFICATION, (FEATURES,), n_classes=4)
LABELS = Signature(Kind.TABLE, Task.MULTILABEL, (FEATURES,), n_classes=3)


def corners(x):
    """0 to 3: what a straight line cannot follow."""
    return (x[:, 0] > 0.3).astype(np.int64) ^ (x[:, 1] > -0.2) + 2 * (np.abs(x[:, 2]) > 0.7)


def targets(signature, x):
    found = corners(x)
    if signature.task is Task.REGRESSION:
        return np.stack([found, np.abs(x[:, 3])], axis=1).astype(np.float32)
    if signature.task is Task.MULTILABEL:
        return np.stack([found % 2, found > 1, np.abs(x[:, 3]) > 1], axis=1).astype(np.float32)
    return found % signature.n_classes


def known_of(x, y, n_validation=120, loss="mean_squared_error", weights=None):
    """The first examples are the validation part; the rest comes in two blocks."""

    def blocks(x, y):
        middle = len(x) // 2
        return lambda: (pair for pair in ((x[:middle], y[:middle]), (x[middle:], y[middle:])))

    held_out = blocks(x[:n_validation], y[:n_validation]) if n_validation else lambda: iter(())
    train = blocks(x[n_validation:], y[n_validation:])
    return KnownExamples(train, held_out, None, loss, weights)


def started(signature, known):
    keras.utils.set_random_seed(3)
    network = TableEnsemble().build(signature, SETTINGS)
    TableEnsemble().start(network, SETTINGS, known)
    return network


def share_of(network):
    return float(network.get_layer("share_of_trees").get_weights()[0][0, 0])


def said_by_trees(network, x):
    return keras.Model(network.input, network.get_layer("said_by_trees").output).predict(
        x, verbose=0
    )


@pytest.fixture(scope="module")
def x():
    return np.random.default_rng(1).normal(size=(620, FEATURES)).astype(np.float32)


def alone(signature, x, y, output):
    """What scikit-learn says with as many rounds as are best for what is held out, (n, ...)."""
    is_number = signature.task is Task.REGRESSION
    kind = HistGradientBoostingRegressor if is_number else HistGradientBoostingClassifier
    y = y if output is None else y[:, output]
    model = kind(
        learning_rate=0.3,
        max_iter=ROUNDS,
        max_leaf_nodes=16,
        min_samples_leaf=10,
        early_stopping=False,
    )
    model.fit(x[120:], y[120:])
    stages = list((model.staged_predict if is_number else model.staged_predict_proba)(x))
    if is_number:
        losses = [np.mean((some[:120] - y[:120]) ** 2) for some in stages]
        return stages[int(np.argmin(losses))][:, None]
    places = np.arange(120), y[:120].astype(int)
    found = stages[int(np.argmin([-np.log(some[places]).mean() for some in stages]))]
    return found if output is None and signature.n_classes > 2 else found[:, 1:]


@pytest.mark.parametrize(
    "signature", [NUMBERS, TWO, CLASSES, LABELS], ids=lambda it: f"{it.task}-{it.n_classes}"
)
def test_the_layers_say_what_scikit_learn_says(signature, x):
    y = targets(signature, x)
    network = started(signature, known_of(x, y))
    outputs = [None] if signature.task is Task.CLASSIFICATION else range(y.shape[1])
    wanted = np.concatenate([alone(signature, x, y, output) for output in outputs], axis=1)
    np.testing.assert_allclose(said_by_trees(network, x), wanted, rtol=1e-4, atol=1e-5)
    assert share_of(network) == pytest.approx(0.5)


def test_the_answer_is_the_mean_by_the_share_and_training_leaves_the_trees(x):
    y = targets(TWO, x)
    network = started(TWO, known_of(x, y))
    before = said_by_trees(network, x)
    network.compile("adam", "binary_crossentropy")
    network.fit(x, y, verbose=0)
    np.testing.assert_array_equal(said_by_trees(network, x), before)
    of_members = keras.Model(network.input, network.get_layer("said_by_members").output)
    members = of_members.predict(x, verbose=0).mean(axis=1)
    share = share_of(network)
    np.testing.assert_allclose(
        network.predict(x, verbose=0), (1 - share) * members + share * before, atol=1e-6
    )


def test_a_saved_network_has_them(x, tmp_path):
    network = started(CLASSES, known_of(x, targets(CLASSES, x)))
    network.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again.predict(x, verbose=0), network.predict(x, verbose=0))
    assert not again.get_layer("leaves_of_trees").trainable


def test_they_do_not_count_where_a_straight_line_says_it_all(x):
    y = (x[:, :2] @ np.array([[1.0, 0.5], [-2.0, 0.3]])).astype(np.float32)
    assert share_of(started(NUMBERS, known_of(x, y))) < 0.05


def test_values_that_differ_in_their_last_digit_are_told_apart(x):
    """A bound lies between them in double precision, and would round up to the larger."""
    low = np.float32(1.0)
    high = np.nextafter(low, np.float32(2.0))
    x = x.copy()
    x[:, 0] = np.where(np.arange(len(x)) % 2, low, high)
    y = np.stack([np.arange(len(x)) % 2, x[:, 3] > 0], axis=1).astype(np.float32)
    network = started(NUMBERS, known_of(x, y))
    said = said_by_trees(network, x)[:, 0]
    assert said[y[:, 0] == 1].min() > 0.6 > 0.4 > said[y[:, 0] == 0].max()


def test_without_a_validation_part_some_of_the_training_part_is_held_out(x):
    y = targets(CLASSES, x)
    network = started(CLASSES, known_of(x, y, n_validation=0))
    assert share_of(network) == pytest.approx(0.5)
    assert np.mean(said_by_trees(network, x).argmax(axis=1) == y) > 0.9


def test_a_class_that_only_the_validation_part_has_is_hardly_expected(x):
    y = targets(CLASSES, x)
    y[120:][y[120:] == 3] = 0
    network = started(CLASSES, known_of(x, y))
    assert share_of(network) > 0
    assert said_by_trees(network, x)[:, 3].max() < 0.01


def test_examples_that_count_more_are_listened_to_more(x):
    y = targets(TWO, x) ^ (np.random.default_rng(2).random(len(x)) < 0.25)
    weights = np.where(y[120:] == 1, 25.0, 1.0)
    even, loaded = (
        said_by_trees(started(TWO, known_of(x, y, weights=some)), x).mean()
        for some in (None, weights)
    )
    assert loaded > even + 0.1


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("too few examples", lambda x, y: known_of(x[:90], y[:90], n_validation=30)),
        ("another loss", lambda x, y: known_of(x, y, loss="mean_absolute_error")),
        ("nothing to tell apart", lambda x, y: known_of(x, np.zeros_like(y))),
        ("no examples", lambda x, y: known_of(x[:0], y[:0], n_validation=0)),
    ],
)
def test_otherwise_they_do_not_count(what, change, x):
    network = started(NUMBERS, change(x, targets(NUMBERS, x)))
    assert share_of(network) == 0


def test_numbers_that_cannot_be_computed_with_end_nothing(x, caplog):
    x = x.copy()
    x[7, 0] = np.inf
    network = started(NUMBERS, known_of(x, targets(NUMBERS, x)))
    assert share_of(network) == 0
    assert "do not count" in caplog.text


def test_of_many_outputs_each_gets_fewer_and_of_more_none():
    assert rounds_of(150, 20, 1) == 150
    assert 20 <= rounds_of(150, 20, 8) < 150
    assert rounds_of(150, 20, 9) == 0
    assert rounds_of(0, 20, 1) == 0
    assert 20 <= rounds_of(150, 5000, 1) < 150


def test_layers_that_say_something_else_do_not_count(x, monkeypatch, caplog):
    """As if another version of scikit-learn kept its trees in another way."""
    from engine.architectures import grown_trees

    taken_apart = grown_trees._tree

    def shifted(*arguments):
        tree = taken_apart(*arguments)
        return type(tree)(tree.columns, tree.bounds + 0.5, tree.ways, tree.leaves)

    monkeypatch.setattr(grown_trees, "_tree", shifted)
    network = started(CLASSES, known_of(x, targets(CLASSES, x)))
    assert share_of(network) == 0
    assert "do not count" in caplog.text
