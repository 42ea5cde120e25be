"""Several columns of a table predicted at once, each 0 or 1: the labels that a row has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from engine.datasets.base import AnyArray, Rows
from engine.datasets.label_sets import LabelMatrix, sets_of_rows
from engine.datasets.tables.column_study import ColumnStudy
from engine.datasets.tables.table_cells import YES_AND_NO
from engine.datasets.tables.table_schema import ColumnPlan
from engine.errors import DatasetError
from engine.spec.signature import Task

_NAMED = 5
_BLOCK = 1 << 16


class FirstColumns:
    """Rows without their last columns, which are read and left.

    Args:
        rows: (rows, columns).
        n_columns: How many stay.
    """

    def __init__(self, rows: Rows, n_columns: int) -> None:
        self._rows, self._n_columns = rows, n_columns

    @property
    def shape(self) -> tuple[int, ...]:
        return len(self._rows), self._n_columns

    @property
    def dtype(self) -> np.dtype[Any]:
        return self._rows.dtype

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, indices: Any) -> AnyArray:
        return np.ascontiguousarray(self._rows[indices][..., : self._n_columns])


def label_columns(target: str | None, task: Task | None, names: Sequence[str]) -> tuple[str, ...]:
    """The columns that a target such as ``red,blue`` names together; empty: it names one, or none.

    Args:
        target: What someone said; None: nothing.
        task: What someone said of it.
        names: Of all columns.

    Raises:
        DatasetError: One is named twice, or there is no such column beside one that there is.
    """
    if target is None or target in names or task not in (None, Task.MULTILABEL):
        return ()
    asked = tuple(filter(None, (part.strip() for part in target.split(","))))
    unknown = [name for name in asked if name not in names]
    if len(asked) < 2 or len(unknown) == len(asked):
        return ()
    if unknown:
        raise DatasetError(
            f"There is no column '{unknown[0]}' to predict beside the others.",
            f"Columns: {', '.join(names)}.",
        )
    if len({*asked}) < len(asked):
        raise DatasetError(
            f"Each label is a column of its own. Received: '{target}'.", "Name each column once."
        )
    return asked


def switches_at_end(studies: Mapping[str, ColumnStudy]) -> tuple[str, ...]:
    """The columns at the end of a table that hold 0 and 1 alone, where there are several."""
    found: list[str] = []
    for name, study in reversed([*studies.items()]):
        is_switch = study.n_distinct == 2 and {*study.counts} <= {"0", "1"}
        if not is_switch or "," in name:
            break
        found.insert(0, name)
    return tuple(found) if 1 < len(found) < len(studies) else ()


def joint_name(labels: Sequence[str]) -> str:
    """What several columns are called together."""
    return ", ".join(labels) if len(labels) <= _NAMED else f"{len(labels)} labels"


def label_plan(plan: ColumnPlan) -> ColumnPlan:
    """A column as a label: rows that do not say whether they have it are left out.

    Raises:
        DatasetError: It holds neither numbers nor yes and no.
    """
    if plan.type not in ("number", "boolean"):
        raise DatasetError(
            f"Column '{plan.name}' cannot be one of several labels: it must hold 0 and 1, or yes "
            f"and no. Received: {plan.type}.",
            "Choose columns of 0 and 1.",
        )
    return replace(plan, gaps="drop_rows")


def parted(x: Rows, labels: Sequence[str]) -> tuple[Rows, LabelMatrix]:
    """Parts the labels, which are the last columns of x, from the others.

    Args:
        x: (rows, columns).
        labels: Names of the last columns.

    Returns:
        The other columns, and the labels, (rows, labels) of 0 and 1.

    Raises:
        DatasetError: A label is neither 0 nor 1, or none varies.
    """
    n_kept = x.shape[1] - len(labels)
    if not len(x):
        raise DatasetError(
            "No row is left: each was left out, or lacks a value that is needed.",
            "Choose other targets, or other strategies for gaps.",
        )
    starts = range(0, len(x), _BLOCK)
    values = np.concatenate([x[start : start + _BLOCK][:, n_kept:] for start in starts])
    _, y = sets_of_rows(values, joint_name(labels), labels)
    kept = FirstColumns(x, n_kept)
    return (kept[:] if isinstance(x, np.ndarray) else kept), y


def label_plans(plans: Mapping[str, ColumnPlan], labels: Sequence[str]) -> dict[str, ColumnPlan]:
    """All plans, those of the labels as labels."""
    return {**plans, **{name: label_plan(plans[name]) for name in labels}}


def sets_of_columns(
    columns: Mapping[str, AnyArray], name: str
) -> tuple[tuple[str, ...], LabelMatrix]:
    """Columns of cells, each of a label, as 0 and 1.

    Args:
        columns: Cells of each label, (n,) of str: 0 or 1, yes or no, true or false.
        name: What they are called together.

    Raises:
        DatasetError: A cell says something else, or no label varies.
    """
    y = np.zeros((len(next(iter(columns.values()))), len(columns)), np.uint8)
    for place, (label, cells) in enumerate(columns.items()):
        said = {cell: _meaning(cell) for cell in dict.fromkeys(cells.tolist())}
        wrong = next((cell for cell, meaning in said.items() if meaning is None), None)
        if wrong is not None:
            raise DatasetError(
                f"Several labels at once are said by 0 and 1, or yes and no. Received: '{wrong}' "
                f"in column '{label}'.",
                "Choose columns of 0 and 1, and fill their gaps.",
            )
        y[:, place] = [bool(said[cell]) for cell in cells.tolist()]
    return sets_of_rows(y, name, tuple(columns))


def _meaning(cell: str) -> int | None:
    """Whether a cell says that a row has a label; None: it says something else."""
    text = cell.strip().lower()
    return int(text[0]) if text in ("0", "1", "0.0", "1.0") else YES_AND_NO.get(text)
