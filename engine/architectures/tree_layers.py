"""Decision trees as layers of Keras, to be grown from data before a training begins.

Each question a tree asks, "is this feature at most that?", is answered for all trees at once; a
leaf is reached where all answers on the way to it are the right ones, which is a product with a
matrix of ways (Nakandala et al. 2020, "A Tensor Compiler for Unified Machine Learning Prediction
Serving", where the strategy is called GEMM). Training changes none of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from engine.datasets.base import AnyArray
from engine.preprocessing.scaling import FloatArray

if TYPE_CHECKING:
    import keras

_COLUMNS, _BOUNDS, _WAYS, _LEAVES = (
    f"{what}_of_trees" for what in ("columns", "bounds", "ways", "leaves")
)


@dataclass(frozen=True)
class Tree:
    """A tree that was grown; questions are numbered as they come, the first is asked first.

    Attributes:
        columns: Feature that each question is about, (questions,).
        bounds: It is answered with yes up to this, (questions,).
        ways: What was answered on the way to each leaf, (questions, leaves): 1 for yes, -1 for no,
            0 where it was not asked.
        leaves: What each leaf adds to each output, (leaves, outputs).
    """

    columns: npt.NDArray[np.int64]
    bounds: FloatArray
    ways: FloatArray
    leaves: FloatArray


def ways_to_leaves(
    left: AnyArray, right: AnyArray, asked: AnyArray
) -> tuple[list[int], FloatArray]:
    """What is answered on the way to each leaf of a binary tree.

    Args:
        left, right: Node that follows on each node after yes and after no, (nodes,); the first
            node is the first question.
        asked: Nodes that are questions, in the order they get, (questions,).

    Returns:
        The leaves' nodes, and the ways as `Tree` has them.
    """
    question = {int(node): place for place, node in enumerate(asked)}
    leaves, ways = [], []
    waiting = [(0, np.zeros(len(asked)))]
    while waiting:
        node, way = waiting.pop()
        if node not in question:
            leaves.append(node)
            ways.append(way)
            continue
        for following, answer in ((left, 1.0), (right, -1.0)):
            further = way.copy()
            further[question[node]] = answer
            waiting.append((int(following[node]), further))
    return leaves, np.stack(ways, axis=1)


def tree_sums(
    features: keras.KerasTensor,
    one: keras.KerasTensor,
    n_trees: int,
    n_leaves: int,
    n_outputs: int,
) -> keras.KerasTensor:
    """What trees add up to, (batch, outputs): 0 until `plant` has set them.

    Args:
        features: (batch, features), as the trees were grown on.
        one: (1, 1), of ones: what is held hangs on no input.
        n_trees: How many there may be.
        n_leaves: Of each, at most.
        n_outputs: Numbers that each leaf holds.
    """
    import keras
    from keras import ops

    n_questions = n_leaves - 1
    columns, bounds = (_held(n_trees * n_questions, name)(one) for name in (_COLUMNS, _BOUNDS))
    # The same for every row: `take_along_axis`, to which each could have its own, takes five times
    # as long.
    places = ops.cast(ops.max(columns, axis=0), "int32")
    asked = ops.take(features, places, axis=1)
    # 1 for yes, -1 for no, which every precision holds exactly.
    answers = ops.cast(ops.less_equal(asked, bounds), "float32") * 2.0 - 1.0
    by_tree = keras.layers.Reshape((n_trees, n_questions), name="answers_by_tree")(answers)
    # The number of right answers, less what is wanted, plus 1: of a leaf that is not reached at
    # most -1.
    ways = keras.layers.EinsumDense(
        "btq,tql->btl",
        (n_trees, n_leaves),
        activation="relu",
        bias_axes="tl",
        kernel_initializer="zeros",
        bias_initializer=keras.initializers.Constant(-1.0),
        trainable=False,
        dtype="float32",
        name=_WAYS,
    )(by_tree)
    return keras.layers.EinsumDense(
        "btl,tlo->bo",
        (n_outputs,),
        bias_axes="o",
        kernel_initializer="zeros",
        trainable=False,
        dtype="float32",
        name=_LEAVES,
    )(ways)


def _held(size: int, name: str) -> keras.layers.Layer:
    """Numbers that hang on no input: (batch, size) of (batch, 1).

    They are its bias: a product would round them where matrices are multiplied in less than single
    precision, as graphics cards do, and another column would be asked about.
    """
    import keras

    return keras.layers.EinsumDense(
        "bo,on->bn",
        (size,),
        bias_axes="n",
        kernel_initializer="zeros",
        trainable=False,
        dtype="float32",
        name=name,
    )


def plant(network: keras.Model, trees: Sequence[Tree], base: FloatArray) -> None:
    """Sets the trees of a network.

    Args:
        network: With what `tree_sums` made, on float32 features.
        trees: As many as there is room for, at most.
        base: What is added to their sums, (outputs,).
    """
    n_trees, n_questions, n_leaves = network.get_layer(_WAYS).kernel.shape
    columns = np.zeros((n_trees, n_questions), np.float32)
    bounds = np.zeros_like(columns)
    ways = np.zeros((n_trees, n_questions, n_leaves), np.float32)
    wanted = np.full((n_trees, n_leaves), 2.0, np.float32)
    leaves = np.zeros((n_trees, n_leaves, len(base)), np.float32)
    for place, tree in enumerate(trees):
        asked, reached = tree.ways.shape
        columns[place, :asked] = tree.columns
        bounds[place, :asked] = _at_most(tree.bounds)
        ways[place, :asked, :reached] = tree.ways
        wanted[place, :reached] = np.abs(tree.ways).sum(axis=0)
        leaves[place, :reached] = tree.leaves
    for name, numbers in ((_COLUMNS, columns), (_BOUNDS, bounds)):
        network.get_layer(name).set_weights([np.zeros((1, numbers.size)), numbers.reshape(-1)])
    network.get_layer(_WAYS).set_weights([ways, 1.0 - wanted])
    network.get_layer(_LEAVES).set_weights([leaves, np.asarray(base, np.float32)])


def _at_most(bounds: FloatArray) -> npt.NDArray[np.float32]:
    """The largest numbers of single precision that are not above these: the same rows are below."""
    rounded = bounds.astype(np.float32)
    below = np.nextafter(rounded, np.float32(-np.inf))
    return np.where(rounded > bounds, below, rounded)
