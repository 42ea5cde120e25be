"""Learns from the training part what is made of each column of a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from engine.datasets.base import AnyArray
from engine.preprocessing.scaling import FloatArray, fit_columns
from engine.preprocessing.table_features import NO_CATEGORY, Feature, Source

_MOST_PIECES = 16
"""Of one number; Gorishniy et al. 2022 find little beyond."""
_ALL_PIECES = 1024
"""Of all numbers of a row: of very many columns each has fewer, or none."""
_ROWS_A_PIECE = 10
_LIMIT = 3.0
_NORMAL_QUARTILES = 1.349
"""How far the quartiles of a normal distribution are apart, in deviations."""
_MOST_ONE_HOT = {"one_hot": np.inf, "embedding": 2, "mixed": 64}
"""Categories of more values become an index. RealMLP has 8 for "mixed", but values that count
nothing fade from features of 0 and 1, whose scales are learnt, and not from embeddings."""


def fit_table(
    rows: AnyArray, columns: Sequence[Mapping[str, Any]], scaling: str, categories: str
) -> tuple[list[Source], list[Feature]]:
    """Learns what fills gaps, which categories there are, and offsets and scales.

    Args:
        rows: Of the training part, (n, columns), float64 with NaN in gaps; categories as
            indices, words as 0 and 1.
        columns: Of each column of x its ``name``, ``column`` of the table, ``type``, strategy for
            ``gaps`` (by the names of `GapStrategy`, decided), ``constant``, and
            ``values``: the categories.
        scaling: ``standard``, ``minmax``, ``none`` or ``piecewise``; of numbers. Features that
            are 0 or 1 stay so, for a rare category would else be a large number.
        categories: ``one_hot``: a feature of 0 or 1 for each value; ``embedding``: an index, after
            all other features; ``mixed``: an index where there are more than 64.
    """
    n_numbers = sum(column["type"] in ("number", "date") for column in columns)
    most = min(_MOST_PIECES, _ALL_PIECES // max(1, n_numbers), len(rows) // _ROWS_A_PIECE)
    sources: list[Source] = []
    features: list[Feature] = []
    for index, column in enumerate(columns):
        values = rows[:, index].astype(np.float64)
        if column["type"] in ("category", "boolean"):
            source, made = _fit_category(index, values, column, _MOST_ONE_HOT[categories])
        elif column["type"] == "text":
            source, made = _fit_word(index, values, column)
        else:
            source, made = _fit_number(index, values, column, scaling, most)
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
    index: int, values: FloatArray, column: Mapping[str, Any], scaling: str, most_pieces: int
) -> tuple[Source, list[Feature]]:
    gaps = np.isnan(values)
    name, strategy = column["name"], column["gaps"]
    fill = _number_fill(values[~gaps], strategy, column.get("constant"))
    filled = np.where(gaps, fill, values)
    if scaling == "piecewise":
        features = _fit_piecewise(name, index, filled, most_pieces)
    else:
        offset, scale = fit_columns(filled[:, np.newaxis], scaling)
        features = [Feature(name, index, "number", 0.0, float(offset[0]), float(scale[0]))]
    # Without a gap in training, nothing could be learnt from a feature that tells of one.
    if strategy in ("indicator", "own_category") and gaps.any():
        features.append(Feature(f"{name} is missing", index, "gap"))
    return Source(name, fill), features


def _fit_piecewise(name: str, index: int, values: FloatArray, most: int) -> list[Feature]:
    """The number itself, scaled by its quartiles and pressed smoothly, and its pieces.

    Scaling and pressing are those of RealMLP (Holzmüller et al. 2024, "Better by default"), pieces
    the piecewise-linear encoding of Gorishniy et al. 2022, "On embeddings for numerical features
    in tabular deep learning": stretches between quantiles of the training part.
    """
    low, middle, high = np.quantile(values, (0.25, 0.5, 0.75))
    offset, scale = float(middle), float(high - low) / _NORMAL_QUARTILES
    if not _is_length(scale):  # more than half of the values are one and the same
        means, deviations = fit_columns(values[:, np.newaxis], "standard")
        offset, scale = float(means[0]), float(deviations[0])
    features = [Feature(name, index, "number", 0.0, offset, scale, _LIMIT)]
    ends = np.unique(values)
    if len(ends) <= 2:
        return features
    if len(ends) > most + 1:
        ends = np.unique(np.quantile(values, np.linspace(0.0, 1.0, most + 1)))
    return features + [
        Feature(f"{name} from {first:.4g} to {last:.4g}", index, "piece", 0.0, first, last - first)
        for first, last in pairwise(ends.tolist())
        if most and _is_length(last - first)
    ]


def _is_length(value: float) -> bool:
    """Whether it can divide: neither 0 nor so near that quotients overflow, nor infinite."""
    return bool(np.finfo(np.float64).tiny <= value < np.inf)


def _number_fill(known: FloatArray, strategy: str, constant: Any) -> float:
    if strategy == "constant":
        return float(constant)
    if strategy == "zero" or not len(known):
        return 0.0
    if strategy == "mean":
        return float(known.mean())
    return _most_frequent(known) if strategy == "most_frequent" else float(np.median(known))


def _fit_category(
    index: int, values: FloatArray, column: Mapping[str, Any], most_one_hot: float
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
    elif len(shown) > most_one_hot:
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
