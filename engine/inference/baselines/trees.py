"""Boosted trees on a table: what is hardest to beat there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from engine.datasets.base import AnyArray, Examples, IndexArray
from engine.inference.baselines.base import Baseline, Lesson, Predict, all_classes
from engine.inference.baselines.features import in_chunks
from engine.spec.signature import Kind, Output, Task

MAX_ROWS = 100_000
MAX_CLASSES = 100
MAX_TREES = 20_000
_MAX_ITERATIONS, _STEP, _PATIENCE = 400, 20, 2
_ITERATIONS_UNSEEN = 100
_MAX_OUTPUTS = 4
# Of scikit-learn's trees: as many values may a column of categories have.
_MAX_CATEGORIES = 255


class BoostedTrees(Baseline):
    """Histogram gradient boosting, stopped by the validation part; gaps and categories as they are.

    Ke et al. 2017, LightGBM, as in scikit-learn's `HistGradientBoostingClassifier`.
    """

    name = "boosted_trees"
    title = "Boosted trees"

    def applies(self, examples: Examples) -> bool:
        if examples.kind is not Kind.TABLE or examples.task is Task.ANOMALY:
            return False
        if examples.output is Output.NUMBERS:
            return examples.y.ndim == 1 or examples.y.shape[1] <= _MAX_OUTPUTS
        return examples.output is Output.CLASSES

    def fit(self, lesson: Lesson) -> Predict:
        examples = lesson.examples
        train = lesson.some(lesson.train, MAX_ROWS)
        x = examples.x[train].astype(np.float64)
        if not x.size:
            raise ValueError("there is nothing to learn from")
        seen = lesson.chosen_by(MAX_ROWS)
        given = (x, examples.x[seen].astype(np.float64), _categories(examples, x))
        if examples.output is Output.CLASSES:
            answer = _fit_classes(lesson, train, seen, *given)
        else:
            answers = [
                _fit_number(lesson, lesson.numbers(train)[:, k], lesson.numbers(seen)[:, k], *given)
                for k in range(lesson.numbers(train[:1]).shape[1])
            ]

            def answer(some: AnyArray) -> AnyArray:
                return np.stack([one(some) for one in answers], axis=1)

        def predict(rows: IndexArray) -> AnyArray:
            return in_chunks(lambda some: answer(examples.x[some].astype(np.float64)), rows)

        return predict


def _categories(examples: Examples, x: AnyArray) -> AnyArray:
    """Which columns hold categories, as their index, (columns,) bool."""
    columns = examples.reading.get("columns", ())
    if len(columns) != x.shape[1]:
        return np.zeros(x.shape[1], bool)
    named = np.array([column["type"] in ("category", "boolean") for column in columns], bool)
    highest = np.nanmax(np.where(np.isfinite(x), x, 0.0), axis=0)
    return np.asarray(named & (highest < _MAX_CATEGORIES))


def _fit_classes(
    lesson: Lesson, train: IndexArray, seen: IndexArray, x: AnyArray, x_seen: AnyArray, which: Any
) -> Callable[[AnyArray], AnyArray]:
    from sklearn.ensemble import HistGradientBoostingClassifier

    y, n_classes = lesson.examples.y, len(lesson.examples.class_names)
    classes = np.unique(y[train])
    if len(classes) < 2:
        raise ValueError("all examples it learns from are of one class")
    if len(classes) > MAX_CLASSES:  # boosting grows a tree for each, again and again
        raise ValueError(f"there are more than {MAX_CLASSES} classes")

    def loss(model: Any) -> float:
        p = all_classes(model.predict_proba(x_seen), model.classes_, n_classes)
        return float(-np.log(np.maximum(p[np.arange(len(seen)), y[seen]], 1e-6)).mean())

    made = HistGradientBoostingClassifier(
        early_stopping=False, warm_start=True, categorical_features=which, random_state=0
    )
    per_iteration = 1 if len(classes) == 2 else len(classes)
    most = max(_STEP, min(_MAX_ITERATIONS, MAX_TREES // per_iteration))
    model = _boosted(lesson, made, x, y[train], loss if len(seen) else None, most)
    return lambda some: all_classes(model.predict_proba(some), model.classes_, n_classes)


def _fit_number(
    lesson: Lesson, y: AnyArray, y_seen: AnyArray, x: AnyArray, x_seen: AnyArray, which: Any
) -> Callable[[AnyArray], AnyArray]:
    from sklearn.ensemble import HistGradientBoostingRegressor

    def loss(model: Any) -> float:
        return float(((model.predict(x_seen) - y_seen) ** 2).mean())

    made = HistGradientBoostingRegressor(
        early_stopping=False, warm_start=True, categorical_features=which, random_state=0
    )
    model = _boosted(lesson, made, x, y, loss if len(y_seen) else None, _MAX_ITERATIONS)
    return lambda some: np.asarray(model.predict(some))


def _boosted(
    lesson: Lesson,
    model: Any,
    x: AnyArray,
    y: AnyArray,
    loss: Callable[[Any], float] | None,
    most: int,
) -> Any:
    """Adds trees while the validation part gains by them and there is time."""
    from copy import deepcopy

    best: tuple[float, Any] | None = None
    n_worse = 0
    for n_iterations in range(_STEP, most + 1, _STEP):
        model.set_params(max_iter=n_iterations)
        model.fit(x, y)
        if loss is None:
            if n_iterations >= _ITERATIONS_UNSEEN or lesson.is_over:
                return model
            continue
        now = loss(model)
        if best is None or now < best[0]:
            best, n_worse = (now, deepcopy(model)), 0
        else:
            n_worse += 1
        if n_worse >= _PATIENCE:
            break
        if lesson.is_over:
            lesson.notes.append("stopped after its time")
            break
    return model if best is None else best[1]
