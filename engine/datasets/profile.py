"""Inspection: makes the profile of a dataset, small enough to send to a window."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.datasets.base import Examples
from engine.datasets.findings import unreadable
from engine.datasets.packing import FileRows
from engine.datasets.summaries import column_profile
from engine.events.findings import DataFinding
from engine.events.profile import ColumnProfile, Profile
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
    elif examples.output is Output.LABELS:
        class_counts = examples.y.sum(axis=0, dtype=np.int64)
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
    return chosen[good], x, unreadable(bad, len(rows), len(chosen))


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
