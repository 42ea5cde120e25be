"""The sequences in which numbers are tried by hand."""

from __future__ import annotations

import math


def next_integer(value: int, up: bool) -> int:
    """The next or previous integer of which only the first digit counts."""
    if value == 0:
        return 1 if up else -1
    size = abs(value)
    grows = up is (value > 0)
    magnitude = _magnitude(size if grows else size - 1)
    if grows:
        size = size // magnitude * magnitude + magnitude
    else:
        size = (size - 1) // magnitude * magnitude
    return size if value > 0 else -size


def _magnitude(size: int) -> int:
    """The power of ten of a number's first digit: 100 for 250."""
    return int(10 ** (len(str(max(size, 1))) - 1))


def next_125(value: float, up: bool) -> float:
    """The next or previous number that is 1, 2 or 5 times a power of ten."""
    if value == 0:
        return 0.1 if up else -0.1
    size = abs(value)
    grows = up is (value > 0)
    exponent = math.floor(math.log10(size))
    ladder = [
        digit * 10.0**power for power in range(exponent - 1, exponent + 2) for digit in (1, 2, 5)
    ]
    near = 1e-9 * size
    if grows:
        size = min(step for step in ladder if step > size + near)
    else:
        size = max(step for step in ladder if step < size - near)
    return math.copysign(float(f"{size:.12g}"), value)
