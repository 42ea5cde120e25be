"""Inputs of a table: gaps filled, categories as features or indices, numbers scaled.

Everything that is learnt comes from the training part, the categories too: one that is met later
is treated as a gap. Each feature is declared by a few numbers, so that NumPy in training and Keras
in the saved model do the same.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.datasets.base import AnyArray
from engine.preprocessing.inputs import InputTransform
from engine.preprocessing.scaling import FloatArray
from engine.preprocessing.table_features import FARTHEST, Feature, Source
from engine.preprocessing.table_fitting import fit_table


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
        kinds = np.array([feature.kind for feature in self.features])
        self._is_piece = kinds == "piece"
        self._is_number = (kinds == "number") | self._is_piece
        self._is_index, self._is_gap = kinds == "index", kinds == "gap"
        self._limit = np.array([feature.limit or np.inf for feature in self.features])
        self._value = np.array([feature.value for feature in self.features])
        self._offset = np.array([feature.offset for feature in self.features])
        self._scale = np.array([feature.scale for feature in self.features])
        self._fill = np.array([source.fill for source in self.sources])

    @classmethod
    def fit(
        cls,
        rows: AnyArray,
        columns: Sequence[Mapping[str, Any]],
        scaling: str,
        categories: str = "one_hot",
    ) -> TableInputs:
        """Learns from the training part; see `fit_table`.

        Args:
            rows: Of the training part, (n, columns), NaN in gaps.
            columns: As the dataset describes them in `Examples.reading`.
            scaling: As in `PreprocessingSpec`.
            categories: Likewise.
        """
        return cls(*fit_table(rows, columns, scaling, categories))

    @property
    def category_sizes(self) -> tuple[int, ...]:
        """Of the last features, which are indices: how many categories, index 0 included."""
        return tuple(
            len(self.sources[feature.source].known) + 1
            for feature in self.features
            if feature.kind == "index"
        )

    @property
    def measured(self) -> tuple[bool, ...]:
        """Of each feature, whether it is a number of the table, or of a date."""
        return tuple(
            feature.kind == "number" and self.sources[feature.source].type != "text"
            for feature in self.features
        )

    def transform(self, rows: AnyArray) -> AnyArray:
        x = rows.astype(np.float64)
        missing = self._missing(x)
        filled = np.where(missing, self._fill, x)[:, self._of]
        held = np.where(self._is_gap, missing[:, self._of], filled == self._value)
        made = np.where(self._is_number, filled, held)
        for place in np.flatnonzero(self._is_index):
            known = np.asarray(self.sources[self._of[place]].known)
            at = np.searchsorted(known, filled[:, place]).clip(0, len(known) - 1)
            made[:, place] = np.where(known[at] == filled[:, place], at + 1, 0)
        scaled = (made - self._offset) / self._scale
        scaled[:, self._is_piece] = scaled[:, self._is_piece].clip(0.0, 1.0)
        share = scaled.clip(-FARTHEST, FARTHEST) / self._limit
        pressed: AnyArray = scaled.clip(-FARTHEST, FARTHEST) / np.sqrt(1.0 + np.square(share))
        made = np.where(np.isfinite(self._limit), pressed, scaled)
        return made.astype(np.float32)

    def _missing(self, x: FloatArray) -> npt.NDArray[np.bool_]:
        """Where a row holds nothing, or a category never seen in training, (n, columns)."""
        missing = np.isnan(x)
        for index, source in enumerate(self.sources):
            if source.is_category:
                missing[:, index] = ~np.isin(x[:, index], source.known)
        return missing

    def build(self, reserved: Collection[str] = ()) -> tuple[Any, Any]:
        """The saved model takes the table's own columns, by name; see `table_model`."""
        from engine.preprocessing.table_model import build_table

        return build_table(self.sources, self.features, reserved)

    def linear_terms(self) -> tuple[FloatArray, FloatArray]:
        return self._offset, self._scale

    def to_dict(self) -> dict[str, Any]:
        return {
            "sources": [asdict(source) for source in self.sources],
            "features": [asdict(feature) for feature in self.features],
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> TableInputs:
        sources = [
            Source(
                **{**item, "known": tuple(item["known"]), "values": tuple(item.get("values", ()))}
            )
            for item in values["sources"]
        ]
        return cls(sources, [Feature(**item) for item in values["features"]])
