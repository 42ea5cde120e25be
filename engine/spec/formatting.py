"""How durations, amounts of bytes, shares and shapes are written, in the window and in a terminal.

Plain text that needs no translation. Numbers are written by `gui.formatting.numbers`; in messages
of the engine by Python's ``:,``, which groups them in the same way.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Final

NOTHING: Final = "–"
"""Stands where there is no value."""
_BYTES: Final = ("bytes", "KB", "MB", "GB", "TB", "PB", "EB")
_DAY_S: Final = 86_400


def shorten(value: object, limit: int = 80) -> str:
    """`repr` of a value, cut for display in a message."""
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def labels_text(row: Iterable[float], names: Sequence[str]) -> str:
    """The labels an example has, with commas; a dash where it has none.

    Args:
        row: 1 for each label it has, else 0, (labels,).
        names: Of the labels, in order.
    """
    said = [name for name, has in zip(names, row, strict=True) if has]
    return ", ".join(said) or NOTHING


def duration_text(seconds: float | None) -> str:
    """A duration: ``460 µs``, ``42 ms``, ``0.45 s``, ``3.2 s``, ``12 s``, ``3:05``, ``1:02:09``.

    Minutes and seconds are parted by a colon, as on a clock; from a day on it is ``2 d 3 h``. A
    duration that is not known is a dash.
    """
    if seconds is None or not math.isfinite(seconds):
        return NOTHING
    if seconds < 59.5:
        return _short_duration(seconds)
    if round(seconds) >= _DAY_S:
        days, hours = divmod(round(seconds / 3600), 24)
        return f"{days} d {hours} h" if hours else f"{days} d"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _short_duration(seconds: float) -> str:
    """Below a minute: in the unit that needs two digits."""
    if seconds <= 0:
        return "0 s"
    if seconds < 0.000995:
        return f"{1e6 * seconds:.0f} µs"
    if seconds < 0.0995:
        return f"{1e3 * seconds:.2g} ms"
    if seconds < 0.995:
        return f"{seconds:.2f} s"
    return f"{seconds:.1f} s" if seconds < 9.95 else f"{seconds:.0f} s"


def bytes_text(n_bytes: float) -> str:
    """An amount of memory, of which 1024 are the next: ``512 bytes``, ``1.5 MB``, ``12 GB``."""
    return scaled_text(n_bytes, 1024, _BYTES)


def scaled_text(value: float, base: int, units: tuple[str, ...]) -> str:
    """An amount in the unit in which it takes three figures or so, such as ``1.25 MB``.

    Args:
        value: The amount in the first unit.
        base: How many of a unit are one of the next.
        units: From small to large; the first may be empty.
    """
    step = 0
    while value >= 999.5 and step < len(units) - 1:
        value /= base
        step += 1
    if not step:
        return f"{round(value):,} {units[0]}".strip()
    # Three figures: 1.25, 12.5, 125.
    digits = 2 if value < 9.995 else 1 if value < 99.95 else 0
    number = f"{value:,.{digits}f}"
    if "." in number:
        number = number.rstrip("0").rstrip(".")
    return f"{number} {units[step]}"


def percent_text(share: float, decimals: int = 0) -> str:
    """A share of 1 in per cent: ``45 %``, ``97.2 %``."""
    return f"{100 * share:.{decimals}f} %"


def shape_text(shape: Iterable[int]) -> str:
    """A shape without its batch axis: ``26×26×32``."""
    return "×".join(str(side) for side in shape)


def axes_text(shape: Iterable[int | None]) -> str:
    """A shape as Keras writes it: ``(26, 26, 32)``, ``(any, 10)``."""
    return "(" + ", ".join("any" if side is None else str(side) for side in shape) + ")"
