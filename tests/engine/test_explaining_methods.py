"""Ways to explain, against truths from elsewhere: formulas, scikit-learn, planted marks."""

import itertools
import math

import keras
import numpy as np
import pytest
from explaining_cases import background, contract_of, explainer_for, network_of, raw_example
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.inspection import partial_dependence as peer_dependence
from sklearn.inspection import permutation_importance as peer_importance
from tiny_signatures import fitting_pairs

from engine.datasets.base import silent
from engine.inference.explaining.base import Case, Contributions, Effort, Method
from engine.inference.explaining.columns import Column
from engine.inference.explaining.dependence import partial_dependence
from engine.inference.explaining.importance import permutation_importance
from engine.inference.explaining.integrated_gradients import integrated
from engine.inference.explaining.leave_one_out import LeaveOneOut
from engine.inference.explaining.readouts import Readout, readouts_of
from engine.inference.explaining.sanity import checked, rank_correlation
from engine.inference.explaining.shapley import exact, sampled
from engine.inference.explaining.subject import Subject
from engine.preprocessing.tokens import pieces
from engine.spec.signature import Kind, Signature, Task

RNG = np.random.default_rng(2)
X = RNG.normal(size=(1, 5))
OTHERS = RNG.normal(size=(16, 5))


def crooked(rows):
    """A function with interactions, (n,) of (n, 5 or more)."""
    return rows[:, 0] * rows[:, 1] + np.sin(rows[:, 2]) + np.maximum(rows[:, 3], rows[:, 4])


def by_all_orders(predict, x, others, players):
    """Shapley values by their definition: the mean gain over all orders."""
    n = len(players)
    values = np.zeros(n)
    for order in itertools.permutations(range(n)):
        rows = np.array(others)
        before = predict(rows).mean()
        for player in order:
            rows[:, list(players[player])] = x[0, list(players[player])]
            after = predict(rows).mean()
            values[player] += (after - before) / math.factorial(n)
            before = after
    return values


@pytest.mark.parametrize(
    "players", [tuple((place,) for place in range(5)), ((0, 2), (1,), (3, 4))], ids=["each", "tied"]
)
def test_exact_values_are_shapley_s(players):
    values, baseline = exact(crooked, X, OTHERS, players)
    np.testing.assert_allclose(values, by_all_orders(crooked, X, OTHERS, players), atol=1e-10)
    assert baseline == pytest.approx(crooked(OTHERS).mean())
    assert values.sum() == pytest.approx(crooked(X)[0] - baseline)


def test_sampled_values_are_near_the_exact_ones_and_sum_to_the_same():
    players = tuple((place,) for place in range(5))
    truth, baseline = exact(crooked, X, OTHERS, players)
    values, errors, mean = sampled(crooked, X, OTHERS, players, Effort(60))
    assert mean == pytest.approx(baseline)
    assert values.sum() == pytest.approx(truth.sum())
    assert (np.abs(values - truth) <= 4 * errors + 1e-9).all()
    assert errors.max() < 0.2


def test_of_an_additive_function_sampling_is_exact_in_the_first_round():
    weights = np.arange(1.0, 13.0)
    x, others = RNG.normal(size=(1, 12)), RNG.normal(size=(8, 12))
    players = tuple((place,) for place in range(12))
    values, _, _ = sampled(lambda rows: rows @ weights, x, others, players, Effort(0.0))
    np.testing.assert_allclose(values, weights * (x[0] - others.mean(axis=0)), atol=1e-9)


def test_a_bent_way_is_cut_until_the_parts_sum_to_the_whole():
    def steep(shares):
        return 1 / (1 + np.exp(-80 * (shares - 0.37)))

    def slopes(shares):
        height = steep(shares)
        return (80 * height * (1 - height))[:, None] * np.array([[0.25, 0.75]])

    found, first, tolerance = integrated(slopes, steep, Effort(60))
    assert first == pytest.approx(steep(0.0))
    np.testing.assert_allclose(found, [0.25, 0.75], atol=tolerance)
    rough, _, _ = integrated(slopes, steep, Effort(60, is_rough=True))
    assert abs(rough.sum() - 1) > tolerance  # twelve steps alone would not do


def bright_corner_network(corner):
    """Says how bright the upper left quarter is, or the lower right one."""
    inputs = keras.Input((16, 16, 1))
    seen = keras.layers.Conv2D(1, 3, padding="same", activation="relu")(inputs)
    flat = keras.layers.Flatten()(seen)
    network = keras.Model(inputs, keras.layers.Dense(3, activation="softmax")(flat))
    blur = np.full((3, 3, 1, 1), 1 / 9)
    network.layers[1].set_weights([blur, np.zeros(1)])
    wanted = np.zeros((16, 16))
    wanted[corner] = 1
    kernel = np.zeros((256, 3))
    kernel[:, 1] = wanted.ravel() / 4
    network.layers[-1].set_weights([kernel, np.zeros(3)])
    return network


@pytest.mark.parametrize("method", ["integrated_gradients", "occlusion"])
@pytest.mark.parametrize("corner", [np.s_[:8, :8], np.s_[8:, 8:]], ids=["first", "last"])
def test_the_part_of_a_picture_that_counts_is_marked(method, corner):
    signature = Signature(Kind.IMAGE, Task.CLASSIFICATION, (16, 16, 1), 3)
    explainer = explainer_for(bright_corner_network(corner), signature)
    x = np.zeros((1, 16, 16, 1))
    x[0, 2:6, 2:6] = x[0, 10:14, 10:14] = 1.0
    found = explainer.explain(x, target="class 1", method=method)
    inside = found.values[corner].sum()
    assert inside > 0.95 * np.abs(found.values).sum()


def test_grad_cam_is_the_paper_s_sum():
    signature = Signature(Kind.IMAGE, Task.CLASSIFICATION, (8, 8, 1), 3)
    keras.utils.set_random_seed(1)
    inputs = keras.Input((8, 8, 1))
    seen = keras.layers.Conv2D(4, 3, padding="same", activation="relu", name="seen")(inputs)
    pooled = keras.layers.GlobalAveragePooling2D()(seen)
    network = keras.Model(inputs, keras.layers.Dense(3, activation="softmax")(pooled))
    x = raw_example(signature)
    found = explainer_for(network, signature).explain(x, target="class 2", method="grad_cam")
    answers = keras.Model(inputs, seen)(x.astype(np.float32)).numpy()[0]
    # Behind global pooling the slope of the score along each answer is the weight over the places.
    expected = answers @ network.layers[-1].kernel.numpy()[:, 2] / 64
    np.testing.assert_allclose(found.values, expected, atol=1e-6)


def test_leaving_a_token_out_says_what_the_model_loses():
    signature = Signature(Kind.TEXT, Task.CLASSIFICATION, (6,), 2, n_tokens=9)
    tokens = keras.Input((6,), dtype="int32")
    worth = keras.layers.Embedding(9, 1, name="worth")
    total = keras.ops.sum(worth(tokens), axis=1)
    network = keras.Model(tokens, keras.layers.Activation("sigmoid")(total))
    worth.set_weights([np.array([[0], [0], [0], [0], [0], [3], [0], [0], [0]], np.float32)])
    explainer = explainer_for(network, signature)
    x = np.array(["alpha delta beta gamma"], object)
    sure = 1 / (1 + math.exp(-3))
    found = explainer.explain(x, method="leave_one_out")
    assert found.parts == ("alpha", " delta", " beta", " gamma")
    np.testing.assert_allclose(found.values, [0, sure - 0.5, 0, 0], atol=1e-6)
    by_slopes = explainer.explain(x, method="integrated_gradients")
    np.testing.assert_allclose(by_slopes.values, [0, sure - 0.5, 0, 0], atol=0.01)
    assert by_slopes.is_complete


@pytest.fixture
def passed_by():
    """A network of letters with an embedding, which also counts the fives past it."""
    signature = Signature(Kind.TEXT, Task.CLASSIFICATION, (9,), 2, n_tokens=9, n_separators=2)
    tokens = keras.Input((9,), dtype="int32")
    worth = keras.layers.Embedding(9, 1, embeddings_initializer="zeros")
    fives = keras.ops.sum(keras.ops.cast(keras.ops.equal(tokens, 5), "float32"), axis=1)
    total = keras.ops.sum(worth(tokens), axis=(1, 2)) + fives
    outputs = keras.layers.Activation("sigmoid")(keras.ops.expand_dims(total, -1))
    return Subject(keras.Model(tokens, outputs), signature)


def test_an_embedding_that_is_passed_by_is_no_way_from_nothing_to_the_text(passed_by):
    assert passed_by.embedding is None


def test_of_letters_whole_words_are_left_out(passed_by):
    # "bd, bdd e", where 2 is the space and 3 the comma; d, the 5, is what counts.
    x = np.array([[4, 5, 3, 2, 4, 5, 5, 2, 6]], np.int32)
    case = Case(np.array([["bd, bdd e"]]), x, None, passed_by.signature)
    readout = Readout("a", np.array([1.0]), 0.0, "probability")
    found = LeaveOneOut().explain(passed_by, case, readout, Effort())
    whole, less, least = (1 / (1 + math.exp(-n)) for n in (3, 2, 1))
    one, two = (whole - less) / 4, (whole - least) / 4
    np.testing.assert_allclose(found.values, [*[one] * 4, *[two] * 4, 0], atol=1e-6)


@pytest.mark.parametrize(
    ("name", "kind"), [("autoencoder", Kind.SERIES), ("table_prototypes", Kind.TABLE)]
)
def test_a_score_of_anomaly_is_shared_among_what_was_not_made_again(name, kind):
    pair = next(
        it
        for it in fitting_pairs()
        if (it[0].name, it[1].kind, it[1].task) == (name, kind, Task.ANOMALY)
    )
    signature = pair[1]
    explainer = explainer_for(network_of(pair), signature)
    x = raw_example(signature)
    found = explainer.explain(x, background(signature))
    assert found.method.name == "reconstruction"
    # What prototypes add to every score alike counts to no column.
    assert found.baseline == pytest.approx(0 if name == "autoencoder" else np.log(1 / 0.05))
    assert found.sum == pytest.approx(found.prediction - found.baseline, rel=1e-5)
    assert (found.values >= 0).all()


class EdgesOnly(Method):
    """Marks what is bright, whatever the network is."""

    name, title, summary = "edges", "Edges", "Nothing."

    def fits(self, subject):
        return True

    def explain(self, subject, case, readout, effort):
        return Contributions(np.asarray(case.prepared[0, ..., 0], np.float64))


def test_marks_that_do_not_depend_on_the_network_are_found_out():
    signature = Signature(Kind.IMAGE, Task.CLASSIFICATION, (16, 16, 1), 3)
    subject = Subject(bright_corner_network(np.s_[:8, :8]), signature)
    contract = contract_of(signature)
    x = raw_example(signature)
    case = Case(x, x.astype(np.float32), contract.preprocessing, signature)
    readouts, _ = readouts_of(
        signature, contract.preprocessing.targets, "target", contract.class_names,
        subject.outputs(case.prepared),
    )  # fmt: skip
    values = EdgesOnly().explain(subject, case, readouts[1], Effort()).values
    sanity = checked(EdgesOnly(), subject, case, readouts[1], values, 1.0)
    assert sanity.is_passed is False
    assert sanity.text.startswith("Take care")
    honest = explainer_for(subject.network, signature).explain(
        x, target="class 1", method="integrated_gradients"
    )
    assert honest.sanity.is_passed


def test_ranks_are_compared_where_something_is_marked():
    a = np.array([3.0, 0, 1, 2, 0, 5])
    assert rank_correlation(a, a * 2) == pytest.approx(1)
    assert rank_correlation(a, -a) == pytest.approx(-1)
    assert rank_correlation(a, np.full(6, 2.0)) == 0
    assert rank_correlation(np.array([1.0, 0, 0]), np.array([2.0, 0, 0])) is None


# ---- whole models, beside scikit-learn


class Peer(ClassifierMixin, BaseEstimator):
    """A model that knows the rule."""

    def fit(self, x, y):
        self.classes_ = np.array([0, 1])
        return self

    def predict(self, x):
        return (x[:, 0] + 0.3 * x[:, 1] > 0).astype(int)


def test_importance_is_scikit_learn_s():
    x = np.random.default_rng(5).normal(size=(400, 3))
    y = (x[:, 0] + 0.3 * x[:, 1] + 0.1 * x[:, 2] > 0).astype(int)
    model = Peer().fit(x, y)
    columns = [("a", (0,)), ("b", (1,)), ("c", (2,))]

    def losses(rows):
        return (model.predict(rows) != y).astype(float)

    found = permutation_importance(losses, x, columns, None, silent, n_repeats=30)
    peer = peer_importance(model, x, y, n_repeats=30, random_state=0)
    assert [item.column for item in found] == ["a", "b", "c"]
    for item, mean, deviation in zip(found, peer.importances_mean, peer.importances_std,
                                     strict=True):  # fmt: skip
        assert item.value == pytest.approx(mean, abs=4 * deviation / math.sqrt(30) + 1e-12)
        assert item.interval[0] <= item.value <= item.interval[1]
    assert found[2].value == 0  # the model does not look at it
    assert found[0].interval[0] > found[1].interval[1]


def test_groups_are_drawn_whole_so_that_copies_do_not_make_an_interval_narrow():
    x = np.random.default_rng(5).normal(size=(60, 1))
    y = (x[:, 0] > 0).astype(int)
    many, labels, groups = np.repeat(x, 10, axis=0), np.repeat(y, 10), np.repeat(np.arange(60), 10)

    def width(of):
        def losses(rows):
            return ((rows[:, 0] > 0) != labels).astype(float)

        (item,) = permutation_importance(losses, many, [("a", (0,))], of, silent)
        return item.interval[1] - item.interval[0]

    assert width(groups) > 1.5 * width(None)


class Curve(RegressorMixin, BaseEstimator):
    """A model with a bend."""

    def fit(self, x, y):
        self.fitted_ = True
        return self

    def predict(self, x):
        return np.abs(x[:, 0]) + x[:, 0] * x[:, 1]


def test_partial_dependence_is_scikit_learn_s():
    x = np.random.default_rng(5).normal(size=(200, 2))
    model = Curve().fit(x, x[:, 0])
    found = partial_dependence(
        lambda rows: model.predict(rows)[:, None], x, Column("a", (0,)), ("y",)
    )
    peer = peer_dependence(
        model, x, [0], method="brute", custom_values={0: found.x}, kind="average"
    )
    np.testing.assert_allclose(found.mean[:, 0], peer["average"][0], atol=1e-12)
    assert (found.low <= found.mean).all()
    assert found.counts.sum() <= 200
    constant = np.ones((20, 2))
    assert partial_dependence(lambda rows: rows[:, :1], constant, Column("a", (0,)), ("y",)) is None


@pytest.mark.parametrize(
    ("text", "unit", "exact"),
    [("Hello,  World!", "letter", False),
     ("Hello,  world!", "word", False), ("Straße 12", "word", False), ("a b", "character", False),
     ("  Two  12 words", "word", True), ("", "word", False)],
)  # fmt: skip
def test_pieces_are_the_text(text, unit, exact):
    from engine.preprocessing.cutting import cut

    found = pieces(text, unit, exact)
    assert len(found) == len(cut(text, unit, exact))
    joined = "".join(found)
    assert joined == (" ".join(text.split()) if exact else text)
    assert background(Signature(Kind.TEXT, Task.REGRESSION, (6,), n_tokens=9)) is None


def test_slopes_of_tokens_by_differences_are_those_of_the_gradient(monkeypatch):
    """Networks that go from step to step are asked a little more instead of traced backwards."""
    keras.utils.set_random_seed(7)
    tokens = keras.Input((6,), dtype="int32")
    read = keras.layers.Bidirectional(keras.layers.GRU(5))(keras.layers.Embedding(9, 4)(tokens))
    outputs = keras.layers.Dense(3, activation="softmax")(read)
    signature = Signature(Kind.TEXT, Task.CLASSIFICATION, (6,), 3, n_tokens=9)
    subject = Subject(keras.Model(tokens, outputs), signature)
    assert subject.has_loops
    x = np.array([[3, 5, 2, 8, 0, 0]], np.int32)
    readout = Readout("a", np.array([1.0, -0.5, 0.25]), 0.0, "probability")
    shares = np.array([0.1, 0.5, 0.9])
    found = subject.token_slopes(x, shares, readout)
    monkeypatch.setattr("engine.inference.explaining.subject._MOST_DIFFERENCES", 0)
    expected = subject.token_slopes(x, shares, readout)
    assert np.abs(expected).max() > 1e-3
    np.testing.assert_allclose(found[:, :4], expected[:, :4], atol=0.02 * np.abs(expected).max())
    np.testing.assert_allclose(subject.outputs(x), subject.network(x).numpy(), atol=1e-6)
