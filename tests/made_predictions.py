"""Predictions of every kind, made from a seed: what tests of results rest on, without a model."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.inference.evaluation.predictions import Predictions
from engine.spec.signature import Output, Task


def of_classes(
    n: int = 200, n_classes: int = 3, seed: int = 0, skill: float = 2.0, **more: Any
) -> Predictions:
    """Classes; the true one's logit is raised by `skill`."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, n_classes, n)
    logits = rng.normal(size=(n, n_classes))
    logits[np.arange(n), truth] += skill
    outputs = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    names = tuple(f"c{index}" for index in range(n_classes))
    return Predictions(
        "test",
        Task.CLASSIFICATION,
        Output.CLASSES,
        more.pop("rows", np.arange(n)),
        truth,
        outputs,
        "kind",
        names,
        n_all=n,
        **more,
    )


def of_labels(n: int = 200, n_labels: int = 4, seed: int = 0) -> Predictions:
    """Several labels at once."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 2, (n, n_labels)).astype(np.uint8)
    outputs = 1 / (1 + np.exp(-(2.0 * truth - 1 + rng.normal(size=truth.shape))))
    names = tuple(f"l{index}" for index in range(n_labels))
    return Predictions(
        "test",
        Task.MULTILABEL,
        Output.LABELS,
        np.arange(n),
        truth,
        outputs,
        "tags",
        names,
        thresholds=np.full(n_labels, 0.5),
        n_all=n,
    )


def of_numbers(
    n: int = 200,
    n_values: int = 1,
    seed: int = 0,
    noise: float = 0.5,
    task: Task = Task.REGRESSION,
    part: str = "test",
) -> Predictions:
    """Numbers around 10 with normal errors."""
    rng = np.random.default_rng(seed)
    truth = 10 + rng.normal(size=(n, n_values))
    outputs = truth + noise * rng.normal(size=truth.shape)
    return Predictions(part, task, Output.NUMBERS, np.arange(n), truth, outputs, "y", n_all=n)


def of_texts(n: int = 60, seed: int = 0, task: Task = Task.TRANSLATION) -> Predictions:
    """Sentences in which a fifth of the words is wrong."""
    rng = np.random.default_rng(seed)
    words = ["the", "cat", "sat", "on", "a", "mat", "and", "dog", "ran", "fast", "over", "hill"]
    truth = [" ".join(rng.choice(words, rng.integers(1, 12))) for _ in range(n)]
    found = [
        " ".join(word if rng.random() > 0.2 else str(rng.choice(words)) for word in text.split())
        for text in truth
    ]
    return Predictions(
        "test",
        task,
        Output.TOKENS,
        np.arange(n),
        np.array(truth, object),
        np.array(found, object),
        "text",
        n_all=n,
    )


def of_anomalies(n: int = 200, seed: int = 0, is_known: bool = True) -> Predictions:
    """Scores; one in ten is unusual."""
    rng = np.random.default_rng(seed)
    truth = (rng.random(n) < 0.1).astype(np.int64)
    scores = rng.normal(size=n) + 2.0 * truth
    return Predictions(
        "test",
        Task.ANOMALY,
        Output.NUMBERS,
        np.arange(n),
        truth if is_known else np.full(n, -1),
        scores,
        "state",
        ("normal", "anomaly") if is_known else (),
        thresholds=np.array([1.5]),
        n_all=n,
    )
