"""From predictions out of sample to labels in the order in which they should be looked at."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from engine.datasets.base import AnyArray
from engine.errors import DatasetError
from engine.inference.evaluation.predictions import Predictions, are_finite, chosen
from engine.inference.suspects.confident import (
    best_other,
    label_confidence,
    likely_wrong,
    self_confidence,
)
from engine.inference.suspects.residuals import far_off, residual_scores
from engine.spec.formatting import labels_text
from engine.spec.signature import Output, Task

NO_LABELS = (
    "There are no labels that could be wrong: what a forecast is compared with comes from the "
    "series itself."
)


@dataclass(frozen=True, eq=False)
class Ranking:
    """All examples of some predictions, the label that looks most wrong first.

    Attributes:
        places: Places in the predictions, (n,).
        scores: How well each label agrees with what is predicted, 1 to 0, (n,) in that order.
        suggested: What is said instead, in the terms of `Predictions.truth`, (n, …) in that order.
        is_likely: Labels that are contradicted so clearly that most will be wrong, (n,) likewise.
    """

    places: npt.NDArray[np.int64]
    scores: npt.NDArray[np.float64]
    suggested: AnyArray
    is_likely: npt.NDArray[np.bool_]


def rank(predictions: Predictions) -> Ranking:
    """Puts labels in order, by what a model that never saw them says.

    Classes by confident learning, several labels likewise, numbers by errors in units of those of
    examples like them, texts by edits for each character.

    Args:
        predictions: Of examples that the model did not learn from.

    Raises:
        DatasetError: There are no labels.
    """
    if predictions.task is Task.FORECASTING:
        raise DatasetError(NO_LABELS, "Errors of a forecast are shown with the results.")
    if predictions.is_anomaly and (predictions.truth < 0).any():
        raise DatasetError(
            "There are no labels: nothing is known of which examples are unusual.",
            "The most unusual examples are shown with the results.",
        )
    known = np.flatnonzero(are_finite(predictions))
    ranking = _rank(chosen(predictions, known))
    return replace(ranking, places=known[ranking.places])


def _rank(predictions: Predictions) -> Ranking:
    """Puts labels in order; all predictions are finite."""
    truth, outputs = predictions.truth, predictions.outputs
    if predictions.is_anomaly:
        return _ranked(*_anomalies(truth, outputs, float(predictions.thresholds[0])))
    match predictions.output:
        case Output.CLASSES:
            return _ranked(*_classes(truth, outputs.astype(np.float64)))
        case Output.LABELS:
            return _ranked(*_label_sets(truth, outputs.astype(np.float64)))
        case Output.NUMBERS:
            scores, worst = residual_scores(truth, np.asarray(outputs, np.float64))
            return _ranked(scores, outputs, far_off(worst), scores)
        case Output.TOKENS:
            # From 1, as written, to 0: as many edits as it has characters.
            scores = 1.0 - np.minimum(predictions.losses, 1.0)
            return _ranked(scores, outputs, np.asarray(scores < 0.5), scores)


_Judged = tuple[npt.NDArray[np.float64], AnyArray, npt.NDArray[np.bool_], npt.NDArray[np.float64]]


def _ranked(
    scores: npt.NDArray[np.float64],
    suggested: AnyArray,
    is_likely: npt.NDArray[np.bool_],
    margins: npt.NDArray[np.float64],
) -> Ranking:
    """In the order of scores; of equal ones that first of which something else is surest."""
    unsure = ~np.isfinite(scores)  # of an output that is no number nothing can be said
    order = np.lexsort((margins, np.where(unsure, np.inf, scores)))
    order = order[~unsure[order]]
    return Ranking(order, scores[order], suggested[order], is_likely[order])


def _classes(truth: AnyArray, p: npt.NDArray[np.float64]) -> _Judged:
    own = self_confidence(truth, p)
    other, confidence = best_other(truth, p)
    return own, other, likely_wrong(truth, p), own - confidence


def _label_sets(truth: AnyArray, p: npt.NDArray[np.float64]) -> _Judged:
    """Each label is a question of two answers; what is contradicted with confidence is turned."""
    scores = label_confidence(truth, p)
    turned = np.zeros(truth.shape, bool)
    for label in range(truth.shape[1]):
        two = np.stack([1.0 - p[:, label], p[:, label]], axis=1)
        turned[:, label] = likely_wrong(truth[:, label].astype(np.int64), two)
    # Something is suggested in any case: the label that is least sure.
    each = np.where(truth > 0, p, 1.0 - p)
    least = turned.copy()
    least[np.arange(len(truth)), each.argmin(axis=1)] |= ~turned.any(axis=1)
    suggested = np.where(least, 1 - truth, truth).astype(truth.dtype)
    return scores, suggested, np.asarray(turned.any(axis=1)), np.asarray(each.min(axis=1))


def _anomalies(truth: AnyArray, scores: AnyArray, threshold: float) -> _Judged:
    """Known as usual with a high score, or as unusual with a low one: by ranks among all.

    A score has no scale of its own; its rank says how many are more unusual.
    """
    ranks = np.argsort(np.argsort(scores, kind="stable"), kind="stable") / max(len(scores) - 1, 1)
    agreement = np.where(truth == 1, ranks, 1.0 - ranks)
    is_wrong = (scores > threshold) != (truth == 1)
    return agreement, 1 - truth, np.asarray(is_wrong), agreement


def joined(first: Predictions, second: Predictions) -> Predictions:
    """Predictions of two parts as those of one, as far as labels are looked at."""
    names = (*first.names, *second.names) if first.names and second.names else ()
    return Predictions(
        f"{first.part}+{second.part}",
        first.task,
        first.output,
        np.concatenate([first.rows, second.rows]),
        np.concatenate([first.truth, second.truth]),
        np.concatenate([first.outputs, second.outputs]),
        first.target_name,
        first.class_names,
        None,
        names,
        first.thresholds,
        first.n_all + second.n_all,
    )


def label_words(values: AnyArray, predictions: Predictions) -> list[str]:
    """Labels, or what is suggested instead, in words.

    Args:
        values: In the terms of `Predictions.truth`, (n, …).
        predictions: Whose labels they are.
    """
    names = predictions.class_names
    if predictions.is_anomaly:
        words = ("usual", "unusual")
        return [words[int(value)] for value in values]
    match predictions.output:
        case Output.CLASSES:
            return [names[int(value)] for value in values]
        case Output.LABELS:
            return [labels_text(value, names) for value in values]
        case Output.NUMBERS:
            rows = np.asarray(values, np.float64).reshape(len(values), -1).tolist()
            return [", ".join(f"{value:.6g}" for value in row) for row in rows]
        case Output.TOKENS:
            return [str(value) for value in values]
