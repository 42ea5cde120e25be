"""Labels of ticks: how many digits a number needs there depends on its neighbours."""

from __future__ import annotations

import math

import numpy as np

from engine.spec.formatting import duration_text
from gui.formatting.numbers import LARGEST, MINUS, power_of_ten


def axis_number(value: float, spacing: float) -> str:
    """Returns the label of a tick: no more digits than its distance to the next asks for.

    Args:
        value: Where the tick is.
        spacing: Distance between ticks.
    """
    if not math.isfinite(value):
        return ""
    if abs(value) < spacing * 1e-6:
        return "0"
    if abs(value) >= LARGEST or spacing < 1e-5:
        return _scientific(value, spacing)
    places = max(0, -math.floor(math.log10(spacing) + 1e-9)) if spacing > 0 else 6
    return f"{value:,.{places}f}".replace("-", MINUS)


def power_number(exponent: float) -> str:
    """Returns the label of a place on a logarithmic axis: ``0.001``, ``1.5``, ``20``, ``10⁻⁶``."""
    nearest = round(exponent)
    value = 10.0**exponent
    if abs(exponent - nearest) > 1e-6:
        if not 1e-4 <= value < 1e5:
            return ""
        return np.format_float_positional(value, precision=6, fractional=False, trim="-")
    if -4 <= nearest <= 4:
        return f"{value:.{max(0, -nearest)}f}"
    return power_of_ten(nearest)


def axis_duration(seconds: float) -> str:
    """Returns the label of a time on an axis: ``0.25 s``, ``3 s``, ``3:05``, ``1:02:07``."""
    if not math.isfinite(seconds):
        return ""
    if seconds >= 59.5:
        return duration_text(seconds)
    return f"{round(seconds, 2) if seconds < 10 else round(seconds):g} s"


def _scientific(value: float, spacing: float) -> str:
    exponent = math.floor(math.log10(abs(value)) + 1e-9)
    step = math.floor(math.log10(spacing) + 1e-9) if spacing > 0 else exponent
    mantissa = f"{value / 10.0**exponent:.{min(6, max(0, exponent - step))}f}"
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa}·{power_of_ten(exponent)}".replace("-", MINUS)
