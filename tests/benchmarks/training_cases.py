"""The models whose training is timed, with random data of their shape.

Needs Keras and NumPy only, with any backend, so that peers can be other installations.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np

PICTURES = frozenset({"cnn", "resnet50"})


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


def _recurrent(layer: type[keras.layers.Layer]) -> keras.Model:
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((32,), dtype="int32"),
            layers.Embedding(100, 64),
            layer(64),
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


def _resnet50() -> keras.Model:
    return keras.applications.ResNet50(weights=None)


def case_of(name: str) -> Case:
    """One of the models, by its name."""
    rng = np.random.default_rng(0)
    if name in ("linear", "logistic"):
        line = rng.normal(size=(1000, 1)).astype(np.float32)
        if name == "linear":
            target = 3 * line[:, 0] + 2
            return Case(lambda: _one_layer("linear"), line, target, 1, "sgd", "mean_squared_error")
        above = (line[:, 0] + 0.3 * rng.normal(size=1000) > 0).astype(np.int64)
        return Case(lambda: _one_layer("sigmoid"), line, above, 1, "sgd", "binary_crossentropy")
    sparse = "sparse_categorical_crossentropy"
    classes = rng.integers(0, 10, 6400)
    if name == "resnet50":
        photos = rng.random((512, 224, 224, 3), dtype=np.float32)
        return Case(_resnet50, photos, rng.integers(0, 1000, 512), 32, "adam", sparse)
    if name == "cnn":
        images = rng.random((6400, 28, 28, 1), dtype=np.float32)
        return Case(_cnn, images, classes, 64, "adam", sparse)
    tokens = rng.integers(0, 100, (6400, 32)).astype(np.int32)
    builders = {
        "lstm": lambda: _recurrent(keras.layers.LSTM),
        "gru": lambda: _recurrent(keras.layers.GRU),
        "attention": _attention,
    }
    return Case(builders[name], tokens, classes, 64, "adam", sparse)
