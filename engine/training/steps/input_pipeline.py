"""What a network is fed from a run's data. Imported by workers only."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engine.datasets.base import AnyArray, IndexArray
from engine.inference.decoding import taught
from engine.preprocessing.targets import TokenTargets
from engine.spec.signature import Signature
from engine.training.prepared_data import PreparedData
from engine.training.steps.feed import BLOCK_BYTES, Feed, ResidentFeed, StreamedFeed, prepare_all


def feed_of(prepared: PreparedData, part: str, resident: bool, is_taught: bool) -> Feed:
    """Feeds a part of the data, prepared.

    Args:
        prepared: The data.
        part: ``train``, ``validation`` or ``test``.
        resident: Held on the device; else streamed.
        is_taught: The network takes the right target beside the input, as
            `engine.inference.decoding.taught` makes it.
    """
    rows = getattr(prepared.parts, part)
    class_weights = prepared.spec.training.class_weights
    weights = prepared.training_weights(class_weights) if part == "train" else None
    prepare = _Preparation(prepared, rows, weights, is_taught)
    size = row_bytes(prepared.signature)
    if resident:
        return ResidentFeed(prepare_all(prepare, len(rows), max(1, BLOCK_BYTES // size)))
    return StreamedFeed(np.arange(len(rows), dtype=np.int64), prepare, size)


def row_bytes(signature: Signature) -> int:
    """Bytes of one prepared example; four for each number."""
    # Of a text that is to be written: its tokens, their weights, and what was written before.
    return 4 * (signature.n_inputs + signature.n_values + 3 * signature.target_length)


def prepared_bytes(prepared: PreparedData) -> int:
    """Bytes of the prepared training and validation parts."""
    parts = prepared.parts
    return row_bytes(prepared.signature) * (len(parts.train) + len(parts.validation))


class _Preparation:
    """Makes what the model takes from rows of a part.

    Args:
        prepared: The data.
        rows: The part's examples, (n,).
        weights: How much each counts, (n,); None: all the same.
        is_taught: The network takes the right target beside the input, as
            `engine.inference.decoding.taught` makes it.
    """

    def __init__(
        self,
        prepared: PreparedData,
        rows: IndexArray,
        weights: npt.NDArray[np.float32] | None,
        is_taught: bool,
    ) -> None:
        self._prepared = prepared
        self._rows = rows
        self._weights = weights
        self._is_taught = is_taught

    def __call__(self, places: IndexArray) -> tuple[AnyArray, ...]:
        """Returns x and y, and weights if there are any, for places in the part."""
        examples, preprocessing = self._prepared.examples, self._prepared.preprocessing
        rows = self._rows[places]
        x = preprocessing.transform_x(examples.x[rows])
        y = preprocessing.transform_y(examples.y[rows])
        if self._is_taught:
            x = taught(x, y, self._prepared.signature)
        weights = None if self._weights is None else self._weights[places]
        targets = preprocessing.targets
        if isinstance(targets, TokenTargets) and not targets.blank_first:
            counted = targets.counted(y)
            weights = counted if weights is None else counted * weights[:, np.newaxis]
        return (x, y) if weights is None else (x, y, weights)
