"""What data that is made on the spot has in common."""

from __future__ import annotations

from typing import Any

from engine.spec.parameters import parameter


def data_seed() -> Any:
    """Declares the seed that decides what is drawn."""
    return parameter(
        0,
        label="Data seed",
        help="The same seed makes the same data.",
        ge=0,
        le=2**31 - 1,
        advanced=True,
    )
