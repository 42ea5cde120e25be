"""What is made of the columns of a table, declared by a few numbers each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

NO_CATEGORY = -1.0
"""Fills gaps of categories so that they are none of those known."""

FARTHEST = 1e100
"""A number that is pressed counts as no farther from 0 than this, once scaled: its square can be
computed."""


@dataclass(frozen=True)
class Source:
    """A column of the raw rows.

    Attributes:
        name: What it is called.
        fill: What stands in for a gap.
        known: Indices of the categories seen in training; empty for numbers.
        is_category: It holds indices of categories.
        column: The column of the table it is made of; empty in files of older versions.
        type: What that column holds, by the names of `engine.spec.run_spec.ColumnType`.
        values: All its categories, by index.
        part: The part of a date it is.
        word: The word of a free text whose presence it tells.
        unit: What that text is cut into, ``word`` or ``character``.
    """

    name: str
    fill: float
    known: tuple[float, ...] = ()
    is_category: bool = False
    column: str = ""
    type: str = "number"
    values: tuple[str, ...] = ()
    part: str = ""
    word: str = ""
    unit: str = ""


@dataclass(frozen=True)
class Feature:
    """A feature the network receives.

    Attributes:
        name: What people read, such as ``island=Dream``.
        source: Index of the column it is made of.
        kind: ``number``: its value; ``piece``: how far its value is through a stretch of values,
            0 before and 1 behind it; ``equals``: 1 where it holds `value`, else 0; ``gap``: 1
            where it holds nothing, or a category never seen in training; ``index``: 1 and up for
            the categories seen in training, 0 for others; to be embedded.
        value: See `kind`.
        offset: Subtracted; of a piece, where it begins.
        scale: Divides; never 0. Of a piece, how long it is.
        limit: Of a number, what it is pressed below once it is scaled, smoothly: z becomes
            z / √(1 + (z / limit)²); 0: it is not.
    """

    name: str
    source: int
    kind: Literal["number", "piece", "equals", "gap", "index"]
    value: float = 0.0
    offset: float = 0.0
    scale: float = 1.0
    limit: float = 0.0
