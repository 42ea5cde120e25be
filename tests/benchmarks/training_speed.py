"""Speed of Descent's step loop against Keras's own `fit`, model by model, in the same run.

    python tests/benchmarks/training_speed.py [--model NAME ...] [--rounds N] [--json]

Both train the same model on the same random data, one epoch each in turn, after one epoch each
that is timed apart (it traces the graphs). The figure to quote is the ratio of the medians.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).parents[2]))

import keras
import numpy as np

from engine.training.control import TrainingControl
from engine.training.feed import ResidentFeed
from engine.training.loop import DeviceData, StepLoop
from engine.training.schedule import Schedule
from engine.training.trainer import Trainer


@dataclass(frozen=True)
class Case:
    """One model with its data."""

    build: Callable[[], keras.Model]
    x: np.ndarray
    y: np.ndarray
    batch_size: int
    optimizer: str
    loss: str

    def model(self, **options: object) -> keras.Model:
        keras.utils.set_random_seed(0)
        model = self.build()
        metrics = ["mean_absolute_error"] if self.loss == "mean_squared_error" else ["accuracy"]
        model.compile(self.optimizer, self.loss, metrics=metrics, **options)
        return model


def _one_layer(activation: str) -> keras.Model:
    return keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, activation=activation)])


def _cnn() -> keras.Model:
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )


def _lstm() -> keras.Model:
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((32,), dtype="int32"),
            layers.Embedding(100, 64),
            layers.LSTM(64),
            layers.Dense(10, activation="softmax"),
        ]
    )


def _attention() -> keras.Model:
    layers = keras.layers
    tokens = keras.Input((32,), dtype="int32")
    embedded = layers.Embedding(100, 64)(tokens)
    attended = layers.MultiHeadAttention(8, 64)(embedded, embedded)
    pooled = layers.GlobalAveragePooling1D()(attended)
    return keras.Model(tokens, layers.Dense(10, activation="softmax")(pooled))


def cases() -> dict[str, Case]:
    """The five models of the design, with random data of their shape."""
    rng = np.random.default_rng(0)
    line = rng.normal(size=(1000, 1)).astype(np.float32)
    above = (line[:, 0] + 0.3 * rng.normal(size=1000) > 0).astype(np.int64)
    images = rng.random((6400, 28, 28, 1), dtype=np.float32)
    tokens = rng.integers(0, 100, (6400, 32)).astype(np.int32)
    classes = rng.integers(0, 10, 6400)
    sparse = "sparse_categorical_crossentropy"
    return {
        "linear": Case(
            lambda: _one_layer("linear"), line, 3 * line[:, 0] + 2, 1, "sgd", "mean_squared_error"
        ),
        "logistic": Case(
            lambda: _one_layer("sigmoid"), line, above, 1, "sgd", "binary_crossentropy"
        ),
        "cnn": Case(_cnn, images, classes, 64, "adam", sparse),
        "lstm": Case(_lstm, tokens, classes, 64, "adam", sparse),
        "attention": Case(_attention, tokens, classes, 64, "adam", sparse),
    }


class _Fit:
    """Plain `fit` at Keras's defaults."""

    def __init__(self, case: Case) -> None:
        self._case, self._model = case, case.model()

    def epoch(self) -> float:
        started = time.perf_counter()
        self._model.fit(self._case.x, self._case.y, batch_size=self._case.batch_size, verbose=0)
        return time.perf_counter() - started


class _Descent:
    """The engine's own trainer, events and controls included."""

    def __init__(self, case: Case) -> None:
        model = case.model(jit_compile=False)
        data = DeviceData.place(case.x, case.y)
        self._arguments = (model, StepLoop(model, data), ResidentFeed(data), None)
        self._batch_size = case.batch_size
        self._trainer = self._new_trainer()

    def _new_trainer(self) -> Trainer:
        schedule = Schedule(epochs=1, batch_size=self._batch_size, seed=0)
        return Trainer("benchmark", *self._arguments, schedule, lambda _: None, TrainingControl())

    def epoch(self) -> float:
        started = time.perf_counter()
        self._trainer.fit()
        return time.perf_counter() - started


def measure(case: Case, rounds: int) -> dict[str, float]:
    """Seconds per epoch of both, and how many times faster Descent is."""
    peers = {"fit": _Fit(case), "descent": _Descent(case)}
    first = {name: peer.epoch() for name, peer in peers.items()}
    times: dict[str, list[float]] = {name: [] for name in peers}
    for _ in range(rounds):
        for name, peer in peers.items():
            times[name].append(peer.epoch())
    fit, descent = (statistics.median(times[name]) for name in ("fit", "descent"))
    return {
        "fit_s": fit,
        "descent_s": descent,
        "ratio": fit / descent,
        "first_fit_s": first["fit"],
        "first_descent_s": first["descent"],
        "first_ratio": first["fit"] / first["descent"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    known = cases()
    parser.add_argument("--model", nargs="*", choices=known, default=list(known))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if not options.json:
        print(f"{'model':<10} {'fit s/epoch':>12} {'descent':>9} {'ratio':>7} {'first epoch':>12}")
    for name in options.model:
        figures = measure(known[name], options.rounds)
        if options.json:
            print(json.dumps({"model": name, **figures}), flush=True)
        else:
            print(
                f"{name:<10} {figures['fit_s']:>12.4f} {figures['descent_s']:>9.4f} "
                f"{figures['ratio']:>6.1f}× {figures['first_ratio']:>11.1f}×",
                flush=True,
            )


if __name__ == "__main__":
    main()
