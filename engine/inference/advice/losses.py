"""StepLosses: the loss of every step of a run, in memory that does not grow with the steps."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

MOST_WINDOWS = 2_048
N_LAST = 64


class StepLosses:
    """Means over windows of steps, the first loss, and the last ones as they are.

    When there are too many windows, each two become one.

    Attributes:
        n: Steps in all.
        first: The loss of the first step; NaN: not known, such as of a run that goes on.
        last: The last ones, oldest first, at most 64.
        width: Steps in a window.

    Args:
        is_begun: Steps were done before those that are told.
    """

    def __init__(self, is_begun: bool = False) -> None:
        self.n = 0
        self.first = float("nan")
        self.last: Floats = np.zeros(0)
        self.width = 1
        self._is_begun = is_begun
        self._means: list[Floats] = []
        self._rest: Floats = np.zeros(0)
        self._n_windows = 0

    @classmethod
    def of(cls, values: npt.NDArray[np.floating]) -> StepLosses:
        """Those of a whole run, (steps,)."""
        found = cls()
        found.append(values)
        return found

    def append(self, values: npt.NDArray[np.floating]) -> None:
        """Adds the losses of a chunk of steps, (steps,)."""
        new = np.asarray(values, np.float64)
        if not self.n and len(new) and not self._is_begun:
            self.first = float(new[0])
        self.n += len(new)
        self.last = np.concatenate([self.last, new])[-N_LAST:]
        self._rest = np.concatenate([self._rest, new])
        self._take(len(self._rest) // self.width)
        while self._n_windows > MOST_WINDOWS:
            self._halve()

    def windows(self, size: int) -> Floats:
        """Means over at least `size` steps each, in order; what is left over is not told."""
        means = self._joined()
        per = max(1, -(-size // self.width))
        n = len(means) // per
        with np.errstate(all="ignore"):
            return np.asarray(means[: n * per].reshape(n, per).mean(axis=1))

    def _take(self, n: int) -> None:
        if not n:
            return
        whole, self._rest = np.split(self._rest, [n * self.width])
        with np.errstate(all="ignore"):
            self._means.append(whole.reshape(n, self.width).mean(axis=1))
        self._n_windows += n

    def _halve(self) -> None:
        means = self._joined()
        n = len(means) // 2
        if len(means) % 2:  # the odd one waits for its neighbour
            self._rest = np.concatenate([np.full(self.width, means[-1]), self._rest])
        with np.errstate(all="ignore"):
            self._means = [means[: 2 * n].reshape(n, 2).mean(axis=1)]
        self._n_windows = n
        self.width *= 2
        self._take(len(self._rest) // self.width)

    def _joined(self) -> Floats:
        if len(self._means) > 1:
            self._means = [np.concatenate(self._means)]
        return self._means[0] if self._means else np.zeros(0)
