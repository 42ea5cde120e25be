"""The column that divides the data is no input, and what dividing it leaves out is told.

A group that is only in the test part, or the word "test" itself, can never be learnt from; a model
that sees it does worse, and asks for it with each prediction.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from engine.datasets.base import AnyArray, Examples, Rows
from engine.datasets.split import Parts
from engine.errors import DatasetError
from engine.events.findings import MAX_NAMES, DataFinding, Remedy, Trouble
from engine.spec.run_spec import SplitSpec
from engine.spec.signature import Kind

_BY_COLUMN = ("group", "time", "given")


class SomeColumns:
    """Rows of which only some columns are seen, (n, columns), wherever they are.

    Args:
        rows: (n, all columns).
        kept: Places of those that are seen.
    """

    def __init__(self, rows: Rows, kept: list[int]) -> None:
        self._rows = rows
        self._kept = kept

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self._rows), len(self._kept))

    @property
    def dtype(self) -> np.dtype[Any]:
        return self._rows.dtype

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, indices: Any) -> AnyArray:
        return self._rows[indices][..., self._kept]


def without_divider(examples: Examples, spec: SplitSpec, parts: Parts) -> Examples:
    """Takes the column that divided the data from the inputs of a table, unless it shall stay.

    Args:
        examples: All of them.
        spec: How they were to be divided.
        parts: How they were divided.

    Raises:
        DatasetError: It was the only input.
    """
    name = spec.column
    if name is None or spec.column_is_input or parts.method not in _BY_COLUMN:
        return examples
    columns = examples.reading.get("columns", ())
    if examples.kind is not Kind.TABLE or not all(isinstance(it, Mapping) for it in columns):
        return examples
    kept = [place for place, item in enumerate(columns) if item.get("column") != name]
    if len(kept) == len(columns):
        return examples  # it was no input anyway
    if not kept:
        raise DatasetError(
            f"Column '{name}' divides the data, and nothing else is left to learn from.",
            "Choose another column to divide by, or set split.column_is_input.",
        )
    x = examples.x
    return replace(
        examples,
        x=np.ascontiguousarray(x[:, kept]) if isinstance(x, np.ndarray) else SomeColumns(x, kept),
        feature_names=tuple(examples.feature_names[place] for place in kept),
        reading={**examples.reading, "columns": [columns[place] for place in kept]},
        columns=tuple(
            replace(item, is_used=item.is_used and item.name != name) for item in examples.columns
        ),
        findings=(*_others(examples.findings, name), _told(name, parts.method)),
    )


def _others(findings: tuple[DataFinding, ...], name: str) -> tuple[DataFinding, ...]:
    """Findings without those that matter of an input alone."""
    of_inputs = (Trouble.LEAK, Trouble.MISSING)
    return tuple(it for it in findings if it.subject != name or it.trouble not in of_inputs)


def _told(name: str, method: str) -> DataFinding:
    why = {
        "given": "it says which part a row is in",
        "group": "its values are other ones in each part",
        "time": "the future lies outside of what was learnt",
    }[method]
    return DataFinding(
        Trouble.LEFT_OUT,
        name,
        f"'{name}' divides the data and is no input: {why}. Predictions do not ask for it.",
        remedies=(Remedy("Learn from it, too", {"split.column_is_input": True}),),
    )


def division_findings(examples: Examples, parts: Parts) -> tuple[DataFinding, ...]:
    """Says which examples nobody can say the time or the group of, and where they are."""
    found: list[DataFinding] = []
    if count := len(parts.untimed):
        names = tuple(examples.name_of(int(index)) for index in parts.untimed[:MAX_NAMES])
        text = (
            f"{count:,} of {examples.n_samples:,} examples have no time to divide by and are in "
            "no part."
        )
        found.append(DataFinding(Trouble.MISSING, "", text, names, count))
    if count := parts.n_ungrouped:
        text = (
            f"{count:,} of {examples.n_samples:,} examples have no group to divide by; they stay "
            "together, as one group."
        )
        found.append(DataFinding(Trouble.MISSING, "", text, count=count))
    return tuple(found)
