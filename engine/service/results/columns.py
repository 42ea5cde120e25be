"""Reads one column of a run's data: of its source, or a property that its examples have."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from engine.datasets.base import AnyArray, Examples, IndexArray, Progress, silent
from engine.datasets.file_sizes import read_sizes, sizes_known
from engine.errors import DatasetError
from engine.events.columns import ColumnRead
from engine.service.results.opened_run import OpenedRun
from engine.spec.signature import Kind

LENGTH = "length"
FOLDER = "folder"
MOST_CATEGORIES = 1000


def read_column(run: OpenedRun, part: str, column: str, progress: Progress) -> ColumnRead:
    """Reads a column for every example of a part.

    Raises:
        DatasetError: The data is gone, or has no such column or part.
    """
    _, rows = run.rows(part, progress)
    examples = run.prepared(progress).examples
    source = Path(run.record.spec.data.source)
    columns = column_names(examples, source)
    if not column:
        return ColumnRead(run.record.id, part, "", columns, rows, np.zeros(0))
    if column not in columns:
        raise DatasetError(
            f"The data has no column '{column}'. Received: {', '.join(columns) or 'no columns'}."
        )
    numbers, categories = _coded(values_of(examples, column, rows, source, progress))
    return ColumnRead(run.record.id, part, column, columns, rows, numbers, categories)


def column_names(examples: Examples, source: Path) -> tuple[str, ...]:
    """By what examples can be chosen beside what the model says of them.

    Args:
        examples: All of the data.
        source: Where it is from: to find files whose sizes can be told.
    """
    if examples.kind is Kind.TABLE and examples.column is None:
        return examples.feature_names
    derived = (*((LENGTH,) if examples.kind is Kind.TEXT else ()), *sizes_known(examples, source))
    if examples.column is not None:
        said = examples.source_columns or examples.feature_names
        return (*said, *(name for name in derived if name not in said))
    has_folders = any("/" in name for name in examples.names[:1000])
    return (*derived, *((FOLDER,) if has_folders else ()))


def values_of(
    examples: Examples, column: str, rows: IndexArray, source: Path, progress: Progress = silent
) -> AnyArray:
    """What stands in a column for some examples: numbers or texts, (rows,).

    Args:
        examples, source: As of `column_names`.
        column: One of those.
        rows: Which examples.
        progress: Told how far it is.
    """
    if examples.column is not None and column in (
        examples.source_columns or examples.feature_names
    ):
        return np.asarray(examples.column(column))[rows]
    if column in examples.feature_names and examples.kind is Kind.TABLE:
        return np.asarray(examples.x[rows])[:, examples.feature_names.index(column)]
    if column == LENGTH:
        return np.array([len(str(text)) for text in examples.x[rows]], np.float64)
    if column in sizes_known(examples, source):
        return read_sizes(examples, rows, source, progress)[column]
    return np.array([examples.names[row].rpartition("/")[0] for row in rows], object)


def _coded(values: AnyArray) -> tuple[AnyArray, tuple[str, ...]]:
    """Numbers as they are; texts as indices, the most frequent first."""
    if values.dtype.kind in "fiub":
        return values.astype(np.float64), ()
    words = np.array(["" if value is None else str(value) for value in values], object)
    numbers = _as_numbers(words)
    if numbers is not None:
        return numbers, ()
    found, codes, counts = np.unique(words, return_inverse=True, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    order = order[found[order] != ""][:MOST_CATEGORIES]  # a gap is no category
    place = np.full(len(found), -1.0)
    place[order] = np.arange(len(order))
    return place[codes], tuple(str(found[index]) for index in order)


def _as_numbers(words: AnyArray) -> AnyArray | None:
    """Texts as the numbers that they write; None where one of them writes none."""
    try:
        return np.array([float(word) if word else np.nan for word in words], np.float64)
    except ValueError:
        return None
