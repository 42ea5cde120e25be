"""ScoredExamples: the examples of a part beside what is said of each, to be ordered and chosen.

Made once from `Predictions`, outside the window's own thread; what is asked of it then is quick.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from engine.datasets.base import AnyArray, IndexArray
from engine.inference.evaluation.predictions import Predictions
from engine.spec.signature import Output

Floats = npt.NDArray[np.float64]

ORDERS: Final = ("loss", "confidence", "doubt", "row", "similarity")
"""Worst first; surest first; least sure first; as in the data; nearest to one of them first."""


@dataclass(frozen=True, eq=False)
class ScoredExamples:
    """What is known of each example of a part; places are positions in it, not rows of the data.

    Attributes:
        predictions: Of the model.
        predicted: As `Predictions.predicted`.
        is_right: As `Predictions.is_right`.
        losses: As `Predictions.losses`, (n,).
        confidence: Classes: the probability of what is said. Labels: the mean, over labels, of
            that of what is said of each. Anomalies: the score. Otherwise NaN, (n,).
    """

    predictions: Predictions
    predicted: AnyArray
    is_right: npt.NDArray[np.bool_] | None
    losses: Floats
    confidence: Floats

    @classmethod
    def of(cls, predictions: Predictions) -> ScoredExamples:
        """Works out what is asked for most."""
        predicted = predictions.predicted
        is_classes = predictions.output is Output.CLASSES and not predictions.is_anomaly
        # Of a million examples of many classes the largest is looked for once only.
        right = predicted == predictions.truth if is_classes else predictions.is_right
        confidence = _confidence(predictions, predicted)
        found = cls(predictions, predicted, right, predictions.losses, confidence)
        _ = found._norms, found.truth_counts  # while nobody waits
        return found

    def __len__(self) -> int:
        return len(self.predictions)

    # ---- what there is

    @property
    def has_classes(self) -> bool:
        """One class of several is said of each example."""
        return self.predictions.output is Output.CLASSES and not self.predictions.is_anomaly

    @property
    def has_confidence(self) -> bool:
        """There is something to be sure of."""
        return bool(np.isfinite(self.confidence).any())

    @property
    def orders(self) -> tuple[str, ...]:
        """By what they can be sorted."""
        known = {"confidence", "doubt"} if self.has_confidence else set()
        if self.predictions.outputs.dtype != object:
            known.add("similarity")
        return tuple(name for name in ORDERS if name in known | {"loss", "row"})

    @cached_property
    def truth_counts(self) -> npt.NDArray[np.int64]:
        """How many examples of each class there are, (classes,); empty where none is said."""
        if not self.has_classes:
            return np.zeros(0, np.int64)
        return np.bincount(self.predictions.truth, minlength=len(self.predictions.class_names))

    @cached_property
    def confusion(self) -> npt.NDArray[np.int64]:
        """How often each class was taken for which, (true class, predicted class)."""
        n = len(self.predictions.class_names)
        pairs = self.predictions.truth.astype(np.int64) * n + self.predicted
        return np.bincount(pairs, minlength=n * n).reshape(n, n)

    # ---- choosing

    @property
    def everything(self) -> IndexArray:
        """The places of all."""
        return np.arange(len(self), dtype=np.int64)

    def wrong(self) -> IndexArray:
        """The places of those that are wrong; of all, where right and wrong mean nothing."""
        return self.everything if self.is_right is None else np.flatnonzero(~self.is_right)

    def cell(self, true: int, predicted: int) -> IndexArray:
        """The places of examples of one class of which another, or the same, is said."""
        is_there = (self.predictions.truth == true) & (self.predicted == predicted)
        return np.flatnonzero(is_there)

    def places_of(self, rows: Sequence[int] | IndexArray) -> IndexArray:
        """The places of rows of the data, in their order; those of other parts are left out."""
        wanted = np.asarray(rows, np.int64)
        if not len(wanted) or not len(self):
            return np.zeros(0, np.int64)
        order = np.argsort(self.predictions.rows, kind="stable")
        known = self.predictions.rows[order]
        at = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
        return np.asarray(order[at[known[at] == wanted]], np.int64)

    def ordered(self, places: IndexArray, by: str, like: int | None = None) -> IndexArray:
        """Sorts places.

        Args:
            places: Which, (chosen,).
            by: One of `ORDERS`.
            like: The place of the example that others are near to, for ``similarity``.

        Raises:
            ValueError: There is no such order.
        """
        match by:
            case "row":
                keys = self.predictions.rows[places].astype(np.float64)
            case "loss":
                keys = -_last(self.losses[places])  # what is no number is the worst
            case "confidence":
                keys = -self.confidence[places]
            case "doubt":
                keys = self.confidence[places]
            case "similarity":
                if like is None or not len(places):
                    return places
                keys = self._distances(places, like)
            case _:
                names = ", ".join(ORDERS)
                raise ValueError(f"by must be one of {names}. Received: {by!r}")
        return np.asarray(places[np.argsort(keys, kind="stable")], np.int64)

    @property
    def _flat(self) -> AnyArray:
        """Outputs of one example in a row, (n, values)."""
        outputs = self.predictions.outputs
        return outputs.reshape(len(outputs), math.prod(outputs.shape[1:]))

    @cached_property
    def _norms(self) -> Floats:
        """The square of each output's length, (n,); empty where outputs are no numbers."""
        if self.predictions.outputs.dtype == object:
            return np.zeros(0)
        flat = self._flat
        return np.asarray(np.einsum("ij,ij->i", flat, flat), np.float64)

    def _distances(self, places: IndexArray, like: int) -> Floats:
        """How far, in the outputs, examples are from one of them, less what is the same for all."""
        flat = self._flat
        if len(places) == len(self):
            products = (flat @ flat[like])[places]
        else:
            products = flat[places] @ flat[like]
        return _last(self._norms[places] - 2.0 * products.astype(np.float64))

    # ---- in words

    def truth_text(self, place: int) -> str:
        """What is known of an example; empty: nothing."""
        return self._words(self.predictions.truth[place])

    def predicted_text(self, place: int) -> str:
        """What the model says of it."""
        return self._words(self.predicted[place])

    def _words(self, value: Any) -> str:
        found = self.predictions
        if found.is_anomaly:
            return ("usual", "unusual")[int(value)] if value >= 0 else ""
        match found.output:
            case Output.CLASSES:
                return found.class_names[int(value)]
            case Output.LABELS:
                said = [name for name, has in zip(found.class_names, value, strict=True) if has]
                return ", ".join(said) or "none"
            case Output.TOKENS:
                return str(value)
            case Output.NUMBERS:
                return ", ".join(f"{number:.6g}" for number in np.atleast_1d(value).tolist())

    def probabilities(self, place: int, most: int) -> list[tuple[str, float]]:
        """The likeliest classes or labels of an example, the likeliest first; else nothing."""
        found = self.predictions
        if not found.class_names or found.is_anomaly or found.output is Output.TOKENS:
            return []
        outputs = found.outputs[place]
        likeliest = np.argsort(-_first(outputs), kind="stable")[:most]
        return [(found.class_names[index], float(outputs[index])) for index in likeliest]


def _confidence(predictions: Predictions, predicted: AnyArray) -> Floats:
    outputs = predictions.outputs
    if predictions.is_anomaly:
        return outputs.astype(np.float64)
    match predictions.output:
        case Output.CLASSES:
            return outputs[np.arange(len(outputs)), predicted].astype(np.float64)
        case Output.LABELS:
            said = predicted > 0
            return np.asarray(np.where(said, outputs, 1 - outputs).mean(axis=1), np.float64)
        case _:
            return np.full(len(predictions), np.nan)


def _last(values: Floats) -> Floats:
    """Values of which those that are no numbers are the largest."""
    return np.where(np.isnan(values), np.inf, values)


def _first(values: AnyArray) -> AnyArray:
    """Values of which those that are no numbers are the smallest."""
    return np.where(np.isnan(values), -np.inf, values)
