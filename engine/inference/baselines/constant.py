"""Always the same answer: the commonest class, the mean, the usual labels, the commonest text."""

from __future__ import annotations

from collections import Counter

import numpy as np

from engine.datasets.base import AnyArray, Examples, IndexArray
from engine.inference.baselines.base import Baseline, Lesson, Predict
from engine.spec.signature import Output, Task


def always(answer: AnyArray) -> Predict:
    """Predicts the same for all examples."""

    def predict(rows: IndexArray) -> AnyArray:
        return np.repeat(answer[np.newaxis], len(rows), axis=0)

    return predict


class CommonestClass(Baseline):
    """The classes as often as they are in training: the commonest is chosen."""

    name = "commonest_class"
    title = "Always the commonest class"

    def applies(self, examples: Examples) -> bool:
        return examples.output is Output.CLASSES and examples.task is not Task.ANOMALY

    def fit(self, lesson: Lesson) -> Predict:
        n_classes = len(lesson.examples.class_names)
        counts = np.bincount(lesson.examples.y[lesson.train], minlength=n_classes)
        return always(counts / counts.sum())


class UsualLabels(Baseline):
    """Each label as often as it is in training."""

    name = "usual_labels"
    title = "Each label as often as it occurs"

    def applies(self, examples: Examples) -> bool:
        return examples.output is Output.LABELS

    def fit(self, lesson: Lesson) -> Predict:
        return always(lesson.examples.y[lesson.train].mean(axis=0))


class Mean(Baseline):
    """The mean of the training part."""

    name = "mean"
    title = "Always the mean"

    def applies(self, examples: Examples) -> bool:
        return examples.output is Output.NUMBERS and examples.task is not Task.ANOMALY

    def fit(self, lesson: Lesson) -> Predict:
        return always(lesson.numbers(lesson.train).mean(axis=0))


class CommonestText(Baseline):
    """The text that is the target most often."""

    name = "commonest_text"
    title = "Always the commonest text"

    def applies(self, examples: Examples) -> bool:
        return examples.output is Output.TOKENS

    def fit(self, lesson: Lesson) -> Predict:
        counts = Counter(str(text) for text in lesson.examples.y[lesson.train])
        return always(np.array(counts.most_common(1)[0][0], object))
