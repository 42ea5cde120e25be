"""One number for each example, such as its loss, made a stretch of examples at a time.

A million examples of a hundred labels are held once; what is made of them need not be held as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.datasets.base import AnyArray

Floats = npt.NDArray[np.float64]

TINY = 1e-12
"""No probability is taken for less, so that its logarithm is a number."""
_STRETCH_VALUES = 2_000_000
_MOST_VALUES = 3_000_000


def stretches(n: int, width: int) -> Iterator[slice]:
    """Divides n examples of so many numbers into stretches that may be held several times."""
    step = max(1, _STRETCH_VALUES // max(1, width))
    for start in range(0, n, step):
        yield slice(start, start + step)


def evenly(n: int, n_columns: int) -> AnyArray:
    """Places of as many of n examples as areas of so many columns may take, drawn evenly, (m,)."""
    most = max(1_000, _MOST_VALUES // max(1, n_columns))
    if n <= most:
        return np.arange(n)
    return np.unique(np.linspace(0, n - 1, most).astype(np.int64))


def of_each(n: int, width: int, number_of: Callable[[slice], Any]) -> Floats:
    """What a function makes of stretches of n examples of so many numbers, (n,)."""
    found = np.zeros(n)
    for some in stretches(n, width):
        found[some] = number_of(some)
    return found


def label_losses(truth: AnyArray, outputs: AnyArray) -> Floats:
    """The mean binary cross-entropy, in nats, of each example's labels, (n,)."""

    def entropies(some: slice) -> AnyArray:
        p = np.clip(outputs[some].astype(np.float64), TINY, 1 - TINY)
        each = -np.where(truth[some] > 0, np.log(p), np.log1p(-p))
        return np.asarray(each.mean(axis=1))

    return of_each(len(outputs), outputs.shape[1], entropies)


def number_losses(truth: AnyArray, outputs: AnyArray) -> Floats:
    """The absolute error, (n,); of several numbers their mean, each in units of its spread."""
    n, n_values = outputs.shape
    spread = np.ones(n_values)
    if n_values > 1:
        found = np.array([truth[:, value].std() for value in range(n_values)])
        spread = np.where(found > 0, found, 1.0)
    return of_each(
        n, n_values, lambda some: (np.abs(outputs[some] - truth[some]) / spread).mean(axis=1)
    )


def text_losses(truth: AnyArray, outputs: AnyArray) -> Floats:
    """Edits for each character of the true text, (n,)."""
    from engine.inference.evaluation.evaluation import edit_distance

    shares = [
        0.0 if known == found else edit_distance(str(known), str(found)) / max(1, len(str(known)))
        for known, found in zip(truth, outputs, strict=True)
    ]
    return np.array(shares, np.float64)
