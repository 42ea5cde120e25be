"""The column that divides the data is no input, and what dividing it leaves out is told.

A group that is only in the test part, or the word "test" itself, can never be learnt from; a model
that sees it does worse, and asks for it with each prediction.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from engine.datasets.base import AnyArray, Examples, Rows
from engine.datasets.folder_meaning import PART_FOLDERS
from engine.datasets.split import Parts
from engine.errors import DatasetError
from engine.events.findings import MAX_NAMES, DataFinding, Remedy, Trouble
from engine.spec.run_spec import SplitSpec
from engine.spec.signature import Kind

_BY_COLUMN = ("group", "time", "given")
# Of whom or what there are several rows, as columns are called that say of which.
_OWNER = re.compile(
    r"(patient|subject|person|participant|user|customer|client|member|student|animal|speaker|"
    r"household|family|driver|player|machine|engine|device|sensor|hospital|session)s?"
    r"[\s_.-]?(id|nr|no|number|code|name)?",
    re.IGNORECASE,
)
_MIN_OWNERS = 10


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
    """What dividing the data leaves out, keeps together, or takes apart that belongs together."""
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
    if examples.kind is Kind.TABLE and parts.method not in _BY_COLUMN:
        found += [*_said_parts(examples), *_owners(examples)]
    return tuple(found)


def _said_parts(examples: Examples) -> list[DataFinding]:
    """A column that says of each row whether it trains or tests, while rows are drawn anew."""
    for item in examples.columns:
        said = {value.strip().lower() for value, _ in item.values}
        numbers = {PART_FOLDERS.get(word, -1) for word in said}
        is_told = item.is_used and item.name != examples.target_name
        if not is_told or item.n_distinct > len(item.values) or not {0} < numbers <= {0, 1, 2}:
            continue
        text = (
            f"Every cell of '{item.name}' is the name of a part: {', '.join(sorted(said))}. The "
            "rows are divided in another way now, and the column is learnt from."
        )
        return [_divide_by(item.name, "given", text)]
    return []


def _owners(examples: Examples) -> list[DataFinding]:
    """A column that says to whom rows belong, who then are in several parts at once."""
    for item in examples.columns:
        are_several = _MIN_OWNERS <= item.n_distinct <= examples.n_samples / 2
        if not are_several or item.name == examples.target_name or not _OWNER.fullmatch(item.name):
            continue
        text = (
            f"'{item.name}' has {item.n_distinct:,} values in {examples.n_samples:,} rows. Drawn "
            "at random, rows of the same one are learnt from and tested with, and results look "
            "better than they are for new ones."
        )
        return [_divide_by(item.name, "group", text)]
    return []


def _divide_by(name: str, method: str, text: str) -> DataFinding:
    """Says that a column should divide the data, with the click that does it."""
    remedy = Remedy(f"Divide by '{name}'", {"split.method": method, "split.column": name})
    return DataFinding(Trouble.ACROSS_PARTS, name, text, remedies=(remedy,))
