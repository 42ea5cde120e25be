"""Profile: what inspection found in a dataset, small enough to send to a window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.datasets.base import Examples
from engine.problem import Kind, Signature, Task

MAX_SAMPLE_ROWS = 1_000
MAX_SAMPLE_IMAGES = 60


@dataclass(frozen=True)
class ColumnProfile:
    """One numeric column (or the target of a regression).

    Attributes:
        name: Column name.
        minimum, maximum, mean, deviation: In the column's own unit.
        histogram: Counts in 20 equal bins from minimum to maximum, (bins,).
    """

    name: str
    minimum: float
    maximum: float
    mean: float
    deviation: float
    histogram: npt.NDArray[np.int64]


@dataclass(frozen=True)
class Profile:
    """What was found.

    Attributes:
        source: Name or path as it was asked for.
        title: What people read.
        n_samples: Number of examples.
        signature: Kind, task and shapes.
        feature_names: Columns of a table.
        target_name: What is predicted.
        class_names: Classes in index order; empty for regression.
        class_counts: Examples per class, (classes,).
        columns: One per feature of a table, then the target of a regression.
        sample_x: Some inputs in their original order, (n, *input_shape).
        sample_y: Their targets, (n,).
        split_sizes: Examples in the training, validation and test part.
        notes: What people should know of the data, one sentence each.
    """

    source: str
    title: str
    n_samples: int
    signature: Signature
    feature_names: tuple[str, ...]
    target_name: str
    class_names: tuple[str, ...]
    class_counts: npt.NDArray[np.int64]
    columns: tuple[ColumnProfile, ...]
    sample_x: npt.NDArray[np.generic]
    sample_y: npt.NDArray[np.generic]
    split_sizes: tuple[int, int, int]
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Returns JSON-ready values, without the samples."""
        signature = self.signature
        return {
            "source": self.source,
            "title": self.title,
            "kind": signature.kind.value,
            "task": signature.task.value,
            "n_samples": self.n_samples,
            "input_shape": list(signature.input_shape),
            "target": self.target_name,
            "classes": dict(zip(self.class_names, self.class_counts.tolist(), strict=True)),
            "columns": [
                {
                    "name": column.name,
                    "minimum": column.minimum,
                    "maximum": column.maximum,
                    "mean": column.mean,
                    "deviation": column.deviation,
                }
                for column in self.columns
            ],
            "split": dict(zip(("train", "validation", "test"), self.split_sizes, strict=True)),
            "notes": list(self.notes),
        }


def profile(
    source: str,
    title: str,
    examples: Examples,
    split_sizes: tuple[int, int, int],
    seed: int = 0,
) -> Profile:
    """Inspects loaded examples.

    Args:
        source: Name or path as it was asked for.
        title: What people read.
        examples: What was loaded.
        split_sizes: Examples in the training, validation and test part.
        seed: Decides which examples are shown where not all are.
    """
    chosen = _sample_rows(examples, seed)
    columns = [
        _column(name, examples.x[:, index]) for index, name in enumerate(examples.feature_names)
    ]
    class_counts = np.zeros(0, dtype=np.int64)
    if examples.task is Task.REGRESSION:
        columns.append(_column(examples.target_name, examples.y))
    else:
        labels = examples.y.astype(np.int64)
        class_counts = np.bincount(labels, minlength=len(examples.class_names)).astype(np.int64)
    return Profile(
        source=source,
        title=title,
        n_samples=examples.n_samples,
        signature=examples.signature,
        feature_names=examples.feature_names,
        target_name=examples.target_name,
        class_names=examples.class_names,
        class_counts=class_counts,
        columns=tuple(columns),
        sample_x=examples.x[chosen],
        sample_y=examples.y[chosen],
        split_sizes=split_sizes,
        notes=examples.notes,
    )


def _sample_rows(examples: Examples, seed: int) -> npt.NDArray[np.int64]:
    """Indices of the examples that are shown, in their original order."""
    limit = MAX_SAMPLE_ROWS if examples.kind is Kind.TABLE else MAX_SAMPLE_IMAGES
    if examples.n_samples <= limit:
        return np.arange(examples.n_samples, dtype=np.int64)
    drawn = np.random.default_rng(seed).choice(examples.n_samples, limit, replace=False)
    return np.sort(drawn)


def _column(name: str, values: npt.NDArray[Any]) -> ColumnProfile:
    values = values.astype(np.float64)
    return ColumnProfile(
        name=name,
        minimum=float(values.min()),
        maximum=float(values.max()),
        mean=float(values.mean()),
        deviation=float(values.std()),
        histogram=np.histogram(values, bins=20)[0].astype(np.int64),
    )
