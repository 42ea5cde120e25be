"""Columns of a table as people know them: which numbers each has become, and what stands in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.datasets.base import AnyArray
from engine.inference.contract import Contract
from engine.preprocessing.table import TableInputs
from engine.preprocessing.table_features import Source

_DAY_S = 86_400
_GAP = "(gap)"


@dataclass(frozen=True)
class Column:
    """A column of the table.

    Attributes:
        name: What it is called.
        places: Its columns in the raw rows: of a date its parts, of a text its words, of one-hot
            categories each.
        sources: How they are read; empty: numbers of an older version, or made.
        categories: Of one-hot columns without sources: what each is of.
    """

    name: str
    places: tuple[int, ...]
    sources: tuple[Source, ...] = ()
    categories: tuple[str, ...] = ()

    @property
    def is_category(self) -> bool:
        """It holds categories, by their index."""
        return bool(self.sources) and self.sources[0].is_category

    @property
    def is_number(self) -> bool:
        """It holds one number, which may be moved along a line."""
        if len(self.places) != 1:
            return False
        return not self.sources or self.sources[0].type in ("number", "date")

    def words(self, row: AnyArray) -> str:
        """What stands there in a raw row, (columns,), for people."""
        found = row[list(self.places)].astype(np.float64)
        if self.categories:
            held = np.flatnonzero(found > 0)
            return self.categories[held[0]] if len(held) else _GAP
        if not self.sources:
            return _number(found[0]) if len(found) == 1 else ""
        first = self.sources[0]
        if first.is_category:
            return self.category(found[0])
        if first.type == "text":
            words = [it.word for it, value in zip(self.sources, found, strict=True) if value > 0]
            return " ".join(words)
        days = [value for it, value in zip(self.sources, found, strict=True) if it.part == "days"]
        if days:
            return date_words(days[0])
        return ", ".join(
            f"{it.part} {_number(value)}" if it.part else _number(value)
            for it, value in zip(self.sources, found, strict=True)
        )

    def category(self, value: float) -> str:
        """The category of an index."""
        values = self.sources[0].values
        if np.isnan(value) or not 0 <= value < len(values):
            return _GAP
        return values[int(value)]


def columns_of(contract: Contract) -> tuple[Column, ...]:
    """The columns of the table that a model takes, in their order."""
    inputs = contract.preprocessing.inputs
    if isinstance(inputs, TableInputs):
        names = [source.column or source.name for source in inputs.sources]
        return tuple(
            Column(name, places, tuple(inputs.sources[place] for place in places))
            for name, places in _grouped(names)
        )
    n_columns = int(np.prod(inputs.raw_shape))
    features = contract.feature_names or [f"column {n}" for n in range(1, n_columns + 1)]
    # Runs made before tables kept their schema have one feature per category, `column=category`.
    parts = [feature.partition("=") for feature in features]
    return tuple(
        Column(name, places, categories=tuple(parts[it][2] for it in places if parts[it][1]))
        for name, places in _grouped([part[0] for part in parts])
    )


def _grouped(names: Sequence[str]) -> list[tuple[str, tuple[int, ...]]]:
    groups: dict[str, list[int]] = {}
    for place, name in enumerate(names):
        groups.setdefault(name, []).append(place)
    return [(name, tuple(places)) for name, places in groups.items()]


def date_words(days: float) -> str:
    """A day since 1970 as a date."""
    if np.isnan(days):
        return _GAP
    return str(np.datetime64(round(days * _DAY_S), "s")).replace("T00:00:00", "").replace("T", " ")


def _number(value: float) -> str:
    return _GAP if np.isnan(value) else f"{value:.5g}"
