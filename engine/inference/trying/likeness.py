"""Which examples a network takes for alike: by what its last hidden layer makes of them.

Imported by workers only.
"""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from engine.datasets.base import AnyArray
from engine.inference.contract import Contract
from engine.inference.decoding import is_autoregressive

FloatArray = npt.NDArray[np.float32]

_MAX_FEATURES = 4096
_BINS = 1024
_BLOCK = 64
_FAR_SHARE = 0.99
_FAR_FACTOR = 1.5  # of what is usual: one in a hundred of the training's own would be far, too


class Likeness:
    """Turns raw inputs into vectors whose distance says how alike they are.

    Args:
        network: From prepared inputs to scaled outputs; its weights may change between calls.
        contract: What goes in and comes out.
    """

    def __init__(self, network: keras.Model, contract: Contract) -> None:
        self._contract = contract
        hidden = None
        if not is_autoregressive(network, contract.signature):
            hidden = _last_hidden(network)
        self.is_hidden = hidden is not None
        """By the last hidden layer; else by the prepared inputs."""
        self._hidden = None if hidden is None else _graph_of(hidden, contract)

    def vectors(self, x: AnyArray) -> FloatArray:
        """Returns a vector for each raw input, (n, features)."""
        prepared = self._contract.preprocessing.transform_x(x)
        if self._hidden is None:
            return self._of_inputs(prepared)
        found = [self._hidden(prepared[at : at + _BLOCK]) for at in range(0, len(x), _BLOCK)]
        return _flat(np.concatenate(found))

    def _of_inputs(self, prepared: AnyArray) -> FloatArray:
        if not self._contract.signature.n_tokens:
            return _flat(prepared)
        # Which tokens there are, whatever their order: 0 is padding, 1 what is unknown.
        counts = np.zeros((len(prepared), _BINS), np.float32)
        for row, ids in zip(counts, prepared, strict=True):
            np.add.at(row, ids[ids > 1] % _BINS, 1.0)
        length = np.linalg.norm(counts, axis=1, keepdims=True)
        return np.asarray(counts / np.maximum(length, 1.0), np.float32)


def _flat(values: AnyArray) -> FloatArray:
    """Vectors, (n, features); of what is large, means over all but the last axis."""
    if values.ndim > 2 and values[0].size > _MAX_FEATURES:
        values = values.mean(axis=tuple(range(1, values.ndim - 1)))
    return values.reshape(len(values), -1).astype(np.float32)


def _last_hidden(network: keras.Model) -> keras.Model | None:
    """From prepared inputs to what the last layer that learns receives; None: it has no such."""
    try:
        tensor = network.outputs[0]
        while True:
            layer = tensor._keras_history.operation
            taken = layer.input
            if not isinstance(taken, keras.KerasTensor):
                return None
            if getattr(layer, "weights", ()):
                return keras.Model(network.inputs, taken)
            tensor = taken
    except (AttributeError, ValueError, IndexError):
        return None


def _graph_of(hidden: keras.Model, contract: Contract) -> Callable[[AnyArray], AnyArray]:
    dtype = "int32" if contract.signature.n_tokens else "float32"
    taken = tf.TensorSpec((None, *hidden.inputs[0].shape[1:]), dtype)

    @tf.function(input_signature=[taken], autograph=False)  # type: ignore[untyped-decorator]
    def values_of(prepared: tf.Tensor) -> tf.Tensor:
        return tf.cast(hidden(prepared, training=False), tf.float32)

    return lambda prepared: np.asarray(values_of(tf.convert_to_tensor(prepared, dtype)).numpy())


class NearestIndex:
    """Examples to be searched for the nearest ones.

    Args:
        rows: Their indices in the data, (n,).
        vectors: Of each, (n, features).
    """

    def __init__(self, rows: npt.NDArray[np.int64], vectors: FloatArray) -> None:
        self.rows = rows
        self._vectors = vectors
        self._squares = (vectors.astype(np.float64) ** 2).sum(axis=1)
        self._usual = self._usual_distance()

    def __len__(self) -> int:
        return len(self.rows)

    def nearest(
        self, vector: FloatArray, n: int, without: int | None = None
    ) -> tuple[npt.NDArray[np.int64], bool]:
        """The nearest examples.

        Args:
            vector: What is looked for, (features,).
            n: How many at most.
            without: An example that is none of them: the one that is looked for.

        Returns:
            Their indices in the data, the nearest first, and whether even the first is much
            farther than 99 % of the examples are from their own nearest.
        """
        distances = self._distances(vector[np.newaxis])[0]
        if without is not None:
            distances = np.where(self.rows == without, np.inf, distances)
        order = np.argsort(distances, kind="stable")[: min(n, len(self.rows))]
        order = order[np.isfinite(distances[order])]
        is_far = bool(len(order)) and float(distances[order[0]]) > self._usual
        return self.rows[order], is_far

    def _distances(self, vectors: FloatArray) -> npt.NDArray[np.float64]:
        """Euclidean distances, (n of vectors, n)."""
        wide = vectors.astype(np.float64)
        products = wide @ self._vectors.T.astype(np.float64)
        squares = (wide**2).sum(axis=1)[:, np.newaxis] + self._squares - 2 * products
        return np.asarray(np.sqrt(np.maximum(squares, 0.0)))

    def _usual_distance(self) -> float:
        """What is farther than this from all of them is like none of them."""
        if len(self.rows) < 2:
            return float("inf")
        some = np.unique(np.linspace(0, len(self.rows) - 1, min(len(self.rows), 500)).astype(int))
        distances = self._distances(self._vectors[some])
        distances[np.arange(len(some)), some] = np.inf
        return _FAR_FACTOR * float(np.quantile(distances.min(axis=1), _FAR_SHARE))
