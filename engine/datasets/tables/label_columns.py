"""Several columns of a table predicted at once, each 0 or 1: the labels that a row has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from engine.datasets.base import AnyArray, Rows, silent
from engine.datasets.label_sets import LabelMatrix, sets_of_rows
from engine.datasets.numpy_files.array_values import ConvertedRows, blocks_of
from engine.datasets.tables.table_schema import ColumnPlan
from engine.errors import DatasetError
from engine.spec.signature import Task

_NAMED = 5


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
    blocks = blocks_of(x, silent, "Reading")
    values = np.concatenate([block[:, n_kept:] for _, block in blocks])
    _, y = sets_of_rows(values, joint_name(labels), labels)
    if isinstance(x, np.ndarray):
        return np.ascontiguousarray(x[:, :n_kept]), y

    def without_labels(block: AnyArray) -> AnyArray:
        return block[:, :n_kept]

    return ConvertedRows(x, without_labels, (n_kept,), np.float64), y


def label_plans(plans: Mapping[str, ColumnPlan], labels: Sequence[str]) -> dict[str, ColumnPlan]:
    """All plans, those of the labels as labels."""
    return {**plans, **{name: label_plan(plans[name]) for name in labels}}
