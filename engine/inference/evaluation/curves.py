"""Curves of classes, labels, scores and numbers, by scikit-learn, thinned to what can be seen."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from engine.datasets.base import AnyArray
from engine.inference.evaluation.analysis import Curve, Floats
from engine.inference.evaluation.by_example import evenly
from engine.inference.evaluation.class_measures import ranks_of_truth
from engine.inference.evaluation.intervals import ratio
from engine.inference.evaluation.predictions import Predictions
from engine.inference.evaluation.scores import calibration_bins

MAX_POINTS = 100
MAX_CLASSES = 30
"""Curves are drawn of so many classes, those with the most examples."""
MAX_K = 20
_GRID = np.linspace(0.0, 1.0, 101)


def columns_of(predictions: Predictions) -> Iterator[tuple[str, AnyArray, AnyArray]]:
    """What can be told apart by a threshold: a name, scores, (n,), and which are it, (n,) bool.

    Of two classes the second; of more, and of labels, those with the most examples; of anomalies
    the unusual ones, if they are known.
    """
    truth, outputs = predictions.truth, predictions.outputs
    if predictions.is_anomaly:
        if not (truth < 0).any():
            yield "", outputs, truth == 1
        return
    names = predictions.class_names
    if truth.ndim == 2:
        counts = truth.sum(axis=0)
    elif outputs.shape[1] == 2:
        yield names[1], outputs[:, 1], truth == 1
        return
    else:
        counts = np.bincount(truth, minlength=len(names))
    for column in np.sort(np.argsort(-counts, kind="stable")[:MAX_CLASSES]).tolist():
        is_it = truth[:, column] > 0 if truth.ndim == 2 else truth == column
        yield names[column], outputs[:, column], is_it


def threshold_curves(predictions: Predictions) -> list[Curve]:
    """ROC and precision-recall curves, each with its area; of several columns their mean as well.

    Of a ROC curve x is the false-positive rate and y the true-positive rate, of the other x is
    recall and y precision; `values` are the thresholds.
    """
    found: list[Curve] = []
    kept = evenly(len(predictions), predictions.outputs[0].size)
    for name, scores, is_it in columns_of(predictions):
        scores, is_it = scores[kept], is_it[kept]
        if is_it.any() and not is_it.all():
            found += _both_curves(name, scores, is_it)
    rocs = [curve for curve in found if curve.kind == "roc"]
    if len(rocs) > 1:
        grid = np.linspace(0.0, 1.0, MAX_POINTS)
        mean = np.mean([np.interp(grid, curve.x, curve.y) for curve in rocs], axis=0)
        area = float(np.mean([curve.area for curve in rocs]))
        found.append(Curve("roc", "", grid, np.concatenate([[0.0], mean[1:]]), area=area))
    return found


def _both_curves(name: str, scores: AnyArray, is_it: AnyArray) -> list[Curve]:
    from sklearn import metrics as sk

    false, true, thresholds = sk.roc_curve(is_it, scores)
    area = float(sk.auc(false, true))
    at = _thinned(false, true)
    roc = Curve("roc", name, false[at], true[at], _finite(thresholds[at]), area)
    precision, recall, cuts = sk.precision_recall_curve(is_it, scores)
    average = float(sk.average_precision_score(is_it, scores))
    at = _thinned(recall, precision)
    values = np.append(cuts, np.nan)[at]
    return [roc, Curve("precision_recall", name, recall[at], precision[at], values, average)]


def _finite(values: AnyArray) -> Floats:
    return np.where(np.isfinite(values), values, np.nan).astype(np.float64)


def _thinned(x: AnyArray, y: AnyArray) -> AnyArray:
    """Places of at most `MAX_POINTS` points of a curve, evenly along it, the ends among them."""
    if len(x) <= MAX_POINTS:
        return np.arange(len(x))
    along = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(x)) + np.abs(np.diff(y)))])
    wanted = np.linspace(0.0, along[-1], MAX_POINTS)
    return np.unique(np.append(np.searchsorted(along, wanted)[:-1], [0, len(x) - 1]))


def threshold_table(predictions: Predictions) -> dict[str, list[list[float]]]:
    """By name of a class or label: threshold, and hits, false alarms, misses and the rest above it.

    Each row is ``[threshold, true positives, false positives, false negatives, true negatives]``;
    what costs what is for people to say.
    """
    found: dict[str, list[list[float]]] = {}
    for name, scores, is_it in columns_of(predictions):
        grid = _GRID
        if predictions.is_anomaly:
            grid = np.unique(np.append(np.quantile(scores, _GRID), predictions.thresholds))
        above = [_above(scores[mask], grid) for mask in (is_it, ~is_it)]
        n_true, n_false = int(is_it.sum()), int((~is_it).sum())
        found[name] = [
            [float(cut), int(hit), int(alarm), n_true - int(hit), n_false - int(alarm)]
            for cut, hit, alarm in zip(grid, *above, strict=True)
            if math.isfinite(cut)
        ]
    return found


def _above(scores: AnyArray, grid: Floats) -> AnyArray:
    """How many scores lie above each value of the grid, (grid,)."""
    return len(scores) - np.searchsorted(np.sort(scores), grid, side="right")


def calibration_curve(predictions: Predictions) -> Curve:
    """How often what is said with a confidence is right: 15 bins of equal mass.

    x is the mean confidence of a bin, y its share of hits, `values` its examples; the area is no
    area. Of labels each probability counts; of classes that of the one that is chosen.
    """
    if predictions.truth.ndim == 2:
        kept = evenly(*predictions.truth.shape)
        confidence = predictions.outputs[kept].ravel().astype(np.float64)
        is_hit = predictions.truth[kept].ravel() > 0
    else:
        confidence = predictions.outputs.max(axis=1).astype(np.float64)
        is_hit = predictions.predicted == predictions.truth
    bins = calibration_bins(confidence)
    n = np.bincount(bins).astype(np.float64)
    x, y = ratio(np.bincount(bins, confidence), n), ratio(np.bincount(bins, is_hit), n)
    full = n > 0
    return Curve("calibration", "", x[full], y[full], n[full])


def top_k_curve(predictions: Predictions) -> Curve:
    """How often the true class is among the k likeliest: x is k, y the share."""
    ranks = ranks_of_truth(predictions.outputs, predictions.truth)
    most = min(MAX_K, predictions.outputs.shape[1])
    shares = np.cumsum(np.bincount(np.minimum(ranks, most), minlength=most + 1))[:most]
    return Curve("top_k", "", np.arange(1.0, most + 1), shares / len(ranks))


def residual_curve(predictions: Predictions) -> Curve:
    """How errors are distributed: x the middle of a bin, y how many, predicted less true."""
    kept = evenly(*predictions.truth.shape)
    errors = (predictions.outputs[kept] - predictions.truth[kept]).ravel()
    if np.ptp(errors) <= 1e-9 * np.abs(errors).max():  # one value, which no bins can part
        return Curve("residuals", "", errors[:1], np.array([float(len(errors))]))
    counts, edges = np.histogram(errors, bins=min(60, max(5, round(len(errors) ** 0.5))))
    return Curve("residuals", "", (edges[1:] + edges[:-1]) / 2, counts.astype(np.float64))
