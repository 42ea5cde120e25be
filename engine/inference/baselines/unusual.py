"""Simple detectors of what is unusual: an isolation forest, and the distance to a plane."""

from __future__ import annotations

import numpy as np

from engine.datasets.base import AnyArray, Examples, IndexArray
from engine.inference.baselines.base import Baseline, Lesson, Predict
from engine.inference.baselines.features import in_chunks, scaled_features
from engine.spec.signature import Task

MAX_ROWS = 20_000
_KEPT_VARIANCE = 0.95


class IsolationForestScores(Baseline):
    """How few random cuts part an example from the rest (Liu et al. 2008)."""

    name = "isolation_forest"
    title = "An isolation forest"

    def applies(self, examples: Examples) -> bool:
        return examples.task is Task.ANOMALY

    def fit(self, lesson: Lesson) -> Predict:
        from sklearn.ensemble import IsolationForest

        train = lesson.some(lesson.train, MAX_ROWS)
        features = scaled_features(lesson, train)
        forest = IsolationForest(random_state=0).fit(features(train))

        def predict(rows: IndexArray) -> AnyArray:
            return np.asarray(-forest.score_samples(features(rows)))

        return lambda rows: in_chunks(predict, rows)


class PlaneDistance(Baseline):
    """How far an example is from the plane in which the usual ones lie (PCA)."""

    name = "linear"
    title = "The distance to a plane (PCA)"

    def applies(self, examples: Examples) -> bool:
        return examples.task is Task.ANOMALY

    def fit(self, lesson: Lesson) -> Predict:
        from sklearn.decomposition import PCA

        train = lesson.some(lesson.train, MAX_ROWS // 4)
        features = scaled_features(lesson, train)
        seen = features(train)
        plane = PCA(random_state=0).fit(seen)
        shares = np.cumsum(plane.explained_variance_ratio_)
        # All directions but the first would leave no distance to any example.
        most = max(1, seen.shape[1] - 1)
        kept = plane.components_[: min(most, int(np.searchsorted(shares, _KEPT_VARIANCE)) + 1)]

        def predict(rows: IndexArray) -> AnyArray:
            centred = features(rows) - plane.mean_
            return np.asarray(((centred - centred @ kept.T @ kept) ** 2).mean(axis=1))

        return lambda rows: in_chunks(predict, rows)
