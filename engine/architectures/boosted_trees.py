"""Boosted trees beside a network: grown before the training begins, and weighed by what they know.

What a table asks for is often a step here and a corner there, which trees find at once and small
networks late (Grinsztajn, Oyallon and Varoquaux 2022, "Why do tree-based models still outperform
deep learning on typical tabular data?"); the mean of both errs less than either.
"""

from __future__ import annotations

import logging
import warnings
from typing import TYPE_CHECKING

import numpy as np

from engine.architectures.grown_trees import (
    MOST_LEAVES,
    Answer,
    Grown,
    Rows,
    grow,
    linear_answers,
)
from engine.architectures.known_examples import KnownExamples
from engine.architectures.tree_layers import plant, tree_sums

if TYPE_CHECKING:
    import keras

logger = logging.getLogger(__name__)

# Trees in all, and outputs: of more, there would be too few for each. Of many features fewer are
# grown, in the same seconds.
_MOST_TREES, _MOST_OUTPUTS, _MOST_TREES_TIMES_FEATURES = 240, 8, 300_000
# Fewer examples say too little of how many trees are good, and how much they should count.
_FEWEST_ROWS, FEWEST_HELD_OUT = 100, 20
_HELD_OUT_EVERY = 6
SHARES = np.linspace(0.0, 0.5, 21)
SHARE, _SUMS = "share_of_trees", "sums_of_trees"
# Examples that layers and scikit-learn are both asked about, and how far apart they may be: leaves
# that graphics cards round are less, a wrong answer is more.
_COMPARED, _MOST_APART = 200, 1e-2


def rounds_of(asked: int, n_features: int, n_outputs: int) -> int:
    """Trees that each output gets where so many are asked for; 0: none."""
    most = min(_MOST_TREES, _MOST_TREES_TIMES_FEATURES // n_features)
    return 0 if n_outputs > _MOST_OUTPUTS else min(asked, most // n_outputs)


def with_trees(
    features: keras.KerasTensor, rounds: int, n_outputs: int
) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """Trees beside a network, which count nothing until `start_trees` has grown them.

    Args:
        features: (batch, features), as the network receives them.
        rounds: Trees of each output, above 0.
        n_outputs: Of the network.

    Returns:
        Their sums before an activation, (batch, outputs), and the share they have in the answer,
        (1, 1).
    """
    import keras
    from keras import ops

    one = ops.ones_like(features[:1, :1])
    sums = tree_sums(features, one, rounds * n_outputs, MOST_LEAVES, n_outputs)
    share = keras.layers.Dense(
        1,
        use_bias=False,
        kernel_initializer="zeros",
        trainable=False,
        dtype="float32",
        name=SHARE,
    )
    return keras.layers.Identity(name=_SUMS)(sums), share(one)


def start_trees(network: keras.Model, rounds: int, answer: Answer, known: KnownExamples) -> None:
    """Grows the trees of a network, and weighs them.

    Of each output, as many rounds are kept as the held-out examples are best answered with. The
    share of the trees is what they would have, at most a half, beside a linear model of the same
    features: where that says it all, trees would only add steps to a straight line. What is held
    out is the validation part, and where that is too small, some of the training part, with which
    the trees are then grown once more.

    Args:
        network: Its layers include what `with_trees` made.
        rounds: As given there.
        answer: What the network answers.
        known: The data. Of numbers whose loss is not the squared error nothing is grown: it is
            what trees are grown by.
    """
    from threadpoolctl import threadpool_limits

    if answer.activation == "linear" and known.loss != "mean_squared_error":
        return
    train = Rows.of(known.train, known.train_weights)
    learnt, held_out = train, Rows.of(known.validation)
    if len(held_out) < FEWEST_HELD_OUT:
        is_held_out = np.arange(len(train)) % _HELD_OUT_EVERY == 0
        learnt, held_out = train.at(~is_held_out), train.at(is_held_out)
    if len(learnt) < _FEWEST_ROWS:
        return
    # Threads of OpenMP wait for each other by spinning: beside another program, for minutes.
    with threadpool_limits(1, user_api="openmp"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a linear model that has not converged is good enough
        try:
            grown = grow(answer, learnt, held_out, rounds)
            share = _share(grown, learnt, held_out) if grown else 0.0
            if grown and share and learnt is not train:
                grown = grown.again(train)
        except (ValueError, np.linalg.LinAlgError) as error:  # such as numbers near the largest
            logger.warning("Boosted trees do not count: %s", error)
            return
    if grown and share:
        _set(network, grown, share, train.x[:_COMPARED])


def _share(grown: Grown, learnt: Rows, held_out: Rows) -> float:
    """How much trees should count beside a linear model, for what neither has seen."""
    answer = grown.answer
    of_trees = answer.of(grown.sums(held_out.x))
    of_linear = linear_answers(answer, learnt, held_out.x)
    losses = [
        answer.loss((1.0 - share) * of_linear + share * of_trees, held_out.y) for share in SHARES
    ]
    return float(SHARES[int(np.argmin(losses))])


def _set(network: keras.Model, grown: Grown, share: float, x: np.ndarray) -> None:
    """Gives the layers what was grown, if they then say the same."""
    import keras

    plant(network, list(grown.trees()), grown.base)
    said = keras.Model(network.input, network.get_layer(_SUMS).output)(x, training=False)
    apart = np.abs(np.asarray(said, np.float64) - grown.sums(x)).max()
    if apart > _MOST_APART:
        logger.warning("Boosted trees do not count: their layers differ by %g.", apart)
        return
    network.get_layer(SHARE).set_weights([np.full((1, 1), share, np.float32)])
