"""Labels that come as values beside the examples: what they mean, and which are missing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from engine.datasets.base import AnyArray
from engine.datasets.folder_meaning import Spellings, one_spelling, spelling_finding
from engine.datasets.label_sets import (
    are_label_rows,
    cells_finding,
    label_findings,
    maybe_finding,
    rows_finding,
    separator_in,
    separator_of,
    sets_of_cells,
    sets_of_rows,
)
from engine.datasets.tables.label_numbers import read_all_numbers
from engine.datasets.tables.table_cells import (
    CODE,
    GAP_WORDS,
    is_missing_label,
    number_label,
    parse_number,
)
from engine.datasets.tables.written_numbers import written_number
from engine.errors import DatasetError
from engine.events.findings import DataFinding, Remedy, Trouble
from engine.spec.parameters import shorten
from engine.spec.signature import Task

GapWords = Literal["numbers", "all", "none"]

MAX_CLASSES = 1_000
# Whole numbers with at most this many values, each often enough, are taken as classes.
_MAX_NUMBER_CLASSES = 20
_MIN_ROWS_PER_CLASS = 3
_IMBALANCE = 10.0
# How much the probabilities of an example may be off 1.
_ONE = 1e-3
# Beyond these, float64 skips whole numbers.
_EXACT_INTEGERS = 2.0**53


@dataclass(frozen=True)
class Targets:
    """What is predicted, understood.

    Attributes:
        task: Classification, several labels at once, or regression.
        y: As in `Examples.y`.
        class_names: Of classes or labels, in index order; empty for regression.
        notes: How it was understood, where that could surprise.
        findings: Likewise, with remedies.
    """

    task: Task
    y: AnyArray
    class_names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    findings: tuple[DataFinding, ...] = ()


def gap_words_finding(cells: Sequence[str], name: str) -> tuple[DataFinding, ...]:
    """Says that classes are called as gaps may be, and offers to take them for such."""
    doubtful = sorted({cell for cell in cells if cell.strip().lower() in GAP_WORDS})
    if not doubtful:
        return ()
    text = f"'{name}' has classes that may mean that there is no label: {', '.join(doubtful)}."
    remedy = Remedy("Leave these out", {"data.parameters.gap_words": "all"})
    return (DataFinding(Trouble.UNDERSTOOD, name, text, tuple(doubtful), 0, (remedy,)),)


def missing_labels(cells: Sequence[str], words: GapWords = "numbers") -> npt.NDArray[np.bool_]:
    """Where labels are missing, (n,).

    Args:
        cells: The labels as they are written, (n,).
        words: As `TableParameters.gap_words`. With ``numbers``, words such as ``none`` are labels
            unless every other label is a number; with ``all`` they are none, with ``none`` only
            an empty cell is none.
    """
    plain = [cell.strip().lower() for cell in cells]
    if words == "none":
        return np.array([not cell for cell in plain], bool)
    gaps = np.array([not cell or cell in GAP_WORDS for cell in plain], bool)
    if words == "all" or not gaps.any():
        return gaps
    known: list[str] = [cell for cell, is_gap in zip(cells, gaps, strict=True) if not is_gap]
    if known and numbers_in(known) is not None:
        return gaps
    return np.array([is_missing_label(cell) for cell in plain], bool)


def understand_targets(
    values: AnyArray,
    name: str,
    task: Task | None,
    lines: AnyArray | None = None,
    spellings: Spellings = "auto",
    label_names: Sequence[str] = (),
) -> Targets:
    """Takes labels for classes, several labels at once, or numbers.

    Text is classes, unless all of it is numbers; names that differ in spelling alone are one class.
    Classes are also truth values, rows of 0 with a single 1 (one-hot), whole numbers from 0 without
    a gap in integer arrays, and whole numbers of at most 20 different values, each three times or
    more on average. Rows of 0 and 1 with any number of them are several labels at once, and so are
    texts that surely list labels (`engine.datasets.label_sets`). Everything else is numbers.

    Args:
        values: (n_samples,) text or numbers, or (n_samples, n_values) numbers.
        name: What they are called.
        task: What was asked for; None: told by the values.
        lines: The line of its file in which each stands, (n_samples,); None: rows are counted.
        spellings: As `FolderParameters.spellings`, for text.
        label_names: Of rows of 0 and 1: what each column is called; empty: they are numbered.

    Raises:
        DatasetError: They do not fit the task, or are not finite.
    """
    if values.ndim > 1 and values.size == len(values):
        values = values.reshape(-1)
    if values.ndim > 2:
        shape = "×".join(map(str, values.shape[1:]))
        raise DatasetError(
            f"'{name}' must hold one label per example, or a row of numbers. Received: {shape} "
            "numbers for each, as masks have.",
            "Choose another target: masks cannot be learnt yet.",
        )
    if values.dtype.kind in "OUS":
        texts = [text_of(value) for value in values.tolist()]
        numbers = None if task is Task.MULTILABEL else numbers_in(texts)
        if numbers is None:
            if task is Task.REGRESSION:
                raise _no_number(values, name, lines)
            if task is Task.MULTILABEL or (task is None and separator_in(set(texts))):
                return _listed(texts, name, spellings, task is not None)
            return _spelled(texts, name, spellings)
        found = understand_targets(numbers, name, task, lines)
        return replace(found, findings=(*found.findings, *_written_finding(texts, numbers, name)))
    if values.dtype.kind not in "fiub":
        raise DatasetError(
            f"'{name}' must hold text or numbers. Received: {values.dtype}.", "Save it anew."
        )
    if not np.isfinite(values).all():
        row = int(np.argwhere(~np.isfinite(values))[0][0])
        raise DatasetError(
            f"'{name}' must hold finite numbers. Received: {values[row]} in {_place(row, lines)}.",
            "Mend or remove the row.",
        )
    if values.ndim == 2:
        return _of_rows(values, name, task, label_names)
    return _of_numbers(values, name, task)


def text_of(value: Any) -> str:
    """A label as text; bytes are taken for UTF-8."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _listed(texts: list[str], name: str, spellings: Spellings, is_asked: bool) -> Targets:
    """Texts that list labels."""
    distinct = dict.fromkeys(texts)
    sign = separator_of(distinct, name)
    names, y = sets_of_cells(texts, name, sign, spellings == "auto")
    finding = cells_finding(distinct, name, sign, is_asked)
    return Targets(Task.MULTILABEL, y, names, findings=(finding,))


def _of_rows(values: AnyArray, name: str, task: Task | None, label_names: Sequence[str]) -> Targets:
    sums = values.sum(axis=1)
    are_switches = bool(np.isin(values, (0, 1)).all())
    is_one_hot = are_switches and bool((sums == 1).all())
    are_shares = bool((values >= 0).all() and (np.abs(sums - 1) < _ONE).all())
    is_open = task is None and not is_one_hot and are_label_rows(values)
    if task is Task.MULTILABEL or is_open:
        names, y = sets_of_rows(values, name, label_names)
        return Targets(Task.MULTILABEL, y, names, findings=(rows_finding(name),) * is_open)
    if task is Task.CLASSIFICATION or (task is None and is_one_hot):
        if not are_shares:
            raise DatasetError(
                f"'{name}' must hold one class per example. Received: {values.shape[1]} numbers.",
                "Save the index of the class, or set the task to multilabel where an example may "
                "have several.",
            )
        found = _of_numbers(np.argmax(values, axis=1), name, Task.CLASSIFICATION)
        how = "one-hot" if is_one_hot else "probabilities; the class of the largest is learnt"
        return Targets(found.task, found.y, found.class_names, (f"The labels are {how}.",))
    findings = () if task is not None else _rows_finding(name, are_shares)
    return Targets(Task.REGRESSION, values.astype(np.float64), findings=findings)


def _rows_finding(name: str, are_shares: bool) -> tuple[DataFinding, ...]:
    """Says what rows of numbers may be, besides numbers."""
    if are_shares:
        text = (
            f"Each row of '{name}' adds up to 1, as probabilities of classes do; the numbers are "
            "learnt."
        )
        remedy = Remedy("Learn the class of the largest", {"data.task": "classification"})
        return (DataFinding(Trouble.UNDERSTOOD, name, text, remedies=(remedy,)),)
    return ()


def _of_numbers(values: AnyArray, name: str, task: Task | None) -> Targets:
    if task is Task.REGRESSION:
        return Targets(task, values.astype(np.float64))
    if task is Task.MULTILABEL:
        raise DatasetError(
            f"'{name}' holds one number per example, not several labels.",
            "Save a row of 0 and 1 for each, or set the task to classification.",
        )
    notes: tuple[str, ...] = ()
    if task is None and values.dtype.kind != "b":
        distinct = np.unique(values)
        few = min(_MAX_NUMBER_CLASSES, max(2.0, len(values) / _MIN_ROWS_PER_CLASS))
        is_whole = bool((distinct == np.rint(distinct)).all())
        is_index = (
            values.dtype.kind in "iu"
            and len(distinct) <= min(MAX_CLASSES, max(2.0, len(values) / _MIN_ROWS_PER_CLASS))
            and np.array_equal(distinct, np.arange(len(distinct)))
        )
        if not is_index and not (is_whole and len(distinct) <= few):
            return Targets(Task.REGRESSION, values.astype(np.float64))
        if not is_index:
            notes = (
                f"'{name}' has {len(distinct)} different whole numbers and is taken as classes. "
                "If it is a quantity, set the task to regression.",
            )
    found = _classes(values, name)
    return replace(found, notes=notes, findings=_unlabelled_finding(found.class_names, name))


_UNLABELLED = frozenset({"-1", "255"})


def _unlabelled_finding(class_names: Sequence[str], name: str) -> tuple[DataFinding, ...]:
    """Says that -1 or 255, beside classes from 0 on, often stands for no label."""
    others = {str(number) for number in range(len(class_names) - 1)}
    odd = {*class_names} - others
    if len(others) < 2 or len(odd) != 1 or not odd <= _UNLABELLED:
        return ()
    text = (
        f"'{odd.pop()}' is a class of '{name}'; beside classes from 0 on it often means that none "
        "is known."
    )
    return (DataFinding(Trouble.UNDERSTOOD, name, text),)


def _classes(values: Any, name: str) -> Targets:
    distinct, y = np.unique(values, return_inverse=True)
    if len(distinct) > MAX_CLASSES:
        raise DatasetError(
            f"'{name}' has {len(distinct):,} different values, too many for classes "
            f"(at most {MAX_CLASSES:,}).",
            "Set the task to regression, or choose another target.",
        )
    names = tuple(number_label(v) if isinstance(v, float) else str(v) for v in distinct.tolist())
    if len(names) < 2:
        shown = f"only '{names[0]}'" if names else "nothing"
        raise DatasetError(
            f"'{name}' must hold at least two classes. Received: {shown}.",
            "Bring examples of another class.",
        )
    return Targets(Task.CLASSIFICATION, y.astype(np.int64), names)


def _spelled(texts: list[str], name: str, spellings: Spellings) -> Targets:
    """Texts as classes, those that differ in spelling alone as one."""
    spelling = one_spelling(Counter(texts)) if spellings == "auto" else {}
    found = _classes([spelling.get(text, text) for text in texts], name)
    findings = [spelling_finding(spelling)] if spelling else []
    return replace(found, findings=(*findings, *maybe_finding(found.class_names, name)))


def numbers_in(cells: Sequence[str]) -> AnyArray | None:
    """Text as numbers, where all of it is; codes such as ``007`` stay text, and so do whole
    numbers too large to be told apart as numbers.
    """
    texts = np.array([cell.strip() for cell in cells], object)
    found = read_all_numbers(texts)
    if found is None or any(re.fullmatch(CODE, text) for text in texts):
        return None
    is_inexact = np.abs(found) >= _EXACT_INTEGERS
    return None if any(text.lstrip("+-").isdigit() for text in texts[is_inexact]) else found


def _written_finding(texts: Sequence[str], numbers: AnyArray, name: str) -> tuple[DataFinding, ...]:
    """Says how numbers were read that programs write in another way."""
    for text, number in zip(texts, numbers.tolist(), strict=True):
        if parse_number(text.strip()) != number:
            words = (
                f"'{name}' holds numbers as people write them: '{text}' was read as {number:.15g}."
            )
            return (DataFinding(Trouble.UNDERSTOOD, name, words),)
    return ()


def _place(row: int, lines: AnyArray | None) -> str:
    return f"row {row + 1:,}" if lines is None else f"line {lines[row]:,}"


def _no_number(values: AnyArray, name: str, lines: AnyArray | None) -> DatasetError:
    for row, value in enumerate(values.tolist()):
        if written_number(str(value).strip()) is None:
            return DatasetError(
                f"'{name}' must hold numbers. Received: {shorten(value)} in {_place(row, lines)}.",
                "Mend or remove the row, or set the task to classification.",
            )
    return DatasetError(f"'{name}' must hold numbers, not codes.", "Choose another target.")


def imbalance(y: AnyArray, class_names: tuple[str, ...]) -> tuple[DataFinding, ...]:
    """Finds that one class has ten times as many examples as another, or that a label never varies.

    Args:
        y: Indices of classes, (n_samples,), or 0 and 1 for each label, (n_samples, labels).
        class_names: Names of the classes or labels.
    """
    if y.ndim > 1:
        return label_findings(y, class_names)
    counts = np.bincount(y, minlength=len(class_names))
    present = np.flatnonzero(counts)
    least, most = present[counts[present].argmin()], present[counts[present].argmax()]
    if counts[most] < _IMBALANCE * counts[least]:
        return ()
    return (
        DataFinding(
            Trouble.IMBALANCE,
            class_names[least],
            f"'{class_names[most]}' has {counts[most]:,} examples, '{class_names[least]}' only "
            f"{counts[least]:,}. A model may ignore the rare class.",
            count=int(counts[least]),
            remedies=(Remedy("Weight the classes", {"training.class_weights": "balanced"}),),
        ),
    )
