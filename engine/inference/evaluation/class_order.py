"""An order of classes in which those that are confused stand together."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

MOST_BY_LEAVES = 200
"""With more classes the best order of a tree takes too long."""


def confusion_of(
    truth: npt.NDArray[np.int64], predicted: npt.NDArray[np.int64], n_classes: int
) -> npt.NDArray[np.int64]:
    """Counts, (true class, predicted class)."""
    codes = truth * n_classes + predicted
    return np.bincount(codes, minlength=n_classes**2).reshape(n_classes, n_classes)


def class_order(confusion: npt.NDArray[np.int64]) -> list[int]:
    """Returns the classes in an order that puts what is confused together.

    The leaves of an average-linkage tree over how rarely two are confused, in their optimal order
    (Bar-Joseph et al. 2001, Bioinformatics 17:S22). With more than 200 classes the tree's own
    order. Classes that nothing is confused with keep their order, at the end.

    Args:
        confusion: Counts, (true class, predicted class).
    """
    n_classes = len(confusion)
    supports = np.maximum(confusion.sum(axis=1), 1)
    rates = confusion / supports[:, np.newaxis]
    alike = (rates + rates.T) / 2
    np.fill_diagonal(alike, 0.0)
    is_confused = alike.sum(axis=1) > 0
    confused = np.flatnonzero(is_confused)
    if len(confused) < 3:
        return [*confused.tolist(), *np.flatnonzero(~is_confused).tolist()][:n_classes]
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    # Roots spread what is rare: else most pairs would be as far apart as can be.
    near = np.sqrt(alike[np.ix_(confused, confused)])
    distances = 1.0 - near / near.max()
    np.fill_diagonal(distances, 0.0)
    tree = linkage(
        squareform(distances, checks=False),
        "average",
        optimal_ordering=len(confused) <= MOST_BY_LEAVES,
    )
    leaves = confused[leaves_list(tree)]
    return [*leaves.tolist(), *np.flatnonzero(~is_confused).tolist()]
