"""What is said of arrays that are not used, and of examples without a label."""

from __future__ import annotations

import numpy as np

from engine.datasets.base import AnyArray, IndexArray
from engine.datasets.labels import missing_labels, text_of
from engine.datasets.numpy_files.array_files import ArrayFile
from engine.datasets.numpy_files.array_pairs import Found, listing, n_rows
from engine.errors import DatasetError
from engine.events.findings import MAX_NAMES, DataFinding, Remedy, Trouble

_MAX_REMEDIES = 3


def unused(found: Found) -> tuple[DataFinding, ...]:
    """Says which arrays were taken where there are others, with those that could be meant."""
    pair = next(iter(found.pairs.values()))
    if not found.others or pair.y is None:
        return ()
    remedies = []
    for item in found.others:
        if n_rows(item) != n_rows(pair.x) or item.dtype.hasobject:
            continue
        if len(item.shape) > 1 and item.dtype.kind in "fiub":
            remedies.append(_remedy(f"Take '{item.name}' as inputs", item, pair.y))
        if len(item.shape) <= 2:
            remedies.append(_remedy(f"Predict '{item.name}'", pair.x, item))
    text = (
        f"'{pair.x.name}' was taken as inputs, '{pair.y.name}' as targets; not used: "
        f"{listing(found.others)}."
    )
    names = tuple(item.name for item in found.others)
    return (
        DataFinding(
            Trouble.UNDERSTOOD, "", text, names[:MAX_NAMES], 0, tuple(remedies[:_MAX_REMEDIES])
        ),
    )


def _remedy(label: str, x: ArrayFile, y: ArrayFile) -> Remedy:
    return Remedy(label, {"data.parameters.inputs": x.name, "data.target": y.name})


def with_labels(values: AnyArray, name: str) -> tuple[IndexArray, tuple[DataFinding, ...]]:
    """Finds the examples that have a label, and names the others.

    Args:
        values: Labels as they are in the file, (n_samples,) or (n_samples, n_values).
        name: What they are called.

    Returns:
        Indices of those that have one, and what is to be told of the others; nothing is told
        where all have one.

    Raises:
        DatasetError: None has one.
    """
    gaps: AnyArray = np.zeros(len(values), bool)
    if values.dtype.kind == "f":
        gaps = np.asarray(np.isnan(values.reshape(len(values), -1)).any(axis=1), bool)
    elif values.dtype.kind in "US" and values.ndim == 1:
        gaps = missing_labels([text_of(value) for value in values.tolist()])
    known = np.flatnonzero(~gaps)
    if len(known) == len(values):
        return known, ()
    if not len(known):
        raise DatasetError(f"No example has a label: '{name}' is empty.", "Choose another target.")
    count = int(gaps.sum())
    rows = "1 row has" if count == 1 else f"{count:,} rows have"
    text = f"{rows} no '{name}' and {'is' if count == 1 else 'are'} left out."
    names = tuple(f"row {row + 1:,}" for row in np.flatnonzero(gaps)[:MAX_NAMES])
    return known, (DataFinding(Trouble.MISSING, name, text, names, count),)
