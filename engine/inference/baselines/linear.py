"""Linear models: logistic and ridge regression on columns, pixels, spectra and TF-IDF of texts."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from engine.datasets.base import AnyArray, Examples, IndexArray
from engine.inference.baselines.base import Baseline, Lesson, Predict, all_classes
from engine.inference.baselines.features import in_chunks, scaled_features
from engine.spec.signature import Kind, Output, Task

MAX_VALUES = 6_000_000
"""Numbers that are learnt from at most, of all features of all examples."""
MAX_TEXTS = 20_000
MAX_TERMS = 50_000
_MAX_WEIGHTS = 1_000_000
_FEWEST_TERMS = 1_000
_CHOSEN_BY = 5_000
_STRENGTHS = (1.0, 0.03, 0.001)
_MAX_ITERATIONS = 150

_TITLES = {
    Kind.TABLE: "A linear model",
    Kind.IMAGE: "A linear model of the pixels",
    Kind.VIDEO: "A linear model of mean and motion",
    Kind.AUDIO: "A linear model of the mean spectrum",
    Kind.SERIES: "A linear model of the window",
    Kind.TEXT: "Logistic regression on words and letters (TF-IDF)",
}


class Linear(Baseline):
    """Logistic regression for classes and labels, ridge regression for numbers.

    How strongly weights are held near 0 is chosen by the validation part.
    """

    name = "linear"
    title = "A linear model"

    def applies(self, examples: Examples) -> bool:
        self.title = _TITLES[examples.kind]
        return (
            examples.output is not Output.TOKENS
            and examples.task is not Task.ANOMALY
            and examples.kind is not Kind.TEXT
        )

    def fit(self, lesson: Lesson) -> Predict:
        train = lesson.train
        width = scaled_features(lesson, train[:8])(train[:1]).shape[1]
        train = lesson.some(train, max(500, MAX_VALUES // max(1, width)))
        features = scaled_features(lesson, train)
        validation = lesson.chosen_by(_CHOSEN_BY)
        answer = fit_linear(lesson, features(train), train, features(validation), validation)
        return lambda rows: in_chunks(lambda some: answer(features(some)), rows)


class TextLinear(Baseline):
    """TF-IDF of words and pairs of them, and of letters, with logistic or ridge regression."""

    name = "tf_idf"
    title = _TITLES[Kind.TEXT]

    def applies(self, examples: Examples) -> bool:
        return examples.kind is Kind.TEXT and examples.output is not Output.TOKENS

    def fit(self, lesson: Lesson) -> Predict:
        from scipy.sparse import hstack

        train = lesson.some(lesson.train, MAX_TEXTS)
        validation = lesson.chosen_by(_CHOSEN_BY)
        texts = _texts(lesson.examples, train)
        # A weight of each term for each class, and a solver that holds twenty times as many.
        most = max(_FEWEST_TERMS, _MAX_WEIGHTS // max(1, len(lesson.examples.class_names)))
        found = _vectorizers(min(MAX_TERMS, most))
        fitted = [it.fit(texts) for it in found if _has_terms(it, texts)]
        if not fitted:
            raise ValueError("the texts hold no words and no letters")

        def features(rows: IndexArray) -> Any:
            some = _texts(lesson.examples, rows)
            return hstack([it.transform(some) for it in fitted]).tocsr()

        answer = fit_linear(lesson, features(train), train, features(validation), validation)
        return lambda rows: in_chunks(lambda some: answer(features(some)), rows)


def _vectorizers(n_terms: int) -> list[Any]:
    from sklearn.feature_extraction.text import TfidfVectorizer

    common = {"sublinear_tf": True, "max_features": n_terms, "dtype": np.float32}
    return [
        TfidfVectorizer(ngram_range=(1, 2), token_pattern=r"(?u)\b\w+\b", **common),
        TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), **common),
    ]


def _has_terms(vectorizer: Any, texts: list[str]) -> bool:
    analyse = vectorizer.build_analyzer()
    return any(next(iter(analyse(text)), None) is not None for text in texts)


def _texts(examples: Examples, rows: IndexArray) -> list[str]:
    return [str(text) for text in examples.x[rows]]


def fit_linear(
    lesson: Lesson, x: Any, train: IndexArray, x_validation: Any, validation: IndexArray
) -> Callable[[Any], AnyArray]:
    """Fits a linear model, and returns what predicts for features.

    Args:
        lesson: What it is of.
        x: Features of `train`, (n, features), dense or sparse.
        train: What is learnt from.
        x_validation: Features of `validation`.
        validation: What the strength of regularisation is chosen by; empty: it is not.
    """
    examples = lesson.examples
    if examples.output is Output.NUMBERS:
        return _fit_numbers(lesson, x, train, x_validation, validation)
    if examples.output is Output.LABELS:
        return _fit_labels(x, examples.y[train])
    return _fit_classes(lesson, x, train, x_validation, validation)


def _fit_classes(
    lesson: Lesson, x: Any, train: IndexArray, x_validation: Any, validation: IndexArray
) -> Callable[[Any], AnyArray]:
    from sklearn.linear_model import LogisticRegression

    y, n_classes = lesson.examples.y, len(lesson.examples.class_names)
    if len(np.unique(y[train])) < 2:
        raise ValueError("all examples it learns from are of one class")

    def fitted(strength: float) -> Any:
        model = LogisticRegression(C=strength, max_iter=_MAX_ITERATIONS)
        with warnings.catch_warnings():  # it says so where it could go on; good enough it is
            warnings.simplefilter("ignore")
            return model.fit(x, y[train])

    def loss(model: Any) -> float:
        p = all_classes(model.predict_proba(x_validation), model.classes_, n_classes)
        right = p[np.arange(len(validation)), y[validation]]
        return float(-np.log(np.maximum(right, 1e-6)).mean())

    model = _best(lesson, fitted, loss if len(validation) else None, _STRENGTHS)
    return lambda some: all_classes(model.predict_proba(some), model.classes_, n_classes)


def _fit_labels(x: Any, y: AnyArray) -> Callable[[Any], AnyArray]:
    from sklearn.linear_model import LogisticRegression

    models: list[Any] = []
    for column in y.T:
        if column.min() == column.max():
            models.append(float(column[0]))
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            models.append(LogisticRegression(max_iter=_MAX_ITERATIONS).fit(x, column))

    def answer(some: Any) -> AnyArray:
        n = some.shape[0]
        columns = [
            np.full(n, model) if isinstance(model, float) else model.predict_proba(some)[:, 1]
            for model in models
        ]
        return np.stack(columns, axis=1)

    return answer


def _fit_numbers(
    lesson: Lesson, x: Any, train: IndexArray, x_validation: Any, validation: IndexArray
) -> Callable[[Any], AnyArray]:
    from sklearn.linear_model import Ridge

    y = lesson.numbers(train)
    mean, scale = y.mean(axis=0), np.maximum(y.std(axis=0), 1e-12)

    def fitted(strength: float) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return Ridge(alpha=strength).fit(x, (y - mean) / scale)

    def answer_of(model: Any, some: Any) -> AnyArray:
        found = model.predict(some).reshape(some.shape[0], -1)
        return np.asarray(found * scale + mean)

    def loss(model: Any) -> float:
        errors = answer_of(model, x_validation) - lesson.numbers(validation)
        return float(((errors / scale) ** 2).mean())

    model = _best(lesson, fitted, loss if len(validation) else None, (1.0, 30.0, 1_000.0, 0.03))
    return lambda some: answer_of(model, some)


def _best(
    lesson: Lesson,
    fitted: Callable[[float], Any],
    loss: Callable[[Any], float] | None,
    strengths: Iterable[float],
) -> Any:
    """The model that does best on the validation part; without one, the first.

    No other strength is tried once time is over.
    """
    found: list[tuple[float, Any]] = []
    for strength in strengths:
        model = fitted(strength)
        if loss is None:
            return model
        found.append((loss(model), model))
        if lesson.is_over:
            break
    return min(found, key=lambda item: item[0])[1]
