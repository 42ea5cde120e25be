"""Columns of a table by name, as the model's file takes them.

Numbers as numbers, None or NaN in gaps; categories, yes and no and free text as strings, empty in
gaps; dates as days since 1970, with a fraction for the time of day.
"""

from __future__ import annotations

import re
import string
from typing import Any

import numpy as np

LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase, string.punctuation)
SPACE = re.compile(r"[ \t\n\v\f\r]+")
FARTHEST = 1e100  # a number counts as no farther from 0, once scaled: its square can be computed


def prepare(inputs: Any, card: dict[str, Any]) -> dict[str, Any]:
    """Returns the file's inputs.

    Args:
        inputs: Lists by the name of their column, or a list of rows, each a dict.
        card: What `model.json` says.
    """
    if not isinstance(inputs, dict):
        inputs = {
            item["name"]: [row.get(item["name"]) for row in inputs] for item in card["inputs"]
        }
    missing = [item["name"] for item in card["inputs"] if item["name"] not in inputs]
    if missing:
        raise ValueError(f"Columns are missing: {', '.join(missing)}.")
    if card["entry"] == "raw":
        return {item["tensor"]: _column(inputs[item["name"]], item) for item in card["inputs"]}
    columns = [
        part for item in card["inputs"] for part in _sources(inputs[item["name"]], item, card)
    ]
    return {"inputs": _features(np.stack(columns, axis=1), card["prepare"])}


def _column(cells: Any, item: dict[str, Any]) -> Any:
    """A column as the file takes it, (n, 1); a free text as which words it holds, (n, words)."""
    if item["type"] in ("number", "date"):
        return _numbers(cells)[:, None]
    texts = np.array([_text(cell) for cell in cells], object)
    if item["takes"] == "words":
        return np.array([_held(text, item) for text in texts], np.float64)
    return texts[:, None]


def _numbers(cells: Any) -> Any:
    return np.array([np.nan if cell is None else cell for cell in cells], np.float64)


def _text(cell: Any) -> str:
    return cell if isinstance(cell, str) else ""


def _held(text: str, item: dict[str, Any]) -> list[float]:
    """1 for each of the words a text holds, else 0."""
    plain = text.translate(LOWER)
    found = set(plain) if item["unit"] == "character" else set(SPACE.split(plain))
    return [float(word in found) for word in item["words"]]


def _sources(cells: Any, item: dict[str, Any], card: dict[str, Any]) -> list[Any]:
    """The columns of the raw rows that are made of a column, each (n,)."""
    if item["type"] == "number":
        return [_numbers(cells)]
    if item["type"] == "date":
        sources = [it for it in card["prepare"]["sources"] if it["column"] == item["name"]]
        return [date_part(_numbers(cells), source["part"]) for source in sources]
    if item["type"] == "text":
        held = np.array([_held(_text(cell), item) for cell in cells])
        held[[not _text(cell) for cell in cells]] = np.nan
        return list(held.T)
    places = {value: float(place) for place, value in enumerate(item["values"])}
    return [np.array([places.get(_text(cell), np.nan) for cell in cells])]


def date_part(days: Any, part: str) -> Any:
    """A part of a date, NaN in gaps."""
    blank = np.isnan(days)
    known = np.where(blank, 0.0, days)
    whole = np.floor(known)
    date = whole.astype("datetime64[D]")
    month = date.astype("datetime64[M]")
    found = {
        "days": known,
        "weekday": (whole + 3.0) % 7.0,  # the first of January 1970 was a Thursday
        "hour": np.floor((known - whole) * 24.0 + 1e-6),
        "year": date.astype("datetime64[Y]").astype(np.int64) + 1970.0,
        "month": month.astype(np.int64) % 12 + 1.0,
        "day": (date - month).astype(np.int64) + 1.0,
    }[part]
    return np.where(blank, np.nan, found)


def _features(rows: Any, steps: dict[str, Any]) -> Any:
    """What the network receives, float32 (n, features), of raw rows, (n, sources)."""
    sources, made = steps["sources"], []
    missing = np.isnan(rows)
    for place, source in enumerate(sources):
        if source["is_category"]:
            missing[:, place] = ~np.isin(rows[:, place], source["known"])
    filled = np.where(missing, [source["fill"] for source in sources], rows)
    for feature in steps["features"]:
        column, gap = filled[:, feature["source"]], missing[:, feature["source"]]
        kind = feature["kind"]
        if kind == "gap":
            column = gap.astype(np.float64)
        elif kind == "equals":
            column = (column == feature["value"]).astype(np.float64)
        elif kind == "index":
            known = sources[feature["source"]]["known"]
            places = {value: place for place, value in enumerate(known, 1)}
            column = np.array([places.get(value, 0) for value in column], np.float64)
        scaled = (column - feature["offset"]) / feature["scale"]
        if kind == "piece":
            scaled = scaled.clip(0.0, 1.0)
        if feature["limit"]:
            near = scaled.clip(-FARTHEST, FARTHEST)
            scaled = near / np.sqrt(1.0 + np.square(near / feature["limit"]))
        made.append(scaled)
    return np.stack(made, axis=1).astype(np.float32)
