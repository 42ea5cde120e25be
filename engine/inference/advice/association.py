"""Association: does what a model says have anything to do with the truth?

A model that has learnt something says other things where the truth is another, even where it is
right no more often than whoever always says the commonest class.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engine.inference.advice.doubt import Floats, z_of
from engine.inference.evaluation.predictions import Predictions

SURE = 2.6
"""Standard errors from which on an association is believed: 1 of 200 that know nothing has more."""


def of_classes(part: Predictions, blocks: npt.NDArray[np.int64]) -> float:
    """Standard errors by which the probability of the true class is above that of a stranger's.

    Under independence of truth and prediction the expected probability of the true class is that
    which it gets on average over all examples.
    """
    outputs = np.nan_to_num(part.outputs.astype(np.float64))
    n, n_classes = outputs.shape
    shares = np.bincount(part.truth, minlength=n_classes)[:n_classes] / n
    own = outputs[np.arange(n), part.truth]
    return z_of(own - outputs @ shares, blocks)


def of_labels(part: Predictions, blocks: npt.NDArray[np.int64]) -> float:
    """Standard errors of the covariance of probabilities and labels, summed over the labels."""
    outputs, truth = part.outputs.astype(np.float64), part.truth.astype(np.float64)
    together = (outputs - outputs.mean(axis=0)) * (truth - truth.mean(axis=0))
    return z_of(together.sum(axis=1), blocks)


def of_numbers(truth: Floats, outputs: Floats, blocks: npt.NDArray[np.int64]) -> float:
    """Standard errors of the correlation of ranks (Spearman's), of the mean of all numbers.

    Args:
        truth, outputs: (n, n_values).
        blocks: Which block each example is in, (n,).
    """
    together = np.zeros(len(truth))
    for true, said in zip(truth.T, outputs.T, strict=True):
        if np.ptp(said) <= 1e-9 * (abs(float(said.mean())) + np.ptp(true)):
            continue  # always the same: rounding has ranks as well
        together += _centred_ranks(true) * _centred_ranks(said)
    return z_of(together, blocks)


def _centred_ranks(values: Floats) -> Floats:
    """Ranks around 0, those of equal values the same."""
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts + 1) / 2
    found = ranks[places]
    return np.asarray((found - found.mean()) / max(1, len(values)))
