"""The column that is predicted: which task it makes, and its values as classes or numbers."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.datasets.folder_meaning import Spellings, one_spelling, spelling_finding
from engine.datasets.label_sets import (
    are_lists,
    cells_finding,
    maybe_finding,
    separator_of,
    sets_of_cells,
)
from engine.datasets.tables.column_study import ColumnStudy
from engine.datasets.tables.label_columns import parted
from engine.datasets.tables.table_cells import cell_number, is_missing_label, number_label
from engine.datasets.tables.table_passes import EncodedTable
from engine.datasets.tables.table_schema import (
    CATEGORICAL,
    MAX_CHOSEN_CATEGORIES,
    MOST_MISTAKES,
    ColumnPlan,
    in_order,
    is_numeric,
    n_gaps,
    n_missing,
)
from engine.datasets.tables.table_source import FloatArray, TableParameters
from engine.errors import DatasetError
from engine.events.findings import DataFinding, Remedy, Trouble
from engine.spec.signature import Task

# A whole-number target with at most this many values, each often enough, is taken as classes.
MAX_INTEGER_CLASSES = 20
_MIN_ROWS_PER_INTEGER_CLASS = 3
ANOMALY_NAMES = (
    "anomaly",
    "is_anomaly",
    "anomalous",
    "outlier",
    "is_outlier",
    "fault",
    "is_fault",
    "attack",
    "fraud",
    "label",
    "class",
)
"""Columns of these names say what is unusual, wherever nobody says otherwise."""


def marks_anomalies(name: str) -> bool:
    """Whether a column's name says that it marks what is unusual."""
    return name.strip().lower().replace(" ", "_") in ANOMALY_NAMES


def plan_target(
    plan: ColumnPlan,
    study: ColumnStudy,
    task: Task | None,
    parameters: TableParameters,
    line_word: str,
) -> tuple[ColumnPlan, Task, str]:
    """Decides what is predicted.

    Args:
        plan: What the column is.
        study: What was learnt of its cells.
        task: What someone said; None: told by the values.
        parameters: How the file is read.
        line_word: What a place in the file is called.

    Returns:
        The plan as a target, with the classes as values where they are texts; the task; and what
        people should know (may be empty).

    Raises:
        DatasetError: It cannot be predicted.
    """
    name, gap_words = plan.name, parameters.gap_words
    n_known = study.n_rows - n_gaps(study, "number", gap_words)
    if not n_known:
        raise DatasetError(f"Column '{name}', the target, is empty.", "Choose another target.")
    if plan.type == "date":
        raise DatasetError(
            f"Column '{name}', the target, holds dates, which cannot be predicted.",
            "Choose another target.",
        )
    if task is Task.REGRESSION or (
        task is not Task.MULTILABEL
        and plan.type not in CATEGORICAL
        and not _is_text(plan)
        and is_numeric(study, n_known)
        and not _are_labels(study)
    ):
        try:
            study.faults.refuse(name, line_word, allowed=MOST_MISTAKES * n_known)
        except DatasetError as error:
            hint = f"Mend or remove the {line_word}, or choose another target or task."
            raise DatasetError(error.message, hint) from None
        missing = n_missing(study, "number", gap_words)
        plan = replace(plan, type="number", gaps="drop_rows", n_missing=missing)
        found, note = (task, "") if task is not None else _infer(study)
        return plan, found, note
    if plan.type != "boolean":
        plan = _as_classes(plan, study, gap_words)
    is_listed = plan.type == "category" and are_lists(plan.values, task)
    found = Task.MULTILABEL if is_listed or task is Task.MULTILABEL else Task.CLASSIFICATION
    if is_listed and study.n_blank and parameters.empty_lists == "no label":
        words = plan.n_missing - study.n_blank
        plan = replace(plan, values=("", *plan.values), n_missing=words)
    return replace(plan, gaps="drop_rows"), found, ""


def _is_text(plan: ColumnPlan) -> bool:
    return plan.is_chosen and plan.type == "text"


def _as_classes(plan: ColumnPlan, study: ColumnStudy, gap_words: str) -> ColumnPlan:
    """A target whose cells are classes, but those that say that it is missing."""
    if study.is_overfull or study.n_distinct > MAX_CHOSEN_CATEGORIES:
        raise _too_many(plan.name, study.n_distinct, study.n_rows, False)
    gone = [cell for cell in study.counts if gap_words != "none" and is_missing_label(cell)]
    values = in_order([cell for cell in plan.values or study.counts if cell not in gone])
    n_gone = sum(study.counts[cell] for cell in gone)
    if gap_words == "all":
        n_gone = study.n_words
    return replace(plan, type="category", values=values, n_missing=study.n_blank + n_gone)


def _infer(study: ColumnStudy) -> tuple[Task, str]:
    counts: Counter[float] = Counter()
    for cell, count in study.counts.items():
        counts[cell_number(cell, study.style)] += count
    distinct = [value for value in counts if value == value]
    if not _is_few(study, len(distinct)) or not study.is_whole:
        return Task.REGRESSION, ""
    if len(distinct) > 2:
        if min(counts[value] for value in distinct) > 1:
            return Task.CLASSIFICATION, ""  # told with a remedy
        return Task.REGRESSION, (
            f"'{study.name}' has {len(distinct)} different whole numbers, some of them once only, "
            "and is taken as a quantity: a class of one example cannot be learnt and tested."
        )
    return Task.CLASSIFICATION, (
        f"'{study.name}' has {len(distinct)} different whole numbers and is taken as classes. "
        "If it is a quantity, set the task to regression."
    )


def target_findings(
    plan: ColumnPlan,
    task: Task,
    class_names: tuple[str, ...],
    is_asked: bool,
    n_empty: int,
) -> tuple[DataFinding, ...]:
    """Offers another task where the values could be understood in another way.

    Args:
        plan: Of the target.
        task: What is predicted.
        class_names: Classes or labels.
        is_asked: Someone said the task.
        n_empty: Cells that hold nothing.
    """
    n_classes = len(class_names)
    if plan.type == "category" and task is Task.MULTILABEL:
        sign = separator_of(plan.values, plan.name)
        return (cells_finding(plan.values, plan.name, sign, is_asked, n_empty),)
    if plan.type == "category" and task is Task.CLASSIFICATION and not is_asked:
        return maybe_finding(class_names, plan.name)
    if task is not Task.CLASSIFICATION or plan.type != "number" or n_classes <= 2:
        return ()
    text = (
        f"'{plan.name}' has {n_classes:,} different whole numbers, which are taken as classes. If "
        "it is a quantity, its numbers should be predicted."
    )
    remedy = Remedy("Predict it as a quantity", {"data.task": Task.REGRESSION.value})
    return (DataFinding(Trouble.UNDERSTOOD, plan.name, text, remedies=(remedy,)),)


def _are_labels(study: ColumnStudy) -> bool:
    """Few different cells that numbers would not tell apart, or not all of them."""
    is_told_apart = not study.has_inexact and not (study.faults.wrong.count and study.is_whole)
    return not is_told_apart and _is_few(study, study.n_distinct)


def _is_few(study: ColumnStudy, n_distinct: int) -> bool:
    most = min(MAX_INTEGER_CLASSES, max(2, study.n_numbers / _MIN_ROWS_PER_INTEGER_CLASS))
    return not study.is_overfull and n_distinct <= most


def target_values(
    encoded: EncodedTable,
    plan: ColumnPlan,
    task: Task,
    known: tuple[str, ...],
    labels: tuple[str, ...],
    spellings: Spellings,
) -> tuple[EncodedTable, tuple[str, ...], npt.NDArray[Any], tuple[DataFinding, ...]]:
    """The inputs, names of classes or labels, targets as in `Examples.y`, and what is told of them.

    Args:
        encoded: All rows; its last columns are the labels, where there are some.
        plan: Of the target.
        task: What is predicted.
        known: The columns that say what is true; empty: none does.
        labels: Those of them that are labels together.
        spellings: Which names of classes are the same, by `SpellingParameters`.

    Raises:
        DatasetError: They never vary, or cannot be classes or labels.
    """
    if labels:
        x, y = parted(encoded.x, labels)
        return replace(encoded, x=x), labels, y, ()
    if not known:
        return encoded, (), np.zeros(len(encoded.y)), ()
    kind = Task.CLASSIFICATION if task is Task.ANOMALY else task
    class_names, y = encode_target(plan, encoded.y, kind)
    if task is Task.CLASSIFICATION and spellings == "auto":
        return encoded, *_one_class_each(class_names, y)
    return encoded, class_names, y, ()


def encode_target(
    plan: ColumnPlan, y: FloatArray, task: Task
) -> tuple[tuple[str, ...], npt.NDArray[Any]]:
    """Class names (none for regression) and y, (rows,); several labels at once, (rows, labels).

    Raises:
        DatasetError: It never varies, or has too many classes.
    """
    name = plan.name
    if not len(y):
        raise DatasetError(
            "No row is left: each was left out, or lacks a value that is needed.",
            "Choose another target, or other strategies for gaps.",
        )
    if task is Task.REGRESSION:
        if y.min() == y.max():
            raise DatasetError(
                f"Column '{name}' has the same value in every row: {y[0]:g}.",
                "Choose a target that varies.",
            )
        return (), y
    found, places = np.unique(y, return_inverse=True)
    if task is Task.MULTILABEL:
        cells = [plan.values[int(value)] for value in y.tolist()]
        return sets_of_cells(cells, name, separator_of(plan.values, name))
    is_text, unit = plan.type in CATEGORICAL, (plan.numbers or {}).get("unit", "")
    names = tuple(
        plan.values[int(value)] if is_text else f"{number_label(value)} {unit}".rstrip()
        for value in found.tolist()
    )
    if len(names) == 1:
        raise DatasetError(
            f"Column '{name}' holds only one class: '{names[0]}'.",
            "Choose a target with at least two.",
        )
    if len(names) > min(MAX_CHOSEN_CATEGORIES, max(2, len(y) / 2)):
        raise _too_many(name, len(names), len(y), not is_text)
    return names, places.astype(np.int64)


def _one_class_each(
    class_names: tuple[str, ...], y: npt.NDArray[Any]
) -> tuple[tuple[str, ...], npt.NDArray[Any], tuple[DataFinding, ...]]:
    """Takes classes whose names differ in capitals or blanks alone for one; says which.

    Args:
        class_names: As they are written.
        y: Their numbers, (rows,).

    Returns:
        The names of those that are left, y by them, and what was taken for one. Where only one
        class would be left, they stay apart.
    """
    counts = np.bincount(y, minlength=len(class_names)).tolist()
    spelling = one_spelling(dict(zip(class_names, counts, strict=True)))
    taken = [spelling.get(name, name) for name in class_names]
    kept = tuple(dict.fromkeys(taken))
    if not spelling or len(kept) == 1:
        return class_names, y, ()
    places = np.array([kept.index(name) for name in taken], np.int64)
    return kept, places[y], (spelling_finding(spelling),)


def _too_many(name: str, n_classes: int, n_rows: int, is_number: bool) -> DatasetError:
    regression = ", or set the task to regression" if is_number else ""
    return DatasetError(
        f"Column '{name}' has {n_classes:,} different values in {n_rows:,} rows, "
        "too many for classes.",
        f"Choose another target{regression}.",
    )
