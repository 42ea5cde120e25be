"""Confident learning: which labels a model that never saw them contradicts with confidence.

After Northcutt, Jiang, Chuang 2021 (https://arxiv.org/abs/1911.00068), whose reference is the
package cleanlab; the tests compare with it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]

_TINY = 1e-12


def self_confidence(labels: Labels, probabilities: Floats) -> Floats:
    """How likely the label of each example is, as the model sees it, (n,); low: looks wrong.

    Args:
        labels: Class indices, (n,).
        probabilities: Out of sample, (n, classes).
    """
    return np.asarray(probabilities[np.arange(len(labels)), labels], np.float64)


def best_other(labels: Labels, probabilities: Floats) -> tuple[Labels, Floats]:
    """The likeliest class that is not the label, (n,), and how likely it is, (n,)."""
    others = np.array(probabilities, np.float64)
    others[np.arange(len(labels)), labels] = -1.0
    best = others.argmax(axis=1)
    return best, others[np.arange(len(labels)), best]


def thresholds(labels: Labels, probabilities: Floats) -> Floats:
    """From which probability on a class is said with confidence, (classes,).

    The mean probability of the class among the examples labelled so (equation 2); 1 for a class
    without examples, which is never said.
    """
    n_classes = probabilities.shape[1]
    counts = np.bincount(labels, minlength=n_classes)
    own = self_confidence(labels, probabilities)
    sums = np.bincount(labels, weights=own, minlength=n_classes)
    return np.where(counts > 0, sums / np.maximum(counts, 1), 1.0)


def confident_classes(labels: Labels, probabilities: Floats) -> Labels:
    """The class that is said of each example with confidence, (n,); -1: none is.

    Of several that reach their threshold, the likeliest (equation 1).
    """
    reached = probabilities >= np.maximum(thresholds(labels, probabilities) - _TINY, _TINY)
    said = np.where(reached, probabilities, -1.0)
    best = said.argmax(axis=1)
    return np.where(reached.any(axis=1), best, -1).astype(np.int64)


def likely_wrong(labels: Labels, probabilities: Floats) -> npt.NDArray[np.bool_]:
    """Which labels are contradicted with confidence, (n,).

    Off the diagonal of the confident joint, and less likely than what is said instead.
    """
    said = confident_classes(labels, probabilities)
    rows = np.arange(len(labels))
    is_likelier = probabilities[rows, said] > probabilities[rows, labels]
    return np.asarray((said >= 0) & (said != labels) & is_likelier)


def label_confidence(labels: npt.NDArray[np.integer], probabilities: Floats) -> Floats:
    """As `self_confidence`, where an example may have several labels, (n,).

    The exponential moving average of the confidences in the single labels, from the surest to the
    least sure, with weight 0.8 on the latter: one label that looks wrong is enough, and several
    are worse (Thyagarajan et al. 2022, https://arxiv.org/abs/2211.13895).

    Args:
        labels: 1 where an example has the label, (n, labels).
        probabilities: Of each label, (n, labels).
    """
    each = np.where(labels > 0, probabilities, 1.0 - probabilities)
    ordered = -np.sort(-each, axis=1)
    averaged = ordered[:, 0]
    for place in range(1, ordered.shape[1]):
        averaged = 0.8 * ordered[:, place] + 0.2 * averaged
    return np.asarray(averaged, np.float64)
