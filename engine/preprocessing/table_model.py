"""Inputs of a table as Keras layers: the saved model takes the table's own columns by name.

Numbers as numbers with NaN in gaps; categories, yes and no and free text as strings, empty in gaps;
dates as days since 1970, with a fraction for the time of day. Everything is done by standard
layers and operations, so that the file loads with Keras alone, and in float64 until numbers are
scaled: float32 holds seconds since 1970 to two minutes. Imported where a model is saved.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.preprocessing.table_features import FARTHEST, NO_CATEGORY, Feature, Source

if TYPE_CHECKING:
    import keras

# A time such as 13:00 must not fall before the hour by a rounding of the days.
_EPSILON_H = 1e-6
_DAYS_TO_0000_03_01 = 719_468

_ROWS = "rows"
# Layers and operations of the saved model: a column of such a name would be a second one.
_OF_A_LAYER = re.compile(
    rf"{_ROWS}|unit_of_target|(index|words)_of_\d+_.*|"
    r"(add|cast|clip|divide|equal|floor|greater|isnan|less|less_equal|matmul|mod|multiply|reshape|"
    r"sqrt|subtract|take|true_divide|where|zeros_like)(_\d+)?"
)


def build_table(
    sources: Sequence[Source], features: Sequence[Feature], reserved: Collection[str] = ()
) -> tuple[Any, keras.KerasTensor]:
    """Builds everything between a table's columns and the network.

    Args:
        sources: The columns of the raw rows.
        features: What is made of them.
        reserved: Names that no input may take, such as that of the network.

    Returns:
        Keras inputs by the name of the table's column ("/" as "_"), each (batch, 1), and features,
        (batch, features). Of models that older versions trained: one input, (batch, sources).
    """
    import keras

    if not all(source.column for source in sources):
        rows = keras.Input((len(sources),), dtype="float64", name="inputs")
        return rows, features_of(rows, sources, features)
    inputs: dict[str, Any] = {}
    columns: list[Any] = []
    for number, name in enumerate(dict.fromkeys(source.column for source in sources), start=1):
        group = [source for source in sources if source.column == name]
        label = _label(name, {*inputs, *reserved})
        inputs[label], made = _column(label, number, group)
        columns += made
    rows = (
        keras.layers.Concatenate(name=_ROWS, dtype="float64")(columns)
        if len(columns) > 1
        else columns[0]
    )
    return inputs, features_of(rows, sources, features)


def _label(name: str, taken: Collection[str]) -> str:
    """The column's name as an input can have it: no slash, and unlike every other layer."""
    label = name.replace("/", "_") or "column"
    while label in taken or _OF_A_LAYER.fullmatch(label):
        label += "_"
    return label


def _column(name: str, number: int, group: Sequence[Source]) -> tuple[Any, list[Any]]:
    """The input of a column of the table, and the columns of the raw rows made of it."""
    import keras

    first = group[0]
    # Numbered, for two names may differ in signs alone: "a b" and "a_b". TensorFlow knows layers of
    # ASCII names only.
    plain = "".join(sign if sign.isascii() and sign.isalnum() else "_" for sign in name)
    label = f"{number}_{plain}"
    if first.type == "number":
        given = keras.Input((1,), dtype="float64", name=name)
        return given, [given]
    if first.type == "date":
        given = keras.Input((1,), dtype="float64", name=name)
        return given, [date_part(given, source.part) for source in group]
    given = keras.Input((1,), dtype="string", name=name)
    if first.type == "text":
        words = keras.layers.TextVectorization(
            vocabulary=[source.word for source in group],
            split="character" if first.unit == "character" else "whitespace",
            output_mode="multi_hot",
            name=f"words_of_{label}",
        )
        # Keras 3.15 announces (batch, 1, words) and gives (batch, words).
        held = keras.ops.reshape(words(given), (-1, len(group) + 1))
        return given, [keras.ops.cast(held[:, 1:], "float64")]  # the first is of all other words
    unknown = "[UNK]"
    while unknown in first.values:
        unknown += "_"
    lookup = keras.layers.StringLookup(
        vocabulary=list(first.values), oov_token=unknown, name=f"index_of_{label}"
    )
    index = keras.ops.cast(lookup(given), "float64")
    # Index 0 is of unknown strings, the empty one included: a gap.
    return given, [keras.ops.where(keras.ops.equal(index, 0.0), float("nan"), index - 1.0)]


def date_part(days: Any, part: str) -> Any:
    """A part of a date given as days since 1970, as `datasets.tables.table_cells.DATE_PARTS`.

    Year, month and day of the month by Howard Hinnant's `civil_from_days`, 2013, which counts
    years from the first of March.
    """
    from keras import ops

    blank = ops.isnan(days)
    known = ops.where(blank, 0.0, days)
    whole = ops.floor(known)
    if part == "days":
        found = known
    elif part == "weekday":
        found = ops.mod(whole + 3.0, 7.0)
    elif part == "hour":
        found = ops.floor((known - whole) * 24.0 + _EPSILON_H)
    else:
        shifted = whole + float(_DAYS_TO_0000_03_01)
        era = ops.floor(shifted / 146_097.0)
        of_era = shifted - era * 146_097.0
        year_of_era = ops.floor(
            (
                of_era
                - ops.floor(of_era / 1_460.0)
                + ops.floor(of_era / 36_524.0)
                - ops.floor(of_era / 146_096.0)
            )
            / 365.0
        )
        of_year = of_era - (
            365.0 * year_of_era + ops.floor(year_of_era / 4.0) - ops.floor(year_of_era / 100.0)
        )
        month_from_march = ops.floor((5.0 * of_year + 2.0) / 153.0)
        month = ops.where(
            ops.less(month_from_march, 10.0), month_from_march + 3.0, month_from_march - 9.0
        )
        is_early = ops.cast(ops.less_equal(month, 2.0), "float64")
        found = {
            "year": year_of_era + era * 400.0 + is_early,
            "month": month,
            "day": of_year - ops.floor((153.0 * month_from_march + 2.0) / 5.0) + 1.0,
        }[part]
    return ops.where(blank, float("nan"), found)


def features_of(rows: Any, sources: Sequence[Source], features: Sequence[Feature]) -> Any:
    """The features, (batch, features), of raw rows, (batch, sources)."""
    from keras import ops

    of = np.array([feature.source for feature in features], np.int32)
    value = np.array([feature.value for feature in features])
    offset = np.array([feature.offset for feature in features])
    scale = np.array([feature.scale for feature in features])
    kinds = np.array([feature.kind for feature in features])
    is_category = np.array([source.is_category for source in sources])
    blank = ops.isnan(rows)
    x = ops.where(blank, NO_CATEGORY, rows)
    missing = ops.cast(blank, "float64")
    if is_category.any():
        missing = ops.where(is_category, 1.0 - _known(x, sources), missing)
    is_missing = ops.greater(missing, 0.5)
    fill = np.array([source.fill for source in sources])
    filled = ops.where(is_missing, fill, x)
    indices = _known(filled, sources, as_indices=True) if (kinds == "index").any() else None
    filled = ops.take(filled, of, axis=1)
    equals = ops.cast(ops.equal(filled, value), "float64")
    made = ops.where(kinds == "gap", ops.take(missing, of, axis=1), equals)
    if indices is not None:
        made = ops.where(kinds == "index", ops.take(indices, of, axis=1), made)
    is_piece = kinds == "piece"
    made = ops.where((kinds == "number") | is_piece, filled, made)
    scaled = ops.divide(ops.subtract(made, offset), scale)
    if is_piece.any():
        scaled = ops.where(is_piece, ops.clip(scaled, 0.0, 1.0), scaled)
    limit = np.array([feature.limit for feature in features])
    if limit.any():
        near = ops.clip(scaled, -FARTHEST, FARTHEST)
        share = ops.divide(near, np.where(limit > 0.0, limit, np.inf))
        pressed = ops.divide(near, ops.sqrt(ops.add(1.0, ops.multiply(share, share))))
        scaled = ops.where(limit > 0.0, pressed, scaled)
    return ops.cast(scaled, "float32")


def _known(x: Any, sources: Sequence[Source], as_indices: bool = False) -> Any:
    """1 where a value is a category seen in training, (batch, sources), or its place from 1 on."""
    from keras import ops

    pairs = [
        (index, value, place)
        for index, source in enumerate(sources)
        for place, value in enumerate(source.known, start=1)
    ]
    if not pairs:
        return ops.zeros_like(x)
    of_pair = np.array([index for index, _, _ in pairs], np.int32)
    values = np.array([value for _, value, _ in pairs])
    member = np.zeros((len(pairs), len(sources)))
    member[np.arange(len(pairs)), of_pair] = [place for _, _, place in pairs] if as_indices else 1.0
    equal = ops.equal(ops.take(x, of_pair, axis=1), values)
    return ops.matmul(ops.cast(equal, "float64"), member)
