"""References: the examples that an exported model is asked about, and what it should answer.

Examples of the test part, and made ones beside them: gaps, categories that were never seen, values
far outside, empty texts, silence, black and white.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from engine.datasets.base import AnyArray
from engine.inference.contract import Contract
from engine.inference.export.card import takes_columns
from engine.inference.export.standalone.prepare_table import date_part
from engine.preprocessing.table import TableInputs
from engine.preprocessing.table_features import Source
from engine.preprocessing.text import TextInputs
from engine.spec.signature import Kind

UNSEEN: Final = "never seen before"
_MOST_COLUMNS: Final = 12
_A_DAY: Final = 11_385.25
"""3 March 2001, six in the morning."""
_FAR: Final = 10.0
"""How many ranges outside of what was seen."""


def made_examples(contract: Contract, seen: AnyArray) -> AnyArray:
    """Examples that are unlike those that were trained on.

    Args:
        contract: What the model takes.
        seen: Examples of the data, (n, *raw_shape); none where the data is gone.

    Returns:
        (m, *raw_shape), in the data's own units.
    """
    kind = contract.signature.kind
    rng = np.random.default_rng(0)
    if isinstance(contract.preprocessing.inputs, TextInputs):
        return _texts(seen)
    shape = tuple(contract.preprocessing.inputs.raw_shape)
    if kind in (Kind.IMAGE, Kind.VIDEO):
        noise = rng.integers(0, 256, (2, *shape), np.uint8)
        ends = np.stack([np.zeros(shape, np.uint8), np.full(shape, 255, np.uint8)])
        return np.concatenate([ends, noise])
    if kind is Kind.AUDIO:
        loud = rng.integers(-32_768, 32_768, (2, *shape)).astype(np.int16)
        return np.concatenate([np.zeros((1, *shape), np.int16), loud])
    return _numbers(contract, seen, shape)


def _texts(seen: AnyArray) -> AnyArray:
    first = str(seen[0]) if len(seen) else "a text"
    made = ["", " ", "☃ ☃☃", first.upper(), (first + " ") * 40, "e\u0301 ﬁ 1,234.5!", "日本語"]
    found = np.empty(len(made), object)
    found[:] = made
    return found


def _numbers(contract: Contract, seen: AnyArray, shape: tuple[int, ...]) -> AnyArray:
    """Rows or windows: each of some columns far below and above, and, of tables, as a gap."""
    columns = shape[-1]
    ranges = contract.preprocessing.ranges or (None,) * columns
    low = np.array([0.0 if pair is None else pair[0] for pair in ranges])
    high = np.array([1.0 if pair is None else pair[1] for pair in ranges])
    usual = seen[0] if len(seen) else np.broadcast_to((low + high) / 2.0, shape)
    usual = np.asarray(usual, np.float64)
    inputs = contract.preprocessing.inputs
    table = inputs if isinstance(inputs, TableInputs) else None
    found = [np.broadcast_to(low, shape), np.broadcast_to(high, shape)]
    for column in np.linspace(0, columns - 1, min(columns, _MOST_COLUMNS)).astype(int):
        wide = _FAR * max(high[column] - low[column], 1e-3)
        values = [low[column] - wide, high[column] + wide]
        if table is not None:
            source = table.sources[column]
            values = [np.nan] if source.is_category or source.word or source.part else values
            values.append(np.nan)
        for value in values:
            row = usual.copy()
            row[..., column] = value
            found.append(row)
    if table is not None:
        found.append(np.full(shape, np.nan))
    rows = np.stack(found)
    return rows if table is None else _consistent(table, rows)


def _consistent(table: TableInputs, rows: AnyArray) -> AnyArray:
    """Rows in which what is made of one column goes together: a gap, or one and the same day.

    And categories and words are whole numbers.
    """
    for name in dict.fromkeys(source.column for source in table.sources):
        places = [at for at, source in enumerate(table.sources) if source.column == name]
        gaps = np.isnan(rows[:, places]).any(axis=1)
        for at in places:
            rows[gaps, at] = np.nan
            if table.sources[at].type != "number":
                rows[:, at] = np.floor(rows[:, at])
            if table.sources[at].type == "date":
                rows[~gaps, at] = date_part(np.array([_A_DAY]), table.sources[at].part)
    return rows


def inputs_of(contract: Contract, x: AnyArray) -> Any:
    """Examples as code outside of Descent gives them.

    Args:
        contract: What the model takes.
        x: In the data's own units, (n, *raw_shape).

    Returns:
        Columns of a table by name, each a list; a list of texts; or the array itself.
    """
    inputs = contract.preprocessing.inputs
    if isinstance(inputs, TextInputs):
        return [str(text) for text in x]
    if not (isinstance(inputs, TableInputs) and takes_columns(inputs)):
        return x
    found: dict[str, list[Any]] = {}
    for name in dict.fromkeys(source.column for source in inputs.sources):
        places = [at for at, source in enumerate(inputs.sources) if source.column == name]
        found[name] = _cells([inputs.sources[at] for at in places], x[:, places])
    return found


def _cells(sources: list[Source], rows: AnyArray) -> list[Any]:
    """A column of the table of what was made of it, (n, sources)."""
    first = sources[0]
    if first.type == "number":
        return [None if np.isnan(value) else float(value) for value in rows[:, 0]]
    if first.type == "date":
        return [_day([it.part for it in sources], row) for row in rows]
    if first.type == "text":
        between = "" if first.unit == "character" else " "
        words = [source.word for source in sources]
        return [
            between.join(word for word, held in zip(words, row, strict=True) if held == 1.0)
            for row in rows
        ]
    gaps = ["", UNSEEN]
    return [
        gaps[place % 2] if np.isnan(value) else first.values[int(value)]
        for place, value in enumerate(rows[:, 0])
    ]


def _day(parts: list[str], row: npt.NDArray[Any]) -> float | None:
    """Days since 1970 of the parts of a date; None: a gap."""
    if np.isnan(row).any():
        return None
    of = dict(zip(parts, row.tolist(), strict=True))
    if "days" in of:
        return float(of["days"])
    year, month, day = (int(of.get(part, 1)) for part in ("year", "month", "day"))
    year = year if "year" in of else 2001
    first = np.datetime64(f"{year:04d}-{month:02d}-01", "D") + (day - 1)
    days = float(first.astype(np.int64))
    if "weekday" in of and "day" not in of:
        days += (of["weekday"] - (days + 3.0) % 7.0) % 7.0
    return float(days + of.get("hour", 0.0) / 24.0)


def packed(values: Any) -> Any:
    """Columns and texts as they are; an array as its bytes, zipped and in base64."""
    if isinstance(values, Mapping | list):
        return values
    array = np.ascontiguousarray(values)
    if array.dtype == object:
        return [str(item) for item in array]
    content = base64.b64encode(zlib.compress(array.tobytes(), 6)).decode()
    return {"dtype": array.dtype.str, "shape": list(array.shape), "zlib": content}
