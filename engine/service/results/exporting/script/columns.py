"""The columns of a table as a script has them: one for each column of x, by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.datasets.base import AnyArray
from engine.preprocessing.table import TableInputs
from engine.service.results.exporting.script.subject import NotWritten, Subject


@dataclass(frozen=True)
class Column:
    """A column of x.

    Attributes:
        name: What the script calls it.
        source: Column of the file it is made of; empty: of data in the box.
        type: ``number``, ``category``, ``boolean``, ``date`` or ``text``.
        values: Its categories, by index.
        form: How dates are written.
        part: The part of a date it is.
    """

    name: str
    source: str = ""
    type: str = "number"
    values: tuple[str, ...] = ()
    form: str = ""
    part: str = ""

    @property
    def is_category(self) -> bool:
        return self.type in ("category", "boolean")


def columns_of(subject: Subject) -> tuple[Column, ...]:
    """The columns of x, in order.

    Raises:
        NotWritten: Two have the same name.
    """
    examples = subject.examples
    described = examples.reading.get("columns", ())
    if not all(isinstance(item, Mapping) for item in described) or not described:
        found = tuple(Column(name) for name in examples.feature_names)
    else:
        found = tuple(_column(item) for item in described)
    names = [column.name for column in found]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise NotWritten(f"Two columns of the table are called '{twice}'.")
    return found


def _column(item: Mapping[str, Any]) -> Column:
    return Column(
        str(item["name"]),
        str(item.get("column", "")),
        str(item["type"]),
        tuple(item.get("values", ())),
        str(item.get("form", "")),
        str(item.get("part", "")),
    )


def target_column(subject: Subject) -> str:
    """What the script calls the target; no column of x is called so."""
    name = subject.examples.target_name
    taken = {column.name for column in columns_of(subject)}
    while name in taken:
        name = f"{name} (target)"
    return name


def as_texts(column: Column, values: AnyArray) -> AnyArray:
    """Indices of categories, (n,), as their names; empty in gaps."""
    known = np.array([*column.values, ""], dtype=object)
    return known[np.where(np.isnan(values), len(column.values), values).astype(np.int64)]


def same_column(column: Column, values: AnyArray, read: Any) -> bool:
    """Whether a script has read a column of x, (n,), as Descent has: the same gaps and bits."""
    if len(read) != len(values):
        return False
    if column.is_category:
        texts = read.astype(object).to_numpy()
        is_gap = np.array([not isinstance(text, str) for text in texts])
        return bool(np.array_equal(np.where(is_gap, "", texts), as_texts(column, values)))
    numbers = read.to_numpy(dtype=np.float64)
    return bool(np.array_equal(numbers, values, equal_nan=True))


def table_inputs(subject: Subject) -> TableInputs | None:
    """How a table is prepared where it has gaps, categories or pieces; None: it is only scaled."""
    inputs = subject.prepared.preprocessing.inputs
    return inputs if isinstance(inputs, TableInputs) else None
