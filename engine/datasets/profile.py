"""Profile: what inspection found in a dataset, small enough to send to a window."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.datasets.base import Examples
from engine.datasets.findings import DataFinding, unreadable
from engine.datasets.packing import FileRows
from engine.datasets.summaries import ColumnProfile, Distribution, Trace, column_profile
from engine.spec.signature import Kind, Output, Signature, Task

SAMPLE_LIMITS: dict[Kind, int] = {
    Kind.TABLE: 1_000,
    Kind.IMAGE: 60,
    Kind.TEXT: 200,
    Kind.AUDIO: 24,
    Kind.VIDEO: 12,
    Kind.SERIES: 100,
}
"""How many examples a profile shows."""


@dataclass(frozen=True)
class Profile:
    """What was found.

    Attributes:
        source: Name or path as it was asked for.
        title: What people read.
        n_samples: Number of examples.
        signature: Kind, task and shapes, as the network receives them.
        feature_names: Columns of a table, one per column of `sample_x`; channels of a series.
        target_name: What is predicted.
        class_names: Classes in index order; empty where none are predicted.
        class_counts: Examples per class, (classes,).
        columns: One per column of a table, used or not, the target last.
        sample_x: Some raw inputs as in `Examples.x`, (n, *shape); of tables and series in their
            original order.
        sample_y: Their targets, as in `Examples.y`, (n, …).
        split_sizes: Examples in the training, validation and test part.
        notes: What people should know of the data, one sentence each.
        format: Name of the format of a file or folder; empty for datasets in the box.
        sample_names: What the samples are called; empty: row numbers.
        findings: What is wrong with the data, with remedies.
        facts: What was found, as label and value.
        distributions: How quantities of the examples are distributed.
        traces: The series themselves, for series.
        rate: Samples per second of `sample_x`, for audio; else 0.
        frame_rate: Frames per second of `sample_x`, for video; else 0.
        split_method: How the parts were divided, by the names of `SplitSpec.method`.
        source_columns: Every column the source offers, in its order; empty where it has none.
        categories: Names of a feature's categories by their index in `sample_x`, by its name.
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
    format: str = ""
    sample_names: tuple[str, ...] = ()
    findings: tuple[DataFinding, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    distributions: tuple[Distribution, ...] = ()
    traces: tuple[Trace, ...] = ()
    rate: int = 0
    frame_rate: float = 0.0
    split_method: str = "random"
    source_columns: tuple[str, ...] = ()
    categories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

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
            "classes": dict(zip(self.class_names, self.class_counts.tolist(), strict=False)),
            "columns": [
                {
                    "name": column.name,
                    "type": column.type,
                    "missing": column.n_missing,
                    "gaps": column.gaps,
                    "used": column.is_used,
                    **({"values": dict(column.values)} if column.values else {}),
                    **(
                        {
                            "minimum": column.minimum,
                            "maximum": column.maximum,
                            "mean": column.mean,
                            "deviation": column.deviation,
                        }
                        if len(column.histogram)
                        else {}
                    ),
                }
                for column in self.columns
            ],
            "split": dict(zip(("train", "validation", "test"), self.split_sizes, strict=True)),
            "split_method": self.split_method,
            "format": self.format,
            "facts": dict(self.facts),
            "notes": list(self.notes),
            "findings": [finding.to_dict() for finding in self.findings],
        }


def profile(
    source: str,
    title: str,
    examples: Examples,
    signature: Signature,
    split_sizes: tuple[int, int, int],
    seed: int = 0,
    format: str = "",
    split_method: str = "random",
) -> Profile:
    """Inspects examples; of those that are in files, it reads the samples alone.

    Args:
        source: Name or path as it was asked for.
        title: What people read.
        examples: What was loaded.
        signature: As the network receives them.
        split_sizes: Examples in the training, validation and test part.
        seed: Decides which examples are shown where not all are.
        format: Name of the format of a file or folder.
        split_method: How the parts were divided.
    """
    chosen, sample_x, findings = _samples(examples, seed)
    class_counts = np.zeros(0, dtype=np.int64)
    if examples.has_classes:
        labels = examples.y.astype(np.int64)
        class_counts = np.bincount(labels, minlength=len(examples.class_names)).astype(np.int64)
    return Profile(
        source=source,
        title=title,
        n_samples=examples.n_samples,
        signature=signature,
        feature_names=examples.feature_names,
        target_name=examples.target_name,
        class_names=examples.class_names,
        class_counts=class_counts,
        columns=examples.columns or tuple(_columns(examples)),
        sample_x=sample_x,
        sample_y=examples.y[chosen],
        split_sizes=split_sizes,
        notes=examples.notes,
        format=format,
        sample_names=tuple(examples.names[index] for index in chosen) if examples.names else (),
        findings=(*examples.findings, *findings),
        facts=examples.facts,
        distributions=examples.distributions,
        traces=examples.traces,
        rate=examples.rate,
        frame_rate=examples.frame_rate,
        split_method=split_method,
        source_columns=examples.source_columns,
        categories=_categories(examples),
    )


def _categories(examples: Examples) -> dict[str, tuple[str, ...]]:
    """Names of the categories of each feature of a table that has some, as tables write them."""
    features = examples.reading.get("columns", ()) if examples.kind is Kind.TABLE else ()
    return {
        feature["name"]: tuple(feature["values"])
        for feature in features
        if isinstance(feature, Mapping) and feature.get("values")
    }


def _samples(
    examples: Examples, seed: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[Any], tuple[DataFinding, ...]]:
    """Indices of the examples that are shown; their x; bad files."""
    limit = SAMPLE_LIMITS[examples.kind]
    chosen = np.arange(examples.n_samples, dtype=np.int64)
    if examples.n_samples > limit:
        chosen = np.random.default_rng(seed).choice(examples.n_samples, limit, replace=False)
        if examples.kind in (Kind.TABLE, Kind.SERIES):
            # Elsewhere the order is that of the files, class after class: a mixture shows more.
            chosen = np.sort(chosen)
    rows = examples.x
    if not isinstance(rows, FileRows):
        return chosen, rows[chosen], ()
    read = [rows.try_read(int(index)) for index in chosen]
    bad = [
        (examples.name_of(int(index)), row)
        for index, row in zip(chosen, read, strict=True)
        if isinstance(row, str)
    ]
    good = [not isinstance(row, str) for row in read]
    shown = [row for row in read if not isinstance(row, str)]
    x = np.stack(shown) if shown else np.zeros((0, *rows.shape[1:]), rows.dtype)
    return chosen[good], x, unreadable(bad, len(chosen))


def _columns(examples: Examples) -> list[ColumnProfile]:
    is_unknown = examples.task is Task.ANOMALY
    columns = [
        column_profile(name, examples.x[:, index])
        for index, name in enumerate(examples.feature_names)
        if examples.kind is Kind.TABLE
    ]
    if examples.output is Output.NUMBERS and examples.y.ndim == 1 and not is_unknown:
        columns.append(column_profile(examples.target_name, examples.y))
    return columns
