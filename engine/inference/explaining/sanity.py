"""The sanity check: an explanation of a network with shuffled weights must be another.

Adebayo et al. 2018, "Sanity Checks for Saliency Maps", https://arxiv.org/abs/1810.03292. Imported
by workers only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import keras
import numpy as np

from engine.events.explaining import Sanity
from engine.inference.explaining.base import Case, Effort, Method
from engine.inference.explaining.readouts import Readout
from engine.inference.explaining.subject import Subject
from engine.inference.layer_probe import leaves
from engine.preprocessing.scaling import FloatArray

LIMIT = 0.6
"""Above this rank correlation the explanation is called the same."""
N_DRAWS = 3
"""Of few parts one draw may be alike by chance."""
_FEWEST_PARTS = 3
_MOST_COMPARED = 20_000
_LAST_SHARE = 3


def checked(
    method: Method,
    subject: Subject,
    case: Case,
    readout: Readout,
    values: FloatArray,
    seconds: float,
) -> Sanity:
    """Explains the example again with the weights of layers shuffled, and compares.

    Args:
        method: What made the explanation.
        subject: The network; its weights are put back.
        case: The example.
        readout: The number that is explained.
        values: The explanation.
        seconds: How long it may take, about.
    """
    effort = Effort(seconds, is_rough=True)
    network = subject.network
    layers = learning_layers(network) if method.asks_all_layers else last_layers(network)
    found: list[float] = []
    for seed in range(N_DRAWS):
        if found and effort.is_over:
            break
        with shuffled(layers, seed):
            other = method.explain(subject, case, readout, effort).values
        correlation = rank_correlation(values, other)
        if correlation is None:
            return Sanity(float("nan"), LIMIT, len(layers))
        found.append(correlation)
    return Sanity(float(np.mean(found)), LIMIT, len(layers))


def rank_correlation(first: FloatArray, second: FloatArray) -> float | None:
    """Spearman's, of the parts that either marks; 0 where one marks all alike; None: too few."""
    from scipy.stats import spearmanr

    a, b = first.ravel(), second.ravel()
    marked = (a != 0) | (b != 0)
    a, b = a[marked], b[marked]
    if len(a) < _FEWEST_PARTS or not (np.isfinite(a).all() and np.isfinite(b).all()):
        return None
    if len(a) > _MOST_COMPARED:
        places = np.linspace(0, len(a) - 1, _MOST_COMPARED).astype(int)
        a, b = a[places], b[places]
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return 0.0
    return float(spearmanr(a, b).statistic)


def learning_layers(network: keras.Model) -> list[keras.layers.Layer]:
    """Those whose weights change in training."""
    return [layer for layer in leaves(network) if layer.trainable_weights]


def last_layers(network: keras.Model) -> list[keras.layers.Layer]:
    """A third of the layers with weights, the last; two at least where there are three.

    A table with a number for each output holds answers itself, however early it stands.
    """
    layers = learning_layers(network)
    n_last = max(2 if len(layers) > 2 else 1, len(layers) // _LAST_SHARE)
    width = network.outputs[0].shape[-1]
    tables = [
        layer
        for layer in layers[:-n_last]
        if isinstance(layer, keras.layers.Embedding) and layer.output_dim == width
    ]
    return [*tables, *layers[-n_last:]]


@contextmanager
def shuffled(layers: Sequence[keras.layers.Layer], seed: int) -> Iterator[None]:
    """A context in which the weights of layers are shuffled, each by itself; then put back."""
    weights = [weight for layer in layers for weight in layer.trainable_weights]
    before = [weight.numpy() for weight in weights]
    rng = np.random.default_rng(seed)
    try:
        for weight, values in zip(weights, before, strict=True):
            weight.assign(rng.permutation(values.ravel()).reshape(values.shape))
        yield
    finally:
        for weight, values in zip(weights, before, strict=True):
            weight.assign(values)
