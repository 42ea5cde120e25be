"""How the window writes numbers: counts, what was measured, what is typed."""

from __future__ import annotations

import math
from typing import Final

from engine.spec.formatting import NOTHING, scaled_text
from gui.formatting.translation import translate

MINUS: Final = "−"
SMALLEST: Final = 1e-4
LARGEST: Final = 1e6
"""From here on, and below the smallest, a number is written with a power of ten."""
_UNITS: Final = ("", "K", "M", "G", "T", "P")
_SUPERSCRIPTS: Final = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def count_text(value: float) -> str:
    """A whole number in groups of three: ``1,797``."""
    return f"{round(value):,}".replace("-", MINUS)


def counted(n: int, one: str, many: str) -> str:
    """A number with its noun; both texts hold ``{n}``."""
    return (one if n == 1 else many).format(n=count_text(n))


def shown_of(n_shown: int, n_all: int) -> str:
    """How many are drawn, and of how many where they are fewer: ``270``, ``5,000 of 12,345``."""
    if n_shown >= n_all:
        return count_text(n_shown)
    return translate("{shown} of {all}").format(shown=count_text(n_shown), all=count_text(n_all))


def short_count(value: float) -> str:
    """A large number in three figures or so: ``950``, ``34.8 K``, ``2.17 M``."""
    return scaled_text(value, 1000, _UNITS)


def number_text(value: float, digits: int = 4) -> str:
    """What was measured, with so many significant digits: ``0.1235``, ``12.30``, ``1.23·10⁻⁷``.

    Where there is no number, a dash stands.
    """
    if math.isnan(value):
        return NOTHING
    if math.isinf(value):
        return "∞" if value > 0 else f"{MINUS}∞"
    return _written(value, digits, digits - 2) if value else "0"


def data_text(value: float) -> str:
    """A value of data, in four digits at most where it is no whole number: ``64``, ``0.1235``."""
    is_whole = math.isfinite(value) and value == round(value) and abs(value) < LARGEST
    return count_text(value) if is_whole else number_text(value)


def rounded_text(value: float) -> str:
    """What changes all the time, with two significant digits: ``0.012``, ``1.0``, ``1,200``."""
    if value == 0 or not math.isfinite(value):
        return number_text(value)
    return _written(float(f"{value:.1e}"), 2, 1)


def _written(value: float, digits: int, power_decimals: int) -> str:
    if not SMALLEST <= abs(value) < LARGEST:
        mantissa, exponent = f"{value:.{power_decimals}e}".split("e")
        return f"{mantissa}·{power_of_ten(int(exponent))}".replace("-", MINUS)
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    return f"{value:,.{decimals}f}".replace("-", MINUS)


def power_of_ten(exponent: int) -> str:
    """A power of ten: ``10⁻⁷``."""
    return f"10{str(exponent).translate(_SUPERSCRIPTS)}"


def value_text(value: float, digits: int = 6) -> str:
    """A value of data or a setting, as it would be typed: ``0.001``, ``3e-05``, ``12``."""
    return f"{value:.{digits}g}"


def rate_text(rate: float) -> str:
    """A learning rate, in four digits: ``0.001``, ``3e-05``."""
    return value_text(rate, 4)


def hertz_text(rate: float) -> str:
    """A sample rate: ``8 kHz``."""
    return f"{rate / 1000:g} kHz"
