"""Partial dependence: how the mean prediction moves with one column, all else left as it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from engine.datasets.base import AnyArray
from engine.events.explaining import Dependence
from engine.inference.explaining.columns import Column
from engine.preprocessing.scaling import FloatArray

N_POINTS = 20
MOST_CATEGORIES = 30
_ENDS = (0.025, 0.975)
_SPREAD = (0.1, 0.9)

Predict = Callable[[AnyArray], FloatArray]


def can_depend(column: Column) -> bool:
    """A column that can be moved by itself: a number, or a category."""
    return column.is_number or column.is_category


def partial_dependence(
    predict: Predict, x: AnyArray, column: Column, outputs: Sequence[str]
) -> Dependence | None:
    """Friedman 2001, "Greedy Function Approximation": the mean over the data's own rows.

    Args:
        predict: What the model says of rows, (n, outputs).
        x: Rows of the data, (n, columns).
        column: The column.
        outputs: What is predicted.

    Returns:
        The curve; None where the column holds one value alone.
    """
    (place, *_) = column.places
    held = x[:, place].astype(np.float64)
    held = held[np.isfinite(held)]
    known = np.unique(held)
    if len(known) < 2:
        return None
    if column.is_category:
        values, counts = np.unique(held, return_counts=True)
        commonest = np.sort(np.argsort(-counts, kind="stable")[:MOST_CATEGORIES])
        points, counts = values[commonest], counts[commonest]
    else:
        points = known
        if len(known) > N_POINTS:
            low_end, high_end = np.quantile(held, _ENDS).tolist()
            points = np.linspace(low_end, high_end, N_POINTS)
        counts, _ = np.histogram(held, N_POINTS, (points[0], points[-1]))
    found = []
    for value in points:
        moved = np.array(x)
        moved[:, place] = value
        found.append(predict(moved))
    each = np.stack(found)  # (points, rows, outputs)
    low, high = np.quantile(each, _SPREAD, axis=1)
    is_date = bool(column.sources) and column.sources[0].type == "date"
    return Dependence(
        column.name,
        tuple(outputs),
        np.arange(len(points), dtype=np.float64) if column.is_category else points,
        each.mean(axis=1),
        np.asarray(low),
        np.asarray(high),
        counts.astype(np.int64),
        tuple(column.category(value) for value in points) if column.is_category else (),
        is_date,
    )
