"""How far an axis reaches over values: over all of them, or over all but a few far ones."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.floating]

OUTLIERS: Final = 0.05
"""At most this share of the values may be left out, but always one of each series."""
FEWEST: Final = 6
"""Of fewer values in a series, all are shown."""
FLATTENED: Final = 15.0
"""Values are left out only where the rest would have less than this part of the height."""
NEAR: Final = 3.0
"""What lies within so many spans of the rest is no outlier."""


def finite_extent(*series: Values) -> tuple[float, float]:
    """Returns the smallest and the largest finite value of some arrays; NaN where there is none."""
    values = _finite(series)
    return (float(values.min()), float(values.max())) if len(values) else (math.nan, math.nan)


def robust_extent(*series: Values) -> tuple[float, float]:
    """Returns an extent that a few far values do not stretch; NaN where there is no finite value.

    Most curves keep their whole extent. Where a few values, such as a spike in the first steps,
    would press all others into a fifteenth of the height, the extent ends at the last value near
    the others.

    Args:
        series: Values, of any shape.

    Returns:
        The lower and the upper end.
    """
    values = np.sort(_finite(series))
    n_series = sum(1 for one in series if len(one))
    if len(values) < FEWEST * max(1, n_series):
        return finite_extent(values)
    left_out = max(n_series, int(OUTLIERS * len(values)))
    low, high = float(values[0]), float(values[-1])
    rest_low, rest_high = float(values[left_out]), float(values[-1 - left_out])
    span = rest_high - rest_low
    if high - rest_high > FLATTENED * span > 0:
        high = float(values[values <= rest_high + NEAR * span][-1])
    if rest_low - low > FLATTENED * span > 0:
        low = float(values[values >= rest_low - NEAR * span][0])
    return low, high


def _finite(series: tuple[Values, ...]) -> Values:
    together: npt.NDArray[np.float64] = np.concatenate([np.empty(0), *map(np.ravel, series)])
    finite: Values = together[np.isfinite(together)]
    return finite
