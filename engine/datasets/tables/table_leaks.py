"""Columns of a table that tell the answer: made from the target, or the time of the rows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from engine.datasets.base import Rows
from engine.datasets.tables.table_schema import CATEGORICAL
from engine.datasets.tables.table_source import FloatArray
from engine.events.findings import DataFinding, Remedy, Trouble
from engine.spec.formatting import percent_text
from engine.spec.signature import Task

_LEAK_ROWS = 20_000
# Rows in the order of time: hardly any two at the same time, and not just a handful.
_ORDERED_MIN_ROWS, _ORDERED_SHARE = 20, 0.5
_LEAK_MIN_ROWS = 20
_LEAK_BINS = 50
# A column that alone tells this share of the target is suspected of being made from it.
_LEAK_SHARE = 0.99
_LEAK_CORRELATION = 0.999


def time_findings(features: Sequence[Mapping[str, object]], x: Rows) -> list[DataFinding]:
    """A column of times along which the rows are ordered: then the future should be tested.

    Told from the first 20,000 rows.

    Args:
        features: One per column of x, as `ColumnPlan.features` returns them.
        x: (rows, columns of x).
    """
    for index, feature in enumerate(features):
        if feature.get("part") != "days":
            continue
        days = x[:_LEAK_ROWS][:, index]
        steps = np.diff(days[~np.isnan(days)])
        is_ordered = len(steps) >= _ORDERED_MIN_ROWS and (steps >= 0).all()
        if is_ordered and (steps > 0).mean() > _ORDERED_SHARE:
            name = str(feature["column"])
            text = (
                f"The rows are in the order of '{name}'. Drawn at random, the training part holds "
                "the days around those that are tested, and results look better than they are."
            )
            remedies = (
                Remedy("Divide by time", {"split.method": "time", "split.column": name}),
                Remedy("Read it as a series", {"data.format": "series"}),
            )
            return [DataFinding(Trouble.ACROSS_PARTS, name, text, remedies=remedies)]
    return []


def leak_findings(
    features: Sequence[Mapping[str, object]],
    x: Rows,
    y: npt.NDArray[np.generic],
    class_names: Sequence[str],
    target_name: str,
    task: Task,
) -> list[DataFinding]:
    """Columns that alone tell the target, from at most 20,000 rows drawn evenly.

    Args:
        features: One per column of x, as `ColumnPlan.features` returns them.
        x: (rows, columns of x).
        y: (rows,).
        class_names: Empty for regression.
        target_name: Of the target.
        task: Of anomalies and several labels nothing is told.
    """
    if len(y) < _LEAK_MIN_ROWS or task in (Task.ANOMALY, Task.MULTILABEL):
        return []
    n_classes = len(class_names)
    places = np.unique(np.linspace(0, len(y) - 1, min(len(y), _LEAK_ROWS)).astype(np.int64))
    rows, truth = x[places], y[places].astype(np.float64)
    found: list[DataFinding] = []
    suspected: set[str] = set()
    for index, feature in enumerate(features):
        name = str(feature["column"])
        values = rows[:, index]
        is_category = feature["type"] in CATEGORICAL
        if n_classes:
            share = _predicted_classes(values, truth, is_category, n_classes)
            is_leak = share >= _LEAK_SHARE
            words = f"tells the class of {percent_text(share, 1)} of the rows"
        else:
            share = _predicted_numbers(values, truth, is_category)
            is_leak = share > _LEAK_CORRELATION
            words = f"agrees with it almost perfectly (correlation {share:.4f})"
        if is_leak and name not in suspected:
            suspected.add(name)
            text = (
                f"'{name}' alone {words}. If it is known only once '{target_name}' is, the model "
                "learns nothing of use."
            )
            remedy = Remedy("Leave the column out", {("data", "columns", name, "type"): "ignore"})
            found.append(DataFinding(Trouble.LEAK, name, text, remedies=(remedy,)))
    return found


def _predicted_classes(
    values: FloatArray, classes: FloatArray, is_category: bool, n_classes: int
) -> float:
    """Share of the rows whose class is the most frequent one for their value; 0: too few rows."""
    known = ~np.isnan(values)
    distinct, place = np.unique(values[known], return_inverse=True)
    if len(distinct) > _LEAK_BINS and not is_category:
        edges = np.quantile(values[known], np.linspace(0, 1, _LEAK_BINS + 1)[1:-1])
        place = np.searchsorted(edges, values[known], side="right")
    n_bins = int(place.max()) + 1 if len(place) else 0
    # With few rows for each value, agreement is chance.
    if known.sum() < max(_LEAK_MIN_ROWS, 5 * n_bins) or known.mean() < 0.5:
        return 0.0
    table = np.zeros((n_bins, n_classes))
    np.add.at(table, (place, classes[known].astype(np.int64)), 1)
    return float(table.max(axis=1).sum() / known.sum())


def _predicted_numbers(values: FloatArray, truth: FloatArray, is_category: bool) -> float:
    """Absolute correlation of a column with numbers; of categories, that of their means."""
    known = ~np.isnan(values)
    if known.sum() < _LEAK_MIN_ROWS or known.mean() < 0.5:
        return 0.0
    values, truth = values[known], truth[known]
    if is_category:
        distinct, place = np.unique(values, return_inverse=True)
        if len(values) < 5 * len(distinct):
            return 0.0
        values = (np.bincount(place, truth) / np.bincount(place))[place]
    deviations = values.std() * truth.std()
    if deviations == 0 or not math.isfinite(deviations):
        return 0.0
    covariance = float(((values - values.mean()) * (truth - truth.mean())).mean())
    return abs(covariance) / float(deviations)
