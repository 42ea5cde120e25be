"""Compares new inputs with what a model was trained on, by its contract."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from engine.datasets.base import AnyArray
from engine.datasets.unfamiliar import CellWatch, Unfamiliar, range_words
from engine.inference.contract import Contract
from engine.preprocessing.table import TableInputs
from engine.preprocessing.text import TextInputs
from engine.preprocessing.tokens import PADDING, UNKNOWN
from engine.spec.signature import Kind

_DAY_S = 86_400
# Of a text of which more than this is unknown, little is left to judge by.
_UNKNOWN_SHARE = 0.5
_SHOWN_LETTERS = 80


def watch_of(contract: Contract) -> CellWatch | None:
    """What notes categories and columns the model never met; None where it takes no table."""
    inputs = contract.preprocessing.inputs
    if not isinstance(inputs, TableInputs) or not all(it.column for it in inputs.sources):
        return None
    columns = tuple(dict.fromkeys(source.column for source in inputs.sources))
    categories = {
        source.column: frozenset(
            source.values[int(place)] for place in source.known if source.type == "category"
        )
        for source in inputs.sources
        if source.is_category
    }
    parameters: Mapping[str, Any] = contract.reading.get("parameters", {})
    return CellWatch(
        columns, categories, contract.source_columns, parameters.get("gap_words") == "all"
    )


def unfamiliar_values(contract: Contract, x: AnyArray) -> list[tuple[Unfamiliar, ...]]:
    """Numbers far outside of what was seen in training, and texts of unknown words, of each input.

    Args:
        contract: Of the model.
        x: Raw inputs, (n, *raw_shape).
    """
    inputs = contract.preprocessing.inputs
    if isinstance(inputs, TextInputs):
        return [_strange_text(text, ids) for text, ids in zip(x, inputs.transform(x), strict=True)]
    found: list[list[Unfamiliar]] = [[] for _ in range(len(x))]
    for place, name, is_days in _numbers(contract):
        pair = contract.preprocessing.ranges[place]
        if pair is None:
            continue
        low, high = pair
        values = x[..., place].reshape(len(x), -1).astype(np.float64)
        # Of a window, the value that is farthest outside.
        beyond = np.nan_to_num(np.maximum(low - values, values - high), nan=-np.inf)
        worst = values[np.arange(len(x)), beyond.argmax(axis=1)]
        for row in np.flatnonzero(beyond.max(axis=1) > 0).tolist():
            value = float(worst[row])
            why = range_words(value, low, high, _day_text if is_days else _number_text)
            if why:
                found[row].append(Unfamiliar(name, _day_text(value) if is_days else value, why))
    return [tuple(row) for row in found]


def _strange_text(text: str, ids: AnyArray) -> tuple[Unfamiliar, ...]:
    n_tokens, n_unknown = np.count_nonzero(ids != PADDING), np.count_nonzero(ids == UNKNOWN)
    if n_unknown <= _UNKNOWN_SHARE * n_tokens:
        return ()
    why = f"{n_unknown:,} of {n_tokens:,} tokens were never seen in training"
    shown = text if len(text) <= _SHOWN_LETTERS else f"{text[:_SHOWN_LETTERS]}…"
    return (Unfamiliar("text", shown, why),)


def _numbers(contract: Contract) -> list[tuple[int, str, bool]]:
    """Place and name of each column or channel of numbers, and whether it counts days."""
    inputs, n_columns = contract.preprocessing.inputs, len(contract.preprocessing.ranges)
    if not n_columns or contract.signature.kind not in (Kind.TABLE, Kind.SERIES):
        return []
    if isinstance(inputs, TableInputs):
        return [
            (place, source.column or source.name, source.type == "date")
            for place, source in enumerate(inputs.sources)
            if source.type == "number" or source.part == "days"
        ]
    names = contract.feature_names or [f"column {place + 1}" for place in range(n_columns)]
    return [(place, name, False) for place, name in enumerate(names)]


def _number_text(value: float) -> str:
    return f"{value:.10g}"


def _day_text(days: float) -> str:
    moment = str(np.datetime64(round(days * _DAY_S), "s"))
    return moment.replace("T00:00:00", "").replace("T", " ")
