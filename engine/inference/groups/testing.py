"""Is a model surely worse in a group than elsewhere? Tests, and their correction for many."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.datasets.base import AnyArray

Floats = npt.NDArray[np.float64]

MIN_RATIO = 1.2
"""What is less than a fifth worse than elsewhere is not worth naming, however sure it is."""
MIN_DIFFERENCE = 0.02
"""Likewise of shares that are wrong."""
MIN_CLASS_DIFFERENCE = 0.1
"""Classes differ in how hard they are, and a table of them stands elsewhere: named is what stands
out."""
_FEWEST_CLUSTERS = 5


@dataclass(frozen=True, eq=False)
class Errors:
    """How wrong a model is about each example.

    Attributes:
        values: Large where it is more wrong; 0 and 1 where it is right or wrong, (n,).
        clusters: Which examples belong together and are no independent witnesses, (n,); None:
            all are.
    """

    values: Floats
    clusters: npt.NDArray[np.int64] | None = None

    @property
    def is_share(self) -> bool:
        """Right or wrong is all that is known."""
        return bool(np.isin(self.values, (0.0, 1.0)).all())

    def without(self, is_out: npt.NDArray[np.bool_]) -> Errors:
        """Those of the other examples."""
        clusters = self.clusters
        return Errors(self.values[~is_out], None if clusters is None else clusters[~is_out])


class Test:
    """Tests one group after another against all other examples, one-sided.

    Right or wrong by Fisher's exact test, amounts by ranks (Mann and Whitney 1947), so that a few
    huge errors decide nothing. Of examples that belong together, by the difference of means with
    errors that allow for it (Liang and Zeger 1986).

    Args:
        errors: Of all examples.
    """

    __test__ = False  # for pytest, which takes it for one of its own

    def __init__(self, errors: Errors) -> None:
        from scipy.stats import rankdata

        self._errors = errors
        self._is_share = errors.is_share
        self._scores = errors.values if self._is_share else rankdata(errors.values)
        self._total = float(errors.values.sum())
        counts = np.unique(errors.values, return_counts=True)[1].astype(np.float64)
        n = len(errors.values)
        # How much ties take from the spread of a sum of ranks.
        self._untied = 1.0 - float((counts**3 - counts).sum()) / max(1.0, float(n) ** 3 - n)

    def is_worse(self, places: AnyArray, difference: float = MIN_DIFFERENCE) -> bool:
        """Whether it is by so much worse there that somebody may want to know.

        Args:
            places: Who belongs to the group.
            difference: Of shares that are wrong, how much larger it must be there.
        """
        values = self._errors.values
        n, inside = len(places), float(values[places].sum())
        if n == 0 or n == len(values):
            return False
        here, elsewhere = inside / n, (self._total - inside) / (len(values) - n)
        if self._is_share and here - elsewhere < difference:
            return False
        return here >= MIN_RATIO * elsewhere and here > elsewhere

    def log_p(self, places: AnyArray) -> float:
        """Natural logarithm of the p-value that it is no worse in a group."""
        n, n_all = len(places), len(self._errors.values)
        if n == 0 or n == n_all:
            return 0.0
        if self._errors.clusters is not None:
            return self._log_p_of_clusters(places, self._errors.clusters)
        if self._is_share:
            from scipy.stats import hypergeom

            hits = self._scores[places].sum()
            return min(0.0, float(hypergeom.logsf(hits - 1, n_all, self._total, n)))
        from scipy.special import log_ndtr

        mean = n * (n_all + 1) / 2
        variance = n * (n_all - n) * (n_all + 1) / 12 * self._untied
        if variance <= 0:
            return 0.0
        return float(log_ndtr(-(self._scores[places].sum() - mean - 0.5) / np.sqrt(variance)))

    def _log_p_of_clusters(self, places: AnyArray, clusters: AnyArray) -> float:
        from scipy.stats import t

        inside = np.zeros(len(self._scores), bool)
        inside[places] = True
        n_in, n_out = inside.sum(), (~inside).sum()
        scores = self._scores
        here, elsewhere = scores[inside].mean(), scores[~inside].mean()
        pulls = np.where(inside, (scores - here) / n_in, -(scores - elsewhere) / n_out)
        spread = float((np.bincount(clusters, pulls) ** 2).sum())
        n_clusters = min(len(np.unique(clusters[inside])), len(np.unique(clusters[~inside])))
        if n_clusters < _FEWEST_CLUSTERS or spread <= 0:
            return 0.0
        return float(t.logsf((here - elsewhere) / np.sqrt(spread), n_clusters - 1))


def holm(log_p: Floats, n_tried: int) -> Floats:
    """Corrected p-values (Holm 1979): any named at a level is false at most so often, all together.

    Holm's, not Benjamini and Hochberg's: people act on each group that is named, and groups
    overlap in ways that theirs does not allow for.

    Args:
        log_p: Logarithms of p-values, (n,).
        n_tried: How many were tested; at least n.

    Returns:
        Logarithms of the corrected ones, in the same order, 0 at most.
    """
    order = np.argsort(log_p, kind="stable")
    factors = np.log(np.maximum(1, n_tried - np.arange(len(order))))
    rising = np.maximum.accumulate(np.minimum(0.0, log_p[order] + factors))
    corrected = np.zeros(len(order))
    corrected[order] = rising
    return corrected
