"""What every kind of target offers between the data's own values and what the network learns."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from engine.datasets.base import AnyArray
from engine.preprocessing.scaling import FloatArray, fit_columns
from engine.preprocessing.score_threshold import ChosenBy, ScoreThreshold
from engine.preprocessing.tokens import Tokenizer

if TYPE_CHECKING:
    import keras

EVEN = 0.5
"""Threshold of a label of which nothing better is known."""
_FEWEST_FOR_THRESHOLD = 5
_TINY = 1e-12
# How a metric in scaled units grows with the target's deviation. Others are free of units.
_METRIC_POWERS = {
    "mean_absolute_error": 1,
    "root_mean_squared_error": 1,
    "mean_squared_error": 2,
}


class TargetTransform(ABC):
    """A fitted way from targets to what the network learns, and back.

    Attributes:
        type: Its name in files.
    """

    type: ClassVar[str]

    @abstractmethod
    def transform(self, y: AnyArray) -> AnyArray:
        """Returns what the network learns, (n, …)."""

    @abstractmethod
    def restore(self, outputs: AnyArray) -> AnyArray:
        """Returns the network's outputs in the target's own terms."""

    def restore_metric(self, name: str, value: float) -> float:
        """Returns a metric, by Keras's name without prefix, in the target's own unit."""
        return value

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """What people should know of it, as label and value."""
        return ()

    def to_dict(self) -> dict[str, Any]:
        """Returns JSON-ready values, without the type."""
        return {}

    @classmethod
    @abstractmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Rebuilds what `to_dict` returned."""


class ClassTargets(TargetTransform):
    """Class indices, (n,), as they are; outputs are probabilities."""

    type = "classes"

    def transform(self, y: AnyArray) -> AnyArray:
        return y.astype(np.int64)

    def restore(self, outputs: AnyArray) -> AnyArray:
        return outputs

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> ClassTargets:
        return cls()


class LabelTargets(TargetTransform):
    """Several labels at once, (n, labels) of 0 and 1; outputs are the probability of each.

    Args:
        thresholds: Above its own, a label is said, (labels,).
    """

    type = "labels"

    def __init__(self, thresholds: FloatArray) -> None:
        self.thresholds = thresholds

    @classmethod
    def even(cls, n_labels: int) -> LabelTargets:
        """Each label is said from one half on, as in Keras's binary accuracy."""
        return cls(np.full(n_labels, EVEN))

    def learnt(self, probabilities: AnyArray, y: AnyArray) -> LabelTargets:
        """Returns targets with the thresholds at which each label's F1 is highest.

        Args:
            probabilities: Of the validation part, (n, labels).
            y: What is true of it, (n, labels) of 0 and 1.
        """
        columns = range(len(self.thresholds))
        return LabelTargets(
            np.array([best_threshold(probabilities[:, place], y[:, place]) for place in columns])
        )

    def said(self, probabilities: AnyArray) -> npt.NDArray[np.bool_]:
        """Returns which labels are said, (n, labels)."""
        said: npt.NDArray[np.bool_] = probabilities.astype(np.float64) > self.thresholds
        return said

    def transform(self, y: AnyArray) -> AnyArray:
        return y.astype(np.float32)

    def restore(self, outputs: AnyArray) -> AnyArray:
        return outputs

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        low, high = float(self.thresholds.min()), float(self.thresholds.max())
        if low == high == EVEN:
            return ()
        return (("Thresholds", f"{low:.4g} to {high:.4g}"),)

    def to_dict(self) -> dict[str, Any]:
        return {"thresholds": self.thresholds.tolist()}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> LabelTargets:
        return cls(np.asarray(values["thresholds"], dtype=np.float64))


def best_threshold(probabilities: AnyArray, truth: AnyArray) -> float:
    """The threshold above which F1 of a label is highest; of several the one nearest one half.

    It lies midway between two probabilities that occur, so that rounding decides nothing.

    Args:
        probabilities: Of the label, (n,).
        truth: 1 for examples that have it, else 0, (n,).

    Returns:
        One half where fewer than five of the examples have the label, or do not have it: F1 of so
        few says nothing.
    """
    n_true = int(np.count_nonzero(truth))
    if min(n_true, len(truth) - n_true) < _FEWEST_FOR_THRESHOLD:
        return EVEN
    order = np.argsort(-probabilities.astype(np.float64), kind="stable")
    sorted_p, hits = probabilities[order].astype(np.float64), np.cumsum(truth[order])
    ends = np.flatnonzero(np.append(sorted_p[1:] < sorted_p[:-1], True))
    lower = np.append(sorted_p[1:], 0.0)[ends]
    f1 = 2.0 * hits[ends] / (ends + 1 + n_true)
    cuts = (sorted_p[ends] + lower) / 2
    best = np.flatnonzero(f1 >= f1.max() - _TINY)
    return float(cuts[best[np.argmin(np.abs(cuts[best] - EVEN))]])


class NumberTargets(TargetTransform):
    """Numbers, ``(value - offset) / scale``.

    Args:
        offset: Subtracted from each value, (n_values,).
        scale: Divides, (n_values,).
    """

    type = "numbers"

    def __init__(self, offset: FloatArray, scale: FloatArray) -> None:
        self.offset, self.scale = offset, scale

    @classmethod
    def fit(cls, y: AnyArray, scaling: str) -> NumberTargets:
        """Learns from the training part's targets, (n,) or (n, n_values)."""
        return cls(*fit_columns(y.reshape(len(y), -1), scaling))

    def transform(self, y: AnyArray) -> AnyArray:
        offset, scale = self._like(y)
        scaled: AnyArray = (y.astype(np.float64) - offset) / scale
        return scaled.astype(np.float32)

    def restore(self, outputs: AnyArray) -> AnyArray:
        """Returns predictions, (n,) or (n, n_values), in the target's own unit, as float64."""
        offset, scale = self._like(outputs)
        restored: AnyArray = outputs.astype(np.float64) * scale + offset
        return restored

    def _like(self, y: AnyArray) -> tuple[Any, Any]:
        if len(self.offset) == 1:
            return float(self.offset[0]), float(self.scale[0])
        return self.offset, self.scale

    @property
    def error_weights(self) -> tuple[float, ...]:
        """How much an error of each number counts in a mean over all, where units differ.

        Errors are learnt in units of each number's own scale. Weighted with these, their mean is
        that of the errors themselves, but for one factor: the mean scale, which `restore_metric`
        puts back. Empty: all alike.
        """
        if (self.scale == self.scale[0]).all():
            return ()
        return tuple((self.scale / self.scale.mean()).tolist())

    def restore_metric(self, name: str, value: float) -> float:
        """Of several numbers, the metric must have been weighted with `error_weights`."""
        power = _METRIC_POWERS.get(name, 0)
        return value * float(np.mean(self.scale)) ** power

    def to_dict(self) -> dict[str, Any]:
        return {"offset": self.offset.tolist(), "scale": self.scale.tolist()}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> NumberTargets:
        return cls(
            np.asarray(values["offset"], dtype=np.float64),
            np.asarray(values["scale"], dtype=np.float64),
        )


class AnomalyTargets(TargetTransform):
    """Scores of anomaly: all that is learnt from should have 0, whatever is known of it.

    Args:
        threshold: Above this score an example is called unusual; None: not learnt yet.
        chosen_by: What it was chosen by.
    """

    type = "anomaly"

    def __init__(self, threshold: float | None = None, chosen_by: ChosenBy = "") -> None:
        self.threshold = threshold
        self.chosen_by: ChosenBy = chosen_by

    def learnt(self, threshold: ScoreThreshold) -> AnomalyTargets:
        """Returns targets with this threshold."""
        return AnomalyTargets(threshold.value, threshold.chosen_by)

    def transform(self, y: AnyArray) -> AnyArray:
        """Returns zeros, (n, 1)."""
        return np.zeros((len(y), 1), np.float32)

    def restore(self, outputs: AnyArray) -> AnyArray:
        """Returns the scores, (n, 1), as float64; they have no unit."""
        return outputs.astype(np.float64)

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        return () if self.threshold is None else (("Threshold", f"{self.threshold:.4g}"),)

    def to_dict(self) -> dict[str, Any]:
        # Before it is chosen, older runs know their data by the first alone.
        chosen = {"chosen_by": self.chosen_by} if self.chosen_by else {}
        return {"threshold": self.threshold, **chosen}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> AnomalyTargets:
        return cls(values["threshold"], values.get("chosen_by", ""))


class TokenTargets(TargetTransform):
    """Texts, (n,), as token ids, (n, length), padded with 0.

    Args:
        tokenizer: Fitted on the training part's targets.
        blank_first: Outputs are those of a network trained with CTC: repeated tokens and blanks
            (token 0) between them are dropped when reading them.
    """

    type = "tokens"

    def __init__(self, tokenizer: Tokenizer, blank_first: bool) -> None:
        self.tokenizer = tokenizer
        self.blank_first = blank_first

    def transform(self, y: AnyArray) -> AnyArray:
        return self.tokenizer.encode(y)

    def restore(self, outputs: AnyArray) -> AnyArray:
        """Returns the likeliest texts, (n,) of str, for outputs (n, positions, n_tokens)."""
        ids = outputs.argmax(axis=-1)
        if self.blank_first:
            repeated = np.zeros(ids.shape, bool)
            repeated[:, 1:] = ids[:, 1:] == ids[:, :-1]
            ids = np.where(repeated, 0, ids)
        return self.texts_of(ids)

    def texts_of(self, ids: AnyArray) -> AnyArray:
        """Returns the texts, (n,) of str, of token ids, (n, positions)."""
        texts = np.empty(len(ids), object)
        texts[:] = [self.tokenizer.decode(row, skip_padding=self.blank_first) for row in ids]
        return texts

    def tokens_of(self, outputs: keras.KerasTensor) -> keras.KerasTensor:
        """The tokens as strings, (batch, positions), by layers that hold the vocabulary.

        Args:
            outputs: Probabilities, (batch, positions, n_tokens).

        Returns:
            Empty strings from the end of the text on.
        """
        import keras

        ids = keras.ops.argmax(outputs, axis=-1)
        stands = keras.ops.cumprod(keras.ops.cast(keras.ops.not_equal(ids, 0), "int32"), axis=1)
        lookup = keras.layers.StringLookup(
            vocabulary=self.tokenizer.storable, mask_token="", invert=True, name="words_of_target"
        )
        return lookup(keras.ops.cast(ids, "int32") * stands)

    def counted(self, ids: AnyArray) -> npt.NDArray[np.float32]:
        """Returns 1 where a text or its end stands and 0 behind it, (n, positions).

        Padding is most of many texts, and easy to predict: counted, it would drown the rest.

        Args:
            ids: What `transform` returned, (n, positions).
        """
        counted = np.ones(ids.shape, np.float32)
        counted[:, 1:] = ids[:, :-1] != 0
        return counted

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        return tuple((f"Target: {label.lower()}", what) for label, what in self.tokenizer.facts)

    def to_dict(self) -> dict[str, Any]:
        return {"tokenizer": self.tokenizer.to_dict(), "blank_first": self.blank_first}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> TokenTargets:
        return cls(Tokenizer.from_dict(values["tokenizer"]), values["blank_first"])
