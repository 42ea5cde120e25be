"""Evidence that is made up: curves, layers and predictions of runs that nobody trained."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.events.run_events import EpochEnded
from engine.inference.advice.evidence import Evidence, LayerLook, Targets
from engine.inference.advice.losses import StepLosses
from engine.inference.evaluation.analysis import BaselineScore
from engine.inference.evaluation.predictions import Predictions
from engine.spec.run_spec import RunSpec
from engine.spec.signature import Output, Task

NAMES = ("cat", "dog", "owl")


def spec(**training: Any) -> RunSpec:
    """A spec with every choice closed that the rules look at."""
    values = {"epochs": 20, "batch_size": 32, "learning_rate": 0.01, "optimizer": "adam"}
    return RunSpec.from_dict(
        {"data": {"source": "made up"}, "model": {"name": "mlp"}, "training": values | training}
    )


def epochs(**curves: Any) -> tuple[EpochEnded, ...]:
    """Epochs with these metrics, each a sequence of as many."""
    n = len(next(iter(curves.values())))
    return tuple(
        EpochEnded(
            "run",
            epoch=i + 1,
            step=10 * (i + 1),
            metrics={name: float(values[i]) for name, values in curves.items()},
            duration_s=1.0,
            elapsed_s=i + 1.0,
            samples_per_s=100.0,
            is_best=False,
        )
        for i in range(n)
    )


def falling(start: float, end: float, n: int = 20, rate: float = 0.4) -> np.ndarray:
    """A loss that falls as losses do, and has settled."""
    return end + (start - end) * np.exp(-rate * np.arange(n))


def of_classes(
    n: int = 300,
    right: float = 0.9,
    shares: tuple[float, ...] = (0.4, 0.3, 0.3),
    part: str = "test",
    seed: int = 0,
) -> Predictions:
    """What a model says that is right in so many cases, and else says any class."""
    generator = np.random.default_rng(seed)
    k = len(shares)
    truth = generator.choice(k, n, p=np.array(shares))
    said = np.where(generator.random(n) < right, truth, generator.integers(0, k, n))
    outputs = np.full((n, k), 0.1 / k) + 0.9 * np.eye(k)[said]
    return Predictions(
        part, Task.CLASSIFICATION, Output.CLASSES, np.arange(n), truth, outputs, "pet", NAMES[:k]
    )


def always(n: int = 300, shares: tuple[float, ...] = (0.4, 0.3, 0.3), seed: int = 0) -> Predictions:
    """What a model says that always says the same, with a little noise."""
    found = of_classes(n, 0.0, shares, seed=seed)
    generator = np.random.default_rng(seed + 1)
    outputs = np.asarray(shares) + 0.01 * generator.normal(size=found.outputs.shape)
    return Predictions(
        "test",
        found.task,
        found.output,
        found.rows,
        found.truth,
        outputs / outputs.sum(axis=1, keepdims=True),
        "pet",
        found.class_names,
    )


def of_numbers(n: int = 300, noise: float = 1.0, task: Task = Task.REGRESSION) -> Predictions:
    """Numbers whose deviation is 10, forecast with so much noise; above 100: nothing learnt."""
    generator = np.random.default_rng(0)
    truth = 100 + 10 * generator.normal(size=(n, 1))
    if noise > 100:
        outputs = np.full((n, 1), 100.0) + 0.5 * generator.normal(size=(n, 1))
    else:
        outputs = truth + noise * generator.normal(size=(n, 1))
    return Predictions("test", task, Output.NUMBERS, np.arange(n), truth, outputs, "price")


def of_labels(n: int = 300, right: float = 0.95) -> Predictions:
    """Which of two labels each example has, and what is said; 0.5: nothing learnt."""
    generator = np.random.default_rng(0)
    truth = (generator.random((n, 2)) < 0.4).astype(np.uint8)
    flips = generator.random((n, 2)) > right
    said = np.where(flips, 1 - truth, truth) if right > 0.5 else np.zeros((n, 2))
    outputs = 0.1 + 0.8 * said + 0.01 * generator.normal(size=(n, 2))
    return Predictions(
        "test",
        Task.MULTILABEL,
        Output.LABELS,
        np.arange(n),
        truth,
        outputs,
        "tags",
        ("red", "round"),
        thresholds=np.array([0.5, 0.5]),
    )


def of_texts(n: int = 100, knows: bool = True) -> Predictions:
    """Words and what is written for them."""
    generator = np.random.default_rng(0)
    words = ["".join(generator.choice(list("abcdefgh"), 6)) for _ in range(n)]
    said = [word[:-1] + "x" for word in words] if knows else ["abcdef"] * n
    return Predictions(
        "test",
        Task.TRANSLATION,
        Output.TOKENS,
        np.arange(n),
        np.array(words, object),
        np.array(said, object),
        "word",
    )


def of_scores(n: int = 200, apart: float = 4.0) -> Predictions:
    """Scores of anomaly, of which a fifth is known to be unusual."""
    generator = np.random.default_rng(0)
    truth = (np.arange(n) % 5 == 0).astype(np.int64)
    outputs = generator.normal(size=n) + apart * truth
    return Predictions(
        "test",
        Task.ANOMALY,
        Output.NUMBERS,
        np.arange(n),
        truth,
        outputs,
        "state",
        thresholds=np.array([2.0]),
    )


CLASS_TARGETS = Targets(600, NAMES, np.array([240, 180, 180]), chance_loss=1.089)
NUMBER_TARGETS = Targets(600, means=np.array([100.0]), spreads=np.array([10.0]), chance_loss=1.0)
LABEL_TARGETS = Targets(600, ("red", "round"), np.array([240, 240]), chance_loss=0.673)


def layers(**more: Any) -> LayerLook:
    """Three layers in good health."""
    values: dict[str, Any] = {
        "layers": ("dense", "dense_1", "output"),
        "gradient_norms": np.array([0.1, 0.1, 0.2]),
        "weight_norms": np.array([3.0, 4.0, 2.0]),
        "dead_units": np.array([0.0, 0.05, np.nan]),
        "moved": np.array([0.4, 0.4, 0.6]),
        "n_examples": 600,
    }
    return LayerLook(**values | more)


def sound(**more: Any) -> Evidence:
    """A sound run of a classifier; or of something else, by what is given."""
    values: dict[str, Any] = {
        "spec": spec(),
        "task": Task.CLASSIFICATION,
        "output": Output.CLASSES,
        "epochs": epochs(
            loss=falling(1.0, 0.2),
            accuracy=1 - falling(0.6, 0.08),
            val_loss=falling(1.0, 0.26),
            val_accuracy=1 - falling(0.6, 0.1),
        ),
        "losses": StepLosses.of(falling(1.1, 0.2, 400, 0.02)),
        "look": layers(),
        "targets": CLASS_TARGETS,
        "test": of_classes(),
        "validation": of_classes(part="validation", seed=1),
        "epochs_planned": 20,
    }
    return Evidence(**values | more)


def trained_on(curve: np.ndarray, **more: Any) -> Evidence:
    """A run whose training and validation loss are this curve."""
    n = len(curve)
    accuracy = np.full(n, 0.4)
    found = epochs(loss=curve, val_loss=curve, accuracy=accuracy, val_accuracy=accuracy)
    return sound(epochs=found, **more)


def boosted(low: float, high: float) -> BaselineScore:
    """A simple model that differs so much."""
    return BaselineScore(
        "boosted_trees", "Boosted trees", {"accuracy": 0.97}, difference=(low, high)
    )
