"""Learns from the training part what is made of each column of a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from engine.datasets.base import AnyArray
from engine.preprocessing.scaling import FloatArray, fit_columns
from engine.preprocessing.table_features import NO_CATEGORY, Feature, Source


def fit_table(
    rows: AnyArray, columns: Sequence[Mapping[str, Any]], scaling: str, embeds: bool
) -> tuple[list[Source], list[Feature]]:
    """Learns what fills gaps, which categories there are, and offsets and scales.

    Args:
        rows: Of the training part, (n, columns), float64 with NaN in gaps; categories as
            indices, words as 0 and 1.
        columns: Of each column of x its ``name``, ``column`` of the table, ``type``, strategy for
            ``gaps`` (by the names of `GapStrategy`, decided), ``constant``, and
            ``values``: the categories.
        scaling: ``standard``, ``minmax`` or ``none``; of numbers. Features that are 0 or 1
            stay so, for a rare category would else be a large number.
        embeds: Categories become indices, after all other features, instead of features of 0
            and 1.
    """
    sources: list[Source] = []
    features: list[Feature] = []
    for index, column in enumerate(columns):
        values = rows[:, index].astype(np.float64)
        if column["type"] in ("category", "boolean"):
            source, made = _fit_category(index, values, column, embeds)
        elif column["type"] == "text":
            source, made = _fit_word(index, values, column)
        else:
            source, made = _fit_number(index, values, column, scaling)
        sources.append(_described(source, column))
        features += made
    features.sort(key=lambda feature: feature.kind == "index")  # stable: all others keep order
    return sources, features


def _described(source: Source, column: Mapping[str, Any]) -> Source:
    """The source with what the saved model must know to read the table's own column."""
    return replace(
        source,
        column=column.get("column", ""),
        type=column["type"],
        values=tuple(column.get("values", ())),
        part=column.get("part", ""),
        word=column.get("word", ""),
        unit=column.get("unit", ""),
    )


def _fit_word(
    index: int, held: FloatArray, column: Mapping[str, Any]
) -> tuple[Source, list[Feature]]:
    """A word that no text of the training part holds, or each one does, says nothing."""
    gaps = np.isnan(held)
    name, known = column["name"], held[~gaps]
    features = []
    if known.any() and not known.all():
        features.append(Feature(name, index, "number"))
    if column["gaps"] in ("indicator", "own_category") and gaps.any():
        features.append(Feature(f"{column['column']} is missing", index, "gap"))
    return Source(name, 0.0), features


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
    index: int, values: FloatArray, column: Mapping[str, Any], embeds: bool
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
    elif embeds and len(shown) > 2:
        # Index 0 stands for a gap, and for a category never seen.
        return Source(name, fill, shown, True), [Feature(name, index, "index")]
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
