"""Numbers as people read them on axes and in legends."""

from __future__ import annotations

import math
from typing import Final

NOTHING: Final = "\N{EN DASH}"
"""Stands where there is no value."""
_MINUS: Final = "\N{MINUS SIGN}"
_SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


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
    if abs(value) >= 1e6 or spacing < 1e-5:
        return _scientific(value, spacing)
    places = max(0, -math.floor(math.log10(spacing) + 1e-9)) if spacing > 0 else 6
    return f"{value:,.{places}f}".replace(",", "\N{THIN SPACE}").replace("-", _MINUS)


def power_number(exponent: float) -> str:
    """Returns the label of a power of ten on a logarithmic axis: ``0.001``, ``100``, ``10⁻⁶``."""
    nearest = round(exponent)
    value = 10.0**exponent
    if abs(exponent - nearest) > 1e-6:
        return f"{value:.1g}" if 1e-4 <= value < 1e5 else ""
    if -4 <= nearest <= 4:
        return f"{value:.{max(0, -nearest)}f}"
    return f"10{str(nearest).translate(_SUPERSCRIPTS)}"


def short_number(value: float) -> str:
    """Returns a value with four significant digits, for a legend."""
    if math.isnan(value):
        return NOTHING
    if math.isinf(value):
        return "∞" if value > 0 else f"{_MINUS}∞"
    size = abs(value)
    if size != 0 and (size < 1e-4 or size >= 1e6):
        mantissa, exponent = f"{value:.2e}".split("e")
        text = f"{mantissa}·10{str(int(exponent)).translate(_SUPERSCRIPTS)}"
    elif size == 0 or (value == round(value) and size < 1e4):
        text = f"{value:.0f}"
    else:
        text = f"{value:.{max(0, 3 - math.floor(math.log10(size)))}f}"
    return text.replace("-", _MINUS)


def duration(seconds: float) -> str:
    """Returns a time such as ``0.25 s``, ``42 s``, ``3:05`` (minutes) or ``1:02:07`` (hours)."""
    if not math.isfinite(seconds):
        return ""
    if abs(seconds) < 10 and seconds != round(seconds):
        return f"{seconds:.2f}".rstrip("0") + " s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes}:{rest:02d}"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}"


def _scientific(value: float, spacing: float) -> str:
    exponent = math.floor(math.log10(abs(value)) + 1e-9)
    step = math.floor(math.log10(spacing) + 1e-9) if spacing > 0 else exponent
    mantissa = f"{value / 10.0**exponent:.{min(6, max(0, exponent - step))}f}"
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa}·10{str(exponent).translate(_SUPERSCRIPTS)}".replace("-", _MINUS)
