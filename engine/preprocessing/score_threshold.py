"""From which score of anomaly on an example is called unusual, and what that was chosen by."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from engine.datasets.base import AnyArray

ChosenBy = Literal["", "share", "known", "tail"]
"""What a threshold was chosen by; empty: not known, as in files of older versions."""

FALSE_ALARMS = 0.01
"""The share of usual examples that shall be above a threshold that nothing else says."""
MOST_FALSE_ALARMS = 0.1
"""The share that may be, for more of what is known to be unusual to be found."""
_FEWEST_KNOWN = 5
# Held-out scores are taken alone if they are so many: those of examples that were learnt from are
# lower.
_FEWEST_HELD_OUT = 100
_FEWEST_OF_A_TAIL = 40
_HEAVIEST_TAIL = 1.0


@dataclass(frozen=True)
class ScoreThreshold:
    """A score above which an example is called unusual.

    Attributes:
        value: The score.
        chosen_by: ``known``: by examples that are known to be unusual; ``tail``: by the shape of
            the scores' tail; ``share``: so that a share of the training part is below it.
    """

    value: float
    chosen_by: ChosenBy


def choose_threshold(
    learnt: AnyArray, held_out: AnyArray, known: AnyArray, share: float | None
) -> ScoreThreshold:
    """Chooses a threshold by the best that there is.

    Args:
        learnt: Scores of what was learnt from, (n,) or (n, 1).
        held_out: Of examples like these that were not, likewise; may be empty.
        known: Of examples that are known to be unusual, likewise; may be empty.
        share: Of the first, so many shall be below it; None: it is chosen here.
    """
    learnt, held_out, known = (it.astype(np.float64).ravel() for it in (learnt, held_out, known))
    if share is not None:
        return ScoreThreshold(float(np.quantile(learnt, share)), "share")
    usual = held_out
    if len(held_out) < _FEWEST_HELD_OUT:
        usual = np.concatenate([learnt, held_out])
    if len(known) >= _FEWEST_KNOWN:
        return ScoreThreshold(between(usual, known), "known")
    if len(usual) >= _FEWEST_OF_A_TAIL:
        return ScoreThreshold(of_tail(usual), "tail")
    return ScoreThreshold(float(np.quantile(learnt, 1.0 - FALSE_ALARMS)), "share")


def between(usual: AnyArray, unusual: AnyArray) -> float:
    """Returns the threshold with the largest recall less the rate of false alarms.

    That is Youden's index (1950); no more than `MOST_FALSE_ALARMS` are allowed. Of thresholds that
    do alike, the middle of the highest stretch.

    Args:
        usual: Scores, (n,).
        unusual: Likewise, (m,).
    """
    scores = np.unique(np.concatenate([usual, unusual]))
    usual, unusual = np.sort(usual), np.sort(unusual)
    false_alarms = 1.0 - np.searchsorted(usual, scores, side="right") / len(usual)
    recall = 1.0 - np.searchsorted(unusual, scores, side="right") / len(unusual)
    index = np.where(false_alarms <= MOST_FALSE_ALARMS, recall - false_alarms, -np.inf)
    best = len(index) - 1 - int(np.argmax(index[::-1]))
    return float(scores[best : best + 2].mean())


def of_tail(scores: AnyArray, false_alarms: float = FALSE_ALARMS) -> float:
    """Returns the score that so few examples exceed, were the far ones as the near ones say.

    A generalised Pareto distribution is fitted to what lies above the median by the quantiles at
    1/2, 3/4 and 7/8 (Pickands 1975, "Statistical inference using extreme order statistics"), so
    that up to an eighth of the examples may be unusual and move nothing.

    Args:
        scores: (n,).
        false_alarms: Share of usual examples above the threshold.
    """
    start, middle, end = (float(it) for it in np.quantile(scores, (0.5, 0.75, 0.875)))
    near, far = middle - start, end - middle
    if near <= 0 or far <= 0:
        return float(np.quantile(scores, 1.0 - false_alarms))
    shape = min(_HEAVIEST_TAIL, math.log2(far / near))
    ratio = math.log(0.5 / false_alarms)
    # With the survival 1/2 at 3/4: near = scale · (2^shape - 1) / shape.
    if abs(shape) < 1e-6:
        return start + near * ratio / math.log(2.0)
    return start + near * math.expm1(shape * ratio) / math.expm1(shape * math.log(2.0))
