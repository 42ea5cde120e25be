"""Simple models that are taught in seconds and guess well out of sample; by scikit-learn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

import numpy as np

from engine.datasets.base import AnyArray
from engine.spec.signature import Kind

Maker = Callable[[int], Any]
"""Makes a model from a seed."""

_SMALL, _LARGE = 10_000, 50_000
_FEW_CLASSES = 10
_N_TREES = 200
_TREE_BYTES = 1 << 29


def _trees(seed: int, max_leaves: int | None = None) -> Any:
    from sklearn.ensemble import ExtraTreesClassifier

    # Two a leaf: a tree must not believe one label that is wrong.
    return ExtraTreesClassifier(
        _N_TREES,
        min_samples_leaf=2,
        max_leaf_nodes=max_leaves,
        n_jobs=-1,
        random_state=seed,
    )


def _bounded_trees(n: int, n_classes: int) -> Maker:
    """Trees whose nodes, each with a number for each class, take half a gigabyte at most."""
    most = _TREE_BYTES // (_N_TREES * 2 * 8 * max(2, n_classes))
    return partial(_trees, max_leaves=None if n <= most else max(2, most))


def _boosted(seed: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(max_iter=100, learning_rate=0.1, random_state=seed)


def _neighbours(seed: int) -> Any:
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), KNeighborsClassifier(10, weights="distance"))


def _words(seed: int) -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import SGDClassifier
    from sklearn.pipeline import make_pipeline, make_union

    characters = TfidfVectorizer(
        analyzer="char_wb", ngram_range=(1, 4), min_df=2, max_features=50_000, sublinear_tf=True
    )
    words = TfidfVectorizer(
        token_pattern=r"\S+", ngram_range=(1, 2), max_features=50_000, sublinear_tf=True
    )
    # Logistic regression by stochastic gradient: a tenth of the time of a solver for 18 classes.
    learner = SGDClassifier(loss="log_loss", alpha=1e-5, max_iter=20, tol=1e-3, random_state=seed)
    return make_pipeline(make_union(characters, words), learner)


def _tree_values(seed: int) -> Any:
    from sklearn.ensemble import ExtraTreesRegressor

    return ExtraTreesRegressor(_N_TREES, min_samples_leaf=2, n_jobs=-1, random_state=seed)


def _boosted_values(seed: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingRegressor

    # Absolute errors: a target that is wrong by far must not draw the others along.
    return HistGradientBoostingRegressor(
        loss="absolute_error", max_iter=200, learning_rate=0.1, random_state=seed
    )


def _word_values(seed: int) -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline

    return make_pipeline(TfidfVectorizer(max_features=50_000, sublinear_tf=True), Ridge(1.0))


def classifiers(kind: Kind, n: int, n_classes: int) -> Mapping[str, Maker]:
    """Models of classes that suit a kind of data, by name."""
    few = n_classes <= _FEW_CLASSES  # boosting grows a tree for each
    trees = _bounded_trees(n, n_classes)
    if kind is Kind.TEXT:
        return {"words": _words}
    if n > _LARGE:
        return {"boosted_trees": _boosted} if kind is Kind.TABLE and few else {"trees": trees}
    if kind is Kind.TABLE and few:
        return {"trees": trees, "boosted_trees": _boosted}
    return {"trees": trees, "neighbours": _neighbours}


def regressors(kind: Kind, n: int) -> Mapping[str, Maker]:
    """Models of numbers that suit a kind of data, by name."""
    if kind is Kind.TEXT:
        return {"words": _word_values}
    if n > _LARGE:
        return {"boosted_trees": _boosted_values}
    return {"trees": _tree_values, "boosted_trees": _boosted_values}


def class_probabilities(
    make: Maker, x: AnyArray, y: AnyArray, new: AnyArray, n_classes: int, seed: int
) -> AnyArray:
    """Teaches a model and asks it.

    Args:
        make: Makes the model.
        x: Features to learn from, (n, …).
        y: Classes, (n,).
        new: Features of those to be predicted, (m, …).
        n_classes: How many there are; of those that `y` lacks the probability is 0.
        seed: Of the model.

    Returns:
        (m, n_classes).
    """
    found = np.zeros((len(new), n_classes))
    present = np.unique(y)
    if len(present) == 1:
        found[:, present[0]] = 1.0
        return found
    with _few_threads(len(x)):
        model = make(seed).fit(x, y)
        found[:, model.classes_] = model.predict_proba(new)
    return found


def label_probabilities(
    make: Maker, x: AnyArray, y: AnyArray, new: AnyArray, seed: int
) -> AnyArray:
    """As `class_probabilities`, a model for each label, (m, labels)."""
    each = [
        class_probabilities(make, x, y[:, label].astype(np.int64), new, 2, seed)[:, 1]
        for label in range(y.shape[1])
    ]
    return np.stack(each, axis=1)


def values(make: Maker, x: AnyArray, y: AnyArray, new: AnyArray, seed: int) -> AnyArray:
    """As `class_probabilities`, a model for each number, (m, n_values)."""
    with _few_threads(len(x)):
        each = [make(seed).fit(x, y[:, place]).predict(new) for place in range(y.shape[1])]
    return np.stack(each, axis=1)


def _few_threads(n: int) -> AbstractContextManager[Any]:
    """One thread for little data: several would wait for each other longer than they work."""
    from threadpoolctl import threadpool_limits

    return threadpool_limits(1 if n < _SMALL else None)
