"""The straight way of a series to its forecast: computed before the training begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.architectures.known_examples import Blocks, KnownExamples
from engine.architectures.least_squares import Moments, fit_forecast

if TYPE_CHECKING:
    import keras

# Numbers of a window, and weights: with more, least squares take seconds, and overfit. Those of
# older steps begin with 0.
_MOST_FEATURES = 256
_MOST_WEIGHTS = 65_536


def start_direct_steps(network: keras.Model, known: KnownExamples, slowness: float = 1.0) -> None:
    """Lets a network begin at the best linear forecast, with nothing added to it as yet.

    What the layers learn is then only what a weighted sum of the steps misses, as in Zhang 2003,
    "Time series forecasting using a hybrid ARIMA and neural network model".

    Args:
        network: With a layer ``direct`` beside one named ``learnt``, as `with_direct_steps` makes
            them; others are left as they are.
        known: The data.
        slowness: As of `with_direct_steps`.
    """
    names = [layer.name for layer in network.layers]
    if "direct" not in names:
        return
    direct, learnt = network.get_layer("direct"), network.get_layer("learnt")
    n_numbers, n_targets = direct.kernel.shape
    n_channels = network.input_shape[-1]
    most = min(n_numbers, _MOST_FEATURES, _MOST_WEIGHTS // n_targets)
    n_steps = max(1, most // n_channels)
    train, validation = (
        _moments(blocks, n_steps, n_channels, n_targets)
        for blocks in (known.train, known.validation)
    )
    found = fit_forecast(train, validation, (n_steps, n_channels), known.last)
    if found is None:
        return
    kernel = np.zeros((n_numbers, n_targets))
    kernel[n_numbers - n_steps * n_channels :] = found.weights * slowness
    direct.set_weights([kernel])
    learnt.set_weights([np.zeros(learnt.kernel.shape), found.bias])


def _moments(blocks: Blocks, n_steps: int, n_channels: int, n_targets: int) -> Moments:
    moments = Moments(n_steps * n_channels, n_targets)
    for x, y in blocks():
        last = x[:, x.shape[1] - n_steps :].astype(np.float64).reshape(len(x), -1)
        moments.add(last, y.astype(np.float64).reshape(len(y), -1))
    return moments
