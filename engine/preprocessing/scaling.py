"""Offsets and scales of columns of numbers, learnt from the training part."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from engine.datasets.base import AnyArray

FloatArray = npt.NDArray[np.float64]


def fit_columns(values: AnyArray, scaling: str) -> tuple[FloatArray, FloatArray]:
    """Returns offset and scale of each column, (columns,).

    Args:
        values: (rows, columns); NaN is a gap and does not count.
        scaling: ``standard`` for mean 0 and deviation 1, ``minmax`` for 0 to 1, or ``none``.
    """
    columns = values.astype(np.float64)
    n_columns = columns.shape[1]
    if scaling == "none":
        return np.zeros(n_columns), np.ones(n_columns)
    minimum, maximum = np.nanmin(columns, axis=0), np.nanmax(columns, axis=0)
    if scaling == "minmax":
        offset, scale = minimum, maximum - minimum
    else:
        offset, scale = np.nanmean(columns, axis=0), np.nanstd(columns, axis=0)
    # Rounding leaves a constant column a mean beside its value and a tiny deviation;
    # the deviation of numbers near the smallest there is underflows to 0.
    constant = (minimum == maximum) | (scale < np.finfo(np.float64).tiny)
    return np.where(constant, minimum, offset), np.where(constant, 1.0, scale)
