"""What looking early costs: how sure each look must be, so that all of them together keep 5 %.

Whoever looks after each further seed, and stops when something is decided, has many chances to be
wrong. The level is therefore spent over the looks (Lan and DeMets 1983, Biometrika 70:659): by k
seeds of each side no more of it than 1 - 2 / k, and so never all of it, however long one goes on.
What that leaves for each look is worked out along the sums that go on (Armitage, McPherson and Rowe
1969, JRSS A 132:235). What all seeds share, such as the test examples, makes looks more alike, and
each of them less dear. At small numbers of seeds the same level is taken with Student's quantiles
(Jennison and Turnbull 2000, section 11.4).

The price: after 3 to 10 seeds intervals are 1.2 to 1.4 times as wide as those of someone who looks
once, where seeds share nothing; where they share most of the noise, 1.1 to 1.2 times.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

FIRST_LOOK = 3
"""Seeds of each side before anything is decided: of two, the spread is not known."""
_MOST = 200
"""Later looks are counted as if each were alone, which is valid and dearer."""
_N_CELLS = 4001
_FARTHEST = 6.0  # standard deviations; odd numbers of cells, so that one is in the middle
_RATIOS = (0.0, *(2.0**power for power in range(-6, 3)))


def spent(n_seeds: int, alpha: float) -> float:
    """How much of the level may have been spent by so many seeds of each side."""
    return alpha * (1.0 - 2.0 / n_seeds) if n_seeds >= FIRST_LOOK else 0.0


def level_at(n_seeds: int, alpha: float, ratio: float = 0.0) -> float:
    """The two-sided level of the look at so many seeds of each side.

    Args:
        n_seeds: From 1; below `FIRST_LOOK` the level is 0: nothing is decided.
        alpha: Of all looks together, however many.
        ratio: Variance that all seeds share, in units of what one seed of each side adds. It is
            rounded down, which is on the safe side.
    """
    if n_seeds < FIRST_LOOK:
        return 0.0
    if n_seeds > _MOST:
        return spent(n_seeds, alpha) - spent(n_seeds - 1, alpha)
    known = max(it for it in _RATIOS if it <= max(0.0, ratio))
    return _levels(alpha, known)[n_seeds - FIRST_LOOK]


@lru_cache(maxsize=64)
def _levels(alpha: float, ratio: float) -> tuple[float, ...]:
    """Levels of the looks from the first to `_MOST`.

    The estimate after k seeds, over its variance, is a sum of independent steps whose variance
    after k seeds is the information 1 / (ratio + 1 / k) (Jennison and Turnbull 2000, section 3.1).
    """
    from scipy.signal import fftconvolve
    from scipy.special import ndtr

    seeds = np.arange(FIRST_LOOK, _MOST + 1)
    times = 1.0 / (ratio + 1.0 / seeds)
    ends = _FARTHEST * np.sqrt(times[-1]) * np.linspace(-1.0, 1.0, _N_CELLS + 1)
    width = ends[1] - ends[0]
    mass, before, found = np.zeros(_N_CELLS), 0.0, []
    mass[_N_CELLS // 2] = 1.0  # all begin in the middle
    for n_seeds, time in zip(seeds.tolist(), times.tolist(), strict=True):
        step = np.diff(ndtr(ends / np.sqrt(time - before)))
        mass = np.clip(fftconvolve(mass, step, mode="same"), 0.0, None)
        more = spent(n_seeds, alpha) - spent(n_seeds - 1, alpha)
        # One tail; the other is its mirror image.
        tail = np.cumsum(mass[::-1])
        n_out = int(np.searchsorted(tail, more / 2))
        part = (more / 2 - (tail[n_out - 1] if n_out else 0.0)) / mass[::-1][n_out]
        bound = ends[-1] - (n_out + part) * width
        found.append(2.0 * float(ndtr(-bound / np.sqrt(time))))
        inside = np.ones(_N_CELLS)
        inside[:n_out] = inside[_N_CELLS - n_out :] = 0.0
        inside[[n_out, -1 - n_out]] = 1.0 - part
        mass, before = mass * inside, time
    return tuple(found)
