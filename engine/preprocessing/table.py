"""Inputs of a table: gaps filled, categories as features of 0 and 1, numbers scaled.

Everything that is learnt comes from the training part, the categories too: one that is met later
is treated as a gap. Each feature is declared by a few numbers, so that NumPy in training and Keras
in the saved model do the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from engine.datasets.base import AnyArray
from engine.preprocessing.inputs import InputTransform
from engine.preprocessing.scaling import FloatArray, fit_columns

if TYPE_CHECKING:
    import keras

NO_CATEGORY = -1.0
"""Fills gaps of categories so that they are none of those known."""


@dataclass(frozen=True)
class Source:
    """A column of the raw rows.

    Attributes:
        name: What it is called.
        fill: What stands in for a gap.
        known: Indices of the categories seen in training; empty for numbers.
        is_category: It holds indices of categories.
    """

    name: str
    fill: float
    known: tuple[float, ...] = ()
    is_category: bool = False


@dataclass(frozen=True)
class Feature:
    """A feature the network receives.

    Attributes:
        name: What people read, such as ``island=Dream``.
        source: Index of the column it is made of.
        kind: ``number``: its value; ``equals``: 1 where it holds `value`, else 0; ``gap``: 1 where
            it holds nothing, or a category never seen in training.
        value: See `kind`.
        offset: Subtracted.
        scale: Divides; never 0.
    """

    name: str
    source: int
    kind: Literal["number", "equals", "gap"]
    value: float = 0.0
    offset: float = 0.0
    scale: float = 1.0


class TableInputs(InputTransform):
    """Rows of a table with gaps, (columns,), as features without any, (features,).

    Args:
        sources: One per column of the raw rows.
        features: In order.
    """

    type = "table"

    def __init__(self, sources: Sequence[Source], features: Sequence[Feature]) -> None:
        self.sources, self.features = tuple(sources), tuple(features)
        self.raw_shape = (len(self.sources),)
        self.output_shape = (len(self.features),)
        self.feature_names = tuple(feature.name for feature in self.features)
        self._of = np.array([feature.source for feature in self.features], np.int64)
        self._is_number = np.array([item.kind == "number" for item in self.features], bool)
        self._is_gap = np.array([item.kind == "gap" for item in self.features], bool)
        self._value = np.array([feature.value for feature in self.features])
        self._offset = np.array([feature.offset for feature in self.features])
        self._scale = np.array([feature.scale for feature in self.features])
        self._fill = np.array([source.fill for source in self.sources])

    @classmethod
    def fit(cls, rows: AnyArray, columns: Sequence[Mapping[str, Any]], scaling: str) -> TableInputs:
        """Learns what fills gaps, which categories there are, and offsets and scales.

        Args:
            rows: Of the training part, (n, columns), float64 with NaN in gaps; categories as
                indices.
            columns: Of each column its ``name``, ``type``, strategy for ``gaps`` (by the names of
                `engine.spec.GapStrategy`, decided), ``constant``, and ``values``: the categories.
            scaling: ``standard``, ``minmax`` or ``none``; of numbers. Features that are 0 or 1
                stay so, for a rare category would else be a large number.
        """
        sources: list[Source] = []
        features: list[Feature] = []
        for index, column in enumerate(columns):
            values = rows[:, index].astype(np.float64)
            if column["type"] in ("category", "boolean"):
                source, made = _fit_category(index, values, column)
            else:
                source, made = _fit_number(index, values, column, scaling)
            sources.append(source)
            features += made
        return cls(sources, features)

    def transform(self, rows: AnyArray) -> AnyArray:
        x = rows.astype(np.float64)
        missing = self._missing(x)
        filled = np.where(missing, self._fill, x)[:, self._of]
        held = np.where(self._is_gap, missing[:, self._of], filled == self._value)
        made = np.where(self._is_number, filled, held)
        scaled: AnyArray = ((made - self._offset) / self._scale).astype(np.float32)
        return scaled

    def _missing(self, x: FloatArray) -> npt.NDArray[np.bool_]:
        """Where a row holds nothing, or a category never seen in training, (n, columns)."""
        missing = np.isnan(x)
        for index, source in enumerate(self.sources):
            if source.is_category:
                missing[:, index] = ~np.isin(x[:, index], source.known)
        return missing

    def build(self) -> tuple[keras.KerasTensor, keras.KerasTensor]:
        import keras
        from keras import ops

        inputs = keras.Input(self.raw_shape, name="inputs")
        blank = ops.isnan(inputs)
        x = ops.where(blank, NO_CATEGORY, inputs)
        missing = ops.cast(blank, "float32")
        pairs = [(index, value) for index, item in enumerate(self.sources) for value in item.known]
        is_category = np.array([source.is_category for source in self.sources])
        if is_category.any():
            known = ops.zeros_like(x)
            if pairs:
                of_pair = np.array([index for index, _ in pairs], np.int32)
                values = np.array([value for _, value in pairs], np.float32)
                member = np.zeros((len(pairs), len(self.sources)), np.float32)
                member[np.arange(len(pairs)), of_pair] = 1.0
                equal = ops.equal(ops.take(x, of_pair, axis=1), values)
                known = ops.matmul(ops.cast(equal, "float32"), member)
            missing = ops.where(is_category, 1.0 - known, missing)
        is_missing = ops.greater(missing, 0.5)
        filled = ops.where(is_missing, self._fill.astype(np.float32), x)
        of = self._of.astype(np.int32)
        filled = ops.take(filled, of, axis=1)
        equals = ops.cast(ops.equal(filled, self._value.astype(np.float32)), "float32")
        made = ops.where(self._is_gap, ops.take(missing, of, axis=1), equals)
        made = ops.where(self._is_number, filled, made)
        shifted = ops.subtract(made, self._offset.astype(np.float32))
        return inputs, ops.divide(shifted, self._scale.astype(np.float32))

    def linear_terms(self) -> tuple[FloatArray, FloatArray]:
        return self._offset, self._scale

    def to_dict(self) -> dict[str, Any]:
        return {
            "sources": [asdict(source) for source in self.sources],
            "features": [asdict(feature) for feature in self.features],
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> TableInputs:
        sources = [Source(**{**item, "known": tuple(item["known"])}) for item in values["sources"]]
        return cls(sources, [Feature(**item) for item in values["features"]])


def _fit_number(
    index: int, values: FloatArray, column: Mapping[str, Any], scaling: str
) -> tuple[Source, list[Feature]]:
    gaps = np.isnan(values)
    name, strategy = column["name"], column["gaps"]
    fill = _number_fill(values[~gaps], strategy, column.get("constant"))
    offset, scale = fit_columns(np.where(gaps, fill, values)[:, np.newaxis], scaling)
    features = [Feature(name, index, "number", 0.0, float(offset[0]), float(scale[0]))]
    # Without a gap in training, nothing could be learnt from a feature that tells of one.
    if strategy in ("indicator", "own_category") and gaps.any():
        features.append(Feature(f"{name} is missing", index, "gap"))
    return Source(name, fill), features


def _number_fill(known: FloatArray, strategy: str, constant: Any) -> float:
    if strategy == "constant":
        return float(constant)
    if strategy == "zero" or not len(known):
        return 0.0
    if strategy == "mean":
        return float(known.mean())
    return _most_frequent(known) if strategy == "most_frequent" else float(np.median(known))


def _fit_category(
    index: int, values: FloatArray, column: Mapping[str, Any]
) -> tuple[Source, list[Feature]]:
    gaps = np.isnan(values)
    name, strategy, names = column["name"], column["gaps"], column["values"]
    known = tuple(np.unique(values[~gaps]).tolist())
    fill, has_own = NO_CATEGORY, strategy == "own_category" and bool(gaps.any())
    if strategy == "constant":
        fill = float(names.index(column["constant"]))
    elif strategy != "zero" and not has_own and known:
        fill = _most_frequent(values[~gaps])
    shown = known
    if fill not in known and fill != NO_CATEGORY and gaps.any():
        shown = tuple(sorted((*known, fill)))  # a constant of its own
    if column["type"] == "boolean" and len(shown) == 2:
        shown = shown[1:]
    features = [
        Feature(f"{name}={names[int(value)]}", index, "equals", float(value)) for value in shown
    ]
    if (has_own or strategy == "indicator") and gaps.any():
        features.append(Feature(f"{name} is missing", index, "gap"))
    if not features:  # all gaps in training: nothing to learn, but a feature there must be
        features = [Feature(f"{name} is missing", index, "gap")]
    return Source(name, fill, known, True), features


def _most_frequent(known: FloatArray) -> float:
    """The smallest of the most frequent values, as scikit-learn's `SimpleImputer` takes it."""
    distinct, counts = np.unique(known, return_counts=True)
    return float(distinct[counts.argmax()])
