"""An isolation forest beside prototypes, grown before the training begins.

Random questions part rows that are far out from the others early (Liu, Ting and Zhou 2008,
"Isolation Forest"). That is another measure than a distance from prototypes, so that the sum of
both is wrong less often. scikit-learn grows it.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.architectures.grown_trees import Rows
from engine.architectures.known_examples import KnownExamples
from engine.architectures.tree_layers import Tree, plant, tree_sums, ways_to_leaves
from engine.datasets.base import AnyArray
from engine.preprocessing.scaling import FloatArray

if TYPE_CHECKING:
    import keras

logger = logging.getLogger(__name__)

# Rows that each tree parts from each other, at most; so it has as many leaves.
_ROWS = 64
# Numbers that all leaves hold together: one for each feature.
_MOST_NUMBERS = 1 << 21
_FEWEST_TREES, _FEWEST_ROWS = 16, 32
# How far the middle half of its scores reaches, beside that of the distances from one prototype.
_WEIGHT = 0.5
_FARTHEST = 50.0
_EULER = 0.5772156649015329


def trees_for(asked: int, n_features: int) -> int:
    """Trees where so many are asked for; 0: none, since many columns leave room for too few."""
    most = min(asked, _MOST_NUMBERS // (_ROWS * n_features))
    return most if most >= min(asked, _FEWEST_TREES) else 0


def with_isolation(features: keras.KerasTensor, n_trees: int) -> keras.KerasTensor:
    """How early rows are isolated by questions about each feature, (batch, features).

    It is 0 until `start_isolation` has grown the trees.
    """
    from keras import ops

    one = ops.ones_like(features[:1, :1])
    return tree_sums(features, one, n_trees, _ROWS, features.shape[-1])


def start_isolation(network: keras.Model, n_trees: int, known: KnownExamples) -> None:
    """Grows the trees of a network.

    A leaf is worth the more the fewer questions lead to it, and its worth is shared evenly by the
    features that these were about. So the score stays a sum over features.

    Args:
        network: Its layers include what `with_isolation` made.
        n_trees: As given there.
        known: The data, mostly usual.
    """
    from sklearn.ensemble import IsolationForest

    x = Rows.of(known.train).x
    if len(x) < _FEWEST_ROWS:
        return
    n_rows, n_features = min(_ROWS, len(x)), x.shape[1]
    forest = IsolationForest(n_estimators=n_trees, max_samples=n_rows, random_state=0)
    try:
        forest.fit(x)
    except ValueError as error:  # numbers near the largest
        logger.warning("Isolation trees add nothing: %s", error)
        return
    grown = [each.tree_ for each in forest.estimators_]
    worths = [_worths(tree) for tree in grown]
    sums = sum(worth[tree.apply(x)] for tree, worth in zip(grown, worths, strict=True))
    spread, usual = _middle_half(np.asarray(sums)), _usual_spread(x)
    if not spread > 0.0 or not usual > 0.0:  # rows that are all the same, or hardly differ
        return
    # Times the number of features, of whose differences the score is the mean.
    scale = _WEIGHT * usual / spread * n_features
    trees = [
        _tree(tree, worth * scale, n_features) for tree, worth in zip(grown, worths, strict=True)
    ]
    plant(network, trees, np.zeros(n_features))


def _worths(tree: Any) -> FloatArray:
    """Questions that each node of a tree lacks to the most there are, (nodes,).

    To those that lead to a leaf come as many as would part its rows from each other, on average.
    """
    depth = np.zeros(tree.node_count)
    for node in range(tree.node_count):  # parents come before their children
        for child in (tree.children_left[node], tree.children_right[node]):
            if child >= 0:
                depth[child] = depth[node] + 1
    n = np.maximum(tree.n_node_samples.astype(np.float64), 2.0)
    further = 2.0 * (np.log(np.maximum(n - 1.0, 1.0)) + _EULER) - 2.0 * (n - 1.0) / n
    lengths = depth + np.where(tree.n_node_samples > 2, further, tree.n_node_samples == 2)
    worths: FloatArray = lengths[tree.children_left < 0].max() - lengths
    return worths


def _tree(tree: Any, worths: FloatArray, n_features: int) -> Tree:
    """A tree of scikit-learn's, the worth of its leaves shared by the features on the way."""
    asked = np.flatnonzero(tree.children_left >= 0)
    columns = tree.feature[asked].astype(np.int64)
    nodes, ways = ways_to_leaves(tree.children_left, tree.children_right, asked)
    leaves = np.zeros((len(nodes), n_features))
    for leaf, node in enumerate(nodes):
        on_the_way = columns[ways[:, leaf] != 0]
        counts = np.bincount(on_the_way, minlength=n_features)
        leaves[leaf] = worths[node] * counts / max(1, len(on_the_way))
    return Tree(columns, tree.threshold[asked], ways, leaves)


def _usual_spread(x: AnyArray) -> float:
    """How far distances from one prototype reach, of numbers as they are and pressed."""
    x = np.clip(x.astype(np.float64), -_FARTHEST, _FARTHEST)
    pressed = np.sign(x) * np.log1p(np.abs(x))
    pressed /= np.maximum(pressed.std(axis=0), 0.05)
    spreads = [_middle_half(0.5 * np.square(view).mean(axis=1)) for view in (x, pressed)]
    return float(np.mean(spreads))


def _middle_half(values: FloatArray) -> float:
    low, high = np.percentile(values, (25, 75))
    return float(high - low)
