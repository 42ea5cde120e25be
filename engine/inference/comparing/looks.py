"""What looking early costs: how sure each look must be, so that all of them together keep 5 %.

Whoever looks after each further seed, and stops when something is decided, has many chances to be
wrong. The level is therefore spent over the looks (Lan and DeMets 1983, Biometrika 70:659): by k
seeds of each side no more of it than 1 - 2 / k, and so never all of it, however long one goes on.
What that leaves for each look is worked out along the sums that go on (Armitage, McPherson and Rowe
1969, JRSS A 132:235). Their steps are taken to be independent, which is the worst case: what all
seeds share, such as the test examples, makes looks more alike. At small numbers of seeds the same
level is taken with Student's quantiles (Jennison and Turnbull 2000, section 11.4).

The price: intervals are about 1.3 times as wide as those of someone who looks once.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

FIRST_LOOK = 3
"""Seeds of each side before anything is decided: of two, the spread is not known."""
_MOST = 300
"""Later looks are counted as if each were alone, which is valid and dearer."""
_N_NODES = 256


def spent(n_seeds: int, alpha: float) -> float:
    """How much of the level may have been spent by so many seeds of each side."""
    return alpha * (1.0 - 2.0 / n_seeds) if n_seeds >= FIRST_LOOK else 0.0


def level_at(n_seeds: int, alpha: float) -> float:
    """The two-sided level of the look at so many seeds of each side.

    Args:
        n_seeds: From 1; below `FIRST_LOOK` the level is 0: nothing is decided.
        alpha: Of all looks together, however many.
    """
    if n_seeds < FIRST_LOOK:
        return 0.0
    if n_seeds > _MOST:
        return spent(n_seeds, alpha) - spent(n_seeds - 1, alpha)
    return _Looks.of(alpha).until(n_seeds)


class _Looks:
    """The looks one after another; each needs those before it."""

    def __init__(self, alpha: float) -> None:
        self._alpha = alpha
        self._levels: list[float] = []
        self._sums = self._density = np.zeros(0)  # of what has not been decided yet
        self._nodes, self._weights = np.polynomial.legendre.leggauss(_N_NODES)

    @staticmethod
    @lru_cache(maxsize=32)
    def of(alpha: float) -> _Looks:
        return _Looks(alpha)

    def until(self, n_seeds: int) -> float:
        while len(self._levels) <= n_seeds - FIRST_LOOK:
            self._levels.append(self._next(FIRST_LOOK + len(self._levels)))
        return self._levels[n_seeds - FIRST_LOOK]

    def _next(self, n: int) -> float:
        from scipy.optimize import brentq
        from scipy.special import ndtr, ndtri

        more = spent(n, self._alpha) - spent(n - 1, self._alpha)
        if n == FIRST_LOOK:
            end = -float(ndtri(more / 2)) * np.sqrt(n)
        else:

            def beyond(end: float) -> float:
                out = ndtr(-end - self._sums) + ndtr(self._sums - end)
                return float(self._density @ out) - more

            end = float(brentq(beyond, 0.0, 10.0 * np.sqrt(n)))
        sums = end * self._nodes
        if n == FIRST_LOOK:
            density = _normal(sums / np.sqrt(n)) / np.sqrt(n)
        else:
            density = _normal(sums[:, np.newaxis] - self._sums) @ self._density
        self._sums, self._density = sums, density * end * self._weights
        return 2.0 * float(ndtr(-end / np.sqrt(n)))


def _normal(z: Floats) -> Floats:
    return np.asarray(np.exp(-z * z / 2) / np.sqrt(2 * np.pi))
