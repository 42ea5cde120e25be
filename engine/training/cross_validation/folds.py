"""Folds: divides all of the data so that each example is predicted by a model that never saw it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engine.datasets.base import Examples, IndexArray
from engine.spec.signature import Output

N_FOLDS = 5

Folds = npt.NDArray[np.int64]


def fold_of_each(
    examples: Examples, method: str, rows: IndexArray, seed: int, n_folds: int = N_FOLDS
) -> Folds:
    """Which fold holds out each example, (n,).

    Divided as the run was: what stays together there stays together here, so that no neighbour
    in a group or in time gives the label away; else each class is dealt out evenly.

    Args:
        examples: All of the data.
        method: How the run divided it, by the names of `SplitSpec.method`.
        rows: Which of them, (n,).
        seed: Decides who goes where.
        n_folds: How many.
    """
    rng = np.random.default_rng((seed, 0xF01D))
    n_folds = max(2, min(n_folds, len(rows)))
    if method == "group" and examples.groups is not None:
        return _whole_groups(np.asarray(examples.groups)[rows].astype(str), n_folds, rng)
    if method == "time" and examples.order is not None:
        order = np.argsort(np.asarray(examples.order)[rows], kind="stable")
        blocks = np.empty(len(rows), np.int64)
        blocks[order] = np.arange(len(rows)) * n_folds // len(rows)
        return blocks
    order = rng.permutation(len(rows))
    if examples.has_classes or examples.output is Output.CLASSES:
        # Dealt class by class: each has its share in every fold, however few there are.
        order = order[np.argsort(np.asarray(examples.y)[rows][order], kind="stable")]
    folds = np.empty(len(rows), np.int64)
    folds[order] = np.arange(len(rows)) % n_folds
    return folds


def _whole_groups(groups: npt.NDArray[np.str_], n_folds: int, rng: np.random.Generator) -> Folds:
    """The largest group first, each to the fold that has fewest examples."""
    _, member, counts = np.unique(groups, return_inverse=True, return_counts=True)
    if len(counts) < 2:
        return np.arange(len(groups), dtype=np.int64) % n_folds
    drawn = rng.permutation(len(counts))
    drawn = drawn[np.argsort(-counts[drawn], kind="stable")]
    sizes = np.zeros(n_folds, np.int64)
    fold_of_group = np.empty(len(counts), np.int64)
    for group in drawn:
        fold_of_group[group] = sizes.argmin()
        sizes[sizes.argmin()] += counts[group]
    return fold_of_group[member]
