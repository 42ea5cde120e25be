"""Boosted trees beside an ensemble of networks, grown by scikit-learn in plain code."""

from __future__ import annotations

from typing import Final

from engine.architectures.boosted_trees import FEWEST_HELD_OUT, SHARE, SHARES, rounds_of
from engine.architectures.grown_trees import FEWEST_IN_LEAF, MOST_LEAVES, rate_for
from engine.service.results.exporting.script.subject import Subject
from engine.spec.signature import Output

_CODE: Final = '''\
# Boosted trees beside the networks, grown by scikit-learn before the first step; training leaves
# them as they are. As many rounds count as the validation part is answered best with.
trees = {kind}(
    learning_rate={rate!r},
    max_iter={rounds},
    max_leaf_nodes={leaves},
    min_samples_leaf={fewest},
    early_stopping=False,
    random_state=0,
)
trees.fit(x_train, {y_train}{weighted})


def answered(sums):
    """What follows from what trees add up to, (n, outputs)."""
    sums = np.asarray(sums, "float64").reshape(len(sums), -1)
    return {answered}


def loss(answers):
    """Of answers for the validation part: what training makes small."""
{loss}


losses = [loss(answered(sums)) for sums in trees.{stages}(x_validation)]
n_rounds = 1 + int(np.argmin(losses))
of_trees = next(itertools.islice(trees.{stages}(x_validation), n_rounds - 1, None))
# Where a linear model says it all, trees count less, or not at all.
{linear}
shares = np.linspace({first}, {last}, {n_shares})
losses = [loss((1.0 - it) * of_linear + it * answered(of_trees)) for it in shares]
share = shares[int(np.argmin(losses))]


def table_of(nodes):
    """Questions and leaves of a tree: columns, bounds, the ways to the leaves, what these add."""
    asked = np.flatnonzero(nodes["is_leaf"] == 0)
    question = {{int(node): place for place, node in enumerate(asked)}}
    reached, ways, waiting = [], [], [(0, np.zeros(len(asked)))]
    while waiting:
        node, way = waiting.pop()
        if node not in question:
            reached.append(node)
            ways.append(way)
            continue
        for following, said in (("left", 1.0), ("right", -1.0)):
            further = way.copy()
            further[question[node]] = said
            waiting.append((int(nodes[following][node]), further))
    wanted = nodes["num_threshold"][asked]
    bounds = wanted.astype("float32")
    below = np.nextafter(bounds, np.float32(-np.inf))
    bounds = np.where(bounds > wanted, below, bounds)  # not above it, rounded
    return nodes["feature_idx"][asked], bounds, np.stack(ways, axis=1), nodes["value"][reached]


def plant():
    """Gives the layers of the trees what was grown."""
    n_trees, n_questions, n_leaves = model.get_layer("ways_of_trees").kernel.shape
    columns = np.zeros((n_trees, n_questions), "float32")
    bounds = np.zeros_like(columns)
    ways = np.zeros((n_trees, n_questions, n_leaves), "float32")
    wanted = np.full((n_trees, n_leaves), 2.0, "float32")
    leaves = np.zeros((n_trees, n_leaves, {n_outputs}), "float32")
    grown = [it for row in trees._predictors[:n_rounds] for it in enumerate(row)]
    for place, (output, predictor) in enumerate(grown):
        column, bound, way, value = table_of(predictor.nodes)
        asked, reached = way.shape
        columns[place, :asked], bounds[place, :asked] = column, bound
        ways[place, :asked, :reached] = way
        wanted[place, :reached] = np.abs(way).sum(axis=0)
        leaves[place, :reached, output] = value
    base = np.asarray(trees._baseline_prediction, "float64").reshape(-1).astype("float32")
    for name, numbers in (("columns_of_trees", columns), ("bounds_of_trees", bounds)):
        nothing = np.zeros((1, numbers.size))
        model.get_layer(name).set_weights([nothing, numbers.reshape(-1)])
    model.get_layer("ways_of_trees").set_weights([ways, 1.0 - wanted])
    model.get_layer("leaves_of_trees").set_weights([leaves, base])
    model.get_layer("{share_layer}").set_weights([np.full((1, 1), share, "float32")])


if share:
    plant()'''


def trees_code(subject: Subject) -> tuple[str, tuple[str, ...]] | None:
    """Statements that grow the trees of ``model``; None where they have no plain code.

    Several labels have trees of their own each, and few validation examples are too few to choose
    by: such first weights lie in a file.
    """
    signature, spec = subject.signature, subject.spec
    if spec.model.chosen != "table_ensemble" or subject.examples.weights is not None:
        return None
    rounds = rounds_of(
        int(spec.model.parameters.get("trees", 0)), signature.n_inputs, signature.n_outputs
    )
    n_held_out = len(subject.rows("validation"))
    if not rounds or n_held_out < FEWEST_HELD_OUT or signature.output is Output.LABELS:
        return None
    if signature.output is Output.NUMBERS and signature.n_values > 1:
        return None
    is_number, is_binary = signature.output is Output.NUMBERS, signature.is_binary
    kind = "HistGradientBoostingRegressor" if is_number else "HistGradientBoostingClassifier"
    sample_weight = ""
    weights = ""
    if spec.training.class_weights == "balanced" and not is_number:
        weights = (
            "counts = np.bincount(y_train)\n"
            "balance = len(y_train) / (np.count_nonzero(counts) * np.maximum(counts, 1))\n"
            'tree_weights = balance[y_train].astype("float32").astype("float64")\n'
        )
        sample_weight = ", sample_weight=tree_weights"
    answer, loss = _answering(is_number, is_binary)
    made = _CODE.format(
        kind=kind,
        rate=rate_for(rounds),
        rounds=rounds,
        leaves=MOST_LEAVES,
        fewest=FEWEST_IN_LEAF,
        y_train="y_train.reshape(-1)" if is_number else "y_train",
        weighted=sample_weight,
        answered=answer,
        loss=loss,
        stages="staged_predict" if is_number else "staged_decision_function",
        linear=_linear(is_number, is_binary, sample_weight),
        first=float(SHARES[0]),
        last=float(SHARES[-1]),
        n_shares=len(SHARES),
        n_outputs=signature.n_outputs,
        share_layer=SHARE,
    )
    special = {"sums": (), "expit(sums)": ("expit",), "softmax(sums, axis=1)": ("softmax",)}[answer]
    return weights + made, (
        "import itertools",
        "import numpy as np",
        *(f"from scipy.special import {name}" for name in special),
        f"from sklearn.ensemble import {kind}",
        f"from sklearn.linear_model import {'RidgeCV' if is_number else 'LogisticRegression'}",
    )


def _answering(is_number: bool, is_binary: bool) -> tuple[str, str]:
    """What follows from sums, and the body of the loss."""
    if is_number:
        truth = "y_validation.reshape(answers.shape)"
        return "sums", f"    return np.square(answers - {truth}).mean()"
    if is_binary:
        return "expit(sums)", (
            "    truth = y_validation.reshape(answers.shape)\n"
            "    right = np.where(truth > 0.5, answers, 1.0 - answers)\n"
            "    return -np.log(np.maximum(right, 1e-7)).mean()"
        )
    return "softmax(sums, axis=1)", (
        "    right = answers[np.arange(len(answers)), y_validation]\n"
        "    return -np.log(np.maximum(right, 1e-7)).mean()"
    )


def _linear(is_number: bool, is_binary: bool, sample_weight: str) -> str:
    """Statements that answer the validation part by a linear model."""
    if is_number:
        return (
            "linear = RidgeCV(np.logspace(-2.0, 4.0, 13)).fit(x_train, y_train.reshape(-1, 1))\n"
            'of_linear = np.asarray(linear.predict(x_validation), "float64").reshape(-1, 1)'
        )
    fitted = f"LogisticRegression(C=0.1, max_iter=300).fit(x_train, y_train{sample_weight})"
    chosen = "[:, 1:]" if is_binary else ""
    return (
        f"linear = {fitted}\n"
        f'of_linear = linear.predict_proba(x_validation){chosen}.astype("float64")'
    )
