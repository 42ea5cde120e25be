"""Permutation importance: how much worse a model is where a column says nothing any more."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from engine.datasets.base import AnyArray, Progress
from engine.events.explaining import ColumnImportance
from engine.preprocessing.scaling import FloatArray

N_REPEATS = 10
_N_RESAMPLES = 1_000
_SEED = 20

Losses = Callable[[AnyArray], FloatArray]


def permutation_importance(
    losses: Losses,
    x: AnyArray,
    columns: Sequence[tuple[str, tuple[int, ...]]],
    groups: npt.NDArray[np.int64] | None,
    progress: Progress,
    n_repeats: int = N_REPEATS,
) -> tuple[ColumnImportance, ...]:
    """Shuffles each column among the examples, and counts what is lost.

    Breiman 2001, "Random Forests"; model-agnostic as Fisher, Rudin and Dominici 2019,
    https://arxiv.org/abs/1801.01489. Intervals by a bootstrap of the examples, or of their groups,
    over what each loses in the mean of all shufflings.

    Args:
        losses: What is lost of each example, (n,), of rows.
        x: Rows, (n, …, columns): tables (n, columns), series (n, steps, channels).
        columns: Names, and their places on the last axis; those of one name are moved together.
        groups: Of each example, where a split keeps groups together, (n,); else None.
        progress: Told how far it is.
        n_repeats: How often each column is shuffled.

    Returns:
        The most important first.

    Raises:
        Cancelled: Someone asked to stop.
    """
    rng = np.random.default_rng(_SEED)
    before = losses(x)
    lost = np.zeros((len(x), len(columns)))
    for number, (_, places) in enumerate(columns):
        progress("Shuffling columns", number, len(columns))
        for _ in range(n_repeats):
            shuffled = np.array(x)
            order = rng.permutation(len(x))
            shuffled[..., list(places)] = x[order][..., list(places)]
            lost[:, number] += (losses(shuffled) - before) / n_repeats
    low, high = _intervals(lost, groups, rng)
    means = lost.mean(axis=0)
    found = [
        ColumnImportance(name, float(means[place]), (float(low[place]), float(high[place])))
        for place, (name, _) in enumerate(columns)
    ]
    return tuple(sorted(found, key=lambda item: -item.value))


def _intervals(
    lost: FloatArray, groups: npt.NDArray[np.int64] | None, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """95 % of the mean of each column, (columns,) each, of losses (n, columns)."""
    sizes = np.ones(len(lost))
    if groups is not None:
        _, of = np.unique(groups, return_inverse=True)
        sums = np.zeros((int(of.max()) + 1, lost.shape[1]))
        np.add.at(sums, of, lost)
        lost, sizes = sums, np.bincount(of).astype(np.float64)
    n = len(lost)
    drawn = rng.multinomial(n, np.full(n, 1 / n), size=_N_RESAMPLES).astype(np.float64)
    means = (drawn @ lost) / (drawn @ sizes)[:, None]
    low, high = np.quantile(means, [0.025, 0.975], axis=0)
    return np.asarray(low), np.asarray(high)
