"""Simple models of series and of texts that become texts."""

from __future__ import annotations

import numpy as np

from engine.datasets.base import AnyArray, Examples, IndexArray
from engine.inference.baselines.base import Baseline, Lesson, Predict
from engine.inference.baselines.features import in_chunks
from engine.spec.signature import Kind, Output, Task

MAX_TEXTS = 20_000
_TRIED_WINDOWS = 2_000
_TRIED_SEASONS = 400


def _channel(examples: Examples) -> int:
    """Which channel of the windows is forecast."""
    names = examples.feature_names
    return names.index(examples.target_name) if examples.target_name in names else 0


def _is_forecast(examples: Examples) -> bool:
    return examples.kind is Kind.SERIES and examples.task is Task.FORECASTING


class LastValue(Baseline):
    """What was last, for each step to come."""

    name = "last_value"
    title = "The last value"

    def applies(self, examples: Examples) -> bool:
        return _is_forecast(examples)

    def fit(self, lesson: Lesson) -> Predict:
        channel, horizon = _channel(lesson.examples), lesson.numbers(lesson.train[:1]).shape[1]

        def predict(rows: IndexArray) -> AnyArray:
            last = lesson.examples.x[rows][:, -1, channel]
            return np.repeat(last[:, np.newaxis], horizon, axis=1)

        return lambda rows: in_chunks(predict, rows)


class Season(Baseline):
    """What was one season ago; the season is the one that did best in training."""

    name = "season"
    title = "The value one season ago"

    def applies(self, examples: Examples) -> bool:
        return _is_forecast(examples) and examples.x.shape[1] >= 2

    def fit(self, lesson: Lesson) -> Predict:
        examples, channel = lesson.examples, _channel(lesson.examples)
        horizon = lesson.numbers(lesson.train[:1]).shape[1]
        some = lesson.train[:: max(1, -(-len(lesson.train) // _TRIED_WINDOWS))]
        windows, truth = examples.x[some][:, :, channel], lesson.numbers(some)
        seasons = np.unique(
            np.linspace(2, windows.shape[1], min(_TRIED_SEASONS, windows.shape[1])).astype(int)
        )
        errors = [np.mean((_repeated(windows, n, horizon) - truth) ** 2) for n in seasons]
        season = int(seasons[int(np.argmin(errors))])
        lesson.notes.append(f"a season of {season} steps did best in training")

        def predict(rows: IndexArray) -> AnyArray:
            return _repeated(examples.x[rows][:, :, channel], season, horizon)

        return lambda rows: in_chunks(predict, rows)


def _repeated(windows: AnyArray, season: int, horizon: int) -> AnyArray:
    """The last season of windows, (n, steps), again and again, (n, horizon)."""
    return np.asarray(windows[:, windows.shape[1] - season + np.arange(horizon) % season])


class NearestText(Baseline):
    """The target of the text in training that shares most letters with the one given (TF-IDF)."""

    name = "nearest_text"
    title = "The answer to the most similar text"

    def applies(self, examples: Examples) -> bool:
        return examples.kind is Kind.TEXT and examples.output is Output.TOKENS

    def fit(self, lesson: Lesson) -> Predict:
        from sklearn.feature_extraction.text import TfidfVectorizer

        train = lesson.some(lesson.train, MAX_TEXTS)
        texts = [str(text) for text in lesson.examples.x[train]]
        vectorizer = TfidfVectorizer(
            analyzer="char_wb", ngram_range=(1, 3), sublinear_tf=True, dtype=np.float32
        )
        known = vectorizer.fit_transform(texts).T.tocsr()
        answers = lesson.examples.y[train]

        def predict(rows: IndexArray) -> AnyArray:
            given = vectorizer.transform([str(text) for text in lesson.examples.x[rows]])
            nearest = np.asarray((given @ known).argmax(axis=1)).ravel()
            return np.asarray(answers[nearest], object)

        return lambda rows: in_chunks(predict, rows, 512)
